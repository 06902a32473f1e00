"""Read SUMO route and trip files, element by element, so that memory holds the numbers and not the text."""

from __future__ import annotations

import json
import logging
from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np

from trafficdiff.datatypes.agents import Agents
from trafficdiff.datatypes.identifiers import note_refused_ids
from trafficdiff.datatypes.route_types import TypeBook
from trafficdiff.datatypes.route_writer import BATTERY, CHARGE, COMMENT, STOPS
from trafficdiff.datatypes.trips import CHARGING_STOP_COLUMNS, TripSet
from trafficdiff.errors import Faults, TripError
from trafficdiff.screening import open_screened

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["read_requests", "read_routes"]

_logger = logging.getLogger(__name__)

_KEPT: Final = {"id", "type", "depart", "route", "from", "to", "via"}
_MOST_FAULTS: Final = 1_000
_MOST_KINDS: Final = 12
"""How many kinds of things that are not kept are named; the rest is counted."""
_UNROUTED: Final = {
    "trip": "trips without a route",
    "flow": "flows",
    "routeDistribution": "route distributions",
}
_TYPES: Final = {"vType", "vTypeDistribution"}


@dataclass
class _Content:
    """Collect the vehicles of a file; edges as positions in the graph."""

    graph: RoadGraph
    file: str
    faults: Faults
    book: TypeBook = field(default_factory=TypeBook)
    routes: dict[str, list[int]] = field(default_factory=dict)
    trip_id: list[str] = field(default_factory=list)
    depart_s: array[float] = field(default_factory=lambda: array("d"))
    kind: list[str] = field(default_factory=list)
    edges: array[int] = field(default_factory=lambda: array("i"))
    lengths: array[int] = field(default_factory=lambda: array("q"))
    charge: dict[int, tuple[float, float]] = field(default_factory=dict)
    stops: list[tuple[int, int, str, float, float]] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)
    header: dict[str, Any] = field(default_factory=dict)

    def warn(self, message: str) -> None:
        """Say in the log what the caller must know."""
        _logger.warning("%s: %s", self.file, message)

    def fault(self, message: str) -> None:
        """Note a fault; of very many the first thousand will do."""
        if len(self.faults.messages) < _MOST_FAULTS:
            self.faults.add(message)

    def places(self, edges: str, vehicle: str) -> list[int]:
        """Return the positions of edges given by name; unknown ones are faults that name the vehicle."""
        names = edges.split()
        found = list(map(self.graph.edge_index.get, names))
        if None not in found:
            return cast("list[int]", found)
        self.fault(f"{vehicle}: edge {names[found.index(None)]!r} is not in the net; route it on this net")
        return [-1 if place is None else place for place in found]

    def add(self, element: Any, places: list[int]) -> None:
        """Take in a vehicle or trip with its places: a route, or origin, vias and destination."""
        name = element.get("id")
        if name is None:
            self.fault(f"{element.tag} number {len(self.trip_id) + 1}: expected an id, got none; give it one")
        self.trip_id.append(str(name))
        self.depart_s.append(_seconds(element.get("depart", ""), self, str(name)))
        self.kind.append(element.get("type", "DEFAULT_VEHTYPE"))
        self.edges.extend(places)
        self.lengths.append(len(places))
        self.ignored.update(f"attribute {key}" for key in set(element.attrib) - _KEPT)


def read_routes(
    path: Path, graph: RoadGraph, *, window_s: tuple[float, float] | None = None, type_files: Sequence[Path] = ()
) -> TripSet:
    """Read vehicles with routes; see `trafficdiff.datatypes.trip_files.read_trips`.

    Routes may be inside the vehicle or referred to by id. What is not kept (lanes and speeds of departure, foreign
    parameters and stops, persons) is counted in the log.

    Raises
    ------
    TripError
        Listing every fault.
    """
    content = _read(path, graph, type_files, _take_vehicle)
    note_refused_ids(content.trip_id, content.faults, what="vehicle")
    if content.refused:
        what = ", ".join(f"{count} {_UNROUTED[tag]}" for tag, count in sorted(content.refused.items()))
        content.fault(f"expected vehicles with routes, got {what}; route them first, for example with duarouter")
    order, common = _in_order(content, window_s)
    lengths = np.array(content.lengths, np.int64)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    edges = np.array(content.edges, np.int32)
    if not (order[:-1] < order[1:]).all():
        edges = np.concatenate([edges[offsets[row] : offsets[row + 1]] for row in order])
    charge = np.full((2, len(order)), np.nan)
    for row, values in content.charge.items():
        charge[:, row] = values
    return TripSet(
        **common,
        trip_id=np.array(content.trip_id, object)[order],
        offsets=np.concatenate([[0], np.cumsum(lengths[order])]),
        edges=edges,
        state_of_charge=charge[0][order],
        battery_kwh=charge[1][order],
        charging_stops=_stop_table(content, order),
        provenance={str(key): str(value) for key, value in content.header.get("provenance", {}).items()},
    )


