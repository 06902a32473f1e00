import numpy as np
import pytest
import torch

from tests.diffusion.places import made_scene, made_trips, tiny_settings
from trafficdiff.diffusion.batch import conditions_of
from trafficdiff.diffusion.requests import Request, SamplerSettings
from trafficdiff.diffusion.sampler import draw_places
from trafficdiff.diffusion.settings import TrainingSettings
from trafficdiff.diffusion.training import Trainer

TABLE = np.array([[0, 30, 0, 0, 10], [0, 0, 25, 0, 0], [5, 0, 0, 0, 0], [0, 0, 0, 0, 20], [0, 8, 0, 2, 0]])
"""Trips from zone to zone of the town that is learned by heart."""
SETTINGS = TrainingSettings(
    cpu_minutes=10.0,
    members=1,
    counted_share=0.5,
    day_spread=0.0,
    scenes=1,
    sets=2,
    agents=64,
    calibrated_share=1.0,
    most_hidden=0.0,
    dropped_share=0.0,
    average=0.95,
    learning_rate=1e-2,
    weight_decay=0.05,
    seed=3,
)
AS_IT_IS = SamplerSettings(views=1, hidden_columns=0.0, agents=32, one_day=False, prior_share=0.0)


def town_with_a_habit():
    bare = made_scene(zones=5, edges=0, **no_edges())
    origin, destination = np.repeat(np.argwhere(TABLE), TABLE[TABLE > 0], axis=0).T
    return made_scene(zones=5, edges=0, **no_edges(), trips=made_trips(bare, origin, destination))


def no_edges():
    return {"edge_values": np.zeros((0, 6), np.float32), "edge_index": np.zeros(0, np.int32)}


def trained(scene, *, steps):
    trainer = Trainer([scene], tiny_settings(), SETTINGS)
    history = []
    for step in range(steps):
        trainer.spent_s = 60 * SETTINGS.cpu_minutes * step / steps  # the clock is set, so that every machine agrees
        history.append(trainer.step())
    return trainer, history


@pytest.mark.slow
def test_one_town_is_learned_by_heart_and_its_table_drawn_again():
    scene = town_with_a_habit()
    trainer, history = trained(scene, steps=200)

    def mean(part, name):
        return np.mean([parts[name] for parts in part])

    share = TABLE / TABLE.sum()
    from_origin = share.sum(axis=1)
    entropy = -(share[share > 0] * np.log(share[share > 0])).sum()
    least = 0.9 * entropy / 2  # nats a slot, as a tenth of the trips is shown; either end is told first as often
    first, last = (mean(part, "origin") + mean(part, "destination") for part in (history[:6], history[-40:]))
    assert first > 2 * least + 0.5
    assert last < 2 * least + 0.25
    assert mean(history[-40:], "via") < 0.05  # nobody has a via
    count = 2_000
    drawn = draw_places(
        trainer.members,
        scene,
        Request(vehicle_class=np.zeros(count, np.int64), departure_bin=np.full(count, -1)),
        scaling=trainer.scaling,
        conditions=conditions_of(scene, trips_per_hour=100.0),
        reach={},
        seed=0,
        settings=AS_IT_IS,
    )
    made = np.zeros((5, 5))
    np.add.at(made, (drawn.slots[:, 0], drawn.slots[:, 1]), 1 / count)
    common = np.minimum(made, share).sum()
    independent = np.minimum(np.outer(from_origin, share.sum(axis=0)), share).sum()
    assert common > 0.8
    assert common > independent + 0.2
    assert (drawn.slots[:, 2] == -1).mean() > 0.97


def test_the_same_seed_trains_the_same_weights():
    scene = town_with_a_habit()
    one, other = (trained(scene, steps=4)[0].model.state_dict() for _ in range(2))
    assert all(torch.equal(one[name], other[name]) for name in one)
    differs = Trainer([scene], tiny_settings(), TrainingSettings(seed=4)).model.state_dict()
    assert any(not torch.equal(one[name], differs[name]) for name in one)


def test_the_rate_warms_up_and_falls_to_nothing():
    trainer = Trainer([town_with_a_habit()], tiny_settings(), SETTINGS)
    rates = []
    for done in np.linspace(0, 1, 101):
        trainer.spent_s = 60 * SETTINGS.cpu_minutes * done
        rates.append(trainer._rate())
    top = int(np.argmax(rates))
    assert top in range(2, 6)
    assert rates[:top] == sorted(rates[:top])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[0] < 0.1
    assert rates[top] == pytest.approx(1, abs=0.05)
    assert rates[-1] == pytest.approx(0, abs=1e-6)


def test_training_ends_when_its_time_is_spent_and_tells_how_it_goes():
    trainer = Trainer([town_with_a_habit()], tiny_settings(), TrainingSettings(cpu_minutes=0.3 / 60, scenes=1))
    told = []
    trainer.run(told=lambda at, parts: told.append((at.steps, parts)), every=2)
    assert trainer.done == 1
    assert 0.3 <= trainer.spent_s < 2
    assert [steps for steps, _ in told] == list(range(2, trainer.steps + 1, 2))
    assert {"origin", "destination", "via", "departure"} <= set(told[0][1])
