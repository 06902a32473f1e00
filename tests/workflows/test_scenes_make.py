"""Scenes that are made: refused as a whole where anything is wrong, and as critical as asked where not."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from typer.testing import CliRunner

from tests import towns
from trafficdiff.cli.application import application
from trafficdiff.datatypes.driving_scene_files import read_driving_scene
from trafficdiff.datatypes.track_checks import kinematic_faults
from trafficdiff.errors import InputError
from trafficdiff.metrics.staged_cases import achieved
from trafficdiff.publish import verify
from trafficdiff.workflows.scenes_make import CASES, KIND, MadeScenes, make_scenes

if TYPE_CHECKING:
    from pathlib import Path


def test_all_that_is_wrong_is_named_at_once_and_nothing_is_written(tmp_path: Path) -> None:
    target = tmp_path / "scenes"
    with pytest.raises(InputError) as caught:
        make_scenes(
            "cut-inn", str(tmp_path / "nowhere.net.xml"), count=-3, seed=-1, directory=target,
            vary=["ttc_s=-1:2", "fog_visual_range_m=5:1", "ttc_s"], demand="guess",
        )  # fmt: skip
    text = str(caught.value)
    for word in ("cut-inn", "-3", "seed", "guess", "fog_visual_range_m=5:1", "'ttc_s'", "nowhere"):
        assert word in text
    assert list(tmp_path.iterdir()) == []


def test_impossible_numbers_of_a_known_type_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"0\.3 to 10, got -1 to 2") as caught:
        make_scenes(
            "cut-in", "helsinki-nowhere", count=1, seed=1, directory=tmp_path / "scenes",
            vary=["ttc_s=-1:2", "impact=0.5"],
        )  # fmt: skip
    assert "impact" in str(caught.value)


def test_the_command_says_what_is_wrong_with_exit_code_2(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        application, ["scenes", "make", "cut-inn", "--network", "nowhere", "-o", str(tmp_path / "made")]
    )
    assert isinstance(result.exception, InputError)
    assert "cut-inn" in str(result.exception)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[MadeScenes, MadeScenes]:
    """Two types, two scenes each, on a corridor with signals; the first a second time."""
    folder = tmp_path_factory.mktemp("made")
    net = towns.write_corridor_net(folder, signals=2)
    options = {"count": 2, "seed": 3, "demand": "uniform", "trips_per_hour": 120}
    first = make_scenes("lead-brake", str(net), directory=folder / "a", vary=["ego_kmh=30:40"], **options)
    second = make_scenes("crossing-car", str(net), directory=folder / "b", vary=["ego_kmh=20:40"], **options)
    return first, second


@pytest.mark.sumo
def test_scenes_are_kept_and_measured_on_what_is_on_disk(made: tuple[MadeScenes, MadeScenes]) -> None:
    for result in made:
        assert verify(result.directory, kind=KIND)
        for case in result.cases:
            assert case.valid, case.reason
            scene = read_driving_scene(result.directory / case.scene)
            trigger_s = scene.begin_s + (case.trigger_s or 0.0)
            found = achieved(scene.tracks, case.question, ego="ego", opponent="opponent", trigger_s=trigger_s)
            assert found == pytest.approx(case.achieved, rel=1e-6)
            assert found == pytest.approx(case.asked, rel=0.1)
            assert not len(kinematic_faults(scene.tracks))
            assert scene.provenance["synthetic"] == "true"
            assert 8.0 <= scene.end_s - scene.begin_s <= 20.0
            clock = scene.environment.date_time
            assert scene.begin_s == 3_600 * clock.hour + 60 * clock.minute + clock.second


@pytest.mark.sumo
def test_a_time_to_collision_that_no_place_allows_is_refused_and_nothing_is_written(
    made: tuple[MadeScenes, MadeScenes], tmp_path: Path
) -> None:
    net = made[0].directory.parent / "corridor.net.xml"
    wishes = ["ttc_s=8:9", "ego_kmh=60", "relative_kmh=-50"]
    with pytest.raises(InputError, match="the gap would be above 60 m"):
        make_scenes(
            "cut-in", str(net), count=2, seed=1, directory=tmp_path / "made", vary=wishes, demand="uniform"
        )  # fmt: skip
    assert list(tmp_path.iterdir()) == []


@pytest.mark.sumo
def test_the_table_says_what_was_asked_and_achieved(made: tuple[MadeScenes, MadeScenes]) -> None:
    directory = made[1].directory
    content = json.loads((directory / CASES).read_text())
    with (directory / "scenes.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == [scene["name"] for scene in content["scenes"]]
    assert [float(row["asked"]) for row in rows] == pytest.approx([scene["asked"] for scene in content["scenes"]])
    assert content["types"][0]["coverage"]["pairs"] > 0
    assert content["ranges"]["crossing-car"]["ego_kmh"]["source"] == "asked for"


@pytest.mark.sumo
def test_crossing_scenes_hold_the_signal(made: tuple[MadeScenes, MadeScenes]) -> None:
    for case in made[1].cases:
        scene = read_driving_scene(made[1].directory / case.scene)
        assert len(scene.signals) >= 1
        assert case.angle_deg == pytest.approx(90.0, abs=2.0)


@pytest.mark.slow
@pytest.mark.sumo
def test_all_thirteen_types_turn_out_as_asked_in_helsinki(tmp_path: Path) -> None:
    made = make_scenes("all", "helsinki", count=3, seed=7, directory=tmp_path / "made", demand="uniform")
    assert len(made.types) == 13
    assert len(made.cases) == 39
    assert sum(case.valid for case in made.cases) >= 38
    assert max(case.error for case in made.cases if case.valid) <= 0.1
    assert np.median([case.users for case in made.cases if case.valid]) > 4  # traffic is there


@pytest.mark.slow
@pytest.mark.sumo
def test_the_same_seed_makes_the_same_scenes(tmp_path: Path) -> None:
    net = towns.write_corridor_net(tmp_path, signals=2)
    options = {"count": 2, "seed": 3, "demand": "uniform", "vary": ["ego_kmh=30:40"]}
    one, two = (make_scenes("cut-in", str(net), directory=tmp_path / name, **options) for name in "ab")
    assert one.cases == two.cases
    for case in one.cases:
        first, second = (
            read_driving_scene(made.directory / case.scene).tracks for made in (one, two)
        )  # fmt: skip
        assert (first.x_m == second.x_m).all()
