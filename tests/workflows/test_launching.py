"""A job lives by itself: it survives who launched it, waits in line, can be stopped, and says how it ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.workflows.ensembles import (
    all_ended,
    finished_runs,
    long_scenario,
    scenario_of,
    started,
    sumos_below,
    wait_for,
    workers_below,
    write_pair,
)
from trafficdiff.errors import InputError, OutputError
from trafficdiff.publish import is_complete
from trafficdiff.store.status import status_path, write_status
from trafficdiff.workflows.job_kinds import fitting_name, request_of
from trafficdiff.workflows.job_listing import job_of, jobs
from trafficdiff.workflows.job_record import JobFile, job_path, read_job, write_job
from trafficdiff.workflows.launching import cancel, command_text, launch, resume

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from trafficdiff.workflows.job_listing import JobRecord

sumo = pytest.mark.sumo
slow = pytest.mark.slow

LAUNCHER = """
import sys, time
from trafficdiff.workflows.launching import launch
launch(sys.argv[1], kind="ensemble", name="peak", scenarios=["base.yaml"], samples=2, workers=1)
print("launched", flush=True)
time.sleep(600)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder to work in; whatever still runs in it is ended."""
    yield tmp_path
    for record in jobs(tmp_path):
        if record.pid not in {None, os.getpid()} and record.request is not None:
            os.killpg(record.pid or 0, signal.SIGKILL)


def now(record: JobRecord) -> JobRecord:
    found = job_of(record.root, record.name)
    assert found is not None
    return found


def ended(record: JobRecord, *, seconds: float = 120.0) -> JobRecord:
    wait_for(lambda: now(record).is_over and now(record).pid is None, seconds=seconds)
    return now(record)


def waiting_job(folder: Path, name: str, **changes: object) -> JobFile:
    """Write the record of a job whose process is this one: it lives, and begins never."""
    request = request_of(kind="ensemble", name=name, scenarios=["base.yaml"])
    record = JobFile.model_validate({"request": request, "asked_utc": "2026-01-01T00:00:00Z", **changes})
    path = job_path(folder / "studies" / name)
    path.parent.mkdir(exist_ok=True)
    write_job(record.taken_over(), path)
    return record


# --- what a request may say -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["../out", "a/b", ".hidden", "", "a..b", "-o", "x" * 81, "a\nb", "/etc", "a.", "a\\b"])
def test_a_name_never_leaves_the_folder(folder: Path, name: str) -> None:
    write_pair(folder, scenario_of(folder / "town.net.xml"))
    with pytest.raises(InputError, match="name"):
        launch(folder, kind="ensemble", name=name, scenarios=["base.yaml"])
    assert not list(folder.glob("*/*"))


def test_all_faults_of_a_request_are_told_at_once() -> None:
    with pytest.raises(InputError, match=r"(?s)name.*samples.*workers"):
        request_of(kind="ensemble", name="a/b", scenarios=["base.yaml"], samples=0, workers=0)


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ({"kind": "format_disk", "name": "a"}, "kind of job"),
        ({"kind": "run", "name": "a", "scenarios": ["a.yaml", "b.yaml"]}, "expected 1 scenario"),
        ({"kind": "ensemble", "name": "a"}, "1 to 200"),
        ({"kind": "ensemble", "name": "a", "scenarios": ["a.yaml"], "until": "mean_delay"}, "half_width together"),
    ],
)
def test_a_request_that_cannot_be_meant_is_refused(wishes: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        request_of(**wishes)


def test_scenarios_outside_the_folder_are_refused(folder: Path) -> None:
    inside = folder / "inside"
    inside.mkdir()
    write_pair(folder, scenario_of(folder / "town.net.xml"))
    with pytest.raises(InputError, match="inside"):
        launch(inside, kind="ensemble", name="peak", scenarios=["../base.yaml"])
    (inside / "linked.yaml").symlink_to(folder / "base.yaml")
    with pytest.raises(InputError, match="inside"):
        launch(inside, kind="ensemble", name="peak", scenarios=["linked.yaml"])


def test_the_command_is_the_one_that_a_person_would_type(folder: Path) -> None:
    waiting_job(folder, "School street, 7 to 9")
    record = waiting_job(folder, "a")
    request = record.request.model_copy(
        update={"samples": 30, "workers": 2, "until": "mean_trip_time", "half_width": 0.02, "relative": True}
    )
    write_job(record.model_copy(update={"request": request}), job_path(folder / "studies" / "a"))
    told = {one.name: command_text(one.command) for one in jobs(folder)}
    assert told == {
        "studies/School street, 7 to 9": "trafficdiff ensemble base.yaml -o 'studies/School street, 7 to 9'",
        "studies/a": "trafficdiff ensemble base.yaml --samples 30 --workers 2 --until mean_trip_time --half-width 0.02 "
        "--relative -o studies/a",
    }


@pytest.mark.parametrize(("text", "name"), [("Straße zu!", "Straße zu"), ("a/b.yaml", "a b yaml"), ("../..", "")])
def test_any_text_gives_a_name_that_fits(text: str, name: str) -> None:
    assert fitting_name(text) == name


# --- whose process it is --------------------------------------------------------------------------------------


def test_a_process_that_was_given_the_same_number_is_never_killed(folder: Path) -> None:
    record = waiting_job(folder, "peak").taken_over()
    assert record.writer is not None
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)  # trafficdiff"]) as stranger:
        try:
            machine = record.writer.split("-")[0]
            path = job_path(folder / "studies" / "peak")
            write_job(record.model_copy(update={"writer": f"{machine}-{stranger.pid}-1"}), path)
            [found] = jobs(folder)
            assert (found.state, found.pid) == ("failed", None)
            cancel(found)
            time.sleep(0.1)
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_a_record_that_is_damaged_hides_nothing(folder: Path) -> None:
    write_status(status_path(folder / "peak"), state="done", progress=1.0, message="4 of 4 runs")
    job_path(folder / "peak").write_text("{")
    [found] = jobs(folder)
    assert (found.name, found.state, found.command, found.can_cancel) == ("peak", "done", (), False)


def test_a_status_of_an_earlier_job_says_nothing_of_this_one(folder: Path) -> None:
    (folder / "studies").mkdir()
    write_status(status_path(folder / "studies" / "peak"), state="done", progress=1.0, message="4 of 4 runs")
    waiting_job(folder, "peak", asked_utc="2100-01-01T00:00:00Z")
    [found] = jobs(folder)
    assert (found.state, found.progress) == ("queued", 0.0)


def test_nothing_outside_the_folder_is_a_job_of_it(folder: Path) -> None:
    inside = folder / "inside"
    inside.mkdir()
    write_status(status_path(folder / "peak"), state="done")
    assert job_of(inside, "../peak") is None
    assert jobs(inside) == []


# --- real processes -------------------------------------------------------------------------------------------


@pytest.mark.slow
@sumo
def test_a_run_is_made_and_the_same_name_is_refused_afterwards(folder: Path, grid_net: Path) -> None:
    write_pair(folder, scenario_of(grid_net))
    record = launch(folder, kind="run", name="first", scenarios=["base.yaml"], asked_by="visitor 1")
    assert record.pid not in {None, os.getpid()}
    assert os.getsid(record.pid or 0) == record.pid
    over = ended(record)
    assert (over.state, over.progress, over.exit_code, over.asked_by) == ("done", 1.0, 0, "visitor 1")
    assert is_complete(folder / "runs" / "first")
    assert "grid" in over.tail() or "run " in over.tail()
    assert over.can_cancel is over.can_resume is False
    with pytest.raises(OutputError, match="new name"):
        launch(folder, kind="run", name="first", scenarios=["base.yaml"])


@sumo
def test_a_job_that_cannot_be_done_says_why(folder: Path) -> None:
    (folder / "base.yaml").write_text("name: base\nnetwork: town.net.xml\nsamples: none\n")
    over = ended(launch(folder, kind="ensemble", name="peak", scenarios=["base.yaml"]))
    assert (over.state, over.exit_code) == ("failed", 2)
    assert "line 3: samples: expected a whole number" in over.message
    (folder / "base.yaml").write_text("name: base\nnetwork: none.net.xml\n")
    again = ended(resume(over))
    assert "none.net.xml" in again.message
    assert "line 3" not in again.message


@pytest.mark.slow
@sumo
def test_a_job_waits_for_another_and_can_be_cancelled_in_line(folder: Path, grid_net: Path) -> None:
    write_pair(folder, scenario_of(grid_net))
    waiting_job(folder, "long", begun_utc="2026-01-01T00:00:01Z")
    second = launch(folder, kind="run", name="second", scenarios=["base.yaml"])
    third = launch(folder, kind="run", name="third", scenarios=["base.yaml"])
    wait_for(lambda: "2 other jobs" in now(third).message, seconds=20)
    assert [one.name for one in jobs(folder)] == ["studies/long", "runs/second", "runs/third"]
    assert "1 other job" in now(second).message
    cancel(now(second))
    over = ended(second)
    assert (over.state, over.exit_code, over.begun_utc) == ("cancelled", 143, None)
    assert not (folder / "runs" / "second").exists()
    path = job_path(folder / "studies" / "long")
    record = read_job(path)
    assert record is not None
    write_job(record.ended(0), path)
    assert ended(third).state == "done"


@sumo
@slow
def test_a_study_survives_who_launched_it(folder: Path, grid_net: Path) -> None:
    write_pair(folder, scenario_of(grid_net))
    with subprocess.Popen([sys.executable, "-c", LAUNCHER, str(folder)], stdout=subprocess.PIPE, text=True) as launcher:
        assert launcher.stdout is not None
        assert launcher.stdout.readline() == "launched\n"
        launcher.kill()
    over = ended(jobs(folder)[0])
    assert (over.state, over.message) == ("done", "2 of 2 runs")


@sumo
@slow
def test_a_cancelled_study_leaves_no_process_and_goes_on_where_it_stopped(folder: Path, grid_net: Path) -> None:
    write_pair(folder, long_scenario(grid_net))
    record = launch(folder, kind="ensemble", name="peak", scenarios=["base.yaml"], samples=4, workers=1)
    pid = record.pid or 0
    wait_for(lambda: finished_runs(record.directory) and sumos_below(pid))
    processes = [psutil.Process(pid), *workers_below(pid), *sumos_below(pid)]
    running = now(record)
    assert (running.state, running.can_cancel) == ("running", True)
    cancel(running)
    over = ended(record, seconds=20)
    assert all_ended(processes)
    assert (over.state, over.exit_code) == ("cancelled", 143)
    assert "stopped after" in over.message
    kept = finished_runs(record.directory)
    assert 0 < len(kept) < 4
    again = ended(resume(over))
    assert (again.state, again.message) == ("done", "4 of 4 runs")
    assert finished_runs(record.directory).items() >= kept.items()


@sumo
@slow
def test_a_job_that_was_killed_has_failed_with_its_last_words(folder: Path, grid_net: Path) -> None:
    write_pair(folder, long_scenario(grid_net))
    record = launch(folder, kind="ensemble", name="peak", scenarios=["base.yaml"], samples=9, workers=1)
    wait_for(lambda: workers_below(record.pid or 0))
    os.killpg(record.pid or 0, signal.SIGKILL)
    over = ended(record)
    assert over.state == "failed"
    assert "without a word" in over.message
    assert over.can_resume


@sumo
@slow
def test_a_study_of_the_command_line_is_seen_and_can_be_stopped(folder: Path, grid_net: Path) -> None:
    files = write_pair(folder, long_scenario(grid_net))
    with started(folder / "typed", *files, "--samples", "9", "--workers", "1") as process:
        wait_for(lambda: [one for one in jobs(folder) if one.state == "running"], leader=process)
        [found] = jobs(folder)
        assert (found.name, found.kind, found.pid, found.can_cancel) == ("typed", "", process.pid, True)
        cancel(found)
        process.communicate(timeout=60)
    over = now(found)
    assert (process.returncode, over.state, over.can_resume) == (143, "cancelled", False)
    with pytest.raises(InputError, match="command line"):
        resume(over)


@sumo
@slow
def test_two_that_ask_for_one_name_at_once_get_one_job(folder: Path, grid_net: Path) -> None:
    write_pair(folder, scenario_of(grid_net))
    words = (
        "import sys\nfrom trafficdiff.errors import OutputError\nfrom trafficdiff.workflows.launching import launch\n"
        "try:\n    launch(sys.argv[1], kind='run', name='one', scenarios=['base.yaml'])\n    print(1)\n"
        "except OutputError:\n    print(0)\n"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", words, str(folder)], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    assert sorted(one.communicate(timeout=60)[0].strip() for one in both) == ["0", "1"]
    assert ended(jobs(folder)[0]).state == "done"
    assert json.loads(job_path(folder / "runs" / "one").read_text())["request"]["name"] == "one"
