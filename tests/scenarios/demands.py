"""A hand-made grid and trips on it, for the measures of demand.

Sixteen junctions 100 m apart, named by column and row, with two-way streets of one lane and 10 m/s. An edge is named
``from-to``: ``00-10`` leads east along the southern rim.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tests.towns import make_town
from trafficdiff.datatypes.trips import TripSet
from trafficdiff.datatypes.vehicles import VEHICLE_TYPES
from trafficdiff.scenarios.demand import demand_edits
from trafficdiff.workflows.measure_routing import FastestRoutes
from trafficdiff.workflows.randomness import stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trafficdiff.datatypes.control import Control
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.measures import DemandMeasure
    from trafficdiff.scenarios.demand_edit import DemandEdit

SIDE = 4
WINDOW_S = (25_200.0, 28_800.0)


def grid_town(*, side: int = SIDE, allowed: dict[str, int] | None = None) -> RoadGraph:
    """Return the grid drawn above."""
    nodes = {f"{x}{y}": (100.0 * x, 100.0 * y) for x in range(side) for y in range(side)}
    east = [(f"{x}{y}", f"{x + 1}{y}") for x in range(side - 1) for y in range(side)]
    north = [(f"{x}{y}", f"{x}{y + 1}") for x in range(side) for y in range(side - 1)]
    ways = east + north
    return make_town(nodes, ways + [(b, a) for a, b in ways], u_turns=True, allowed=allowed)


def trips_between(
    graph: RoadGraph,
    pairs: Sequence[tuple[str, str]],
    *,
    types: Sequence[str] | None = None,
    depart_s: Sequence[float] | None = None,
    window_s: tuple[float, float] = WINDOW_S,
) -> TripSet:
    """Return trips on the fastest ways between named edges, departing evenly over the window."""
    first = np.array([graph.edge_index[a] for a, _ in pairs], np.int32)
    last = np.array([graph.edge_index[b] for _, b in pairs], np.int32)
    names = list(types or ["car"] * len(pairs))
    kinds = tuple(VEHICLE_TYPES[name] for name in dict.fromkeys(names))
    position = {kind.name: place for place, kind in enumerate(kinds)}
    kind = np.array([position[name] for name in names], np.int32)
    mask = np.array([one.mask for one in kinds], np.int64)[kind]
    routes = FastestRoutes(graph).best(first, last, mask)
    assert routes.reachable.all()
    even = np.linspace(*window_s, len(pairs), endpoint=False)
    electric = np.array([name == "electric_car" for name in names])
    return TripSet(
        graph=graph,
        trip_id=np.array([f"t{number}" for number in range(len(pairs))], object),
        depart_s=even if depart_s is None else np.array(depart_s, float),
        window_s=window_s,
        offsets=routes.offsets,
        edges=routes.edges,
        vehicle_type=kind,
        vehicle_types=kinds,
        state_of_charge=np.where(electric, 0.8, np.nan),
        battery_kwh=np.where(electric, 58.0, np.nan),
        provenance={"synthetic": "yes"},
    )


def many_trips(graph: RoadGraph, count: int, *, types: Sequence[str] = ("car",), seed: int = 3) -> TripSet:
    """Return trips between random edges."""
    generator = np.random.default_rng(seed)
    ends = graph.edge_id[generator.integers(graph.edge_count, size=(count, 2))]
    names = [types[number % len(types)] for number in range(count)]
    return trips_between(graph, [(a, b) for a, b in ends], types=names)


def edit(measure: DemandMeasure, trips: TripSet, *, seed: int = 1, control: Control | None = None) -> DemandEdit:
    """Apply a measure as a workflow does."""
    generator = stream(seed, f"measure {measure.kind} 0")
    return demand_edits(measure, trips, generator=generator, router=FastestRoutes(trips.graph), control=control)


def rows_of(trips: TripSet) -> dict[str, tuple[object, ...]]:
    """Return everything about each trip by its id, so that sets can be compared whatever their order."""
    bounds = zip(trips.offsets[:-1], trips.offsets[1:], strict=True)
    routes = [tuple(trips.graph.edge_id[trips.edges[low:high]]) for low, high in bounds]
    kinds = [trips.vehicle_types[place] for place in trips.vehicle_type]
    numbers = np.nan_to_num(np.stack([trips.depart_s, trips.state_of_charge, trips.battery_kwh], axis=1), nan=-1.0)
    return {
        str(name): (kind.name, tuple(sorted(kind.attributes.items())), *values.tolist(), route)
        for name, kind, values, route in zip(trips.trip_id, kinds, numbers, routes, strict=True)
    }


def ids(trips: TripSet) -> set[str]:
    """Return the trips' ids."""
    return set(trips.trip_id.tolist())


def box(graph: RoadGraph, low: tuple[float, float], high: tuple[float, float]) -> tuple[float, float, float, float]:
    """Return a box of net coordinates [m] in degrees."""
    (west, south), (east, north) = graph.to_lonlat(np.array([low, high]))
    return float(west), float(south), float(east), float(north)
