"""Build and find the outside validators: each has a virtual environment of its own, because their pins conflict.

The requirement files and the scripts that run inside travel with the package (``data/validators``); the environments
are made in the user's cache folder, once for each content of a requirement file.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from trafficdiff.errors import DeadlineError, MissingDependencyError
from trafficdiff.process import last_words, run_program
from trafficdiff.resources import bundled
from trafficdiff.workflows.progress import quiet

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from trafficdiff.workflows.progress import Progress

__all__ = ["BUILD_COMMAND", "VALIDATORS", "Validator", "build_validators", "validators_folder"]

BUILD_COMMAND: Final = "make validators"
_READY: Final = "ready"
_BUILD_DEADLINE_S: Final = 3_600.0


@dataclass(frozen=True)
class Validator:
    """Describe an environment of outside checkers.

    Parameters
    ----------
    name
        Of its folder and of its requirement file.
    suffixes
        File names that end so are checked by it.
    checkers
        What it runs, for people.
    """

    name: str
    suffixes: tuple[str, ...]
    checkers: str

    @property
    def requirements(self) -> Path:
        """What is installed, with all pins."""
        return bundled(f"data/validators/{self.name}.txt")

    @property
    def script(self) -> Path:
        """What runs inside."""
        return bundled(f"data/validators/check_{self.name}.py")

    def python(self, folder: Path) -> Path:
        """Return the environment's interpreter below the folder of all."""
        return folder / self.name / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")

    def is_ready(self, folder: Path) -> bool:
        """Return whether the environment is there, whole, and made from these requirements."""
        try:
            return (folder / self.name / _READY).read_text() == self._stamp() and self.python(folder).exists()
        except OSError:
            return False

    def _stamp(self) -> str:
        return hashlib.sha256(self.requirements.read_bytes()).hexdigest()

    def build(self, folder: Path) -> None:
        """Make the environment anew.

        Raises
        ------
        MissingDependencyError
            If pip cannot install something, or does not finish within an hour.
        """
        place, log = folder / self.name, folder / f"{self.name}.log"
        shutil.rmtree(place, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        commands: tuple[list[str | Path], ...] = (
            [sys.executable, "-m", "venv", place],
            [self.python(folder), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
             "-r", self.requirements],
        )  # fmt: skip
        for command in commands:
            try:
                finished = run_program(command, log=log, deadline_s=_BUILD_DEADLINE_S, environment=dict(os.environ))
            except DeadlineError as error:
                raise MissingDependencyError(f"validator {self.name}: {error}") from error
            if finished.returncode:
                raise MissingDependencyError(
                    f"expected to install the validator {self.name}, got: {last_words(finished.output)} (all of it is "
                    f"in {log}); is a package index reachable?"
                )
        (place / _READY).write_text(self._stamp())


VALIDATORS: Final = (
    Validator("asam", (".xosc", ".xodr"), "ASAM quality checkers of OpenSCENARIO and OpenDRIVE, with their schemas"),
    Validator("commonroad", (".xml",), "CommonRoad's schema, reader and drivability checker"),
    Validator("osi", (".mcap",), "omega-prime, reading OSI recordings back"),
    Validator("metadrive", (".pkl",), "MetaDrive's sanity check of ScenarioNet files"),
)


def validators_folder() -> Path:
    """Return where the environments are: below the user's cache folder."""
    from platformdirs import user_cache_path

    return user_cache_path("trafficdiff") / "validators"


def build_validators(
    folder: Path | None = None, *, names: Iterable[str] = (), progress: Progress = quiet
) -> tuple[str, ...]:
    """Build the environments that are not ready, and return their names.

    Parameters
    ----------
    folder
        Where; left out, the user's cache folder.
    names
        Which; left out, all.
    progress
        Receives stages.

    Raises
    ------
    MissingDependencyError
        If pip cannot install something.
    """
    place, wanted = folder or validators_folder(), set(names) or {one.name for one in VALIDATORS}
    made = []
    for one in VALIDATORS:
        if one.name in wanted and not one.is_ready(place):
            progress(f"installing the validator {one.name}", None)
            one.build(place)
            made.append(one.name)
    return tuple(made)
