import numpy as np
import torch

from tests.diffusion.places import made_scene, tiny_model
from trafficdiff.diffusion.batch import conditions_of
from trafficdiff.diffusion.inputs import place_of
from trafficdiff.diffusion.noise import DESTINATION, ORIGIN
from trafficdiff.diffusion.sampler import encode
from trafficdiff.diffusion.tally import TALLIES, tally

ZONES = 6


def zones_of(scene):
    model, scaling = tiny_model(scene)
    return encode(model, place_of(scene, scaling), conditions_of(scene))


def counted_by_hand(scene, slots, agent, slot):
    """The five counts for one agent, one zone after the other."""
    other = DESTINATION if slot == ORIGIN else ORIGIN
    known = [trip for trip in slots if trip[slot] >= 0]
    time_s = scene.travel_time_s
    own = slots[agent][other]
    table = []
    for zone in range(ZONES):
        same = sum(trip[slot] == zone for trip in known)
        near = sum(max(0.0, nearness(time_s[trip[slot], zone])) for trip in known)
        ends = sum(trip[other] == zone for trip in slots)
        pair = sum(trip[slot] == zone and trip[other] == own for trip in known) if own >= 0 else 0
        table.append([same, 50 * same / (len(known) + 5), near, ends, pair])
    return np.log1p(np.array(table, float))


def nearness(time_s):
    """1 up to the fourth bump of travel time, falling to 0 at the fifth."""
    points = np.geomspace(15.0, 7_200.0, 12)
    return float(np.interp(np.log(max(time_s, 1.0)), np.log(points), [1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]))


def test_each_count_is_what_counting_by_hand_gives():
    scene = made_scene(zones=ZONES)
    zones = zones_of(scene)
    random = np.random.default_rng(0)
    slots = random.integers(0, ZONES, (8, 4))
    slots[random.random((8, 4)) < 0.4] = -1
    inside = torch.from_numpy(slots)[None, None]
    for slot in (ORIGIN, DESTINATION):
        for kind in range(TALLIES):
            weight = torch.zeros(1, 1, 8, TALLIES)
            weight[..., kind] = 1.0
            got = tally(zones, inside, known=inside, slot=slot, weight=weight)[0, 0].numpy()
            for agent in np.flatnonzero(slots[:, slot] < 0):  # who knows its slot is not asked
                expected = counted_by_hand(scene, slots, agent, slot)[:, kind]
                np.testing.assert_allclose(got[agent], expected, atol=1e-5, err_msg=f"{slot} {kind}")


def test_trips_of_other_sets_can_be_counted():
    scene = made_scene(zones=ZONES)
    zones = zones_of(scene)
    known = torch.full((1, 2, 3, 4), -1)
    known[..., DESTINATION] = 2
    seen = torch.full((1, 2, 7, 4), -1)
    seen[0, 1, :, ORIGIN], seen[0, 1, :, DESTINATION] = 4, 2
    weight = torch.zeros(1, 2, 3, TALLIES)
    weight[..., -1] = 1.0
    got = tally(zones, seen, known=known, slot=ORIGIN, weight=weight)
    assert not got[0, 0].any()
    expected = torch.zeros(3, ZONES)
    expected[:, 4] = np.log(8)
    torch.testing.assert_close(got[0, 1], expected)


def test_nobody_seen_is_nothing_to_count():
    zones = zones_of(made_scene(zones=ZONES))
    none = torch.zeros(1, 2, 0, 4, dtype=torch.long)
    known = torch.full((1, 2, 3, 4), -1)
    assert not tally(zones, none, known=known, slot=ORIGIN, weight=torch.ones(1, 2, 3, TALLIES)).any()
