"""Make small finished studies run by run, without the engine that makes large ones."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import trafficdiff
from trafficdiff.store.stack import run_directory
from trafficdiff.store.stacking import write_results
from trafficdiff.store.study import OUTCOME, PLAN, StudyOutcome, StudyPlan, StudyRun, study_hash, write_document
from trafficdiff.workflows.run import run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from trafficdiff.datatypes.scenario import Scenario


def make_study(directory: Path, scenarios: Sequence[Scenario], *, samples: int) -> Path:
    """Run every scenario that many times and stack the runs; the first is the base."""
    directory.mkdir(parents=True)
    plan = StudyPlan(
        version=trafficdiff.__version__,
        base=scenarios[0].name,
        seed=scenarios[0].seed,
        samples=samples,
        scenarios=tuple(scenarios),
        scenario_hashes=tuple(scenario.hash for scenario in scenarios),
    )
    write_document(plan, directory / PLAN)
    runs = []
    for scenario in scenarios:
        for sample in range(samples):
            outcome = run(
                scenario, directory=run_directory(directory, scenario.name, sample), sample=sample, picture=False
            )
            state = "gates failed" if outcome.failed_gates else "done"
            runs.append(
                StudyRun(
                    scenario=scenario.name,
                    sample=sample,
                    state=state,
                    run_id=outcome.run_id,
                    result_hash=outcome.result_hash,
                )
            )
    write_results(directory, plan, runs, samples=samples)
    done = StudyOutcome(
        plan_hash=plan.hash,
        study_hash=study_hash(plan, runs),
        samples=samples,
        runs=tuple(runs),
        finished_utc=dt.datetime.now(dt.UTC),
    )
    write_document(done, directory / OUTCOME)
    return directory
