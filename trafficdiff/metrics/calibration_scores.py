"""Measure how well calibrated demand meets its data, and what is left of its realism."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.metrics.edge_flow import flow_pearson, geh5_used, trips_over_edges
from trafficdiff.metrics.geh import geh_share
from trafficdiff.metrics.realism import COLUMNS, realism
from trafficdiff.metrics.route_overlap import nearest_overlap

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.counts import Counts
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.metrics.realism import Yardstick

__all__ = ["CALIBRATION_COLUMNS", "calibration_scores"]

CALIBRATION_COLUMNS: Final = (
    *COLUMNS, "geh5_counted", "flow_pearson_elsewhere", "geh5_used_elsewhere", "route_overlap",
)  # fmt: skip
"""Columns of the evaluation of calibration: those of the protocol, and four more."""

_SECONDS_PER_HOUR: Final = 3_600.0


def calibration_scores(
    generated: TripSet,
    reference: TripSet,
    *,
    yardstick: Yardstick,
    counts: Counts,
    counted: NDArray[np.float64],
    replicates: int = 0,
    generator: np.random.Generator | None = None,
) -> tuple[dict[str, float], dict[str, float]]:
    """Return the columns of `CALIBRATION_COLUMNS`, and the standard errors of those of the protocol.

    Parameters
    ----------
    generated, reference
        Equally many trips on the same net.
    yardstick
        What they are measured with.
    counts
        What was counted; several intervals of an edge are added up.
    counted
        Shape (E,), flows that are held against the counts [trips], all hours together.

    Other Parameters
    ----------------
    replicates, generator
        As in `trafficdiff.metrics.realism.realism`.
    """
    values, errors = realism(generated, reference, yardstick=yardstick, replicates=replicates, generator=generator)
    edge_count = len(counted)
    elsewhere = yardstick.drivable.copy()
    elsewhere[counts.edge] = False
    one, other = (
        trips_over_edges(trips.edges, trips.offsets, edge_count=edge_count)[elsewhere]
        for trips in (generated, reference)
    )
    overlap = nearest_overlap(
        generated.edges,
        generated.offsets,
        known_edges=reference.edges,
        known_offsets=reference.offsets,
        length_m=reference.graph.length_m,
    )
    return {
        **values,
        "geh5_counted": _geh5_counted(counts, counted),
        "flow_pearson_elsewhere": flow_pearson(one, other),
        "geh5_used_elsewhere": geh5_used(one, other, hours=yardstick.hours),
        "route_overlap": float(overlap.mean()),
    }, errors


def _geh5_counted(counts: Counts, modelled: NDArray[np.float64]) -> float:
    """Return the share with GEH < 5 of the counted edges, on hourly flows of all intervals together."""
    edge, place = np.unique(counts.edge, return_inverse=True)
    total = np.bincount(place, weights=counts.count)
    hours = np.bincount(place, weights=counts.end_s - counts.begin_s) / _SECONDS_PER_HOUR
    return geh_share(modelled[edge] / hours, total / hours)
