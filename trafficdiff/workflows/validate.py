"""Ask outside checkers what they think of exported files, and our own checks what they think of AV scenes.

Each checker runs as a process of its own, in an environment of its own (`trafficdiff.workflows.validators`), once for
all files of its kind.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from trafficdiff.errors import InputError, MissingDependencyError, SimulationError
from trafficdiff.process import last_words, run_program
from trafficdiff.publish import scratch
from trafficdiff.workflows.progress import quiet
from trafficdiff.workflows.validators import BUILD_COMMAND, VALIDATORS, validators_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trafficdiff.workflows.progress import Progress
    from trafficdiff.workflows.validators import Validator

__all__ = ["Finding", "Validation", "refuse_missing", "validate"]

_DEADLINE_S: Final = 3_600.0
_BATCH: Final = 50
"""Files for one process: many share its start, and progress is shown in between."""


@dataclass(frozen=True)
class Finding:
    """Say what one checker found in one file.

    Parameters
    ----------
    file, checker, version
        What was checked, by what.
    issues
        What is wrong; empty where it passed.
    facts
        What the checker counted.
    """

    file: Path
    checker: str
    version: str
    issues: tuple[str, ...]
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Validation:
    """Say what all checkers found, and which were needed and are not built."""

    findings: tuple[Finding, ...]
    missing: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether every check that ran passed."""
        return not any(finding.issues for finding in self.findings)

    def table(self) -> list[tuple[str, str, int, int, int]]:
        """Return checker, version, files, files that passed and issues, a row a checker."""
        rows: dict[tuple[str, str], list[Finding]] = defaultdict(list)
        for finding in self.findings:
            rows[finding.checker, finding.version].append(finding)
        return [
            (*key, len(found), sum(not one.issues for one in found), sum(len(one.issues) for one in found))
            for key, found in sorted(rows.items())
        ]


def validate(path: str | Path, *, folder: Path | None = None, progress: Progress = quiet) -> Validation:
    """Check a file, or all files below a folder, with the outside checkers of their kinds.

    Parameters
    ----------
    path
        ``.xosc``, ``.xodr``, CommonRoad ``.xml``, ``.mcap``, ScenarioNet ``sd_*.pkl``, an AV scene, or a folder.
    folder
        Where the validators are; left out, the user's cache folder.
    progress
        Receives stages.

    Raises
    ------
    InputError
        If there is nothing that can be checked.
    SimulationError
        If a checker itself fails.
    """
    place, home = Path(path), folder or validators_folder()
    scenes, files = _scenes(place), _files(place)
    if not scenes and not any(files.values()):
        raise InputError(
            f"{place}: expected .xosc, .xodr, CommonRoad .xml, .mcap, ScenarioNet .pkl files or AV scenes, found none"
        )
    findings = [_check_scene(scene) for scene in scenes]
    missing = [one for one in VALIDATORS if files[one.name] and not one.is_ready(home)]
    ready = [one for one in VALIDATORS if files[one.name] and one not in missing]
    total = sum(len(files[one.name]) for one in ready)
    done = 0
    for one in ready:
        for first in range(0, len(files[one.name]), _BATCH):
            progress(f"{one.checkers}", done / total)
            batch = files[one.name][first : first + _BATCH]
            findings += _run(one, batch, home)
            done += len(batch)
    said = tuple(f"{one.checkers}: `{BUILD_COMMAND}` builds it" for one in missing)
    return Validation(tuple(findings), said)


def _scenes(place: Path) -> list[Path]:
    from trafficdiff.datatypes.driving_scene_files import SCENE, is_driving_scene

    below = sorted(found.parent for found in place.rglob(SCENE)) if place.is_dir() else []
    return [scene for scene in below if is_driving_scene(scene)]


def _files(place: Path) -> dict[str, list[Path]]:
    """Return the files that each validator is asked about."""
    if not place.exists():
        raise InputError(f"{place}: expected a file or a folder, found none")
    found = [place] if place.is_file() else sorted(path for path in place.rglob("*") if path.is_file())
    return {one.name: [path for path in found if _is_for(one, path)] for one in VALIDATORS}


def _is_for(validator: Validator, path: Path) -> bool:
    if path.suffix not in validator.suffixes:
        return False
    if path.suffix == ".pkl":
        return path.name.startswith("sd_")
    if path.suffix == ".xml":
        with path.open("rb") as stream:
            return b"<commonRoad" in stream.read(4096)
    return True


def _check_scene(path: Path) -> Finding:
    from trafficdiff import __version__
    from trafficdiff.datatypes.driving_scene_checks import check_on_roads
    from trafficdiff.datatypes.driving_scene_files import read_driving_scene

    issues: Sequence[str] = ()
    try:
        check_on_roads(read_driving_scene(path))
    except InputError as error:
        issues = error.faults or (str(error),)
    return Finding(path, "trafficdiff scene checks", __version__, tuple(issues))


def _run(validator: Validator, files: list[Path], home: Path) -> list[Finding]:
    with scratch("validate") as folder:
        output, log = folder / "found.json", folder / "said.log"
        command: list[str | Path] = [
            validator.python(home),
            "-I",
            validator.script,
            output,
            *[path.resolve() for path in files],
        ]
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
        environment = kept | {"OMP_NUM_THREADS": "1", "SDL_VIDEODRIVER": "dummy"}
        finished = run_program(command, log=log, deadline_s=_DEADLINE_S, directory=folder, environment=environment)
        if not output.is_file():
            raise SimulationError(f"the validator {validator.name} failed: {last_words(finished.output)}")
        rows = json.loads(output.read_text(encoding="utf-8"))
    shown = {str(path.resolve()): path for path in files}
    return [
        Finding(shown[row["file"]], row["checker"], row["version"], tuple(row["issues"]), row.get("facts", {}))
        for row in rows
    ]


def refuse_missing(validation: Validation) -> None:
    """Raise if a validator that was needed is not built.

    Raises
    ------
    MissingDependencyError
        Naming all of them and the command that builds them.
    """
    if validation.missing:
        raise MissingDependencyError("not checked for want of a validator: " + "; ".join(validation.missing))
