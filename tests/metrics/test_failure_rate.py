"""Weighted rates: where all is known in closed form, the estimate is it, and intervals hold what they promise."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.stats import gamma, norm

from trafficdiff.errors import InputError
from trafficdiff.metrics.failure_rate import WeightedDraws, effective_count, failure_rate, mixture_weights


def plain(failed: np.ndarray, *, km: float = 0.05, scenes: int = 100) -> WeightedDraws:
    """Return draws of evenly drawn scenes, none of them led."""
    count = len(failed)
    return WeightedDraws(
        failed=failed, km=np.full(count, km), usual_km=np.full(count, km), weight=np.ones(count),
        expected=np.full(count, count / scenes), scenes=scenes, scene_km=km,
    )  # fmt: skip


def test_unweighted_draws_give_the_share_and_garwoods_interval() -> None:
    failed = np.zeros(5_000, bool)
    failed[50::500] = True
    found = failure_rate([plain(failed)])
    assert found.per_million_km == pytest.approx(1e6 * 10 / 5_000 / 0.05)
    assert found.failures == 10
    assert found.effective_failures == pytest.approx(10, rel=1e-3)
    low, high = (float(gamma.ppf(tail, count)) / 5_000 / 0.05 * 1e6 for tail, count in ((0.025, 10), (0.975, 11)))
    assert (found.low, found.high) == pytest.approx((low, high), rel=2e-3)
    assert found.plain_simulations == pytest.approx(5_000, rel=1e-3)


def test_one_more_failure_could_weigh_as_much_as_the_heaviest_draw_though_only_light_ones_failed() -> None:
    light, heavy = 18.0, 2.0
    failed = np.zeros(1_000, bool)
    failed[45:900:90] = True
    draws = dataclasses.replace(plain(failed), expected=np.repeat([light, heavy], [900, 100]))
    found = failure_rate([draws])
    variance = found.per_scene**2 / found.effective_failures
    upper, spread = found.per_scene + 1 / (100 * heavy), variance + (1 / (100 * heavy)) ** 2
    assert found.high == pytest.approx(1e6 * gamma.ppf(0.975, upper**2 / spread, scale=spread / upper) / 0.05, rel=1e-6)


def test_without_a_failure_the_upper_bound_is_that_of_a_poisson_count_of_none() -> None:
    found = failure_rate([plain(np.zeros(1_000, bool))])
    assert (found.per_million_km, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(-np.log(0.025) / 1_000 / 0.05 * 1e6)
    assert found.rests_on_few


def test_weights_undo_uneven_selection_and_led_draws_exactly_on_average() -> None:
    """Two scenes, Gaussian paths, half of the draws led by a shift of 2: the mean of many rounds is the closed form."""
    generator = np.random.default_rng(1)
    truth = (norm.sf(2.5) + norm.sf(4.0)) / 2
    edge, expected = np.array([2.5, 4.0]), np.array([300.0, 100.0])
    rounds, weights = [], []
    for _ in range(200):
        scene = np.repeat([0, 1], [300, 100])
        led = generator.random(400) < 0.5
        path = generator.standard_normal(400) + 2.0 * led
        weight = mixture_weights(2.0 - 2.0 * path, np.full(400, 0.5))  # ln p/q of N(0,1) against N(2,1)
        weights.append(weight)
        rounds.append(
            WeightedDraws(
                failed=path > edge[scene], km=np.full(400, 0.05), usual_km=np.full(400, 0.05), weight=weight,
                expected=expected[scene], scenes=2, scene_km=0.05,
            )
        )  # fmt: skip
    found = np.array([failure_rate([one]).per_scene for one in rounds])
    assert abs(found.mean() - truth) < 3 * found.std() / np.sqrt(len(found))
    assert found.std() / np.sqrt(len(found)) < 0.02 * truth
    every = np.concatenate(weights)
    assert abs(every.mean() - 1) < 3 * every.std() / np.sqrt(len(every))
    assert every.max() <= 2.0


def test_the_claimed_spread_is_the_real_one_and_intervals_hold() -> None:
    """Repeated 300 times: 95 % intervals hold the truth 92 % of times or more, claimed variance within a quarter."""
    generator = np.random.default_rng(2)
    share = np.array([0.0] * 80 + [0.02] * 15 + [0.4] * 5)
    expected = 200 * (0.8 * np.sqrt(share) / np.sqrt(share).sum() + 0.2 / 100)
    scene = np.repeat(np.arange(100), np.round(expected).astype(int))
    held, values, claimed = 0, [], []
    for _ in range(300):
        one = WeightedDraws(
            failed=generator.random(len(scene)) < share[scene], km=generator.uniform(0.02, 0.08, len(scene)),
            usual_km=np.full(len(scene), 0.05), weight=np.ones(len(scene)),
            expected=np.round(expected)[scene], scenes=100, scene_km=0.05,
        )  # fmt: skip
        found = failure_rate([one])
        held += found.low <= 1e6 * share.mean() / 0.05 <= found.high
        values.append(found.per_scene)
        claimed.append(found.per_scene**2 / found.effective_failures)
    assert held >= 0.92 * 300
    assert np.mean(claimed) == pytest.approx(np.var(values), rel=0.25)


def test_rounds_count_by_draws_and_the_square_root_of_their_number() -> None:
    first, second = np.zeros(100, bool), np.zeros(100, bool)
    first[:4] = True
    found = failure_rate([plain(first), plain(second)])
    assert found.per_scene == pytest.approx(0.04 / (1 + np.sqrt(2)))


def test_the_guess_of_kilometres_changes_the_spread_and_not_the_mean() -> None:
    km = np.random.default_rng(3).uniform(0.0, 0.1, 100)
    base = plain(np.arange(100) == 7)
    told = dataclasses.replace(base, km=km, usual_km=km, scene_km=float(km.mean()))
    blind = dataclasses.replace(base, km=km, usual_km=np.zeros(100), scene_km=0.0)
    assert failure_rate([told]).km_per_scene == pytest.approx(failure_rate([blind]).km_per_scene)


def test_what_cannot_be_weighed_is_refused() -> None:
    with pytest.raises(InputError, match="at least one draw"):
        failure_rate([])
    with pytest.raises(InputError, match="no kilometres, no rate"):
        failure_rate([plain(np.zeros(10, bool), km=0.0)])
    with pytest.raises(InputError, match=r"finite weight(.|\n)*more than 0 draws") as caught:
        dataclasses.replace(plain(np.zeros(2, bool)), weight=np.array([np.nan, 1.0]), expected=np.zeros(2))
    assert len(caught.value.args) == 1


def test_effective_counts_and_bounds_of_weights() -> None:
    assert effective_count(np.array([1.0, 1.0, 0.0])) == pytest.approx(2)
    assert effective_count(np.zeros(3)) == 0
    weight = mixture_weights(np.array([-1e6, 0.0, 1e6]), np.full(3, 0.25))
    assert weight == pytest.approx([0.0, 1.0, 4.0])
