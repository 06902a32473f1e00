import numpy as np
import pytest
import torch

from tests.diffusion.places import made_scene, scene_of_town, tiny_model
from tests.towns import make_town
from trafficdiff.datatypes.vehicles import VEHICLE_TYPES
from trafficdiff.demand.reachability import find_reach
from trafficdiff.diffusion.batch import conditions_of
from trafficdiff.diffusion.prior import rim_capacity
from trafficdiff.diffusion.requests import Request, SamplerSettings
from trafficdiff.diffusion.rim import tilted
from trafficdiff.diffusion.sampler import draw_places

QUICK = SamplerSettings(steps=6, agents=16, sets=8, views=2, one_day=False)


def share(scores, inside):
    return float((scores.softmax(dim=-1) * inside).sum(dim=-1).mean())


@pytest.mark.parametrize("wanted", [0.02, 0.3, 0.5, 0.97])
def test_the_expected_share_is_the_wanted_one(wanted):
    dice = torch.Generator().manual_seed(0)
    scores, inside = torch.randn(40, 30, generator=dice), torch.rand(40, 30, generator=dice)
    raised, slope = tilted(scores, inside, wanted=wanted)
    factor = 1 + inside * np.expm1(slope)
    assert share(raised, inside * np.exp(slope) / factor) == pytest.approx(wanted, abs=1e-3)
    torch.testing.assert_close(raised, scores + factor.log())


def test_a_rim_that_is_not_there_changes_nothing_and_closed_zones_stay_closed():
    scores = torch.randn(5, 6)
    scores[:, 2] = float("-inf")
    torch.testing.assert_close(tilted(scores, torch.zeros(5, 6), wanted=0.5)[0], scores)
    raised, _ = tilted(scores, torch.rand(5, 6), wanted=0.9)
    assert torch.isneginf(raised[:, 2]).all()


@pytest.fixture(scope="module")
def grid():
    """A grid of 8 x 8 crossings, whose outermost streets are the rim, and a network of random weights."""
    nodes = {f"{x}.{y}": (200.0 * x, 200.0 * y) for x in range(8) for y in range(8)}
    pairs = [(f"{x}.{y}", f"{x + 1}.{y}") for x in range(7) for y in range(8)]
    pairs += [(f"{x}.{y}", f"{x}.{y + 1}") for x in range(8) for y in range(7)]
    town = make_town(nodes, pairs + [(b, a) for a, b in pairs])
    middle = town.midpoint_xy
    zone = (middle[:, 0] // 300).astype(int) * 5 + (middle[:, 1] // 300).astype(int)
    from tests.demand.nets import CAR

    scene = scene_of_town(town, zone, mask=CAR)
    rim = ((middle < 150) | (middle > 1_250)).any(axis=1)[scene.edge_index]
    values = scene.edge_values.copy()
    for name in ("fringe_lanes_in", "fringe_lanes_out"):
        values[:, scene.edge_columns.index(name)] = rim
    from dataclasses import replace

    scene = replace(scene, edge_values=values)
    return scene, {0: find_reach(town, VEHICLE_TYPES["car"], edge_index=scene.edge_index)}


def shares_drawn(grid, wanted, count=3_000):
    scene, reach = grid
    model, scaling = tiny_model(scene)
    request = Request(vehicle_class=np.zeros(count, int), departure_bin=np.full(count, 3), rim_shares=wanted)
    drawn = draw_places(
        [model], scene, request, scaling=scaling, conditions=conditions_of(scene), reach=reach, seed=1, settings=QUICK
    )
    return [
        float((rim_capacity(scene, way)[edge] > 0).mean())
        for way, edge in (("in", drawn.origin_edge), ("out", drawn.destination_edge))
    ]


@pytest.mark.parametrize("wanted", [(0.1, 0.9), (0.5, 0.5), (0.85, 0.2)])
def test_as_many_trips_begin_and_end_at_the_rim_as_were_asked_for(grid, wanted):
    np.testing.assert_allclose(shares_drawn(grid, wanted), wanted, atol=0.03)


def test_without_a_wish_the_model_judges(grid):
    free = shares_drawn(grid, None)
    assert max(abs(free[0] - 0.85), abs(free[1] - 0.2)) > 0.1


def test_a_scene_without_edges_has_no_rim_to_obey():
    scene = made_scene(zones=5, edges=0, edge_values=np.zeros((0, 6), np.float32), edge_index=np.zeros(0, np.int32))
    model, scaling = tiny_model(scene)
    request = Request(vehicle_class=np.zeros(9, int), departure_bin=np.full(9, 3), rim_shares=(0.5, 0.5))
    drawn = draw_places(
        [model], scene, request, scaling=scaling, conditions=conditions_of(scene), reach={}, seed=1, settings=QUICK
    )
    assert (drawn.slots[:, :2] >= 0).all()
