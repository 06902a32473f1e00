"""Plan what to build: rank candidates by what they save for their cost, and choose a set within a budget.

::

    DIR/asked.json                     what was asked; written first, never changed
        runs/<scenario>/<sample>/      every simulation, an ordinary run directory
        result/                        ranking.csv, plan.json, chosen.yaml: published whole, last

Whatever ends it early, what is simulated stays, and the same call goes on from there: what it asks for next depends on
the scenario's seed and on the numbers, and on nothing else.
"""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.candidates import Candidates, read_candidates
from trafficdiff.datatypes.scenario import Scenario
from trafficdiff.datatypes.scenario_files import read_scenario
from trafficdiff.errors import Faults, InputError, OutputError
from trafficdiff.metrics.portfolio import fits_alone
from trafficdiff.publish import is_complete, publishing, publishing_file, real_path
from trafficdiff.store.study import folder_name
from trafficdiff.units import QUANTITIES
from trafficdiff.workflows.plan_choice import judged
from trafficdiff.workflows.plan_search import Search, reserved
from trafficdiff.workflows.progress import quiet
from trafficdiff.workflows.simulations import Simulations
from trafficdiff.workflows.trying_measures import refuse_idle_measures

if TYPE_CHECKING:
    from trafficdiff.workflows.plan_outcome import PlanOutcome
    from trafficdiff.workflows.progress import Progress

__all__ = ["CHOSEN", "SAMPLES", "plan", "with_whole_paths"]

CHOSEN: Final = "Chosen set"
"""Name of the scenario with the measures of all chosen candidates."""
SAMPLES: Final = 5
"""Samples of every candidate before the first choice where to go on (Chen et al. 2000 advise 5 to 20)."""
_ASKED: Final = "asked.json"
_RESULT: Final = "result"
_FORMAT: Final = 1


