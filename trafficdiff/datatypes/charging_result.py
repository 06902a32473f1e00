"""Hold what charging did to stations, minute by minute, and to every EV that wanted to charge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from trafficdiff.datatypes.charging_demand import OUTCOMES
from trafficdiff.errors import Faults, SimulationError
from trafficdiff.units import check_dataset

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["CAR_COLUMNS", "SESSION_COLUMNS", "ChargingResult"]

CAR_COLUMNS: Final[dict[str, str]] = {
    "trip_id": "",
    "outcome": "",
    "phase": "",
    "reason": "",
    "planned_station": "",
    "station": "",
    "stations_tried": "1",
    "teleports": "1",
    "depart_s": "s",
    "came_s": "s",
    "planned_wait_s": "s",
    "waited_s": "s",
    "detour_s": "s",
    "battery_kwh": "kW h",
    "charge_start": "1",
    "charge_end": "1",
    "charge_target": "1",
    "wanted_kwh": "kW h",
    "charged_kwh": "kW h",
    "driven_kwh": "kW h",
    "unmet_kwh": "kW h",
    "cost": "",
    "stranded_s": "s",
    "stranded_edge": "",
}
"""Columns of the table of EVs that wanted to charge, and their units. Times are of the day, NaN where it never was.

`unmet_kwh` is what was missing to the target at the battery when the simulation ended or the trip did; `driven_kwh` is
net of what braking gave back, so that charge at the start + charged - driven = charge at the end."""

SESSION_COLUMNS: Final[dict[str, str]] = {
    "trip_id": "",
    "station": "",
    "plug": "1",
    "came_s": "s",
    "waited_s": "s",
    "plugged_s": "s",
    "unplugged_s": "s",
    "charge_in": "1",
    "charge_out": "1",
    "energy_kwh": "kW h",
    "grid_kwh": "kW h",
    "cost": "",
}
"""Columns of the table of sessions: energy into the battery and from the grid [kWh]; no `unplugged_s` if it goes on."""


@dataclass(frozen=True, eq=False)
class ChargingResult:
    """Represent what charging did in one simulation.

    Parameters
    ----------
    data
        Dims ``station``, ``time`` (minutes); variables of `trafficdiff.units`.
    cars
        One row an EV that wanted to charge, columns `CAR_COLUMNS`.
    sessions
        One row a stay at a plug, columns `SESSION_COLUMNS`.
    station_kwh
        Energy that SUMO's own record of its charging stations gives, by station [kWh]: the second opinion.
    others_stranded
        EVs that did not want to charge and ran empty: when [s], by trip.

    Raises
    ------
    SimulationError
        If tables lack columns, or an EV has no outcome.
    """

    data: xr.Dataset
    cars: pd.DataFrame
    sessions: pd.DataFrame
    station_kwh: dict[str, float]
    others_stranded: dict[str, float]

    def __post_init__(self) -> None:
        check_dataset(self.data, heading="charging result")
        faults = Faults("charging result")
        for table, columns in ((self.cars, CAR_COLUMNS), (self.sessions, SESSION_COLUMNS)):
            if missing := set(columns) - set(table.columns):
                faults.add(f"expected the columns {list(columns)}, missing {sorted(missing)}")
        faults.raise_if_any(SimulationError)
        if not set(self.cars["outcome"]) <= set(OUTCOMES):
            faults.add(f"expected outcomes among {OUTCOMES}, got {sorted(set(self.cars['outcome']))}")
        faults.raise_if_any(SimulationError)

    def counts(self) -> dict[str, int]:
        """Return how many EVs ended how; together they are those that wanted to charge."""
        found = self.cars["outcome"].value_counts()
        return {name: int(found.get(name, 0)) for name in OUTCOMES}
