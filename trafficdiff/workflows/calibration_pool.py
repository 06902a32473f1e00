"""Draw the candidates that calibrated demand is chosen from: the model's, near observed trips, and through counts.

::

    ModelDemand ──▶ model's trips ──┬─ as they are, as many as the observed trips leave to the model
    observed trips ─────────────────┼─ pairs of ends near them, routed
    counts that few of these pass ──┴─ fastest ways over the counted edge, light
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from trafficdiff.datatypes.agents import Agents
from trafficdiff.datatypes.selection import take_trips
from trafficdiff.demand.observed_ends import WAYS, Ends, draw_ends, mixture_weights
from trafficdiff.workflows.model_demand import city_zones
from trafficdiff.workflows.model_trips import model_trips

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from trafficdiff.datatypes.counts import Counts
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.scenario import ModelDemand
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.demand.paths import Paths
    from trafficdiff.workflows.calibration_settings import CalibrationSettings

__all__ = ["Candidates", "draw_candidates", "ends_of", "through_counted"]

_SOURCES = 64
_SINKS = 256
_THROUGH = 48
"""Candidates over one counted edge, out of ways from so many origins to so many destinations."""
_MOST_DETOUR = 1.6
"""Most time over a counted edge as a multiple of the direct way; as for the model's vias."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Candidates:
    """Hold candidate trips. ``T`` candidates.

    Parameters
    ----------
    trips
        The candidates, in order of departure.
    weight
        Shape (T,), how much each counts beside the others before anything is calibrated.
    mixture
        How much each way to make a pair of ends is worth, by its name; empty without observed trips.
    """

    trips: TripSet
    weight: NDArray[np.float64]
    mixture: dict[str, float]


def ends_of(trips: TripSet) -> Ends:
    """Return the first and last edges of routes."""
    return Ends(trips.edges[trips.offsets[:-1]], trips.edges[trips.offsets[1:] - 1])


def draw_candidates(
    graph: RoadGraph,
    demand: ModelDemand,
    *,
    count: int,
    window_s: tuple[float, float],
    observed: TripSet | None,
    settings: CalibrationSettings,
    generator: np.random.Generator,
    folder: Path,
) -> Candidates:
    """Return the model's candidates, and those near observed trips where there are any.

    The model draws from the mean over days: which day it was is for the data to say.
    """
    drawing, mixing = generator.spawn(2)
    asked = demand.model_copy(update={"trips": count, "one_day": False})
    drawn = model_trips(graph, asked, window_s=window_s, generator=drawing, folder=folder)
    if observed is None or not len(observed):
        return Candidates(trips=drawn, weight=np.ones(len(drawn)), mixture={})
    zone = city_zones(graph).zone
    seen, model = ends_of(observed), ends_of(drawn)
    weight = mixture_weights(seen, model, zone=zone, place_xy=graph.midpoint_xy)
    number = mixing.multinomial(count, weight)
    pairs, behind = draw_ends(seen, model, zone=zone, place_xy=graph.midpoint_xy, number=number, generator=mixing)
    near = _near_observed(drawn, pairs, behind, observed=observed, demand=demand, settings=settings, dice=mixing)
    kept = take_trips(drawn, mixing.permutation(count)[: number[-1]])
    trips = _joined([part for part in (kept, near) if len(part)])
    return Candidates(
        trips=trips, weight=np.ones(len(trips)), mixture=dict(zip(WAYS, weight.round(4).tolist(), strict=True))
    )


def through_counted(
    candidates: Candidates,
    counts: Counts,
    served: NDArray[np.float64],
    *,
    settings: CalibrationSettings,
    generator: np.random.Generator,
) -> Candidates:
    """Return the candidates, with some that pass counted edges which hardly any does.

    Parameters
    ----------
    candidates, counts
        What there is.
    served
        Shape (C,), how many candidates each count counts.

    Other Parameters
    ----------------
    settings, generator
        When an edge is poorly served; source of randomness.
    """
    trips = candidates.trips
    poor = np.unique(counts.edge[(served < settings.poorly_served) & (counts.count > 0)])
    if not len(poor) or not len(trips):
        return candidates
    ends = _ways_over(trips, poor, generator=generator)
    if not len(ends[0]):
        return candidates
    added = _added(trips, Ends(ends[0], ends[1]), via=ends[2], generator=generator)
    joined = _joined([trips, added])
    order = np.argsort(np.concatenate([trips.depart_s, added.depart_s]), kind="stable")
    weight = np.concatenate([candidates.weight, np.full(len(added), settings.through_weight)])[order]
    return replace(candidates, trips=joined, weight=weight)


def _near_observed(
    drawn: TripSet,
    pairs: Ends,
    behind: NDArray[np.int64],
    *,
    observed: TripSet,
    demand: ModelDemand,
    settings: CalibrationSettings,
    dice: np.random.Generator,
) -> TripSet:
    """Return trips between pairs of ends: on an observed route that several share, else on the fastest way."""
    from trafficdiff.demand.fastest import fastest_paths
    from trafficdiff.demand.router import perceived_times

    graph, rows = drawn.graph, dice.integers(len(drawn), size=len(pairs.origin))
    times_s = perceived_times(graph.free_flow_time_s, choice=demand.route_choice, generator=dice)
    view = dice.integers(len(times_s), size=len(rows))
    ways = fastest_paths(
        graph, (pairs.origin, pairs.destination), mask=drawn.class_mask[rows], time_s=times_s, row=view
    )
    ways = _on_shared_routes(ways, behind, observed=observed, drawn=drawn, rows=rows, least=settings.shared_routes)
    found = np.flatnonzero(ways.lengths > 0)
    return _as_trips(drawn, rows[found], ways.take(found))


