"""Read the geometry of a SUMO net lane by lane, junctions, crossings and walking areas included.

A `RoadGraph` leaves out what lies inside junctions; whoever places road users or writes maps needs it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.lanes import permissions
from trafficdiff.datatypes.net_events import net_events
from trafficdiff.errors import NetworkError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from scipy.spatial import cKDTree

__all__ = ["NetLane", "NetShapes", "NetTurn", "read_net_shapes"]

_DEFAULT_WIDTH_M: Final = 3.2
"""SUMO's width of a lane where a net does not say."""
_SPACING_M: Final = 2.0
"""Distance of the points that stand for a lane when the nearest one is looked for [m]."""


@dataclass(frozen=True, eq=False, kw_only=True)
class NetLane:
    """Describe one lane.

    Parameters
    ----------
    lane_id, edge_id, index
        SUMO's; index 0 is at the kerb.
    function
        ``""`` for a street's lane, else ``"internal"``, ``"crossing"`` or ``"walkingarea"``.
    shape
        Shape (P, 3), centre line [m], net coordinates; of a walking area its outline.
    width_m, speed_ms, allowed
        Width [m], limit [m/s], bit mask of vehicle classes.
    outline
        Shape (Q, 3), outline of a crossing where the net gives one; else empty.
    """

    lane_id: str
    edge_id: str
    index: int
    function: str
    shape: NDArray[np.float64]
    width_m: float
    speed_ms: float
    allowed: int
    outline: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class NetTurn:
    """Describe one connection between lanes: ids of both, of the lane between, its signal and place in its states."""

    source: str
    target: str
    via: str
    direction: str
    signal: str
    link: int


