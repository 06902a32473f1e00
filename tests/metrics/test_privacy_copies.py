"""A copy has the route, edge for edge, and the five minutes of a known trip; short routes are nobody's."""

from __future__ import annotations

import numpy as np
import pytest

from trafficdiff.metrics.privacy_copies import exact_copies
from trafficdiff.metrics.privacy_intervals import difference_interval, share_interval

KNOWN = {
    "known_edges": np.arange(7, dtype=np.int32),
    "known_offsets": np.array([0, 7]),
    "known_depart_s": np.array([310.0]),
}


def copies(route, depart_s):
    edges = np.array(route, np.int32)
    return exact_copies(edges, np.array([0, len(edges)]), np.array([depart_s]), **KNOWN)


@pytest.mark.parametrize(
    ("route", "depart_s", "hits"),
    [
        (range(7), 599.0, 1),  # same route, same slot of 300 to 600 s
        (range(7), 600.0, 0),  # the next slot
        (range(6), 310.0, 0),  # one edge less
        ([0, 1, 2, 3, 4, 6, 5], 310.0, 0),  # another order
    ],
)
def test_route_and_five_minutes_make_a_copy(route, depart_s, hits):
    found = copies(list(route), depart_s)
    assert (found.hits, found.of, found.rate) == (hits, 1, hits)


def test_routes_of_fewer_than_six_edges_are_not_counted():
    found = exact_copies(np.arange(5, dtype=np.int32), np.array([0, 5]), np.array([310.0]), **KNOWN)
    assert found.of == 0
    assert np.isnan(found.rate)


def test_bounds_of_a_share_are_wilsons():
    # Newcombe (1998), table I: 81 of 263 has .2553 to .3662, 0 of 20 has 0 to .1611
    assert share_interval(81, 263)[:2] == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert share_interval(0, 20)[:2] == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert share_interval(0, 0)[:2] == (0.0, 1.0)


def test_bounds_of_a_difference_are_newcombes():
    # Newcombe (1998), table II, method 10: 56/70 - 48/80 has .0524 to .3339; 10/10 - 0/10 has .6075 to 1
    assert difference_interval((56, 70), (48, 80))[:2] == pytest.approx((0.0524, 0.3339), abs=1e-4)
    assert difference_interval((10, 10), (0, 10))[:2] == pytest.approx((0.6075, 1.0), abs=1e-4)
