"""Give each shared quantity one name, one unit and one meaning.

Units are UDUNITS strings, as the CF conventions 1.11 ask (section 3.1). Lengths, times and speeds
are SI; where transport engineering has a customary unit (vehicles per hour, vehicles per kilometre,
vehicle-kilometres, vehicle-hours) that unit is part of the definition here, never of the name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from trafficdiff.errors import Faults, InputError

if TYPE_CHECKING:
    import xarray as xr

__all__ = [
    "METRES_PER_KILOMETRE",
    "QUANTITIES",
    "SECONDS_PER_HOUR",
    "Quantity",
    "as_quantity",
    "attributes",
    "check_dataset",
    "with_attributes",
]

METRES_PER_KILOMETRE: Final = 1_000.0
SECONDS_PER_HOUR: Final = 3_600.0


@dataclass(frozen=True)
class Quantity:
    """Say what one variable means.

    Parameters
    ----------
    units
        UDUNITS string; ``"1"`` for counts, shares and codes; empty for text.
    long_name
        The meaning in one line.
    dims
        The dimensions that the variable ends with, leading ``scenario`` and ``sample`` aside.
    cell_methods
        How a value stands for its interval (CF section 7.3), for example ``"time: sum"``; empty if it does not.
    over
        What one number for the whole area is taken over: ``"edges"`` (junction interiors left out) or some of the
        trips (junction interiors included); empty for all other quantities.
    """

    units: str
    long_name: str
    dims: tuple[str, ...]
    cell_methods: str = ""
    over: str = ""


_TIME_EDGE = ("time", "edge")
_EDGE = ("edge",)
_CLOCK = ("clock",)
_TIME = ("time",)
_AREA = ()
_STATION_TIME = ("station", "time")
_STATION = ("station",)
_LEADING = ("scenario", "sample")
_EDGES = "edges"
_ASKED = "all trips asked"
_ENTERED = "trips that entered"
_DONE = "completed trips"
_WALKS = "all walks asked"
_WALKED = "completed walks"
_WANTING = "EVs that wanted to charge"
_TRACKED = "road users with tracks"
_SUM = "time: sum"
_MEAN = "time: mean"
_POINT = "clock: point"

QUANTITIES: Final[dict[str, Quantity]] = {
    # coordinates
    "time": Quantity("s", "start of the interval, seconds of the simulated day", _TIME),
    "clock": Quantity("s", "time of the sample, seconds of the simulated day", _CLOCK),
    "edge": Quantity("", "edge id of the SUMO net", _EDGE),
    "interval_length": Quantity("s", "length of the interval", _TIME),
    "edge_length": Quantity("m", "length of the edge", _EDGE),
    "edge_lanes": Quantity("1", "lanes that vehicles may use", _EDGE),
    "edge_speed_limit": Quantity("m s-1", "speed limit of the edge", _EDGE),
    "edge_signalised": Quantity("1", "1 where the edge ends at a traffic signal", _EDGE),
    # Measured by the simulation, by interval and edge. Time and distance follow a vehicle's front: of SUMO's edge
    # data that is density x length x interval, and ``distance``. Its ``sampledSeconds`` goes on counting until the
    # tail has left too, 3 % too much on streets of 200 m and up to 35 % on the shortest edges.
    "sampled_time": Quantity("s", "vehicle-seconds spent on the edge, by the front", _TIME_EDGE, _SUM),
    "travel_distance": Quantity("m", "vehicle-metres driven on the edge", _TIME_EDGE, _SUM),
    "time_loss": Quantity("s", "vehicle-seconds lost against driving at the desired speed", _TIME_EDGE, _SUM),
    "waiting_time": Quantity("s", "vehicle-seconds below 0.1 m/s", _TIME_EDGE, _SUM),
    "occupancy": Quantity("1", "share of the lanes' length covered by vehicles, mean over time", _TIME_EDGE, _MEAN),
    "entered": Quantity("1", "vehicles that entered from another edge", _TIME_EDGE, _SUM),
    "left": Quantity("1", "vehicles that left to another edge", _TIME_EDGE, _SUM),
    "departed": Quantity("1", "vehicles that began their trip here", _TIME_EDGE, _SUM),
    "arrived": Quantity("1", "vehicles that ended their trip here", _TIME_EDGE, _SUM),
    "teleported": Quantity("1", "vehicles that SUMO lifted off the edge", _TIME_EDGE, _SUM),
    "co2_mass": Quantity("kg", "carbon dioxide emitted", _TIME_EDGE, _SUM),
    "nox_mass": Quantity("kg", "nitrogen oxides emitted", _TIME_EDGE, _SUM),
    "pmx_mass": Quantity("kg", "particulate matter emitted", _TIME_EDGE, _SUM),
    "fuel_mass": Quantity("kg", "fuel burnt", _TIME_EDGE, _SUM),
    "electricity_energy": Quantity("kW h", "electric energy drawn from traction batteries", _TIME_EDGE, _SUM),
    # measured by the simulation, by second
    "vehicles_running": Quantity("1", "vehicles on the roads", _CLOCK, _POINT),
    "vehicles_waiting": Quantity("1", "vehicles that wait to enter", _CLOCK, _POINT),
    "vehicles_halting": Quantity("1", "vehicles below 0.1 m/s", _CLOCK, _POINT),
    "vehicles_arrived": Quantity("1", "vehicles that have arrived so far", _CLOCK),
    # metrics, by interval and edge
    "flow": Quantity("h-1", "vehicles past a point of the edge per hour", _TIME_EDGE, _MEAN),
    "density": Quantity("km-1", "vehicles per kilometre of edge, all lanes", _TIME_EDGE, _MEAN),
    "speed": Quantity("m s-1", "space-mean speed", _TIME_EDGE, _MEAN),
    "travel_time": Quantity("s", "mean time to traverse the edge", _TIME_EDGE, _MEAN),
    "free_flow_time": Quantity("s", "time to traverse the edge at its speed limit", _EDGE),
    "traversals": Quantity("1", "vehicles past a point of the edge: distance driven over length", _TIME_EDGE, _SUM),
    "delay": Quantity("s", "vehicle-seconds above free-flow travel time", _TIME_EDGE, _SUM),
    "delay_per_vehicle": Quantity("s", "mean delay of a traversal", _TIME_EDGE, _MEAN),
    "control_delay": Quantity("s", "mean control delay of a vehicle at the edge's end", _TIME_EDGE, _MEAN),
    "level_of_service": Quantity("1", "level of service, 0 for A to 5 for F", _TIME_EDGE),
    "street_level_of_service": Quantity(
        "1", "level of service of the street by its speed, 0 for A to 5 for F", _TIME_EDGE
    ),
    "queue_length": Quantity("m", "mean length of standing traffic, all lanes", _TIME_EDGE, _MEAN),
    "travel_time_index": Quantity("1", "mean travel time over free-flow travel time", _EDGE),
    "planning_time_index": Quantity("1", "95th percentile of travel time over free-flow travel time", _EDGE),
    "buffer_index": Quantity("1", "95th percentile less mean travel time, over the mean", _EDGE),
    # metrics, whole area by interval (the macroscopic fundamental diagram after Edie)
    "area_flow": Quantity("h-1", "Edie's generalised flow per lane", _TIME, _MEAN),
    "area_density": Quantity("km-1", "Edie's generalised density per lane", _TIME, _MEAN),
    "area_speed": Quantity("m s-1", "Edie's generalised speed", _TIME, _MEAN),
    # metrics, one number for the area
    "vehicle_kilometres": Quantity("km", "vehicle-kilometres travelled, over edges", _AREA, over=_EDGES),
    "vehicle_hours": Quantity("h", "vehicle-hours travelled, over edges", _AREA, over=_EDGES),
    "delay_hours": Quantity("h", "vehicle-hours above free-flow travel time, over edges", _AREA, over=_EDGES),
    "time_loss_hours": Quantity("h", "vehicle-hours lost against the desired speed, over edges", _AREA, over=_EDGES),
    "waiting_hours": Quantity("h", "vehicle-hours below 0.1 m/s, over edges", _AREA, over=_EDGES),
    "mean_speed": Quantity("m s-1", "vehicle-kilometres over vehicle-hours, both over edges", _AREA, over=_EDGES),
    "area_travel_time_index": Quantity("1", "vehicle-hours over free-flow vehicle-hours, edges", _AREA, over=_EDGES),
    "max_queue_length": Quantity("m", "largest mean queue of an edge in an interval", _AREA, over=_EDGES),
    "total_co2_mass": Quantity("kg", "carbon dioxide emitted, over edges", _AREA, over=_EDGES),
    "total_nox_mass": Quantity("kg", "nitrogen oxides emitted, over edges", _AREA, over=_EDGES),
    "total_pmx_mass": Quantity("kg", "particulate matter emitted, over edges", _AREA, over=_EDGES),
    "total_fuel_mass": Quantity("kg", "fuel burnt, over edges", _AREA, over=_EDGES),
    "total_electricity_energy": Quantity("kW h", "energy drawn from batteries, over edges", _AREA, over=_EDGES),
    "co2_per_kilometre": Quantity("kg km-1", "carbon dioxide per vehicle-kilometre, over edges", _AREA, over=_EDGES),
    "trip_kilometres": Quantity("km", "kilometres of all trips that entered", _AREA, over=_ENTERED),
    "trip_hours": Quantity("h", "hours of all trips that entered", _AREA, over=_ENTERED),
    "mean_depart_delay": Quantity("s", "mean wait to enter the net, of trips that entered", _AREA, over=_ENTERED),
    "teleport_share": Quantity("1", "teleports over trips that entered", _AREA, over=_ENTERED),
    "teleports": Quantity("1", "how often SUMO lifted a vehicle out of a jam", _AREA, over=_ENTERED),
    "collisions": Quantity("1", "collisions reported by SUMO", _AREA, over=_ENTERED),
    "trip_travel_time_index": Quantity("1", "mean of completed trips' time over free-flow time", _AREA, over=_DONE),
    "trip_planning_time_index": Quantity("1", "95th percentile of completed trips' time ratio", _AREA, over=_DONE),
    "trip_buffer_index": Quantity("1", "(95th percentile - mean) / mean of that time ratio", _AREA, over=_DONE),
    "mean_trip_time": Quantity("s", "mean duration of completed trips", _AREA, over=_DONE),
    "mean_trip_time_loss": Quantity("s", "mean time loss of completed trips", _AREA, over=_DONE),
    "mean_trip_distance": Quantity("m", "mean length of completed trips", _AREA, over=_DONE),
    "trips_asked": Quantity("1", "trips handed to the simulation", _AREA, over=_ASKED),
    "trips_completed": Quantity("1", "trips that arrived", _AREA, over=_ASKED),
    "completion_share": Quantity("1", "completed trips over trips asked", _AREA, over=_ASKED),
    "waiting_to_enter": Quantity("1", "trips still waiting to enter at the end", _AREA, over=_ASKED),
    "relative_gap": Quantity(
        "1", "time that drivers could save by other routes over the time they take", _AREA, over=_DONE
    ),
    "trips_rerouted": Quantity("1", "trips that measures sent another way before they left", _AREA, over=_ASKED),
    "trips_moved": Quantity("1", "trips whose first or last road measures moved", _AREA, over=_ASKED),
    "trips_removed": Quantity("1", "trips that measures took off the road", _AREA, over=_ASKED),
    "trips_added": Quantity("1", "trips that measures put on the road", _AREA, over=_ASKED),
    "max_waiting_to_enter": Quantity("1", "most trips waiting to enter at one time", _AREA, over=_ASKED),
    # people on foot, where a scenario has any; all other numbers are of vehicles
    "walks_asked": Quantity("1", "walks handed to the simulation", _AREA, over=_WALKS),
    "walks_completed": Quantity("1", "walks that arrived", _AREA, over=_WALKS),
    "mean_walk_time": Quantity("s", "mean duration of completed walks", _AREA, over=_WALKED),
    "mean_walk_distance": Quantity("m", "mean length of completed walks", _AREA, over=_WALKED),
    "mean_walk_time_loss": Quantity(
        "s", "mean time that completed walks lost against free walking", _AREA, over=_WALKED
    ),
    # charging on the way: by station and minute, by station, one number for the area
    "station": Quantity("", "id of the charging station", _STATION),
    "station_plugs": Quantity("1", "cars that charge at once", _STATION),
    "station_installed_power": Quantity("kW", "sum of the plugs' power", _STATION),
    "station_name": Quantity("", "name of the station for people; empty where it has none", _STATION),
    "station_feeder": Quantity("", "line that the station hangs on", _STATION),
    "station_site_type": Quantity("", "kind of place: home, work, public, rapid", _STATION),
    "station_edge": Quantity("", "edge of the road beside the station", _STATION),
    "station_longitude": Quantity("degrees_east", "longitude of the station, WGS 84", _STATION),
    "station_latitude": Quantity("degrees_north", "latitude of the station, WGS 84", _STATION),
    "station_sessions": Quantity("1", "stays at a plug", _STATION),
    "station_came": Quantity("1", "EVs that came last to this station", _STATION),
    "station_missed": Quantity("1", "EVs that wanted this station last and got no plug", _STATION),
    "station_mean_wait": Quantity("s", "mean wait of those that came last to this station", _STATION),
    "station_max_wait": Quantity("s", "longest wait of those that came last to this station", _STATION),
    "station_income": Quantity("", "what drivers paid", _STATION),
    "station_energy": Quantity("kW h", "energy into batteries", _STATION_TIME, _SUM),
    "station_grid_energy": Quantity("kW h", "energy from the grid", _STATION_TIME, _SUM),
    "station_given_energy": Quantity("kW h", "energy that batteries gave to the grid", _STATION_TIME, _SUM),
    "station_power": Quantity("kW", "power from the grid", _STATION_TIME, _MEAN),
    "station_occupied": Quantity("1", "plugs with a car", _STATION_TIME, _MEAN),
    "station_charging": Quantity("1", "plugs that give energy", _STATION_TIME, _MEAN),
    "station_queue": Quantity("1", "cars that wait for a plug", _STATION_TIME, _MEAN),
    # safety, of tracks: see trafficdiff.metrics.safety_events and safety_numbers
    "near_misses": Quantity("1", "conflicts with TTC or PET of 1.5 s, or braking of 3.4 m s-2", _AREA, over=_TRACKED),
    "near_miss_rate": Quantity("km-1", "near misses per vehicle-kilometre", _AREA, over=_TRACKED),
    "box_collisions": Quantity("1", "pairs of road users whose boxes overlapped", _AREA, over=_TRACKED),
    "tracked_kilometres": Quantity("km", "vehicle-kilometres with tracks", _AREA, over=_TRACKED),
    "short_headway_share": Quantity("1", "share of following time with less than 1 s", _AREA, over=_TRACKED),
    "hard_brakings": Quantity("1", "times that somebody braked harder than 4.05 m s-2", _AREA, over=_TRACKED),
    "high_jerks": Quantity("1", "times that a jerk was above 8.37 m s-3", _AREA, over=_TRACKED),
    "charging_wanted": Quantity("1", "EVs that wanted to charge on the way", _AREA, over=_WANTING),
    "charging_served": Quantity("1", "EVs that got a plug", _AREA, over=_WANTING),
    "charging_waiting": Quantity("1", "EVs still in a queue or on their way to a station", _AREA, over=_WANTING),
    "charging_unmet": Quantity("1", "EVs that gave up, or found no station", _AREA, over=_WANTING),
    "charging_stranded": Quantity("1", "EVs that ran empty before a plug", _AREA, over=_WANTING),
    "charging_passed": Quantity("1", "EVs that passed their station without a stop", _AREA, over=_WANTING),
    "stranded_others": Quantity("1", "EVs that ran empty and had not wanted to charge", _AREA, over=_ENTERED),
    "charged_energy": Quantity("kW h", "energy into batteries at stations", _AREA, over=_WANTING),
    "charging_grid_energy": Quantity("kW h", "energy from the grid at stations", _AREA, over=_WANTING),
    "unmet_energy": Quantity("kW h", "energy missing to the targets", _AREA, over=_WANTING),
    "mean_charging_wait": Quantity("s", "mean wait for a plug of EVs that came to a station", _AREA, over=_WANTING),
    "max_charging_wait": Quantity("s", "longest wait for a plug", _AREA, over=_WANTING),
    "mean_charging_detour": Quantity("s", "mean planned detour to a station", _AREA, over=_WANTING),
    "peak_charging_power": Quantity("kW", "highest power of all stations in a minute", _AREA, over=_WANTING),
    "charging_utilisation": Quantity("1", "plug hours with a car over plug hours", _AREA, over=_WANTING),
    "charging_capacity_factor": Quantity("1", "energy from the grid over installed power x time", _AREA, over=_WANTING),
    "charging_concentration": Quantity("1", "share of energy from the busiest 20 % of stations", _AREA, over=_WANTING),
    "charging_balance_error": Quantity("1", "|station energy - battery gain| over battery gain", _AREA, over=_WANTING),
}
"""Every shared quantity by its one name."""


def attributes(name: str) -> dict[str, str]:
    """Return the CF attributes of one quantity (``long_name``, ``units`` and ``cell_methods`` where it has them)."""
    quantity = QUANTITIES[name]
    optional = {"units": quantity.units, "cell_methods": quantity.cell_methods}
    return {"long_name": quantity.long_name} | {key: value for key, value in optional.items() if value}


def as_quantity(array: xr.DataArray, name: str) -> xr.DataArray:
    """Return the array under a quantity's name: that quantity's CF attributes and no others, its dimensions last.

    Arithmetic on arrays keeps whatever attributes the operands share and orders dimensions as they come, so a
    computed array says what it is anew.
    """
    named = array.rename(name).transpose(..., *QUANTITIES[name].dims)
    named.attrs = dict(attributes(name))
    return named


def with_attributes(dataset: xr.Dataset) -> xr.Dataset:
    """Return the dataset with the CF attributes of every variable and coordinate set.

    Existing attributes other than ``long_name`` and ``units`` (flag meanings, say) are kept.
    """
    marked = dataset.copy()
    for name in map(str, marked.variables):
        if name in QUANTITIES:
            marked[name].attrs = {**marked[name].attrs, **attributes(name)}
    return marked


def check_dataset(dataset: xr.Dataset, *, heading: str, error: type[InputError] = InputError) -> None:
    """Check names, units and trailing dimensions of a dataset.

    Raises
    ------
    InputError
        `error`, listing every variable that is unknown, carries another unit, or has other dimensions.
    """
    faults = Faults(heading)
    for name, variable in dataset.variables.items():
        quantity = QUANTITIES.get(str(name))
        if quantity is None:
            if str(name) in dataset.data_vars:
                faults.add(f"variable {name!r} is not in trafficdiff.units; add it there or rename it")
            continue
        if variable.attrs.get("units", "") != quantity.units:
            came = variable.attrs.get("units")
            faults.add(f"variable {name!r}: expected the unit {quantity.units!r}, got {came!r}")
        dims = tuple(map(str, variable.dims))
        leading = tuple(dim for dim in dims if dim in _LEADING)
        if dims != leading + quantity.dims:
            faults.add(f"variable {name!r}: expected the dimensions {quantity.dims}, got {variable.dims}")
    faults.raise_if_any(error)
