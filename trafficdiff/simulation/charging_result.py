"""Read what a steered simulation left behind about charging, and check it against SUMO's own record."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.charging_result import CAR_COLUMNS, SESSION_COLUMNS, ChargingResult
from trafficdiff.errors import SimulationError
from trafficdiff.simulation.charging_records import CHARGING_LOG, PERIOD_S
from trafficdiff.simulation.columns import read_columns
from trafficdiff.units import with_attributes

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    import xarray as xr
    from numpy.typing import NDArray

    from trafficdiff.datatypes.charging_plan import ChargingPlan

__all__ = ["SUMO_CHARGING", "read_charging"]

SUMO_CHARGING: Final = "charging.xml"
"""SUMO's own record of its charging stations."""

_OUTCOME: Final = {
    "not departed": "waiting",
    "driving": "waiting",
    "waiting": "waiting",
    "to plug": "served",
    "charging": "served",
    "charged": "served",
    "gave up": "unmet",
    "missed": "unmet",
    "stranded": "stranded",
}


def read_charging(directory: Path, *, plan: ChargingPlan, tripinfo: Path) -> ChargingResult:
    """Read a simulation's charging.

    Parameters
    ----------
    directory
        Of the simulation.
    plan
        What was planned.
    tripinfo
        SUMO's trip information, for what was driven.

    Raises
    ------
    SimulationError
        If a file is missing or breaks off.
    """
    log = _read_log(directory)
    sessions = _sessions(log, plan)
    return ChargingResult(
        data=_by_minute(log, plan),
        cars=_cars(log, plan, sessions, tripinfo),
        sessions=sessions,
        station_kwh=_by_sumo(directory / SUMO_CHARGING, plan),
        others_stranded=dict(log["others_stranded"]),
    )


