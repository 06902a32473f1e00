import pytest
import torch
from torch.distributions import Normal, kl_divergence

from tests.diffusion.places import made_scene, tiny_model
from trafficdiff.diffusion.batch import conditions_of
from trafficdiff.diffusion.day import divergence
from trafficdiff.diffusion.inputs import place_of
from trafficdiff.diffusion.sampler import encode


def test_the_divergence_is_that_of_two_gaussians():
    dice = torch.Generator().manual_seed(0)
    mean, log_variance = torch.randn(20, 8, generator=dice), torch.randn(20, 8, generator=dice)
    expected = kl_divergence(Normal(mean, (0.5 * log_variance).exp()), Normal(torch.zeros(8), torch.ones(8)))
    torch.testing.assert_close(divergence(mean, log_variance), expected.sum(dim=-1))
    assert float(divergence(torch.zeros(1, 8), torch.zeros(1, 8))) == 0


@pytest.fixture
def encoded():
    scene = made_scene()
    model, scaling = tiny_model(scene, scale=1.5)
    return model, encode(model, place_of(scene, scaling), conditions_of(scene))


def test_a_day_is_told_by_its_trips_in_any_order(encoded):
    model, zones = encoded
    slots = torch.randint(6, (1, 30, 4), generator=torch.Generator().manual_seed(2))
    mean, log_variance = model.day(zones, slots)
    assert mean.shape == log_variance.shape == (1, 4)
    again = model.day(zones, slots[:, torch.randperm(30)])
    torch.testing.assert_close(again[0], mean, rtol=1e-4, atol=1e-4)
    other = model.day(zones, slots[..., [1, 0, 2, 3]])
    assert not torch.allclose(other[0], mean, atol=1e-3)


def test_the_variance_of_a_day_stays_in_bounds(encoded):
    model, zones = encoded
    with torch.no_grad():
        model.day.out.weight.mul_(100)
    _, log_variance = model.day(zones, torch.zeros(1, 30, 4, dtype=torch.long))
    assert float(log_variance.min()) >= -8
    assert float(log_variance.max()) <= 2
    assert {-8.0, 2.0} & set(log_variance.flatten().tolist())
