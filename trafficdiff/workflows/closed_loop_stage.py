"""Put a drawn scene on SUMO's stage: who is there, what signals show, and the route of an ego that SUMO drives."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.motion_scene import FINE, STEP_S, STEPS, out_of_frame
from trafficdiff.simulation.scene_loop import OwnDriver, Poses, Stage, StageUser

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from trafficdiff.datatypes.motion_map import LaneMap
    from trafficdiff.datatypes.motion_scene import MotionScene
    from trafficdiff.datatypes.scene_environment import SignalStates
    from trafficdiff.workflows.scenes_guide_starts import Start

__all__ = ["ego_route", "own_driver", "poses_of", "stage_of"]

_MOMENT_S: Final = STEP_S / FINE
_BEYOND_M: Final = 150.0
"""A route leads so far beyond the way that the scene knows, where the net does [m]."""
_SPACING_M: Final = 1.0


def stage_of(start: Start, *, driver: OwnDriver | None) -> Stage:
    """Return what a scene begins with in SUMO."""
    motion = start.motion
    users = tuple(
        StageUser(name=str(name), kind=str(kind), length_m=float(size[0]), width_m=float(size[1]))
        for name, kind, size in zip(motion.user_id, motion.user_class, motion.size, strict=True)
    )
    return Stage(users=users, driver=driver, signals=_signals(start.scene.signals, begin_s=motion.begin_s))


def poses_of(motion: MotionScene, fine: NDArray[np.float64], present: NDArray[np.bool_]) -> Poses:
    """Return where everybody is from the first moment on, in the net's coordinates."""
    states = fine[..., :3].copy()
    states[..., :2] = out_of_frame(states[..., :2], motion.frame)
    states[..., 2] += motion.frame[2]
    return Poses(states=states, present=present)


def own_driver(start: Start, *, from_moment: int) -> OwnDriver | None:
    """Return the ego for SUMO's own driver; None where it has no route.

    Whoever drives faster than the limit when it is taken over likes to do so.
    """
    motion = start.motion
    route = ego_route(motion, start.scene.net_file)
    if not route:
        return None
    limit = float(motion.path_limit[0][0]) or 1.0
    fastest = float(motion.state[0, : from_moment // FINE + 1, 3].max())
    return OwnDriver(
        name=str(motion.user_id[0]), route=route, speed_factor=max(1.0, fastest / limit), from_moment=from_moment
    )


def ego_route(motion: MotionScene, net_file: Path) -> tuple[str, ...]:
    """Return the edges along the ego's way and straight on beyond it; none if it is on no lane.

    An ego that begins inside a junction has the edge that it comes from first.
    """
    from trafficdiff.workflows.motion_corpus import lane_map_of

    xy = motion.path[0][motion.path_valid[0]].astype(np.float64)
    if len(xy) < 2:
        return ()
    lane_map = lane_map_of(net_file)
    follows = _followers(net_file.resolve())
    s = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    at = np.arange(0.0, s[-1], _SPACING_M)
    if len(at) < 2:
        return ()
    points = np.column_stack([np.interp(at, s, xy[:, axis]) for axis in (0, 1)])
    step = np.gradient(points, axis=0)
    heading = np.arctan2(step[:, 1], step[:, 0]) + motion.frame[2]
    names = lane_map.edges_under(out_of_frame(points, motion.frame), heading_rad=heading).tolist()
    route: list[str] = []
    for name in names:
        if name and (not route or (name != route[-1] and name in follows.get(route[-1], ()))):
            route.append(str(name))
    if not route:
        return ()
    before = [] if names[0] else _before(lane_map, motion, route[0])
    return (*before, *route, *_beyond(route, follows, lane_map))


@lru_cache(maxsize=4)
def _followers(net_file: Path) -> dict[str, list[str]]:
    """Return the edges that can be gone on to from each edge; straight on first."""
    from trafficdiff.workflows.motion_corpus import lane_map_of

    shapes = lane_map_of(net_file).shapes
    found: dict[str, list[str]] = {}
    for turn in sorted(shapes.turns, key=lambda turn: turn.direction != "s"):
        ends = [shapes.lanes.get(name) for name in (turn.source, turn.target)]
        if all(lane is not None and not lane.function for lane in ends):
            source, target = (lane.edge_id for lane in ends if lane is not None)
            if target not in found.setdefault(source, []):
                found[source].append(target)
    return found


def _before(lane_map: LaneMap, motion: MotionScene, edge: str) -> list[str]:
    """Return the edge that leads to an edge by the turn which lies nearest to the ego."""
    lanes = lane_map.shapes.lanes
    nearest: tuple[float, str] | None = None
    for turn in lane_map.shapes.turns:
        source, target, via = (lanes.get(name) for name in (turn.source, turn.target, turn.via))
        if source is None or target is None or via is None or source.function or target.edge_id != edge:
            continue
        away = float(np.hypot(*(via.shape[:, :2] - motion.frame[:2]).T).min())
        if nearest is None or away < nearest[0]:
            nearest = away, source.edge_id
    return [] if nearest is None else [nearest[1]]


def _beyond(route: list[str], follows: dict[str, list[str]], lane_map: LaneMap) -> list[str]:
    """Return edges that go on straight, where they can, for `_BEYOND_M`."""
    lanes = lane_map.shapes.lanes
    found: list[str] = []
    left_m = _BEYOND_M
    while left_m > 0 and (ahead := [one for one in follows.get([*route, *found][-1], ()) if one not in found]):
        found.append(ahead[0])
        left_m -= float(np.hypot(*np.diff(lanes[f"{ahead[0]}_0"].shape[:, :2], axis=0).T).sum())
    return found


def _signals(signals: SignalStates, *, begin_s: float) -> tuple[tuple[str, int, str], ...]:
    """Return what signals show from a time on, by moment: a row a change, the first at moment 0."""
    rows: list[tuple[str, int, str]] = []
    for name in sorted({str(one) for one in signals.signal_id}):
        own = np.flatnonzero(signals.signal_id == name)
        moments = np.ceil((signals.time_s[own] - begin_s) / _MOMENT_S - 1e-6).astype(int)
        last_before = max(int((moments <= 0).sum()) - 1, 0)
        rows += [
            (name, max(0, int(moments[place])), str(signals.state[own[place]]))
            for place in range(last_before, len(own))
            if moments[place] <= STEPS * FINE
        ]
    return tuple(sorted(rows, key=lambda row: row[1]))
