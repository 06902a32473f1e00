"""Read a SUMO net into a `RoadGraph`.

sumolib parses the file; here its objects become arrays. Internal edges, crossings and walking areas stay in
the file and out of the graph.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.graph import RoadGraph
from trafficdiff.datatypes.vehicles import ALL_CLASSES, class_mask
from trafficdiff.errors import NetworkError
from trafficdiff.roads.naming import name_of
from trafficdiff.screening import open_screened

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["read_net"]

_PEDESTRIAN_CLASSES: Final = class_mask(["pedestrian", "wheelchair", "bicycle", "scooter"])
_ON_FOOT_ALONE: Final = class_mask(["pedestrian"])
_MOTOR_CLASSES: Final = ALL_CLASSES & ~_PEDESTRIAN_CLASSES


def read_net(path: Path, *, name: str = "", tags: pd.DataFrame | None = None) -> RoadGraph:
    """Read a ``net.xml`` or ``net.xml.gz`` file; its first bytes tell whether it is compressed, not its name.

    Parameters
    ----------
    path
        SUMO net with a geographic projection.
    name
        Name of the place, for people; left out, it is found in the path.
    tags
        OSM tags by edge id, to travel with the graph; see `RoadGraph.tags`.

    Raises
    ------
    NetworkError
        If the file is missing, cut, not a SUMO net, without a projection, or not a usable road graph.
    """
    net, left_hand = _parse(path)
    location = net._location
    if location.get("projParameter", "!") in {"!", "-", ""}:
        raise NetworkError(
            f"{path}: expected a net with a geographic projection, got none; build it from OSM or set the projection"
        )
    edges = sorted((edge for edge in net.getEdges(withInternal=False)), key=lambda edge: str(edge.getID()))
    nodes = {node: place for place, node in enumerate(sorted(_ends(edges), key=lambda node: str(node.getID())))}
    shape_offsets, shape_xy = _csr([edge.getShape() for edge in edges], np.float64, width=2)
    way_offsets, way_ids = _csr([_ways(edge) for edge in edges], np.int64)
    offsets, successors, classes = _successions(edges, mask_of=_Masks())
    masks = _Masks()
    lane_masks = [[masks(lane.getPermissions()) for lane in edge.getLanes()] for edge in edges]
    return RoadGraph(
        net_path=path,
        crs=str(location["projParameter"]),
        net_offset=_pair(location["netOffset"]),
        edge_id=_text(edge.getID() for edge in edges),
        street_name=_text(edge.getName() or "" for edge in edges),
        road_class=_text(_road_class(edge.getType() or "") for edge in edges),
        from_node=np.array([nodes[edge.getFromNode()] for edge in edges], np.int32),
        to_node=np.array([nodes[edge.getToNode()] for edge in edges], np.int32),
        length_m=np.array([edge.getLength() for edge in edges], np.float64),
        speed_limit_ms=np.array([_speed(edge) for edge in edges], np.float64),
        lanes=np.array([_lanes_of(masks) for masks in lane_masks], np.int32),
        allowed_classes=np.array([_union(lanes) for lanes in lane_masks], np.int64),
        shape_offsets=shape_offsets,
        shape_xy=shape_xy,
        node_id=_text(node.getID() for node in nodes),
        node_xy=np.array([node.getCoord()[:2] for node in nodes], np.float64).reshape(-1, 2),
        node_signalised=np.array([str(node.getType()).startswith("traffic_light") for node in nodes], bool),
        successor_offsets=offsets,
        successor_edges=successors,
        successor_classes=classes,
        way_offsets=way_offsets,
        way_ids=way_ids,
        left_hand=left_hand,
        name=name or name_of(path),
        tags=tags,
    )


def _parse(path: Path) -> tuple[Any, bool]:
    import sumolib
    from lxml import etree

    try:
        with open_screened(path, error=NetworkError) as stream:
            _, root = next(etree.iterparse(stream, events=("start",), resolve_entities=False))
            tag, left_hand = root.tag, root.get("lefthand", "false") in {"true", "1", "yes", "on"}
        net = sumolib.net.readNet(str(path), withFoes=False, maxcache=0) if tag == "net" else None
    except NetworkError:
        raise
    except (etree.XMLSyntaxError, EOFError, zlib.error, OSError, KeyError, IndexError, TypeError, ValueError) as error:
        raise NetworkError(
            f"{path}: expected a whole SUMO net, got one that breaks off or is damaged ({error}); build it again"
        ) from error
    if net is None:
        raise NetworkError(f"{path}: expected a SUMO net (<net>), got <{tag}>; give a net.xml[.gz] file")
    if not net.getEdges(withInternal=False):
        raise NetworkError(f"{path}: expected a net with edges, got none; check the extract and its box")
    return net, left_hand


class _Masks:
    """Turn sumolib's sets of class names into bit masks, each distinct set once."""

    def __init__(self) -> None:
        from sumolib.net.lane import SUMO_VEHICLE_CLASSES

        self._all = SUMO_VEHICLE_CLASSES
        self._known: dict[frozenset[str], int] = {}

    def __call__(self, names: set[str]) -> int:
        if names is self._all or "all" in names:
            return ALL_CLASSES
        key = frozenset(names)
        if key not in self._known:
            self._known[key] = class_mask(key)
        return self._known[key]


