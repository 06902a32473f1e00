import dataclasses

import numpy as np
import pytest
import torch

from tests.diffusion.places import made_scene, made_trips
from trafficdiff.diffusion.day import MOMENTS, Days, day_moments, trip_statistics, turned_moments
from trafficdiff.diffusion.inputs import Turn


def moments_of(scene, weight):
    statistics = trip_statistics(scene)
    return day_moments(statistics, weight, usual=statistics.mean(axis=0))


@pytest.fixture
def town():
    random = np.random.default_rng(3)
    bare = made_scene(zones=9)
    return made_scene(zones=9, trips=made_trips(bare, *random.integers(0, 9, (2, 200))))


def test_the_usual_day_has_no_moments_and_a_swelling_east_moves_origins_east(town):
    np.testing.assert_allclose(moments_of(town, np.full(200, 2.0)), 0, atol=1e-12)
    east = town.zone_xy_m[town.trips.origin_zone, 0] > 0
    moments = moments_of(town, np.where(east, 3.0, 1.0))
    assert moments[0] > 0.3
    back = moments_of(town, np.where(east, 1.0, 3.0))
    assert back[0] < -0.3


def test_trips_from_outside_show_in_the_share_at_the_rim(town):
    first = town.trips.origin_edge
    enters = town.edge_values[first, town.edge_columns.index("fringe_lanes_in")] > 0
    shares = [np.average(enters, weights=weight) for weight in (np.where(enters, 4.0, 1.0), np.ones(200))]
    assert moments_of(town, np.where(enters, 4.0, 1.0))[6] == pytest.approx((shares[0] - shares[1]) / 0.3)


def test_moments_turn_with_the_map(town):
    turn = Turn(0.7, mirrored=True)
    turned = dataclasses.replace(town, zone_xy_m=(town.zone_xy_m @ turn.matrix().T).astype(np.float32))
    weight = np.random.default_rng(0).uniform(0.5, 2, 200)
    expected = turned_moments(moments_of(town, weight), turn.matrix())
    np.testing.assert_allclose(moments_of(turned, weight), expected, atol=1e-5)


def test_days_are_drawn_as_wide_as_those_that_were_seen():
    random = np.random.default_rng(1)
    root = random.normal(size=(MOMENTS, MOMENTS))
    days = Days()
    for _ in range(3_000):
        days.remember(torch.from_numpy(random.normal(size=(4, MOMENTS)) @ root.T).float())
    dice = torch.Generator().manual_seed(0)
    drawn = np.stack([days.draw(dice, spread=0.5) for _ in range(4_000)])
    expected = 0.25 * root @ root.T
    scale = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    assert np.abs((drawn.T @ drawn / len(drawn) - expected) / scale).max() < 0.25
    assert not days.draw(dice, spread=0.0).any()
