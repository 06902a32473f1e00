"""The declared charge on arrival fits the energy, the battery and the plug."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trafficdiff.datatypes.batteries import BATTERY_KWH
from trafficdiff.demand.arrival_charge import arrival_charge, declared_batteries_kwh


@settings(max_examples=30, deadline=None)
@given(
    energy=st.floats(0, 200), battery=st.floats(20, 120), dwell_h=st.floats(0.05, 48), power=st.floats(2, 350),
    seed=st.integers(0, 1_000),
)  # fmt: skip
def test_no_battery_is_ever_more_than_full_or_less_than_empty(
    energy: float, battery: float, dwell_h: float, power: float, seed: int
) -> None:
    taken = min(energy, battery)
    charge = arrival_charge(
        np.array([taken]), np.array([battery]), dwell_s=np.array([3600 * dwell_h]), power_kw=np.array([power]),
        generator=np.random.default_rng(seed),
    )  # fmt: skip
    assert 0 <= charge[0] <= 1
    assert charge[0] + taken / battery <= 1 + 1e-9


def test_drivers_leave_rapid_chargers_with_less_and_sooner_when_they_still_charged() -> None:
    count = 2_000
    columns = (np.full(count, 10.0), np.full(count, 58.0))
    leaving = {
        (power, dwell_h): arrival_charge(
            *columns, dwell_s=np.full(count, 3600.0 * dwell_h), power_kw=np.full(count, power),
            generator=np.random.default_rng(0),
        ).mean() + 10 / 58
        for power, dwell_h in ((7.0, 8.0), (7.0, 1.5), (50.0, 1.0))
    }  # fmt: skip
    assert leaving[7.0, 8.0] == pytest.approx(0.91, abs=0.02)
    assert leaving[50.0, 1.0] == pytest.approx(0.71, abs=0.02)
    assert leaving[7.0, 1.5] < 0.7


def test_declared_batteries_are_those_of_the_fleet_and_hold_the_energy() -> None:
    batteries = declared_batteries_kwh(np.repeat([1.0, 45.0, 100.0], 3_000), generator=np.random.default_rng(0))
    sizes, counts = np.unique(batteries[:3_000], return_counts=True)
    assert dict(zip(sizes, counts / 3_000, strict=True)) == pytest.approx(BATTERY_KWH, abs=0.03)
    assert set(batteries[3_000:6_000]) == {58.0, 77.0}
    assert (batteries[6_000:] > 100).all()


def test_no_sessions_have_no_charge() -> None:
    nothing = np.zeros(0)
    assert not len(declared_batteries_kwh(nothing, generator=np.random.default_rng(0)))
