"""Outside checkers take what is exported, on three nets and in every format, and notice what is broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.av_scenes import record, write_hills, write_walking_grid
from trafficdiff.datatypes.driving_scene_files import write_driving_scene
from trafficdiff.export.scene_files import SceneFormat
from trafficdiff.workflows.export_scene import export_scenes
from trafficdiff.workflows.validate import validate
from trafficdiff.workflows.validators import BUILD_COMMAND, VALIDATORS, validators_folder

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.sumo, pytest.mark.slow]

NEEDED = {
    SceneFormat.openscenario: "asam",
    SceneFormat.opendrive: "asam",
    SceneFormat.commonroad: "commonroad",
    SceneFormat.osi: "osi",
    SceneFormat.scenarionet: "metadrive",
}


def need(name: str) -> None:
    if not next(one for one in VALIDATORS if one.name == name).is_ready(validators_folder()):
        pytest.skip(f"needs the validator {name}: {BUILD_COMMAND}")


def write_helsinki(folder: Path) -> Path:
    from trafficdiff.resources import bundled
    from trafficdiff.workflows.build import build

    build(str(bundled("networks/helsinki")), directory=folder / "helsinki", on_step=lambda _: None)
    return folder / "helsinki" / "net.net.xml.gz"


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scenes")
    for place, writer in enumerate((write_walking_grid, write_hills, write_helsinki)):
        work = tmp_path_factory.mktemp("source")
        recorded = record(writer(work), work, seconds=12, cars=20, seed=place)
        write_driving_scene(recorded.scene, folder / writer.__name__)
    return folder


@pytest.mark.parametrize("scene_format", NEEDED)
def test_outside_checkers_find_nothing(scenes: Path, tmp_path: Path, scene_format: SceneFormat) -> None:
    need(NEEDED[scene_format])
    export_scenes(scenes, scene_format=scene_format, directory=tmp_path / "out")
    found = validate(tmp_path / "out")
    assert {finding.file.name: finding.issues for finding in found.findings if finding.issues} == {}
    assert not found.missing
    assert len(found.findings) >= 3


@pytest.mark.parametrize(
    ("scene_format", "pattern", "before", "after"),
    [
        (SceneFormat.opendrive, "*.xodr", 'revMinor="7"', 'revision="7"'),
        (SceneFormat.openscenario, "*.xosc", "<WorldPosition", "<WordPosition"),
        (SceneFormat.commonroad, "*.xml", "<type>car</type>", "<type>hovercraft</type>"),
        (SceneFormat.commonroad, "*.xml", "<orientation>", ""),
    ],
)
def test_outside_checkers_find_what_is_broken(
    scenes: Path, tmp_path: Path, scene_format: SceneFormat, pattern: str, before: str, after: str
) -> None:
    need(NEEDED[scene_format])
    export_scenes(scenes / "write_walking_grid", scene_format=scene_format, directory=tmp_path / "out")
    (source,) = (tmp_path / "out").glob(pattern)
    broken = tmp_path / source.name
    assert before in source.read_text()
    broken.write_text(source.read_text().replace(before, after, 1))
    assert not validate(broken).passed
