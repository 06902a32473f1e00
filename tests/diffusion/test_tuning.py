"""Tuning ends where held-out trips are told best; without them, or without a ridge, it learns by heart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.diffusion.places import made_scene, made_trips
from tests.diffusion.test_local_model import believed
from trafficdiff.diffusion import tuning
from trafficdiff.diffusion.local_model import Tally, tally_of
from trafficdiff.diffusion.tuning import Tuned, tune
from trafficdiff.diffusion.tuning_settings import TuningSettings

SCENE = made_scene(zones=12, edges=2)
SETTINGS = TuningSettings()


def halves(count: int, seed: int = 0) -> tuple[Tally, Tally]:
    """Trips of a place that likes three of its zones, in two halves."""
    random = np.random.default_rng(seed)
    liked = np.where(np.arange(12) < 3, 6.0, 1.0)
    origin, destination = (random.choice(12, count, p=liked / liked.sum()) for _ in range(2))
    trips = made_trips(SCENE, origin, np.where(origin == destination, (destination + 1) % 12, destination))
    return tally_of(SCENE, trips, np.arange(0, count, 2)), tally_of(SCENE, trips, np.arange(1, count, 2))


@pytest.fixture(scope="module")
def stopped() -> Tuned:
    return tune(believed(SCENE), *halves(120), settings=SETTINGS)


def test_the_best_of_the_curve_is_kept_and_is_better_than_no_tuning(stopped: Tuned) -> None:
    held_out = [row["held_out"] for row in stopped.curve]
    kept = stopped.model.loss(halves(120)[1]).item()
    assert kept == pytest.approx(min(held_out), abs=1e-4)
    assert kept < held_out[0] - 0.1
    assert stopped.stopped.startswith("held-out trips got no better 2 times")
    learned = [row["learned"] for row in stopped.curve]
    assert learned[-1] < learned[0]


def test_without_patience_and_ridge_it_learns_by_heart(stopped: Tuned) -> None:
    learned, held_out = halves(120)
    heart = tune(believed(SCENE), learned, None, settings=replace(SETTINGS, patience=None, penalty=0.0))
    assert heart.curve[-1]["held_out"] is None
    pairs = learned.pair / learned.pair.sum()
    least = -(pairs[pairs > 0] * pairs[pairs > 0].log()).sum().item()
    inside = heart.model.loss(learned).item() - least
    assert inside == pytest.approx(0, abs=0.02)
    assert heart.model.loss(held_out).item() > stopped.model.loss(held_out).item() + 1


def test_it_ends_when_the_time_is_spent() -> None:
    found = tune(believed(SCENE), *halves(40), settings=replace(SETTINGS, cpu_minutes=1e-9))
    assert found.stopped == "the time was spent"
    assert len(found.curve) == 1
    assert found.widths is None


def test_every_look_is_told() -> None:
    rows: list[float] = []
    found = tune(believed(SCENE), *halves(40), settings=SETTINGS, told=lambda row, _: rows.append(row["learned"]))
    assert rows == [row["learned"] for row in found.curve]
    assert len(rows) <= 1 + len(tuning._ENDS) + len(tuning._PAIRS)
