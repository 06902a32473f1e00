"""Get what a run begins with, its road graph and its trips, fresh or kept from an earlier run of the same process.

A run asks its supplies and never sees which kind it has: what is kept is what a fresh one would give, warnings
included. Nothing may change a road graph or a trip set in place, and nothing does: both are frozen.
"""

from __future__ import annotations

import json
import logging
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

from trafficdiff.datatypes.scenario import CalibratedDemand, FileDemand
from trafficdiff.workflows.remarks import collecting_warnings
from trafficdiff.workflows.sample import draw_trips

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.scenario import Scenario
    from trafficdiff.datatypes.trips import TripSet

__all__ = ["Supplies", "WarmSupplies"]

_GRAPHS: Final = 2
"""Road graphs that are kept; scenarios of a study mostly share one."""

_logger = logging.getLogger(__name__)


class Supplies:
    """Open the roads and draw the trips each time they are asked for."""

    def roads(self, network: str, folder: Path) -> RoadGraph:
        """Open a network; a relative path may start at `folder` or at the working directory."""
        from trafficdiff.roads.load import load_network
        from trafficdiff.roads.source import word_from

        return load_network(word_from(network, folder))

    def trips(self, scenario: Scenario, graph: RoadGraph, *, sample: int, folder: Path) -> TripSet:
        """Draw one sample's trips on a road graph, or read them from the file that the scenario names."""
        window_s = (scenario.window.begin_s, scenario.window.end_s)
        return draw_trips(graph, scenario.demand, window_s=window_s, seed=scenario.seed, sample=sample, folder=folder)


class WarmSupplies(Supplies):
    """Keep the last road graphs, and the last trips: scenarios of one sample that ask for the same demand share them.

    A graph counts as the same while its files are; trips while graph, demand, window, seed and sample are.
    """

    def __init__(self) -> None:
        self._graphs: OrderedDict[tuple[Any, ...], RoadGraph] = OrderedDict()
        self._trips: tuple[tuple[Any, ...], TripSet, list[str]] | None = None
        self.drawn = 0
        """How often trips were drawn; the rest was kept."""

    def roads(self, network: str, folder: Path) -> RoadGraph:
        """Open a network, or return the one that was opened from the same files."""
        key = _files_of(network, folder)
        if key not in self._graphs:
            self._graphs[key] = super().roads(network, folder)
        self._graphs.move_to_end(key)
        while len(self._graphs) > _GRAPHS:
            self._graphs.popitem(last=False)
        return self._graphs[key]

    def trips(self, scenario: Scenario, graph: RoadGraph, *, sample: int, folder: Path) -> TripSet:
        """Draw one sample's trips, or return those that were drawn for another scenario; what was warned is said again.

        Trips from a file are read each time: the file may change.
        """
        if isinstance(scenario.demand, FileDemand):
            return super().trips(scenario, graph, sample=sample, folder=folder)
        key = (id(graph), _words_of(scenario), scenario.seed, sample, str(folder), _data_of(scenario, folder))
        if self._trips is not None and self._trips[0] == key and self._trips[1].graph is graph:
            for words in self._trips[2]:
                _logger.warning("%s", words)
            return self._trips[1]
        self._trips = None  # never two at once in memory
        with collecting_warnings() as said:
            trips = super().trips(scenario, graph, sample=sample, folder=folder)
        self.drawn += 1
        self._trips = key, trips, said
        return trips


def _words_of(scenario: Scenario) -> str:
    """Return demand and window as text, defaults spelled out."""
    content = scenario.model_dump(mode="json", include={"demand", "window"})
    return json.dumps(content, sort_keys=True)


def _data_of(scenario: Scenario, folder: Path) -> tuple[Any, ...]:
    """Return size and time of the files that trips are calibrated to: changed ones are read again."""
    from trafficdiff.workflows.calibrated_trips import data_files

    if not isinstance(scenario.demand, CalibratedDemand):
        return ()
    facts = [path.stat() for path in data_files(scenario.demand, folder).values() if path.exists()]
    return tuple((one.st_size, one.st_mtime_ns) for one in facts)


def _files_of(network: str, folder: Path) -> tuple[Any, ...]:
    """Return what a network is made from: its path, and size and time of the file that changes when it does."""
    from trafficdiff.manifest import MANIFEST
    from trafficdiff.roads.source import find_source, word_from

    source = find_source(word_from(network, folder))
    path = source.path / MANIFEST if source.kind == "built" else source.path
    file = source.place.checked_path() if source.place is not None else path
    facts = file.stat() if file.exists() else None
    return str(source.path.resolve()), facts and (facts.st_size, facts.st_mtime_ns)
