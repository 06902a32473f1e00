"""A count counts the trips that pass its edge in its interval, a zone total those that begin or end there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.towns import make_town
from trafficdiff.datatypes.counts import Counts
from trafficdiff.datatypes.trips import TripSet
from trafficdiff.datatypes.zone_totals import ANY, ZoneTotals
from trafficdiff.demand.counted_trips import count_hits, passing, with_all, zone_hits

if TYPE_CHECKING:
    from trafficdiff.datatypes.graph import RoadGraph


def line() -> RoadGraph:
    """A street of three edges of 100 m, ten seconds each."""
    nodes = {name: (100.0 * place, 0.0) for place, name in enumerate("ABCD")}
    return make_town(nodes, [("A", "B"), ("B", "C"), ("C", "D")])


def trips(depart_s: list[float]) -> TripSet:
    """Trips along the whole street, in a window of a hundred seconds."""
    count = len(depart_s)
    return TripSet(
        graph=line(), trip_id=np.arange(count).astype(str).astype(object), depart_s=np.array(depart_s),
        window_s=(0.0, 100.0), offsets=np.arange(0, 3 * count + 1, 3),
        edges=np.tile(np.arange(3, dtype=np.int32), count),
    )  # fmt: skip


def counts(*rows: tuple[int, float, float]) -> Counts:
    edge, begin_s, end_s = zip(*rows, strict=True)
    return Counts(
        graph=line(), edge=np.array(edge, np.int32), begin_s=np.array(begin_s), end_s=np.array(end_s),
        count=np.zeros(len(rows)),
    )  # fmt: skip


def test_the_time_on_the_way_decides_the_interval() -> None:
    some = trips([0.0, 35.0, 45.0])
    found = count_hits(passing(some), counts((0, 0, 50), (2, 0, 50), (2, 50, 100)), trips=3).toarray()
    assert found.tolist() == [[1, 1, 0], [1, 0, 1], [1, 0, 1]]


def test_who_passes_after_the_window_stands_for_one_who_left_before_it() -> None:
    some = trips([85.0, 95.0])
    assert passing(some).time_s.reshape(2, 3).tolist() == [[85, 95, 5], [95, 5, 15]]
    whole = count_hits(passing(some), counts((0, 0, 100), (1, 0, 100), (2, 0, 100)), trips=2).toarray()
    assert (whole == 1).all()


def test_a_place_that_is_counted_twice_is_two_targets() -> None:
    found = count_hits(passing(trips([0.0])), counts((1, 0, 100), (0, 0, 100), (1, 0, 100)), trips=1).toarray()
    assert found.tolist() == [[1, 1, 1]]


def test_zone_totals_count_ends_and_intervals() -> None:
    graph = line()
    totals = ZoneTotals(
        graph=graph, names=("west", "east"), zone=np.array([0, ANY, 1], np.int32),
        origin=np.array([0, ANY, 0, 1, 0], np.int32), destination=np.array([ANY, 1, 1, ANY, ANY], np.int32),
        begin_s=np.array([-np.inf] * 4 + [50.0]), end_s=np.full(5, np.inf), trips=np.ones(5),
    )  # fmt: skip
    hits = zone_hits(trips([0.0, 60.0]), totals)
    assert hits.toarray().tolist() == [[1, 1, 1, 0, 0], [1, 1, 1, 0, 1]]
    assert with_all(hits).toarray()[:, -1] == pytest.approx([1, 1])
    assert totals.said(2) == "trips from zone 'west' to 'east'"
