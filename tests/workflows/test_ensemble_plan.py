"""A study's faults are said all at once, before anything is written; another study in its place is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.workflows.ensembles import scenario_of, write_pair
from trafficdiff.errors import OutputError, ScenarioError, StoreError
from trafficdiff.store.study import Stopping, read_plan
from trafficdiff.workflows.ensemble_plan import jobs_of, keep_plan, make_plan, read_given, refuse_changed

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.store.study import StudyPlan


@pytest.fixture
def net(tmp_path: Path) -> Path:
    """Enough of a net to be found; nothing is simulated here."""
    path = tmp_path / "town.net.xml"
    path.write_text('<net version="1.20"><edge id="a" from="A" to="B"/></net>')
    return path


def planned(*scenarios: object, samples: int | None = 3, base: str | None = None) -> StudyPlan:
    return make_plan(read_given(scenarios), samples=samples, base=base, stopping=None)  # type: ignore[arg-type]


def test_all_faults_are_said_at_once(net: Path) -> None:
    first = scenario_of(net, "one")
    strange = scenario_of(
        net, "One", seed=7, window={"begin_s": 0, "end_s": 60}, simulation={"period_s": 30},
        demand={"kind": "file", "path": "nothing.parquet"},
    )  # fmt: skip
    lost = scenario_of(net, "lost").model_copy(update={"network": "atlantis"})
    with pytest.raises(ScenarioError) as error:
        make_plan(
            read_given([first, strange, lost]), samples=2, base="none", stopping=Stopping(kpi="flow", half_width=1)
        )
    said = str(error.value)
    for words in (
        "base: expected one of 'one', 'One', 'lost', got 'none'", "names differ by more than case", "seed: expected",
        "'One' has 7", "window: expected", "simulation.period_s: expected", "until: expected a number of the whole",
        "samples: expected at least 10", "nothing.parquet", "atlantis",
    ):  # fmt: skip
        assert words in said


def test_a_study_knows_the_files_that_its_demand_is_calibrated_to(net: Path, tmp_path: Path) -> None:
    demand = {"kind": "calibrated", "counts": str(tmp_path / "c.csv"), "observed": str(tmp_path / "o.parquet")}
    with pytest.raises(ScenarioError, match=r"(?s)counts: expected the file .*c\.csv.*observed: expected the file"):
        planned(scenario_of(net, demand=demand))
    for name in ("c.csv", "o.parquet"):
        (tmp_path / name).write_text("before")
    given = read_given([scenario_of(net, demand=demand)])
    plan = make_plan(given, samples=1, base=None, stopping=None)
    assert {"base: counts", "base: observed", "base: checkpoint"} <= plan.inputs.keys()
    (tmp_path / "c.csv").write_text("after")
    with pytest.raises(StoreError, match="base: counts"):
        refuse_changed(plan, given)


def test_the_faults_of_all_files_are_said_at_once(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(f"name: {name}\nnetwork: helsinki\nseed: -1\n")
    with pytest.raises(ScenarioError, match=r"(?s)a\.yaml.*b\.yaml"):
        read_given([tmp_path / "a.yaml", tmp_path / "b.yaml"])


def test_the_first_scenario_is_the_base_and_says_how_many_samples(net: Path) -> None:
    plan = planned(scenario_of(net, "b", samples=4), scenario_of(net, "a"), samples=None)
    assert (plan.base, plan.samples, plan.names) == ("b", 4, ("b", "a"))
    assert planned(scenario_of(net, "b"), scenario_of(net, "a"), base="a").base == "a"


def test_the_same_study_is_found_again_and_another_is_told_what_differs(tmp_path: Path, net: Path) -> None:
    given = read_given(write_pair(tmp_path, scenario_of(net, "a"), scenario_of(net, "b")))
    plan = make_plan(given, samples=3, base=None, stopping=None)
    study = tmp_path / "study"
    keep_plan(study, plan, given)
    assert read_plan(study) == plan
    assert (study / "given" / "a.yaml").read_bytes() == (tmp_path / "a.yaml").read_bytes()
    keep_plan(study, plan, given)
    net.write_text(net.read_text().replace('id="a"', 'id="b"'))
    other = planned(scenario_of(net, "a"), scenario_of(net, "b", trips=21), samples=4)
    with pytest.raises(OutputError) as error:
        keep_plan(study, other, given)
    for words in ("samples was 3, is 4", "scenario 'b' has changed", "a: network has changed"):
        assert words in str(error.value)
    assert "'a' has changed" not in str(error.value)


def test_a_file_that_changes_while_the_study_runs_is_named(tmp_path: Path, net: Path) -> None:
    given = read_given([scenario_of(net, "a"), scenario_of(net, "b")])
    plan = make_plan(given, samples=3, base=None, stopping=None)
    refuse_changed(plan, given)
    net.write_text(net.read_text().replace('id="a"', 'id="b"'))
    with pytest.raises(StoreError, match="a: network, b: network"):
        refuse_changed(plan, given)


def test_the_model_that_makes_the_demand_is_part_of_the_plan(net: Path) -> None:
    assert "model: checkpoint" in planned(scenario_of(net, "model", demand={"kind": "model", "trips": 5})).inputs
    assert "gravity: checkpoint" not in planned(scenario_of(net, "gravity")).inputs


def test_a_directory_with_other_content_is_refused_and_stays(tmp_path: Path, net: Path) -> None:
    given = read_given([scenario_of(net)])
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "letter.txt").write_text("dear")
    with pytest.raises(OutputError, match="other content"):
        keep_plan(tmp_path / "study", make_plan(given, samples=1, base=None, stopping=None), given)
    assert [path.name for path in (tmp_path / "study").iterdir()] == ["letter.txt"]


def test_jobs_come_by_sample_so_that_scenarios_share_their_trips(tmp_path: Path, net: Path) -> None:
    given = read_given([scenario_of(net, "a"), scenario_of(net, "b")])
    jobs = jobs_of(given, directory=tmp_path, samples=range(2, 4), picture=False)
    assert [(job.sample, job.scenario.name) for job in jobs] == [(2, "a"), (2, "b"), (3, "a"), (3, "b")]
    assert len({job.directory for job in jobs}) == 4


def test_a_table_of_stations_that_changes_or_is_not_there_is_told(net: Path, tmp_path: Path) -> None:
    (tmp_path / "stations.csv").write_text("id,edge,plugs,power_kw\ns,a,2,50\n")
    given = read_given([scenario_of(net, charging={"stations": str(tmp_path / "stations.csv")})])
    plan = make_plan(given, samples=3, base=None, stopping=None)
    refuse_changed(plan, given)
    (tmp_path / "stations.csv").write_text("id,edge,plugs,power_kw\ns,a,3,50\n")
    with pytest.raises(StoreError, match="charging stations"):
        refuse_changed(plan, given)
    (tmp_path / "stations.csv").unlink()
    with pytest.raises(ScenarioError, match=r"expected the file .*stations\.csv, found none"):
        make_plan(given, samples=3, base=None, stopping=None)
