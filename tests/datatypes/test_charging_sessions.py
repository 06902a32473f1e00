"""Charging sessions keep their order, and time that passes is not what the clock on the wall says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trafficdiff.datatypes.charging_sessions import ChargingSessions, elapsed_seconds
from trafficdiff.errors import InputError


def sessions(starts: list[str], ends: list[str], *, time_zone: str = "Europe/London", **columns) -> ChargingSessions:
    """Return sessions at one plug of one site, 10 kWh each."""
    count = len(starts)
    texts = {name: np.full(count, "a") for name in ("source", "site", "charger", "plug", "user", "model")}
    numbers = {"energy_kwh": np.full(count, 10.0), "longitude_deg": np.zeros(count), "latitude_deg": np.zeros(count)}
    return ChargingSessions(
        time_zone=time_zone,
        start=np.array(starts, "datetime64[s]"),
        end=np.array(ends, "datetime64[s]"),
        **(texts | numbers | columns),
    )


def test_an_hour_that_the_clock_skips_or_repeats_is_no_dwell_and_no_loss():
    spring = sessions(["2024-03-31T00:30"], ["2024-03-31T02:30"])  # 01:00 becomes 02:00
    autumn = sessions(["2024-10-27T00:30"], ["2024-10-27T02:30"])  # 02:00 becomes 01:00
    assert spring.dwell_s.tolist() == [3600.0]
    assert autumn.dwell_s.tolist() == [3 * 3600.0]


def test_the_week_begins_on_monday():
    made = sessions(["2024-10-07T00:59", "2024-10-13T23:00"], ["2024-10-07T02:00", "2024-10-14T01:00"])
    assert made.hour_of_week.tolist() == [0, 167]


def test_every_fault_of_the_columns_is_said_at_once():
    with pytest.raises(InputError) as caught:
        sessions(
            ["2024-01-02T10:00", "2024-01-01T10:00"],
            ["2024-01-02T10:00", "2024-01-01T11:00"],
            time_zone="Europe/Nowhere",
            energy_kwh=np.array([-1.0, 2.0]),
        )
    said = str(caught.value)
    for word in ("end after they start", "order of their start", "at least 0 kWh", "Europe/Nowhere"):
        assert word in said
    with pytest.raises(InputError, match="one length"):
        sessions(["2024-01-02T10:00"], ["2024-01-02T11:00"], energy_kwh=np.zeros(3))


def test_chosen_sessions_are_in_order_of_their_start():
    made = sessions(["2024-01-01T10:00", "2024-01-01T12:00"], ["2024-01-01T11:00", "2024-01-01T13:00"])
    assert made.take(np.array([1, 0])).start.tolist() == made.start.tolist()
    assert len(made.take(np.array([False, True]))) == 1


@given(st.integers(0, 366 * 86_400), st.integers(1, 30 * 86_400))
def test_where_no_clock_is_changed_the_wall_tells_the_time(start_s: int, dwell_s: int):
    start = np.array(["2024-01-01"], "datetime64[s]") + np.timedelta64(start_s, "s")
    end = start + np.timedelta64(dwell_s, "s")
    assert elapsed_seconds(start, end, time_zone="UTC").tolist() == [float(dwell_s)]
