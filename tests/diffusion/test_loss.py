import numpy as np
import pytest
import torch

from tests.diffusion.places import made_scene, made_trips, tiny_model
from trafficdiff.diffusion import loss
from trafficdiff.diffusion.batch import Corpus
from trafficdiff.diffusion.denoiser import Logits
from trafficdiff.diffusion.loss import measure
from trafficdiff.diffusion.settings import TrainingSettings

SETTINGS = TrainingSettings(agents=16, sets=2, scenes=2, dropped_share=0.0, most_hidden=0.0)


@pytest.fixture(scope="module")
def drawn():
    bare = made_scene()
    random = np.random.default_rng(1)
    origin, destination = random.integers(0, 6, (2, 60))
    scene = made_scene(trips=made_trips(bare, origin, (destination + (origin == destination)) % 6))
    model, scaling = tiny_model(scene)
    batch = Corpus([scene], scaling=scaling, settings=SETTINGS).draw(np.random.default_rng(0))
    return model, batch


def answered(batch, sharpness):
    """Logits that know the answer, as sure of it as asked."""

    def sure(truth, count):
        return sharpness * torch.nn.functional.one_hot(truth, count).float()

    zones = batch.zone.shape[1]
    return Logits(
        origin=sure(batch.slots[..., 0], zones),
        destination=sure(batch.slots[..., 1], zones),
        via=sure(batch.slots[..., 2], zones + 1),
        departure=sure(batch.slots[..., 3], 16),
    )


def losses(drawn, monkeypatch, sharpness, seed=0):
    model, batch = drawn
    monkeypatch.setattr(model.denoiser, "logits", lambda *_, **__: answered(batch, sharpness))
    return measure(model, batch, settings=SETTINGS, generator=torch.Generator().manual_seed(seed))


def test_who_knows_the_answer_loses_nothing_and_who_knows_nothing_the_logarithm_of_the_choices(drawn, monkeypatch):
    sure = losses(drawn, monkeypatch, 60.0)
    for slot in ("origin", "destination", "via", "departure"):
        assert sure.parts[slot] < 1e-5
    seeds = range(200)
    blind = [losses(drawn, monkeypatch, 0.0, seed).parts for seed in seeds]
    mean = {slot: np.mean([parts[slot] for parts in blind]) for slot in blind[0]}
    told = 1 - 0.4 * 0.25  # 40 % of sets show a quarter of their trips; the weight 1 / t makes up for what t hides
    assert mean["origin"] == pytest.approx(told * np.log(6), rel=0.05)
    assert mean["destination"] == pytest.approx(told * np.log(6), rel=0.05)
    assert mean["via"] == pytest.approx(told * np.log(7), rel=0.05)
    assert mean["departure"] == pytest.approx(0.5 * told * np.log(16), rel=0.12)


def test_the_surer_of_the_answer_the_less_is_lost(drawn, monkeypatch):
    totals = [float(losses(drawn, monkeypatch, sharpness).total) for sharpness in (-1.0, 0.0, 1.0, 3.0, 9.0)]
    assert totals == sorted(totals, reverse=True)


def test_a_pair_that_cannot_be_reached_but_was_driven_costs_no_more_than_twenty_nats(drawn, monkeypatch):
    worst = losses(drawn, monkeypatch, -1e6)
    assert np.isfinite(float(worst.total))
    assert worst.parts["origin"] <= 20 / 0.05


def test_edges_are_learned_by_their_cross_entropy(drawn):
    model, batch = drawn
    choices = batch.edges
    zones = model.denoiser.encode(
        batch.zone,
        batch.scene,
        real=batch.real,
        bases=batch.bases,
        prior=batch.prior,
        conditions=batch.conditions,
    )
    got = float(loss._edge_loss(model.denoiser, zones, choices))
    token = zones.token[choices.batch, choices.zone][:, None]
    scores = model.denoiser.edge_logits(choices.edge, token, choices.role, choices.vehicle_class) + choices.prior
    by_hand = []
    for row, real, chosen in zip(scores, choices.real, choices.chosen, strict=True):
        inside = row[real].double()
        by_hand.append(float(torch.logsumexp(inside, 0) - inside[chosen]))
    assert got == pytest.approx(np.mean(by_hand), rel=1e-4)


def test_every_weight_of_the_model_is_learned():
    bare = made_scene()
    scene = made_scene(trips=made_trips(bare, np.arange(6), np.arange(6)[::-1]))
    model, scaling = tiny_model(scene)
    model.requires_grad_(requires_grad=True)
    batch = Corpus([scene], scaling=scaling, settings=SETTINGS).draw(np.random.default_rng(0))
    for seed in range(4):
        measure(model, batch, settings=SETTINGS, generator=torch.Generator().manual_seed(seed)).total.backward()
    idle = {name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.any()}
    assert idle == set(), sorted(idle)
