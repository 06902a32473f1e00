"""Leave it to SUMO's own station finder where cars charge, and write down what becomes of them.

Nothing is planned and no queue is kept: the device looks for a station with a free plug near by, again and again, and
cars that find it taken wait on the road or go on looking. The numbers are counted as those of our own steering are, so
that both can be laid side by side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trafficdiff.simulation.charging_meter import level_wh
from trafficdiff.simulation.charging_policy import ChargingPolicy
from trafficdiff.simulation.charging_records import SessionRecord

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from trafficdiff.datatypes.charging_options import ChargingOptions
    from trafficdiff.datatypes.charging_plan import ChargingPlan
    from trafficdiff.simulation.control import Controller

__all__ = ["FINDER", "FinderPolicy", "drop_finder_rows", "finder_options"]

FINDER: Final = "device.stationfinder."
"""How the names of its options begin."""

_RADIUS_S: Final = 600.0
"""How far the device looks [s]; its own 180 s reach no station from most of a town (declared)."""


def finder_options(plan: ChargingPlan, charging: ChargingOptions) -> tuple[tuple[str, str], ...]:
    """Return the options that give SUMO's device to those who want to charge, and to nobody else."""
    if not len(plan.wishes):
        return ()
    names = plan.trips.trip_id[plan.wishes.trip].astype(str).tolist()
    return (
        (f"{FINDER}explicit", ",".join(names)),
        (f"{FINDER}needToChargeLevel", "1"),
        (f"{FINDER}saturatedChargeLevel", f"{charging.target:g}"),
        (f"{FINDER}checkEnergyForRoute", "false"),
        (f"{FINDER}radius", f"{_RADIUS_S:g}"),
        (f"{FINDER}waitForCharge", f"{charging.patience_s:g}"),
    )


class FinderPolicy(ChargingPolicy):
    """Watch what SUMO's station finder does; parameters as `ChargingPolicy`."""

    def quiet_until(self, time_s: float) -> float:
        """Return now: SUMO may park a car in any step."""
        return time_s

    def _depart(self, controller: Controller, name: str, time_s: float) -> None:
        del controller
        record = self._records[name]
        record.departed_s, record.phase = time_s, "driving"

    def _arrive(self, name: str) -> None:
        self._on_road.discard(name)
        record = self._records.get(name)
        if record is not None and record.phase == "driving":
            record.phase, record.reason = "gave up", "SUMO's station finder brought it to no free plug"

    def _park(self, controller: Controller, name: str, time_s: float) -> None:
        record, car = self._records[name], self._cars[name]
        found = self._plug_of(controller.vehicle.getStops(name, 1))
        if found is None:
            return
        record.station, plug = found
        record.phase, record.tried = "charging", record.tried + 1
        record.came_s = time_s if record.came_s < 0 else record.came_s
        self._at_plug[name] = found
        session = SessionRecord(
            row=car.row, station=found[0], plug=plug, came_s=time_s, plugged_s=time_s,
            level_in_wh=level_wh(controller, name), waited_s=0.0,
        )  # fmt: skip
        self._meter.plug_in(controller, name, session, battery_wh=car.battery_wh, target_wh=car.target_wh)

    def _plug_of(self, stops: Sequence[object]) -> tuple[int, int] | None:
        """Return station and plug of the stop that a car stands at; None if it is none of ours."""
        name = str(getattr(stops[0], "stoppingPlaceID", "")).removesuffix(".place") if stops else ""
        station, _, plug = name.rpartition(".plug")
        places = {one.id: place for place, one in enumerate(self._stations)}
        return (places[station], int(plug)) if station in places and plug.isdigit() else None

    def _let_go(self, controller: Controller, name: str) -> None:
        """Leave it to SUMO when a car has enough."""

    def _hear_of_leaving(self, controller: Controller, name: str, time_s: float) -> None:
        if name in self._at_plug:
            self._records[name].phase = "charged"
            self._meter.unplug(controller, name, time_s)
            del self._at_plug[name]


def drop_finder_rows(tripinfo: Path) -> None:
    """Take the device's own rows out of SUMO's trip information, so that each vehicle has one.

    SUMO 1.28 writes a second row, with values under other columns' names, for a vehicle whose station finder has found
    something. The vehicle's own row comes after it.
    """
    import numpy as np
    import pyarrow.parquet as pq

    table = pq.read_table(tripinfo)
    names = table["tripinfo_id"].to_numpy(zero_copy_only=False)
    _, last = np.unique(names[::-1], return_index=True)
    if len(last) < len(names):
        pq.write_table(table.take(np.sort(len(names) - 1 - last)), tripinfo)
