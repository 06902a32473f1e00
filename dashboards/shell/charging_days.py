"""Read what charging did in the simulated days of a scenario: by station, by minute, by car."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import streamlit as st

from dashboards.shell.opening import BY_CONTENT, CACHE_OF_TABLES, Opened

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd
    import xarray as xr
    from numpy.typing import NDArray

__all__ = ["ChargingDays", "charging_days", "day_profile", "has_charging", "outcomes"]

_FOLDER: Final = "charging"
_BY_MINUTE: Final = {"power": "station_power", "queue": "station_queue", "occupied": "station_occupied"}
_FIXED: Final = ("plugs", "installed_kw", "feeder", "site_type", "edge")
_MEASURED: Final = (
    "sessions", "energy_kwh", "utilisation", "full_share", "peak_kw", "mean_wait_s", "max_queue", "missed_sessions",
)  # fmt: skip
_MANY_DAYS: Final = 20
"""Simulated days from which a band leaves out the most extreme tenth of them."""
_OUTCOMES: Final = ("served", "waiting", "unmet", "stranded")


@dataclass(frozen=True, eq=False)
class ChargingDays:
    """Hold the simulated days of one scenario.

    Parameters
    ----------
    stations
        One row a station, by its id: ``name``, ``lon``, ``lat``, ``plugs``, ``installed_kw``, ``feeder``,
        ``site_type``, ``edge``, and means over the days of what was measured, each with its least and largest day in
        ``_low`` and ``_high``.
    time_s
        Shape (T,), begin of every minute [s of the simulated day].
    by_minute
        ``power`` [kW], ``queue`` and ``occupied`` [cars], shape (days, stations, T).
    cars
        One row an EV that wanted to charge, with its ``day``.
    days
        How many.
    """

    stations: pd.DataFrame
    time_s: NDArray[np.float64]
    by_minute: dict[str, NDArray[np.float64]]
    cars: pd.DataFrame
    days: int


def has_charging(opened: Opened, scenario: str) -> bool:
    """Return whether cars charged in the runs of a scenario."""
    return (opened.stored_run(scenario).directory / _FOLDER / "stations.nc").is_file()


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=BY_CONTENT)
def charging_days(opened: Opened, scenario: str) -> ChargingDays:
    """Return the days of a scenario in which cars charged (see `has_charging`)."""
    import pandas as pd

    folders = [directory / _FOLDER for directory in _directories(opened, scenario)]
    found = _stacked(opened, scenario) if opened.study is not None and opened.finished else _singly(folders)
    tables = [pd.read_csv(folder / "stations.csv", dtype={"station": str, "feeder": str}) for folder in folders]
    cars = [pd.read_csv(folder / "cars.csv").assign(day=day) for day, folder in enumerate(folders)]
    return ChargingDays(
        stations=_stations(tables, found),
        time_s=found["time"].to_numpy().astype(np.float64),
        by_minute={
            name: found[what].transpose("sample", "station", "time").to_numpy() for name, what in _BY_MINUTE.items()
        },
        cars=pd.concat(cars, ignore_index=True),
        days=len(folders),
    )


def _directories(opened: Opened, scenario: str) -> list[Path]:
    if opened.study is None:
        return [opened.stored_run(scenario).directory]
    return [opened.study.run_directory(scenario, sample) for sample in opened.runs[scenario]]


def _stacked(opened: Opened, scenario: str) -> xr.Dataset:
    """Return a finished study's days of a scenario, with the stations that it has."""
    from trafficdiff.workflows.charging_study import open_charging

    assert opened.study is not None  # who calls has looked
    whole = open_charging(opened.study.directory).sel(scenario=scenario, sample=list(opened.runs[scenario]))
    return whole.isel(station=np.flatnonzero(np.isfinite(whole["station_plugs"].to_numpy())))


def _singly(folders: Sequence[Path]) -> xr.Dataset:
    """Return the days of runs one by one, over the minutes that all have: a study that is still running is no stack."""
    import xarray as xr

    days = [xr.load_dataset(folder / "stations.nc", engine="h5netcdf") for folder in folders]
    kept = [day[list(_BY_MINUTE.values())] for day in days]
    return xr.concat(kept, dim="sample", join="inner", coords="minimal", compat="override")


def _stations(tables: Sequence[pd.DataFrame], days: xr.Dataset) -> pd.DataFrame:
    import pandas as pd

    first = tables[0].set_index("station")
    of_station = {"lon": "station_longitude", "lat": "station_latitude"}
    ids = days["station"].to_numpy().astype(str)
    found = pd.DataFrame({name: days[what].to_numpy() for name, what in of_station.items()}, index=ids)
    names = days["station_name"].to_numpy().astype(str) if "station_name" in days.coords else ids
    found.insert(0, "name", np.where(names == "", ids, names))
    for name in _FIXED:
        found[name] = first[name].reindex(found.index)
    found["feeder"] = found["feeder"].fillna("")
    for name in _MEASURED:
        each = np.stack([table.set_index("station")[name].reindex(found.index).to_numpy(float) for table in tables])
        known = np.isfinite(each).any(axis=0)
        for ending, of in (("", np.nanmean), ("_low", np.nanmin), ("_high", np.nanmax)):
            column = np.full(len(found), np.nan)
            column[known] = of(each[:, known], axis=0)
            found[name + ending] = column
    return found


def day_profile(days: dict[str, ChargingDays], what: str, *, stations: dict[str, NDArray[np.bool_]]) -> pd.DataFrame:
    """Return the sum over stations by minute as `export.charts.time_profile` takes it: mean of the days and their band.

    Parameters
    ----------
    days
        By name of the series, the base first.
    what
        ``"power"``, ``"queue"`` or ``"occupied"``.
    stations
        Shape (stations,) by series: which ones are summed up.
    """
    import pandas as pd

    parts = []
    for series, found in days.items():
        each = found.by_minute[what][:, stations[series]].sum(axis=1)
        low, high = _band(each)
        parts.append(
            pd.DataFrame(
                {"series": series, "time_s": found.time_s, "mean": each.mean(axis=0), "low": low, "high": high}
            )
        )
    return pd.concat(parts, ignore_index=True)


def _band(each: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return least and largest over the days, of nine in ten days where there are many; NaN of a single day."""
    if len(each) < 2:
        nothing = np.full(each.shape[1], np.nan)
        return nothing, nothing
    if len(each) < _MANY_DAYS:
        return each.min(axis=0), each.max(axis=0)
    low, high = np.quantile(each, [0.05, 0.95], axis=0)
    return low, high


@st.cache_resource(max_entries=CACHE_OF_TABLES, show_spinner=False, hash_funcs={ChargingDays: id})
def outcomes(days: ChargingDays) -> pd.DataFrame:
    """Return one row for what became of the cars: how many a day, and means over them; ``outcome`` is the index."""
    cars = days.cars
    by = cars.groupby("outcome")
    table = by[["waited_s", "detour_s", "charge_start", "charged_kwh", "unmet_kwh", "cost"]].mean()
    table.insert(0, "cars", by.size() / days.days)
    return table.reindex([name for name in _OUTCOMES if name in table.index])
