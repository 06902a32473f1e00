"""Scenes of commuting areas: what the file says, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.demand.areas import corpus_arrays, write_corpus
from trafficdiff.demand.commuting import flows_of, read_commuting, straight_travel_time_s
from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_scene_has_the_flows_of_its_area_without_the_diagonal(tmp_path: Path) -> None:
    (scene,) = read_commuting(write_corpus(tmp_path, corpus_arrays()))
    assert (scene.name, scene.source, scene.has_edges) == ("us-24510", "commuting", False)
    np.testing.assert_array_equal(flows_of(scene), [[0, 5, 0], [0, 0, 7], [2, 0, 0]])
    assert (scene.trips.via_zone == -1).all()
    assert np.isnan(scene.trips.depart_share).all()


def test_areas_are_chosen_by_their_zones_and_need_someone_who_leaves_home(tmp_path: Path) -> None:
    path = write_corpus(tmp_path, corpus_arrays())
    assert len(read_commuting(path, least_zones=4)) == 0
    assert len(read_commuting(path, most_zones=2)) == 0  # the second area has only its diagonal
    changed = corpus_arrays()
    changed["od_destination"][4] = 1
    assert [len(scene) for scene in read_commuting(write_corpus(tmp_path, changed))] == [3, 2]


def test_places_are_kilometres_from_the_middle(tmp_path: Path) -> None:
    (scene,) = read_commuting(write_corpus(tmp_path, corpus_arrays()))
    place = {name: scene.zone_values[:, scene.zone_columns.index(name)] for name in scene.zone_columns}
    # a tenth of a degree is 11.12 km north, and 11.12 km x cos(39.33 deg) = 8.60 km east
    assert place["centre_north"][2] - place["centre_north"][0] == pytest.approx(11.12, abs=0.01)
    assert place["centre_east"][1] - place["centre_east"][0] == pytest.approx(8.60, abs=0.01)
    assert place["centre_east"].sum() == pytest.approx(0, abs=1e-4)
    np.testing.assert_allclose(place["centre_distance"], np.hypot(place["centre_east"], place["centre_north"]))
    np.testing.assert_allclose(scene.zone_xy_m[:, 0] / 1000, place["centre_east"], rtol=1e-5)
    np.testing.assert_allclose(place["area"], [2, 4, np.nan])
    assert scene.directional == (("centre_east", "centre_north"),)


def test_neighbours_across_the_date_line_are_near(tmp_path: Path) -> None:
    arrays = corpus_arrays()
    arrays["od_destination"][4] = 1
    scene = read_commuting(write_corpus(tmp_path, arrays))[1]
    assert np.ptp(scene.zone_xy_m[:, 0]) == pytest.approx(11_120, rel=1e-3)


def test_travel_times_belong_to_the_distances(tmp_path: Path) -> None:
    (scene,) = read_commuting(write_corpus(tmp_path, corpus_arrays()))
    apart_m = np.linalg.norm(scene.zone_xy_m[0] - scene.zone_xy_m[2])
    assert scene.travel_time_s[0, 2] == pytest.approx(straight_travel_time_s(apart_m), rel=1e-5)
    np.testing.assert_array_equal(scene.travel_time_s, scene.travel_time_s.T)
    assert (np.diag(scene.travel_time_s) == 0).all()


@given(st.floats(1, 400_000), st.floats(1.001, 2))
def test_farther_takes_longer_and_is_faster(distance_m: float, factor: float) -> None:
    near_s, far_s = straight_travel_time_s(np.array([distance_m, factor * distance_m]))
    assert near_s < far_s < factor * near_s
    assert 25 / 3.6 <= 1.3 * distance_m / near_s <= 90 / 3.6


def test_a_way_of_twenty_kilometres_by_hand() -> None:
    # 25 + 65 (1 - 1 / e) = 66.09 km/h
    assert straight_travel_time_s(np.array([20_000 / 1.3]))[0] == pytest.approx(20 / 66.088 * 3_600, rel=1e-4)


def broken(name: str, value: Any) -> dict[str, Any]:
    return corpus_arrays() | {name: value}


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (broken("lat", np.full(5, np.nan)), "finite numbers in 'lat'"),
        (broken("lat", np.zeros(4)), "5 rows of 'lat', got 4"),
        (broken("zone_offset", np.array([0, 5])), "'zone_offset' to rise"),
        (broken("zone_offset", np.array([0, 6, 5])), "'zone_offset' to rise"),
        (broken("od_commuters", -corpus_arrays()["od_commuters"]), "below 0 in 'od_commuters'"),
        (broken("od_origin", np.full(5, 3)), "origin zone"),
        (broken("demographics", np.zeros((5, 3))), "demographic columns"),
        ({name: value for name, value in corpus_arrays().items() if name != "lon"}, "an array 'lon', got none"),
        (broken("area_id", np.array([{}, {}], object)), "plain arrays"),
    ],
)
def test_arrays_that_do_not_fit_together_are_named(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_commuting(write_corpus(tmp_path, arrays))


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    path = write_corpus(tmp_path, corpus_arrays())
    path.write_bytes(b"lon,lat\n")
    with pytest.raises(InputError, match="plain arrays"):
        read_commuting(path)
    with pytest.raises(InputError, match="found none"):
        read_commuting(tmp_path / "nothing.npz")
    (tmp_path / "columns.json").unlink()
    with pytest.raises(InputError, match=r"columns\.json"):
        read_commuting(path)


@pytest.mark.data
def test_the_whole_corpus_is_read_with_all_its_commuters(data_folder: Path) -> None:
    path = data_folder / "commuting" / "us_commuting_dev.npz"
    scenes = read_commuting(path)
    with np.load(path) as archive:
        leaving = archive["od_origin"] != archive["od_destination"]
        commuters = int(archive["od_commuters"][leaving].sum())
        assert len(scenes) == len(archive["area_id"]) == 236
    assert sum(float(scene.trips.weight.sum(dtype=np.float64)) for scene in scenes) == commuters
    shares = np.concatenate([scene.zone_values for scene in scenes])
    places = [index for index, name in enumerate(scenes[0].zone_columns) if "_age_" in name or "_school_" in name]
    assert np.nanmax(shares[:, places]) <= 1.0
    assert np.nanmin(shares[:, places]) >= 0.0
