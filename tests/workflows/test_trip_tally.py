"""What measures did to trips, each trip counted once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.demand.edits import shuffled
from tests.scenarios.demands import grid_town, many_trips, trips_between
from trafficdiff.datatypes.selection import with_routes
from trafficdiff.scenarios.trip_edits import added, copied, dropped
from trafficdiff.workflows.measure_routing import FastestRoutes
from trafficdiff.workflows.trip_tally import tally

GRAPH = grid_town()
CAR = many_trips(GRAPH, 1).vehicle_types[0].mask
NOTHING = {"rerouted": 0, "moved": 0, "removed": 0, "added": 0}


def test_trips_that_stay_as_they_were_are_not_counted_wherever_their_edges_lie_now() -> None:
    trips = many_trips(GRAPH, 40)
    assert tally(trips, trips) == NOTHING
    order = np.random.default_rng(1).permutation(GRAPH.edge_count)
    elsewhere = shuffled(GRAPH, order.tolist())
    position = np.array([elsewhere.edge_index[str(name)] for name in GRAPH.edge_id], np.int32)
    assert tally(trips, replace(trips, graph=elsewhere, edges=position[trips.edges])) == NOTHING


def test_a_trip_counts_once_by_what_became_of_it_in_the_end() -> None:
    trips = trips_between(GRAPH, [("00-10", "20-30"), ("00-10", "20-30"), ("00-10", "20-30"), ("00-10", "20-30")])
    closed = GRAPH.edge_id == "10-20"
    first, last, other = (np.full(3, GRAPH.edge_index[name], np.int32) for name in ("00-10", "20-30", "31-30"))
    router, mask = FastestRoutes(GRAPH), np.full(3, CAR)
    detour = router.best(first, last, mask, closed=closed)
    around = with_routes(trips, np.arange(3), offsets=detour.offsets, edges=detour.edges)
    assert tally(trips, around) == NOTHING | {"rerouted": 3}
    away = router.best(first[:1], other[:1], mask[:1])
    moved = with_routes(around, np.arange(1), offsets=away.offsets, edges=away.edges)
    assert tally(trips, moved) == NOTHING | {"rerouted": 2, "moved": 1}
    fewer = dropped(moved, np.array([False, True, False, False]))
    more = added(fewer, copied(trips, np.array([0, 3]), trip_id=["x", "y"], depart_s=trips.depart_s[[0, 3]]))
    assert tally(trips, more) == {"rerouted": 1, "moved": 1, "removed": 1, "added": 2}
