"""Pull the model's demand to what a city knows of its own: counts, zone totals, observed trips.

::

    model ──▶ candidates ──┐                       ┌──▶ N trips
    observed trips ────────┴─▶ prior ──▶ tilt ──▶ rounding
    counts, zone totals ───────▶ targets ──┘        └──▶ fit, cost in realism
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.calibration_facts import PROVENANCE, facts_of
from trafficdiff.datatypes.scenario import ModelDemand
from trafficdiff.demand.counted_trips import count_hits, passing, side_by_side, with_all
from trafficdiff.demand.rounding import alike_together, systematic
from trafficdiff.demand.slopes import Leant, lean
from trafficdiff.demand.tilting import tilt
from trafficdiff.workflows.calibration_clashes import between, clashes_of, usual_mask
from trafficdiff.workflows.calibration_fit import CARD_FORMAT, Solved, cost_of, fit_of
from trafficdiff.workflows.calibration_pool import Candidates, draw_candidates, ends_of, through_counted
from trafficdiff.workflows.calibration_settings import CalibrationSettings
from trafficdiff.workflows.calibration_targets import (
    CalibrationData,
    Qualities,
    Targets,
    bounds_of,
    qualities_of,
    refuse_faulty,
    targets_of,
)
from trafficdiff.workflows.model_trips import model_trips
from trafficdiff.workflows.progress import quiet
from trafficdiff.workflows.randomness import stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.counts import Counts
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.workflows.progress import Progress

__all__ = ["Calibrated", "CalibrationData", "CalibrationSettings", "calibrate"]

_TOTAL_ERROR: Final = 0.01
"""How far the sum of the weights may lie from the trips that are asked for, before it is made to fit."""
_MOST_SHIFT_S: Final = 300.0
"""Most that the departure of a candidate that is taken twice moves."""
_ALMOST: Final = 0.999


@dataclass(frozen=True, eq=False, kw_only=True)
class Calibrated:
    """Hold calibrated demand.

    Parameters
    ----------
    trips
        As many as were asked for.
    fit
        How well they fit, and what it cost: plain data, the card beside the file.
    uncalibrated
        What the model draws without the data, with the same seed.
    """

    trips: TripSet
    fit: dict[str, Any]
    uncalibrated: TripSet


def calibrate(
    graph: RoadGraph,
    *,
    trips: int,
    window_s: tuple[float, float],
    data: CalibrationData,
    seed: int,
    sample: int = 0,
    demand: ModelDemand | None = None,
    checkpoint: Path | None = None,
    folder: Path = Path(),
    settings: CalibrationSettings | None = None,
    progress: Progress = quiet,
) -> Calibrated:
    """Return as many trips as are asked for, drawn by the model and pulled to the data.

    Parameters
    ----------
    graph
        The roads.
    trips, window_s
        How many trips depart from begin to before end [s].
    data
        What is known; at least one of the three.
    seed
        The only source of randomness.

    Other Parameters
    ----------------
    sample
        Number of the draw: each is one of its own that meets the same data.
    demand
        Fleet, shape of the departures, route choice of the model's demand; its number of trips is not looked at.
    checkpoint
        A trained model, before the one that `demand` names; else the shipped one.
    folder
        Where the path of the demand's checkpoint starts.
    settings
        How to calibrate.
    progress
        Told what is being done.

    Raises
    ------
    InputError
        Naming every fault of the data: counts, totals and observed trips together.
    """
    started_s = time.process_time()
    refuse_faulty(data, graph, window_s=window_s, trips=trips)
    settings = settings or CalibrationSettings()
    demand = (demand or ModelDemand()).model_copy(update={"trips": trips})
    if checkpoint is not None:
        demand, folder = demand.model_copy(update={"checkpoint": str(checkpoint.resolve())}), Path()
    progress(f"drawing {trips:,} trips that know nothing of the data", None)
    generator = stream(seed, "demand", sample=sample)
    free = model_trips(graph, demand, window_s=window_s, generator=generator, seed=seed, folder=folder)
    dice, count = stream(seed, "calibration", sample=sample), settings.candidates(trips)
    progress(f"drawing {count:,} candidates", None)
    pool = draw_candidates(
        graph, demand, count=count, window_s=window_s, observed=data.observed, settings=settings, generator=dice,
        folder=folder,
    )  # fmt: skip
    pool = _served(pool, data.counts, settings=settings, generator=dice)
    progress("fitting", None)
    solved = _solve(pool, data, trips=trips, settings=settings)
    rows = _chosen(solved, count=trips, generator=dice)
    progress("measuring the fit", None)
    made = _made(pool.trips, rows, data, names=free.trip_id, generator=dice)
    fit = {
        "format": CARD_FORMAT, "trips": trips, "seed": seed, "sample": sample, "window_s": list(window_s),
        **fit_of(solved, data.counts, data.totals, data.observed, rows=rows, window_s=window_s),
        "mixture": pool.mixture, "candidates": len(pool.trips), "slopes": solved.slopes,
        "cost": cost_of(made, free, solved), "settings": dict(vars(settings)),
        "cpu_s": round(time.process_time() - started_s, 2), "provenance": dict(free.provenance),
    }  # fmt: skip
    model = free.provenance.get("model", "learned demand model")
    said = {
        "synthetic": f"yes: drawn by the {model}, calibrated to {', '.join(data.said)}",
        PROVENANCE: facts_of(fit).model_dump_json(),
    }
    return Calibrated(trips=replace(made, provenance=free.provenance | said), fit=fit, uncalibrated=free)


def _served(
    pool: Candidates, counts: Counts | None, *, settings: CalibrationSettings, generator: np.random.Generator
) -> Candidates:
    """Return candidates that reach every counted edge, as far as a way leads there."""
    if counts is None:
        return pool
    hits = count_hits(passing(pool.trips), counts, trips=len(pool.trips))
    served = np.asarray(hits.sum(axis=0), np.float64).ravel()
    return through_counted(pool, counts, served, settings=settings, generator=generator)


def _solve(pool: Candidates, data: CalibrationData, *, trips: int, settings: CalibrationSettings) -> Solved:
    """Return the weights of the candidates; their number is one more target, a firm one."""
    targets = targets_of(pool.trips, data)
    prior = pool.weight * (trips / pool.weight.sum())
    belief = float(np.sqrt(settings.prior_strength))
    clashes = [] if data.counts is None else clashes_of(data.counts, usual_mask(pool.trips.class_mask))
    held = between(targets.hits, clashes)
    wanted = np.concatenate([targets.wanted, held.T @ prior])
    deviation = settings.deviation(wanted) * belief
    qualities = _told(qualities_of(pool.trips, prior, data, settings=settings), targets)
    leant = lean(
        with_all(side_by_side([targets.hits, held])),
        prior,
        np.append(wanted, trips),
        tolerance=np.append(deviation, _TOTAL_ERROR * trips * belief),
        qualities=qualities.values,
        spread=qualities.spread,
        strength=settings.prior_strength,
    )
    count = len(targets.wanted)
    return Solved(
        trips=pool.trips,
        hits=targets.hits,
        wanted=targets.wanted,
        prior=prior,
        weight=leant.tilt.weight * (trips / leant.tilt.weight.sum()),
        multiplier=leant.tilt.multiplier[:count],
        slopes=dict(zip(qualities.names, leant.slope.round(4).tolist(), strict=True)),
        asked_for=_asked_for(targets, leant, deviation[:count]),
        clashes=clashes,
    )


def _told(qualities: Qualities, targets: Targets) -> Qualities:
    """Return the qualities that targets can tell of: none without any."""
    if len(targets.wanted):
        return qualities
    return Qualities([], qualities.values[:, :0], qualities.spread[:0])


def _asked_for(targets: Targets, leant: Leant, deviation: NDArray[np.float64]) -> float:
    """Return how many trips the data would have, may they be any number; NaN where they do not say."""
    if not len(targets.wanted):
        return float("nan")
    start = leant.tilt.multiplier[: len(targets.wanted)]
    free = tilt(targets.hits, leant.prior, targets.wanted, tolerance=deviation, start=start, accuracy=1e-2)
    return float(free.weight.sum())


def _chosen(solved: Solved, *, count: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Return which candidates are taken, those that are alike beside each other."""
    begin, end = ends_of(solved.trips)
    order = alike_together(solved.hits, [begin, end, solved.trips.depart_s])
    return systematic(solved.weight, count, order=order, generator=generator)


