"""Model demand is obeyed: as many trips as asked, when and in what was asked, each with a route, and labelled."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pytest
import torch

from tests.diffusion.places import tiny_model
from tests.towns import make_town
from trafficdiff.datatypes.scenario import ModelDemand
from trafficdiff.datatypes.vehicles import class_mask
from trafficdiff.diffusion.checkpoint import write_checkpoint
from trafficdiff.errors import InputError, ScenarioError, TripError
from trafficdiff.roads.build import BUILDINGS_FILE, POIS_FILE
from trafficdiff.roads.load import load_network
from trafficdiff.workflows import model_trips
from trafficdiff.workflows.model_demand import open_city
from trafficdiff.workflows.model_trips import describe_checkpoint, open_checkpoint, surroundings_of
from trafficdiff.workflows.sample import draw_trips, sample

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.trips import TripSet

WINDOW_S = (25_200.0, 28_800.0)
CARD = {
    "steps": 1200, "cpu_minutes": 9.98, "date": "2026-01-02",
    "corpus": {"sources": {"calibrated": {"scenes": 20, "places": 3}}},
}  # fmt: skip


def grid_town(side: int = 6, **options: Any) -> RoadGraph:
    """A grid of two-way streets with blocks of 150 m."""
    nodes = {f"{chr(97 + x)}{y}": (150.0 * x, 150.0 * y) for x in range(side) for y in range(side)}
    pairs = [
        (one, other)
        for one, (x, y) in nodes.items()
        for other, (u, v) in nodes.items()
        if abs(x - u) + abs(y - v) == 150.0
    ]
    return make_town(nodes, pairs, **options)


@pytest.fixture(scope="module")
def town() -> RoadGraph:
    return grid_town()


@pytest.fixture(scope="module")
def folder(town: RoadGraph, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny random model."""
    folder = tmp_path_factory.mktemp("model")
    model, scaling = tiny_model(open_city(town).scene)
    write_checkpoint(folder / "tiny.safetensors", members=[model], scaling=scaling, card=CARD)
    return folder


def drawn(graph: RoadGraph, folder: Path, *, seed: int = 1, window_s: Any = WINDOW_S, **demand: Any) -> TripSet:
    asked = ModelDemand(**{"trips": 200, "checkpoint": "tiny.safetensors", **demand})
    return draw_trips(graph, asked, window_s=window_s, seed=seed, folder=folder)


@pytest.mark.parametrize("profile", ["flat", "morning_peak", "day", "learned"])
def test_as_many_trips_come_as_were_asked_for_inside_the_window(town: RoadGraph, folder: Path, profile: str) -> None:
    trips = drawn(town, folder, trips=333, profile=profile)
    assert len(trips) == 333
    assert (np.diff(trips.depart_s) >= 0).all()
    assert trips.depart_s[0] >= WINDOW_S[0]
    assert trips.depart_s[-1] < WINDOW_S[1]
    assert (trips.route_lengths > 1).all()


def test_departures_and_vehicles_are_exactly_those_asked_for(town: RoadGraph, folder: Path) -> None:
    trips = drawn(town, folder, trips=400, vehicle_mix={"car": 0.9, "truck": 0.1}, electric_share=0.25)
    names = np.array([kind.name for kind in trips.vehicle_types])[trips.vehicle_type]
    assert {name: int((names == name).sum()) for name in set(names)} == {"car": 270, "electric_car": 90, "truck": 40}
    quarters = np.histogram(trips.depart_s, np.linspace(*WINDOW_S, 5))[0]
    assert np.abs(quarters - 100).max() <= 2
    assert np.isfinite(trips.state_of_charge).sum() == 90


@pytest.mark.slow
def test_the_seed_decides_and_the_settings_count(town: RoadGraph, folder: Path) -> None:
    one = drawn(town, folder)
    again = drawn(town, folder)
    assert np.array_equal(one.edges, again.edges)
    assert np.array_equal(one.depart_s, again.depart_s)
    for other in ({"seed": 2}, {"steps": 3}, {"guidance": 2.0}, {"prior_share": 0.9}, {"fringe_share": 0.9},
                  {"one_day": False}):  # fmt: skip
        assert not np.array_equal(one.edges, drawn(town, folder, **other).edges), other


