import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trafficdiff.demand.fleet import BATTERY_KWH, assign_fleet, exact_counts


@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=6), st.integers(0, 10_000))
def test_counts_add_up_and_stay_within_one_of_their_share(shares, total):
    counts = exact_counts(shares, total=total)
    assert counts.sum() == total
    assert (np.abs(counts - np.array(shares) / sum(shares) * total) < 1 + 1e-6).all()


def test_mix_and_electric_share_are_exact(generator):
    fleet = assign_fleet(
        1_000, vehicle_mix={"car": 0.9, "truck": 0.06, "bus": 0.04}, electric_share=0.25, generator=generator
    )
    names = np.array([kind.name for kind in fleet.vehicle_types])[fleet.vehicle_type]
    found = dict(zip(*np.unique(names, return_counts=True), strict=True))
    assert found == {"car": 675, "electric_car": 225, "truck": 60, "bus": 40}
    assert (names[:100] == "electric_car").any()  # shuffled, not in blocks
    assert (names[-100:] == "electric_car").any()


def test_only_electric_cars_have_batteries_and_they_are_charged_sensibly(generator):
    fleet = assign_fleet(5_000, vehicle_mix={"car": 1.0}, electric_share=0.4, generator=generator)
    electric = np.array([kind.name == "electric_car" for kind in fleet.vehicle_types])[fleet.vehicle_type]
    np.testing.assert_array_equal(np.isfinite(fleet.battery_kwh), electric)
    np.testing.assert_array_equal(np.isfinite(fleet.state_of_charge), electric)
    charge = fleet.state_of_charge[electric]
    assert charge.min() >= 0.1
    assert charge.max() <= 1.0
    assert charge.mean() == pytest.approx(0.7, abs=0.01)
    assert set(fleet.battery_kwh[electric]) == set(BATTERY_KWH)


def test_shares_of_batteries_add_up():
    assert sum(BATTERY_KWH.values()) == pytest.approx(1)


def test_more_electric_cars_leave_the_other_draws_as_they_were():
    few, many = (
        assign_fleet(500, vehicle_mix={"car": 1.0}, electric_share=share, generator=np.random.default_rng(1))
        for share in (0.2, 0.6)
    )
    both = np.isfinite(few.battery_kwh) & np.isfinite(many.battery_kwh)
    np.testing.assert_array_equal(few.battery_kwh[both], many.battery_kwh[both])
