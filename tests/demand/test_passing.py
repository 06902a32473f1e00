import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.towns import make_town, square_town
from trafficdiff.datatypes.trips import TripSet
from trafficdiff.demand.passing import passing_times_s, trips_passing
from trafficdiff.errors import TripError


def trips_on(town, routes, depart_s):
    return TripSet(
        graph=town,
        trip_id=np.array([str(row) for row in range(len(routes))], object),
        depart_s=np.array(depart_s, float),
        window_s=(0.0, 1e6),
        offsets=np.concatenate([[0], np.cumsum([len(row) for row in routes])]).astype(np.int64),
        edges=np.array([town.edge_index[name] for row in routes for name in row], np.int32),
    )


def test_an_edge_is_entered_when_those_before_are_driven():
    town = square_town()  # every side takes 10 s
    trips = trips_on(town, [["A-B", "B-D", "D-C"], ["C-A"], ["B-A", "A-C"]], [5.0, 7.5, 100.0])
    assert passing_times_s(trips).tolist() == [5.0, 15.0, 25.0, 7.5, 100.0, 110.0]
    slow = np.full(town.edge_count, 10.0)
    slow[town.edge_index["B-D"]] = 60.0
    slow[town.edge_index["D-C"]] = 1_000.0  # the last edge of a trip delays nobody
    assert passing_times_s(trips, edge_time_s=slow).tolist() == [5.0, 15.0, 75.0, 7.5, 100.0, 110.0]


def test_nobody_passes_where_nobody_drives():
    assert len(passing_times_s(trips_on(square_town(), [], []))) == 0


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 6)), min_size=1, max_size=12), st.integers(0, 2**32 - 1))
def test_times_are_those_of_a_clock_that_walks_each_route(pieces, seed):
    letters = "ABCDEFGHIJKLM"
    town = make_town(
        {name: (100.0 * place, 0.0) for place, name in enumerate(letters)}, list(itertools.pairwise(letters))
    )
    routes = [[f"{letters[k]}-{letters[k + 1]}" for k in range(start, start + length)] for start, length in pieces]
    random = np.random.default_rng(seed)
    trips = trips_on(town, routes, np.sort(random.uniform(0, 86_400, len(routes))))
    time_s = random.uniform(0.5, 90, town.edge_count)
    expected = []
    for depart_s, names in zip(trips.depart_s, routes, strict=True):
        clock_s = depart_s
        for name in names:
            expected.append(clock_s)
            clock_s += time_s[town.edge_index[name]]
    np.testing.assert_allclose(passing_times_s(trips, edge_time_s=time_s), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("times", [np.ones(3), np.zeros(8), np.full(8, np.inf), np.full(8, np.nan)])
def test_times_that_are_no_times_are_refused(times):
    with pytest.raises(TripError, match="8 finite positive edge times"):
        passing_times_s(trips_on(square_town(), [["A-B"]], [0.0]), edge_time_s=times)


@pytest.mark.parametrize(
    ("begin_s", "end_s", "expected"),
    [(-np.inf, np.inf, [0, 2]), (0.0, 15.0, []), (0.0, 15.1, [0]), (24.9, 110.0, [0]), (25.0, 110.0, []),
     (25.0, 110.1, [2]), (200.0, 300.0, [])],
)  # fmt: skip
def test_who_is_on_an_edge_in_a_window_entered_before_its_end_and_left_after_its_begin(begin_s, end_s, expected):
    town = square_town()
    trips = trips_on(town, [["A-B", "B-D", "D-C"], ["C-A"], ["A-B", "B-D"]], [5.0, 7.5, 100.0])
    edges = np.array([town.edge_index["B-D"]])  # the first is there from 15 to 25 s, the last from 110 to 120 s
    assert trips_passing(trips, edges, begin_s=begin_s, end_s=end_s).tolist() == expected


def test_a_trip_that_passes_several_of_the_edges_counts_once_and_slow_edges_hold_longer():
    town = square_town()
    trips = trips_on(town, [["A-B", "B-D", "D-C"]], [5.0])
    edges = np.array([town.edge_index[name] for name in ("B-D", "D-C")])
    assert trips_passing(trips, edges).tolist() == [0]
    assert trips_passing(trips, edges, begin_s=35.0).tolist() == []
    assert trips_passing(trips, edges, begin_s=35.0, edge_time_s=np.full(8, 11.0)).tolist() == [0]
