"""Simulate a plan of charging sites before and after, on days that the search has not seen, pair by pair."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.charging_site_plan import Simulated
from trafficdiff.datatypes.station_files import write_stations
from trafficdiff.units import QUANTITIES
from trafficdiff.workflows.bounded import Bounded
from trafficdiff.workflows.randomness import stream
from trafficdiff.workflows.simulations import Simulations

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.scenario import Scenario
    from trafficdiff.datatypes.stations import ChargingStation
    from trafficdiff.workflows.progress import Progress

__all__ = ["AFTER", "confirmed"]

AFTER: Final = "With planned chargers"
"""Name of the scenario with the planned stations; a mark of these follows, so that no plan takes another's runs."""
_NUMBERS: Final = (
    "unmet_energy", "charging_wanted", "charging_served", "charging_unmet", "charging_waiting", "charging_stranded",
    "stranded_others", "mean_charging_wait", "max_charging_wait", "mean_charging_detour", "peak_charging_power",
)  # fmt: skip
_CONFIDENCE: Final = 0.95
_ONE: Final = 1


def confirmed(
    base: Scenario,
    stations: tuple[ChargingStation, ...],
    *,
    directory: Path,
    folder: Path,
    first: int,
    samples: int,
    workers: int | None,
    progress: Progress,
) -> tuple[Simulated, ...]:
    """Return the numbers of charging before and after, each with the mean change of its pairs.

    Parameters
    ----------
    base, stations
        The scenario, and all stations of its file after the plan.

    Other Parameters
    ----------------
    directory
        The plan's; the runs are kept beside it in ``NAME.confirm``, and a second call goes on with them.
    folder
        Where the scenario's relative paths start.
    first, samples
        First sample, and how many.
    workers, progress
        As in `trafficdiff.workflows.simulations.Simulations`.

    Raises
    ------
    ScenarioError
        If a scenario cannot be simulated as it is.
    """
    from trafficdiff.metrics.intervals import resamples

    assert base.charging is not None
    place = directory.with_name(f"{directory.name}.confirm")
    place.mkdir(parents=True, exist_ok=True)
    mark = _mark_of(stations)
    write_stations(stations, place / f"stations-{mark}.csv")
    charging = base.charging.model_copy(update={"stations": str(place / f"stations-{mark}.csv")})
    after = base.model_copy(update={"name": f"{AFTER} {mark}", "charging": charging})
    numbers = range(first, first + samples)
    with Simulations(place, folder=folder, workers=workers, expected=2 * samples, progress=progress) as made:
        made.run([(scenario, sample) for sample in numbers for scenario in (base, after)])
        values = {
            name: np.array([[made.number(one.name, sample, name) for sample in numbers] for one in (base, after)])
            for name in _NUMBERS
        }
    dice = resamples(samples, generator=stream(base.seed, "siting confirm")) if samples > _ONE else None
    return tuple(_told(name, *pair, dice=dice) for name, pair in values.items())


def _mark_of(stations: tuple[ChargingStation, ...]) -> str:
    """Return a short name for these stations and no others."""
    text = json.dumps([asdict(station) for station in stations], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _told(name: str, before: np.ndarray, after: np.ndarray, *, dice: np.ndarray | None) -> Simulated:
    """Return one number, of the samples that have it before and after."""
    both = np.isfinite(before) & np.isfinite(after)
    change = (after - before)[both]
    bounded = Bounded(mean=float(change.mean()) if len(change) else math.nan, low=math.nan, high=math.nan)
    if dice is not None and len(change) > _ONE:
        bounded = Bounded.of(change, confidence=_CONFIDENCE, dice=dice)
    return Simulated(
        name=name, unit=QUANTITIES[name].units, samples=int(both.sum()),
        before=_or_none(before[both].mean() if both.any() else math.nan),
        after=_or_none(after[both].mean() if both.any() else math.nan),
        change=_or_none(bounded.mean), low=_or_none(bounded.low), high=_or_none(bounded.high),
    )  # fmt: skip


def _or_none(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
