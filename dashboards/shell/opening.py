"""Open runs, studies and comparisons for pages: once for everybody, by what they hold, and never too many.

::

    opened = open_study_cached("studies/bridge")     or run_of("runs/monday")
    opened.results                                   lazy: dims (scenario, sample, time, edge)
    pair = comparison_of(opened, base="today", scenario="bridge closed")
    pair.numbers   pair.roads   pair.trips   pair.ranking      each made when first asked for

What is cached is looked up by the hash of what it holds, so a study that goes on, or is made anew, is read again.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal

import streamlit as st

from dashboards.shell.state import workspace
from trafficdiff.errors import InputError, StoreError, TrafficdiffError
from trafficdiff.publish import is_complete
from trafficdiff.workflows.compare import (
    CONFIDENCE,
    FALSE_DISCOVERY_RATE,
    compare_numbers,
    number_levels,
    pair_of,
    rank_scenarios,
)
from trafficdiff.workflows.comparison_cache import cached_roads, cached_trips

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import geopandas as gpd
    import pandas as pd
    import xarray as xr

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.store.reading import StoredRun
    from trafficdiff.store.stack import Study
    from trafficdiff.store.status import RunStatus
    from trafficdiff.workflows.compare import Pair

__all__ = [
    "BY_CONTENT",
    "CACHE",
    "CACHE_OF_TABLES",
    "Compared",
    "Opened",
    "comparison_of",
    "drawn_roads",
    "levels_of",
    "open_study_cached",
    "run_of",
    "series_of",
]

CACHE: Final = ".trafficdiff"
"""Hidden folder of the workspace for what can be made anew."""
CACHE_OF_TABLES: Final = 128
"""Small tables that are kept for all visitors, of each kind."""
_MOST_OPEN: Final = 16
_MOST_COMPARED: Final = 6
_MOST_GRAPHS: Final = 4
_MOST_SO_FAR: Final = 3
_MOST_PREVIEWED: Final = 8
"""Runs of a scenario that are shown of a study that goes on: enough for a look, and never slow."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Opened:
    """Represent a study or a single run as pages see it.

    Parameters
    ----------
    name
        Path below the workspace.
    kind
        Which of the two.
    directory
        Where it is.
    key
        Hash of what it holds; equal keys, equal numbers.
    scenarios, base
        Names in their order, and the one that others are compared with.
    runs
        Samples of each scenario that have a run; the first few while the study goes on.
    marked
        How many runs of each scenario did not pass their quality gates.
    finished
        Whether nothing more will come.
    asked
        Runs that were asked for.
    study, run
        The one that it is.
    """

    name: str
    kind: Literal["study", "run"]
    directory: Path
    key: str
    scenarios: tuple[str, ...]
    base: str
    runs: Mapping[str, tuple[int, ...]]
    marked: Mapping[str, int] = field(default_factory=dict)
    finished: bool = True
    asked: int = 1
    study: Study | None = None
    run: StoredRun | None = None

    @property
    def count(self) -> int:
        """Runs that are there."""
        return sum(map(len, self.runs.values()))

    @property
    def status(self) -> RunStatus | None:
        """Return how far it is, if somebody says so."""
        from trafficdiff.store.status import read_status, status_path

        try:
            return read_status(status_path(self.directory))
        except TrafficdiffError:
            return None

    @cached_property
    def results(self) -> xr.Dataset:
        """Numbers of all runs that are there, read when they are used; see `store.stack.Study.results`."""
        if self.run is not None:
            return self.run.metrics.data.expand_dims(scenario=[self.base], sample=[0])
        if self.study is None:
            raise ValueError("expected a study or a run, got neither")
        return self.study.results if self.finished else _results_so_far(self.study, self.runs)

    def stored_run(self, scenario: str) -> StoredRun:
        """Return the first run of a scenario."""
        from trafficdiff.store.reading import open_run

        if self.run is not None:
            return self.run
        if self.study is None:
            raise ValueError("expected a study or a run, got neither")
        return open_run(self.study.run_directory(scenario, self.runs[scenario][0]), check=False)


