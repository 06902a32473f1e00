"""A place far from the training places is told apart and said so: in the log, with the trips, in the run."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.datatypes.test_training_range import standing, trait
from tests.diffusion.places import tiny_model
from tests.roads.test_scene_traits import grid
from tests.towns import write_grid_net
from tests.workflows.ensembles import scenario_of
from trafficdiff.datatypes.scenario import ModelDemand
from trafficdiff.datatypes.training_range import TrainingRange, read_range, write_range
from trafficdiff.diffusion.checkpoint import write_checkpoint
from trafficdiff.errors import InputError
from trafficdiff.export.catalogue import catalogue, languages
from trafficdiff.roads.scene_traits import TRAITS, bent
from trafficdiff.store.reading import open_run
from trafficdiff.store.stack import run_directory
from trafficdiff.workflows.ensemble import ensemble
from trafficdiff.workflows.model_demand import city_scene
from trafficdiff.workflows.range_words import place_in_range, range_rows, reasons, remark, trait_figure, verdict
from trafficdiff.workflows.sample import draw_trips, sample
from trafficdiff.workflows.shipped_model import shipped_model
from trafficdiff.workflows.training_range import (
    PROVENANCE,
    judge_network,
    range_file,
    range_of,
    range_with,
    standing_of,
    standing_said,
    warnings_of,
)

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph

WINDOW_S = (0.0, 900.0)


@pytest.fixture(scope="module")
def shipped() -> TrainingRange:
    return read_range(range_file())


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RoadGraph]:
    """A tiny model with the shipped model's range beside it, and a town that is unlike all of it."""
    town = grid(side=4, block_m=2_000.0)
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    network, scaling = tiny_model(city_scene(town))
    digest = write_checkpoint(path, members=[network], scaling=scaling, card={})
    write_range(read_range(range_file()).model_copy(update={"checkpoint_sha256": digest}), range_file(path))
    return path, town


def test_the_shipped_range_is_of_the_shipped_model_and_its_places(shipped: TrainingRange) -> None:
    card = shipped_model()
    assert shipped.checkpoint_sha256 == card.sha256
    streets = [source for source in card.sources if source.name != "commuting"]
    assert len(shipped.places) == max(source.places for source in streets)
    assert len(shipped.scenes) == sum(source.scenes for source in streets)
    assert shipped.traits == tuple(trait.name for trait in TRAITS)


def test_a_training_place_left_out_is_called_far_about_once_in_twenty(shipped: TrainingRange) -> None:
    from trafficdiff.metrics.novelty import own_distances, weighted_quantile

    table = np.array([[np.nan if value is None else value for value in scene.values] for scene in shipped.scenes])
    places = np.array([scene.place for scene in shipped.scenes])
    counts = {place: (places == place).sum() for place in shipped.places}
    weight = np.array([1 / counts[place] for place in places])
    rates = []
    for place in shipped.places:
        others = places != place
        limit = weighted_quantile(own_distances(bent(table[others]), places=places[others]), weight[others], 0.95)
        rates.append((own_distances(bent(table), places=places)[places == place] > limit).mean())
    assert 0.02 < np.mean(rates) < 0.08


def test_what_is_no_city_is_outside(shipped: TrainingRange) -> None:
    for town in (grid(side=5, block_m=10.0), grid(side=4, block_m=2_000.0)):
        found = standing_of(city_scene(town), shipped)
        assert found.level == "outside", found
        assert found.is_far
        assert any(one.name == "block_length" and one.outside for one in found.traits)


def test_a_training_scene_is_inside_and_most_like_itself(shipped: TrainingRange) -> None:
    from trafficdiff.metrics.novelty import novelty_of

    table = np.array([[np.nan if value is None else value for value in scene.values] for scene in shipped.scenes])
    places = np.array([scene.place for scene in shipped.scenes])
    found = novelty_of(bent(table[0]), bent(table), places=places)
    assert found.apart.argmin() == 0
    assert found.distance < found.limit


def test_trips_of_a_strange_place_say_so_and_the_log_warns_once(
    model: tuple[Path, RoadGraph], caplog: pytest.LogCaptureFixture
) -> None:
    path, town = model
    demand = ModelDemand(trips=20, checkpoint=path.name)
    with caplog.at_level(logging.WARNING):
        trips = draw_trips(town, demand, window_s=WINDOW_S, seed=1, folder=path.parent)
    said = standing_said(trips.provenance)
    assert said is not None
    assert said.level == "outside"
    assert [record.getMessage() for record in caplog.records] == list(warnings_of(said))
    assert "Length of a block" in caplog.text


