"""See a net as the scene model does: short pieces of centre lines near a place, and the ways ahead of a road user.

A way ahead follows lanes and turns from the lane that a user stands on; where lanes branch there are several::

                      ┌──▶ way 0        each way: a point every 4 m, the limit there, and where its first signal stands
    user ●──▶ lane ───┼──▶ way 1
                      └──▶ way 2
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.motion_scene import (
    KINDS,
    LINE_FEATURES,
    LINE_POINTS,
    PATH_POINTS,
    PATH_STEP_M,
    SIGNAL_GREEN,
    SIGNAL_RED,
    SIGNAL_YELLOW,
    WALKS,
)
from trafficdiff.datatypes.vehicles import class_bit

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.spatial import cKDTree

    from trafficdiff.datatypes.net_shapes import NetLane, NetShapes
    from trafficdiff.datatypes.scene_environment import SignalStates

__all__ = ["LaneMap", "Way", "signal_codes"]

_PIECE_M: Final = 20.0
_DENSE_M: Final = 2.0
_REACH_M: Final = PATH_STEP_M * (PATH_POINTS - 1)
_MOST_WAYS: Final = 10
_NEAR_M: Final = 4.5
"""How far from a lane's middle a user may be to stand on it: one lane aside is still a choice [m]."""
_ASKEW_RAD: Final = 1.0
_LETTERS: Final = {
    "r": SIGNAL_RED, "R": SIGNAL_RED, "u": SIGNAL_RED, "s": SIGNAL_RED, "y": SIGNAL_YELLOW, "Y": SIGNAL_YELLOW,
    "g": SIGNAL_GREEN, "G": SIGNAL_GREEN,
}  # fmt: skip
_BITS: Final = tuple(
    class_bit(name) for name in ("passenger", "truck", "bus", "bicycle", "pedestrian")
)  # the classes that stand for `KINDS`
assert len(_BITS) == len(KINDS)


@dataclass(frozen=True, eq=False)
class Way:
    """Represent a way ahead along lanes.

    Parameters
    ----------
    xy, valid, limit_ms
        Shape (PATH_POINTS, 2), (PATH_POINTS,) and (PATH_POINTS,): points [m], which lie on a lane, limits [m/s].
    stop_m, signal, link
        Where along it the first signal stands [m], 0 for none; its id and link.
    """

    xy: NDArray[np.float64]
    valid: NDArray[np.bool_]
    limit_ms: NDArray[np.float64]
    stop_m: float
    signal: str
    link: int


@dataclass(frozen=True, eq=False)
class _Branch:
    """Hold a chain of lanes as one line, and its signals."""

    s: NDArray[np.float64]
    xy: NDArray[np.float64]
    limit_ms: NDArray[np.float64]
    signals: tuple[tuple[float, str, int], ...]

    def ahead(self, s_m: float) -> Way:
        """Return the way from a distance on."""
        at = s_m + PATH_STEP_M * np.arange(PATH_POINTS)
        xy = np.column_stack([np.interp(at, self.s, self.xy[:, axis]) for axis in (0, 1)])
        place = np.minimum(np.searchsorted(self.s, at), len(self.s) - 1)
        stop = next((one for one in self.signals if one[0] > s_m), (s_m, "", -1))
        valid = at <= self.s[-1] + 1e-6
        return Way(xy, valid, np.where(valid, self.limit_ms[place], 0.0), stop[0] - s_m, stop[1], stop[2])


