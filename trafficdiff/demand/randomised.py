"""Draw randomised demand on any road graph, so that a demand model sees hundreds of towns and not five.

Days of one scene share its structure but have factors of their own, as counted days have. Trips are drawn between
zones, then between edges in them that a car can drive between; no route is needed.

::

    flows ── factors of the day: flows, zones, groups of zones ──▶ counts ──▶ pairs of zones ──▶ pairs of edges
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.scene import CLASSES, SceneTrips
from trafficdiff.datatypes.vehicles import VehicleType
from trafficdiff.demand.randomised_flows import DAY_SLOTS, column, pois_near, random_flows, relative, zone_times
from trafficdiff.demand.reachability import find_reach
from trafficdiff.errors import InputError, TripError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.reach import Reach
    from trafficdiff.datatypes.scene import Scene
    from trafficdiff.demand.randomised_flows import Flow

    Array = NDArray[np.float64]
    Places = NDArray[np.int64]

__all__ = ["randomised_trips"]

_WINDOWS_H: Final = (1, 1, 2, 2, 4, 24)
_HOUR_S: Final = 3_600.0
_SLOT_S: Final = 86_400.0 / DAY_SLOTS
_ROUNDS: Final = 6
"""Draws for the pairs that no drive joins; they are few, so what is missing after these is left out."""
_SPREADS: Final = ((0.1, 0.05, 0.05), (0.6, 0.5, 0.7))
"""Least and largest spread (standard deviation of the logarithm) of a day's factors: flows, zones, groups of zones."""
_LEVEL_SPREAD: Final = 0.2
_MIXED: Final = 0.6
"""Share of scenes in which a vehicle class occurs at all: many sources know cars alone."""
_CLASS_SHARES: Final[dict[str, float]] = {
    "truck": 0.15, "delivery": 0.12, "bus": 0.02, "motorcycle": 0.04, "bicycle": 0.06,
}  # fmt: skip
"""Largest share of each class beside passenger cars."""
_VIA_SHARE: Final = 0.15


def randomised_trips(
    graph: RoadGraph,
    scene: Scene,
    *,
    generator: np.random.Generator,
    days: int | None = None,
    trips_a_day: int | None = None,
) -> tuple[SceneTrips, tuple[float, float]]:
    """Return randomised trips of several days, and the window of their departures [s].

    Parameters
    ----------
    graph
        The roads.
    scene
        The scene of the same graph, with the columns of `trafficdiff.roads.scenes.make_scene`.
    generator
        Source of randomness.
    days, trips_a_day
        How many days, and trips on an average one; random if None (4 to 10 days of 300 to 1,200 trips).

    Raises
    ------
    InputError
        If the scene has no edges, or a number is below one.
    TripError
        If no trip can be made on the graph.
    """
    if not scene.has_edges:
        raise InputError(f"scene {scene.name!r}: expected a scene with edges, got none; randomise on road graphs")
    days = int(generator.integers(4, 11)) if days is None else days
    mean = int(np.exp(generator.uniform(np.log(300), np.log(1200)))) if trips_a_day is None else trips_a_day
    if days < 1 or mean < 1:
        raise InputError(f"expected at least one day of at least one trip, got {days} of {mean}")
    window_s = _random_window(generator)
    reach = find_reach(graph, VehicleType("randomised"), edge_index=scene.edge_index)
    flows = random_flows(scene, reach, generator=generator)
    origin, destination, share, day = _draw_days(flows, (days, mean), scene, reach, window_s, generator=generator)
    if not len(origin):
        raise TripError(f"scene {scene.name!r}: expected pairs of edges with a way, found none in {_ROUNDS} rounds")
    zone = scene.edge_zone
    trips = SceneTrips(
        origin_zone=zone[origin].astype(np.int32),
        destination_zone=zone[destination].astype(np.int32),
        via_zone=_vias(scene, zone[origin], zone[destination], generator),
        origin_edge=origin.astype(np.int32),
        destination_edge=destination.astype(np.int32),
        depart_share=share.astype(np.float32),
        vehicle_class=_classes(graph, scene, origin, destination, generator),
        weight=np.ones(len(origin), np.float32),
        day=day.astype(np.int16),
    )
    return trips, window_s


def _random_window(generator: np.random.Generator) -> tuple[float, float]:
    hours = int(generator.choice(_WINDOWS_H))
    begin_h = 0 if hours == 24 else int(generator.integers(5, 23 - hours))
    return begin_h * _HOUR_S, (begin_h + hours) * _HOUR_S


def _draw_days(
    flows: list[Flow],
    size: tuple[int, int],
    scene: Scene,
    reach: Reach,
    window_s: tuple[float, float],
    *,
    generator: np.random.Generator,
) -> tuple[Places, Places, Array, Places]:
    """Return origin, destination, departure as a share of the window, and day of trips; `size` is days and trips."""
    days, mean = size
    inside = slice(*(round(edge_s / _SLOT_S) for edge_s in window_s))
    usual = np.array([flow.share * flow.density[inside].sum() / flow.density.sum() for flow in flows])
    groups = _groups(scene, generator)
    of_flows, of_zones, of_groups = generator.uniform(*_SPREADS)
    parts = [(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int64))]
    for day in range(days if usual.any() else 0):
        share = usual * np.exp(generator.normal(0, of_flows, len(flows)))
        count = max(1, round(mean * np.exp(generator.normal(0, _LEVEL_SPREAD))))
        begin, end = np.exp(generator.normal(0, of_zones, (2, len(scene))))
        between = np.exp(generator.normal(0, of_groups, (int(groups.max()) + 1,) * 2))
        factor = begin[:, None] * end * between[groups[:, None], groups]
        for flow, wanted in zip(flows, generator.multinomial(count, share / share.sum()).tolist(), strict=True):
            ends = _draw(flow, wanted, scene=scene, reach=reach, factor=factor, generator=generator)
            departs = _departures(ends.shape[1], flow.density[inside], generator)
            parts.append((ends[0], ends[1], departs, np.full(ends.shape[1], day)))
    origin, destination, departs, day_of = (np.concatenate(part) for part in zip(*parts, strict=True))
    return origin, destination, departs, day_of