def plan(
    scenario: Scenario | str | Path,
    *,
    candidates: Candidates | str | Path,
    budget: float,
    directory: str | Path,
    samples: int = SAMPLES,
    simulations: int | None = None,
    kpi: str = "delay_hours",
    confidence: float = 0.95,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Progress = quiet,
) -> PlanOutcome:
    """Rank candidates by what they save for their cost, choose a set within the budget, and simulate it together.

    Parameters
    ----------
    scenario, candidates
        The base, and what could be done to it; or their files.
    budget
        Most that the chosen set may cost [money, in the currency of the candidates].
    directory
        The plan to make, or to go on with.

    Other Parameters
    ----------------
    samples
        Samples of every candidate at first, and of the chosen set at last.
    simulations
        Most simulations in all, the base's and the chosen set's among them (default: the first samples twice over,
        and the chosen set's).
    kpi
        Number of the area that is to be saved.
    confidence
        Of the intervals.
    workers, scheduler
        As in `workflows.ensemble.ensemble`.
    progress
        Receives what is done in words, and its share.

    Raises
    ------
    ScenarioError, InputError, OutputError
        Before anything is written: if a file or a number cannot be meant, a measure cannot act, or something else is
        in the directory.
    SimulationError
        If no candidate could be simulated.
    """
    folder = Path.cwd() if isinstance(scenario, Scenario) else Path(scenario).resolve().parent
    base = scenario if isinstance(scenario, Scenario) else read_scenario(Path(scenario))
    offered = candidates if isinstance(candidates, Candidates) else read_candidates(Path(candidates))
    needs = (len(offered.candidates) + 1) * samples
    most = 2 * needs + reserved(samples) if simulations is None else simulations
    _check(base, offered, budget=budget, samples=samples, most=most, kpi=kpi, confidence=confidence)
    scenarios = [
        base.model_copy(update={"name": one.name, "measures": (*base.measures, *one.measures)})
        for one in offered.candidates
    ]
    asked = _asked(
        [base, *scenarios], offered, folder, budget=budget, samples=samples, most=most, kpi=kpi, confidence=confidence
    )
    directory = real_path(Path(directory))
    _refuse_other(directory, asked)
    if not directory.exists():
        refuse_idle_measures([(one, folder) for one in scenarios], progress=progress)
    within = _within(offered, budget=budget)
    with Simulations(
        directory, folder=folder, workers=workers, scheduler=scheduler, expected=most, progress=progress
    ) as made:
        _keep(directory, asked)
        scale = np.array([offered.lifetime_windows(one) / one.cost for one in offered.candidates])[within]
        search = Search(made, base, [scenarios[place] for place in within], scale=scale, kpi=kpi)
        search.begin(samples)
        search.spend(most - reserved(samples), step=max(4, len(within) // 2))
        outcome, chosen = judged(
            search, offered, within=within, budget=budget, samples=samples, most=most, confidence=confidence,
            name=CHOSEN,
        )  # fmt: skip
        _publish(directory / _RESULT, outcome, None if chosen is None else with_whole_paths(chosen, folder))
    return outcome


def _check(
    base: Scenario, offered: Candidates, *, budget: float, samples: int, most: int, kpi: str, confidence: float
) -> None:
    """Refuse what cannot be meant, all of it at once."""
    faults = Faults("plan")
    quantity = QUANTITIES.get(kpi)
    if quantity is None or quantity.dims or not quantity.over:
        known = sorted(name for name, one in QUANTITIES.items() if one.over and not one.dims)
        faults.add(f"kpi: expected a number of the whole area, got {kpi!r}; there are {', '.join(known)}")
    if not 0 < budget < math.inf:
        faults.add(f"budget: expected a finite number above 0, got {budget:g}")
    if not 0.5 < confidence < 1:
        faults.add(f"confidence: expected a share between 0.5 and 1, such as 0.95, got {confidence:g}")
    if samples < 3:
        faults.add(f"samples: expected at least 3, got {samples}; of fewer nothing can be said")
    kept = {folder_name(name).casefold() for name in (base.name, CHOSEN)}
    for name in [one.name for one in offered.candidates if folder_name(one.name).casefold() in kept]:
        faults.add(
            f"expected candidates with names of their own, got {name!r} beside {base.name!r} and {CHOSEN!r}; rename it"
        )
    if not faults:
        _check_reach(offered, budget=budget, samples=samples, most=most, faults=faults)
    faults.raise_if_any(InputError)


def _check_reach(offered: Candidates, *, budget: float, samples: int, most: int, faults: Faults) -> None:
    within = len(_within(offered, budget=budget))
    if not within:
        cheapest = min(offered.candidates, key=lambda one: one.cost)
        faults.add(
            f"budget: expected enough for a candidate with all that it requires, got {budget:,.10g} "
            f"{offered.currency}; the cheapest, {cheapest.name!r}, costs {cheapest.cost:,.10g}"
        )
    least = (within + 1) * samples + reserved(samples)
    if most < least:
        faults.add(
            f"simulations: expected at least {least} (base and {within} candidates, {samples} samples each, and "
            f"{reserved(samples)} for the chosen set), got {most}; ask for fewer samples or allow more simulations"
        )


def _within(offered: Candidates, *, budget: float) -> list[int]:
    """Return the places of the candidates that the budget allows, each with all that it requires."""
    cost = np.array([one.cost for one in offered.candidates])
    requires, excludes = offered.pairs("requires"), offered.pairs("excludes")
    return [
        int(place) for place in np.flatnonzero(fits_alone(cost, budget=budget, requires=requires, excludes=excludes))
    ]


def _asked(
    scenarios: list[Scenario], offered: Candidates, folder: Path, *, budget: float, samples: int, most: int, kpi: str,
    confidence: float,
) -> dict[str, Any]:  # fmt: skip
    """Return what was asked as plain data, with the hashes of all files that it rests on."""
    from trafficdiff.workflows.ensemble_plan import Given, make_plan

    study = make_plan([Given(one, folder) for one in scenarios], samples=samples, base=None, stopping=None)
    return {
        "format": _FORMAT,
        "version": study.version,
        "budget": budget,
        "samples": samples,
        "simulations": most,
        "kpi": kpi,
        "confidence": confidence,
        "candidates": offered.hash,
        "scenarios": dict(zip(study.names, study.scenario_hashes, strict=True)),
        "inputs": study.inputs,
    }


def _refuse_other(directory: Path, asked: dict[str, Any]) -> None:
    """Refuse a directory that holds anything but this plan."""
    path = directory / _ASKED
    if not path.exists():
        if directory.exists() and (
            not directory.is_dir() or any(not p.name.startswith(".") for p in directory.iterdir())
        ):
            raise OutputError(
                f"{directory}: expected a new directory or a plan to go on with, found other content; choose another"
            )
        return
    try:
        there = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise OutputError(
            f"{path}: expected what was asked of a plan, got {error}; choose another directory"
        ) from error
    different = sorted(key for key in asked.keys() | there.keys() if asked.get(key) != there.get(key))
    if different:
        raise OutputError(
            f"{directory}: expected the plan that is there, got another: {', '.join(different)} differ. Give the same "
            "command as before to go on with it, or choose another directory"
        )


def _keep(directory: Path, asked: dict[str, Any]) -> None:
    if not (directory / _ASKED).exists():
        with publishing_file(directory / _ASKED) as temporary:
            temporary.write_text(json.dumps(asked, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _publish(target: Path, outcome: PlanOutcome, chosen: Scenario | None) -> None:
    """Publish the result; one that is there and says the same stays."""
    import pandas as pd

    from trafficdiff.datatypes.scenario_files import write_scenario

    if is_complete(target):
        there = json.loads((target / "plan.json").read_text(encoding="utf-8"))
        if there.get("result_hash") == outcome.result_hash:
            return
        shutil.rmtree(target)
    with publishing(target, kind="plan") as work:
        content = json.dumps(_plain(outcome.summary()), indent=1, ensure_ascii=False, allow_nan=False)
        (work / "plan.json").write_text(content + "\n", encoding="utf-8")
        rows = pd.json_normalize([_plain(row) for row in outcome.summary()["ranking"]], sep="_")
        rows.to_csv(work / "ranking.csv", index=False)
        if chosen is not None:
            write_scenario(chosen, work / "chosen.yaml")


def _plain(value: Any) -> Any:
    """Return content as JSON holds it; NaN becomes null."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value) if isinstance(value, Path) else value


def with_whole_paths(scenario: Scenario, folder: Path) -> Scenario:
    """Return a scenario whose files are found from any folder."""
    content = scenario.model_dump(mode="json")
    if (folder / scenario.network).exists():
        content["network"] = str((folder / scenario.network).resolve())
    demand = content["demand"]
    for key in ("path", "checkpoint"):
        if demand.get(key):
            demand[key] = str((folder / demand[key]).resolve())
    if demand.get("type_files"):
        demand["type_files"] = [str((folder / name).resolve()) for name in demand["type_files"]]
    return Scenario.model_validate(content)
