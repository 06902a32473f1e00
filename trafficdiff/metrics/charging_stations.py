"""Say how stations were used: by station, by feeder, and which of them carry the load.

Terms follow Atlas Public Policy's charging-use definitions and HOMER Grid's outputs, where they have the word:
utilisation is by time (plug hours with a car) and by energy (the capacity factor).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.units import SECONDS_PER_HOUR

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    import xarray as xr
    from numpy.typing import NDArray

    from trafficdiff.datatypes.charging_result import ChargingResult
    from trafficdiff.datatypes.stations import ChargingStation

__all__ = ["STATION_COLUMNS", "concentration", "feeder_load", "station_numbers", "station_table"]

STATION_COLUMNS: Final[dict[str, str]] = {
    "station": "",
    "site_type": "",
    "feeder": "",
    "edge": "",
    "plugs": "1",
    "installed_kw": "kW",
    "sessions": "1",
    "sessions_a_day": "d-1",
    "energy_kwh": "kW h",
    "grid_kwh": "kW h",
    "income": "",
    "occupied_hours": "h",
    "charging_hours": "h",
    "idle_hours": "h",
    "utilisation": "1",
    "capacity_factor": "1",
    "full_share": "1",
    "peak_kw": "kW",
    "mean_wait_s": "s",
    "max_wait_s": "s",
    "mean_queue": "1",
    "max_queue": "1",
    "came": "1",
    "missed_sessions": "1",
    "energy_share": "1",
}
"""Columns of the table of stations, and their units: `full_share` is the congestion rate, the share of time in which
all plugs had a car; `missed_sessions` counts EVs that wanted this station last and got no plug."""

_NUMBERS: Final[dict[str, str]] = {
    "station_sessions": "sessions",
    "station_came": "came",
    "station_missed": "missed_sessions",
    "station_mean_wait": "mean_wait_s",
    "station_max_wait": "max_wait_s",
    "station_income": "income",
}
_DAY_S: Final = 86_400.0
_BUSIEST: Final = 0.2


def station_table(result: ChargingResult, stations: Sequence[ChargingStation]) -> pd.DataFrame:
    """Return one row a station, columns `STATION_COLUMNS`, in the order of the stations.

    Parameters
    ----------
    result
        What charging did.
    stations
        Those of the plan.
    """
    import pandas as pd

    data, cars, sessions = result.data, result.cars, result.sessions
    length_s = data["interval_length"]
    whole_s = float(length_s.sum())
    plugs, installed_kw = data["station_plugs"], data["station_installed_power"]
    ids = [station.id for station in stations]
    by = sessions.groupby("station")
    count = by.size().reindex(ids, fill_value=0).to_numpy()
    occupied_h = (data["station_occupied"] * length_s).sum("time") / SECONDS_PER_HOUR
    charging_h = (data["station_charging"] * length_s).sum("time") / SECONDS_PER_HOUR
    charging_h = charging_h.where(charging_h < occupied_h, occupied_h)
    energy, grid = data["station_energy"].sum("time"), data["station_grid_energy"].sum("time")
    full = data["station_occupied"] >= plugs - 1e-6
    came = cars[cars["came_s"].notna()].groupby("station")
    lost = cars[cars["outcome"].isin(["unmet", "stranded"]) & (cars["station"] != "")]
    table = {
        "station": ids,
        "site_type": [station.site_type for station in stations],
        "feeder": [station.feeder for station in stations],
        "edge": [station.edge for station in stations],
        "plugs": plugs.to_numpy(),
        "installed_kw": installed_kw.to_numpy(),
        "sessions": count,
        "sessions_a_day": count * _DAY_S / whole_s,
        "energy_kwh": energy.to_numpy(),
        "grid_kwh": grid.to_numpy(),
        "income": by["cost"].sum().reindex(ids, fill_value=0.0).to_numpy(),
        "occupied_hours": occupied_h.to_numpy(),
        "charging_hours": charging_h.to_numpy(),
        "idle_hours": (occupied_h - charging_h).to_numpy(),
        "utilisation": (occupied_h / (plugs * whole_s / SECONDS_PER_HOUR)).to_numpy(),
        "capacity_factor": (grid / (installed_kw * whole_s / SECONDS_PER_HOUR)).to_numpy(),
        "full_share": (full * length_s).sum("time").to_numpy() / whole_s,
        "peak_kw": data["station_power"].max("time").to_numpy(),
        "mean_wait_s": came["waited_s"].mean().reindex(ids).to_numpy(),
        "max_wait_s": came["waited_s"].max().reindex(ids).to_numpy(),
        "mean_queue": ((data["station_queue"] * length_s).sum("time") / whole_s).to_numpy(),
        "max_queue": data["station_queue"].max("time").to_numpy(),
        "came": came.size().reindex(ids, fill_value=0).to_numpy(),
        "missed_sessions": lost.groupby("station").size().reindex(ids, fill_value=0).to_numpy(),
        "energy_share": energy.to_numpy() / max(float(energy.sum()), 1e-12),
    }
    return pd.DataFrame({name: table[name] for name in STATION_COLUMNS})


def station_numbers(table: pd.DataFrame) -> dict[str, tuple[str, NDArray[np.float64]]]:
    """Return what the table of stations counts and minutes do not hold, as variables of a dataset over ``station``."""
    return {name: ("station", table[column].to_numpy(np.float64)) for name, column in _NUMBERS.items()}


def feeder_load(result: ChargingResult, stations: Sequence[ChargingStation]) -> xr.DataArray:
    """Return the power of each feeder by minute [kW], dims ``feeder``, ``time``; stations without one are ``""``."""
    power = result.data["station_power"].assign_coords(feeder=("station", [one.feeder for one in stations]))
    load = power.groupby("feeder").sum("station")
    load.attrs = {"units": "kW", "long_name": "power of the feeder's stations, mean over the minute"}
    return load.transpose("feeder", "time")


def concentration(energy: xr.DataArray) -> xr.DataArray:
    """Return the share of the energy that the busiest fifth of the stations gives, leading dimensions kept.

    Of five stations that is the busiest one; a fifth that is no whole number counts a part of the next station, so that
    equal stations give 0.2 whatever their number.
    """
    ordered = np.sort(energy.transpose(..., "station").to_numpy(), axis=-1)[..., ::-1]
    count = ordered.shape[-1]
    weight = np.clip(_BUSIEST * count - np.arange(count), 0.0, 1.0)
    total = ordered.sum(axis=-1)
    share = (ordered * weight).sum(axis=-1) / np.where(total > 0, total, np.nan)
    return energy.isel(station=0, drop=True).copy(data=share)
