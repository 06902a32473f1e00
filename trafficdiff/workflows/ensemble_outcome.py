"""Say what a study found: a table for people, plain data for programs."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from trafficdiff.units import QUANTITIES
from trafficdiff.workflows.outcome import shown_numbers
from trafficdiff.workflows.stopping import mean_and_half_width
from trafficdiff.workflows.training_range import warnings_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from trafficdiff.datatypes.calibration_facts import CalibrationFacts
    from trafficdiff.datatypes.training_range import Standing
    from trafficdiff.store.study import StudyOutcome, StudyPlan

__all__ = ["EnsembleOutcome"]

_CONFIDENCE: Final = 0.95


@dataclass(frozen=True, eq=False)
class EnsembleOutcome:
    """Say what a study found and where it is.

    Parameters
    ----------
    directory
        The study.
    plan, outcome
        What was asked, and how every run ended.
    numbers
        The area's numbers by scenario and sample, in the units of `trafficdiff.units`; a failed run has none.
    wall_s
        How long this call took [s].
    training_ranges
        Where the place of each scenario lies among those that the demand model learned from, if a model drew its trips.
    calibrations
        What the demand of each run was calibrated to and how well it fits, by scenario and sample, where it was.
    """

    directory: Path
    plan: StudyPlan
    outcome: StudyOutcome
    numbers: Mapping[tuple[str, int], Mapping[str, float]]
    wall_s: float
    training_ranges: Mapping[str, Standing] = field(default_factory=dict)
    calibrations: Mapping[tuple[str, int], CalibrationFacts] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether no run failed; gates may have."""
        return not self.outcome.failures

    def table(self) -> pd.DataFrame:
        """Return one row a run: scenario, sample, state, run id, result hash, and every number of the area."""
        import pandas as pd

        rows = [
            {
                "scenario": run.scenario,
                "sample": run.sample,
                "state": run.state,
                "run_id": run.run_id,
                "result_hash": run.result_hash,
                **self.numbers.get((run.scenario, run.sample), {}),
            }
            for run in self.outcome.runs
        ]
        return pd.DataFrame(rows)

    def means(self) -> dict[str, dict[str, tuple[float, float]]]:
        """Return mean and half width of Student's 95 % interval of every number, by scenario and number."""
        found: dict[str, dict[str, tuple[float, float]]] = {}
        for scenario in self.plan.names:
            samples = [numbers for (name, _), numbers in sorted(self.numbers.items()) if name == scenario]
            names = dict.fromkeys(name for numbers in samples for name in numbers)
            found[scenario] = {
                name: mean_and_half_width([numbers.get(name, math.nan) for numbers in samples], confidence=_CONFIDENCE)
                for name in names
            }
        return found

    def rows(self) -> list[tuple[str, ...]]:
        """Return the table for people: words, what the number is over, and mean ± half width of each scenario."""
        means = self.means()
        rows = []
        for name, words, form, factor in shown_numbers():
            cells = [means[scenario].get(name) for scenario in self.plan.names]
            if any(cells):
                rows.append((words, QUANTITIES[name].over, *(_cell(cell, form, factor) for cell in cells)))
        return rows

    def calibration_lines(self) -> list[str]:
        """Return a line a scenario whose demand was calibrated: to what, and how well in the mean and at worst."""
        lines = []
        for name in self.plan.names:
            facts = [one for (scenario, _), one in sorted(self.calibrations.items()) if scenario == name]
            shares = [one.share_geh5 for one in facts if one.share_geh5 is not None]
            if not facts:
                continue
            mean = facts[0].model_copy(update={"share_geh5": sum(shares) / len(shares) if shares else None})
            worst = f"; at worst {min(shares):.0%}" if len(shares) > 1 else ""
            lines.append(f"{name}: {mean.sentence}{worst}")
        return lines

    def summary(self) -> dict[str, Any]:
        """Return everything as plain data."""
        outcome = self.outcome
        return {
            "directory": self.directory,
            "study_hash": outcome.study_hash,
            "plan_hash": self.plan.hash,
            "base": self.plan.base,
            "scenarios": list(self.plan.names),
            "samples": outcome.samples,
            "samples_asked": self.plan.samples,
            "complete": self.complete,
            "new_runs": sum(run.attempts > 0 and run.state != "failed" for run in outcome.runs),
            "runs": [run.model_dump(mode="json") for run in outcome.runs],
            "failed": [f"{run.scenario}, sample {run.sample}: {run.error}" for run in outcome.failures],
            "gates_failed": [
                f"{run.scenario}, sample {run.sample}: {'; '.join(run.failed_gates)}" for run in outcome.marked
            ],
            "looks": [look.model_dump(mode="json") for look in outcome.looks],
            "means": {
                scenario: {name: {"mean": mean, "half_width_95": half} for name, (mean, half) in numbers.items()}
                for scenario, numbers in self.means().items()
            },
            "calibration": self.calibration_lines(),
            "training_range": {name: found.model_dump(mode="json") for name, found in self.training_ranges.items()},
            "warnings": list(dict.fromkeys(said for one in self.training_ranges.values() for said in warnings_of(one))),
            "wall_s": round(self.wall_s, 2),
        }


def _cell(interval: tuple[float, float] | None, form: str, factor: float) -> str:
    if interval is None or math.isnan(interval[0]):
        return "-"
    mean, half_width = interval
    shown = form.format(mean * factor)
    return shown if math.isnan(half_width) else f"{shown} ± {form.format(half_width * factor).lstrip('-')}"
