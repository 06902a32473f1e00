"""One trip can move a step by no more than the clipping, and the accountant's epsilon holds."""

from __future__ import annotations

import math
from dataclasses import fields

import numpy as np
import pytest
import torch
from scipy.stats import norm

from tests.diffusion.places import made_scene, made_trips
from tests.diffusion.test_local_model import believed
from trafficdiff.diffusion import private_tuning
from trafficdiff.diffusion.local_model import LocalModel, tally_of
from trafficdiff.diffusion.private_tuning import Budget, budget_of, clipped_sum, trip_loss, tune_privately
from trafficdiff.diffusion.tuning_settings import PrivacySettings
from trafficdiff.errors import InputError

pytest.importorskip("opacus", reason="the extra [privacy] is not installed")

SCENE = made_scene(zones=6, edges=2)
PLACE = believed(SCENE)
AREA = torch.tensor([0, 0, 1, 1, 2, 2])
RANDOM = np.random.default_rng(0)
ORIGINS, DESTINATIONS = np.arange(40) % 6, (np.arange(40) % 6 + 1 + np.arange(40) // 6 % 5) % 6
TRIPS = made_trips(SCENE, ORIGINS, DESTINATIONS)
ROWS = torch.from_numpy(
    np.stack([TRIPS.origin_zone, TRIPS.destination_zone, TRIPS.origin_edge, TRIPS.destination_edge], axis=1)
).long()


def some_values(scale: float = 0.5) -> dict[str, torch.Tensor]:
    dice = torch.Generator().manual_seed(1)
    shapes = {"ends": (2, 6), "inside": (2, 12), "way": (1 + PLACE.bumps.shape[-1],), "areas": (3, 3)}
    return {name: scale * torch.randn(shape, generator=dice, dtype=torch.double) for name, shape in shapes.items()}


def flat(values: dict[str, torch.Tensor]) -> torch.Tensor:
    return torch.cat([value.flatten() for value in values.values()])


def test_the_loss_of_single_trips_is_that_of_the_model() -> None:
    nothing = {name: torch.zeros_like(value) for name, value in some_values().items()}
    single = [trip_loss(nothing, trip, PLACE, AREA).item() for trip in ROWS]
    whole = LocalModel(PLACE).loss(tally_of(SCENE, TRIPS, np.arange(len(TRIPS))))
    assert np.mean(single) == pytest.approx(whole.item())


def test_one_trip_moves_the_sum_by_its_own_gradient_and_at_most_the_clipping() -> None:
    values = some_values()
    for clip in (0.5, 3.0):
        whole = flat(clipped_sum(values, ROWS, PLACE, AREA, clip=clip))
        for left_out in (0, 7):
            others = flat(clipped_sum(values, ROWS[torch.arange(40) != left_out], PLACE, AREA, clip=clip))
            alone = {name: value.clone().requires_grad_() for name, value in values.items()}
            loss = trip_loss(alone, ROWS[left_out], PLACE, AREA)
            gradient = torch.cat([part.flatten() for part in torch.autograd.grad(loss, list(alone.values()))])
            expected = gradient * min(1.0, clip / float(gradient.norm()))
            torch.testing.assert_close(whole - others, expected)
            assert float((whole - others).norm()) <= clip * (1 + 1e-9)


@pytest.mark.parametrize("epsilon", [1.0, 8.0])
def test_the_epsilon_of_full_samples_is_an_upper_bound_of_the_exact_one(epsilon: float) -> None:
    budget = budget_of(PrivacySettings(epsilon=epsilon), 400)
    assert budget.sample_rate == 1
    assert 0.8 * epsilon < budget.epsilon <= epsilon
    shift = math.sqrt(budget.steps) / budget.noise  # Dong et al. (2022), "Gaussian differential privacy"
    exact = norm.cdf(shift / 2 - budget.epsilon / shift) - math.exp(budget.epsilon) * norm.cdf(
        -shift / 2 - budget.epsilon / shift
    )
    assert exact <= budget.delta


def test_less_epsilon_costs_more_noise_or_fewer_steps() -> None:
    budgets = [budget_of(PrivacySettings(epsilon=epsilon), 2_000) for epsilon in (1.0, 8.0)]
    assert all(budget.sample_rate == 512 / 2_000 for budget in budgets)
    spread = [budget.noise / math.sqrt(budget.steps) for budget in budgets]
    assert spread == sorted(spread, reverse=True)


def test_people_with_more_trips_cost_noise_in_the_steps() -> None:
    one, many = (budget_of(PrivacySettings(epsilon=8, trips_a_person=m), 400) for m in (1, 4))
    assert many.sample_rate == 1
    assert many.trips_a_person * many.noise * math.sqrt(many.steps) <= one.noise * math.sqrt(one.steps) * 1.6
    assert many.steps < one.steps


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(InputError, match=r"(?s)epsilon.*got -1.*delta.*got 2.*trips a person, got 0"):
        budget_of(PrivacySettings(epsilon=-1, delta=2, trips_a_person=0), 100)
    with pytest.raises(InputError, match=r"drowned in noise"):
        budget_of(PrivacySettings(epsilon=0.01), 40)


def test_only_the_dice_decide_and_trips_are_learned_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private_tuning, "_STEPS", (25,))
    privacy = PrivacySettings(epsilon=500, delta=0.02)  # hardly private: so that few trips show

    def learned(seed: int) -> tuple[LocalModel, dict[str, object]]:
        return tune_privately(SCENE, PLACE, TRIPS, privacy=privacy, dice=torch.Generator().manual_seed(seed))

    (one, spent), (same, _), (other, _) = learned(1), learned(1), learned(2)
    assert torch.equal(one.ends, same.ends)
    assert not torch.equal(one.ends, other.ends)
    assert spent["unit"] == "one trip"
    assert {field.name for field in fields(Budget)} | {"unit", "trips_public"} == set(spent)
    tally = tally_of(SCENE, TRIPS, np.arange(len(TRIPS)))
    assert one.loss(tally).item() < LocalModel(PLACE).loss(tally).item()
