"""How long charging takes is the integral of the curve, and cold makes it longer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from trafficdiff.datatypes.charging_curves import (
    CURVE_LEVELS,
    CURVE_SHARES,
    charge_seconds,
    charged_after,
    consumption_kwh_per_km,
    curve_w,
    heating_w,
    peak_kw,
    temperature_factor,
)


def seconds(battery: float, begin: float, end: float, power: float, temperature: float = 20.0) -> float:
    one = [np.array([value]) for value in (battery, begin, end, power)]
    return float(charge_seconds(one[0], begin=one[1], end=one[2], power_kw=one[3], temperature_c=temperature)[0])


def test_below_the_curve_the_plug_decides():
    assert seconds(58.0, 0.2, 0.5, 11.0) == pytest.approx(3600 * 58 * 0.3 / 11)
    assert seconds(58.0, 0.5, 0.5, 11.0) == 0
    assert seconds(58.0, 0.7, 0.5, 11.0) == 0


@pytest.mark.parametrize("span", [(0.05, 0.8), (0.3, 1.0), (0.0, 0.35)])
def test_above_it_the_time_is_the_integral_over_the_curve(span: tuple[float, float]):
    def slowness(charge: float) -> float:
        return 3600 * 58 / min(90.0, np.interp(charge, CURVE_LEVELS, CURVE_SHARES) * float(peak_kw(58.0)))

    expected, _ = quad(slowness, *span, points=CURVE_LEVELS.tolist(), limit=200)
    assert seconds(58.0, *span, 90.0) == pytest.approx(expected, rel=1e-3)


def test_a_middle_car_takes_what_its_maker_says():
    assert curve_w(58.0).max() == pytest.approx(100e3, rel=0.02)
    minutes = seconds(58.0, 0.1, 0.8, 100.0) / 60
    assert 25 < minutes < 40  # a VW ID.3: about 35 minutes from 5 to 80 %


def test_cold_slows_charging_by_what_was_measured_and_costs_range():
    assert temperature_factor(20.0) == 1.0
    assert temperature_factor(0.0) == pytest.approx(0.64)
    assert seconds(58.0, 0.2, 0.7, 150.0, 0.0) == pytest.approx(seconds(58.0, 0.2, 0.7, 150.0) / 0.64, rel=0.05)
    assert heating_w(20.0) == 0.0
    assert consumption_kwh_per_km(-7.0) == pytest.approx(0.175 / (1 - 0.41), rel=0.05)


@given(st.floats(0.0, 0.9), st.floats(0.0, 0.1), st.floats(3.0, 300.0), st.sampled_from([40.0, 58.0, 77.0]))
def test_charging_for_the_time_that_it_takes_gives_the_charge(begin: float, more: float, power: float, battery: float):
    one = [np.array([value]) for value in (battery, begin, begin + more, power)]
    duration = charge_seconds(one[0], begin=one[1], end=one[2], power_kw=one[3])
    after = charged_after(one[0], begin=one[1], power_kw=one[3], duration_s=duration)
    assert after[0] == pytest.approx(begin + more, abs=2e-4)
