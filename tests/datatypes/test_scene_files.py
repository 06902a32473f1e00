from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from trafficdiff.datatypes.scene import Scene, SceneTrips
from trafficdiff.datatypes.scene_files import CARD_FILE, read_scenes, write_scenes
from trafficdiff.errors import InputError, IntegrityError, StoreError

if TYPE_CHECKING:
    from pathlib import Path


def made_scene(name: str, *, place: str = "here", source: str = "calibrated", zones: int = 7, edges: int = 20) -> Scene:
    """Return a scene of random numbers, with all that is special: unknown, unreachable, flags, large and small."""
    random = np.random.default_rng(len(name) + zones)
    count = 0 if source == "commuting" else edges
    times = random.uniform(1, 5_000, (zones, zones)).astype(np.float32)
    times[0, 1:] = np.inf
    values = random.uniform(0, 1, (count, 3)) * (1e6, 1e-6, 1)
    values[:, 2] = values[:, 2] > 0.5
    zone_values = random.normal(0, 1e3, (zones, 2)).astype(np.float32)
    zone_values[:, 1] = np.nan
    rows = 30
    return Scene(
        name=name,
        place=place,
        source=source,  # type: ignore[arg-type]
        zone_xy_m=random.normal(0, 1e3, (zones, 2)).astype(np.float32),
        zone_columns=("area", "population"),
        zone_values=zone_values,
        scene_columns=("pois",),
        scene_values=np.array([np.nan], np.float32),
        travel_time_s=times,
        edge_offsets=np.round(np.linspace(0, count, zones + 1)).astype(np.int64),
        edge_columns=("floor_area", "betweenness", "drivable") if count else (),
        edge_values=values.astype(np.float32) if count else np.zeros((0, 0), np.float32),
        edge_index=random.permutation(count).astype(np.int32),
        directional=(("centre_east", "centre_north"),),
        window_s=(float("nan"), float("nan")) if source == "commuting" else (0.0, 3600.0),
        trips=SceneTrips(
            origin_zone=random.integers(0, zones, rows).astype(np.int32),
            destination_zone=random.integers(0, zones, rows).astype(np.int32),
            via_zone=random.integers(-1, zones, rows).astype(np.int32),
            origin_edge=random.integers(-1, count, rows).astype(np.int32),
            destination_edge=np.full(rows, -1, np.int32),
            depart_share=random.uniform(0, 1, rows).astype(np.float32),
            vehicle_class=random.integers(0, 7, rows).astype(np.int8),
            weight=random.integers(1, 99, rows).astype(np.float32),
            day=random.integers(0, 4, rows).astype(np.int16),
        ),
        licence="made up",
    )


def corpus(folder: Path) -> list[Scene]:
    scenes = [
        made_scene("one"),
        made_scene("two", place="there", zones=4),
        made_scene("three", source="randomised", edges=9),
        made_scene("four", source="commuting", place="area 4"),
        made_scene("five", zones=3, edges=2),
    ]
    write_scenes(scenes, folder, card={"scenes": 5})
    return scenes


def test_what_is_written_is_read(tmp_path: Path) -> None:
    written = {scene.name: scene for scene in corpus(tmp_path / "corpus")}
    read = {scene.name: scene for scene in read_scenes(tmp_path / "corpus")}
    assert read.keys() == written.keys()
    for name, one in written.items():
        other = read[name]
        for field in dataclasses.fields(Scene):
            before, after = getattr(one, field.name), getattr(other, field.name)
            if isinstance(before, np.ndarray):
                assert before.dtype == after.dtype, field.name
                np.testing.assert_allclose(before, after, rtol=1 / 2048, atol=1e-9, err_msg=field.name)
            elif field.name == "window_s":
                np.testing.assert_equal(before, after)
            elif field.name != "trips":
                assert before == after, field.name
        for field in dataclasses.fields(SceneTrips):
            before, after = getattr(one.trips, field.name), getattr(other.trips, field.name)
            assert before.dtype == after.dtype
            assert (before == after).all(), field.name


def test_flags_unknown_numbers_and_missing_ways_come_back_exactly(tmp_path: Path) -> None:
    one = corpus(tmp_path / "corpus")[0]
    other = next(scene for scene in read_scenes(tmp_path / "corpus") if scene.name == "one")
    assert (one.edge_values[:, 2] == other.edge_values[:, 2]).all()
    assert (np.isinf(one.travel_time_s) == np.isinf(other.travel_time_s)).all()
    assert np.isnan(other.zone_values[:, 1]).all()


def test_a_place_is_left_out_with_all_its_sources_and_a_source_with_all_its_places(tmp_path: Path) -> None:
    corpus(tmp_path / "corpus")

    def names(**options: object) -> set[str]:
        return {scene.name for scene in read_scenes(tmp_path / "corpus", **options)}  # type: ignore[arg-type]

    assert names(leave_out_places=["here"]) == {"two", "four"}
    assert names(sources=["calibrated"]) == {"one", "two", "five"}
    assert names(sources=["calibrated", "commuting"], leave_out_places=["there"]) == {"one", "four", "five"}


def test_a_place_that_is_not_there_cannot_be_left_out(tmp_path: Path) -> None:
    corpus(tmp_path / "corpus")
    with pytest.raises(InputError, match="elsewhere"):
        read_scenes(tmp_path / "corpus", leave_out_places=["elsewhere"])


def test_equal_scenes_make_equal_files_and_the_card_lies_beside_them(tmp_path: Path) -> None:
    for name in ("a", "b"):
        corpus(tmp_path / name)
    assert (tmp_path / "a" / "scenes.json").read_bytes() == (tmp_path / "b" / "scenes.json").read_bytes()
    first = sorted(path.name for path in (tmp_path / "a").glob("*.npz"))
    assert len(first) == 3  # one a source
    for name in first:
        with np.load(tmp_path / "a" / name) as a, np.load(tmp_path / "b" / name) as b:
            assert all((a[key].tobytes() == b[key].tobytes()) for key in a.files)
    assert json.loads((tmp_path / "a" / CARD_FILE).read_text()) == {"scenes": 5}


@pytest.mark.parametrize("file", ["scenes-000.npz", "scenes.json"])
def test_a_flipped_bit_is_found(tmp_path: Path, file: str) -> None:
    corpus(tmp_path / "corpus")
    path = tmp_path / "corpus" / file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(IntegrityError):
        read_scenes(tmp_path / "corpus")


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError):
        read_scenes(tmp_path)


def test_nothing_two_of_one_name_and_a_taken_folder_are_refused(tmp_path: Path) -> None:
    for scenes in ([], [made_scene("one"), made_scene("one", place="there")]):
        with pytest.raises(InputError, match="at least one scene"):
            write_scenes(scenes, tmp_path / "corpus")
    corpus(tmp_path / "corpus")
    with pytest.raises(StoreError):
        corpus(tmp_path / "corpus")