def _successions(
    edges: list[Any], *, mask_of: _Masks
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]:
    """Return the CSR of allowed successions and the classes that may make each turn."""
    place = {edge: index for index, edge in enumerate(edges)}
    followers: list[list[int]] = []
    classes: list[int] = []
    for edge in edges:
        turns: dict[int, int] = {}
        for target, connections in edge.getOutgoing().items():
            if target not in place:
                continue
            for turn in connections:
                mask = mask_of(turn.getFromLane().getPermissions()) & mask_of(turn.getToLane().getPermissions())
                turns[place[target]] = turns.get(place[target], 0) | (mask & mask_of(turn._allowed))
        ordered = sorted((target, mask) for target, mask in turns.items() if mask)
        followers.append([target for target, _ in ordered])
        classes.extend(mask for _, mask in ordered)
    offsets, targets = _csr(followers, np.int32)
    return offsets, targets, np.array(classes, np.int64)


def _csr(rows: list[Any], dtype: type, *, width: int = 0) -> tuple[NDArray[np.int64], NDArray[Any]]:
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    flat = [item[:width] if width else item for row in rows for item in row]
    return offsets, np.array(flat, dtype).reshape((-1, width) if width else (-1,))


def _ends(edges: list[Any]) -> set[Any]:
    return {node for edge in edges for node in (edge.getFromNode(), edge.getToNode())}


def _ways(edge: Any) -> list[int]:
    """Return the OSM way ids of an edge, in the order of the lanes' ``origId``, each once."""
    words = (word for lane in edge.getLanes() for word in lane.getParam("origId", "").split())
    return list(dict.fromkeys(abs(int(word)) for word in words if word.lstrip("-").isdigit()))


def _speed(edge: Any) -> float:
    """Return the fastest speed limit of the lanes [m/s]; SUMO takes the limit lane by lane."""
    return max(float(lane.getSpeed()) for lane in edge.getLanes())


def _road_class(sumo_type: str) -> str:
    """Return the OSM class in a SUMO edge type: ``cycleway.track|highway.residential`` gives ``residential``."""
    parts = sumo_type.split("|")
    for kind in ("highway.", "railway."):
        for part in parts:
            if part.startswith(kind):
                return part.removeprefix(kind)
    return parts[0]


def _lanes_of(masks: list[int]) -> int:
    """Return how many lanes motor vehicles may use; without any, how many are no footways; without these, all."""
    motor = sum(mask & _MOTOR_CLASSES != 0 for mask in masks)
    return motor or sum(mask != _ON_FOOT_ALONE for mask in masks) or len(masks)


def _union(masks: list[int]) -> int:
    union = 0
    for mask in masks:
        union |= mask
    return union


def _pair(text: str) -> tuple[float, float]:
    x, y = (float(part) for part in text.split(","))
    return x, y


def _text(values: Iterable[Any]) -> NDArray[np.object_]:
    listed = [str(value) for value in values]
    array = np.empty(len(listed), object)
    array[:] = listed
    return array
