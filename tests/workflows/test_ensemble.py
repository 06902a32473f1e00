"""A study has the same hash whatever happens to it, and nothing that is finished is made twice."""

from __future__ import annotations

import os
import random
import shutil
import signal
import threading
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.disks import small_file_system
from tests.simulation.test_run import signalling
from tests.workflows.ensembles import (
    all_ended,
    finished,
    finished_runs,
    long_scenario,
    scenario_of,
    started,
    sumos_below,
    wait_for,
    workers_below,
    write_pair,
)
from trafficdiff.errors import IntegrityError, OutputError, ScenarioError, SimulationError
from trafficdiff.store.claim import holding
from trafficdiff.store.reading import open_run
from trafficdiff.store.stack import open_study
from trafficdiff.store.status import read_status, status_path
from trafficdiff.store.study import Stopping
from trafficdiff.workflows.ensemble import ensemble
from trafficdiff.workflows.run import run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from trafficdiff.workflows.ensemble_outcome import EnsembleOutcome

pytestmark = [pytest.mark.sumo, pytest.mark.slow]
slow = pytest.mark.slow


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, grid_net: Path) -> EnsembleOutcome:
    """Two scenarios, two samples, one worker; tests leave it as it is."""
    scenarios = [scenario_of(grid_net, "base"), scenario_of(grid_net, "more", trips=30)]
    return ensemble(scenarios, directory=tmp_path_factory.mktemp("study") / "study", samples=2, workers=1)


# --- what comes out -----------------------------------------------------------------------------------------


def test_each_run_is_the_one_that_a_single_run_makes(small: EnsembleOutcome, grid_net: Path, tmp_path: Path) -> None:
    alone = run(scenario_of(grid_net, "more", trips=30), directory=tmp_path / "run", sample=1, picture=False)
    stored = open_run(open_study(small.directory).run_directory("more", 1))
    assert stored.run_id == alone.run_id
    assert stored.provenance.result_hash == alone.result_hash
    assert stored.validation.warnings == alone.validation.warnings


def test_the_stack_holds_the_numbers_of_the_runs(small: EnsembleOutcome) -> None:
    study = open_study(small.directory)
    assert (study.base, study.scenarios, study.samples, study.complete) == ("base", ("base", "more"), 2, True)
    for name in study.scenarios:
        for sample in range(study.samples):
            own = open_run(study.run_directory(name, sample)).metrics.data
            stacked = study.results.sel(scenario=name, sample=sample).reindex(time=own["time"].to_numpy())
            for variable in own.data_vars:
                np.testing.assert_allclose(stacked[variable], own[variable], rtol=1e-6, err_msg=str(variable))
    table = small.table()
    assert table["trips_completed"].tolist() == [20, 20, 30, 30]
    assert study.results["run_state"].to_numpy().tolist() == [["done"] * 2] * 2


def test_the_status_beside_the_study_says_that_it_is_done(small: EnsembleOutcome) -> None:
    status = read_status(status_path(small.directory))
    assert status is not None
    assert (status.state, status.progress, status.message) == ("done", 1.0, "4 of 4 runs")


def test_the_same_call_again_makes_nothing_and_says_the_same(small: EnsembleOutcome, grid_net: Path) -> None:
    before = finished_runs(small.directory)
    told: list[str] = []
    scenarios = [scenario_of(grid_net, "base"), scenario_of(grid_net, "more", trips=30)]
    again = ensemble(scenarios, directory=small.directory, samples=2, progress=lambda words, _: told.append(words))
    assert finished_runs(small.directory) == before
    assert again.outcome == small.outcome
    assert again.rows() == small.rows()
    assert again.summary()["new_runs"] == 0 or again.outcome.finished_utc == small.outcome.finished_utc


