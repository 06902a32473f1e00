"""Kinds of sessions: what they show of sessions that are made of two kinds, and what laws declare."""

from __future__ import annotations

import numpy as np
import pytest

from trafficdiff.datatypes.session_sites import SITE_TYPES, SiteKind
from trafficdiff.diffusion.session_kinds import Kinds, joined, kinds_of, log_chance
from trafficdiff.diffusion.session_laws import declared_kinds, declared_law
from trafficdiff.diffusion.session_slots import BINS, DWELL, ENERGY, START, encoded, middles

HOME = SiteKind(site_type="home", power_kw=7.4)
LAW = [declared_law(HOME, slot) for slot in range(len(BINS))]


def two_kinds(count: int = 800) -> np.ndarray:
    """Return bins: half come at 8 and stay an hour, half at 18 and stay the night."""
    random = np.random.default_rng(0)
    morning = random.random(count) < 0.5
    hour = np.where(morning, 8, 18) + 24 * random.integers(0, 7, count)
    dwell_s = np.where(morning, 3_600.0, 43_200.0) * random.uniform(0.95, 1.05, count)
    return encoded(hour, dwell_s, np.where(morning, 4.0, 20.0) * random.uniform(0.95, 1.05, count))


def test_the_kinds_together_show_what_the_sessions_showed() -> None:
    slots = two_kinds()
    for slot, share in enumerate(kinds_of(slots, LAW).marginals):
        true = np.bincount(slots[:, slot], minlength=BINS[slot]) / len(slots)
        assert np.abs(share - true).sum() / 2 < 0.25
        assert share.sum() == pytest.approx(1.0)


def test_who_comes_in_the_morning_is_expected_to_stay_short() -> None:
    kinds = kinds_of(two_kinds(4_000), LAW)  # of fewer each kind is told little apart from the whole
    known = np.full((2, 3), -1)
    known[:, START] = 8, 18
    logs = log_chance(known, kinds)
    belongs = np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True)
    mean_h = belongs @ kinds.shares[DWELL] @ middles(DWELL) / 3600
    assert mean_h[0] < 4
    assert mean_h[1] > 9


def test_the_same_sessions_give_the_same_kinds_and_plain_values_bring_them_back() -> None:
    one, other = (kinds_of(two_kinds(200), LAW) for _ in range(2))
    assert (one.weight == other.weight).all()
    back = Kinds.from_dict(one.as_dict())
    assert back.shares[DWELL] == pytest.approx(one.shares[DWELL], abs=1e-3)


def test_tables_that_are_no_probabilities_are_refused() -> None:
    values = kinds_of(two_kinds(100), LAW).as_dict()
    with pytest.raises(ValueError, match="shapes"):
        Kinds.from_dict(values | {"weight": [1.0, 2.0, 3.0, 4.0]})
    values["shares"][DWELL][0][0] = float("nan")
    with pytest.raises(ValueError, match="finite"):
        Kinds.from_dict(values)


def test_groups_are_heard_by_their_weight() -> None:
    one = declared_kinds(HOME)
    other = declared_kinds(SiteKind(site_type="work", power_kw=7.4))
    mixed = joined([(3.0, one), (1.0, other), (0.0, one)]).marginals[START]
    assert mixed == pytest.approx(0.75 * one.marginals[START] + 0.25 * other.marginals[START])


@pytest.mark.parametrize("site_type", SITE_TYPES)
def test_declared_energies_fit_into_the_stay(site_type: str) -> None:
    kinds = declared_kinds(SiteKind(site_type=site_type, power_kw=7.0))  # type: ignore[arg-type]
    most_kwh = 7.0 * (kinds.shares[DWELL] @ middles(DWELL)) / 3600
    mean_kwh = kinds.shares[ENERGY] @ middles(ENERGY)
    assert (mean_kwh <= 1.2 * most_kwh + 0.2).all()
    assert kinds.weight.sum() == pytest.approx(1.0)
