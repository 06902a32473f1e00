"""Rounds of draws: selection is as expected, rates agree with what is known, and take far fewer simulations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from trafficdiff.errors import InputError
from trafficdiff.metrics.failure_rate import failure_rate
from trafficdiff.workflows.failure_rounds import Outcomes, Plan, selected, spend

SCENES = 400
KM = 0.05
SPREAD = 0.5


def test_systematic_selection_gives_each_scene_its_expected_number_rounded() -> None:
    generator = np.random.default_rng(1)
    expected = np.array([0.2, 0.8, 3.0, 2.5, 0.5])
    counts = np.array(
        [
            np.bincount(selected(expected, order=np.array([4, 2, 0, 1, 3]), generator=generator), minlength=5)
            for _ in range(2_000)
        ]
    )
    assert (counts.sum(axis=1) == 7).all()
    assert (counts >= np.floor(expected)).all()
    assert (counts <= np.ceil(expected)).all()
    assert counts.mean(axis=0) == pytest.approx(expected, abs=0.04)


class Toy:
    """Scenes in which a Gaussian margin is missed: a few are dangerous, most cannot fail; led draws are shifted."""

    def __init__(self) -> None:
        generator = np.random.default_rng(5)
        self.mean_s = np.where(np.arange(SCENES) < 6, generator.uniform(0.5, 1.2, SCENES), 6.0)
        self.risk = np.where(np.arange(SCENES) < 40, 0.5, 0.01)
        self.truth = float(norm.sf(self.mean_s / SPREAD).mean())
        self.simulations = 0

    def __call__(self, scene: np.ndarray, led: np.ndarray, *, seed: int) -> Outcomes:
        generator = np.random.default_rng(seed)
        normal = generator.standard_normal(len(scene)) - 1.0 * led
        margin_s = self.mean_s[scene] + SPREAD * normal
        self.simulations += len(scene)
        return Outcomes(
            failed=margin_s < 0, margin_s=np.maximum(margin_s, 0), km=np.full(len(scene), KM),
            log_ratio=0.5 + normal,
        )  # fmt: skip


@pytest.mark.parametrize(("led", "even", "saves"), [(0.0, 0.1, 10.0), (0.5, 0.1, 10.0), (0.0, 0.5, 5.0)])
def test_intervals_hold_the_closed_form_and_many_times_fewer_simulations_do(
    led: float, even: float, saves: float
) -> None:
    """The toy's risk tells nearly all: the less is spread evenly the better."""
    toy, plan = Toy(), Plan(simulations=2_500, rounds=6, led=led, even=even)
    truth = 1e6 * toy.truth / KM
    found = [
        failure_rate([one.draws for one in spend(plan, toy, risk=toy.risk, usual_km=np.full(SCENES, KM), seed=seed)])
        for seed in range(40)
    ]
    assert toy.simulations == 40 * plan.simulations
    assert sum(one.low <= truth <= one.high for one in found) >= 36
    values = np.array([one.per_million_km for one in found])
    assert abs(values.mean() - truth) < 3.5 * values.std() / np.sqrt(len(found))
    plain_spread = np.sqrt(1 / (toy.truth * plan.simulations))
    assert (plain_spread / (values.std() / truth)) ** 2 > saves
    assert np.median([one.plain_simulations for one in found]) > saves * plan.simulations


def test_within_a_round_no_draw_weighs_more_than_two_even_ones() -> None:
    for one in spend(Plan(), toy := Toy(), risk=toy.risk, usual_km=np.full(SCENES, KM), seed=1):
        heaviest = (1 / (SCENES * one.draws.expected)).max()
        assert heaviest <= 2 / len(one.scene) * (1 + 1e-9)


def test_the_same_seed_gives_the_same_rounds_and_another_gives_others() -> None:
    toy, plan = Toy(), Plan(simulations=100, rounds=2)
    rounds = [spend(plan, toy, risk=np.ones(SCENES), usual_km=np.full(SCENES, KM), seed=seed) for seed in (1, 1, 2)]
    first, again, other = (np.concatenate([one.scene for one in each]) for each in rounds)
    assert (first == again).all()
    assert (first != other).any()


def test_plans_that_cannot_be_are_refused_at_once() -> None:
    with pytest.raises(InputError) as caught:
        Plan(simulations=-3, rounds=-1, even=0.0, led=1.0)
    for word in ("rounds", "simulations", "even", "led"):
        assert word in str(caught.value)