@dataclass(frozen=True, eq=False)
class LaneMap:
    """Hold a net's lanes for the scene model.

    Parameters
    ----------
    shapes
        The net's geometry.
    """

    shapes: NetShapes
    _known: dict[tuple[str, int], list[_Branch]] = field(default_factory=dict)

    @cached_property
    def _after(self) -> dict[str, list[tuple[str, str, int]]]:
        """Where each lane leads, turn by turn: the next lane, with signal and link."""
        after: dict[str, list[tuple[str, str, int]]] = {}
        for turn in self.shapes.turns:
            after.setdefault(turn.source, []).append((turn.via or turn.target, turn.signal, turn.link))
        return after

    @cached_property
    def _signal_of(self) -> dict[str, tuple[str, int]]:
        return {turn.via: (turn.signal, turn.link) for turn in self.shapes.turns if turn.via and turn.signal}

    @cached_property
    def _pieces(self) -> tuple[NDArray[np.float64], NDArray[np.float32], list[tuple[str, int]]]:
        """All pieces (N, LINE_POINTS, 2), their features, and the signal before each (``""`` for none)."""
        lines, features, signals = [], [], []
        for lane in self.shapes.lanes.values():
            if lane.function == "walkingarea" or len(lane.shape) < 2:
                continue
            cut = _cut(lane.shape[:, :2])
            lines.append(cut)
            features.append(np.tile(_feature(lane), (len(cut), 1)))
            signal = self._signal_of.get(lane.lane_id, ("", -1))
            signals += [signal] + [("", -1)] * (len(cut) - 1)
        if not lines:
            return np.zeros((0, LINE_POINTS, 2)), np.zeros((0, len(LINE_FEATURES)), np.float32), []
        return np.concatenate(lines), np.concatenate(features).astype(np.float32), signals

    @cached_property
    def _areas(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Edges of the outlines of all walking areas and crossings (E, 2, 2), and which area each belongs to (E,)."""
        outlines = [
            lane.shape if lane.function == "walkingarea" else lane.outline
            for lane in self.shapes.lanes.values()
            if lane.function in {"walkingarea", "crossing"}
        ]
        edges = [np.stack([one, np.roll(one, -1, axis=0)], axis=1)[..., :2] for one in outlines if len(one) > 2]
        owners = np.repeat(np.arange(len(edges)), [len(one) for one in edges])
        return np.concatenate([np.zeros((0, 2, 2)), *edges]), owners

    def areas_near(
        self, xy: NDArray[np.float64], *, radius_m: float
    ) -> tuple[NDArray[np.float64], NDArray[np.int32]]:  # fmt: skip
        """Return the outlines of walking areas and crossings that come so near a place: edges, and whose each is."""
        edges, owners = self._areas
        near = np.isin(owners, owners[np.hypot(*(edges[:, 0] - xy).T) <= radius_m])
        return edges[near], np.unique(owners[near], return_inverse=True)[1].astype(np.int32)

    @cached_property
    def _middles(self) -> cKDTree:
        from scipy.spatial import cKDTree

        return cKDTree(self._pieces[0].mean(axis=1).reshape(-1, 2))

    def pieces_near(
        self, xy: NDArray[np.float64], *, radius_m: float, most: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float32], list[tuple[str, int]]]:
        """Return the pieces around a place, the nearest first: lines, features, and signal and link before each."""
        lines, features, signals = self._pieces
        found = np.array(self._middles.query_ball_point(xy, radius_m), np.int64)
        away = np.hypot(*(lines[found].mean(axis=1) - xy).T)
        found = found[np.argsort(away, kind="stable")[:most]]
        return lines[found], features[found], [signals[place] for place in found]

    @cached_property
    def _dense(self) -> tuple[cKDTree, NDArray[np.float64], NDArray[np.int64], NDArray[np.float64], list[NetLane]]:
        """Points along all lanes as a tree, with heading, lane and distance along it of each; and the lanes."""
        from scipy.spatial import cKDTree

        lanes = [
            lane
            for lane in self.shapes.lanes.values()
            if lane.function in {"", "internal"} and len(lane.shape) > 1 and _length(lane.shape) > 0.05
        ]
        nothing = np.zeros(0)
        points, headings, owners, along = [np.zeros((0, 2))], [nothing], [nothing.astype(np.int64)], [nothing]
        for number, lane in enumerate(lanes):
            s, xy = _resampled(lane.shape[:, :2], _DENSE_M)
            step = np.diff(xy, axis=0)
            turn = np.arctan2(step[:, 1], step[:, 0])
            points.append(xy)
            headings.append(np.append(turn, turn[-1]))
            owners.append(np.full(len(s), number))
            along.append(s)
        return (
            cKDTree(np.concatenate(points)), np.concatenate(headings), np.concatenate(owners), np.concatenate(along),
            lanes,
        )  # fmt: skip

    def edges_under(self, xy: NDArray[np.float64], *, heading_rad: NDArray[np.float64]) -> NDArray[np.object_]:
        """Return the edge that each place lies on, shape (S,); ``""`` inside junctions and off all lanes.

        Of the lanes near a place it is the one that leads most nearly its way.
        """
        tree, headings, owners, _, lanes = self._dense
        if not lanes:
            return np.full(len(xy), "", object)
        away, found = tree.query(xy, k=4, distance_upper_bound=_NEAR_M)
        beyond = found >= len(headings)
        found = np.where(beyond, 0, found)
        askew = np.abs(np.remainder(headings[found] - heading_rad[:, None] + np.pi, 2 * np.pi) - np.pi)
        cost = np.where(beyond, np.inf, away + 2 * askew)
        best = cost.argmin(axis=1)
        rows = np.arange(len(xy))
        names = np.array(["" if lane.function else lane.edge_id for lane in lanes], object)[owners[found[rows, best]]]
        names[~np.isfinite(cost[rows, best])] = ""
        return np.asarray(names)

    def ways_from(self, xy: NDArray[np.float64], *, heading_rad: float, kind: int) -> list[Way]:
        """Return the ways ahead of a user, those of the lane that fits best first; none off all lanes, or on foot."""
        if kind == WALKS:
            return []
        tree, headings, owners, along, lanes = self._dense
        found = np.array(tree.query_ball_point(xy, _NEAR_M), np.int64)
        askew = np.abs(np.remainder(headings[found] - heading_rad + np.pi, 2 * np.pi) - np.pi)
        usable = np.array([bool(lanes[owner].allowed & _BITS[kind]) for owner in owners[found]], bool)
        found, askew = found[(askew < _ASKEW_RAD) & usable], askew[(askew < _ASKEW_RAD) & usable]
        cost = np.hypot(*(tree.data[found] - xy).T) + 2 * askew
        ways: list[Way] = []
        seen: set[int] = set()
        for place in np.argsort(cost, kind="stable"):
            point, owner = int(found[place]), int(owners[found[place]])
            if owner in seen or len(seen) == 3:
                continue
            seen.add(owner)
            ahead = (xy - tree.data[point]) @ np.array([np.cos(headings[point]), np.sin(headings[point])])
            s_m = max(0.0, float(along[point] + ahead))
            ways += [branch.ahead(s_m) for branch in self._branches(lanes[owner].lane_id, kind)]
        return ways

    def way_driven(
        self, xy: NDArray[np.float64], *, heading_rad: float, kind: int, driven: NDArray[np.float64]
    ) -> Way | None:
        """Return the way ahead that lies nearest to where a user then drove, shape (M, 2); None where there is none."""
        ways = self.ways_from(xy, heading_rad=heading_rad, kind=kind)
        if not ways:
            return None
        share = np.linspace(0, 1, 5, endpoint=False)[:, None, None]
        lines = np.stack([way.xy for way in ways])
        dense = (lines[:, None, :-1] * (1 - share) + lines[:, None, 1:] * share).reshape(len(ways), -1, 2)
        away = np.hypot(*np.moveaxis(dense[:, None] - driven[None, :, None], -1, 0)).min(axis=2)
        return ways[int(away.mean(axis=1).argmin())]

    def _branches(self, lane: str, kind: int) -> list[_Branch]:
        """Return every chain of lanes from a lane's beginning on, as far as a way reaches behind the lane's end."""
        if (lane, kind) not in self._known:
            found: list[list[tuple[str, str, int]]] = []
            self._follow([(lane, "", -1)], _REACH_M, _BITS[kind], found)
            self._known[lane, kind] = [self._joined(chain) for chain in found]
        return self._known[lane, kind]

    def _follow(
        self, chain: list[tuple[str, str, int]], left_m: float, bit: int, found: list[list[tuple[str, str, int]]]
    ) -> None:
        if len(found) >= _MOST_WAYS:
            return
        seen = {name for name, _, _ in chain}
        nexts = [
            step
            for step in self._after.get(chain[-1][0], ())
            if step[0] in self.shapes.lanes and step[0] not in seen and self.shapes.lanes[step[0]].allowed & bit
        ]
        if left_m <= 0 or not nexts:
            found.append(chain)
            return
        for step in nexts:
            self._follow([*chain, step], left_m - _length(self.shapes.lanes[step[0]].shape), bit, found)

    def _joined(self, chain: list[tuple[str, str, int]]) -> _Branch:
        lanes = [self.shapes.lanes[name] for name, _, _ in chain]
        begins = np.concatenate([[0.0], np.cumsum([_length(lane.shape) for lane in lanes])])
        xy = np.concatenate([lane.shape[:, :2] for lane in lanes])
        limit = np.concatenate([np.full(len(lane.shape), lane.speed_ms) for lane in lanes])
        s = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
        kept = np.append(True, np.diff(s) > 1e-6)
        signals = tuple(
            (float(begins[number]), signal, link) for number, (_, signal, link) in enumerate(chain) if signal
        )
        return _Branch(s[kept], xy[kept], limit[kept], signals)


def signal_codes(
    signals: SignalStates, wanted: list[tuple[str, int]], times_s: NDArray[np.float64]
) -> NDArray[np.int8]:
    """Return what links of signals show at times, shape (len(wanted), len(times)): red 1, yellow 2, green 3, else 0."""
    codes = np.zeros((len(wanted), len(times_s)), np.int8)
    rows_of = {name: np.flatnonzero(signals.signal_id == name) for name in {name for name, _ in wanted} - {""}}
    for place, (name, link) in enumerate(wanted):
        rows = rows_of.get(name)
        if rows is None or not len(rows) or link < 0:
            continue
        at = np.maximum(np.searchsorted(signals.time_s[rows], times_s + 1e-6, side="right") - 1, 0)
        states = [str(signals.state[row]) for row in rows[at]]
        codes[place] = [_LETTERS.get(state[link], 0) if link < len(state) else 0 for state in states]
    return codes


def _feature(lane: NetLane) -> NDArray[np.float64]:
    drives = bool(lane.allowed & (_BITS[0] | _BITS[1] | _BITS[2]))
    bike = not drives and bool(lane.allowed & _BITS[3])
    flags = {
        "lane": drives and lane.function == "", "turn": drives and lane.function == "internal", "bike": bike,
        "walk": not drives and not bike and lane.function != "crossing", "crossing": lane.function == "crossing",
        "width": lane.width_m / 4, "limit": lane.speed_ms / 15,
    }  # fmt: skip
    return np.array([float(flags[name]) for name in LINE_FEATURES])


def _length(shape: NDArray[np.float64]) -> float:
    return float(np.hypot(*np.diff(shape[:, :2], axis=0).T).sum())


def _resampled(xy: NDArray[np.float64], spacing_m: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return distances and points evenly along a line, at most so far apart, both ends included."""
    s = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    at = np.linspace(0, s[-1], max(2, int(np.ceil(s[-1] / spacing_m)) + 1))
    return at, np.column_stack([np.interp(at, s, xy[:, axis]) for axis in (0, 1)])


def _cut(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return pieces of a line of at most `_PIECE_M`, shape (n, LINE_POINTS, 2)."""
    s = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    count = max(1, int(np.ceil(s[-1] / _PIECE_M)))
    at = (np.arange(count)[:, None] + np.linspace(0, 1, LINE_POINTS)) * (s[-1] / count)
    return np.stack([np.interp(at, s, xy[:, axis]) for axis in (0, 1)], axis=-1)
