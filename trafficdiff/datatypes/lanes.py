"""Read what a road graph leaves out of its net: lanes one by one, and turns lane by lane with their signals.

The file is read as a stream; only what measures and patches ask for is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.net_events import net_events
from trafficdiff.datatypes.vehicles import ALL_CLASSES, class_mask
from trafficdiff.errors import NetworkError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["Lanes", "lane_id_of", "permissions", "read_lanes"]

_KEPT: Final = ("edge", "lane", "connection")


@dataclass(frozen=True, eq=False, kw_only=True)
class Lanes:
    """Hold the lanes of a road graph's edges and the turns between them; immutable.

    ``L`` lanes, sorted by edge and then from the right (from the left where traffic drives on the left); ``C`` turns.

    Parameters
    ----------
    lane_id
        Shape (L,), text.
    edge, index
        Shape (L,), position of the edge in the graph, and place on it: 0 is at the kerb.
    allowed
        Shape (L,), bit mask of the classes that may use the lane.
    speed_ms
        Shape (L,), speed limit [m/s].
    offsets
        Shape (E + 1,), where the lanes of each edge begin.
    turn_from, turn_to
        Shape (C,), positions of lanes.
    turn_allowed
        Shape (C,), classes that the turn itself is open to; the lanes' permissions hold besides.
    turn_signal, turn_link
        Shape (C,), id of the signal that the turn obeys (``""`` for none) and the turn's place in its states (-1).
    """

    lane_id: NDArray[np.object_]
    edge: NDArray[np.int32]
    index: NDArray[np.int32]
    allowed: NDArray[np.int64]
    speed_ms: NDArray[np.float64]
    offsets: NDArray[np.int64]
    turn_from: NDArray[np.int32]
    turn_to: NDArray[np.int32]
    turn_allowed: NDArray[np.int64]
    turn_signal: NDArray[np.object_]
    turn_link: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.lane_id)

    def of(self, edge: int) -> range:
        """Return the positions of an edge's lanes, from the kerb."""
        return range(int(self.offsets[edge]), int(self.offsets[edge + 1]))

    @cached_property
    def turn_mask(self) -> NDArray[np.int64]:
        """Classes that may make each turn, lanes and turn together, shape (C,)."""
        return np.asarray(self.turn_allowed & self.allowed[self.turn_from] & self.allowed[self.turn_to])

    def turns_between(self, allowed: NDArray[np.int64], *, classes: int) -> set[tuple[int, int]]:
        """Return the pairs of edges that some of the classes can drive one after the other, given lane permissions.

        Parameters
        ----------
        allowed
            Shape (L,), permissions to assume.
        classes
            Bit mask.
        """
        mask = self.turn_allowed & allowed[self.turn_from] & allowed[self.turn_to] & classes
        usable = np.flatnonzero(mask)
        left, entered = self.edge[self.turn_from[usable]], self.edge[self.turn_to[usable]]
        return set(zip(left.tolist(), entered.tolist(), strict=True))


def lane_id_of(edge: str, index: int) -> str:
    """Return SUMO's id of a lane."""
    return f"{edge}_{index}"


def permissions(allow: str | None, disallow: str | None) -> int:
    """Return the bit mask of a lane's or a turn's ``allow`` and ``disallow``; everything where neither is given."""
    if allow is not None:
        return ALL_CLASSES if "all" in allow.split() else class_mask(allow.split())
    if disallow is not None:
        return 0 if "all" in disallow.split() else ALL_CLASSES & ~class_mask(disallow.split())
    return ALL_CLASSES


def read_lanes(graph: RoadGraph) -> Lanes:
    """Read the lanes and turns of a road graph's edges from its net file.

    Raises
    ------
    NetworkError
        If the file is gone, damaged, or no longer holds the graph's edges.
    """
    rows = _Rows(graph.edge_index)
    with net_events(graph.net_path, tag=_KEPT) as found:
        for event, element in found:
            if event == "start":
                rows.take(element.tag, element.attrib)
            elif element.tag != "lane":
                element.clear()
    return rows.table(graph)


class _Rows:
    """Collect lanes and turns as they come in the file; lanes come before the turns between them."""

    def __init__(self, edge_index: Mapping[str, int]) -> None:
        self._edge_index = edge_index
        self._edge = -1
        self._lanes: list[tuple[int, int, int, float, str]] = []
        self._turns: list[tuple[int, int, int, int, int, str, int]] = []

    def take(self, tag: str, attributes: Any) -> None:
        match tag:
            case "edge":
                self._edge = self._edge_index.get(str(attributes["id"]), -1)
            case "lane" if self._edge >= 0:
                mask = permissions(attributes.get("allow"), attributes.get("disallow"))
                speed_ms = float(attributes["speed"])
                self._lanes.append((self._edge, int(attributes["index"]), mask, speed_ms, str(attributes["id"])))
            case "connection" if attributes["from"] in self._edge_index and attributes["to"] in self._edge_index:
                self._turns.append(
                    (
                        self._edge_index[attributes["from"]],
                        int(attributes["fromLane"]),
                        self._edge_index[attributes["to"]],
                        int(attributes["toLane"]),
                        permissions(attributes.get("allow"), attributes.get("disallow")),
                        str(attributes.get("tl", "")),
                        int(attributes.get("linkIndex", -1)),
                    )
                )

    def table(self, graph: RoadGraph) -> Lanes:
        lanes = sorted(self._lanes)
        counts = np.bincount([lane[0] for lane in lanes], minlength=graph.edge_count)
        if (counts == 0).any():
            missing = graph.edge_id[int(np.argmin(counts))]
            raise NetworkError(f"{graph.net_path}: expected lanes of edge {missing!r}, got none; load the net again")
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        turns = self._turns
        return Lanes(
            lane_id=_text([lane[4] for lane in lanes]),
            edge=np.array([lane[0] for lane in lanes], np.int32),
            index=np.array([lane[1] for lane in lanes], np.int32),
            allowed=np.array([lane[2] for lane in lanes], np.int64),
            speed_ms=np.array([lane[3] for lane in lanes], np.float64),
            offsets=offsets,
            turn_from=np.array([offsets[turn[0]] + turn[1] for turn in turns], np.int32),
            turn_to=np.array([offsets[turn[2]] + turn[3] for turn in turns], np.int32),
            turn_allowed=np.array([turn[4] for turn in turns], np.int64),
            turn_signal=_text([turn[5] for turn in turns]),
            turn_link=np.array([turn[6] for turn in turns], np.int32),
        )


def _text(values: list[str]) -> NDArray[np.object_]:
    array = np.empty(len(values), object)
    array[:] = values
    return array
