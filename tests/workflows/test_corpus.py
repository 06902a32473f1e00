from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.roads.mini_osm import write_osm
from tests.roads.test_scenes import ladder, trips_on
from tests.workflows.test_evaluate import demand
from trafficdiff.datatypes.scene_files import CARD_FILE, read_scenes
from trafficdiff.datatypes.trip_files import write_trips
from trafficdiff.errors import InputError, OutputError
from trafficdiff.workflows.corpus import calibrated_scenes, corpus, randomised_scenes
from trafficdiff.workflows.corpus_card import corpus_card
from trafficdiff.workflows.corpus_towns import Town

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph


@pytest.fixture(scope="module")
def cities(grid_net: Path, grid_graph: RoadGraph, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One city with demand, one without, one that has no licence."""
    folder = tmp_path_factory.mktemp("cities")
    for name in ("grid_town7", "bare", "a_secret"):
        (folder / name).mkdir()
    for name in ("grid_town7", "a_secret"):
        shutil.copy(grid_net, folder / name / "net.net.xml")
        _pack(folder / name)
        write_trips(demand(grid_graph, 600, seed=1), folder / name / "cars.rou.xml.gz")
    (folder / "grid_town7" / "LICENSE").write_text("\n   Public Licence - v 2.1\n\n 1. DEFINITIONS and so on")
    return folder


def _pack(folder: Path) -> None:
    import gzip

    plain = folder / "net.net.xml"
    (folder / "net.net.xml.gz").write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()


@pytest.mark.sumo
def test_a_corpus_holds_whole_towns_and_crops_with_real_and_randomised_demand(cities: Path, tmp_path: Path) -> None:
    card = corpus(tmp_path / "corpus", calibrated=cities, crops=3, seed=5)
    scenes = read_scenes(tmp_path / "corpus")
    by_source = {source: [s for s in scenes if s.source == source] for source in ("calibrated", "randomised")}
    whole = next(scene for scene in by_source["calibrated"] if scene.name.endswith("whole"))
    assert len(whole.trips) == 600
    assert {scene.place for scene in scenes} == {"grid_town"}  # the one without a licence is not there
    assert {scene.licence for scene in scenes} == {"Public Licence - v 2.1"}
    assert by_source["randomised"]
    assert len({scene.name for scene in scenes}) == len(scenes)
    assert card["all"]["scenes"] == len(scenes)
    assert card["sources"]["calibrated"]["by_place"]["grid_town"]["trips"] == sum(
        len(scene.trips) for scene in by_source["calibrated"]
    )
    assert json.loads((tmp_path / "corpus" / CARD_FILE).read_text()) == card


@pytest.mark.sumo
def test_the_same_seed_gives_the_same_corpus(cities: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        corpus(tmp_path / name, calibrated=cities, crops=2, seed=5)
    one, other = (read_scenes(tmp_path / name) for name in ("a", "b"))
    assert [scene.name for scene in one] == [scene.name for scene in other]
    assert all((a.trips.origin_edge == b.trips.origin_edge).all() for a, b in zip(one, other, strict=True))


@pytest.mark.sumo
def test_an_extract_gives_randomised_scenes_that_know_their_surroundings(tmp_path: Path) -> None:
    corpus(tmp_path / "corpus", osm=[write_osm(tmp_path / "mini.osm")], crops=0, cache=tmp_path / "cache")
    (scene,) = read_scenes(tmp_path / "corpus")
    assert (scene.source, scene.place) == ("randomised", "mini")
    assert "OpenStreetMap" in scene.licence
    pois = [name.startswith("pois_") for name in scene.zone_columns]
    assert np.isfinite(scene.zone_values[:, pois]).all()


@pytest.mark.sumo
def test_a_net_is_no_extract_and_a_name_may_not_come_twice(grid_net: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="give it as a net"):
        corpus(tmp_path / "corpus", osm=[grid_net])
    with pytest.raises(InputError, match="grid twice"):
        corpus(tmp_path / "corpus", nets=[grid_net, grid_net])
    assert not (tmp_path / "corpus").exists()


def test_nothing_given_and_a_taken_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="got none"):
        corpus(tmp_path / "corpus")
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "notes.txt").write_text("mine")
    with pytest.raises(OutputError):
        corpus(tmp_path / "corpus", nets=[tmp_path / "x.net.xml"])


def test_trips_that_leave_the_fastest_way_have_vias_and_the_others_none() -> None:
    direct, over = "A0 A1 A2 A3 A4 A5", "A0 A1 B1 B2 B3 B4 A4 A5"
    trips = trips_on(ladder(), [direct, over], types=("passenger", "truck"))
    town = Town("ladder", trips.graph, "none", trips=trips)
    (scene,) = calibrated_scenes(town, crops=0, seed=0)
    assert (scene.trips.via_zone >= 0).tolist() == [False, True]


def test_a_town_without_trips_has_no_calibrated_scenes_but_randomised_ones() -> None:
    town = Town("ladder", ladder(), "none")
    assert list(calibrated_scenes(town, crops=3, seed=0)) == []
    (scene,) = randomised_scenes(town, crops=0, seed=0)
    assert len(scene.trips) > 100
    assert scene.window_s[0] < scene.window_s[1]


def test_the_card_counts_what_is_there() -> None:
    town = Town("ladder", ladder(), "a licence", place="town")
    (scene,) = randomised_scenes(town, crops=0, seed=0)
    card = corpus_card([scene], seed=3, crops=0)
    sums = card["sources"]["randomised"]["by_place"]["town"]
    assert sums["trips"] == sums["rows_of_trips"] == len(scene.trips)
    assert sums["days"] == len(np.unique(scene.trips.day))
    assert sums["licences"] == ["a licence"]
    assert sums["with_pois"] == 0
    assert (card["all"]["zones"], card["all"]["edges"]) == (len(scene), town.graph.edge_count)
