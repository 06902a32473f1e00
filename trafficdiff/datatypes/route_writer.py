"""Trips as a SUMO route file: vehicle types, then vehicles with their routes inline, by departure.

A comment that begins with ``trafficdiff`` holds the window and the provenance as JSON. Numbers are written with
as many digits as they need to be read back exactly.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape, quoteattr

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import TextIO

    from numpy.typing import NDArray

    from trafficdiff.datatypes.trips import TripSet

__all__ = ["BATTERY", "CHARGE", "COMMENT", "STOPS", "write_routes"]

COMMENT: Final = "trafficdiff "
CHARGE: Final = "trafficdiff.state_of_charge"
BATTERY: Final = "trafficdiff.battery_kwh"
STOPS: Final = "trafficdiff.charging_stops"
"""Names of generic parameters; SUMO keeps them and does not look at them."""

_LINES: Final = 2_000
_REROUTING: Final = '        <param key="has.rerouting.device" value="true"/>\n'


def write_routes(trips: TripSet, path: Path, *, rerouting: NDArray[np.bool_] | None = None) -> None:
    """Write trips as ``.rou.xml``, or compressed if the name ends in ``.gz``.

    Electric vehicles get SUMO's battery device with capacity and charge in Wh. Charging stops become stops at the
    named station.

    Parameters
    ----------
    trips, path
        What to write, and where.
    rerouting
        Shape (T,), who gets SUMO's rerouting device and looks for faster ways on the road; left out, nobody.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    with _open(path) as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?>\n<routes>\n')
        content = json.dumps({"window_s": list(trips.window_s), "provenance": trips.provenance}, sort_keys=True)
        file.write(f"    <!-- {COMMENT}{content.replace('--', '-' + chr(92) + 'u002d')} -->\n")
        for kind in trips.vehicle_types:
            head = f"    <vType{_attributes({'id': kind.name, 'vClass': kind.vehicle_class, **kind.attributes})}"
            file.write(_element(head, "vType", _parameters(kind.parameters)))
        lines = []
        for line in _vehicles(trips, rerouting):
            lines.append(line)
            if len(lines) == _LINES:
                file.write("".join(lines))
                lines.clear()
        file.write("".join(lines))
        file.write("</routes>\n")


def _vehicles(trips: TripSet, rerouting: NDArray[np.bool_] | None) -> Iterator[str]:
    names = np.array([escape(str(name), {'"': "&quot;"}) for name in trips.graph.edge_id], object)
    types = [quoteattr(kind.name) for kind in trips.vehicle_types]
    stops = _stops_by_trip(trips)
    depart_s, offsets = trips.depart_s.tolist(), trips.offsets.tolist()
    kinds, electric = trips.vehicle_type.tolist(), np.isfinite(trips.battery_kwh) | np.isfinite(trips.state_of_charge)
    for trip, name in enumerate(trips.trip_id):
        route = " ".join(names[trips.edges[offsets[trip] : offsets[trip + 1]]])
        inside = f'        <route edges="{route}"/>\n'
        if electric[trip]:
            inside += _battery(float(trips.state_of_charge[trip]), float(trips.battery_kwh[trip]))
        if rerouting is not None and rerouting[trip]:
            inside += _REROUTING
        inside += stops.get(trip, "")
        head = f'    <vehicle id={quoteattr(str(name))} type={types[kinds[trip]]} depart="{depart_s[trip]!r}"'
        yield f"{head}>\n{inside}    </vehicle>\n"


def _battery(charge: float, battery_kwh: float) -> str:
    parameters = {CHARGE: repr(charge), BATTERY: repr(battery_kwh)}
    if np.isfinite(charge) and np.isfinite(battery_kwh):
        parameters |= {
            "has.battery.device": "true",
            "device.battery.capacity": f"{battery_kwh * 1000:.3f}",
            "device.battery.chargeLevel": f"{charge * battery_kwh * 1000:.3f}",
        }
    return _parameters(parameters)


def _stops_by_trip(trips: TripSet) -> dict[int, str]:
    if trips.charging_stops is None:
        return {}
    found: dict[int, list[dict[str, object]]] = {}
    for stop in trips.charging_stops.to_dict("records"):
        edge = str(trips.graph.edge_id[stop["edge"]])
        found.setdefault(int(stop["trip"]), []).append(
            {
                "edge": edge,
                "station": str(stop["station"]),
                "duration_s": float(stop["duration_s"]),
                "energy_kwh": float(stop["energy_kwh"]),
            }
        )
    return {
        trip: _parameters({STOPS: json.dumps(stops)})
        + "".join(
            f'        <stop chargingStation={quoteattr(str(stop["station"]))} duration="{stop["duration_s"]!r}"/>\n'
            for stop in stops
        )
        for trip, stops in found.items()
    }


def _attributes(values: Mapping[str, str]) -> str:
    return "".join(f" {key}={quoteattr(str(value))}" for key, value in values.items())


def _parameters(values: Mapping[str, str]) -> str:
    return "".join(f"        <param{_attributes({'key': key, 'value': value})}/>\n" for key, value in values.items())


def _element(head: str, name: str, inside: str) -> str:
    return f"{head}>\n{inside}    </{name}>\n" if inside else f"{head}/>\n"


@contextlib.contextmanager
def _open(path: Path) -> Iterator[TextIO]:
    """Open for writing; the compressed form carries neither name nor time, so equal trips give equal bytes."""
    with path.open("wb") as file:
        if not path.name.endswith(".gz"):
            with io.TextIOWrapper(file, encoding="utf-8", newline="\n") as text:
                yield text
            return
        with (
            gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0) as packed,
            io.TextIOWrapper(packed, encoding="utf-8", newline="\n") as text,
        ):
            yield text
