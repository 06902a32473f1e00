"""The form that the CF conventions ask of a file."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
import xarray as xr

from tests.metrics.hand_town import hand_data, hand_result
from trafficdiff.datatypes.conventions import conforming
from trafficdiff.metrics import compute

DAY = dt.date(2024, 10, 8)


@pytest.fixture(params=["measured", "metrics"])
def strict(request: pytest.FixtureRequest) -> xr.Dataset:
    return conforming(hand_data() if request.param == "measured" else compute(hand_result()).data, date=DAY)


def test_coordinate_variables_are_numbers(strict: xr.Dataset) -> None:
    for name in strict.dims:
        if name in strict.variables:
            assert np.issubdtype(strict[name].dtype, np.number)
    assert strict["edge_id"].dims == ("edge",)
    assert strict["edge_id"].to_numpy().tolist() == ["a", "b", "c"]


def test_times_count_from_the_day_simulated(strict: xr.Dataset) -> None:
    decoded = xr.decode_cf(strict)
    assert decoded["time"].to_numpy()[1] == np.datetime64("2024-10-08T00:10:00")


def test_intervals_have_bounds(strict: xr.Dataset) -> None:
    assert strict["time"].attrs["bounds"] == "time_bounds"
    np.testing.assert_array_equal(strict["time_bounds"], [[0, 600], [600, 1200], [1200, 1800]])


def test_coordinates_get_no_fill_value(strict: xr.Dataset) -> None:
    assert all(strict[name].encoding["_FillValue"] is None for name in strict.coords)


def test_numbers_are_the_same_with_time_last(strict: xr.Dataset) -> None:
    assert strict["travel_distance"].dims == ("edge", "time")
    np.testing.assert_array_equal(strict["travel_distance"].T, hand_data()["travel_distance"])


def test_nothing_given_is_changed() -> None:
    data = hand_data()
    conforming(data, date=DAY)
    xr.testing.assert_identical(data, hand_data())
    assert data["time"].encoding == {}


def test_scipy_writes_and_reads_it_back(tmp_path) -> None:
    # NetCDF 3 knows no text variables of any length, so the edge ids come back as characters.
    strict = conforming(hand_data(), date=DAY)
    strict.to_netcdf(tmp_path / "town.nc", engine="scipy")
    with xr.open_dataset(tmp_path / "town.nc", engine="scipy") as back:
        np.testing.assert_array_equal(back["sampled_time"], strict["sampled_time"])
        assert back["sampled_time"].attrs["units"] == "s"
