"""Write charging stations for SUMO: every plug off the road, with room to wait before them.

::

    ───────────────┬──────────────┬─────────▶ kerb lane
              waiting_m        ID.plug000
              wait here        ID.plug001    beside the lane: nobody stands on the road
                               ...

Every plug is a parking area of its own with one place: SUMO takes 7.5 m of road for each place of an area whatever its
form, so that of four plugs on 10 m only two would ever be used. Each ends a little behind the one before: a battery
takes the power of the first charger, by name, whose place covers the car's, whichever it was sent to (tried out with
SUMO 1.28). Up to 24 plugs of a site keep their own power; of more, some have their neighbour's. Those who wait park
beside the lane, which takes as many as come; the queue decides who may stay, and sends the others on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import quoteattr

from trafficdiff.datatypes.lanes import lane_id_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.stations import ChargingStation

__all__ = ["charger_id", "charging_site_lines", "waiting_m"]

_PLUGS_M: Final = 10.0
_BETWEEN_M: Final = 8.0
_FIRST_M: Final = 12.0
_LAST_M: Final = 2.0
_SPREAD_M: Final = 4.0
_MOST_BETWEEN_PLUGS_M: Final = 0.5
_NO_LIMIT_W: Final = 1e9
"""SUMO's own limit of a site looks at it only while two cars charge; sites are limited plug by plug instead."""


def charger_id(station: ChargingStation, plug: int) -> str:
    """Return SUMO's name of one plug."""
    return f"{station.id}.plug{plug:03d}"


def waiting_m(station: ChargingStation, graph: RoadGraph) -> float:
    """Return where on its road cars turn in to wait [m]; the plugs begin 8 m behind."""
    length_m = float(graph.length_m[graph.edge_index[station.edge]])
    most_m = length_m - _LAST_M - _PLUGS_M - _BETWEEN_M
    return min(max(station.position_m - _BETWEEN_M, _FIRST_M), most_m)


def charging_site_lines(stations: Sequence[ChargingStation], *, graph: RoadGraph) -> Iterator[str]:
    """Yield the elements of a SUMO additional file, a line each; equal stations give equal lines."""
    for station in stations:
        begin_m = waiting_m(station, graph) + _BETWEEN_M
        lane = quoteattr(lane_id_of(station.edge, station.lane))
        step_m = min(_MOST_BETWEEN_PLUGS_M, _SPREAD_M / station.plug_count)
        for number, plug in enumerate(station.each_plug):
            name = charger_id(station, number)
            area = quoteattr(f"{name}.place")
            end_m = begin_m + _PLUGS_M - _SPREAD_M + step_m * (number + 1)
            place = f'lane={lane} startPos="{begin_m:.3f}" endPos="{end_m:.3f}"'
            yield f'<parkingArea id={area} {place} roadsideCapacity="1"/>'
            yield (
                f"<chargingStation id={quoteattr(name)} {place} parkingArea={area} "
                f'power="{plug.usable_kw * 1000:.1f}" totalPower="{_NO_LIMIT_W:.0f}" '
                f'efficiency="{station.efficiency:.4f}" chargeInTransit="0"/>'
            )
