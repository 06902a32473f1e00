"""A NetCDF file reads back with the same numbers, and says by CF 1.11 what, where, when and whence they are."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
import pytest
import xarray as xr

from tests.metrics.hand_town import hand_data
from trafficdiff.errors import StoreError
from trafficdiff.export.netcdf import write_netcdf
from trafficdiff.export.table_files import Origin

if TYPE_CHECKING:
    from pathlib import Path

ORIGIN = Origin(study_hash="ab12", synthetic=True, provenance="Made by a test.", attribution="© Some Map (ODbL)")
LONLAT = np.array([[24.9, 60.1], [24.91, 60.11], [np.nan, np.nan]])


def stacked() -> xr.Dataset:
    """Return the hand-made town as a study of two scenarios and one sample; the second has nothing."""
    one = hand_data().drop_vars([name for name, array in hand_data().data_vars.items() if "clock" in array.dims])
    one = one.drop_vars("clock", errors="ignore").reset_coords("interval_length")
    both = xr.concat([one, one * np.nan], dim="scenario").expand_dims(sample=[0]).transpose("scenario", "sample", ...)
    return both.assign_coords(scenario=np.array(["base", "ünï"], object))


def written(dataset: xr.Dataset, path: Path) -> xr.Dataset:
    write_netcdf(dataset, path, origin=ORIGIN, date=dt.date(2024, 10, 8), lonlat=LONLAT, title="A town")
    with xr.open_dataset(path, engine="h5netcdf") as back:
        return back.load()


@pytest.mark.parametrize("of_a_study", [False, True])
def test_numbers_read_back_to_the_last_digit(tmp_path: Path, *, of_a_study: bool) -> None:
    dataset = stacked() if of_a_study else hand_data()
    back = written(dataset, tmp_path / "town.nc")
    for name, array in dataset.data_vars.items():
        np.testing.assert_array_equal(back[name].transpose(*array.dims).to_numpy(), array.to_numpy())
        assert back[name].attrs.get("long_name") == array.attrs.get("long_name")
    assert back["edge_id"].to_numpy().tolist() == dataset["edge"].to_numpy().tolist()


def test_it_says_when_where_and_whence(tmp_path: Path) -> None:
    back = written(stacked(), tmp_path / "town.nc")
    assert back["time"].to_numpy()[1] == np.datetime64("2024-10-08T00:10:00")
    assert back["time"].attrs["bounds"] == "time_bounds"
    assert back["scenario_name"].to_numpy().tolist() == ["base", "ünï"]
    assert back["lon"].attrs["standard_name"] == "longitude"
    np.testing.assert_array_equal(back["lat"], LONLAT[:, 1])
    assert back.attrs["Conventions"] == "CF-1.11"
    assert {name: back.attrs[name] for name in ORIGIN.block} == {
        "study_hash": "ab12",
        "synthetic": "true",
        "provenance": "Made by a test.",
        "attribution": "© Some Map (ODbL)",
    }


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="none"):
        written(hand_data(), tmp_path / "none" / "town.nc")
