from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.demand.nets import BUS_ONLY, CAR, edge_graph, random_towns
from tests.diffusion.places import made_scene, scene_of_town, tiny_model
from tests.towns import make_town
from trafficdiff.datatypes.scene import CLASSES
from trafficdiff.datatypes.vehicles import VEHICLE_TYPES
from trafficdiff.demand.reachability import find_reach
from trafficdiff.diffusion.batch import conditions_of
from trafficdiff.diffusion.denoiser import DEPARTURE_BINS
from trafficdiff.diffusion.inputs import BUMPS_S, place_of
from trafficdiff.diffusion.noise import DESTINATION, ORIGIN, TIME, VIA
from trafficdiff.diffusion.requests import Request, SamplerSettings
from trafficdiff.diffusion.sampler import draw_places, encode
from trafficdiff.errors import InputError, TripError

BUS = CLASSES.index("bus")
QUICK = SamplerSettings(steps=4, agents=8, sets=3, views=2)


def draw(scene, model, scaling, *, count=30, kinds=None, seed=0, reach=None, how=QUICK, **given_slots):
    request = Request(
        vehicle_class=np.zeros(count, np.int64) if kinds is None else kinds,
        departure_bin=given_slots.pop("departure_bin", np.full(count, -1)),
        **given_slots,
    )
    return draw_places(
        [model], scene, request, scaling=scaling, conditions=conditions_of(scene, trips_per_hour=100.0),
        reach=reach or {}, seed=seed, settings=how,
    )  # fmt: skip


@pytest.fixture(scope="module")
def flat():
    """A scene without edges, all of it reachable."""
    scene = made_scene(zones=7, edges=0, edge_values=np.zeros((0, 6), np.float32), edge_index=np.zeros(0, np.int32))
    return scene, *tiny_model(scene)


@given(
    town=random_towns(),
    seed=st.integers(0, 2**32 - 1),
    zones=st.integers(1, 5),
    steps=st.integers(1, 6),
    count=st.integers(1, 40),
)
@settings(deadline=None, max_examples=40)
def test_every_drawn_pair_can_be_driven(town, seed, zones, steps, count):
    random = np.random.default_rng(seed)
    scene = scene_of_town(town, random.integers(0, zones, town.edge_count), mask=CAR | BUS_ONLY)  # times of any vehicle
    reach = {}
    for kind in ("car", "bus"):
        try:
            number = CLASSES.index(VEHICLE_TYPES[kind].vehicle_class)
            reach[number] = find_reach(town, VEHICLE_TYPES[kind], edge_index=scene.edge_index)
        except TripError:
            continue
    reach = {kind: one for kind, one in reach.items() if one.zone_pairs(scene.edge_offsets).any()}
    if not reach:
        return
    model, scaling = tiny_model(scene, seed=seed % 7)
    model.denoiser.via_none.bias -= 20  # whoever may pass a via does
    kinds = random.choice(sorted(reach), size=count).astype(np.int64)
    how = replace(QUICK, steps=steps, guidance=float(random.choice([1.0, 2.0])))
    drawn = draw(scene, model, scaling, count=count, kinds=kinds, seed=seed, reach=reach, how=how)
    masks = {0: VEHICLE_TYPES["car"].mask, BUS: VEHICLE_TYPES["bus"].mask}
    nets = {kind: edge_graph(town, masks[kind], np.ones(town.edge_count)) for kind in reach}
    origin, destination = (scene.edge_index[edge] for edge in (drawn.origin_edge, drawn.destination_edge))
    assert (origin != destination).all()
    for kind, first, last in zip(kinds, origin, destination, strict=True):
        assert nx.has_path(nets[kind], first, last)
    zone = scene.edge_zone
    np.testing.assert_array_equal(zone[drawn.origin_edge], drawn.slots[:, ORIGIN])
    np.testing.assert_array_equal(zone[drawn.destination_edge], drawn.slots[:, DESTINATION])
    for kind, (first, last, via, _) in zip(kinds, drawn.slots, strict=True):
        if via >= 0:
            pairs = reach[kind].zone_pairs(scene.edge_offsets)
            assert via not in {first, last}
            assert pairs[first, via]
            assert pairs[via, last]


@pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 24, 25, 61])
def test_as_many_trips_come_out_as_were_asked_for(flat, count):
    drawn = draw(*flat, count=count)
    assert drawn.slots.shape == (count, 4)
    assert (drawn.slots[:, [ORIGIN, DESTINATION]] >= 0).all()
    assert (drawn.slots[:, [ORIGIN, DESTINATION]] < 7).all()
    assert (drawn.slots[:, ORIGIN] != drawn.slots[:, DESTINATION]).all()
    assert ((drawn.slots[:, VIA] >= -1) & (drawn.slots[:, VIA] < 7)).all()
    assert ((drawn.slots[:, TIME] >= 0) & (drawn.slots[:, TIME] < DEPARTURE_BINS)).all()
    assert (drawn.origin_edge == -1).all()  # the scene has none


def test_none_asked_for_none_drawn(flat):
    assert len(draw(*flat, count=0).slots) == 0


def test_the_same_seed_draws_the_same_and_another_seed_another_day(flat):
    one, same, other = (draw(*flat, count=50, seed=seed).slots for seed in (5, 5, 6))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any(axis=1).mean() > 0.5


def test_given_ends_and_departures_are_honoured(flat):
    random = np.random.default_rng(0)
    count = 60
    origin, destination = random.integers(0, 7, (2, count))
    destination = np.where(destination == origin, (destination + 1) % 7, destination)
    bins = random.integers(0, DEPARTURE_BINS, count)
    show = random.random((3, count)) < 0.5
    told = [np.where(keep, values, -1) for keep, values in zip(show, (origin, destination, bins), strict=True)]
    drawn = draw(*flat, count=count, origin_zone=told[0], destination_zone=told[1], departure_bin=told[2])
    for slot, keep, values in zip((ORIGIN, DESTINATION, TIME), show, (origin, destination, bins), strict=True):
        np.testing.assert_array_equal(drawn.slots[keep, slot], values[keep])
        assert (drawn.slots[~keep, slot] >= 0).all()
    assert (drawn.slots[:, ORIGIN] != drawn.slots[:, DESTINATION]).all()


def test_observed_trips_are_seen_by_the_others(flat):
    scene = flat[0]
    model, scaling = tiny_model(scene, seed=2, scale=1.0)
    count = 64
    how = SamplerSettings(views=1, hidden_columns=0.0, agents=64, one_day=False)
    observed = np.arange(count) % 2 == 0

    def others(origin, destination):
        ends = [np.where(observed, zone, -1) for zone in (origin, destination)]
        drawn = draw(scene, model, scaling, count=count, how=how, origin_zone=ends[0], destination_zone=ends[1])
        return drawn.slots[~observed, :2]

    assert (others(0, 1) != others(5, 6)).any(axis=1).mean() > 0.2
    model, scaling = tiny_model(scene, seed=2, scale=1.0, set_attention=False)
    np.testing.assert_array_equal(others(0, 1), others(5, 6))


def test_one_zone_is_enough():
    town = make_town({"A": (0.0, 0.0), "B": (100.0, 0.0), "C": (100.0, 100.0)}, [("A", "B"), ("B", "C"), ("C", "A")])
    scene = scene_of_town(town, np.zeros(3, int), mask=CAR)
    reach = {0: find_reach(town, VEHICLE_TYPES["car"], edge_index=scene.edge_index)}
    drawn = draw(scene, *tiny_model(scene), reach=reach, count=300)
    assert (drawn.slots[:, :3] == [0, 0, -1]).all()
    assert (drawn.origin_edge != drawn.destination_edge).all()
    assert set(drawn.origin_edge.tolist()) == {0, 1, 2}


def test_a_class_that_can_drive_nothing_is_named():
    nodes = {name: (100.0 * place, 0.0) for place, name in enumerate("ABCD")}
    town = make_town(nodes, [("A", "B"), ("B", "C"), ("C", "D")])
    scene = scene_of_town(town, np.arange(3), mask=CAR)
    reach = find_reach(town, VEHICLE_TYPES["car"], edge_index=scene.edge_index)
    none = replace(reach, can_end=np.zeros(3, bool))
    model, scaling = tiny_model(scene)
    kinds = np.array([0, BUS], np.int64)
    with pytest.raises(InputError, match=r"'bus'.*leave the class out"):
        draw(scene, model, scaling, count=2, kinds=kinds, reach={0: reach, BUS: none})


