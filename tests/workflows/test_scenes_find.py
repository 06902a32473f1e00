"""Scenes found in a run: the most critical first, none twice, each whole and on its map."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.commands import trafficdiff
from tests.tracking import path, straight, tracks_of
from tests.workflows.test_run import write_scenario
from tests.workflows.test_safety import FINE
from trafficdiff.datatypes.driving_scene_files import read_driving_scene
from trafficdiff.datatypes.track_checks import kinematic_faults
from trafficdiff.datatypes.track_cut import cut_tracks, users_near
from trafficdiff.errors import InputError
from trafficdiff.metrics.safety_events import conflicts
from trafficdiff.metrics.scene_types import Encounters, distinct, encounter_features, scene_tags, scene_types
from trafficdiff.workflows.run import run_file
from trafficdiff.workflows.scenes_find import FoundScenes, find_scenes

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.tracks import Tracks

TIME_S = np.arange(0, 12, 0.1)


def encounters_of(tracks: Tracks, *, ego: str) -> Encounters:
    """Return the conflicts of hand-made tracks of users seen all the time, from the view of one."""
    events = conflicts(tracks)
    names = list(tracks.user_id)
    at = np.rint(events["time_s"] / 0.1).astype(int).to_numpy()
    other = np.where(events["user"] == ego, events["other"], events["user"])
    return Encounters(
        tracks.offsets[names.index(ego)] + at,
        np.array([tracks.offsets[names.index(name)] for name in other]) + at,
        events["type"].to_numpy(object),
    )


def braking(deceleration: float) -> np.ndarray:
    return np.where(TIME_S < 3, 14 * TIME_S, 42 + 14 * (TIME_S - 3) - deceleration * (TIME_S - 3) ** 2 / 2)


@pytest.mark.parametrize(
    ("other", "kind"),
    [
        (path(TIME_S, x=130), "lead_standing"),
        (path(TIME_S[:60], x=20 + braking(4)[:60], speed=np.gradient(braking(4), TIME_S)[:60]), "lead_brake"),
        (straight(TIME_S, start=(40, 0), heading=0, speed=9), "following"),
        (
            path(TIME_S[:40], x=(20 + 10 * TIME_S)[:40], y=np.clip(3.2 - 1.6 * (TIME_S - 1), 0, 3.2)[:40], speed=10),
            "cut_in",
        ),
        (straight(TIME_S, start=(98, -7), heading=np.pi / 2, speed=1.2, length=0.3, width=0.5, kind="pedestrian"),
         "pedestrian_crossing"),
        (straight(TIME_S, start=(60, 0), heading=0, speed=1.5, length=0.3, width=0.5, kind="pedestrian"),
         "pedestrian_along"),
        (straight(TIME_S, start=(98, -30), heading=np.pi / 2, speed=4.3, length=1.6, width=0.7, kind="bicycle"),
         "cyclist_crossing"),
    ],
)  # fmt: skip
def test_an_encounter_has_the_name_that_av_engineers_give_it(other, kind: str) -> None:  # type: ignore[no-untyped-def]
    ego = straight(TIME_S, start=(0, 0), heading=0, speed=14)
    tracks = tracks_of(ego=ego, other=other)
    found = scene_types(tracks, encounters_of(tracks, ego="ego"))
    assert found.tolist() == [kind]
    assert "MotionDrive" in scene_tags(kind, ego_kind="passenger", other_kind="bus")


def test_what_differs_by_less_than_the_distance_is_left_out_and_other_types_are_not() -> None:
    features = np.zeros((4, 27))
    features[1, :9] = 1.9  # 1.9 m at each of nine moments
    features[2, :9] = 2.1
    kinds = np.array(["a", "a", "a", "b"], object)
    assert distinct(features, kinds, distance=2.0).tolist() == [True, False, True, True]
    assert distinct(features, kinds, distance=0.0).all()


def test_the_same_encounter_elsewhere_and_in_another_direction_is_the_same() -> None:
    def scene(turn: float, x: float) -> np.ndarray:
        ahead = (x + 40 * np.cos(turn), 40 * np.sin(turn))
        tracks = tracks_of(
            ego=straight(TIME_S, start=(x, 0), heading=turn, speed=14),
            other=straight(TIME_S, start=ahead, heading=turn, speed=9),
        )
        return encounter_features(tracks, encounters_of(tracks, ego="ego"))[0]

    np.testing.assert_allclose(scene(0.0, 0.0), scene(2.0, 500.0), atol=1e-6)


def test_a_cut_keeps_own_times_and_who_comes_near() -> None:
    tracks = tracks_of(
        ego=straight(TIME_S, start=(0, 0), heading=0, speed=10),
        near=path(TIME_S[:50], x=50, y=20),
        far=path(TIME_S, x=50, y=90),
        gone=path(TIME_S[:20], x=0),
    )
    near = users_near(tracks, 0, begin_s=3, end_s=9, radius_m=25)
    assert near.tolist() == [True, True, False, False]
    part = cut_tracks(tracks, begin_s=3, end_s=9, users=near)
    assert part.user_id.tolist() == ["ego", "near"]
    assert part.enter_s.tolist() == pytest.approx([3.0, 3.0])
    assert part.leave_s.tolist() == pytest.approx([9.0, 4.9])


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"types": ["cutin"]}, "got cutin"), ({"count": 0}, "count from 1"), ({"distance": np.nan}, "distance of 0"),
     ({"radius_m": -1.0}, "radius above 0")],
)  # fmt: skip
def test_wishes_that_make_no_sense_are_named(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        find_scenes(tmp_path, tmp_path / "out", **changes)  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, grid_net: Path) -> FoundScenes:
    folder = tmp_path_factory.mktemp("scenes")
    scenario = write_scenario(
        folder, grid_net, simulation=FINE, demand={"kind": "gravity", "trips": 120},
        window={"begin_s": 0, "end_s": 150, "clear_s": 400}, measures=[{"kind": "weather", "condition": "rain"}],
    )  # fmt: skip
    run_file(scenario, directory=folder / "run", picture=False)
    return find_scenes(folder / "run", folder / "out", count=12)


@pytest.mark.sumo
@pytest.mark.slow
def test_found_scenes_are_short_whole_and_possible(found: FoundScenes) -> None:
    assert len(found.scenes) == 12
    left_s = [min(one.ttc_s, one.pet_s) for one in found.scenes]
    assert left_s == sorted(left_s)
    for one in found.scenes:
        scene = read_driving_scene(found.directory / one.name)
        assert 8 - 0.11 <= scene.end_s - scene.begin_s <= 20
        assert scene.begin_s <= one.critical_s <= scene.end_s
        assert scene.ego == one.ego
        assert one.other in scene.tracks.user_id
        assert kinematic_faults(scene.tracks).empty
        assert scene.provenance["synthetic"] == "true"
        assert scene.provenance["smoothing"]
        assert scene.tags == one.tags
        assert scene.environment.precipitation == "rain"
        assert len(scene.signals.signals) > 3  # every junction of the grid has one
    with (found.directory / "scenes.csv").open(encoding="utf-8") as file:
        assert [row["name"] for row in csv.DictReader(file)] == [one.name for one in found.scenes]


@pytest.mark.sumo
@pytest.mark.slow
def test_asking_again_gives_the_same_scenes(found: FoundScenes, tmp_path: Path) -> None:
    again = find_scenes(found.directory.parent / "run", tmp_path / "again", count=12)
    assert again.scenes == found.scenes
    first = (found.directory / found.scenes[0].name / "tracks.parquet").read_bytes()
    assert (tmp_path / "again" / found.scenes[0].name / "tracks.parquet").read_bytes() == first


@pytest.mark.sumo
@pytest.mark.slow
def test_the_command_says_what_it_found_and_refuses_a_run_without_fine_tracks(
    found: FoundScenes, tmp_path: Path, grid_net: Path
) -> None:
    run = found.directory.parent / "run"
    said = trafficdiff("scenes", "find", run, "-o", tmp_path / "s", "--type", "following", "--count", "2", "--json")
    assert said.returncode == 0, said.stderr
    content = json.loads(said.stdout)
    assert {one["type"] for one in content["scenes"]} == {"following"}
    assert content["alike"] >= 0
    coarse = write_scenario(tmp_path, grid_net, window={"begin_s": 0, "end_s": 60, "clear_s": 600})
    run_file(coarse, directory=tmp_path / "coarse", picture=False)
    refused = trafficdiff("scenes", "find", tmp_path / "coarse", "-o", tmp_path / "t")
    assert refused.returncode == 2
    assert "lateral: smooth" in refused.stderr
    assert not (tmp_path / "t").exists()
