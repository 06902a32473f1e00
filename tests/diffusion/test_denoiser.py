import dataclasses

import pytest
import torch

from tests.diffusion.places import made_scene, tiny_model
from trafficdiff.datatypes.scene import CLASSES
from trafficdiff.diffusion.batch import conditions_of, pad
from trafficdiff.diffusion.day import MOMENTS
from trafficdiff.diffusion.denoiser import DEPARTURE_BINS, Conditions
from trafficdiff.diffusion.inputs import place_of
from trafficdiff.diffusion.noise import DESTINATION, ORIGIN, TIME, VIA

SETS, AGENTS, ZONES = 2, 5, 6
HEADS = ("origin", "destination", "via", "departure")


def told(model, scaling, scenes, slots, *, classes=None, day=True):
    """Logits of a batch of scenes; slots (B, S, A, 4) with "no via" as the number of padded zones."""
    zone, real, bases, prior = pad(places := [place_of(scene, scaling) for scene in scenes])
    conditions = [conditions_of(scene, trips_per_hour=100.0) for scene in scenes]
    joined = Conditions(*(torch.cat([getattr(c, f.name) for c in conditions]) for f in dataclasses.fields(Conditions)))
    network = model.denoiser
    zones = network.encode(
        zone, torch.stack([place.scene for place in places]), real=real, bases=bases, prior=prior, conditions=joined
    )
    batch, sets, agents = slots.shape[:3]
    classes = torch.zeros(batch, sets, agents, dtype=torch.long) if classes is None else classes
    time = torch.linspace(0.2, 0.9, sets).expand(batch, sets)
    moments = torch.linspace(-1, 1, MOMENTS).expand(batch, sets, MOMENTS) if day else None
    tokens = network(zones, slots, classes, time, moments)
    return network.logits(zones, slots, tokens, day=moments)


def some_slots(*, seed=0, zones=ZONES, hidden=0.5, sets=SETS, agents=AGENTS):
    dice = torch.Generator().manual_seed(seed)
    slots = torch.randint(zones, (1, sets, agents, 4), generator=dice)
    slots[..., TIME] = torch.randint(DEPARTURE_BINS, (1, sets, agents), generator=dice)
    slots[:, :, 0, VIA] = zones
    return slots.masked_fill(torch.rand(slots.shape, generator=dice) < hidden, -1)


@pytest.fixture(scope="module")
def tiny():
    scene = made_scene(zones=ZONES)
    return scene, *tiny_model(scene, made_scene(seed=1))


def same(left, right, heads=HEADS):
    for head in heads:
        torch.testing.assert_close(getattr(left, head), getattr(right, head), rtol=1e-4, atol=1e-4)


def test_agents_may_stand_in_any_order(tiny):
    scene, model, scaling = tiny
    slots, order = some_slots(), torch.tensor([3, 0, 4, 1, 2])
    classes = torch.arange(SETS * AGENTS).view(1, SETS, AGENTS) % len(CLASSES)
    plain = told(model, scaling, [scene], slots, classes=classes)
    moved = told(model, scaling, [scene], slots[:, :, order], classes=classes[:, :, order])
    for head in HEADS:
        torch.testing.assert_close(
            getattr(moved, head), getattr(plain, head)[:, :, order], rtol=1e-4, atol=1e-4, msg=head
        )
    assert plain.origin.std(dim=2).max() > 1e-2  # agents are told apart, else the order would not matter anyway


def test_zones_may_stand_in_any_order(tiny):
    scene, model, scaling = tiny
    order = torch.tensor([5, 2, 0, 1, 4, 3])
    place = torch.argsort(order)  # where each zone went
    edges = torch.cat([torch.arange(3) + 3 * zone for zone in order]).numpy()
    moved_scene = dataclasses.replace(
        scene,
        zone_xy_m=scene.zone_xy_m[order],
        zone_values=scene.zone_values[order],
        travel_time_s=scene.travel_time_s[order][:, order],
        edge_values=scene.edge_values[edges],
        edge_index=scene.edge_index[edges],
    )
    slots = some_slots()
    moved_slots = slots.clone()
    for slot in (ORIGIN, DESTINATION, VIA):
        at = slots[..., slot]
        moved_slots[..., slot] = torch.where((at >= 0) & (at < ZONES), place[at.clamp(0, ZONES - 1)], at)
    plain, moved = told(model, scaling, [scene], slots), told(model, scaling, [moved_scene], moved_slots)
    columns = torch.cat([order, torch.tensor([ZONES])])
    expected = dataclasses.replace(
        plain,
        origin=plain.origin[..., order],
        destination=plain.destination[..., order],
        via=plain.via[..., columns],
    )
    same(moved, expected)
    assert not torch.allclose(plain.origin, expected.origin, atol=1e-2)


def test_padding_changes_nothing_and_a_batch_is_its_scenes_one_by_one(tiny):
    scene, model, scaling = tiny
    larger = made_scene(zones=9, seed=4)
    mine, theirs = some_slots(seed=1), some_slots(seed=2, zones=9)
    padded = mine.clone()
    padded[..., VIA] = torch.where(mine[..., VIA] == ZONES, 9, mine[..., VIA])  # "none" comes after the padded zones
    both = told(model, scaling, [scene, larger], torch.cat([padded, theirs]))
    alone, other = told(model, scaling, [scene], mine), told(model, scaling, [larger], theirs)
    first = dataclasses.replace(both, **{head: getattr(both, head)[:1] for head in HEADS})
    second = dataclasses.replace(both, **{head: getattr(both, head)[1:] for head in HEADS})
    same(second, other)
    assert torch.isneginf(first.origin[..., ZONES:]).all()
    assert torch.isneginf(first.destination[..., ZONES:]).all()
    assert torch.isneginf(first.via[..., ZONES:9]).all()
    columns = [*range(ZONES), 9]
    cut = dataclasses.replace(
        first, origin=first.origin[..., :ZONES], destination=first.destination[..., :ZONES], via=first.via[..., columns]
    )
    same(cut, alone)