def read_requests(
    path: Path, graph: RoadGraph, *, window_s: tuple[float, float] | None = None, type_files: Sequence[Path] = ()
) -> Agents:
    """Read trips without routes; see `trafficdiff.datatypes.trip_files.read_agents`.

    Raises
    ------
    TripError
        Listing every fault.
    """
    content = _read(path, graph, type_files, _take_trip)
    if content.refused:
        what = ", ".join(f"{count} {tag}" for tag, count in sorted(content.refused.items()))
        content.fault(
            f"expected trips from edge to edge, got {what}; write them out as trips, for example with od2trips"
        )
    order, common = _in_order(content, window_s)
    lengths = np.array(content.lengths, np.int64)
    ends = np.cumsum(lengths)
    edges = np.array(content.edges, np.int32)
    vias = [edges[ends[row] - lengths[row] + 1 : ends[row] - 1] for row in order]
    return Agents(
        **common,
        origin=edges[ends - lengths][order],
        destination=edges[ends - 1][order],
        via_offsets=np.concatenate([[0], np.cumsum(lengths[order] - 2)]),
        via_edges=np.concatenate(vias),
    )


def _read(path: Path, graph: RoadGraph, type_files: Sequence[Path], take: Any) -> _Content:
    content = _Content(graph, path.name, Faults(str(path)))
    for type_file in type_files:
        for element in _elements(type_file, content):
            if element.tag in _TYPES:
                content.book.add(element, content.faults)
    for element in _elements(path, content):
        if element.tag in _TYPES:
            content.book.add(element, content.faults)
        else:
            take(element, content)
    if content.ignored:
        kinds = sorted(content.ignored.items(), key=lambda item: (-item[1], item[0]))  # the same in every process
        what = ", ".join(f"{name} ({count})" for name, count in kinds[:_MOST_KINDS])
        rest = len(content.ignored) - _MOST_KINDS
        content.warn(f"not kept: {what}" + (f", and {rest} more kinds" if rest > 0 else ""))
    return content


def _elements(path: Path, content: _Content) -> Iterator[Any]:
    """Yield the elements below the root of a SUMO file, one by one, each forgotten afterwards."""
    from lxml import etree

    with open_screened(path, error=TripError) as stream:
        options = {"resolve_entities": False, "load_dtd": False, "no_network": True}
        try:
            for event, element in etree.iterparse(stream, events=("end", "comment"), **options):
                parent = element.getparent()
                if event == "comment":
                    content.header.update(_header(element.text or "", content))
                elif parent is not None and parent.getparent() is None:
                    yield element
                    element.clear()
                    while element.getprevious() is not None:
                        del parent[0]
        except etree.XMLSyntaxError as error:
            raise TripError(
                f"{path}: expected a whole XML file, got one that is cut or damaged ({error}); write it again"
            ) from error


def _header(comment: str, content: _Content) -> dict[str, Any]:
    """Return what the writer noted in its comment, or nothing for anyone else's."""
    text = comment.strip()
    if not text.startswith(COMMENT):
        return {}
    try:
        noted = json.loads(text.removeprefix(COMMENT))
        begin_s, end_s = map(float, noted["window_s"])
        return {"window_s": (begin_s, end_s), "provenance": dict(noted["provenance"])}
    except (ValueError, KeyError, TypeError):
        content.warn("the comment with window and provenance is damaged and was not read")
        return {}


def _take_vehicle(element: Any, content: _Content) -> None:
    match element.tag:
        case "vehicle":
            content.add(element, _route_of(element, content))
            if len(element) != 1 or element[0].tag != "route":
                _take_children(element, content)
        case "route":
            name = element.get("id", "")
            content.routes[name] = content.places(element.get("edges", ""), f"route {name!r}")
        case tag if tag in _UNROUTED:
            content.refused[tag] += 1
        case tag:
            content.ignored[f"element {tag}"] += 1


