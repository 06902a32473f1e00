"""Losses are logarithms of chances: those of all trips that there can be add up to one."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from tests.diffusion.places import made_scene, made_trips, tiny_model
from trafficdiff.diffusion.denoiser import DEPARTURE_BINS
from trafficdiff.diffusion.likelihood import trip_losses

ZONES, EDGES = 3, 2


def test_chances_of_all_trips_add_up_to_one() -> None:
    scene = made_scene(zones=ZONES, edges=EDGES)
    ends = range(ZONES * EDGES)
    every = np.array(list(product(ends, ends, range(-1, ZONES), range(DEPARTURE_BINS))))
    origin, destination, via, bins = every.T
    trips = made_trips(
        scene, origin // EDGES, destination // EDGES,
        origin_edge=origin.astype(np.int32), destination_edge=destination.astype(np.int32),
        via_zone=via.astype(np.int32), depart_share=((bins + 0.5) / DEPARTURE_BINS).astype(np.float32),
    )  # fmt: skip
    scene = replace(scene, trips=trips)
    model, scaling = tiny_model(scene)
    losses = trip_losses([model], scene, scaling=scaling, views=1)
    assert np.exp(-losses).sum() == pytest.approx(1.0, rel=1e-5)
    assert losses.std() > 0.1  # weights that do something


def test_a_trip_has_the_same_loss_whoever_stands_beside_it() -> None:
    scene = made_scene(zones=ZONES, edges=EDGES)
    both = replace(
        scene,
        trips=made_trips(scene, np.array([0, 1, 0]), np.array([2, 0, 2]), depart_share=np.full(3, 0.5, np.float32)),
    )
    model, scaling = tiny_model(both)
    losses = trip_losses([model], both, scaling=scaling)
    assert losses[0] == losses[2]
    assert losses[0] != losses[1]
