"""Vary one thing of a scenario, and compare what each value of it changes.

All values share their random numbers, sample by sample, so that a difference between two is the value and not the dice.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.errors import InputError
from trafficdiff.metrics.intervals import resamples
from trafficdiff.units import QUANTITIES
from trafficdiff.workflows.bounded import Bounded
from trafficdiff.workflows.progress import quiet
from trafficdiff.workflows.randomness import stream
from trafficdiff.workflows.text_table import text_table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from trafficdiff.datatypes.scenario import Scenario
    from trafficdiff.workflows.ensemble_outcome import EnsembleOutcome
    from trafficdiff.workflows.progress import Progress

__all__ = ["CHANGES", "KPIS", "Sweep", "check_numbers", "named", "scenario_name", "signed", "sweep", "unit_of"]

KPIS: Final = ("mean_trip_time", "trip_hours", "delay_hours", "trip_kilometres", "trips_completed")
"""Numbers of the area that are shown if nobody says which."""
_STAGE: Final = "sweep"
CHANGES: Final = {
    "above": "more",
    "below": "less",
    "zero": "exactly the same",
    "either": "noise",
    "unknown": "too few samples",
}
"""What is said of a change, by where its interval lies."""


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Say what each value of a thing changes against the base.

    Parameters
    ----------
    study
        What the ensemble found; `compare` opens its directory.
    values
        Names of the scenarios by value, in the order given.
    base
        Mean of each number in the base, with its interval.
    changes
        By value and number: scenario less base, paired by sample.
    """

    study: EnsembleOutcome
    values: Mapping[Any, str]
    base: Mapping[str, Bounded]
    changes: Mapping[Any, Mapping[str, Bounded]]

    @property
    def directory(self) -> Path:
        """The study."""
        return self.study.directory

    def text(self, *, digits: int = 2) -> str:
        """Return a table of changes for people; noise is what its interval cannot tell from nothing."""
        rows = [("base", name, unit_of(name), bounded.text(digits), "") for name, bounded in self.base.items()]
        for value, changes in self.changes.items():
            rows += [
                (str(value), name, unit_of(name), signed(bounded, digits), CHANGES[bounded.side])
                for name, bounded in changes.items()
            ]
        return text_table(("value", "number", "unit", "mean, or change against the base", ""), rows)

    def summary(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "directory": str(self.directory),
            "base": {name: asdict(bounded) for name, bounded in self.base.items()},
            "changes": {
                str(value): {
                    name: asdict(bounded) | {"verdict": CHANGES[bounded.side]} for name, bounded in found.items()
                }
                for value, found in self.changes.items()
            },
        }  # fmt: skip


def sweep(
    base: Scenario,
    *,
    vary: Callable[[Any], Scenario],
    values: Sequence[Any],
    directory: str | Path,
    samples: int | None = None,
    kpis: Sequence[str] = KPIS,
    confidence: float = 0.95,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Progress = quiet,
) -> Sweep:
    """Run a scenario with each value of something, and compare each with the scenario as it is.

    Parameters
    ----------
    base
        The scenario as it is.
    vary
        Returns the scenario for a value; its name is made from the value.
    values
        Values, all different as text.
    directory
        The study to make, or to go on with.

    Other Parameters
    ----------------
    samples, workers, scheduler, progress
        As in `ensemble`.
    kpis
        Numbers of the area.
    confidence
        Of the intervals; each stands for itself.

    Raises
    ------
    InputError
        If there is no value, two are the same, or a number is none of the area's.
    TrafficdiffError
        Whatever `ensemble` refuses.
    """
    from trafficdiff.workflows.ensemble import ensemble

    check_numbers(kpis)
    names = {value: scenario_name(base, value) for value in values}
    if not values or len(set(names.values())) < len(values):
        raise InputError(f"expected values that differ, at least one, got {list(values)}")
    scenarios = [vary(value).model_copy(update={"name": name}) for value, name in names.items()]
    study = ensemble(
        [base, *scenarios], directory=directory, samples=samples, workers=workers, scheduler=scheduler, base=base.name,
        progress=progress,
    )  # fmt: skip
    count = study.outcome.samples
    dice = resamples(count, generator=stream(base.seed, _STAGE))

    def numbers(scenario: str, kpi: str) -> NDArray[np.float64]:
        return np.array([study.numbers.get((scenario, sample), {}).get(kpi, np.nan) for sample in range(count)])

    def bounded(values: NDArray[np.float64]) -> Bounded:
        return Bounded.of(values[np.isfinite(values)], confidence=confidence, dice=dice)

    return Sweep(
        study=study,
        values=names,
        base={kpi: bounded(numbers(base.name, kpi)) for kpi in kpis},
        changes={
            value: {kpi: bounded(numbers(name, kpi) - numbers(base.name, kpi)) for kpi in kpis}
            for value, name in names.items()
        },
    )


def named(base: Scenario, vary: Callable[[Any], Scenario], value: Any) -> Scenario:
    """Return the scenario for a value, under a name of its own."""
    return vary(value).model_copy(update={"name": scenario_name(base, value)})


def scenario_name(base: Scenario, value: Any) -> str:
    """Return a scenario's name for a value, in the characters that names may have."""
    text = f"{value:.10g}" if isinstance(value, float) else str(value)
    plain = re.sub(r"[^\w .,()+-]+", "_", text)
    return f"{base.name[:40]}, {plain}"[:80]


def check_numbers(kpis: Sequence[str]) -> None:
    """Refuse names that are no numbers of the whole area.

    Raises
    ------
    InputError
        Listing those, and the ones that there are.
    """
    known = sorted(name for name, one in QUANTITIES.items() if one.over and not one.dims)
    if strange := [name for name in kpis if name not in known]:
        raise InputError(f"expected numbers of the whole area ({', '.join(known)}), got {', '.join(strange)}")


def unit_of(kpi: str) -> str:
    """Return the unit of a number of the area."""
    return QUANTITIES[kpi].units


def signed(bounded: Bounded, digits: int) -> str:
    """Return a change for people, with its sign."""
    return f"+{bounded.text(digits)}" if bounded.mean > 0 else bounded.text(digits)
