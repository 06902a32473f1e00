"""Steer the cars that charge while SUMO runs: every one turns in, gets a plug, waits, or is sent on.

::

    departs ─▶ drives to the waiting area ─▶ queue ─┬─▶ plug ─▶ drives on
                        ▲                           └─▶ next station of its list, or gives up and drives on
                        └──────────────────────────────┘

SUMO tells who has begun or ended to park, so that a step costs little whatever the number of cars. Plugs are read once
a minute and at both ends of a session.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from trafficdiff.simulation.charging_meter import Meter, level_wh
from trafficdiff.simulation.charging_queue import Guest, SiteQueue
from trafficdiff.simulation.charging_records import PERIOD_S, CarRecord, SessionRecord, write_log
from trafficdiff.simulation.charging_sites import charger_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trafficdiff.datatypes.charging_smart import SmartCharging
    from trafficdiff.datatypes.stations import ChargingStation
    from trafficdiff.simulation.control import Controller

__all__ = ["ChargingPolicy", "PlannedCar"]

_PARKING: Final = 1  # SUMO's flag of a stop beside the lane
_VAPORIZED: Final = 3  # SUMO's reason for taking a vehicle off the road
_EMPTY_WH: Final = 50.0
"""Below this level a car is empty: 300 m in town. Declared; SUMO drives on at 0, and braking fills a little."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class PlannedCar:
    """Be an EV that wants to charge: its row in the plan, its stations in order, what it wants and how long it waits.

    `due_s` is when it is expected; `last_edge` is where its trip ends; `stay_s` is how long it keeps a plug at least.
    """

    row: int
    choices: tuple[int, ...]
    battery_wh: float
    target_wh: float
    patience_s: float
    books: bool
    due_s: float
    last_edge: str
    reason: str = ""
    stay_s: float = 0.0


