"""Turn what is known of a city's demand into targets, and candidates into what those targets count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from trafficdiff.demand.counted_trips import count_hits, passing, side_by_side, zone_hits
from trafficdiff.demand.slopes import standardised
from trafficdiff.errors import Faults, InputError
from trafficdiff.workflows.calibration_pool import ends_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from trafficdiff.datatypes.counts import Counts
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.datatypes.zone_totals import ZoneTotals
    from trafficdiff.workflows.calibration_settings import CalibrationSettings

__all__ = ["CalibrationData", "Qualities", "Targets", "bounds_of", "qualities_of", "refuse_faulty", "targets_of"]


@dataclass(frozen=True, eq=False, kw_only=True)
class CalibrationData:
    """Hold what is known of a city's demand; None for what is not.

    Parameters
    ----------
    counts
        Counted traffic, each count in an interval inside the window.
    totals
        Trips that begin and end in zones, or go between them.
    observed
        Some trips as they were: a sample of the demand, not all of it.
    """

    counts: Counts | None = None
    totals: ZoneTotals | None = None
    observed: TripSet | None = None

    @property
    def said(self) -> list[str]:
        """What there is, in words."""
        parts = (("counts", self.counts), ("zone totals", self.totals), ("observed trips", self.observed))
        return [word for word, part in parts if part is not None]


class Targets(NamedTuple):
    """Hold which candidates each target counts, shape (T, C), and what it wants, shape (C,); counts come first."""

    hits: csr_matrix
    wanted: NDArray[np.float64]


class Qualities(NamedTuple):
    """Hold qualities of trips, shape (T, Q), less their mean; their names, and how far a slope is expected to lie."""

    names: list[str]
    values: NDArray[np.float64]
    spread: NDArray[np.float64]


def refuse_faulty(
    data: CalibrationData, graph: RoadGraph, *, window_s: tuple[float, float], trips: int, faults: Faults | None = None
) -> None:
    """Raise InputError with every fault of the data together; `faults` may hold some already."""
    faults = Faults("calibration") if faults is None else faults
    if not data.said and not faults:
        faults.add("expected counts, zone totals or observed trips, got none of them")
    if trips < 1:
        faults.add(f"expected at least one trip, got {trips}")
    if not window_s[0] < window_s[1]:
        faults.add(f"expected a window that ends after it begins, got {window_s[0]:g} to {window_s[1]:g} s")
    for what, part in (("counts", data.counts), ("zone totals", data.totals), ("observed trips", data.observed)):
        if part is not None and part.graph is not graph and list(part.graph.edge_id) != list(graph.edge_id):
            faults.add(f"{what}: expected them on the edges of this net, got those of another")
    if data.counts is not None:
        _note_counts(data.counts, faults, window_s=window_s)
    if data.totals is not None:
        _note_intervals(data.totals, faults, what="zone totals", window_s=window_s)
    if data.observed is not None and len(data.observed) < 2:
        faults.add(f"observed trips: expected at least two, got {len(data.observed)}")
    faults.raise_if_any(InputError)


def targets_of(trips: TripSet, data: CalibrationData) -> Targets:
    """Return what the counts and totals say of the trips."""
    from scipy.sparse import csr_matrix

    hits, wanted = [csr_matrix((len(trips), 0))], [np.zeros(0)]
    if data.counts is not None:
        hits.append(count_hits(passing(trips), data.counts, trips=len(trips)))
        wanted.append(data.counts.count)
    if data.totals is not None:
        hits.append(zone_hits(trips, data.totals))
        wanted.append(data.totals.trips)
    return Targets(side_by_side(hits), np.concatenate(wanted))


def qualities_of(
    trips: TripSet, prior: NDArray[np.float64], data: CalibrationData, *, settings: CalibrationSettings
) -> Qualities:
    """Return the qualities of trips by which the prior may lean: kept few, for sparse counts tell little.

    Observed trips have told how much each matters; only when trips depart is left to the counts then.
    """
    from trafficdiff.roads.scenes import rim_capacity

    columns: dict[str, NDArray[np.float64]] = {}
    if data.observed is None:
        graph, (begin, end) = trips.graph, ends_of(trips)
        enter, leave = rim_capacity(graph)
        time_s = trips.sum_over_route(graph.free_flow_time_s)
        columns = {
            "through": ((enter[begin] > 0) & (leave[end] > 0)).astype(np.float64),
            "time": time_s / max(float(np.average(time_s, weights=prior)), 1e-9),
            "capacity in": _logarithm(enter[begin], prior),
            "capacity out": _logarithm(leave[end], prior),
        }
    spread = [settings.slope_spread] * len(columns)
    for number, inside in enumerate(_departed(trips, data), start=1):
        columns[f"interval {number}"] = inside
        spread.append(settings.interval_spread)
    values = np.stack(list(columns.values()), axis=1) if columns else np.zeros((len(trips), 0))
    return Qualities(list(columns), standardised(values, prior), np.array(spread))


def bounds_of(window_s: tuple[float, float], data: CalibrationData) -> NDArray[np.float64]:
    """Return where the intervals of the data begin and end, and the window's own bounds [s], sorted."""
    times = [np.array(window_s)]
    times += [part for each in (data.counts, data.totals) if each is not None for part in (each.begin_s, each.end_s)]
    return np.unique(np.clip(np.concatenate(times), *window_s))


def _note_counts(counts: Counts, faults: Faults, *, window_s: tuple[float, float]) -> None:
    edges = counts.graph.edge_count
    for row in np.flatnonzero((counts.edge < 0) | (counts.edge >= edges)):
        faults.add(f"counts: row {row}: expected an edge from 0 to {edges - 1}, got {counts.edge[row]}")
    for row in np.flatnonzero(~(np.isfinite(counts.count) & (counts.count >= 0))):
        faults.add(f"counts: row {row}: expected a count from 0, got {counts.count[row]:g}")
    _note_intervals(counts, faults, what="counts", window_s=window_s)


def _note_intervals(data: Counts | ZoneTotals, faults: Faults, *, what: str, window_s: tuple[float, float]) -> None:
    """Note intervals that are not inside the window; infinite bounds stand for its own."""
    begin_s, end_s = data.begin_s, data.end_s
    outside = (np.isfinite(begin_s) & (begin_s < window_s[0])) | (np.isfinite(end_s) & (end_s > window_s[1]))
    outside |= ~(begin_s < end_s)
    for first, last in np.unique(np.stack([begin_s[outside], end_s[outside]]), axis=1).T:
        faults.add(
            f"{what}: expected intervals inside the window from {window_s[0]:g} to {window_s[1]:g} s, got "
            f"{first:g} to {last:g} s; set the window to the data, or leave these out"
        )


def _departed(trips: TripSet, data: CalibrationData) -> list[NDArray[np.float64]]:
    """Return who departs in each interval of the data, where there is more than one; shape (T,) each."""
    bounds = bounds_of(trips.window_s, data)
    if len(bounds) < 3:
        return []
    place = np.searchsorted(bounds, trips.depart_s, side="right") - 1
    return [(place == number).astype(np.float64) for number in range(len(bounds) - 1)]


def _logarithm(capacity: NDArray[np.float64], prior: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the logarithm of what a road can carry across the rim, less its mean there; 0 for trips inside."""
    rim = capacity > 0
    if not rim.any():
        return np.zeros(len(capacity))
    log = np.log(np.where(rim, capacity, 1.0))
    return np.where(rim, log - np.average(log[rim], weights=prior[rim]), 0.0)
