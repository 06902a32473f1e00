"""Measure how much generated trips are like real ones: the columns of the evaluation protocol.

The protocol, in words, is ``docs/evaluation.md``. Every number compares equally many trips, as JSD and CPC on fine
cells depend on how many there are: read them beside the floor, a second half of the real trips.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.metrics import edge_flow
from trafficdiff.metrics.divergence import common_part, jensen_shannon
from trafficdiff.metrics.od_table import grid_cells, mass_by_cell, od_cells
from trafficdiff.metrics.route_copies import copied, disconnected

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.trips import TripSet

__all__ = [
    "COLUMNS", "FLOW_COLUMNS", "HIGHER_IS_BETTER", "LOWER_IS_BETTER", "Yardstick", "flow_realism", "jsd_depart_15min",
    "jsd_length", "length_bins", "make_yardstick", "mean_length_ratio", "realism",
]  # fmt: skip

FLOW_COLUMNS: Final = ("flow_pearson", "flow_spearman", "rmse_sqrt_flow", "geh5_used", "geh5_all")
COLUMNS: Final = (
    "jsd_length", "mean_length_ratio", "jsd_o", "jsd_d", "jsd_od", "cpc_od", "jsd_o_8x8", "jsd_d_8x8", "jsd_od_8x8",
    "cpc_od_8x8", *FLOW_COLUMNS, "jsd_depart_15min", "share_disconnected", "share_identical_to_a_real_route",
)  # fmt: skip
"""Columns of the protocol, in its order."""
HIGHER_IS_BETTER: Final = frozenset({"cpc_od", "cpc_od_8x8", "flow_pearson", "flow_spearman", "geh5_used", "geh5_all"})
LOWER_IS_BETTER: Final = frozenset(
    {"jsd_length", "jsd_o", "jsd_d", "jsd_od", "jsd_o_8x8", "jsd_d_8x8", "jsd_od_8x8", "rmse_sqrt_flow",
     "jsd_depart_15min", "share_disconnected"}
)  # fmt: skip

_LENGTH_BINS: Final = 40
_LENGTH_PERCENTILE: Final = 99.5
_GRIDS: Final = {16: "", 8: "_8x8"}
_SLICE_S: Final = 900.0
_HALF_AN_HOUR_S: Final = 1800.0
_SECONDS_PER_HOUR: Final = 3600.0


def length_bins(reference_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the bounds of 40 equal bins from 0 to the 99.5th percentile of lengths [m], then an overflow bin."""
    top_m = float(np.percentile(reference_m, _LENGTH_PERCENTILE))
    return np.append(np.linspace(0.0, top_m, _LENGTH_BINS + 1), np.inf)


def jsd_length(
    generated_m: NDArray[np.float64],
    reference_m: NDArray[np.float64],
    *,
    bins_m: NDArray[np.float64] | None = None,
    generated_weight: NDArray[np.float64] | None = None,
    reference_weight: NDArray[np.float64] | None = None,
) -> float:
    """Return the divergence of two distributions of route length; bins from `length_bins` of the reference."""
    bins = length_bins(reference_m) if bins_m is None else bins_m
    one, _ = np.histogram(generated_m, bins, weights=generated_weight)
    other, _ = np.histogram(reference_m, bins, weights=reference_weight)
    return jensen_shannon(one, other)


def mean_length_ratio(generated_m: NDArray[np.float64], reference_m: NDArray[np.float64]) -> float:
    """Return the mean generated route length over the mean real one."""
    return float(generated_m.mean() / reference_m.mean())