def test_each_class_keeps_to_its_own_streets():
    nodes = {name: (100.0 * place, 0.0) for place, name in enumerate("ABCDEF")}
    streets = [(a, b) for a, b in zip("ABCDE", "BCDEF", strict=True)]
    town = make_town(nodes, streets, allowed={"C-D": BUS_ONLY})
    scene = scene_of_town(town, np.arange(5), mask=CAR)
    kinds = np.repeat([0, BUS], 100)
    reach = {
        CLASSES.index(kind.vehicle_class): find_reach(town, kind, edge_index=scene.edge_index)
        for kind in (VEHICLE_TYPES["car"], VEHICLE_TYPES["bus"])
    }
    drawn = draw(scene, *tiny_model(scene), count=200, kinds=kinds, reach=reach)
    pairs = np.stack([scene.edge_index[drawn.origin_edge], scene.edge_index[drawn.destination_edge]], axis=1)
    cars = {tuple(pair) for pair in pairs[kinds == 0].tolist()}
    assert cars == {(0, 1), (3, 4)}
    assert {tuple(pair) for pair in pairs[kinds == BUS].tolist()} > cars


def test_zones_are_drawn_by_the_softmax_of_their_logits(flat):
    scene, model, scaling = flat
    how = SamplerSettings(views=1, hidden_columns=0.0, agents=1, sets=5_000, one_day=False, steps=8, prior_share=0.0)
    count = 5_000
    drawn = draw(
        scene, model, scaling, count=count, how=how,
        origin_zone=np.full(count, 3), departure_bin=np.full(count, 4),
    )  # fmt: skip
    zones = encode(model, place_of(scene, scaling), conditions_of(scene, trips_per_hour=100.0))
    slots = torch.tensor([[[[3, -1, -1, 4]]]])
    expected = []
    for step in range(how.steps - 1):
        time = torch.full((1, 1), 1 - step / how.steps)
        tokens = model.denoiser(zones, slots, torch.zeros(1, 1, 1, dtype=torch.long), time, None)
        scores = model.denoiser.logits(zones, slots, tokens).destination[0, 0, 0]
        scores[3] = float("-inf")
        expected.append(scores.softmax(dim=0))
    chance = torch.stack(expected).mean(dim=0).detach().numpy()  # it is revealed in any step but the last, as likely
    share = np.bincount(drawn.slots[:, DESTINATION], minlength=7) / count
    assert np.abs(share - chance).max() < 4 * np.sqrt(0.25 / count)
    assert chance.max() > 1.5 * np.median(chance)


def test_the_prior_alone_is_drawn_where_it_has_the_whole_share(flat):
    scene, model, scaling = flat
    how = SamplerSettings(
        views=1, hidden_columns=0.0, prior_share=1.0, agents=50, sets=100, one_day=False, deterrence_per_s=0.0
    )
    drawn = draw(scene, model, scaling, count=5_000, how=how, destination_zone=np.full(5_000, 2))
    prior = place_of(scene, scaling).prior[:, 0].exp().numpy()
    prior[2] = 0
    share = np.bincount(drawn.slots[:, ORIGIN], minlength=7) / 5_000
    np.testing.assert_allclose(share, prior / prior.sum(), atol=0.03)


def test_vias_are_not_too_far_about(flat):
    scene, model, scaling = flat
    with torch.no_grad():
        model.denoiser.via_none.bias -= 40  # everybody wants a via
    try:
        drawn = draw(scene, model, scaling, count=300)
    finally:
        with torch.no_grad():
            model.denoiser.via_none.bias += 40
    origin, destination, via = drawn.slots[:, :3].T
    some = via >= 0
    assert some.sum() > 20
    time_s = np.clip(scene.travel_time_s, BUMPS_S[0], BUMPS_S[-1])
    about = time_s[origin, via] + time_s[via, destination]
    assert (about[some] <= 1.6 * time_s[origin, destination][some] * 1.001).all()
    nearest = np.array([
        min(time_s[a, z] + time_s[z, b] for z in range(7) if z not in {a, b}) / time_s[a, b]
        for a, b in zip(origin, destination, strict=True)
    ])  # fmt: skip
    assert not some[nearest > 1.61].any()
    assert some[nearest < 1.59].mean() > 0.9


