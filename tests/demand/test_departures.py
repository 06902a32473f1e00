import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trafficdiff.demand.departures import (
    DAY_VEHICLE_TRIPS,
    PEAK_CENTRE_S,
    PEAK_HALF_WIDTH_S,
    sample_departures,
)
from trafficdiff.errors import ScenarioError

PROFILES = ("flat", "day", "morning_peak", "evening_peak")


@given(
    st.integers(0, 300),
    st.sampled_from(PROFILES),
    st.integers(0, 8_639).map(lambda tens: tens * 10.0),
    st.integers(1, 8_640).map(lambda tens: tens * 10.0),
    st.integers(0, 2**32 - 1),
)
def test_departures_are_sorted_inside_the_window_and_as_many_as_asked(count, profile, begin_s, length_s, seed):
    window_s = (begin_s, begin_s + length_s)
    if profile.endswith("peak") and not _meets_peak(profile, window_s):
        with pytest.raises(ScenarioError, match="holds none"):
            sample_departures(count, profile=profile, window_s=window_s, generator=np.random.default_rng(seed))
        return
    depart_s = sample_departures(count, profile=profile, window_s=window_s, generator=np.random.default_rng(seed))
    assert len(depart_s) == count
    assert (np.diff(depart_s) >= 0).all()
    assert ((depart_s >= window_s[0]) & (depart_s < window_s[1])).all()


def _meets_peak(profile, window_s):
    low, high = PEAK_CENTRE_S[profile] - PEAK_HALF_WIDTH_S, PEAK_CENTRE_S[profile] + PEAK_HALF_WIDTH_S
    # At its very foot the hump is so flat that it vanishes in floating point.
    return any(window_s[0] < high + day - 1 and window_s[1] > low + day + 1 for day in (0, 86_400))


def test_flat_puts_the_same_number_into_every_minute(generator):
    depart_s = sample_departures(6_000, profile="flat", window_s=(25_200.0, 28_800.0), generator=generator)
    assert np.abs(np.histogram(depart_s, bins=60, range=(25_200, 28_800))[0] - 100).max() <= 1


@pytest.mark.parametrize("days", [0, 1])
def test_day_follows_the_hourly_counts(generator, days):
    depart_s = sample_departures(
        50_000, profile="day", window_s=(days * 86_400.0, (days + 1) * 86_400.0), generator=generator
    )
    hours = np.histogram(depart_s - days * 86_400, bins=24, range=(0, 86_400))[0]
    expected = np.array(DAY_VEHICLE_TRIPS) / sum(DAY_VEHICLE_TRIPS) * 50_000
    assert np.abs(hours - expected).max() < 2


def test_day_is_cut_inside_an_hour(generator):
    depart_s = sample_departures(10_000, profile="day", window_s=(23_400.0, 27_000.0), generator=generator)
    share = (depart_s < 25_200).mean()  # half of hour 6, then half of hour 7
    assert share == pytest.approx(1607 / (1607 + 3893), abs=2e-4)


@pytest.mark.parametrize("profile", ["morning_peak", "evening_peak"])
def test_a_peak_has_the_peak_hour_factor_of_the_capacity_manual(generator, profile):
    centre_s = PEAK_CENTRE_S[profile]
    depart_s = sample_departures(100_000, profile=profile, window_s=(0.0, 86_400.0), generator=generator)
    assert np.abs(depart_s - centre_s).max() <= PEAK_HALF_WIDTH_S + 0.01
    hour = (np.abs(depart_s - centre_s) < 1_800).sum()
    quarter = (np.abs(depart_s - centre_s) < 450).sum()
    assert hour / (4 * quarter) == pytest.approx(0.92, abs=0.002)


def test_the_peaks_sit_on_the_busiest_hours():
    counts = np.array(DAY_VEHICLE_TRIPS, float)
    for name, hours in (("morning_peak", slice(6, 9)), ("evening_peak", slice(16, 19))):
        middle = np.arange(24)[hours] + 0.5
        centre_h = (counts[hours] * middle).sum() / counts[hours].sum()
        assert PEAK_CENTRE_S[name] / 3_600 == pytest.approx(centre_h, abs=1 / 12)


@pytest.mark.parametrize("window_s", [(100.0, 100.0), (200.0, 100.0), (0.0, np.nan)])
def test_a_window_that_does_not_end_after_it_begins_is_refused(generator, window_s):
    with pytest.raises(ScenarioError, match="ends after it begins"):
        sample_departures(5, profile="flat", window_s=window_s, generator=generator)


def test_a_window_beside_the_peak_is_refused_with_advice(generator):
    with pytest.raises(ScenarioError, match="use the profile 'day'"):
        sample_departures(5, profile="morning_peak", window_s=(50_000.0, 53_600.0), generator=generator)