def test_more_trips_or_other_vehicles_are_drawn_of_the_same_day(
    town: RoadGraph, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds = []
    draw_agents = model_trips.draw_agents

    def noting(*arguments: Any, generator: np.random.Generator, **options: Any) -> Any:
        seeds.append(json.dumps(generator.bit_generator.state, default=str))
        return draw_agents(*arguments, generator=generator, **options)

    monkeypatch.setattr(model_trips, "draw_agents", noting)
    drawn(town, folder)
    drawn(town, folder, trips=50, vehicle_mix={"truck": 1.0}, profile="day")
    drawn(town, folder, seed=2)
    assert seeds[0] == seeds[1] != seeds[2]


def test_the_trips_say_that_they_are_synthetic_and_from_which_model(town: RoadGraph, folder: Path) -> None:
    trips = drawn(town, folder, seed=9)
    sha256 = open_checkpoint(folder / "tiny.safetensors").sha256
    assert trips.are_synthetic
    said = trips.provenance
    assert said["synthetic"] == f"yes: drawn by the learned demand model {sha256[:16]}, observed nowhere"
    assert said["checkpoint_sha256"] == sha256
    assert said["data"] == "20 calibrated scenes of 3 places"
    assert (said["seed"], said["window_s"]) == ("9", "25200.0 28800.0")
    parameters = json.loads(said["parameters"])
    assert (parameters["steps"], parameters["checkpoint_sha256"]) == (8, sha256)


def test_a_class_without_a_drive_is_refused_before_the_model_is_opened(folder: Path) -> None:
    cars_only = grid_town(allowed=dict.fromkeys(grid_town().edge_id, class_mask(["passenger"])))
    with pytest.raises(TripError, match="'bus' can drive one after the other, got none"):
        drawn(cars_only, folder, checkpoint="none.safetensors", vehicle_mix={"car": 0.5, "bus": 0.5})
    assert len(drawn(cars_only, folder, trips=5)) == 5


@pytest.mark.parametrize("profile", ["flat", "learned"])
@pytest.mark.parametrize("end_s", [25_200.0, 20_000.0, float("nan")])
def test_a_window_that_ends_before_it_begins_is_refused(
    town: RoadGraph, folder: Path, end_s: float, profile: str
) -> None:
    with pytest.raises(ScenarioError, match="expected a window that ends after it begins"):
        drawn(town, folder, window_s=(25_200.0, end_s), profile=profile)


def broken(folder: Path, how: str, path: Path) -> None:
    whole = (folder / "tiny.safetensors").read_bytes()
    match how:
        case "pickle":
            torch.save({"weight": torch.ones(3)}, path)
        case "flipped":
            path.write_bytes(whole[:-5] + bytes([whole[-5] ^ 4]) + whole[-4:])
        case "cut":
            path.write_bytes(whole[:-5])
        case "nan":
            path.write_bytes(whole[:-4] + np.float32("nan").tobytes())


@pytest.mark.sumo
@pytest.mark.parametrize(
    ("how", "said"),
    [("missing", "found none"), ("pickle", "pickles"), ("flipped", "damaged"), ("cut", "something else"),
     ("nan", "finite weights")],
)  # fmt: skip
def test_a_faulty_checkpoint_is_invalid_input_and_nothing_is_written(
    grid_net: Path, folder: Path, tmp_path: Path, how: str, said: str
) -> None:
    broken(folder, how, tmp_path / "bad.safetensors")
    demand = ModelDemand(trips=5, checkpoint=str(tmp_path / "bad.safetensors"))
    output = tmp_path / "out" / "trips.parquet"
    with pytest.raises(InputError, match=said):
        sample(str(grid_net), demand, window_s=WINDOW_S, seed=1, output=output)
    assert not output.exists()


def test_one_line_says_which_model_it_is(folder: Path) -> None:
    path = folder / "tiny.safetensors"
    assert describe_checkpoint(path) == (
        f"{open_checkpoint(path).sha256[:16]}, {path.stat().st_size / 1e6:.1f} MB, 1,200 steps, 10 CPU minutes, "
        "trained 2026-01-02"
    )


@pytest.mark.sumo
def test_a_bare_net_has_no_surroundings(town: RoadGraph, grid_net: Path) -> None:
    assert surroundings_of(town) == (None, None)
    assert surroundings_of(load_network(grid_net)) == (None, None)


@pytest.mark.sumo
def test_a_built_city_brings_its_places_and_they_reach_the_model(tmp_path: Path) -> None:
    helsinki = load_network("helsinki")
    pois, buildings = surroundings_of(helsinki)
    assert isinstance(pois, gpd.GeoDataFrame)
    assert buildings is not None
    assert len(pois) > 1_000
    scene = model_trips.city_of(helsinki).scene
    columns = [place for place, name in enumerate(scene.zone_columns) if name.startswith("pois_")]
    assert np.nansum(scene.zone_values[:, columns]) > 100
    assert np.isnan(open_city(helsinki).scene.zone_values[:, columns]).all()
    copied = tmp_path / "copied"
    copied.mkdir()
    for name in (POIS_FILE, BUILDINGS_FILE, "build.json"):
        shutil.copy(helsinki.net_path.with_name(name), copied)
    record = json.loads((copied / "build.json").read_text())
    del record["extracted"]  # now it says that it was made from a net, with an OSM file beside it
    beside = replace(helsinki, net_path=copied / helsinki.net_path.name)
    for missed, known in ((0.05, True), (0.4, False)):
        record["joined_share"]["none"] = missed
        (copied / "build.json").write_text(json.dumps(record))
        assert (surroundings_of(beside)[0] is not None) == known