def others_matter(model, scaling, scene):
    slots = some_slots()
    changed = slots.clone()
    changed[:, 0, 1, :] = torch.tensor([4, 1, 3, 2])
    before, after = told(model, scaling, [scene], slots), told(model, scaling, [scene], changed)
    rest = [0, 2, 3, 4]
    return {
        "inside": max(float((getattr(after, head) - getattr(before, head))[:, 0, rest].abs().max()) for head in HEADS),
        "outside": max(float((getattr(after, head) - getattr(before, head))[:, 1].abs().max()) for head in HEADS),
        "own": float((after.origin - before.origin)[:, 0, 1].abs().max()),
    }


def test_agents_see_their_own_set_and_no_other(tiny):
    scene, model, scaling = tiny
    moved = others_matter(model, scaling, scene)
    assert moved["inside"] > 1e-3
    assert moved["own"] > 1e-3
    assert moved["outside"] < 1e-5


def test_without_set_attention_agents_do_not_see_each_other(tiny):
    scene = tiny[0]
    model, scaling = tiny_model(scene, made_scene(seed=1), set_attention=False)
    moved = others_matter(model, scaling, scene)
    assert moved["inside"] < 1e-5
    assert moved["own"] > 1e-3


def test_the_day_time_class_and_conditions_are_read(tiny):
    scene, model, scaling = tiny
    slots = some_slots()
    plain = told(model, scaling, [scene], slots)
    for changed in (
        told(model, scaling, [scene], slots, day=False),
        told(model, scaling, [scene], slots, classes=torch.ones(1, SETS, AGENTS, dtype=torch.long)),
        told(model, scaling, [dataclasses.replace(scene, window_s=(0.0, 3_600.0))], slots),
        told(model, scaling, [dataclasses.replace(scene, source="commuting")], slots),
    ):
        assert not torch.allclose(changed.origin, plain.origin, atol=1e-3)


def test_a_new_network_is_the_gravity_prior():
    from trafficdiff.diffusion.settings import NetworkSettings
    from trafficdiff.diffusion.training import new_model

    torch.manual_seed(0)
    scene = made_scene(zones=ZONES)
    _, scaling = tiny_model(scene)
    model = new_model(NetworkSettings(width=16, heads=2, dropout=0.0), scaling).eval()
    prior = place_of(scene, scaling).prior
    with torch.no_grad():
        logits = told(model, scaling, [scene], torch.full((1, 1, AGENTS, 4), -1), day=False)
    for slot, scores in ((ORIGIN, logits.origin), (DESTINATION, logits.destination)):
        off = scores[0, 0, 0] - prior[:, slot]
        assert float((off - off.mean()).abs().max()) < 1.5  # random keys move a zone a little, nothing more


def test_travel_time_counts_only_once_the_other_end_is_known(tiny):
    scene = tiny[0]
    far = dataclasses.replace(scene, travel_time_s=scene.travel_time_s * 5)
    still, scaling = tiny_model(scene, made_scene(seed=1))
    for block in still.denoiser.zone_blocks:
        block.time_bias.weight.zero_()  # zones' own attention reads travel times too
    still.denoiser.tally_weight.weight.zero_()  # and so do the counts of who is near
    still.denoiser.tally_weight.bias.zero_()
    none = torch.full((1, SETS, AGENTS, 4), -1)
    same(told(still, scaling, [scene], none), told(still, scaling, [far], none))
    known = none.clone()
    known[..., ORIGIN] = 2
    near, away = told(still, scaling, [scene], known), told(still, scaling, [far], known)
    same(near, away, heads=("origin", "departure"))
    assert not torch.allclose(near.destination, away.destination, atol=1e-3)


def test_edges_are_scored_one_by_one(tiny):
    scene, model, scaling = tiny
    place, network = place_of(scene, scaling), model.denoiser
    token = torch.randn(2, 1, network.settings.width, generator=torch.Generator().manual_seed(1))
    edge = torch.stack([place.edge[:4], place.edge[4:8]])
    role, kind = torch.tensor([0, 1]), torch.tensor([0, 3])
    both = network.edge_logits(edge, token, role, kind)
    assert both.shape == (2, 4)
    for k in range(2):
        for m in range(4):
            alone = network.edge_logits(edge[k : k + 1, m : m + 1], token[k : k + 1], role[k : k + 1], kind[k : k + 1])
            torch.testing.assert_close(both[k, m], alone[0, 0])
    swapped = network.edge_logits(edge, token, 1 - role, kind)
    assert not torch.allclose(swapped, both, atol=1e-3)


def test_scores_of_all_edges_of_a_place_are_those_of_each(tiny):
    scene, model, scaling = tiny
    place, network = place_of(scene, scaling), model.denoiser
    token = torch.randn(ZONES, network.settings.width, generator=torch.Generator().manual_seed(1))
    zone, kinds = torch.arange(len(place.edge)) // 3, torch.tensor([0, 2, 3])
    found = network.edge_scores(place.edge, token, zone, kinds)
    assert found.shape == (3, 2, len(place.edge))
    count = (len(place.edge),)
    for k, kind in enumerate(kinds.tolist()):
        for role in (ORIGIN, DESTINATION):
            alone = network.edge_logits(
                place.edge[:, None], token[zone][:, None], torch.full(count, role), torch.full(count, kind)
            )
            torch.testing.assert_close(found[k, role], alone[:, 0], rtol=1e-4, atol=1e-4)