def _route_of(element: Any, content: _Content) -> list[int]:
    name = f"vehicle {element.get('id')!r}"
    inside = element.find("route")
    if inside is not None and not inside.get("repeat"):
        return content.places(inside.get("edges", ""), name)
    if inside is None and (reference := element.get("route")) in content.routes:
        return content.routes[reference]
    if inside is not None:
        content.fault(f"{name}: expected a plain route, got one that repeats; write the edges out")
    elif element.find("routeDistribution") is not None:
        content.fault(f"{name}: expected one route, got alternatives; give the .rou.xml, not the .rou.alt.xml")
    elif reference is not None:
        content.fault(f"{name}: route {reference!r} is not in the file before it; write the routes first")
    else:
        content.fault(f"{name}: expected a route, got none; route it first, for example with duarouter")
    return []


def _take_children(element: Any, content: _Content) -> None:
    """Read charge, battery and charging stops of the vehicle that was added last; count what is not kept."""
    trip = len(content.trip_id) - 1
    parameters = {child.get("key", ""): child.get("value", "") for child in element.iterchildren("param")}
    try:
        if CHARGE in parameters:
            content.charge[trip] = (float(parameters[CHARGE]), float(parameters.get(BATTERY, "nan")))
        elif "device.battery.capacity" in parameters:
            capacity_wh = float(parameters["device.battery.capacity"])
            level_wh = float(parameters.get("device.battery.chargeLevel", capacity_wh / 2))  # SUMO's default
            content.charge[trip] = (level_wh / capacity_wh, capacity_wh / 1000)
        for stop in json.loads(parameters.get(STOPS, "[]")):
            (edge,) = content.places(stop["edge"], f"vehicle {content.trip_id[-1]!r}")
            content.stops.append((trip, edge, stop["station"], stop["duration_s"], stop["energy_kwh"]))
    except (ValueError, KeyError, TypeError, ZeroDivisionError) as error:
        content.fault(f"vehicle {content.trip_id[-1]!r}: expected numbers for its battery and stops, got {error}")
    known = {CHARGE, BATTERY, STOPS, "has.battery.device", "device.battery.capacity", "device.battery.chargeLevel"}
    content.ignored.update(f"parameter {key}" for key in parameters.keys() - known)
    for child in element:
        if child.tag not in {"route", "param"} and not (child.tag == "stop" and STOPS in parameters):
            content.ignored[f"element {child.tag} of a vehicle"] += 1


def _take_trip(element: Any, content: _Content) -> None:
    if element.tag != "trip":
        kept = content.refused if element.tag in {"flow", "vehicle"} else content.ignored
        kept[f"{element.tag}s"] += 1
        return
    first, last = element.get("from"), element.get("to")
    if first is None or last is None:
        content.refused["trips between zones or junctions"] += 1
        return
    name = f"trip {element.get('id')!r}"
    content.add(element, content.places(f"{first} {element.get('via', '')} {last}", name))
    content.ignored.update(f"element {child.tag} of a trip" for child in element)


def _seconds(text: str, content: _Content, vehicle: str) -> float:
    """Return a departure [s], given in seconds or as [days:]hours:minutes:seconds."""
    parts = text.split(":")
    try:
        values = [float(part) for part in parts]
    except ValueError:
        values = []
    if not values or len(values) == 2 or len(values) > 4:
        content.fault(f"vehicle {vehicle!r}: expected a departure [s], got {text!r}; give seconds of the simulated day")
        return 0.0
    factors = (1.0, 60.0, 3_600.0, 86_400.0)
    return sum(value * factor for value, factor in zip(reversed(values), factors, strict=False))


def _in_order(content: _Content, window_s: tuple[float, float] | None) -> tuple[NDArray[np.int64], dict[str, Any]]:
    """Return the order of departure, and the fields of trips and agents alike in it; raise what was at fault."""
    types, kind = content.book.assign(content.kind, content.faults)
    for warning in content.book.warnings:
        content.warn(warning)
    content.faults.raise_if_any(TripError)
    depart_s = np.array(content.depart_s)
    order = np.argsort(depart_s, kind="stable")
    late = int((depart_s < np.fmax.accumulate(depart_s)).sum())
    if late:
        content.warn(f"{late} departures out of order; the trips were sorted")
    if window_s is None:
        finite = depart_s[np.isfinite(depart_s)]
        whole = (float(np.floor(finite.min())), float(np.floor(finite.max()) + 1)) if len(finite) else (0.0, 1.0)
        window_s = content.header.get("window_s", whole)
    return order, {
        "graph": content.graph,
        "depart_s": depart_s[order],
        "window_s": window_s,
        "vehicle_type": kind[order],
        "vehicle_types": types,
    }


def _stop_table(content: _Content, order: NDArray[np.int64]) -> Any:
    if not content.stops:
        return None
    import pandas as pd

    table = pd.DataFrame(content.stops, columns=list(CHARGING_STOP_COLUMNS))
    return table.assign(trip=np.argsort(order)[table["trip"].to_numpy()])