def _read_log(directory: Path) -> dict[str, Any]:
    try:
        content = json.loads((directory / CHARGING_LOG).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SimulationError(f"expected the record of charging {CHARGING_LOG}, got {error}; run it again") from error
    return dict(content)


def _sessions(log: dict[str, Any], plan: ChargingPlan) -> pd.DataFrame:
    import pandas as pd

    rows = log["sessions"]

    def get(name: str) -> NDArray[np.float64]:
        return np.array([row[name] for row in rows], np.float64)

    station, row = get("station").astype(int), get("row").astype(int)
    trip = plan.wishes.trip[row]
    battery_kwh = plan.trips.battery_kwh[trip]
    efficiency = np.array([one.efficiency for one in plan.stations])[station] if len(rows) else np.zeros(0)
    given = get("given_wh")
    table = {
        "trip_id": plan.trips.trip_id[trip],
        "station": np.array([one.id for one in plan.stations], object)[station] if len(rows) else station,
        "plug": get("plug").astype(int),
        **{name: _known(get(name)) for name in ("came_s", "waited_s", "plugged_s", "unplugged_s")},
        "charge_in": get("level_in_wh") / 1_000 / battery_kwh,
        "charge_out": get("level_out_wh") / 1_000 / battery_kwh,
        "energy_kwh": get("energy_wh") / 1_000,
        "grid_kwh": (get("energy_wh") + given) / 1_000 / efficiency - given / 1_000 * efficiency,
        "cost": get("cost"),
    }
    more = {"given_kwh": given / 1_000} if log["gives_back"] else {}
    return pd.DataFrame({name: table[name] for name in SESSION_COLUMNS} | more)


def _known(times_s: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(times_s < 0, np.nan, times_s)


def _cars(log: dict[str, Any], plan: ChargingPlan, sessions: pd.DataFrame, tripinfo: Path) -> pd.DataFrame:
    import pandas as pd

    trips, rows = plan.trips, plan.wishes.trip
    names = trips.trip_id[rows]
    records = [log["cars"][name] for name in names]

    def get(name: str) -> NDArray[Any]:
        return np.array([record[name] for record in records])

    ids = np.array([*(one.id for one in plan.stations), ""], object)
    battery = trips.battery_kwh[rows]
    measured = _batteries(tripinfo, names)
    start = trips.state_of_charge[rows]
    charged = sessions.groupby("trip_id")["energy_kwh"].sum().reindex(names, fill_value=0.0).to_numpy()
    cost = sessions.groupby("trip_id")["cost"].sum().reindex(names, fill_value=0.0).to_numpy()
    phase, station = get("phase"), get("station").astype(int)
    served = np.isin(phase, ["to plug", "charging", "charged"])
    highest = (sessions.groupby("trip_id")["charge_out"].max().reindex(names)).to_numpy(float)
    end = np.where(np.isnan(measured["level_kwh"]), start * battery, measured["level_kwh"]) / battery
    reached = np.where(np.isnan(highest), end, highest)
    table = {
        "trip_id": names,
        "outcome": np.array([_OUTCOME[one] for one in phase], object),
        "phase": phase.astype(object),
        "reason": np.where(served, "", np.where(plan.reason == "", get("reason").astype(object), plan.reason)),
        "planned_station": ids[plan.chosen],
        "station": ids[station],
        "stations_tried": get("tried").astype(int),
        "teleports": get("teleports").astype(int),
        "depart_s": _known(get("departed_s").astype(float)),
        "came_s": _known(get("came_s").astype(float)),
        "planned_wait_s": plan.wait_s,
        "waited_s": get("waited_s").astype(float),
        "detour_s": plan.detour_s,
        "battery_kwh": battery,
        "charge_start": start,
        "charge_end": end,
        "charge_target": plan.wishes.target,
        "wanted_kwh": plan.wanted_kwh,
        "charged_kwh": charged,
        "driven_kwh": measured["driven_kwh"],
        "unmet_kwh": np.maximum(plan.wishes.target - reached, 0.0) * battery,
        "cost": cost,
        "stranded_s": _known(get("stranded_s").astype(float)),
        "stranded_edge": get("stranded_edge").astype(object),
    }
    return pd.DataFrame({name: table[name] for name in CAR_COLUMNS})


def _batteries(tripinfo: Path, names: NDArray[np.object_]) -> dict[str, NDArray[np.float64]]:
    """Return each EV's level at the end and what it drove, net [kWh]; NaN for those that never departed."""
    import pandas as pd

    wanted = ("battery_actualBatteryCapacity", "battery_totalEnergyConsumed", "battery_totalEnergyRegenerated")
    columns = read_columns(tripinfo, ("id", *wanted), prefix="tripinfo")
    level, used, regained = (columns.numbers(name, missing=float("nan")) / 1_000 for name in wanted)
    place = pd.Index(columns.text("id")).get_indexer(pd.Index(names))
    found = place >= 0
    return {
        "level_kwh": np.where(found, level[place], np.nan),
        "driven_kwh": np.where(found, used[place] - regained[place], np.nan),
    }


def _by_minute(log: dict[str, Any], plan: ChargingPlan) -> xr.Dataset:
    import xarray as xr

    shape = (len(log["minutes"]["energy_wh"]), len(plan.stations))
    energy_kwh = np.array(log["minutes"]["energy_wh"], np.float64).reshape(shape).T / 1_000
    given_kwh = np.array(log["minutes"]["given_wh"], np.float64).reshape(shape).T / 1_000
    charging_s = np.array(log["minutes"]["charging_s"], np.float64).reshape(shape).T
    begins_s = log["begin_s"] + PERIOD_S * np.arange(shape[0])
    length_s = np.minimum(PERIOD_S, log["end_s"] - begins_s)
    efficiency = np.array([one.efficiency for one in plan.stations])[:, None]
    stays = [
        (int(row["station"]), row["plugged_s"], row["unplugged_s"] if row["unplugged_s"] >= 0 else log["end_s"])
        for row in log["sessions"]
    ]
    waits = [(int(station), begin_s, end_s) for station, begin_s, end_s in log["waits"]]
    dims = ("station", "time")
    hours = length_s / 3_600
    grid_kwh = (energy_kwh + given_kwh) / efficiency - given_kwh * efficiency
    variables = {
        "station_energy": (dims, energy_kwh),
        "station_grid_energy": (dims, grid_kwh),
        "station_power": (dims, grid_kwh / np.where(hours > 0, hours, np.nan)),
        "station_occupied": (dims, _present(stays, begins_s, length_s, stations=shape[1])),
        "station_charging": (dims, charging_s / np.where(length_s > 0, length_s, np.nan)),
        "station_queue": (dims, _present(waits, begins_s, length_s, stations=shape[1])),
    }
    if log["gives_back"]:
        variables["station_given_energy"] = (dims, given_kwh)
    data = xr.Dataset(
        variables,
        coords={
            "station": np.array([one.id for one in plan.stations], object),
            "time": begins_s,
            "interval_length": ("time", length_s),
            "station_plugs": ("station", np.array([one.plug_count for one in plan.stations])),
            "station_installed_power": ("station", np.array([one.installed_kw for one in plan.stations], np.float64)),
            "station_name": ("station", np.array([one.name for one in plan.stations], object)),
            "station_feeder": ("station", np.array([one.feeder for one in plan.stations], object)),
            "station_site_type": ("station", np.array([one.site_type for one in plan.stations], object)),
            "station_edge": ("station", np.array([one.edge for one in plan.stations], object)),
            "station_longitude": ("station", np.array([one.longitude_deg for one in plan.stations], np.float64)),
            "station_latitude": ("station", np.array([one.latitude_deg for one in plan.stations], np.float64)),
        },
    )
    return with_attributes(data)


def _present(
    stays: list[tuple[int, float, float]],
    begins_s: NDArray[np.float64],
    length_s: NDArray[np.float64],
    *,
    stations: int,
) -> NDArray[np.float64]:
    """Return the mean number present in each interval, shape (stations, intervals), from stays (station, from, to)."""
    total = np.zeros((stations, len(begins_s)))
    for station, begin_s, end_s in stays:
        total[station] += np.clip(np.minimum(end_s, begins_s + length_s) - np.maximum(begin_s, begins_s), 0.0, None)
    return np.asarray(total / np.where(length_s > 0, length_s, np.nan))


def _by_sumo(path: Path, plan: ChargingPlan) -> dict[str, float]:
    """Return the energy by station as SUMO has counted it [kWh]."""
    from lxml import etree

    total = dict.fromkeys((one.id for one in plan.stations), 0.0)
    try:
        walk = etree.iterparse(str(path), tag="chargingEvent", resolve_entities=False, no_network=True, load_dtd=False)
        for _, element in walk:
            station = str(element.get("chargingStationId")).rpartition(".")[0]
            total[station] += float(element.get("totalEnergyChargedIntoVehicle")) / 1_000
            element.clear()
    except (OSError, etree.XMLSyntaxError, ValueError, KeyError, TypeError) as error:
        raise SimulationError(f"expected the whole of SUMO's output {path.name}, got {error}; run it again") from error
    return total
