import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.towns import make_town, square_town
from trafficdiff.datatypes.trips import TripSet, illegal_turns
from trafficdiff.datatypes.vehicles import VEHICLE_TYPES, class_mask
from trafficdiff.errors import TripError

CAR = class_mask(["passenger"])


def make(rows=(("A-B", "B-D"), ("B-A",)), *, graph=None, **columns):
    graph = graph or square_town()
    content = {
        "trip_id": np.array([f"t{place}" for place in range(len(rows))], object),
        "depart_s": np.arange(len(rows), dtype=float),
        "window_s": (0.0, 100.0),
        "offsets": np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64),
        "edges": np.array([graph.edge_index[name] for row in rows for name in row], np.int32),
        **columns,
    }
    return TripSet(graph=graph, **content)


def test_sums_along_routes_are_sums_of_edges():
    trips = make()
    lengths_m = trips.graph.length_m
    assert trips.sum_over_route(lengths_m).tolist() == [200.0, 100.0]
    assert trips.route_lengths.tolist() == [2, 1]


@pytest.mark.parametrize(
    ("provenance", "origin"),
    [
        ({"synthetic": "yes: made by the baseline 'gravity'"}, "synthetic demand"),
        ({"synthetic": "true"}, "synthetic demand"),
        ({"synthetic": "no"}, "given trips, replayed"),
        ({}, "given trips, replayed"),
    ],
)
def test_trips_are_synthetic_only_where_their_provenance_says_so(provenance, origin):
    trips = make(provenance=provenance)
    assert trips.origin == origin
    assert trips.are_synthetic is (origin == "synthetic demand")


def test_the_arrays_cannot_be_written():
    with pytest.raises(ValueError, match="read-only"):
        make().edges[0] = 1


@pytest.mark.parametrize(
    ("rows", "columns", "message"),
    [
        ([("A-B", "A-C")], {}, "trip 't0': expected an edge that follows 'A-B'"),
        ([("A-B", "B-A")], {}, "trip 't0': expected an edge that follows 'A-B'"),
        ([("A-B",), ()], {}, "trip 't1': expected a route of at least one edge"),
        ([("A-B",), ("A-B",)], {"trip_id": np.array(["x", "x"], object)}, "unique trip ids"),
        ([("A-B",), ("A-B",)], {"trip_id": np.array(["a b", ""], object)}, "got 2 of 2 that it refuses: 'a b', ''"),
        ([("A-B",), ("A-B",)], {"trip_id": np.array(["a", None], object)}, "got 1 of 2 that it refuses: None"),
        ([("A-B",), ("A-B",)], {"depart_s": np.array([5.0, 1.0])}, "ascending"),
        ([("A-B",)], {"depart_s": np.array([np.nan])}, "finite departures.*got 1 of 1 not finite .trip 't0' at nan s"),
        ([("A-B",)], {"depart_s": np.array([100.0])}, "before 100 s"),
        ([("A-B",)], {"state_of_charge": np.array([1.2])}, "state of charge"),
        ([("A-B",)], {"edges": np.array([99], np.int32)}, "from 0 to 7"),
        ([("A-B",)], {"offsets": np.array([0, 2], np.int64)}, "offsets"),
        ([("A-B",)], {"charging_stops": pd.DataFrame({"trip": [0]})}, "missing"),
    ],
)
def test_impossible_trips_are_refused(rows, columns, message):
    with pytest.raises(TripError, match=message):
        make(rows, **columns)


def test_a_closed_edge_is_named_with_the_class():
    nodes = {"A": (0.0, 0.0), "B": (100.0, 0.0), "C": (200.0, 0.0)}
    town = make_town(nodes, [("A", "B"), ("B", "C")], allowed={"B-C": class_mask(["bus"])})
    with pytest.raises(TripError, match="edge 'B-C' is closed to vehicle class 'passenger'"):
        make([("A-B", "B-C")], graph=town)
    bus = (VEHICLE_TYPES["bus"],)
    assert len(make([("A-B", "B-C")], graph=town, vehicle_types=bus)) == 1


def test_the_end_of_one_route_need_not_connect_to_the_next():
    assert len(make([("A-B", "B-D"), ("A-B", "B-D")])) == 2


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=20))
def test_illegal_turns_agrees_with_looking_it_up(pairs):
    town = square_town()
    allowed = {
        (left, int(right))
        for left in range(town.edge_count)
        for right in town.successor_edges[town.successor_offsets[left] : town.successor_offsets[left + 1]]
    }
    left, right = np.array([a for a, _ in pairs], np.int32), np.array([b for _, b in pairs], np.int32)
    found = illegal_turns(town, left, right, np.full(len(pairs), CAR))
    assert found.tolist() == [pair not in allowed for pair in pairs]