@dataclass(frozen=True, eq=False)
class Compared:
    """Represent a comparison, each part made when it is first asked for and kept in the workspace's hidden folder.

    Parameters
    ----------
    opened
        The finished study.
    pair
        Which of its runs are compared.
    """

    opened: Opened
    pair: Pair
    confidence: float = CONFIDENCE
    rate: float = FALSE_DISCOVERY_RATE

    @property
    def key(self) -> str:
        """Hash of study and pair."""
        return _digest(self.opened.key, self.pair.base, self.pair.scenario, self.confidence, self.rate)

    @cached_property
    def numbers(self) -> pd.DataFrame:
        """Changes of the area's numbers by their name; see `metrics.kpi_changes`."""
        return compare_numbers(self._study, self.pair, confidence=self.confidence).set_index("name", drop=False)

    @cached_property
    def roads(self) -> tuple[gpd.GeoDataFrame, xr.Dataset]:
        """Changes by road, over the window and by interval; ``edges`` and ``intervals`` of `Comparison`."""
        return cached_roads(
            self._study, self.pair, folder=_folder("comparisons"), confidence=self.confidence, rate=self.rate
        )

    @cached_property
    def trips(self) -> tuple[gpd.GeoDataFrame, Mapping[str, float]]:
        """Who wins and who loses; ``zones`` and ``fates`` of `Comparison`."""
        return cached_trips(
            self._study, self.pair, folder=_folder("comparisons"), confidence=self.confidence, rate=self.rate
        )

    def ranking(self, ranked_by: str) -> pd.DataFrame:
        """Return all scenarios of the study by one number; see `metrics.ranking`."""
        return rank_scenarios(self._study, ranked_by=ranked_by, confidence=self.confidence)

    @property
    def _study(self) -> Study:
        if self.opened.study is None:
            raise ValueError("expected a study, got a run")
        return self.opened.study


BY_CONTENT: Final[dict[type | str, Callable[[Any], Any]]] = {
    Opened: lambda opened: opened.key,
    Compared: lambda compared: compared.key,
}
"""How ``st.cache_resource`` tells what pages pass on: ``hash_funcs``."""


def open_study_cached(name: str) -> Opened:
    """Return a study of the workspace, finished or not.

    Raises
    ------
    TrafficdiffError
        If it is none, or not what was published.
    """
    path = workspace().path_of(name)
    return _study_at(name, str(path), _stamp(path, "study.json", "outcome.json"), _runs_stamp(path))


def run_of(name: str) -> Opened:
    """Return a single run of the workspace.

    Raises
    ------
    TrafficdiffError
        If it is none, or not what was published.
    """
    path = workspace().path_of(name)
    return _run_at(name, str(path), _stamp(path, "manifest.json"))


@st.cache_resource(max_entries=_MOST_COMPARED, show_spinner=False, hash_funcs=BY_CONTENT)
def comparison_of(opened: Opened, *, base: str, scenario: str) -> Compared:
    """Return the comparison of two scenarios of a finished study.

    Raises
    ------
    TrafficdiffError
        If the two cannot be compared.
    """
    if opened.study is None:
        raise InputError(
            f"{opened.name}: expected a study, got a single run; a run alone has nothing to be compared with"
        )
    return Compared(opened, pair_of(opened.study, base=base, scenario=scenario))


@st.cache_resource(max_entries=_MOST_OPEN, show_spinner=False, hash_funcs=BY_CONTENT)
def levels_of(opened: Opened, scenario: str, *, confidence: float = CONFIDENCE) -> pd.DataFrame:
    """Return the area's numbers of one scenario by their name; see `metrics.kpi_levels`."""
    levels = number_levels(opened.results, scenario, samples=opened.runs[scenario], confidence=confidence)
    return levels.set_index("name", drop=False)


def series_of(opened: Opened, *, base: str, scenario: str) -> dict[str, tuple[int, ...]]:
    """Return the samples of base and scenario as charts show them: those that both have, the base first."""
    if base == scenario:
        return {scenario: opened.runs[scenario]}
    shared = tuple(k for k in opened.runs[base] if k in set(opened.runs[scenario]))
    return {name: shared or opened.runs[name] for name in (base, scenario)}


@st.cache_resource(max_entries=_MOST_GRAPHS, show_spinner=False, hash_funcs=BY_CONTENT)
def drawn_roads(opened: Opened, *, base: str, scenario: str) -> tuple[RoadGraph, RoadGraph]:
    """Return the roads that two scenarios drove on; of a run, and of one scenario, twice the same."""
    from trafficdiff.roads.netfile import read_net

    one, other = (opened.stored_run(name).net_path for name in (base, scenario))
    graph = read_net(one)
    if base == scenario or one.read_bytes() == other.read_bytes():
        return graph, graph
    return graph, read_net(other, name=graph.name)


