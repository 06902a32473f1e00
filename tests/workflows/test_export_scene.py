"""Folders of scenes become files of simulators, whole or not at all; validators are asked by kind."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest

from tests.datatypes.test_driving_scene import scene
from trafficdiff.datatypes.driving_scene_files import write_driving_scene
from trafficdiff.errors import InputError, MissingDependencyError
from trafficdiff.export.scene_files import SceneFormat
from trafficdiff.workflows.export_scene import export_scenes
from trafficdiff.workflows.validate import refuse_missing, validate

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.sumo


@pytest.fixture(scope="module")
def scenes(cross_net: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scenes")
    for name in ("one", "two"):
        write_driving_scene(scene(cross_net, name=name), folder / name, copy_net=name == "one")
    return folder


def test_scenes_of_one_map_share_it(scenes: Path, tmp_path: Path) -> None:
    write_driving_scene(scene_of(scenes, "three"), scenes / "three", copy_net=False)
    written = export_scenes(scenes, scene_format=SceneFormat.openscenario, directory=tmp_path / "out")
    assert written.scenes == ("one", "three", "two")
    maps = {path.name for path in written.files if path.suffix == ".xodr"}
    named = {
        ET.parse(path).getroot().find("RoadNetwork/LogicFile").get("filepath")
        for path in written.files
        if path.suffix == ".xosc"
    }
    assert named == {f"../{name}" for name in maps}
    assert len(maps) == 1


def scene_of(scenes: Path, name: str):
    from dataclasses import replace

    from trafficdiff.datatypes.driving_scene_files import read_driving_scene

    return replace(read_driving_scene(scenes / "two"), name=name)


@pytest.mark.parametrize("scene_format", SceneFormat)
def test_every_format_is_written(scenes: Path, tmp_path: Path, scene_format: SceneFormat) -> None:
    written = export_scenes(scenes / "one", scene_format=scene_format, directory=tmp_path / "out")
    assert written.files
    assert all(path.stat().st_size for path in written.files)


def test_one_bad_scene_leaves_nothing(scenes: Path, tmp_path: Path) -> None:
    bad = scenes / "one" / "scene.json"
    kept = bad.read_text()
    bad.write_text(json.dumps(json.loads(kept) | {"ego": "ghost"}))
    try:
        with pytest.raises(InputError, match="ghost"):
            export_scenes(scenes, scene_format=SceneFormat.commonroad, directory=tmp_path / "out")
    finally:
        bad.write_text(kept)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_scenes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="found none"):
        export_scenes(tmp_path, scene_format=SceneFormat.osi, directory=tmp_path / "out")


def test_validators_that_are_not_built_are_named_with_the_command(scenes: Path, tmp_path: Path) -> None:
    export_scenes(scenes / "one", scene_format=SceneFormat.commonroad, directory=tmp_path / "out")
    found = validate(tmp_path / "out", folder=tmp_path / "nowhere")
    assert not found.findings
    with pytest.raises(MissingDependencyError, match="make validators"):
        refuse_missing(found)


def test_scenes_are_validated_by_our_own_checks(scenes: Path) -> None:
    found = validate(scenes)
    assert found.passed
    assert {finding.checker for finding in found.findings} == {"trafficdiff scene checks"}


def test_nothing_to_validate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="found none"):
        validate(tmp_path)


def test_the_commands_export_and_validate(scenes: Path, tmp_path: Path) -> None:
    from tests.commands import trafficdiff

    said = trafficdiff("export", scenes / "one", "--format", "commonroad", "-o", tmp_path / "out", "--json")
    assert said.returncode == 0
    assert json.loads(said.stdout)["scenes"] == ["one"]
    own = trafficdiff("validate", scenes, "--json")
    assert (own.returncode, json.loads(own.stdout)["passed"]) == (0, True)
    nowhere = trafficdiff("validate", tmp_path / "out", "--validators", tmp_path / "nowhere", "--json")
    assert nowhere.returncode == 3
    assert "make validators" in json.loads(nowhere.stdout)["missing"][0]
    wrong = trafficdiff("export", scenes / "one", "--format", "csv", "-o", tmp_path / "tables")
    assert wrong.returncode == 2


def test_a_scene_with_a_fault_fails_the_gate(scenes: Path, tmp_path: Path) -> None:
    import shutil

    from tests.commands import trafficdiff

    bad = tmp_path / "bad"
    shutil.copytree(scenes / "one", bad)
    (bad / "scene.json").write_text((bad / "scene.json").read_text().replace('"ego": "ego"', '"ego": "ghost"'))
    said = trafficdiff("validate", bad, "--json")
    assert said.returncode == 4
    assert "ghost" in json.loads(said.stdout)["findings"][0]["issues"][0]
