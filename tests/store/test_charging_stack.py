"""Runs whose stations do not have the same variables are stacked all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from trafficdiff.store.charging_stack import STATIONS, stack_stations

if TYPE_CHECKING:
    from pathlib import Path


def record(folder: Path, **more: np.ndarray) -> Path:
    variables = {"station_power": np.ones((1, 2))} | more
    data = xr.Dataset(
        {name: (("station", "time"), values) for name, values in variables.items()},
        coords={
            "station": np.array(["s"], object), "time": [0.0, 60.0], "interval_length": ("time", [60.0, 60.0]),
            "station_plugs": ("station", [2]), "station_name": ("station", np.array(["S"], object)),
        },
    )  # fmt: skip
    (folder / STATIONS).parent.mkdir(parents=True)
    data.to_netcdf(folder / STATIONS, engine="h5netcdf")
    return folder


def test_what_batteries_gave_is_unknown_where_no_car_may_give(tmp_path: Path):
    gave = {"station_given_energy": np.full((1, 2), 0.5)}
    runs = {("plain", 0): record(tmp_path / "plain"), ("both ways", 0): record(tmp_path / "both", **gave)}
    found = stack_stations(runs, scenarios=("plain", "both ways"), samples=1)
    assert found["station_given_energy"].sel(scenario="plain").isnull().all()
    assert float(found["station_given_energy"].sel(scenario="both ways").sum()) == 1.0
    assert float(found["station_power"].sum()) == 4.0