def _groups(scene: Scene, generator: np.random.Generator) -> Places:
    """Return the group of each zone: zones around a few random ones share their days' relations."""
    xy = scene.zone_xy_m
    centres = xy[generator.choice(len(xy), min(len(xy), int(generator.integers(5, 15))), replace=False)]
    return np.asarray(np.linalg.norm(xy[:, None] - centres, axis=-1).argmin(axis=1))


def _draw(
    flow: Flow, wanted: int, *, scene: Scene, reach: Reach, factor: Array, generator: np.random.Generator
) -> Places:
    """Return origin and destination edges of trips that can be made, shape (2, T)."""
    offsets = scene.edge_offsets
    sums = [np.concatenate([[0.0], np.cumsum(weight)]) for weight in (flow.origin, flow.destination)]
    begin, end = (np.diff(total[offsets]) for total in sums)
    table = np.cumsum((begin[:, None] * end * flow.relation * factor).ravel())
    found = [np.zeros((2, 0), np.int64)]
    missing = wanted if table[-1] > 0 else 0
    for _ in range(_ROUNDS):
        if missing <= 0:
            break
        drawn = int(1.3 * missing) + 8
        pair = np.minimum(np.searchsorted(table, generator.random(drawn) * table[-1], side="right"), len(table) - 1)
        both = zip(sums, np.divmod(pair, len(scene)), strict=True)
        ends = np.stack([_within(total, offsets, zone, generator.random(drawn)) for total, zone in both])
        found.append(ends[:, _can_drive(reach, *ends)][:, :missing])
        missing -= found[-1].shape[1]
    return np.concatenate(found, axis=1)


def _within(total: Array, offsets: Places, zone: Places, chance: Array) -> Places:
    """Return an edge of each zone, drawn by weight; `total` is the running sum of the weights of all edges."""
    low, high = total[offsets[zone]], total[offsets[zone + 1]]
    place = np.searchsorted(total, low + chance * (high - low), side="right") - 1
    return np.clip(place, offsets[zone], offsets[zone + 1] - 1)


def _can_drive(reach: Reach, origin: Places, destination: Places) -> NDArray[np.bool_]:
    """Return which pairs of edges a drive joins that is more than turning round."""
    joined = reach.reaches[reach.part[origin], reach.part[destination]]
    onwards = (origin != destination) & (reach.reverse[origin] != destination)
    return np.asarray(joined & onwards & reach.can_begin[origin] & reach.can_end[destination])


def _departures(count: int, density: Array, generator: np.random.Generator) -> Array:
    """Return departures as shares of the window, by the density of its slots."""
    total = np.concatenate([[0.0], np.cumsum(density)])
    share = np.interp(generator.random(count) * total[-1], total, np.linspace(0, 1, len(total)))
    return np.asarray(np.minimum(share, 1 - 1e-6))


def _classes(
    graph: RoadGraph, scene: Scene, origin: Places, destination: Places, generator: np.random.Generator
) -> NDArray[np.int8]:
    """Return vehicle classes: trucks take to great roads, bicycles to short ways, and only where they may drive."""
    car = CLASSES.index("passenger")
    code = np.full(len(origin), car, np.int8)
    rank, zone = column(scene, "class_rank"), scene.edge_zone
    great = np.exp(0.5 * (rank[origin] + rank[destination]))
    weights = {
        "truck": great,
        "bus": great**0.5,
        "delivery": relative(pois_near(scene))[destination],
        "bicycle": np.exp(-zone_times(scene)[zone[origin], zone[destination]] / 200.0),
    }
    for name, most in _CLASS_SHARES.items():
        if generator.random() > _MIXED:
            continue
        weight = weights.get(name, np.ones(len(origin)))
        taken = generator.random(len(origin)) < generator.uniform(0, most) * weight / weight.mean()
        try:
            reach = find_reach(graph, VehicleType("randomised", name), edge_index=scene.edge_index)
        except TripError:  # the class has no road here
            continue
        code[taken & (code == car) & _can_drive(reach, origin, destination)] = CLASSES.index(name)
    return code


def _vias(scene: Scene, origin: Places, destination: Places, generator: np.random.Generator) -> NDArray[np.int32]:
    """Return the zone of a detour for some trips or -1: one that many ways pass, and that lies nearly on this way."""
    via = np.full(len(origin), -1, np.int32)
    times_s = scene.travel_time_s.astype(np.float64)
    direct_s = times_s[origin, destination]
    chosen = generator.random(len(origin)) < generator.uniform(0, _VIA_SHARE)
    rows = np.flatnonzero(chosen & np.isfinite(direct_s) & (direct_s > 0))
    if not len(rows):
        return via
    passing = scene.zone_values[:, scene.zone_columns.index("betweenness_largest")].astype(np.float64)
    longer = (times_s[origin[rows]] + times_s[:, destination[rows]].T) / direct_s[rows, None] - 1
    score = np.log(passing + 1e-6) - longer / 0.1 + generator.gumbel(size=longer.shape)
    score[(longer < 0.01) | (longer > 0.6)] = -np.inf
    each = np.arange(len(rows))
    score[each, origin[rows]] = score[each, destination[rows]] = -np.inf
    best = score.argmax(axis=1)
    via[rows] = np.where(np.isfinite(score[each, best]), best, -1)
    return via