def test_vias_lie_where_the_class_can_drive():
    nodes = {"X": (0.0, 0.0), "A": (1e3, 0.0), "B": (2e3, 3e2), "C": (2e3, -3e2), "D": (3e3, 0.0), "Y": (4e3, 0.0)}
    streets = [("X", "A"), ("A", "B"), ("B", "D"), ("A", "C"), ("C", "D"), ("D", "Y")]
    town = make_town(nodes, streets, allowed={"A-B": BUS_ONLY, "B-D": BUS_ONLY})
    zone_of = {"X-A": 0, "A-B": 1, "B-D": 1, "A-C": 2, "C-D": 2, "D-Y": 3}
    scene = scene_of_town(town, np.array([zone_of[name] for name in town.edge_id]), mask=CAR | BUS_ONLY)
    kinds = np.repeat([0, BUS], 60)
    reach = {
        CLASSES.index(kind.vehicle_class): find_reach(town, kind, edge_index=scene.edge_index)
        for kind in (VEHICLE_TYPES["car"], VEHICLE_TYPES["bus"])
    }
    model, scaling = tiny_model(scene)
    model.denoiser.via_none.bias -= 40
    ends = {"origin_zone": np.zeros(120, int), "destination_zone": np.full(120, 3)}
    via = draw(scene, model, scaling, count=120, kinds=kinds, reach=reach, **ends).slots[:, VIA]
    assert set(via[kinds == 0].tolist()) == {2}
    assert set(via[kinds == BUS].tolist()) == {1, 2}


def test_trips_of_one_day_have_more_in_common_than_trips_of_the_mean_day(flat):
    scene = flat[0]
    model, scaling = tiny_model(scene, scale=1.0)
    how = SamplerSettings(steps=4, agents=32, sets=7, views=1, hidden_columns=0.0)

    def spread(**changes):
        days = [draw(scene, model, scaling, count=200, seed=seed, how=replace(how, **changes)) for seed in range(8)]
        shares = [np.bincount(day.slots[:, ORIGIN], minlength=7) / 200 for day in days]
        return float(np.var(shares, axis=0).sum())

    assert spread(one_day=True) > 2 * spread(one_day=False)


def test_given_ends_that_no_drive_joins_are_refused(flat):
    scene, model, scaling = flat
    same = np.full(3, 2)
    with pytest.raises(InputError, match="zone 2 to 2; leave one of the ends open"):
        draw(
            scene, model, scaling, count=3, origin_zone=same, destination_zone=same, departure_bin=np.full(3, 4)
        )  # fmt: skip


def test_members_draw_in_turns(flat):
    scene, first, scaling = flat
    second, _ = tiny_model(scene, seed=9, scale=1.5)
    how = SamplerSettings(steps=4, agents=8, sets=1, views=2, one_day=False, prior_share=0.0)
    request = Request(vehicle_class=np.zeros(16, np.int64), departure_bin=np.full(16, 3))

    def drawn(*members):
        return draw_places(
            members, scene, request, scaling=scaling, conditions=conditions_of(scene), reach={}, seed=4, settings=how
        ).slots

    order = torch.randperm(16, generator=torch.Generator().manual_seed(4)).numpy()
    alone, both = drawn(first), drawn(first, second)
    np.testing.assert_array_equal(both[order[:8]], alone[order[:8]])
    assert (both[order[8:], :2] != alone[order[8:], :2]).any(axis=1).mean() > 0.3


def test_observed_trips_are_counted_by_every_set(flat):
    scene = flat[0]
    model, scaling = tiny_model(scene, seed=2, scale=1.0)
    how = SamplerSettings(views=1, hidden_columns=0.0, agents=8, sets=8, one_day=False)
    count = 64
    order = torch.randperm(count, generator=torch.Generator().manual_seed(0)).numpy()
    observed, others = order[:4], order[8:]  # all of the first set

    def elsewhere(origin, destination):
        ends = np.full((2, count), -1)
        ends[:, observed] = [[origin], [destination]]
        slots = draw(scene, model, scaling, count=count, how=how, origin_zone=ends[0], destination_zone=ends[1]).slots
        return slots[others, :2]

    assert (elsewhere(0, 1) != elsewhere(5, 6)).any(axis=1).mean() > 0.05
    alone, scaling = tiny_model(scene, seed=2, scale=1.0)
    for weight in alone.denoiser.tally_weight.parameters():
        weight.zero_()
    model = alone
    np.testing.assert_array_equal(elsewhere(0, 1), elsewhere(5, 6))