@dataclass(frozen=True, eq=False, kw_only=True)
class NetShapes:
    """Represent a net's geometry; immutable.

    Parameters
    ----------
    lanes
        All lanes by id.
    turns
        All connections, those between internal lanes included.
    junctions
        Outline [m] of each junction by id, shape (P, 2).
    projection, net_offset
        PROJ text of the coordinates before the offset, and what SUMO added to them [m].
    left_hand
        Whether traffic drives on the left.
    """

    lanes: dict[str, NetLane]
    turns: tuple[NetTurn, ...]
    junctions: dict[str, NDArray[np.float64]]
    projection: str
    net_offset: tuple[float, float]
    left_hand: bool
    _trees: dict[str, tuple[cKDTree, NDArray[np.float64]]] = field(default_factory=dict)

    @cached_property
    def _points(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.object_]]:
        """Points along all lanes (N, 3), half the width there (N,), and the edge, ``""`` inside junctions (N,)."""
        points, halves, edges = [], [], []
        for lane in self.lanes.values():
            along = _densified(lane.shape)
            points.append(along)
            halves.append(np.full(len(along), lane.width_m / 2))
            edges.append(np.full(len(along), "" if lane.function else lane.edge_id, object))
        return np.concatenate(points), np.concatenate(halves), np.concatenate(edges)

    @cached_property
    def _rows_of_edge(self) -> dict[str, NDArray[np.intp]]:
        edges = self._points[2].astype(str)
        order = np.argsort(edges, kind="stable")
        names, starts = np.unique(edges[order], return_index=True)
        return dict(zip(names.tolist(), np.split(order, starts[1:]), strict=True))

    def _tree(self, edge: str | None) -> tuple[cKDTree, NDArray[np.float64]]:
        from scipy.spatial import cKDTree

        key = "*" if edge is None else f"={edge}"
        if key not in self._trees:
            points = self._points[0] if edge is None else self._points[0][self._rows_of_edge[edge]]
            self._trees[key] = (cKDTree(points[:, :2]), points[:, 2])
        return self._trees[key]

    def distance_from_road(self, x_m: NDArray[np.float64], y_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how far points lie beyond the edge of the nearest lane, shape (S,) [m], about; 0 on the road."""
        tree, _ = self._tree(None)
        distance, nearest = tree.query(np.column_stack([x_m, y_m]))
        return np.asarray(np.maximum(0.0, distance - self._points[1][nearest]))

    def heights(
        self, x_m: NDArray[np.float64], y_m: NDArray[np.float64], *, edge: NDArray[np.object_]
    ) -> NDArray[np.float64]:
        """Return the height of the road under points, shape (S,) [m]: of their edge, or inside junctions where ``""``.

        Where an edge is not in the net, of the nearest lane.
        """
        if not self.is_elevated:
            return np.zeros(len(x_m))
        z_m = np.zeros(len(x_m))
        spots = np.column_stack([x_m, y_m])
        for name in {str(one) for one in edge}:
            rows = edge == name
            tree, heights = self._tree(name if name in self._rows_of_edge else None)
            found, nearest = tree.query(spots[rows], k=[1, min(2, len(heights))])
            weight = 1.0 / np.maximum(np.asarray(found), 1e-6)
            near = heights[nearest].reshape(weight.shape)
            z_m[rows] = (near * weight).sum(axis=1) / weight.sum(axis=1)
        return z_m

    @cached_property
    def is_elevated(self) -> bool:
        """Whether any lane has a height other than 0."""
        return any(bool(lane.shape[:, 2].any()) for lane in self.lanes.values())


def _densified(shape: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return points at most `_SPACING_M` apart along a line, shape (N, 3)."""
    steps = np.hypot(*np.diff(shape[:, :2], axis=0).T)
    at_m = np.concatenate([[0.0], np.cumsum(steps)])
    wanted = np.union1d(at_m, np.linspace(0, at_m[-1], int(np.ceil(at_m[-1] / _SPACING_M)) + 1))
    return np.column_stack([np.interp(wanted, at_m, shape[:, axis]) for axis in range(3)])


def read_net_shapes(net: Path) -> NetShapes:
    """Read a net's geometry; a net that has not changed since is read once.

    Raises
    ------
    NetworkError
        If the file is gone, damaged, or no SUMO net with lanes.
    """
    try:
        stamp = net.stat()
    except OSError as error:
        raise NetworkError(f"{net}: expected a SUMO net, got {error.strerror}; give the map of the scene") from error
    return _read(net.resolve(), stamp.st_mtime_ns, stamp.st_size)


@lru_cache(maxsize=4)
def _read(net: Path, changed_ns: int, size: int) -> NetShapes:  # noqa: ARG001 - the key of what is remembered
    rows = _Rows()
    with net_events(net, huge=True) as found:
        for event, element in found:
            if event == "start":
                rows.take(str(element.tag), element.attrib)
            elif element.tag in {"edge", "connection", "junction", "tlLogic"}:
                element.clear()
    if not rows.lanes:
        raise NetworkError(f"{net}: expected a SUMO net with lanes, got none; give a net.xml[.gz] file")
    return NetShapes(
        lanes=rows.lanes, turns=tuple(rows.turns), junctions=rows.junctions, projection=rows.projection,
        net_offset=rows.net_offset, left_hand=rows.left_hand,
    )  # fmt: skip


class _Rows:
    """Collect what a net holds as it comes in the file."""

    def __init__(self) -> None:
        self.lanes: dict[str, NetLane] = {}
        self.turns: list[NetTurn] = []
        self.junctions: dict[str, NDArray[np.float64]] = {}
        self.projection = "!"
        self.net_offset = (0.0, 0.0)
        self.left_hand = False
        self._edge = ""
        self._function = ""

    def take(self, tag: str, attributes: Any) -> None:
        match tag:
            case "net":
                self.left_hand = attributes.get("lefthand", "false") in {"true", "1", "yes", "on"}
            case "location":
                self.projection = str(attributes.get("projParameter", "!"))
                east, north = map(float, attributes.get("netOffset", "0,0").split(","))
                self.net_offset = (east, north)
            case "edge":
                self._edge, self._function = str(attributes["id"]), str(attributes.get("function", ""))
            case "lane":
                self._take_lane(attributes)
            case "connection":
                self._take_turn(attributes)
            case "junction" if attributes.get("type") != "internal" and attributes.get("shape"):
                self.junctions[str(attributes["id"])] = _points(attributes["shape"])[:, :2]
            case _:
                pass

    def _take_lane(self, attributes: Any) -> None:
        name = str(attributes["id"])
        self.lanes[name] = NetLane(
            lane_id=name,
            edge_id=self._edge,
            index=int(attributes["index"]),
            function=self._function,
            shape=_points(attributes["shape"]),
            width_m=float(attributes.get("width", _DEFAULT_WIDTH_M)),
            speed_ms=float(attributes["speed"]),
            allowed=permissions(attributes.get("allow"), attributes.get("disallow")),
            outline=_points(attributes.get("outlineShape", "")),
        )

    def _take_turn(self, attributes: Any) -> None:
        self.turns.append(
            NetTurn(
                source=f"{attributes['from']}_{attributes['fromLane']}",
                target=f"{attributes['to']}_{attributes['toLane']}",
                via=str(attributes.get("via", "")),
                direction=str(attributes.get("dir", "")),
                signal=str(attributes.get("tl", "")),
                link=int(attributes.get("linkIndex", -1)),
            )
        )


def _points(text: str) -> NDArray[np.float64]:
    """Return the points of SUMO's ``x,y[,z] x,y[,z]``, shape (P, 3)."""
    rows = [[float(value) for value in word.split(",")] for word in text.split()]
    return np.array([[*row[:2], row[2] if len(row) > 2 else 0.0] for row in rows], np.float64).reshape(-1, 3)
