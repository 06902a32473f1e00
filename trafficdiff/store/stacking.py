"""Stack the metrics of many runs into one Zarr store, run by run, so that memory does not grow with their number.

::

    runs/<scenario>/<sample>/metrics.zarr   (edge), (time), (time, edge) and single numbers
                  │  edges aligned by id, intervals by time
                  ▼
    results.zarr                            the same with (scenario, sample) in front; one chunk a run and variable
"""

from __future__ import annotations

import math
import shutil
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.errors import StoreError
from trafficdiff.manifest import MANIFEST
from trafficdiff.publish import publishing, sweep
from trafficdiff.store import layout
from trafficdiff.store.arrays import read_dataset, write_dataset
from trafficdiff.store.stack import STACK, run_directory
from trafficdiff.store.study import RESULTS
from trafficdiff.units import QUANTITIES, attributes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import xarray as xr
    from numpy.typing import NDArray

    from trafficdiff.store.study import StudyPlan, StudyRun

__all__ = ["write_results", "write_so_far"]

_LEADING: Final = ("scenario", "sample")
_EMPTY_IS_ZERO: Final = frozenset(
    {"flow", "density", "occupancy", "queue_length", "area_flow", "area_density", "interval_length"}
)
"""What is 0, and not unknown, where no vehicle is or no interval was simulated any more; so are all sums over time."""


def write_results(directory: Path, plan: StudyPlan, runs: Sequence[StudyRun], *, samples: int) -> None:
    """Write ``results.zarr`` of a study, whole or not at all; one that is there already is replaced.

    Parameters
    ----------
    directory
        The study.
    plan, runs
        What was asked, and how every run ended.
    samples
        Length of the sample dimension.

    Raises
    ------
    StoreError
        If no run is there, two runs of one scenario drove on other edges, or no space is left.
    """
    if all(run.state == "failed" for run in runs):
        raise StoreError(f"{directory}: expected runs to stack, every one failed; see their logs")
    discard_results(directory)
    _write(directory, plan, runs, samples=samples, target=directory / RESULTS)


def write_so_far(directory: Path, plan: StudyPlan, runs: Sequence[StudyRun], *, target: Path) -> None:
    """Write some runs of a study that is not finished to another place, stacked as its results will be.

    Parameters
    ----------
    directory, plan
        The study.
    runs
        Published runs of it, at least one.
    target
        New or empty directory; it appears whole or not at all.

    Raises
    ------
    StoreError
        As `write_results`.
    """
    _write(directory, plan, runs, samples=1 + max(run.sample for run in runs), target=target)


def _write(directory: Path, plan: StudyPlan, runs: Sequence[StudyRun], *, samples: int, target: Path) -> None:
    there = sorted(
        (run for run in runs if run.state != "failed"), key=lambda run: (plan.names.index(run.scenario), run.sample)
    )
    with publishing(target, kind=STACK) as temporary:
        edges = _edges_of(directory, plan, there)
        stack = _Stack(temporary, plan, edges=edges, samples=samples)
        for run in there:
            folder = run_directory(directory, run.scenario, run.sample)
            stack.add(read_dataset(folder / layout.METRICS), scenario=run.scenario, sample=run.sample)
        stack.finish(runs)


def discard_results(directory: Path) -> None:
    """Remove the results of an earlier call, and what killed ones left behind; a removal that is killed shows."""
    sweep(directory)
    target = directory / RESULTS
    if target.exists():
        (target / MANIFEST).unlink(missing_ok=True)  # from here on nobody takes it for results
        shutil.rmtree(target)


def _edges_of(directory: Path, plan: StudyPlan, there: Sequence[StudyRun]) -> dict[str, NDArray[np.object_]]:
    """Return the edge ids of each scenario, read from its first run; the base comes first."""
    first = {run.scenario: run for run in reversed(there)}
    names = sorted(first, key=lambda name: (name != plan.base, plan.names.index(name)))
    folders = {name: run_directory(directory, name, first[name].sample) for name in names}
    return {name: read_dataset(folder / layout.METRICS)["edge"].to_numpy() for name, folder in folders.items()}