@pytest.mark.slow
def test_results_that_were_lost_or_changed_are_stacked_again_from_the_runs(
    small: EnsembleOutcome, grid_net: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(small.directory, copy)
    chunk = next(path for path in (copy / "results.zarr" / "flow").rglob("*") if path.is_file() and "c" in path.parts)
    chunk.unlink()
    with pytest.raises(IntegrityError, match="flow"):
        open_study(copy)
    before = finished_runs(copy)
    scenarios = [scenario_of(grid_net, "base"), scenario_of(grid_net, "more", trips=30)]
    again = ensemble(scenarios, directory=copy, samples=2)
    assert finished_runs(copy) == before
    assert open_study(copy).hash == again.outcome.study_hash == small.outcome.study_hash


def test_a_finished_run_that_was_changed_is_named_and_nothing_is_made(
    small: EnsembleOutcome, grid_net: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(small.directory, copy)
    (copy / "runs" / "more" / "0001" / "counts.json").write_text("{}")
    scenarios = [scenario_of(grid_net, "base"), scenario_of(grid_net, "more", trips=30)]
    with pytest.raises(IntegrityError, match=r"more/0001.*counts\.json"):
        ensemble(scenarios, directory=copy, samples=2)


def test_the_second_of_two_calls_for_one_study_is_told_at_once(small: EnsembleOutcome, grid_net: Path) -> None:
    scenarios = [scenario_of(grid_net, "base"), scenario_of(grid_net, "more", trips=30)]
    with holding(small.directory), pytest.raises(OutputError, match="making it now"):
        ensemble(scenarios, directory=small.directory, samples=2)
    status = read_status(status_path(small.directory))
    assert status is not None
    assert status.state == "done"


def test_a_scenario_that_cannot_be_used_ends_the_study_at_its_first_run(grid_net: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.net.xml"
    cut.write_bytes(grid_net.read_bytes()[:-2_000])
    with pytest.raises(ScenarioError, match=r"'base'.*cut\.net\.xml"):
        ensemble([scenario_of(cut)], directory=tmp_path / "study", samples=20, workers=1)
    status = read_status(status_path(tmp_path / "study"))
    assert status is not None
    assert status.state == "failed"
    assert status.progress < 0.1


@slow
def test_workers_do_not_change_the_hash_and_failed_gates_are_marked(
    small: EnsembleOutcome, grid_net: Path, tmp_path: Path
) -> None:
    scenarios = [scenario_of(grid_net, "base"), scenario_of(grid_net, "more", trips=30)]
    two = ensemble(scenarios, directory=tmp_path / "two", samples=2, workers=2)
    assert two.outcome.study_hash == small.outcome.study_hash
    jammed = scenario_of(grid_net, "jammed", trips=400, window={"begin_s": 0, "end_s": 120, "clear_s": 0}, samples=2)
    marked = ensemble([jammed], directory=tmp_path / "jammed")
    assert marked.complete
    assert [run.state for run in marked.outcome.runs] == ["gates failed"] * 2
    assert open_study(tmp_path / "jammed").results["run_state"].to_numpy().tolist() == [["gates failed"] * 2]


@slow
def test_a_study_stops_when_the_interval_is_narrow_enough(grid_net: Path, tmp_path: Path) -> None:
    scenarios = [scenario_of(grid_net, "base"), scenario_of(grid_net, "same")]
    rule = Stopping(kpi="mean_trip_time", half_width=0.001, relative=True, least=5, step=2)
    same = ensemble(scenarios, directory=tmp_path / "same", samples=9, stopping=rule)
    assert same.outcome.samples == 5  # the same demand and the same dice: no difference at all
    assert [(look.mean, look.half_width) for look in same.outcome.looks] == [(0, 0)]
    assert open_study(tmp_path / "same").results.sizes["sample"] == 5
    alone = ensemble(scenarios[:1], directory=tmp_path / "alone", samples=7, stopping=rule)
    assert [look.samples for look in alone.outcome.looks] == [5, 7]
    assert not alone.outcome.looks[-1].is_narrow


# --- faults -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, grid_net: Path) -> EnsembleOutcome:
    """A study of runs that take a second or two, undisturbed."""
    scenarios = [long_scenario(grid_net), long_scenario(grid_net, "more", trips=1_000)]
    return ensemble(scenarios, directory=tmp_path_factory.mktemp("whole") / "study", samples=2, workers=2)


@pytest.fixture
def files(tmp_path: Path, grid_net: Path) -> list[Path | str]:
    """The same study as words on the command line."""
    paths = write_pair(tmp_path, long_scenario(grid_net), long_scenario(grid_net, "more", trips=1_000))
    return [*paths, "--samples", "2", "--workers", "2"]


@slow
def test_a_killed_sumo_and_a_killed_worker_cost_their_runs_alone(
    whole: EnsembleOutcome, grid_net: Path, tmp_path: Path
) -> None:
    """Faults 12 and 14."""
    scenarios = [long_scenario(grid_net), long_scenario(grid_net, "more", trips=1_000)]
    with signalling("sumo", signal.SIGKILL, times=1) as sumos:
        found = ensemble(scenarios, directory=tmp_path / "sumo", samples=2, workers=2)
    assert len(sumos) == 1
    assert found.outcome.study_hash == whole.outcome.study_hash

    killed: list[int] = []

    def kill_worker() -> None:
        sumo = wait_for(lambda: sumos_below(os.getpid()))[0]
        worker = sumo.parent()
        assert worker is not None
        worker.kill()
        killed.append(worker.pid)
        assert all_ended([sumo])  # it dies with its worker

    watcher = threading.Thread(target=kill_worker)
    watcher.start()
    found = ensemble(scenarios, directory=tmp_path / "worker", samples=2, workers=2)
    watcher.join()
    assert len(killed) == 1
    assert found.outcome.study_hash == whole.outcome.study_hash
    assert sorted(run.attempts for run in found.outcome.runs) == [1, 1, 1, 2]
    assert workers_below(os.getpid()) == []


@slow
def test_a_stopped_sumo_ends_at_its_deadline_and_its_run_is_made_again(grid_net: Path, tmp_path: Path) -> None:
    """Fault 13."""
    scenarios = [long_scenario(grid_net, deadline_s=12)]
    expected = ensemble(scenarios, directory=tmp_path / "quiet", samples=1)
    with signalling("sumo", signal.SIGSTOP, times=1) as hit:
        found = ensemble(scenarios, directory=tmp_path / "stopped", samples=1)
    assert len(hit) == 1
    assert [run.attempts for run in found.outcome.runs] == [2]
    assert found.outcome.study_hash == expected.outcome.study_hash
    with signalling("sumo", signal.SIGSTOP, times=2), pytest.raises(SimulationError, match=r"within 1[0-9.]* s"):
        ensemble([long_scenario(grid_net, deadline_s=1.5)], directory=tmp_path / "never", samples=1)
    assert sumos_below(os.getpid()) == []


@slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_whatever_ends_the_leader_takes_workers_and_sumo_with_it_and_the_next_call_goes_on(
    whole: EnsembleOutcome, files: list[Path | str], tmp_path: Path, number: signal.Signals
) -> None:
    study = tmp_path / "study"
    with started(study, *files) as leader:
        wait_for(lambda: finished_runs(study))
        wait_for(lambda: sumos_below(leader.pid))
        processes = [*workers_below(leader.pid), *sumos_below(leader.pid)]
        begun = time.monotonic()
        leader.send_signal(number)
        _, stderr = leader.communicate(timeout=30)
        assert time.monotonic() - begun < 8
    assert leader.returncode == (-number if number == signal.SIGKILL else 128 + number)
    assert all_ended(processes)
    before = finished_runs(study)
    status = read_status(status_path(study))
    assert status is not None
    if number == signal.SIGKILL:
        assert status.state == "failed"  # it ended without a word
    else:
        assert "give the same command again" in stderr
        assert status.state == "cancelled"
        assert list((tmp_path / "temporary").glob("trafficdiff-*")) == []
    found = finished(study, *files)
    after = finished_runs(study)
    assert {name: after[name] for name in before} == before
    assert found["study_hash"] == whole.outcome.study_hash
    assert list((tmp_path / "temporary").glob("trafficdiff-*")) == []
    assert [path.name for path in study.rglob(".*")] == []


@slow
def test_killed_again_and_again_a_study_is_never_half_there(
    small: EnsembleOutcome, grid_net: Path, tmp_path: Path
) -> None:
    """Fault 16: at every moment a run and the results are whole or absent, and the end is the same."""
    paths = write_pair(tmp_path, scenario_of(grid_net, "base"), scenario_of(grid_net, "more", trips=30))
    words = [*paths, "--samples", "2", "--workers", "2"]
    study = tmp_path / "study"
    dice = random.Random(5)
    before: dict[str, int] = {}
    for _ in range(6):
        with started(study, *words) as leader:
            time.sleep(dice.uniform(1.0, 5.0))
            leader.kill()
        there = finished_runs(study)
        assert {name: there[name] for name in before} == before
        before = there
        for name in there:
            open_run(study / name)
        if (study / "outcome.json").exists():
            open_study(study)
    assert finished(study, *words)["study_hash"] == small.outcome.study_hash


@slow
def test_killed_while_it_stacks_a_study_has_all_results_or_none(
    small: EnsembleOutcome, grid_net: Path, tmp_path: Path
) -> None:
    paths = write_pair(tmp_path, scenario_of(grid_net, "base"), scenario_of(grid_net, "more", trips=30))
    words = [*paths, "--samples", "2"]
    study = tmp_path / "study"
    finished(study, *words)
    runs = finished_runs(study)
    for delay_s in (0.0, 0.05, 0.15, 0.3):
        (study / "outcome.json").unlink()
        shutil.rmtree(study / "results.zarr")
        with started(study, *words) as leader:
            there = (study / "outcome.json").exists
            wait_for(lambda: list(study.glob(".results.zarr.*.partial")) or there(), leader=leader)  # noqa: B023
            time.sleep(delay_s)
            leader.kill()
        if (study / "outcome.json").exists():
            assert open_study(study).hash == small.outcome.study_hash
        else:
            assert not open_study(study).complete
        assert finished(study, *words)["study_hash"] == small.outcome.study_hash
        assert finished_runs(study) == runs
        assert [path.name for path in study.iterdir() if path.name.startswith(".")] == []


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB of our own: enough for two runs of this town."""
    with small_file_system(tmp_path / "disk", "2m") as place:
        yield place


@slow
def test_a_full_disk_is_named_and_what_was_finished_before_stays(disk: Path, tmp_path: Path, grid_net: Path) -> None:
    """Fault 15."""
    scenarios = write_pair(tmp_path, scenario_of(grid_net, "base"))
    (disk / "other").write_bytes(b"x" * 500_000)
    study = disk / "study"
    with started(study, *scenarios, "--samples", "6", "--workers", "1", TMPDIR=str(tmp_path)) as leader:
        stdout, stderr = leader.communicate(timeout=200)
    assert leader.returncode == 1, stderr
    assert "no space left" in stdout
    assert not (study / "results.zarr").exists()
    assert not (study / "outcome.json").exists()
    there = finished_runs(study)
    assert there
    for name in there:
        open_run(study / name)
    assert list(study.rglob("*.partial")) == []


@slow
def test_the_zone_of_the_machine_and_a_day_of_25_hours_change_nothing(grid_net: Path, tmp_path: Path) -> None:
    """Fault 22: 27 October 2024 has 25 hours in Helsinki."""
    day = {"date": "2024-10-27", "time_zone": "Europe/Helsinki", "window": {"begin_s": 10_500, "end_s": 10_620}}
    paths = write_pair(tmp_path, scenario_of(grid_net, "autumn", **day))
    hashes = set()
    for zone in ("UTC", "Asia/Kolkata"):
        study = tmp_path / zone.replace("/", "-")
        hashes.add(finished(study, *paths, "--samples", "1", TZ=zone)["study_hash"])
    assert len(hashes) == 1


def test_measures_that_cannot_act_are_told_for_all_scenarios_before_anything_is_written(
    grid_net: Path, tmp_path: Path
) -> None:
    closed = {"kind": "close_road", "where": {"edges": ["nowhere"]}}
    empty = {"kind": "scale_demand", "factor": 0.5, "vehicle_types": ["bus"]}
    given = [
        scenario_of(grid_net),
        scenario_of(grid_net, "closed", measures=[closed, empty]),
        scenario_of(grid_net, "empty", measures=[empty]),
    ]
    with pytest.raises(ScenarioError) as caught:
        ensemble(given, directory=tmp_path / "study", samples=2, workers=1)
    said = str(caught.value)
    assert "closed: measures: 2 faults" in said
    assert "'nowhere'" in said
    assert "empty: measures: measures.0 (scale_demand)" in said
    assert not list(tmp_path.iterdir())
