"""A tuned model draws its own city's trips better, elsewhere it knows nothing and says so; bad input leaves nothing."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.diffusion.places import tiny_model
from tests.workflows.test_model_trips import CARD, WINDOW_S, drawn, grid_town
from trafficdiff.datatypes.scenario import UniformDemand
from trafficdiff.datatypes.selection import take_trips
from trafficdiff.diffusion.checkpoint import write_checkpoint
from trafficdiff.diffusion.tuning_settings import PrivacySettings
from trafficdiff.errors import InputError, OutputError
from trafficdiff.publish import verify
from trafficdiff.workflows.fine_tune import fine_tune
from trafficdiff.workflows.model_demand import open_city
from trafficdiff.workflows.model_trips import describe_checkpoint, open_checkpoint
from trafficdiff.workflows.sample import draw_trips
from trafficdiff.workflows.train import CARD_FILE, CHECKPOINT_FILE, KIND
from trafficdiff.workflows.trip_chances import trip_losses

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.trips import TripSet


@pytest.fixture(scope="module")
def town() -> RoadGraph:
    return grid_town(5)


@pytest.fixture(scope="module")
def folder(town: RoadGraph, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tuning")
    model, scaling = tiny_model(open_city(town).scene)
    write_checkpoint(folder / "tiny.safetensors", members=[model], scaling=scaling, card=CARD)
    return folder


def own_trips(town: RoadGraph, count: int, seed: int = 3) -> TripSet:
    """Trips that begin in the west and end in the east."""
    every = draw_trips(town, UniformDemand(trips=20 * count), window_s=WINDOW_S, seed=seed)
    x = town.midpoint_xy[:, 0]
    begin, end = every.edges[every.offsets[:-1]], every.edges[every.offsets[1:] - 1]
    west, east = np.quantile(x, 0.3), np.quantile(x, 0.7)
    return take_trips(every, np.flatnonzero((x[begin] <= west) & (x[end] >= east))[:count])


@pytest.fixture(scope="module")
def tuned(town: RoadGraph, folder: Path) -> Path:
    fine_tune(folder / "tiny.safetensors", graph=town, trips=own_trips(town, 120), directory=folder / "tuned")
    return folder / "tuned"


def eastward(trips: TripSet) -> float:
    """How far to the east trips go on average, in units of what the town is wide."""
    x = trips.graph.midpoint_xy[:, 0]
    return float((x[trips.edges[trips.offsets[1:] - 1]] - x[trips.edges[trips.offsets[:-1]]]).mean() / np.ptp(x))


def test_trips_of_the_tuned_model_go_where_its_own_did(town: RoadGraph, folder: Path, tuned: Path) -> None:
    own = eastward(own_trips(town, 120))
    before = eastward(drawn(town, folder))
    after = eastward(drawn(town, tuned, checkpoint=CHECKPOINT_FILE))
    assert abs(before) < 0.2
    assert after == pytest.approx(own, abs=0.1)
    assert (
        drawn(town, tuned, checkpoint=CHECKPOINT_FILE).provenance["data"].endswith("tuned to 120 trips of made by hand")
    )


@pytest.mark.slow
def test_others_of_the_city_are_likelier_than_before(town: RoadGraph, folder: Path, tuned: Path) -> None:
    city, others = open_city(town), own_trips(town, 120, seed=4)
    before, after = (
        trip_losses(city, open_checkpoint(path), others).mean()
        for path in (folder / "tiny.safetensors", tuned / CHECKPOINT_FILE)
    )
    assert after < before - 1


def test_the_card_says_how_it_was_tuned_and_the_file_carries_it(tuned: Path) -> None:
    verify(tuned, kind=KIND)
    card = json.loads((tuned / CARD_FILE).read_text(encoding="utf-8"))
    assert card["steps"] == CARD["steps"]
    assert card["tuned"]["trips"] == 120
    assert card["tuned"]["held_out"] == 12
    held_out = [row["held_out"] for row in card["tuned"]["curve"]]
    assert min(held_out) < held_out[0]
    assert open_checkpoint(tuned / CHECKPOINT_FILE).card["tuned"] == card["tuned"]
    assert describe_checkpoint(tuned / CHECKPOINT_FILE).endswith("tuned to 120 trips of made by hand")


def test_elsewhere_a_tuned_model_is_as_it_was_and_says_so(
    folder: Path, tuned: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = grid_town(4)
    with caplog.at_level(logging.WARNING):
        away = drawn(other, tuned, checkpoint=CHECKPOINT_FILE)
    assert "never tuned" in caplog.text
    np.testing.assert_array_equal(away.edges, drawn(other, folder).edges)


def test_the_same_seed_gives_the_same_model(town: RoadGraph, folder: Path, tuned: Path, tmp_path: Path) -> None:
    again = fine_tune(folder / "tiny.safetensors", graph=town, trips=own_trips(town, 120), directory=tmp_path / "again")
    before = open_checkpoint(tuned / CHECKPOINT_FILE)
    after = open_checkpoint(tmp_path / "again" / CHECKPOINT_FILE)
    assert before.local is not None
    assert after.local is not None
    np.testing.assert_array_equal(before.local.edge, after.local.edge)
    assert again["tuned"]["ridge"] == before.card["tuned"]["ridge"]


def test_a_private_model_says_what_was_spent_and_nothing_that_depends_on_trips(
    town: RoadGraph, folder: Path, tmp_path: Path
) -> None:
    pytest.importorskip("opacus", reason="the extra [privacy] is not installed")
    card = fine_tune(
        folder / "tiny.safetensors", graph=town, trips=own_trips(town, 120), directory=tmp_path / "private",
        privacy=PrivacySettings(epsilon=8),
    )  # fmt: skip
    assert card["tuned"]["privacy"]["epsilon"] <= 8
    assert {"network", "place", "trips", "from_sha256", "held_out", "privacy"} == set(card["tuned"])
    after = drawn(town, tmp_path / "private", checkpoint=CHECKPOINT_FILE)
    assert eastward(after) > eastward(drawn(town, folder)) + 0.1
    assert "epsilon 8" in after.provenance["data"] or "epsilon 7." in after.provenance["data"]


def test_all_that_is_wrong_is_named_and_nothing_is_written(town: RoadGraph, folder: Path, tmp_path: Path) -> None:
    few = own_trips(grid_town(4), 5)
    with pytest.raises(InputError, match=r"(?s)CPU minutes.*held-out share.*30 trips.*got 5.*epsilon.*another one"):
        fine_tune(
            folder / "tiny.safetensors", graph=town, trips=few, directory=tmp_path / "bad",
            cpu_minutes=0, held_out_share=1, privacy=PrivacySettings(epsilon=-1),
        )  # fmt: skip
    own = own_trips(town, 40)
    (tmp_path / "no.safetensors").write_bytes(b"no model")
    with pytest.raises(InputError, match=r"no\.safetensors"):
        fine_tune(tmp_path / "no.safetensors", graph=town, trips=own, directory=tmp_path / "bad")
    with pytest.raises(OutputError, match=r"tuned"):
        fine_tune(folder / "tiny.safetensors", graph=town, trips=own, directory=folder / "tuned")
    assert not (tmp_path / "bad").exists()
