"""A new scenario file explains itself and reads back as the defaults."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml

from trafficdiff.datatypes.scenario import Scenario, read_scenario, scenario_schema
from trafficdiff.errors import StoreError
from trafficdiff.workflows.init import SCHEMA_NAME, init

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
    with pytest.raises(StoreError, match="expected a new file"):
        init(SCENARIO, path)
    assert path.read_text() == "mine"
    assert not path.with_name(SCHEMA_NAME).exists()
