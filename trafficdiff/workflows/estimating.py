"""Say how long a study will take, from how long runs of the same roads and about as many trips took in the folder."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from trafficdiff.errors import TrafficdiffError
from trafficdiff.store.study import read_outcome, read_plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trafficdiff.datatypes.scenario import Scenario
    from trafficdiff.store.workspace import Workspace

__all__ = ["Estimate", "estimate"]

_ALIKE: Final = 1.5
"""Demands whose trips differ by a larger factor are not compared: time does not grow evenly with them."""
_MOST_STUDIES: Final = 50


@dataclass(frozen=True)
class Estimate:
    """Say how long a study may take.

    Parameters
    ----------
    seconds
        Wall-clock time of all runs [s].
    runs
        How many earlier runs it rests on.
    """

    seconds: float
    runs: int


def estimate(folder: Workspace, scenarios: Sequence[Scenario], *, samples: int, workers: int) -> Estimate | None:
    """Return how long scenarios x samples may take on so many workers; None if no earlier run says.

    Each scenario counts with the median of the runs of its network with at most half as many more, or a third fewer,
    trips, at the same step and control of drivers. They ran beside others, as these will.

    Parameters
    ----------
    folder
        Whose studies are looked at.
    scenarios
        What is to be run.
    samples, workers
        How many of each, and how many at once.
    """
    known = _known_runs(folder)
    total_s = 0.0
    runs: set[int] = set()
    for scenario in scenarios:
        alike = {place: wall_s for place, (other, wall_s) in enumerate(known) if _is_alike(scenario, other)}
        if not alike:
            return None
        total_s += samples * statistics.median(alike.values())
        runs |= alike.keys()
    count = samples * len(scenarios)
    rounds = math.ceil(count / workers) * workers / count if count else 1.0
    return Estimate(total_s / workers * rounds, len(runs))


def _known_runs(folder: Workspace) -> list[tuple[Scenario, float]]:
    found = []
    for entry in folder.studies()[:_MOST_STUDIES]:
        try:
            plan = read_plan(entry.path)
            outcome = read_outcome(entry.path, plan)
        except TrafficdiffError:
            continue
        by_name = {scenario.name: scenario for scenario in plan.scenarios}
        rows = outcome.runs if outcome is not None else ()
        found += [(by_name[run.scenario], run.wall_s) for run in rows if run.state != "failed" and run.wall_s > 0]
    return found


def _is_alike(one: Scenario, other: Scenario) -> bool:
    def facts(scenario: Scenario) -> tuple[object, ...]:
        options = scenario.simulation
        return (
            scenario.network.rpartition("/")[2], scenario.demand.kind, scenario.window, options.step_s,
            options.resolution, scenario.equilibrium,
        )  # fmt: skip

    trips, others = getattr(one.demand, "trips", 0), getattr(other.demand, "trips", 0)
    return facts(one) == facts(other) and max(trips, others) <= _ALIKE * min(trips, others)