def _on_shared_routes(
    ways: Paths,
    behind: NDArray[np.int64],
    *,
    observed: TripSet,
    drawn: TripSet,
    rows: NDArray[np.int64],
    least: int,
) -> Paths:
    """Return the ways with the observed route for trips behind which one stands that `least` observed trips drive."""
    from trafficdiff.demand.paths import Paths

    routes = [observed.edges[a:b].tobytes() for a, b in zip(observed.offsets[:-1], observed.offsets[1:], strict=True)]
    driven = Counter(routes)
    shared = np.array([driven[route] >= least for route in routes])
    same_class = drawn.class_mask[rows] == observed.class_mask[np.maximum(behind, 0)]
    taken = np.flatnonzero((behind >= 0) & shared[np.maximum(behind, 0)] & same_class)
    return ways.replaced(taken, Paths(observed.offsets, observed.edges).take(behind[taken]))


def _ways_over(
    trips: TripSet, edges: NDArray[np.int32], *, generator: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Return origins, destinations and the edge between them, where the way over it is no great detour."""
    from scipy.sparse.csgraph import dijkstra

    from trafficdiff.demand.successions import succession_costs

    graph = trips.graph
    begin, end = ends_of(trips)
    usual = int(np.bincount(trips.vehicle_type).argmax())
    costs = succession_costs(graph, mask=trips.vehicle_types[usual].mask, edge_time_s=graph.free_flow_time_s)
    sources = np.unique(generator.choice(begin, _SOURCES))
    sinks = np.unique(generator.choice(end, _SINKS))
    from_s = dijkstra(costs, indices=sources)
    onward_s = dijkstra(costs, indices=edges)
    found: list[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]] = []
    for place, edge in enumerate(edges):  # where no way leads over an edge, trips begin or end on it
        first, last = np.append(sources, edge), np.append(sinks, edge)
        to_s, on_s = np.vstack([from_s, onward_s[place]]), onward_s[place]
        over_s, direct_s = to_s[:, edge][:, None] + on_s[last], to_s[:, last]
        with np.errstate(invalid="ignore"):
            fit = np.isfinite(over_s) & (over_s <= _MOST_DETOUR * direct_s) & (first[:, None] != last)
        pairs = np.argwhere(fit)
        pairs = pairs[generator.permutation(len(pairs))[:_THROUGH]]
        found.append((first[pairs[:, 0]], last[pairs[:, 1]], np.full(len(pairs), edge)))
    begin, end, via = (np.concatenate(part).astype(np.int32) for part in zip(*found, strict=True))
    return begin, end, via


def _added(trips: TripSet, ends: Ends, *, via: NDArray[np.int32], generator: np.random.Generator) -> TripSet:
    """Return trips over a via that pass no edge twice, with vehicles and departures of others."""
    from trafficdiff.datatypes.scenario import RouteChoice
    from trafficdiff.demand.router import route

    usual = int(np.bincount(trips.vehicle_type).argmax())
    rows = generator.choice(np.flatnonzero(trips.vehicle_type == usual), len(via))
    rows = rows[np.argsort(trips.depart_s[rows], kind="stable")]
    agents = Agents(
        graph=trips.graph, origin=ends.origin, destination=ends.destination, depart_s=trips.depart_s[rows],
        window_s=trips.window_s, via_offsets=np.arange(len(via) + 1), via_edges=via,
        vehicle_type=trips.vehicle_type[rows], vehicle_types=trips.vehicle_types,
        state_of_charge=trips.state_of_charge[rows], battery_kwh=trips.battery_kwh[rows],
    )  # fmt: skip
    made = route(agents, choice=RouteChoice(), generator=generator)
    step = np.repeat(np.arange(len(made)), made.route_lengths).astype(np.int64) * trips.graph.edge_count + made.edges
    own = np.bincount(np.unique(step) // trips.graph.edge_count, minlength=len(made))
    return take_trips(made, np.flatnonzero(own == made.route_lengths))


def _as_trips(like: TripSet, rows: NDArray[np.int64], ways: Paths) -> TripSet:
    """Return trips on given ways, with departures and vehicles of others."""
    order = np.argsort(like.depart_s[rows], kind="stable")
    rows, ways = rows[order], ways.take(order)
    return replace(
        like, trip_id=np.arange(len(rows)).astype(str).astype(object), depart_s=like.depart_s[rows],
        offsets=ways.offsets, edges=ways.edges, vehicle_type=like.vehicle_type[rows],
        state_of_charge=like.state_of_charge[rows], battery_kwh=like.battery_kwh[rows],
    )  # fmt: skip


def _joined(parts: list[TripSet]) -> TripSet:
    """Return the trips of all parts in order of departure, named anew; all have the first one's vehicle types."""
    from trafficdiff.demand.paths import Paths

    depart_s = np.concatenate([part.depart_s for part in parts])
    order = np.argsort(depart_s, kind="stable")
    ways = Paths.joined([Paths(part.offsets, part.edges) for part in parts]).take(order)
    return replace(
        parts[0],
        trip_id=np.arange(len(order)).astype(str).astype(object),
        depart_s=depart_s[order],
        offsets=ways.offsets,
        edges=ways.edges,
        vehicle_type=np.concatenate([part.vehicle_type for part in parts])[order],
        state_of_charge=np.concatenate([part.state_of_charge for part in parts])[order],
        battery_kwh=np.concatenate([part.battery_kwh for part in parts])[order],
    )