def test_the_day_moves_what_is_drawn_from_the_prior_too(flat):
    scene = flat[0]
    model, scaling = tiny_model(scene, scale=1.0)
    how = SamplerSettings(steps=4, agents=32, sets=7, views=1, hidden_columns=0.0, prior_share=1.0, day_spread=1.0)

    def spread(**changes):
        days = [draw(scene, model, scaling, count=200, seed=seed, how=replace(how, **changes)) for seed in range(8)]
        shares = [np.bincount(day.slots[:, ORIGIN], minlength=7) / 200 for day in days]
        return float(np.var(shares, axis=0).sum())

    assert spread() > 3 * spread(one_day=False)


def test_the_prior_deters_from_far_zones_once_the_other_end_is_known(flat):
    scene, model, scaling = flat
    how = SamplerSettings(
        views=1, hidden_columns=0.0, prior_share=1.0, agents=50, sets=100, one_day=False, deterrence_per_s=0.01
    )
    drawn = draw(scene, model, scaling, count=5_000, how=how, destination_zone=np.full(5_000, 2))
    place = place_of(scene, scaling)
    time_s = np.clip(scene.travel_time_s[:, 2], BUMPS_S[0], BUMPS_S[-1])
    expected = place.prior[:, 0].exp().numpy() * np.exp(-0.01 * time_s)
    expected[2] = 0
    share = np.bincount(drawn.slots[:, ORIGIN], minlength=7) / 5_000
    np.testing.assert_allclose(share, expected / expected.sum(), atol=0.03)


def test_the_prior_lets_through_traffic_leave_far_from_where_it_came_in():
    scene = made_scene(zones=8, edges=1, edge_values=np.ones((8, 6), np.float32))  # every edge is a way in and out
    model, scaling = tiny_model(scene)
    how = SamplerSettings(views=1, hidden_columns=0.0, agents=50, sets=100, one_day=False, deterrence_per_s=0.0)
    at = np.full(5_000, 2)
    drawn = draw(scene, model, scaling, count=5_000, how=how, destination_zone=at)
    extent_m = np.sqrt((scene.zone_xy_m**2).sum(axis=1).mean())
    apart = np.linalg.norm(scene.zone_xy_m - scene.zone_xy_m[2], axis=1) / extent_m
    expected = place_of(scene, scaling).prior[:, 0].exp().numpy() * apart**2 / (1 + apart**2)
    share = np.bincount(drawn.slots[:, ORIGIN], minlength=8) / 5_000
    np.testing.assert_allclose(share, expected / expected.sum(), atol=0.03)


def test_where_the_prior_has_the_whole_share_no_network_moves_ends(flat):
    scene, _, scaling = flat
    how = SamplerSettings(steps=6, agents=16, sets=2, views=1, hidden_columns=0.0, one_day=False)
    ends = []
    for scale in (0.1, 3.0):
        model, _ = tiny_model(scene, scale=scale)
        ends.append(draw(scene, model, scaling, count=50, how=how).slots[:, :2])
    np.testing.assert_array_equal(*ends)


def test_the_prior_alone_draws_origins_first_as_gravity_does(flat):
    scene, model, scaling = flat
    how = SamplerSettings(
        views=1, hidden_columns=0.0, prior_share=1.0, agents=50, sets=100, one_day=False, deterrence_per_s=0.02
    )
    drawn = draw(scene, model, scaling, count=5_000, how=how)
    prior = place_of(scene, scaling).prior[:, 0].exp().numpy()  # no destination has a say in it
    share = np.bincount(drawn.slots[:, ORIGIN], minlength=7) / 5_000
    np.testing.assert_allclose(share, prior / prior.sum(), atol=0.03)
