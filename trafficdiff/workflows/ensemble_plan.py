"""Turn scenarios into the plan of a study, and say every fault of it before anything is written."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trafficdiff import __version__
from trafficdiff.datatypes.charging_options import FROM_OSM
from trafficdiff.datatypes.scenario import CalibratedDemand, FileDemand, ModelDemand, Scenario
from trafficdiff.datatypes.scenario_files import read_scenario
from trafficdiff.errors import Faults, IntegrityError, NetworkError, OutputError, ScenarioError, StoreError
from trafficdiff.publish import publishing_file, read_manifest
from trafficdiff.resources import bundled
from trafficdiff.store.stack import run_directory
from trafficdiff.store.study import PLAN, StudyPlan, folder_name, read_plan, write_document
from trafficdiff.units import QUANTITIES
from trafficdiff.workflows.calibrated_trips import data_files
from trafficdiff.workflows.charging_model import SHIPPED as CHARGING_MODEL
from trafficdiff.workflows.jobs import Job
from trafficdiff.workflows.model_trips import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trafficdiff.store.study import Stopping

__all__ = ["Given", "jobs_of", "keep_plan", "make_plan", "read_given", "refuse_changed"]

_GIVEN = "given"
"""Folder of a study that holds the scenario files, byte for byte."""


@dataclass(frozen=True)
class Given:
    """Hold a scenario as it was given.

    Parameters
    ----------
    scenario
        As resolved.
    folder
        Where its relative paths start.
    suffix, content
        Of its file; empty if it was made in code.
    """

    scenario: Scenario
    folder: Path
    suffix: str = ""
    content: bytes = b""


def read_given(scenarios: Iterable[Scenario | str | Path]) -> tuple[Given, ...]:
    """Read scenario files and take scenarios made in code as they are.

    Raises
    ------
    ScenarioError
        Listing the faults of all files at once.
    """
    given = []
    faults = Faults("scenarios")
    for one in scenarios:
        if isinstance(one, Scenario):
            given.append(Given(one, Path.cwd()))
            continue
        path = Path(one)
        try:
            scenario = read_scenario(path)
        except ScenarioError as error:
            faults.add(str(error))
        else:
            given.append(Given(scenario, path.resolve().parent, path.suffix, path.read_bytes()))
    faults.raise_if_any(ScenarioError)
    return tuple(given)


def make_plan(given: Sequence[Given], *, samples: int | None, base: str | None, stopping: Stopping | None) -> StudyPlan:
    """Return the plan of a study.

    Parameters
    ----------
    given
        The scenarios.
    samples
        Most samples of each (default: what the base asks for).
    base
        Name of the scenario that the others are compared with (default: the first).
    stopping
        When to stop before all samples, if at all.

    Raises
    ------
    ScenarioError
        Listing every fault: names, seeds, windows or intervals that do not go together, files that are not there, a
        number that there is not.
    """
    faults = Faults("study")
    if not given:
        faults.add("expected at least one scenario, got none")
        faults.raise_if_any(ScenarioError)
    scenarios = tuple(one.scenario for one in given)
    names = [scenario.name for scenario in scenarios]
    base = names[0] if base is None else base
    _check_names(names, base, faults)
    _check_together(scenarios, faults)
    first = next((scenario for scenario in scenarios if scenario.name == base), scenarios[0])
    samples = first.samples if samples is None else samples
    _check_samples(samples, stopping, faults)
    inputs = _inputs_of(given, faults)
    faults.raise_if_any(ScenarioError)
    return StudyPlan(
        version=__version__,
        base=base,
        seed=scenarios[0].seed,
        samples=samples,
        scenarios=scenarios,
        scenario_hashes=tuple(scenario.hash for scenario in scenarios),
        inputs=inputs,
        stopping=stopping,
    )


def refuse_changed(plan: StudyPlan, given: Sequence[Given]) -> None:
    """Refuse to call runs one study if a file that they rest on is not what it was when the study began.

    Raises
    ------
    StoreError
        Naming every file that changed.
    """
    faults = Faults("study")
    now = _inputs_of(given, faults)
    changed = sorted(role for role in plan.inputs if now.get(role) != plan.inputs[role])
    if changed:
        raise StoreError(
            f"expected files that stay as they are while the study runs, these changed: {', '.join(changed)}; its runs "
            "may rest on either. Put the old files back, or make the study again in another directory"
        )


def keep_plan(directory: Path, plan: StudyPlan, given: Sequence[Given]) -> None:
    """Write the plan of a new study with the files as given, or find the same one there.

    Raises
    ------
    OutputError
        If something else is there; of a study, what differs.
    StoreError
        If it cannot be written.
    """
    if not (directory / PLAN).exists():
        if directory.exists() and (not directory.is_dir() or any(_left_by_others(directory))):
            raise OutputError(
                f"{directory}: expected a new directory or a study to go on with, found other content; choose another"
            )
        for one in given:
            if one.content:
                with publishing_file(_given_file(directory, one)) as temporary:
                    temporary.write_bytes(one.content)
        write_document(plan, directory / PLAN)
    elif differences := _differences(read_plan(directory), plan):
        raise OutputError(
            f"{directory}: expected the study that is there, got another: {'; '.join(differences)}. Give the same "
            "command as before to go on with it, or choose another directory"
        )


def jobs_of(given: Sequence[Given], *, directory: Path, samples: Iterable[int], picture: bool) -> list[Job]:
    """Return the jobs of some samples, by sample and then in the order given."""
    return [
        Job(
            scenario=one.scenario,
            sample=sample,
            study=directory,
            directory=run_directory(directory, one.scenario.name, sample),
            folder=one.folder,
            scenario_file=_given_file(directory, one) if one.content else None,
            picture=picture,
        )
        for sample in samples
        for one in given
    ]


def _given_file(directory: Path, one: Given) -> Path:
    return directory / _GIVEN / f"{folder_name(one.scenario.name)}{one.suffix}"


def _left_by_others(directory: Path) -> list[Path]:
    """Return what is in a directory but what the beginning of a study writes."""
    return [path for path in directory.iterdir() if path.name != _GIVEN and not path.name.startswith(".")]


def _check_names(names: list[str], base: str, faults: Faults) -> None:
    if base not in names:
        faults.add(f"base: expected one of {', '.join(map(repr, names))}, got {base!r}")
    folders: dict[str, str] = {}
    for name in names:
        other = folders.setdefault(folder_name(name).casefold(), name)
        if other != name or names.count(name) > 1:
            faults.add(f"expected scenarios whose names differ by more than case and marks, got {other!r} and {name!r}")
            return


def _check_together(scenarios: Sequence[Scenario], faults: Faults) -> None:
    """Note what must be the same in all scenarios, so that sample k of each means the same chances and intervals."""
    for what, why, values in (
        ("seed", "only then do they share their random numbers", [one.seed for one in scenarios]),
        ("window", "else their results cannot be compared", [one.window for one in scenarios]),
        ("simulation.period_s", "else their intervals do not match", [one.simulation.period_s for one in scenarios]),
    ):
        strange = [
            f"{one.name!r} has {_plain(value)}"
            for one, value in zip(scenarios, values, strict=True)
            if value != values[0]
        ]
        if strange:
            faults.add(
                f"{what}: expected the same in all scenarios of a study, {why}: {scenarios[0].name!r} has "
                f"{_plain(values[0])}, but {', '.join(strange)}"
            )


def _plain(value: object) -> str:
    return json.dumps(value.model_dump(mode="json")) if hasattr(value, "model_dump") else f"{value:g}"


def _check_samples(samples: int, stopping: Stopping | None, faults: Faults) -> None:
    if samples < 1:
        faults.add(f"samples: expected at least 1, got {samples}")
    if stopping is None:
        return
    quantity = QUANTITIES.get(stopping.kpi)
    if quantity is None or quantity.dims or not quantity.over:
        known = sorted(name for name, one in QUANTITIES.items() if one.over)
        faults.add(f"until: expected a number of the whole area, got {stopping.kpi!r}; there are {', '.join(known)}")
    if samples < stopping.least:
        faults.add(f"samples: expected at least {stopping.least}, the samples before the first look, got {samples}")


def _inputs_of(given: Sequence[Given], faults: Faults) -> dict[str, str]:
    return {
        f"{one.scenario.name}: {role}": _sha256_of(path)
        for one in given
        for role, path in _files_of(one, faults).items()
    }


def _files_of(one: Given, faults: Faults) -> dict[str, Path]:
    """Return the files that a scenario names, by role; those that are not there are faults."""
    from trafficdiff.roads.source import find_source, word_from

    scenario, files = one.scenario, {}
    try:
        source = find_source(word_from(scenario.network, one.folder))
        files["network"] = source.path if source.place is None else source.place.checked_path()
    except NetworkError as error:
        faults.add(f"{scenario.name}: {error}")
    demand = scenario.demand
    if isinstance(demand, FileDemand):
        named = {"demand": demand.path} | {f"type file {n}": path for n, path in enumerate(demand.type_files)}
    elif isinstance(demand, ModelDemand | CalibratedDemand):
        named = {"checkpoint": str(bundled(SHIPPED)) if demand.checkpoint is None else demand.checkpoint}
        if isinstance(demand, CalibratedDemand):
            named |= {role: str(path) for role, path in data_files(demand, Path()).items()}
    else:
        named = {}
    if scenario.charging is not None and scenario.charging.stations not in {None, FROM_OSM}:
        named["charging stations"] = str(scenario.charging.stations)
    if scenario.charging is not None and scenario.charging.demand == "model":
        own = None if scenario.charging.joining is None else scenario.charging.joining.checkpoint
        named["charging model"] = str(bundled(CHARGING_MODEL)) if own is None else own
    for role, name in named.items():
        files[role] = one.folder / name
        if not files[role].is_file():
            faults.add(f"{scenario.name}: {role}: expected the file {files.pop(role)}, found none")
    return files


def _sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, or of what a built directory's manifest lists."""
    if not path.is_dir():
        with path.open("rb") as source:
            return hashlib.file_digest(source, "sha256").hexdigest()
    try:
        return read_manifest(path).sha256
    except IntegrityError as error:
        raise ScenarioError(str(error)) from error


def _differences(there: StudyPlan, asked: StudyPlan) -> list[str]:
    """Return in words how two plans differ."""
    said = []
    for name in ("version", "base", "samples", "seed", "names", "stopping"):
        before, now = getattr(there, name), getattr(asked, name)
        if before != now:
            said.append(f"{name} was {_said(before)}, is {_said(now)}")
    if there.names == asked.names:
        pairs = zip(there.names, there.scenario_hashes, asked.scenario_hashes, strict=True)
        said += [f"scenario {name!r} has changed" for name, before, now in pairs if before != now]
        roles = sorted(set(there.inputs) | set(asked.inputs))
        said += [f"{role} has changed" for role in roles if there.inputs.get(role) != asked.inputs.get(role)]
    return said


def _said(value: object) -> str:
    if value is None:
        return "none"
    return str(value.model_dump(mode="json")) if hasattr(value, "model_dump") else str(value)
