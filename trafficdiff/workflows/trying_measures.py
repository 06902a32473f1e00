"""Try measures and charging stations on the first sample, so that a mistake is told before anything is written."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

from trafficdiff.errors import Faults, InputError, ScenarioError
from trafficdiff.publish import scratch
from trafficdiff.workflows.charging import usable_stations
from trafficdiff.workflows.measures import apply_measures
from trafficdiff.workflows.supplies import WarmSupplies

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from trafficdiff.datatypes.scenario import Scenario
    from trafficdiff.workflows.progress import Progress

__all__ = ["refuse_idle_measures"]


def refuse_idle_measures(scenarios: Iterable[tuple[Scenario, Path]], *, progress: Progress) -> None:
    """Refuse scenarios whose measures cannot act on their first sample, or whose charging stations cannot be used.

    Parameters
    ----------
    scenarios
        Scenarios, each with the folder where its relative paths start.
    progress
        Told what is being done.

    Raises
    ------
    ScenarioError
        Listing the faults of all measures and stations of all scenarios at once.
    """
    faults, supplies = Faults("scenarios"), WarmSupplies()
    with _quiet():
        for scenario, folder in scenarios:
            if not scenario.measures and scenario.charging is None:
                continue
            progress(f"trying {scenario.name}", None)
            try:
                _try(scenario, folder, supplies)
            except InputError as error:
                faults.add(f"{scenario.name}: {error}")
    faults.raise_if_any(ScenarioError)


def _try(scenario: Scenario, folder: Path, supplies: WarmSupplies) -> None:
    graph = supplies.roads(scenario.network, folder)
    trips = supplies.trips(scenario, graph, sample=0, folder=folder)
    with scratch("measures") as work:
        changed = apply_measures(scenario, graph, trips, sample=0, directory=work)
        if scenario.charging is not None:
            usable_stations(scenario, changed, folder=folder)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep warnings to the runs, which will say them again."""
    logger = logging.getLogger("trafficdiff")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
