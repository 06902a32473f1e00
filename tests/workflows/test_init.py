"""A new scenario file explains itself, names its network so that it is found, and asks for trips that fit it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml

from trafficdiff.datatypes.scenario import Scenario
from trafficdiff.datatypes.scenario_files import read_scenario, scenario_schema
from trafficdiff.errors import OutputError
from trafficdiff.roads.load import load_network
from trafficdiff.workflows.init import SCHEMA_NAME, default_scenario, init, suggested_trips, trips_note

if TYPE_CHECKING:
    from pathlib import Path

SCENARIO = Scenario(name="first study", network="helsinki", time_zone="Europe/Helsinki")


def test_the_file_reads_back_as_the_same_scenario(tmp_path: Path) -> None:
    path, _ = init(SCENARIO, tmp_path / "study.yaml")
    assert read_scenario(path) == SCENARIO


def test_every_key_stands_under_its_meaning(tmp_path: Path) -> None:
    path, _ = init(SCENARIO, tmp_path / "study.yaml")
    text = path.read_text()
    for field in Scenario.model_fields.values():
        assert field.description is None or field.description in text
    assert text.startswith(f"# yaml-language-server: $schema={SCHEMA_NAME}")


def test_the_schema_beside_it_is_the_published_one(tmp_path: Path) -> None:
    path, schema = init(SCENARIO, tmp_path / "study.yaml")
    assert json.loads(schema.read_text()) == json.loads(json.dumps(scenario_schema()))
    assert set(yaml.safe_load(path.read_text())) <= set(json.loads(schema.read_text())["properties"])


def test_what_somebody_wrote_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text("mine")
    with pytest.raises(OutputError, match="expected a new file"):
        init(SCENARIO, path)
    assert path.read_text() == "mine"
    assert not path.with_name(SCHEMA_NAME).exists()


@pytest.fixture
def kotka(tmp_path: Path, grid_net: Path) -> Path:
    """A folder ``kotka`` with a bare net of an everyday name."""
    (tmp_path / "kotka").mkdir()
    (tmp_path / "kotka" / "net.net.xml").write_bytes(grid_net.read_bytes())
    return tmp_path / "kotka"


@pytest.mark.sumo
def test_a_bare_net_is_named_by_its_folder_and_has_the_time_zone_of_its_coordinates(
    kotka: Path, tmp_path: Path
) -> None:
    scenario = default_scenario(str(kotka / "net.net.xml"), path=tmp_path / "a.yaml")
    assert (scenario.name, scenario.time_zone) == ("kotka", "Europe/Helsinki")


@pytest.mark.sumo
def test_the_network_is_found_from_wherever_the_scenario_is_read(
    kotka: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    typed = "../kotka/net.net.xml"
    for place, network in (
        (tmp_path / "beside.yaml", "kotka/net.net.xml"),
        (kotka / "inside.yaml", "net.net.xml"),
        (tmp_path / "other" / "x.yaml", str(kotka / "net.net.xml")),
    ):
        path, _ = init(default_scenario(typed, path=place), place)
        read = read_scenario(path)
        assert read.network == network
        assert (place.parent / read.network).exists()
    assert default_scenario("helsinki", path=tmp_path / "h.yaml").network == "helsinki"


@pytest.mark.slow
@pytest.mark.sumo
def test_the_trips_fit_the_network_and_the_file_says_how_they_were_estimated(tmp_path: Path) -> None:
    helsinki = load_network("helsinki")
    scenario = default_scenario("helsinki", path=tmp_path / "a.yaml")
    assert scenario.demand.trips == suggested_trips(helsinki, scenario)  # type: ignore[union-attr]
    asked = scenario.demand.trips  # type: ignore[union-attr]
    assert 1_000 <= asked <= 1_600  # about half of the 2,750 that clear
    two_hours = scenario.model_copy(update={"window": scenario.window.model_copy(update={"end_s": 32_400.0})})
    assert suggested_trips(helsinki, two_hours) == pytest.approx(2 * asked, rel=0.15)
    path, _ = init(scenario, tmp_path / "a.yaml")
    text = path.read_text()
    assert f"  # {trips_note()}\n  trips: {scenario.demand.trips}\n" in text  # type: ignore[union-attr]
    assert text.count(trips_note()) == 1


@pytest.mark.slow
@pytest.mark.sumo
def test_the_run_of_a_new_scenario_passes_its_gates(tmp_path: Path) -> None:
    from trafficdiff.workflows.run import run_file

    path, _ = init(default_scenario("helsinki", path=tmp_path / "a.yaml"), tmp_path / "a.yaml")
    assert run_file(path, directory=tmp_path / "run", picture=False).validation.passed
