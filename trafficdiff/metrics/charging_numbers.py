"""Say in single numbers how charging went, and whether the energies agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.metrics.charging_stations import concentration
from trafficdiff.units import SECONDS_PER_HOUR

if TYPE_CHECKING:
    import pandas as pd

    from trafficdiff.datatypes.charging_result import ChargingResult

__all__ = ["balance_error", "car_balance_kwh", "charging_numbers"]


def charging_numbers(result: ChargingResult) -> dict[str, float]:
    """Return the numbers of the whole area, by name in `trafficdiff.units`; NaN where nothing can be said."""
    data, cars, counts = result.data, result.cars, result.counts()
    came = cars[cars["came_s"].notna()]
    length_s = data["interval_length"]
    plug_hours = float(data["station_plugs"].sum() * length_s.sum() / SECONDS_PER_HOUR)
    most_kwh = float(data["station_installed_power"].sum() * length_s.sum() / SECONDS_PER_HOUR)
    grid = float(data["station_grid_energy"].sum())
    energy = data["station_energy"].sum("time")
    occupied_hours = float((data["station_occupied"] * length_s).sum() / SECONDS_PER_HOUR)
    load = data["station_power"].sum("station")
    return {
        "charging_wanted": float(len(cars)),
        "charging_served": float(counts["served"]),
        "charging_waiting": float(counts["waiting"]),
        "charging_unmet": float(counts["unmet"]),
        "charging_stranded": float(counts["stranded"]),
        "charging_passed": float((cars["phase"] == "missed").sum()),
        "stranded_others": float(len(result.others_stranded)),
        "charged_energy": float(result.sessions["energy_kwh"].sum()),
        "charging_grid_energy": grid,
        "unmet_energy": float(cars["unmet_kwh"].sum()),
        "mean_charging_wait": float(came["waited_s"].mean()) if len(came) else float("nan"),
        "max_charging_wait": float(came["waited_s"].max()) if len(came) else float("nan"),
        "mean_charging_detour": float(cars["detour_s"].mean()) if cars["detour_s"].notna().any() else float("nan"),
        "peak_charging_power": float(load.max()) if load.size else 0.0,
        "charging_utilisation": occupied_hours / plug_hours if plug_hours else float("nan"),
        "charging_capacity_factor": grid / most_kwh if most_kwh else float("nan"),
        "charging_concentration": float(concentration(energy)) if energy.sizes["station"] else float("nan"),
        "charging_balance_error": balance_error(result),
    }


def car_balance_kwh(cars: pd.DataFrame) -> pd.Series:
    """Return for each EV what start + charged - driven leaves over against the charge at its end [kWh]; 0 is right."""
    size = cars["battery_kwh"]
    return cars["charge_start"] * size + cars["charged_kwh"] - cars["driven_kwh"] - cars["charge_end"] * size


def balance_error(result: ChargingResult) -> float:
    """Return |energy that SUMO's stations count - gains of the batteries| over the gains; 0 where nobody charged.

    A battery's gain is its charge at the end less that at the start, plus what it drove: three numbers that the
    stations' record has no part in.
    """
    cars = result.cars[result.cars["driven_kwh"].notna()]
    gains = (cars["charge_end"] - cars["charge_start"]) * cars["battery_kwh"] + cars["driven_kwh"]
    gained, given = float(gains.sum()), float(sum(result.station_kwh.values()))
    if given == 0 and np.isclose(gained, 0, atol=1e-2):
        return 0.0
    return abs(given - gained) / max(gained, 1e-9)