@st.cache_resource(max_entries=_MOST_OPEN, show_spinner=False)
def _study_at(name: str, path: str, stamp: str, runs_stamp: str) -> Opened:  # noqa: ARG001 - part of what is looked up
    from pathlib import Path

    from trafficdiff.store.stack import open_study

    study = open_study(Path(path), check=False)
    runs, marked = _runs_of(study)
    count = sum(map(len, runs.values()))
    if study.outcome is not None and not count:
        raise StoreError(f"{name}: expected a study with runs, every one failed; see outcome.json")
    return Opened(
        name=name,
        kind="study",
        directory=study.directory,
        key=study.hash if study.outcome is not None else _digest(study.plan.hash, runs),
        scenarios=study.scenarios,
        base=study.base,
        runs=runs,
        marked=marked,
        finished=study.outcome is not None,
        asked=study.samples * len(study.scenarios),
        study=study,
    )


@st.cache_resource(max_entries=_MOST_OPEN, show_spinner=False)
def _run_at(name: str, path: str, stamp: str) -> Opened:
    from pathlib import Path

    from trafficdiff.store.reading import open_run

    run = open_run(Path(path))
    scenario = run.scenario.name
    return Opened(
        name=name,
        kind="run",
        directory=run.directory,
        key=_digest(run.run_id, stamp),
        scenarios=(scenario,),
        base=scenario,
        runs={scenario: (0,)},
        marked={scenario: int(not run.validation.passed)},
        run=run,
    )


def _runs_of(study: Study) -> tuple[dict[str, tuple[int, ...]], dict[str, int]]:
    """Return the samples of each scenario that have a run, and how many runs did not pass their gates."""
    if study.outcome is not None:
        there = [run for run in study.outcome.runs if run.state != "failed"]
        marked = {name: sum(run.scenario == name for run in study.outcome.marked) for name in study.scenarios}
        return {name: tuple(run.sample for run in there if run.scenario == name) for name in study.scenarios}, marked
    found = {
        name: [k for k in range(study.samples) if is_complete(study.run_directory(name, k))] for name in study.scenarios
    }
    return {name: tuple(some[:_MOST_PREVIEWED]) for name, some in found.items()}, {}


def _results_so_far(study: Study, runs: Mapping[str, tuple[int, ...]]) -> xr.Dataset:
    """Return runs of an unfinished study stacked as a finished one's are."""
    import shutil

    from trafficdiff.store.arrays import read_dataset
    from trafficdiff.store.stacking import write_so_far
    from trafficdiff.store.study import StudyRun

    there = [StudyRun(scenario=name, sample=k, state="done") for name, some in runs.items() for k in some]
    target = _folder("so_far") / _digest(study.plan.hash, runs)
    if not is_complete(target):
        write_so_far(study.directory, study.plan, there, target=target)
        older = sorted(target.parent.iterdir(), key=lambda path: path.stat().st_mtime)
        for path in older[:-_MOST_SO_FAR]:
            shutil.rmtree(path, ignore_errors=True)
    return read_dataset(target)


def _folder(part: str) -> Path:
    """Return where things are kept that can be made anew: in the workspace, or the user's cache if it is read-only."""
    root = workspace().root
    if os.access(root, os.W_OK):
        return root / CACHE / part
    from platformdirs import user_cache_path

    return user_cache_path("trafficdiff") / _digest(str(root)) / part


def _stamp(path: Path, *names: str) -> str:
    """Return what changes when one of the files does."""
    parts: list[Any] = []
    for name in names:
        try:
            seen = (path / name).stat()
            parts.append([name, seen.st_mtime_ns, seen.st_size, seen.st_ino])
        except OSError:
            parts.append([name])
    return _digest(str(path), parts)


def _runs_stamp(path: Path) -> str:
    """Return what changes when another run of an unfinished study is there; nothing of a finished one."""
    if (path / "outcome.json").exists():
        return ""
    return _digest(sorted(str(found.parent) for found in (path / "runs").glob("*/*/manifest.json")))


def _digest(*content: object) -> str:
    return hashlib.sha256(json.dumps(content, default=str, sort_keys=True).encode()).hexdigest()[:32]
