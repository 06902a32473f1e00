"""Hold which EV is to charge where: what the plan hands to the simulation, and the simulation answers to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.errors import Faults, TripError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.charging_demand import ChargingWishes
    from trafficdiff.datatypes.stations import ChargingStation
    from trafficdiff.datatypes.trips import TripSet

__all__ = ["ChargingPlan"]


@dataclass(frozen=True, eq=False, kw_only=True)
class ChargingPlan:
    """Represent the planned stops of EVs, a row a wish; immutable.

    Parameters
    ----------
    trips
        All trips; those that charge pass by their station, and nobody's route is open to doubt: the set proves it.
    stations
        At the roads of these trips.
    wishes
        Who wants to charge.
    choices
        Shape (W, K), positions of the stations that each tries, the chosen one first; -1 where there is none.
    detour_s
        Shape (W,), time that the way over the chosen station takes longer [s]; NaN without one.
    arrival_s, wait_s
        Shape (W,), when it is expected at the station [s of the day], and how long it is expected to wait [s].
    reason
        Shape (W,), why there is no station; ``""`` where there is one.

    Raises
    ------
    TripError
        If the columns do not fit together.
    """

    trips: TripSet
    stations: tuple[ChargingStation, ...]
    wishes: ChargingWishes
    choices: NDArray[np.int64]
    detour_s: NDArray[np.float64]
    arrival_s: NDArray[np.float64]
    wait_s: NDArray[np.float64]
    reason: NDArray[np.object_]

    def __post_init__(self) -> None:
        faults = Faults("charging plan")
        for name in ("choices", "detour_s", "arrival_s", "wait_s", "reason"):
            if len(getattr(self, name)) != len(self.wishes):
                faults.add(f"expected {len(self.wishes)} rows of {name}, got {len(getattr(self, name))}")
        faults.raise_if_any(TripError)
        if len(self.wishes) and self.wishes.trip[-1] >= len(self.trips):
            faults.add(f"expected wishes of {len(self.trips)} trips, got one of trip {self.wishes.trip[-1]}")
        if self.choices.size and self.choices.max() >= len(self.stations):
            faults.add(f"expected choices among {len(self.stations)} stations, got {self.choices.max()}")
        faults.raise_if_any(TripError)

    @property
    def chosen(self) -> NDArray[np.int64]:
        """Position of each EV's station, shape (W,); -1 without one."""
        return self.choices[:, 0] if self.choices.size else np.full(len(self.wishes), -1)

    @property
    def wanted_kwh(self) -> NDArray[np.float64]:
        """Energy from the charge on departure to the target, shape (W,) [kWh]; what the way takes comes on top."""
        rows = self.wishes.trip
        missing = self.wishes.target - self.trips.state_of_charge[rows]
        return np.asarray(np.maximum(missing, 0.0) * self.trips.battery_kwh[rows])
