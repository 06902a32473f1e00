"""Show the whole path on the city that travels with the package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from trafficdiff.resources import bundled
from trafficdiff.store.claim import is_claimed
from trafficdiff.workflows.progress import quiet
from trafficdiff.workflows.run import run_file

if TYPE_CHECKING:
    from trafficdiff.workflows.outcome import Outcome
    from trafficdiff.workflows.progress import Progress

__all__ = ["SCENARIO", "demo"]

SCENARIO: Final = "networks/helsinki/demo.yaml"
"""The bundled scenario that the demo runs."""


def demo(directory: str | Path | None = None, *, progress: Progress = quiet) -> Outcome:
    """Run a morning peak in Helsinki, in which some cars charge on the way, and return what it found.

    Parameters
    ----------
    directory
        The run directory to make; left out, a new one below ``runs/``.
    """
    return run_file(bundled(SCENARIO), directory=directory or _next_free(Path("runs")), progress=progress)


def _next_free(parent: Path) -> Path:
    """Return ``parent/demo``, or the first of ``demo-2``, ``demo-3``, ... that is not there and nobody is making."""
    number = 1
    while (candidate := parent / ("demo" if number == 1 else f"demo-{number}")).exists() or is_claimed(candidate):
        number += 1
    return candidate
