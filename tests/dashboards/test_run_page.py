"""The run page starts what the command line would, shows everybody's jobs, and lets them be stopped."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import pytest
from streamlit.testing.v1 import AppTest

from tests.dashboards.test_scenario_page import checked, press
from tests.workflows.ensembles import scenario_of, wait_for, write_pair
from trafficdiff.publish import is_complete
from trafficdiff.store.status import status_path, write_status
from trafficdiff.workflows.job_kinds import request_of
from trafficdiff.workflows.job_listing import job_of, jobs
from trafficdiff.workflows.job_record import JobFile, job_path, write_job

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.store.status import State

pytestmark = pytest.mark.sumo


def page() -> None:
    from dashboards.pages import run

    run.show()


@pytest.fixture
def folder(tmp_path: Path, grid_net: Path) -> Path:
    (tmp_path / "scenarios").mkdir()
    write_pair(tmp_path / "scenarios", scenario_of(grid_net, "base"), scenario_of(grid_net, "more", trips=30))
    (tmp_path / "scenarios" / "faulty.yaml").write_text("name: faulty\nnetwork: helsinki\nsamples: none\n")
    return tmp_path


def app_of(folder: Path, monkeypatch: pytest.MonkeyPatch, *words: str, **query: str) -> AppTest:
    monkeypatch.setattr(sys, "argv", ["app.py", "--folder", str(folder), *words])
    app = AppTest.from_function(page, default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    return checked(app.run())


def a_job(folder: Path, name: str, *, state: State = "running", lives: bool = True) -> None:
    """Write what a job of another visitor leaves in the folder."""
    request = request_of(kind="ensemble", name=name, scenarios=["scenarios/base.yaml"])
    asked, begun = "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"
    record = JobFile.model_validate(
        {"request": request, "asked_utc": asked, "asked_by": "visitor ab12", "begun_utc": begun}
    )
    directory = folder / "studies" / name
    directory.parent.mkdir(exist_ok=True)
    write_status(status_path(directory), state=state, progress=0.4, message="2 of 5 runs, 1 failed", seconds_left=130)
    write_job(record.taken_over() if lives else record.taken_over().ended(0), job_path(directory))


def all_text(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.code, app.error, app.warning, app.info)
    return "\n".join(str(one.value) for kind in kinds for one in kind)


@pytest.mark.slow
def test_a_study_is_started_as_the_command_says_and_found_after_a_reload(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = app_of(folder, monkeypatch, draft="scenarios/more.yaml")
    app = checked(app.number_input(key="run.samples").set_value(1).run())
    app = checked(app.number_input(key="run.workers").set_value(1).run())
    told = next(one.value for one in app.code if one.value.startswith("trafficdiff ensemble"))
    assert told == "trafficdiff ensemble scenarios/more.yaml --samples 1 --workers 1 -o studies/more"
    app = press(app, "run.start")
    [record] = jobs(folder)
    assert (record.name, record.asked_by[:8]) == ("studies/more", "visitor ")
    again = app_of(folder, monkeypatch)
    assert "**more**" in all_text(again)
    wait_for(lambda: jobs(folder)[0].is_over, seconds=120)
    assert (folder / "studies" / "more" / "outcome.json").exists()
    assert not is_complete(folder / "studies" / "more")
    app = app_of(folder, monkeypatch, draft="scenarios/more.yaml")
    assert "There is a result of this name already" in all_text(app)


def test_jobs_of_others_and_of_the_command_line_are_shown_with_their_progress(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_job(folder, "theirs")
    write_status(status_path(folder / "typed"), state="done", progress=1.0, message="4 of 4 runs")
    app = app_of(folder, monkeypatch)
    told = all_text(app)
    assert "visitor ab12" in told
    assert "from a terminal" in told
    assert "It will wait: 1" in told
    progress = app.get("progress")[0]
    assert progress.proto.value == 40
    assert progress.proto.text == "2 of 5 simulations, 1 failed · about 2 min left"


def test_what_cannot_go_together_is_told_and_nothing_is_started(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = app_of(folder, monkeypatch, draft="scenarios/faulty.yaml")
    assert "has faults" in str(app.selectbox[0].options)
    app = press(app, "run.start")
    assert "line 3" in all_text(app).replace("\\", "")
    assert jobs(folder) == []


@pytest.mark.slow
def test_a_failed_job_says_why_and_can_be_given_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_job(folder, "broken", state="failed", lives=False)
    app = app_of(folder, monkeypatch)
    assert [one for one in app.button if one.label == "Go on"]
    app = press(app, "run.job.studies/broken.resume")
    record = job_of(folder, "studies/broken")
    assert record is not None
    assert record.asked_by != "visitor ab12"
    wait_for(lambda: (job_of(folder, "studies/broken") or record).is_over, seconds=120)


def test_a_visitor_can_stop_a_job(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_job(folder, "before")  # so that the next one waits
    app = app_of(folder, monkeypatch, draft="scenarios/more.yaml")
    press(app, "run.start")
    name = next(one.name for one in jobs(folder) if one.name != "studies/before")
    wait_for(lambda: (job_of(folder, name) or jobs(folder)[0]).can_cancel, seconds=30)
    app = press(app_of(folder, monkeypatch), f"run.job.{name}.cancel")
    wait_for(lambda: (job_of(folder, name) or jobs(folder)[0]).state == "cancelled", seconds=30)
    time.sleep(0.1)
    assert not (folder / name).exists()


def test_where_visitors_only_look_there_is_nothing_to_press(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_job(folder, "theirs")
    a_job(folder, "broken", state="failed", lives=False)
    app = app_of(folder, monkeypatch, "--read-only")
    assert not app.button
    assert "theirs" in all_text(app)


def test_names_and_messages_are_shown_as_they_are(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_status(
        status_path(folder / "![x](https:)"), state="failed", message="<script>alert(1)</script> ![a](http://x)"
    )
    app = app_of(folder, monkeypatch)
    assert "<script>" not in all_text(app)
    assert "![a](http" not in all_text(app)
    assert "![x](https" not in all_text(app)
