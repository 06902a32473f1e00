from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.diffusion.places import made_scene
from trafficdiff.datatypes.ways import Ways
from trafficdiff.diffusion.believed_pairs import believed_pairs
from trafficdiff.diffusion.prior import edge_weight, passing_through, zone_rim_share
from trafficdiff.diffusion.requests import SamplerSettings

PLAIN = SamplerSettings(deterrence_per_s=0.0, directness=0.0, shortest_m=0.0)


def crossing(scene, *, time_s, distance_m, apart_m=1_000.0):
    """Ways between all edges of a scene that cross its rim."""
    rim = scene.edge_values[:, [scene.edge_columns.index(f"fringe_lanes_{way}") for way in ("in", "out")]] > 0
    entry, exit_ = np.flatnonzero(rim[:, 0]), np.flatnonzero(rim[:, 1])
    shape, zones = (len(entry), len(exit_)), len(scene)
    return Ways(
        apart_m=np.broadcast_to(np.asarray(apart_m, float), (zones, zones)),
        entry=entry,
        exit=exit_,
        time_s=np.broadcast_to(np.asarray(time_s, float), shape),
        distance_m=np.broadcast_to(np.asarray(distance_m, float), shape),
    )


def nothing_but_rim(zones=4):
    """One edge a zone, each a way in and a way out; all weigh the same."""
    return made_scene(zones=zones, edges=1, edge_values=np.ones((zones, 6), np.float32))


def test_without_ways_the_middles_of_zones_tell_of_through_traffic():
    scene = made_scene()
    extent_m = np.sqrt((scene.zone_xy_m.astype(float) ** 2).sum(axis=1).mean())
    place = torch.from_numpy(scene.zone_xy_m / extent_m)
    far = passing_through(place, torch.from_numpy(zone_rim_share(scene)))
    deterred = torch.from_numpy(-0.01 * np.maximum(scene.travel_time_s, 15.0))
    found = believed_pairs(scene, None, replace(PLAIN, deterrence_per_s=0.01))
    torch.testing.assert_close(found, (far + deterred).float(), atol=1e-4, rtol=0)


def test_of_two_ways_through_the_straighter_one_is_believed_by_the_power():
    scene = nothing_but_rim()
    time_s = np.full((4, 4), 100.0)
    time_s[0, 2] = 200.0
    ways = crossing(scene, time_s=time_s, distance_m=1_000.0)
    for power in (0.0, 1.0, 3.0):
        found = believed_pairs(scene, ways, replace(PLAIN, directness=power)).exp()
        assert float(found[0, 1] / found[0, 2]) == pytest.approx(2**power, rel=1e-4)
        assert float(found[1, 0] / found[1, 2]) == pytest.approx(1, rel=1e-4)


@given(seed=st.integers(0, 2**32 - 1), power=st.floats(0, 12))
@settings(deadline=None, max_examples=25)
def test_directness_says_where_through_traffic_leaves_and_not_how_much_there_is(seed, power):
    scene, random = nothing_but_rim(6), np.random.default_rng(seed)
    ways = crossing(scene, time_s=random.uniform(20, 900, (6, 6)), distance_m=random.uniform(10, 3_000, (6, 6)))
    weight = edge_weight(scene)[:, 1]
    how = replace(PLAIN, deterrence_per_s=0.003)
    leaving = [believed_pairs(scene, ways, replace(how, directness=k)).exp().numpy() @ weight for k in (0.0, power)]
    np.testing.assert_allclose(leaving[1], leaving[0], rtol=1e-3)


def test_nobody_passes_through_where_there_is_no_way_or_no_distance():
    scene = nothing_but_rim()
    time_s, distance_m = np.full((4, 4), 100.0), np.full((4, 4), 1_000.0)
    time_s[0, 1], distance_m[0, 2] = np.inf, 0.0
    found = believed_pairs(scene, crossing(scene, time_s=time_s, distance_m=distance_m), PLAIN).exp()
    assert float(found[0, 1:3].max()) < 1e-8
    assert float(found[0, 3]) > 0.01


def test_short_trips_inside_are_hardly_driven():
    inner = np.zeros((3, 6), np.float32)
    inner[:, 0] = 100.0
    scene = made_scene(zones=3, edges=1, edge_values=inner)
    apart_m = np.array([[50.0, 200.0, 4_000.0]]).repeat(3, axis=0)
    ways = crossing(scene, time_s=0.0, distance_m=0.0, apart_m=apart_m)
    found = believed_pairs(scene, ways, replace(PLAIN, shortest_m=200.0)).exp()
    np.testing.assert_allclose(found[0], [1 / 17, 1 / 2, 400 / 401], rtol=1e-4)
    np.testing.assert_allclose(believed_pairs(scene, ways, PLAIN).exp(), 1, rtol=1e-6)


def test_trips_with_one_end_inside_keep_their_share_beside_through_traffic():
    values = np.zeros((4, 6), np.float32)
    values[:, 0] = 100.0
    values[0, 1] = values[2, 2] = 1.0  # zone 0 is a way in and a street, zone 1 a way out and a street
    scene = made_scene(zones=2, edges=2, edge_values=values)
    rim = zone_rim_share(scene)
    ways = crossing(scene, time_s=np.inf, distance_m=1_000.0)
    found = believed_pairs(scene, ways, PLAIN).exp()
    assert 0 < rim[0, 0] * rim[1, 1] < 1
    assert float(found[0, 1]) == pytest.approx(1 - rim[0, 0] * rim[1, 1], rel=1e-5)
    assert float(found[1, 0]) == pytest.approx(1)