def _made(
    trips: TripSet,
    rows: NDArray[np.int64],
    data: CalibrationData,
    *,
    names: NDArray[np.object_],
    generator: np.random.Generator,
) -> TripSet:
    """Return the chosen trips; those chosen again depart at another moment, which no count can tell."""
    from trafficdiff.demand.paths import Paths

    again = np.concatenate([[False], rows[1:] == rows[:-1]])
    early_s, late_s = _room(trips, data)
    low, high = np.maximum(early_s, -_MOST_SHIFT_S)[rows], np.minimum(late_s, _MOST_SHIFT_S)[rows]
    moved_s = np.where(again, low + (high - low) * generator.random(len(rows)), 0.0)
    begin_s, end_s = trips.window_s
    depart_s = np.clip(trips.depart_s[rows] + moved_s, begin_s, np.nextafter(end_s, begin_s))
    order = np.argsort(depart_s, kind="stable")
    rows = rows[order]
    ways = Paths(trips.offsets, trips.edges).take(rows)
    return replace(
        trips,
        trip_id=names,
        depart_s=depart_s[order],
        offsets=ways.offsets,
        edges=ways.edges,
        vehicle_type=trips.vehicle_type[rows],
        state_of_charge=trips.state_of_charge[rows],
        battery_kwh=trips.battery_kwh[rows],
    )


def _room(trips: TripSet, data: CalibrationData) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how much earlier and later each trip can depart [s] and still be counted as it is, shape (T,) each."""
    bounds, steps = bounds_of(trips.window_s, data), passing(trips)
    watched = np.zeros(trips.graph.edge_count, bool)
    if data.counts is not None:
        watched[data.counts.edge] = True
    kept = watched[steps.edge]
    trip = np.concatenate([np.arange(len(trips)), steps.trip[kept]])
    time_s = np.concatenate([trips.depart_s, steps.time_s[kept]])
    place = np.clip(np.searchsorted(bounds, time_s, side="right"), 1, len(bounds) - 1)
    early_s, late_s = np.full(len(trips), -np.inf), np.full(len(trips), np.inf)
    np.maximum.at(early_s, trip, bounds[place - 1] - time_s)
    np.minimum.at(late_s, trip, bounds[place] - time_s)
    return np.minimum(early_s * _ALMOST, 0.0), np.maximum(late_s * _ALMOST, 0.0)