class ChargingPolicy:
    """Steer charging; see the module. It writes `charging_records.CHARGING_LOG` into the run's directory at the end.

    Parameters
    ----------
    stations, waiting_m
        At the roads of the net, as `charging_sites` wrote them, and where on these cars turn in to wait [m].
    cars
        Who wants to charge, by name.
    watched
        Other EVs that might run empty.
    begin_s
        When the simulation begins [s].
    feeder_caps_kw, temperature_c, smart
        As `Meter`.
    """

    def __init__(
        self,
        stations: Sequence[ChargingStation],
        cars: Mapping[str, PlannedCar],
        *,
        waiting_m: Sequence[float],
        watched: Sequence[str] = (),
        begin_s: float,
        feeder_caps_kw: Mapping[str, float] | None = None,
        temperature_c: float = 20.0,
        smart: SmartCharging | None = None,
    ) -> None:
        self._stations, self._cars = tuple(stations), dict(cars)
        self._gives_back = smart is not None and smart.vehicle_to_grid is not None
        self._waiting_m = tuple(waiting_m)
        self._meter = Meter(
            self._stations, feeder_caps_kw=feeder_caps_kw or {}, temperature_c=temperature_c, smart=smart
        )
        self._records = {name: CarRecord(row=car.row, reason=car.reason) for name, car in self._cars.items()}
        self._queues = [
            SiteQueue([True] * one.plug_count, [plug.usable_kw for plug in one.each_plug], one.bays)
            for one in self._stations
        ]
        for name, car in self._cars.items():
            if car.books and car.choices:
                self._queues[car.choices[0]].due[name] = car.due_s
        self._at_plug: dict[str, tuple[int, int]] = {}
        self._waits: list[tuple[int, float, float]] = []
        self._look_s = [-math.inf] * len(self._stations)
        self._on_road: set[str] = set()
        self._watched = frozenset(watched) | frozenset(self._cars)
        self._to_come, self._mover = set(self._watched), ""
        self._others_stranded: dict[str, float] = {}
        self._begin_s, self._next_s = begin_s, begin_s

    def step(self, controller: Controller, time_s: float) -> None:
        """Answer to what has happened in the step before `time_s`."""
        self._hear_of_trips(controller, time_s)
        if time_s >= self._next_s:
            self._sample(controller, time_s)
        elif time_s in self._meter.changes_s:
            self._meter.sample(controller, time_s)
        self._hear_of_parking(controller, time_s)
        for name in self._meter.finished(controller, time_s):
            self._let_go(controller, name)
        for place, queue in enumerate(self._queues):
            if queue.waiting and time_s >= self._look_s[place]:
                self._serve(controller, place, queue, time_s)
                self._look_s[place] = queue.next_look_s()

    def quiet_until(self, time_s: float) -> float:
        """Return the time before which nothing can happen that is to be answered; `time_s` while cars are on the road.

        Where everybody who may charge stands at a plug or waits for one, SUMO may go on alone until the next session
        ends, the next patience does, or the next minute begins.
        """
        if self._to_come or self._moves(self._mover):
            return time_s
        self._mover = next((name for name in self._on_road if self._moves(name)), "")
        if self._mover:
            return time_s
        looks = (look_s for look_s, queue in zip(self._look_s, self._queues, strict=True) if queue.waiting)
        changes = (change_s for change_s in self._meter.changes_s if change_s > time_s)
        return max(time_s, min(self._next_s, self._meter.next_s, *looks, *changes))

    def _moves(self, name: str) -> bool:
        record = self._records.get(name)
        return name in self._on_road and (record is None or record.phase not in {"waiting", "charging"})

    def _hear_of_trips(self, controller: Controller, time_s: float) -> None:
        news = controller.simulation
        for name in news.getDepartedIDList() if self._to_come else ():
            if name in self._watched:
                self._on_road.add(name)
                self._to_come.discard(name)
            if name in self._cars:
                self._depart(controller, name, time_s)
        for name in news.getArrivedIDList():
            self._arrive(name)
        for name in news.getStartingTeleportIDList():
            if name in self._records:
                self._records[name].teleports += 1

    def _hear_of_parking(self, controller: Controller, time_s: float) -> None:
        news = controller.simulation
        for name in news.getParkingEndingVehiclesIDList():
            self._hear_of_leaving(controller, name, time_s)
        for name in news.getParkingStartingVehiclesIDList():
            if name in self._cars:
                self._park(controller, name, time_s)

    def _let_go(self, controller: Controller, name: str) -> None:
        self._records[name].phase = "charged"
        controller.vehicle.resume(name)

    def _hear_of_leaving(self, controller: Controller, name: str, time_s: float) -> None:
        if name in self._at_plug and self._records[name].phase == "charged":
            self._meter.unplug(controller, name, time_s)
            station, plug = self._at_plug.pop(name)
            self._free(station, plug)

    def finish(self, controller: Controller, time_s: float) -> None:
        """Write down what has happened."""
        self._meter.close(controller, time_s)
        for place, queue in enumerate(self._queues):
            for guest in queue.waiting:
                self._waits.append((place, guest.since_s, time_s))
                self._records[guest.name].waited_s += time_s - guest.since_s
        write_log(
            controller.directory,
            begin_s=self._begin_s,
            end_s=time_s,
            cars=self._records,
            sessions=self._meter.sessions,
            minutes=self._meter.minutes,
            waits=self._waits,
            others_stranded=self._others_stranded,
            gives_back=self._gives_back,
        )

    def _sample(self, controller: Controller, time_s: float) -> None:
        if self._meter.minutes.energy_wh:
            self._meter.sample(controller, time_s)
        else:
            self._meter.share_power(controller, time_s)
        self._meter.minutes.begin()
        self._next_s += PERIOD_S
        for name in sorted(self._on_road):
            record = self._records.get(name)
            if name in self._at_plug or (record is not None and record.phase == "waiting"):
                continue
            if level_wh(controller, name) <= _EMPTY_WH:
                self._strand(controller, name, time_s)

    def _depart(self, controller: Controller, name: str, time_s: float) -> None:
        car, record = self._cars[name], self._records[name]
        record.departed_s = time_s
        if not car.choices:
            record.phase = "gave up"
            return
        record.phase, record.station, record.tried = "driving", car.choices[0], 1
        if self._leads_past(controller, name, self._stations[record.station], last_edge=car.last_edge):
            self._turn_in(controller, name, record.station)
        else:
            record.phase, record.reason = "gave up", "no way led to its station any more"

    def _leads_past(self, controller: Controller, name: str, station: ChargingStation, *, last_edge: str) -> bool:
        """Return whether a car passes its station; who looked for a faster way before departing is led back."""
        route = controller.vehicle.getRoute(name)
        ahead = route[max(controller.vehicle.getRouteIndex(name), 0) :]
        return station.edge in ahead or self._reroute(controller, name, ahead[0], station, last_edge=last_edge)

    def _turn_in(self, controller: Controller, name: str, place: int) -> None:
        station = self._stations[place]
        controller.vehicle.setStop(name, station.edge, self._waiting_m[place], station.lane, flags=_PARKING)

    def _arrive(self, name: str) -> None:
        self._on_road.discard(name)
        record = self._records.get(name)
        if record is not None and record.phase in {"driving", "to plug"}:
            if name in self._at_plug:
                station, plug = self._at_plug.pop(name)
                self._free(station, plug)
            self._queues[record.station].drop(name)
            record.phase, record.reason = "missed", "it passed its station"

    def _park(self, controller: Controller, name: str, time_s: float) -> None:
        record, car = self._records[name], self._cars[name]
        if record.phase == "to plug":
            station, plug = self._at_plug[name]
            record.phase = "charging"
            session = SessionRecord(
                row=car.row, station=station, plug=plug, came_s=record.came_s, plugged_s=time_s,
                level_in_wh=level_wh(controller, name), waited_s=record.waited_s,
            )  # fmt: skip
            self._meter.plug_in(
                controller, name, session, battery_wh=car.battery_wh, target_wh=car.target_wh, stay_s=car.stay_s
            )
        elif record.phase == "driving":
            self._come(controller, name, time_s)

    def _come(self, controller: Controller, name: str, time_s: float) -> None:
        record, car = self._records[name], self._cars[name]
        record.came_s = time_s
        place = record.station
        queue = self._queues[place]
        guest = Guest(name, time_s, time_s + max(0.0, car.patience_s - record.waited_s), booked=car.books)
        is_open = self._stations[place].is_open(time_s)
        plug = (
            queue.come(guest, time_s=time_s, expected_wait_s=self._expected_wait_s(place, time_s)) if is_open else None
        )
        if plug is None:
            self._send_on(controller, name, "it found the station closed" if not is_open else "the queue was too long")
        elif plug >= 0:
            self._to_plug(controller, name, place, plug)
        else:
            record.phase = "waiting"
            self._look_s[place] = -math.inf

    def _expected_wait_s(self, place: int, time_s: float) -> float:
        """Return how long one more who comes would wait, as far as can be seen: who is ahead takes the mean stay."""
        ahead, plugs = len(self._queues[place].waiting), self._stations[place].plug_count
        remaining = self._meter.remaining_s(place, time_s)
        if len(remaining) + ahead < plugs or not remaining:
            return 0.0
        mean_s = sum(remaining) / len(remaining) * 2.0
        return remaining[min(ahead % plugs, len(remaining) - 1)] + (ahead // plugs) * mean_s

    def _serve(self, controller: Controller, place: int, queue: SiteQueue, time_s: float) -> None:
        while (admitted := queue.admit(time_s)) is not None:
            guest, plug = admitted
            self._leave_queue(guest, place, time_s)
            self._to_plug(controller, guest.name, place, plug)
        for guest in queue.impatient(time_s):
            self._leave_queue(guest, place, time_s)
            self._send_on(controller, guest.name, "it waited as long as it could")

    def _free(self, place: int, plug: int) -> None:
        self._queues[place].give_back(plug)
        self._look_s[place] = -math.inf

    def _leave_queue(self, guest: Guest, place: int, time_s: float) -> None:
        self._waits.append((place, guest.since_s, time_s))
        self._records[guest.name].waited_s += time_s - guest.since_s

    def _to_plug(self, controller: Controller, name: str, place: int, plug: int) -> None:
        self._at_plug[name] = (place, plug)
        self._records[name].phase = "to plug"
        charger = charger_id(self._stations[place], plug)
        controller.vehicle.setChargingStationStop(name, charger, flags=_PARKING)
        controller.vehicle.resume(name)

    def _send_on(self, controller: Controller, name: str, why: str) -> None:
        """Send a car to the next station of its list that it can drive to, or home."""
        record, car = self._records[name], self._cars[name]
        record.reason = why
        here = self._stations[record.station].edge
        while record.tried < len(car.choices) and record.waited_s < car.patience_s:
            place = car.choices[record.tried]
            record.tried += 1
            if self._reroute(controller, name, here, self._stations[place], last_edge=car.last_edge):
                record.phase, record.station = "driving", place
                self._turn_in(controller, name, place)
                controller.vehicle.resume(name)
                return
        record.phase = "gave up"
        controller.vehicle.resume(name)

    @staticmethod
    def _reroute(controller: Controller, name: str, here: str, station: ChargingStation, *, last_edge: str) -> bool:
        if station.edge == here:
            return False  # it has passed the waiting area of a station at the same road
        kind = controller.vehicle.getTypeID(name)
        there = controller.simulation.findRoute(here, station.edge, vType=kind)
        onward = controller.simulation.findRoute(station.edge, last_edge, vType=kind)
        if not there.edges or not onward.edges:
            return False
        controller.vehicle.setRoute(name, [*there.edges, *onward.edges[1:]])
        return True

    def _strand(self, controller: Controller, name: str, time_s: float) -> None:
        """Take a car with an empty battery off the road, as a tow truck does."""
        self._on_road.discard(name)
        record = self._records.get(name)
        if record is None:
            self._others_stranded[name] = time_s
        else:
            record.stranded_s, record.stranded_edge = time_s, controller.vehicle.getRoadID(name)
            if record.phase != "charged":
                for queue in self._queues:
                    queue.drop(name)
                record.phase = "stranded"
        controller.vehicle.remove(name, _VAPORIZED)
