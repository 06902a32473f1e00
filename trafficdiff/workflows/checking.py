"""Check scenarios before they are run: what their measures would do on the roads, to the trips of the first sample."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from trafficdiff.datatypes.calibration_facts import CalibrationFacts, facts_said
from trafficdiff.datatypes.scenario import Scenario
from trafficdiff.errors import ScenarioError, SimulationError, TrafficdiffError
from trafficdiff.process import module_path
from trafficdiff.publish import scratch
from trafficdiff.workflows.charging import usable_stations
from trafficdiff.workflows.measures import apply_measures
from trafficdiff.workflows.progress import quiet
from trafficdiff.workflows.supplies import Supplies

if TYPE_CHECKING:
    from trafficdiff.workflows.progress import Progress

__all__ = ["Checked", "check", "check_apart", "main"]

_LONGEST_S: Final = 600.0


@dataclass(frozen=True)
class Checked:
    """Say what the measures of a scenario do before anything is simulated.

    Parameters
    ----------
    trips
        Of the first sample on the base's roads.
    effects
        Of each measure in order: its kind, a summary, the ids of the roads that it touches, and counts of trips.
    counts
        What becomes of the trips in the end, each counted once (``rerouted``, ``moved``, ``removed``, ``added``).
    calibration
        What the trips were calibrated to and how well they fit, before any measure; None where they were not.
    """

    trips: int
    effects: tuple[dict[str, Any], ...]
    counts: dict[str, int] = field(default_factory=dict)
    calibration: CalibrationFacts | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return plain data."""
        facts = None if self.calibration is None else self.calibration.model_dump(mode="json")
        return {"trips": self.trips, "effects": list(self.effects), "counts": self.counts, "calibration": facts}


def check(scenario: Scenario, folder: Path, *, progress: Progress = quiet, supplies: Supplies | None = None) -> Checked:
    """Open the roads, draw the first sample's trips, apply the measures, and say what each does.

    Parameters
    ----------
    scenario
        What is checked.
    folder
        Where its relative paths start.
    progress
        Told what is being done.
    supplies
        Where roads and trips come from (default: made afresh).

    Raises
    ------
    ScenarioError
        Listing every measure that cannot act.
    InputError
        If the roads, the trips or the charging stations cannot be used.
    """
    supplies = supplies or Supplies()
    progress("opening the network", None)
    graph = supplies.roads(scenario.network, folder)
    progress("drawing the demand", None)
    trips = supplies.trips(scenario, graph, sample=0, folder=folder)
    progress("trying the measures", None)
    with scratch("check") as work:
        changed = apply_measures(scenario, graph, trips, sample=0, directory=work)
        if scenario.charging is not None:
            usable_stations(scenario, changed, folder=folder)
        kept = ("kind", "summary", "edges", "trips")
        effects = tuple({key: effect.as_dict()[key] for key in kept} for effect in changed.effects)
    return Checked(len(trips), effects, dict(changed.counts), facts_said(trips.provenance))


def check_apart(scenario: Scenario, folder: Path) -> Checked:
    """Check a scenario in a process of its own, which takes its memory away with it; see `check`.

    Raises
    ------
    ScenarioError
        Listing every measure that cannot act, and whatever else `check` refuses.
    SimulationError
        If the process failed, or took longer than ten minutes.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-m", "trafficdiff.workflows.checking", str(folder)],
            input=scenario.canonical(),
            env={**os.environ, "PYTHONPATH": module_path(os.environ.get("PYTHONPATH"))},
            capture_output=True,
            text=True,
            timeout=_LONGEST_S,
            check=False,
            start_new_session=True,
        )
        found: dict[str, Any] = json.loads(done.stdout)
    except subprocess.TimeoutExpired as error:
        raise SimulationError(
            f"expected the check to end within {_LONGEST_S:g} s, it did not; try fewer trips"
        ) from error
    except ValueError as error:
        said = done.stderr.strip().splitlines()[-1:] or ["nothing"]
        raise SimulationError(f"expected the check to say what it found, it last said: {said[0]}") from error
    if "message" in found:
        raised = ScenarioError(found["message"])
        raised.faults = tuple(found["faults"])
        raise raised
    facts = None if found["calibration"] is None else CalibrationFacts.model_validate(found["calibration"])
    return Checked(found["trips"], tuple(found["effects"]), found["counts"], facts)


def main(arguments: list[str]) -> None:
    """Check the scenario on stdin, whose relative paths start at the folder that is given, and print what is found."""
    logging.disable(logging.WARNING)
    try:
        scenario = Scenario.model_validate_json(sys.stdin.read())
        found = check(scenario, Path(arguments[0])).as_dict()
    except TrafficdiffError as error:
        found = {"message": str(error), "faults": list(error.faults)}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