def test_a_range_of_other_weights_is_not_used(
    model: tuple[Path, RoadGraph], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, town = model
    copy = tmp_path / "tiny.safetensors"
    copy.write_bytes(path.read_bytes())
    write_range(read_range(range_file()), range_file(copy))
    trips = draw_trips(town, ModelDemand(trips=5, checkpoint=str(copy)), window_s=WINDOW_S, seed=1)
    assert PROVENANCE not in trips.provenance
    assert "that of another checkpoint" in caplog.text


def test_without_a_range_nothing_is_said(model: tuple[Path, RoadGraph], tmp_path: Path) -> None:
    path, town = model
    copy = tmp_path / "tiny.safetensors"
    copy.write_bytes(path.read_bytes())
    trips = draw_trips(town, ModelDemand(trips=5, checkpoint=str(copy)), window_s=WINDOW_S, seed=1)
    assert standing_said(trips.provenance) is None
    with pytest.raises(InputError, match="expected a training range, got none"):
        judge_network(town, checkpoint=copy)


def test_a_provenance_that_cannot_be_read_is_no_standing(caplog: pytest.LogCaptureFixture) -> None:
    assert standing_said({PROVENANCE: "{"}) is None
    assert "not so that it can be read" in caplog.text


@pytest.mark.sumo
def test_sample_tells_programs(model: tuple[Path, RoadGraph], grid_net: Path, tmp_path: Path) -> None:
    path, _ = model
    demand = ModelDemand(trips=5, checkpoint=str(path))
    found = sample(str(grid_net), demand, window_s=WINDOW_S, seed=1, output=tmp_path / "trips.parquet").summary()
    assert found["training_range"]["level"] in {"edge", "outside"}
    assert len(found["warnings"]) == 1


@pytest.mark.sumo
@pytest.mark.slow
def test_a_study_and_each_of_its_runs_say_so_and_the_log_once(
    model: tuple[Path, RoadGraph], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    net = write_grid_net(tmp_path, length_m=1_500.0)
    demand = {"kind": "model", "trips": 5, "checkpoint": str(model[0])}
    scenarios = [scenario_of(net, name, demand=demand) for name in ("base", "other")]
    found = ensemble(scenarios, directory=tmp_path / "study", samples=1, workers=1).summary()
    (said,) = found["warnings"]
    assert [record.getMessage() for record in caplog.records if "learned from" in record.getMessage()] == [said]
    assert {name: one["level"] for name, one in found["training_range"].items()} == {
        "base": "outside", "other": "outside",
    }  # fmt: skip
    for scenario in scenarios:
        run = open_run(run_directory(tmp_path / "study", scenario.name, 0))
        assert run.provenance.training_range is not None
        assert run.validation.warnings.count(said) == 1
    again = ensemble(scenarios, directory=tmp_path / "study", samples=1, workers=1).summary()
    assert again["warnings"] == [said]  # of runs that were there already


def test_scenes_of_too_few_places_have_no_range() -> None:
    scene = city_scene(grid(side=3))
    scenes = [replace(scene, place=f"p{number}") for number in range(4)]
    assert range_of(scenes[:3], checkpoint_sha256="a" * 64, made_with="x") is None
    found = range_of(scenes, checkpoint_sha256="a" * 64, made_with="x")
    assert found is not None
    assert len(found.scenes) == 4


def test_a_city_that_a_model_was_tuned_to_belongs_to_its_range(model: tuple[Path, RoadGraph], tmp_path: Path) -> None:
    path, town = model
    scene = city_scene(town)
    found = range_with(scene, checkpoint=path, checkpoint_sha256="b" * 64, made_with="tuned")
    assert found is not None
    assert (found.checkpoint_sha256, found.scenes[-1].place) == ("b" * 64, scene.place)
    before = standing_of(scene, read_range(range_file(path)))
    after = standing_of(scene, found)
    assert after.distance < before.distance
    assert after.nearest[0] == scene.place
    assert not any(one.outside for one in after.traits)
    assert range_with(scene, checkpoint=tmp_path / "x.safetensors", checkpoint_sha256="b" * 64, made_with="") is None


@pytest.mark.parametrize("language", languages())
def test_every_trait_has_words_and_a_strange_place_is_told_in_them(language: str) -> None:
    words = catalogue(language)
    for one in TRAITS:
        assert words.texts.get(f"range.trait_{one.name}"), one.name
        assert trait_figure(one.name, 0.5, words)
    traits = (
        trait("block_length", 600.0, low=30.0, high=200.0, score=6.0),
        trait("grid", 1.0, low=0.1, high=0.9, score=3.0),
        trait("curves", 0.0, low=0.1, high=9.0, score=-3.0),
        trait("lanes", 1.0, low=1.0, high=3.0),
    )
    found = standing(traits=traits, nearest=("kyoto", "campo_grande"))
    said = remark(found, words)
    assert verdict(found, words) in said
    times = {"en": "3.0 times", "de": "3,0-mal"}[language]
    assert times in reasons(found, words)[0]
    assert "Campo Grande" in said
    assert [row[3] for row in range_rows(found, words)] == [
        words.word(f"range.mark_{mark}") for mark in ("above", "above", "below", "inside")
    ]
    together = remark(standing(level="edge", traits=traits[3:], percentile=99.7), words)
    assert words.word("range.unusual_together", why="").split(":")[0].removesuffix(".") in together
    assert "100 of 100" not in together


def test_numbers_of_another_version_are_passed_over() -> None:
    found = standing(traits=(trait("shade_of_trees", 9.0), trait("grid", 1.0, low=0.1, high=0.9)))
    assert "grid" in remark(found, catalogue()).lower()
    assert [row[0] for row in range_rows(found, catalogue())] == ["How strictly streets keep to a grid"]


def test_a_dot_lies_in_its_band_where_its_value_does() -> None:
    assert place_in_range(trait("block_length", 50.0, low=50.0, high=200.0)) == pytest.approx(0.0)
    assert place_in_range(trait("block_length", 100.0, low=50.0, high=200.0)) == pytest.approx(0.5)
    assert place_in_range(trait("grid", 0.9, low=0.1, high=0.5)) == pytest.approx(2.0)
    assert place_in_range(trait("lanes", 2.0, low=2.0, high=2.0)) == 0.5
