from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.roads.mini_osm import write_osm
from tests.roads.test_scenes import ladder
from trafficdiff.workflows.corpus import calibrated_scenes, randomised_scenes
from trafficdiff.workflows.corpus_towns import Town, _place_name, _placed, _without_inner, open_towns

if TYPE_CHECKING:
    from pathlib import Path


def town_at(name: str, east_m: float, *, scale: float = 1.0) -> Town:
    """Return the ladder town moved east, shrunk towards its first corner."""
    graph = ladder()
    shift = np.array([east_m, 0.0])
    moved = dataclasses.replace(graph, node_xy=graph.node_xy * scale + shift, shape_xy=graph.shape_xy * scale + shift)
    return Town(name, moved, "none")


def test_nets_that_overlap_are_one_place_and_the_others_are_not() -> None:
    towns = [town_at("berlin_mitte", 0), town_at("wildau", 9_000), town_at("berlin_spree", 1_500)]
    assert [town.place for town in _placed(towns)] == ["berlin", "wildau", "berlin"]


def test_overlap_carries_on_from_net_to_net() -> None:
    towns = [town_at("a_1", 0), town_at("a_2", 3_000), town_at("a_3", 1_500)]
    assert {town.place for town in _placed(towns)} == {"a"}


@pytest.mark.parametrize(
    ("names", "place"),
    [
        (["ingolstadt21"], "ingolstadt"),
        (["bad_hersfeld"], "bad_hersfeld"),
        (["hamburg_tavf"], "hamburg"),
        (["wildau", "wildau"], "wildau"),
        (["berlin_doerpfeldstr", "berlin_adlershof"], "berlin"),
        (["here", "there"], "here"),
    ],
)
def test_a_place_bears_the_words_that_its_nets_share(names: list[str], place: str) -> None:
    assert _place_name(names) == place


def test_a_net_inside_another_one_is_left_out_and_of_equal_ones_the_first_is_kept() -> None:
    towns = [town_at("inner", 0, scale=0.5), town_at("outer", 0), town_at("again", 0), town_at("beside", 9_000)]
    assert [town.name for town in _without_inner(towns)] == ["outer", "beside"]


@pytest.mark.sumo
def test_surroundings_are_joined_only_where_the_extract_covers_the_scene(tmp_path: Path) -> None:
    (town,) = open_towns(calibrated=None, osm=[write_osm(tmp_path / "mini.osm")], cache=tmp_path / "cache")
    assert town.around is not None
    half = np.arange(town.graph.edge_count) % 2 == 0
    torn = dataclasses.replace(town, around=dataclasses.replace(town.around, covered=half))
    known = []
    for one in (town, torn, dataclasses.replace(town, around=None)):
        (scene,) = randomised_scenes(one, crops=0, seed=0)
        known.append(bool(np.isfinite(scene.zone_values[:, scene.zone_columns.index("floor_area")]).all()))
    assert known == [True, False, False]


@pytest.mark.data
@pytest.mark.slow
def test_the_calibrated_cities_open_with_their_trips_and_without_the_one_inside(data_folder: Path) -> None:
    towns = {town.name: town for town in open_towns(calibrated=data_folder / "cities")}
    real = {"bologna", "wildau", "berlin_doerpfeldstr", "hamburg_tavf", "ingolstadt21"}
    assert towns.keys() == real | {"bad_hersfeld", "braunschweig"}
    assert {name for name, town in towns.items() if town.trips is not None} == real
    assert towns["bad_hersfeld"].around is not None
    (scene,) = calibrated_scenes(towns["bologna"], crops=0, seed=0)
    assert len(scene.trips) == 11_000
    assert scene.place == "bologna"
    assert "Eclipse Public License" in scene.licence
