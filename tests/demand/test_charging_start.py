"""How full batteries are on departure follows the stated law, and each charge belongs to a trip."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import stats

from tests.simulation.conftest import trips_on
from tests.towns import square_town
from trafficdiff.datatypes.chance import Chance
from trafficdiff.datatypes.charging_options import StartCharge
from trafficdiff.demand.charging_start import with_start_charge

LAW = StartCharge(low=0.05, high=0.95, alpha=3, beta=2)


def trips(count: int = 2_000):
    """Return trips of which every second one is electric."""
    town = square_town()
    made = trips_on(town, [[str(town.edge_id[0])]] * count, np.arange(count) / 10)
    electric = np.arange(count) % 2 == 0
    return replace(
        made,
        battery_kwh=np.where(electric, 58.0, np.nan),
        state_of_charge=np.where(electric, 0.5, np.nan),
    )


def test_charges_follow_the_law_and_other_cars_have_none():
    made = with_start_charge(trips(), LAW, chance=Chance("a")).state_of_charge
    electric = made[::2]
    assert np.isnan(made[1::2]).all()
    law = stats.beta(3, 2, loc=0.05, scale=0.9)
    assert stats.kstest(electric, law.cdf).pvalue > 0.001
    assert electric.mean() == pytest.approx(0.59, abs=0.02)
    assert law.cdf(0.3) == pytest.approx(1 / 15, abs=0.01)


def test_without_a_law_the_trips_are_the_same():
    given = trips(10)
    assert with_start_charge(given, None, chance=Chance("a")) is given


def test_another_law_keeps_who_is_fuller_than_whom_and_trips_keep_their_charge():
    given = trips(200)
    one = with_start_charge(given, LAW, chance=Chance("a")).state_of_charge[::2]
    other = with_start_charge(given, StartCharge(low=0.2, high=0.4), chance=Chance("a")).state_of_charge[::2]
    np.testing.assert_array_equal(np.argsort(one, kind="stable"), np.argsort(one + other, kind="stable"))
    fewer = with_start_charge(trips(100), LAW, chance=Chance("a")).state_of_charge[::2]
    np.testing.assert_array_equal(fewer, one[:50])


def test_a_law_without_room_is_refused():
    with pytest.raises(ValidationError, match="expected high above low"):
        StartCharge(low=0.5, high=0.5)