class _Stack:
    """Hold the store while it is filled: large arrays go to disk run by run, small ones at the end.

    Parameters
    ----------
    path
        Where it is made.
    plan
        Scenarios, window and interval.
    edges
        Edge ids by scenario, in the order in which new ones are appended.
    samples
        Length of the sample dimension.
    """

    def __init__(self, path: Path, plan: StudyPlan, *, edges: dict[str, NDArray[np.object_]], samples: int) -> None:
        import zarr

        self.path, self.plan, self.edges = path, plan, edges
        union = dict.fromkeys(edge for ids in edges.values() for edge in ids)
        self.edge = np.array(list(union), object)
        place = {edge: at for at, edge in enumerate(union)}
        self.places = {name: np.array([place[edge] for edge in ids], np.intp) for name, ids in edges.items()}
        window, period_s = plan.scenarios[0].window, plan.scenarios[0].simulation.period_s
        most = math.ceil((window.end_s + window.clear_s - window.begin_s) / period_s) + 1  # SUMO may add a second
        self.time_s = window.begin_s + period_s * np.arange(most)
        self.used = 0
        self.length = {"scenario": len(plan.names), "sample": samples, "time": most, "edge": len(self.edge)}
        self.group = zarr.open_group(path, mode="a", zarr_format=3)
        self.large: dict[str, Any] = {}
        self.small: dict[str, NDArray[np.float64]] = {}
        self.origins: list[dict[str, Any]] = []

    def add(self, data: xr.Dataset, *, scenario: str, sample: int) -> None:
        """Add the metrics of one run."""
        if data["edge"].to_numpy().tolist() != self.edges[scenario].tolist():
            raise StoreError(
                f"scenario {scenario!r}, sample {sample}: expected the edges of its other runs, got others; the "
                "network changed while the study ran. Make the study again in another directory"
            )
        begins_s = data["time"].to_numpy()
        if len(begins_s) > len(self.time_s) or not np.array_equal(begins_s, self.time_s[: len(begins_s)]):
            raise StoreError(f"scenario {scenario!r}, sample {sample}: expected intervals from {self.time_s[:2]} s on")
        self.used = max(self.used, len(begins_s))
        self.origins.append(data.attrs)
        at = (self.plan.names.index(scenario), sample)
        for name, variable in data.variables.items():
            if name in data.indexes:
                continue
            fixed = name in data.coords and QUANTITIES[str(name)].dims == ("edge",)
            self._put(str(name), variable.to_numpy(), at=at[:1] if fixed else at, places=self.places[scenario])

    def _put(self, name: str, values: NDArray[Any], *, at: tuple[int, ...], places: NDArray[np.intp]) -> None:
        """Put the values of one run or scenario where they belong, aligned by edge and interval."""
        own = QUANTITIES[name].dims
        block = np.full([self.length[dim] for dim in own], np.nan)
        if own[-1:] == ("edge",):
            block[..., places] = self._without_vehicles(name) if "time" in own else np.nan
            block[(slice(len(values)), places) if "time" in own else places] = values
        elif own == ("time",):
            block[:] = self._without_vehicles(name)
            block[: len(values)] = values
        else:
            block = np.asarray(values, np.float64)
        if own[-1:] == ("edge",) and len(at) == 2:
            self._large(name)[at] = block.astype(np.float32)
        else:
            self._small(name, fixed=len(at) == 1)[at] = block

    def _without_vehicles(self, name: str) -> float:
        return 0.0 if name in _EMPTY_IS_ZERO or QUANTITIES[name].cell_methods == "time: sum" else np.nan

    def _small(self, name: str, *, fixed: bool) -> NDArray[np.float64]:
        dims = (*_LEADING[: 1 if fixed else 2], *QUANTITIES[name].dims)
        return self.small.setdefault(name, np.full([self.length[dim] for dim in dims], np.nan))

    def _large(self, name: str) -> Any:
        if name not in self.large:
            dims = (*_LEADING, *QUANTITIES[name].dims)
            shape = tuple(self.length[dim] for dim in dims)
            self.large[name] = self.group.create_array(
                name, shape=shape, chunks=(1, 1, *shape[2:]), dtype="float32", fill_value=np.nan,
                dimension_names=dims, attributes={**attributes(name)},
            )  # fmt: skip
        return self.large[name]

    def finish(self, runs: Sequence[StudyRun]) -> None:
        """Cut the intervals that no run reached, and write what is small and what it all is."""
        import xarray as xr

        for name, array in self.large.items():
            if "time" in QUANTITIES[name].dims:
                array.resize((*array.shape[:2], self.used, array.shape[3]))
        variables = {}
        for name, values in self.small.items():
            own = QUANTITIES[name].dims
            dims = (*_LEADING[: values.ndim - len(own)], *own)
            cut = values[..., : self.used] if own == ("time",) else values
            variables[name] = (dims, cut, attributes(name))
        state = np.full((self.length["scenario"], self.length["sample"]), "failed", object)
        for run in runs:
            state[self.plan.names.index(run.scenario), run.sample] = run.state
        coordinates = {
            "scenario": ("scenario", np.array(self.plan.names, object), {"long_name": "name of the scenario"}),
            "sample": ("sample", np.arange(self.length["sample"]), {"long_name": "number of the draw"}),
            "time": ("time", self.time_s[: self.used], attributes("time")),
            "edge": ("edge", self.edge, attributes("edge")),
            "run_state": (_LEADING, state, {"long_name": "how the run ended: done, gates failed, failed"}),
        }
        write_dataset(xr.Dataset(variables, coordinates), self.path, attributes=self._described(), mode="a")

    def _described(self) -> dict[str, str]:
        """Return what the numbers say about themselves (CF conventions 1.11, section 2.6)."""
        first = self.origins[0]
        licences = dict.fromkeys(str(origin["licence"]) for origin in self.origins)
        return {
            "Conventions": "CF-1.11",
            "title": f"Study: {', '.join(self.plan.names)}",
            "source": f"{first['source']} It is the first of {len(self.origins)} runs.",
            "comment": str(first.get("comment", "")),
            "history": "stacked by trafficdiff",
            "synthetic": str(all(origin["synthetic"] == "true" for origin in self.origins)).lower(),
            "base": self.plan.base,
            "plan_hash": self.plan.hash,
            "seed": str(self.plan.seed),
            "licence": "; ".join(licences),
        }
