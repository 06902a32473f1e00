"""Try the measures of scenarios on their first sample, so that a mistake is told before anything is written."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

from trafficdiff.errors import Faults, NetworkError, ScenarioError
from trafficdiff.publish import scratch
from trafficdiff.workflows.measures import apply_measures
from trafficdiff.workflows.supplies import WarmSupplies

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from trafficdiff.datatypes.scenario import Scenario
    from trafficdiff.workflows.progress import Progress

__all__ = ["refuse_idle_measures"]


def refuse_idle_measures(scenarios: Iterable[tuple[Scenario, Path]], *, progress: Progress) -> None:
    """Refuse scenarios with measures that cannot act on the roads and the trips of their first sample.

    Parameters
    ----------
    scenarios
        Scenarios, each with the folder where its relative paths start.
    progress
        Told what is being done.

    Raises
    ------
    ScenarioError
        Listing the faults of all measures of all scenarios at once.
    """
    faults, supplies = Faults("scenarios"), WarmSupplies()
    with _quiet():
        for scenario, folder in scenarios:
            if not scenario.measures:
                continue
            progress(f"trying the measures of {scenario.name}", None)
            try:
                _try(scenario, folder, supplies)
            except (ScenarioError, NetworkError) as error:
                faults.add(f"{scenario.name}: {error}")
    faults.raise_if_any(ScenarioError)


def _try(scenario: Scenario, folder: Path, supplies: WarmSupplies) -> None:
    graph = supplies.roads(scenario.network, folder)
    trips = supplies.trips(scenario, graph, sample=0, folder=folder)
    with scratch("measures") as work:
        apply_measures(scenario, graph, trips, sample=0, directory=work)


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
