"""Take from real trips what a city would know of them: counts on some edges, totals of coarse zones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.counts import Counts
from trafficdiff.datatypes.zone_totals import ANY, ZoneTotals
from trafficdiff.metrics.edge_flow import trips_over_edges
from trafficdiff.metrics.od_table import grid_cells, mass_by_cell
from trafficdiff.workflows.randomness import stream

if TYPE_CHECKING:
    from trafficdiff.datatypes.trips import TripSet

__all__ = ["counted_trips", "totals_of"]

_GRID: Final = 4
"""Zones of the totals along each axis of the net."""


def counted_trips(reference: TripSet, *, share: float, seed: int, busiest: bool = False) -> Counts:
    """Return the trips over some of the edges that are used, at least one, in one interval."""
    flow = trips_over_edges(reference.edges, reference.offsets, edge_count=reference.graph.edge_count)
    used = np.flatnonzero(flow)
    many = max(1, round(share * len(used)))
    order = np.argsort(-flow[used], kind="stable") if busiest else stream(seed, "counted edges").permutation(len(used))
    edge = np.sort(used[order[:many]]).astype(np.int32)
    begin_s, end_s = reference.window_s
    return Counts(
        graph=reference.graph,
        edge=edge,
        begin_s=np.full(len(edge), begin_s),
        end_s=np.full(len(edge), end_s),
        count=flow[edge],
    )


def totals_of(trips: TripSet) -> ZoneTotals:
    """Return how many trips begin and end in each cell of a coarse grid: what a survey of households would tell."""
    cells = _GRID * _GRID
    zone = grid_cells(trips.graph.midpoint_xy, side=_GRID).astype(np.int32)
    ends = (zone[trips.edges[trips.offsets[:-1]]], zone[trips.edges[trips.offsets[1:] - 1]])
    each, nothing = np.arange(cells, dtype=np.int32), np.full(cells, ANY, np.int32)
    return ZoneTotals(
        graph=trips.graph,
        names=tuple(f"row {cell // _GRID}, column {cell % _GRID}" for cell in range(cells)),
        zone=zone,
        origin=np.concatenate([each, nothing]),
        destination=np.concatenate([nothing, each]),
        begin_s=np.full(2 * cells, -np.inf),
        end_s=np.full(2 * cells, np.inf),
        trips=np.concatenate([mass_by_cell(cell, cells=cells) for cell in ends]),
    )