def jsd_depart_15min(
    generated_s: NDArray[np.float64],
    reference_s: NDArray[np.float64],
    *,
    generated_weight: NDArray[np.float64] | None = None,
    reference_weight: NDArray[np.float64] | None = None,
) -> float:
    """Return the divergence of two distributions of departures over quarter hours of the day.

    NaN where the reference spans half an hour or less.
    """
    if np.ptp(reference_s) <= _HALF_AN_HOUR_S:
        return np.nan
    one, other = ((seconds // _SLICE_S).astype(np.int64) for seconds in (generated_s, reference_s))
    first = min(int(one.min()), int(other.min()))
    slices = max(int(one.max()), int(other.max())) - first + 1
    return jensen_shannon(
        mass_by_cell(one - first, cells=slices, weight=generated_weight),
        mass_by_cell(other - first, cells=slices, weight=reference_weight),
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class Yardstick:
    """Hold what trips of one city are measured with; E edges.

    Parameters
    ----------
    graph
        The roads.
    drivable
        Shape (E,), edges that flows are compared on: open to the vehicle class, or used by a real trip.
    hours
        Length of the real trips' window [h], which turns trips into hourly flows.
    cells
        Cell of each edge's midpoint, shape (E,), by the side of the grid.
    """

    graph: RoadGraph
    drivable: NDArray[np.bool_]
    hours: float
    cells: dict[int, NDArray[np.int64]]


def make_yardstick(real: TripSet, *, vehicle_class: str = "passenger") -> Yardstick:
    """Return what trips are measured with on the net of all real trips.

    Raises
    ------
    InputError
        If SUMO does not know the class.
    """
    graph = real.graph
    drivable = graph.drivable(vehicle_class).copy()
    drivable[real.edges] = True
    begin_s, end_s = real.window_s
    cells = {side: grid_cells(graph.midpoint_xy, side=side) for side in _GRIDS}
    return Yardstick(graph=graph, drivable=drivable, hours=(end_s - begin_s) / _SECONDS_PER_HOUR, cells=cells)


def flow_realism(
    modelled: NDArray[np.float64], observed: NDArray[np.float64], *, yardstick: Yardstick
) -> dict[str, float]:
    """Return the columns about flows for two flows over all edges, shape (E,) each, totals matched."""
    one, other = modelled[yardstick.drivable], observed[yardstick.drivable]
    return {
        "flow_pearson": edge_flow.flow_pearson(one, other),
        "flow_spearman": edge_flow.flow_spearman(one, other),
        "rmse_sqrt_flow": edge_flow.rmse_sqrt_flow(one, other),
        "geh5_used": edge_flow.geh5_used(one, other, hours=yardstick.hours),
        "geh5_all": edge_flow.geh5_all(one, other, hours=yardstick.hours),
    }


def realism(
    generated: TripSet,
    reference: TripSet,
    *,
    yardstick: Yardstick,
    replicates: int = 0,
    generator: np.random.Generator | None = None,
) -> tuple[dict[str, float], dict[str, float]]:
    """Return the columns of the protocol, and the standard error of each.

    Parameters
    ----------
    generated, reference
        Equally many trips on the same net.
    yardstick
        What they are measured with.

    Other Parameters
    ----------------
    replicates
        How often both sets of trips are drawn again with replacement for the standard errors (the bootstrap:
        Efron and Tibshirani 1993, "An Introduction to the Bootstrap", chapter 6); without any they are NaN.
    generator
        Source of randomness of the bootstrap.
    """
    pair = _Pair(generated, reference, yardstick)
    values = pair.measure(None, None)
    generator = generator or np.random.default_rng(0)
    drawn = [pair.measure(*(_redrawn(len(trips), generator) for trips in (generated, reference)))
             for _ in range(replicates)]  # fmt: skip
    errors = {name: float(np.std([each[name] for each in drawn], ddof=1)) if replicates > 1 else np.nan
              for name in COLUMNS}  # fmt: skip
    return values, errors


def _redrawn(count: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """Return how often each trip occurs in as many draws with replacement, shape (count,)."""
    return np.bincount(generator.integers(count, size=count), minlength=count).astype(np.float64)


class _Pair:
    """Hold what two sets of trips are compared by, so that drawing them again costs sums only."""

    def __init__(self, generated: TripSet, reference: TripSet, yardstick: Yardstick) -> None:
        self.yardstick = yardstick
        self.sets = (generated, reference)
        self.lengths = tuple(trips.sum_over_route(trips.graph.length_m) for trips in self.sets)
        self.bins_m = length_bins(self.lengths[1])
        self.cells = {side: tuple(_end_cells(trips, cells, side) for trips in self.sets)
                      for side, cells in yardstick.cells.items()}  # fmt: skip
        masks = generated.class_mask
        self.lost = disconnected(generated.graph, generated.edges, generated.offsets, mask=masks)
        self.copied = copied(
            generated.edges, generated.offsets, known_edges=reference.edges, known_offsets=reference.offsets
        )

    def measure(self, one: NDArray[np.float64] | None, other: NDArray[np.float64] | None) -> dict[str, float]:
        """Return the columns; each trip counts with its weight, or once."""
        weights = {"generated_weight": one, "reference_weight": other}
        (generated_m, reference_m), (generated, reference) = self.lengths, self.sets
        values = {
            "jsd_length": jsd_length(generated_m, reference_m, bins_m=self.bins_m, **weights),
            "mean_length_ratio": float(np.average(generated_m, weights=one) / np.average(reference_m, weights=other)),
        }
        for side, suffix in _GRIDS.items():
            values |= {name + suffix: value for name, value in self._ends(side, one, other).items()}
        flows = (
            edge_flow.trips_over_edges(trips.edges, trips.offsets, edge_count=trips.graph.edge_count, weight=weight)
            for trips, weight in zip(self.sets, (one, other), strict=True)
        )
        return {
            **values,
            **flow_realism(*flows, yardstick=self.yardstick),
            "jsd_depart_15min": jsd_depart_15min(generated.depart_s, reference.depart_s, **weights),
            "share_disconnected": float(np.average(self.lost, weights=one)),
            "share_identical_to_a_real_route": float(np.average(self.copied, weights=one)),
        }

    def _ends(self, side: int, one: NDArray[np.float64] | None, other: NDArray[np.float64] | None) -> dict[str, float]:
        """Return the columns about trip ends on one grid."""
        (origin, destination, both), (real_origin, real_destination, real_both) = self.cells[side]
        count = side * side

        def tables(
            cell: NDArray[np.int64], real: NDArray[np.int64], cells: int
        ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
            return mass_by_cell(cell, cells=cells, weight=one), mass_by_cell(real, cells=cells, weight=other)

        pairs = tables(both, real_both, count * count)
        return {
            "jsd_o": jensen_shannon(*tables(origin, real_origin, count)),
            "jsd_d": jensen_shannon(*tables(destination, real_destination, count)),
            "jsd_od": jensen_shannon(*pairs),
            "cpc_od": common_part(*pairs),
        }


def _end_cells(
    trips: TripSet, cells: NDArray[np.int64], side: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the cells of origins, of destinations, and of both in the flat table, shape (T,) each."""
    origin, destination = cells[trips.edges[trips.offsets[:-1]]], cells[trips.edges[trips.offsets[1:] - 1]]
    return origin, destination, od_cells(origin, destination, cells=side * side)
