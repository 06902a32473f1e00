"""What the charging page sums up: minutes over stations and days, and what became of the cars."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dashboards.shell.charging_days import ChargingDays, day_profile, outcomes
from dashboards.shell.station_map import nearest_station


def days_of(power: np.ndarray) -> ChargingDays:
    """Return days with a power [kW] of shape (days, stations, minutes)."""
    count, stations, steps = power.shape
    cars = pd.DataFrame(
        {
            "outcome": ["served", "served", "unmet"], "day": [0, 1, 1], "waited_s": [0.0, 60.0, 300.0],
            "detour_s": [10.0, 20.0, 30.0], "charge_start": [0.2, 0.4, 0.1], "charged_kwh": [10.0, 20.0, 0.0],
            "unmet_kwh": [0.0, 0.0, 12.0], "cost": [4.0, 8.0, 0.0],
        }
    )  # fmt: skip
    table = pd.DataFrame({"feeder": ["north"] * stations}, index=[f"s{k}" for k in range(stations)])
    return ChargingDays(
        stations=table, time_s=60.0 * np.arange(steps), by_minute={"power": power}, cars=cars, days=count
    )


def test_a_profile_is_the_mean_of_the_days_sums_with_the_least_and_the_largest_day() -> None:
    power = np.array([[[1.0, 2.0], [10.0, 20.0]], [[3.0, 4.0], [30.0, 40.0]]])
    found = day_profile({"base": days_of(power)}, "power", stations={"base": np.array([True, True])})
    assert found["mean"].tolist() == [22.0, 33.0]
    assert found["low"].tolist() == [11.0, 22.0]
    assert found["high"].tolist() == [33.0, 44.0]
    one = day_profile({"base": days_of(power)}, "power", stations={"base": np.array([False, True])})
    assert one["mean"].tolist() == [20.0, 30.0]


def test_one_day_has_no_band_and_no_stations_have_no_power() -> None:
    power = np.ones((1, 2, 3))
    found = day_profile({"base": days_of(power)}, "power", stations={"base": np.array([False, False])})
    assert found["mean"].tolist() == [0.0, 0.0, 0.0]
    assert found[["low", "high"]].isna().all(axis=None)


def test_of_many_days_the_band_leaves_out_the_most_extreme_tenth() -> None:
    power = np.arange(101.0)[:, None, None]
    found = day_profile({"base": days_of(power)}, "power", stations={"base": np.array([True])})
    assert found[["low", "mean", "high"]].to_numpy().tolist() == [[5.0, 50.0, 95.0]]


def test_cars_are_counted_a_day_and_measured_a_car() -> None:
    table = outcomes(days_of(np.ones((2, 1, 1))))
    assert table.index.tolist() == ["served", "unmet"]
    assert table["cars"].tolist() == [1.0, 0.5]
    assert table.loc["served", "waited_s"] == pytest.approx(30.0)
    assert table.loc["unmet", "unmet_kwh"] == pytest.approx(12.0)


def test_a_click_follows_the_station_under_it_however_near_the_map_looks() -> None:
    stations = pd.DataFrame({"lon": [24.94, 24.95], "lat": [60.17, 60.17]}, index=["west", "east"])
    beside = (24.9401, 60.17)  # 5.5 m east of the first: 9 pixels at zoom 16 (0.6 m each there), 37 at zoom 18
    assert nearest_station(stations, beside, zoom=16.0) == "west"
    assert nearest_station(stations, beside, zoom=18.0) is None
    assert nearest_station(stations, (24.9499, 60.17), zoom=16.0) == "east"
    assert nearest_station(stations.iloc[:0], beside, zoom=16.0) is None
