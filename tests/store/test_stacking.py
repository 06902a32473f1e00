"""Runs are stacked by scenario and sample, edges aligned by id, intervals by time; what is missing is NaN."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.store.runs import make_content
from trafficdiff.datatypes.result import Metrics
from trafficdiff.datatypes.scenario import Scenario, Window
from trafficdiff.errors import IntegrityError, StoreError
from trafficdiff.store.stack import open_study, run_directory
from trafficdiff.store.stacking import write_results
from trafficdiff.store.study import StudyOutcome, StudyPlan, StudyRun, study_hash, write_document
from trafficdiff.store.writing import write_run

if TYPE_CHECKING:
    from pathlib import Path

    import xarray as xr

STARTED = "2024-10-08T06:00:00Z"


def plan_of(*names: str, samples: int) -> StudyPlan:
    window = Window(begin_s=25_200, end_s=25_800, clear_s=1_200)
    scenarios = tuple(Scenario(name=name, network="helsinki", window=window) for name in names)
    hashes = tuple(scenario.hash for scenario in scenarios)
    return StudyPlan(version="1", base=names[0], seed=42, samples=samples, scenarios=scenarios, scenario_hashes=hashes)


def put_run(
    study: Path, folder: Path, name: str, sample: int, *, edges: list[str], intervals: int
) -> tuple[StudyRun, xr.Dataset]:
    """Store a made-up run on some edges and return it with its metrics."""
    content = make_content(folder / f"{name}{sample}", edges=len(edges), intervals=intervals, seed=sample)
    data = content.metrics.data.assign_coords(edge=np.array(edges, object))
    data["interval_length"] = ("time", np.full(intervals, 300.0), {"units": "s"})
    data = data.set_coords("interval_length")
    write_run(run_directory(study, name, sample), replace(content, metrics=Metrics(data)))
    run = StudyRun(scenario=name, sample=sample, state="done", run_id="abc", result_hash=f"{name}{sample}")
    return run, data


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[tuple[str, int], xr.Dataset]]:
    """Two scenarios, two samples: one has a road more and one less, intervals differ, one run failed."""
    folder = tmp_path_factory.mktemp("stacking")
    directory = folder / "study"
    plan = plan_of("base", "bridge", samples=2)
    runs, data = [], {}
    for name, sample, edges, intervals in (
        ("base", 0, ["a", "b", "c"], 4),
        ("base", 1, ["a", "b", "c"], 2),
        ("bridge", 0, ["a", "bridge", "c"], 3),
    ):
        run, data[name, sample] = put_run(directory, folder, name, sample, edges=edges, intervals=intervals)
        runs.append(run)
    runs.append(StudyRun(scenario="bridge", sample=1, state="failed", error="killed"))
    write_document(plan, directory / "study.json")
    write_results(directory, plan, runs, samples=2)
    outcome = StudyOutcome(
        plan_hash=plan.hash, study_hash=study_hash(plan, runs), samples=2, runs=tuple(runs), finished_utc=STARTED
    )
    write_document(outcome, directory / "outcome.json")
    return directory, data


Study = tuple["Path", dict[tuple[str, int], "xr.Dataset"]]


def test_edges_are_aligned_by_id_and_new_ones_come_last(study: Study) -> None:
    directory, data = study
    results = open_study(directory).results
    assert results["edge"].to_numpy().tolist() == ["a", "b", "c", "bridge"]
    for (name, sample), own in data.items():
        stacked = results["flow"].sel(scenario=name, sample=sample, edge=own["edge"].to_numpy())
        np.testing.assert_allclose(stacked[: own.sizes["time"]], own["flow"], rtol=1e-6)


def test_what_a_scenario_does_not_have_is_missing_there(study: Study) -> None:
    results = open_study(study[0]).results
    assert results["edge_length"].dims == ("scenario", "edge")
    assert np.isnan(results["edge_length"].sel(scenario="base", edge="bridge"))
    assert np.isnan(results["edge_length"].sel(scenario="bridge", edge="b"))
    assert results["edge_length"].sel(edge=["a", "c"]).notnull().all()
    assert results["delay"].sel(scenario="base", edge="bridge").isnull().all()


def test_after_the_roads_are_empty_sums_are_zero_and_means_unknown(study: Study) -> None:
    short = open_study(study[0]).results.sel(scenario="base", sample=1, edge=["a", "b", "c"]).isel(time=slice(2, None))
    assert short.sizes["time"] == 2  # as long as the longest run, not as long as the window allows
    for name in ("delay", "flow", "density", "queue_length", "area_flow", "interval_length"):
        assert (short[name] == 0).all(), name
    for name in ("speed", "travel_time", "level_of_service", "area_speed"):
        assert short[name].isnull().all(), name


def test_a_failed_run_is_missing_everywhere_and_says_so(study: Study) -> None:
    opened = open_study(study[0])
    assert not opened.complete
    results = opened.results
    assert results["run_state"].to_numpy().tolist() == [["done", "done"], ["done", "failed"]]
    for name, variable in results.sel(scenario="bridge", sample=1).data_vars.items():
        if name not in {"edge_length", "edge_lanes", "edge_speed_limit", "edge_signalised"}:
            assert variable.isnull().all(), name


def test_single_numbers_keep_every_digit_and_their_units(study: Study) -> None:
    directory, data = study
    results = open_study(directory).results
    assert float(results["delay_hours"].sel(scenario="bridge", sample=0)) == float(data["bridge", 0]["delay_hours"])
    assert results["delay_hours"].attrs["units"] == "h"
    assert results["flow"].attrs["units"] == "h-1"
    assert results.attrs["base"] == "base"
    assert "synthetic" in results.attrs


def test_any_analyst_opens_it_without_a_word(study: Study) -> None:
    import xarray as xr

    with xr.open_zarr(study[0] / "results.zarr", chunks=None) as opened:
        assert dict(opened.sizes) == {"scenario": 2, "sample": 2, "time": 4, "edge": 4}


def test_a_chunk_that_changed_is_found_when_the_study_is_opened(study: Study, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(study[0], copy)
    chunk = next(path for path in (copy / "results.zarr" / "speed" / "c").rglob("*") if path.is_file())
    chunk.write_bytes(chunk.read_bytes()[:-1] + b"\0")
    with pytest.raises(IntegrityError, match="speed"):
        open_study(copy)
    assert open_study(copy, check=False).outcome is not None


def test_runs_of_one_scenario_on_other_edges_are_refused(tmp_path: Path) -> None:
    plan = plan_of("base", samples=2)
    one, _ = put_run(tmp_path / "study", tmp_path, "base", 0, edges=["a", "b"], intervals=2)
    other, _ = put_run(tmp_path / "study", tmp_path, "base", 1, edges=["a", "c"], intervals=2)
    with pytest.raises(StoreError, match="network changed"):
        write_results(tmp_path / "study", plan, [one, other], samples=2)
    assert not (tmp_path / "study" / "results.zarr").exists()


def test_no_run_at_all_is_no_study(tmp_path: Path) -> None:
    failed = StudyRun(scenario="base", sample=0, state="failed", error="killed")
    with pytest.raises(StoreError, match="every one failed"):
        write_results(tmp_path, plan_of("base", samples=1), [failed], samples=1)
