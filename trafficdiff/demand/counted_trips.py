"""Say which candidate trips a target counts: a place in an interval, trip ends in zones, or all trips."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from trafficdiff.datatypes.counts import Counts
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.datatypes.zone_totals import ZoneTotals

__all__ = ["Passing", "count_hits", "passing", "side_by_side", "with_all", "zone_hits"]


@dataclass(frozen=True, eq=False)
class Passing:
    """Hold when trips pass the edges of their routes, in the order of the routes. ``R`` steps.

    Parameters
    ----------
    trip, edge
        Shape (R,), who passes where.
    time_s
        Shape (R,), when the edge is entered [s].
    """

    trip: NDArray[np.int64]
    edge: NDArray[np.int32]
    time_s: NDArray[np.float64]


def passing(trips: TripSet) -> Passing:
    """Return when trips enter the edges of their routes at free flow; inside the window, times go round.

    A trip that enters after the window's end stands for one that departed before its begin: demand is drawn for the
    window alone, and traffic counted in it did not all depart there.
    """
    begin_s, end_s = trips.window_s
    trip = np.repeat(np.arange(len(trips)), trips.route_lengths)
    spent_s = trips.graph.free_flow_time_s[trips.edges]
    before_s = np.concatenate([[0.0], np.cumsum(spent_s)])[:-1]
    since_s = before_s - before_s[trips.offsets[:-1]][trip]
    time_s = trips.depart_s[trip] + since_s
    return Passing(trip, trips.edges, begin_s + np.mod(time_s - begin_s, end_s - begin_s))


def count_hits(steps: Passing, counts: Counts, *, trips: int) -> csr_matrix:
    """Return how often each count counts each trip, shape (trips, counts)."""
    parts = [_hits_of(steps, counts, rows) for rows in _batches(counts)]
    return _matrix(parts, shape=(trips, len(counts)))


def zone_hits(trips: TripSet, totals: ZoneTotals) -> csr_matrix:
    """Return which row of zone totals counts each trip, shape (trips, rows)."""
    begin = totals.zone[trips.edges[trips.offsets[:-1]]]
    end = totals.zone[trips.edges[trips.offsets[1:] - 1]]
    parts = []
    for row in range(len(totals)):
        from_, to = totals.origin[row], totals.destination[row]
        inside = (trips.depart_s >= totals.begin_s[row]) & (trips.depart_s < totals.end_s[row])
        if from_ >= 0:
            inside = inside & (begin == from_)
        if to >= 0:
            inside = inside & (end == to)
        found = np.flatnonzero(inside)
        parts.append((found, np.full(len(found), row)))
    return _matrix(parts, shape=(len(trips), len(totals)))


def side_by_side(parts: Sequence[csr_matrix]) -> csr_matrix:
    """Return the hits of several kinds of targets as one, kinds in their order."""
    from scipy import sparse

    joined: csr_matrix = sparse.hstack(list(parts), format="csr", dtype=np.float64)
    return joined


def with_all(hits: csr_matrix) -> csr_matrix:
    """Return the hits with one target more, which counts every trip once."""
    from scipy.sparse import csr_matrix

    return side_by_side([hits, csr_matrix(np.ones((hits.shape[0], 1)))])


def _batches(counts: Counts) -> list[NDArray[np.int64]]:
    """Return rows of counts that share an interval and name each edge at most once."""
    key = np.stack([counts.begin_s, counts.end_s, counts.edge.astype(np.float64)])
    order = np.lexsort(key[::-1])
    same = np.concatenate([[False], (key[:, order[1:]] == key[:, order[:-1]]).all(axis=0)]) if len(order) else order
    again = np.zeros(len(order), np.int64)
    run = np.arange(len(order)) - np.maximum.accumulate(np.where(same, 0, np.arange(len(order))))
    again[order] = run
    _, batch = np.unique(np.stack([counts.begin_s, counts.end_s, again]), axis=1, return_inverse=True)
    batch = batch.ravel()
    return [np.flatnonzero(batch == number) for number in range(batch.max(initial=-1) + 1)]


def _hits_of(steps: Passing, counts: Counts, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    row_of = np.full(counts.graph.edge_count, -1)
    row_of[counts.edge[rows]] = rows
    row = row_of[steps.edge]
    begin_s, end_s = counts.begin_s[rows[0]], counts.end_s[rows[0]]
    hit = np.flatnonzero((row >= 0) & (steps.time_s >= begin_s) & (steps.time_s < end_s))
    return steps.trip[hit], row[hit]


def _matrix(parts: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]], *, shape: tuple[int, int]) -> csr_matrix:
    from scipy.sparse import coo_matrix

    trip = np.concatenate([part[0] for part in parts]) if parts else np.zeros(0, np.int64)
    row = np.concatenate([part[1] for part in parts]) if parts else np.zeros(0, np.int64)
    return coo_matrix((np.ones(len(trip)), (trip, row)), shape=shape).tocsr()  # repeats add up
