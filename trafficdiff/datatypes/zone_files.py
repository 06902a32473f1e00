"""Read zones and their totals from the files that cities have.

Zones (``read_zones``)

- ``.geojson``: polygons in longitude and latitude with a property ``zone`` (or ``id``, or the feature's ``id``); an
  edge belongs to the polygon in which its midpoint lies.
- ``.xml[.gz]``: SUMO districts, ``<taz id= edges=>`` or with ``tazSource`` and ``tazSink`` elements.
- ``.csv``: the columns zone, edge.

Totals (``read_totals``)

- ``.csv`` with the columns zone, origins, destinations: trips that begin and end in each zone; empty is unknown.
- ``.csv`` with the columns origin, destination, trips: an OD matrix, a row a cell; a cell that is left out is unknown.
- ``.geojson`` whose polygons have the properties ``origins`` and ``destinations``: zones and totals in one file.

Either table may have the columns begin and end [s of the day]. Without a file of zones, zones are edges, by their ids.
"""

from __future__ import annotations

import csv
import json
import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.zone_totals import ANY, ZoneTotals
from trafficdiff.errors import Faults, InputError
from trafficdiff.screening import open_screened

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["read_totals", "read_zones"]

_Row = tuple[int, int, float, float, float]
_FORMS: Final = "the columns zone, origins, destinations, or origin, destination, trips"


def read_zones(path: Path, graph: RoadGraph) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """Return the names of zones, and the zone of each edge, shape (E,), `ANY` for none.

    Raises
    ------
    InputError
        If the file cannot be read; naming edges that are not in the net or in two zones, and zones without any edge.
    """
    if path.suffix in {".geojson", ".json"}:
        return _by_polygon(path, _features(path), graph)
    pairs = list(_csv_pairs(path) if path.suffix.lower() == ".csv" else _taz_pairs(path))
    faults = Faults(str(path))
    names = tuple(dict.fromkeys(zone for zone, _ in pairs))
    place = {name: number for number, name in enumerate(names)}
    zone = np.full(graph.edge_count, ANY, np.int32)
    for name, edge in pairs:
        at = graph.edge_index.get(edge)
        if at is None:
            faults.add(f"zone {name!r}: edge {edge!r} is not in the net; name its edges")
        elif zone[at] not in (ANY, place[name]):
            faults.add(f"edge {edge!r} is in the zones {names[zone[at]]!r} and {name!r}; keep it in one")
        else:
            zone[at] = place[name]
    if not pairs:
        faults.add("expected zones with edges, got none")
    faults.raise_if_any(InputError)
    return names, zone


def read_totals(path: Path, graph: RoadGraph, *, zones: Path | None = None) -> ZoneTotals:
    """Read zone totals or an OD matrix.

    Parameters
    ----------
    path
        ``.csv`` or ``.geojson``.
    graph
        The net.
    zones
        The file of zones; left out, polygons of `path`, or single edges.

    Raises
    ------
    InputError
        Naming every row that is no total, and every zone of the table that is not among the zones.
    """
    polygons = path.suffix in {".geojson", ".json"}
    features = _features(path) if polygons else []
    table = [dict(feature["properties"], zone=_name(feature)) for feature in features] if polygons else _table(path)
    if zones is not None:
        names, zone = read_zones(zones, graph)
    elif polygons:
        names, zone = _by_polygon(path, features, graph)
    else:
        names, zone = tuple(map(str, graph.edge_id)), np.arange(graph.edge_count, dtype=np.int32)
    faults = Faults(str(path))
    place = {name: number for number, name in enumerate(names)}
    rows = [row for number, cells in enumerate(table, start=1) for row in _rows(number, cells, place, faults)]
    if not rows and not faults:
        faults.add(f"expected totals of zones, got none; give {_FORMS}")
    faults.raise_if_any(InputError)
    origin, destination, trips, begin_s, end_s = (np.array(column) for column in zip(*rows, strict=True))
    return ZoneTotals(
        graph=graph, names=names, zone=zone, origin=origin.astype(np.int32), destination=destination.astype(np.int32),
        trips=trips.astype(np.float64), begin_s=begin_s.astype(np.float64), end_s=end_s.astype(np.float64),
    )  # fmt: skip


def _rows(number: int, cells: Mapping[str, Any], place: Mapping[str, int], faults: Faults) -> Iterable[_Row]:
    """Yield what one row of a table says."""
    begin_s, end_s = (_number(cells.get(key)) for key in ("begin", "end"))
    begin_s, end_s = (-math.inf if begin_s is None else begin_s), (math.inf if end_s is None else end_s)
    if not begin_s < end_s:
        faults.add(f"row {number}: expected begin before end [s], got {cells.get('begin')} and {cells.get('end')}")
    if "zone" in cells:
        ends = {"origins": (str(cells["zone"]), None), "destinations": (None, str(cells["zone"]))}
    else:
        ends = {"trips": (str(cells.get("origin", "")), str(cells.get("destination", "")))}
    unknown = sorted({name for pair in ends.values() for name in pair if name is not None and name not in place})
    for name in unknown:
        faults.add(f"row {number}: zone {name!r} is not among the {len(place)} zones; give the zones of this table")
    for key, (from_, to) in ends.items():
        text = cells.get(key)
        if text is None or (text == "" and key != "trips"):
            continue
        trips = _number(text)
        if trips is None or not math.isfinite(trips) or trips < 0:
            faults.add(f"row {number}: expected {key} as a number from 0, got {text!r}")
        elif not unknown:
            yield (
                ANY if from_ is None else place[from_], ANY if to is None else place[to], trips, begin_s, end_s,
            )  # fmt: skip


def _number(value: Any) -> float | None:
    """Return a cell as a number, None where it is empty, NaN where it is no number."""
    if value is None or value == "":
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def _table(path: Path) -> list[dict[str, Any]]:
    rows = list(_csv_rows(path))
    known = set(rows[0]) if rows else set()
    if (
        rows
        and not ({"zone"} <= known and known & {"origins", "destinations"})
        and not ({"origin", "destination", "trips"} <= known)
    ):
        raise InputError(f"{path}: expected {_FORMS}, got {', '.join(sorted(known))}; is the separator a comma?")
    return rows


def _csv_pairs(path: Path) -> Iterable[tuple[str, str]]:
    for row in _csv_rows(path):
        if not {"zone", "edge"} <= set(row):
            raise InputError(f"{path}: expected the columns zone, edge, got {', '.join(row)}")
        yield str(row["zone"]), str(row["edge"])


def _csv_rows(path: Path) -> Iterable[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            for row in csv.DictReader(stream):
                yield {str(key).strip().lower(): value for key, value in row.items() if key is not None}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: expected a CSV file of zones, got {error}") from error


def _taz_pairs(path: Path) -> Iterable[tuple[str, str]]:
    from lxml import etree

    options = {"resolve_entities": False, "load_dtd": False, "no_network": True}
    with open_screened(path) as stream:
        try:
            for _, taz in etree.iterparse(stream, events=("end",), tag="taz", **options):
                name = taz.get("id", "")
                ends = {child.get("id", "") for child in taz.iterchildren("tazSource", "tazSink")}
                for edge in dict.fromkeys([*taz.get("edges", "").split(), *sorted(ends)]):
                    yield name, edge
                taz.clear()
        except etree.XMLSyntaxError as error:
            raise InputError(f"{path}: expected SUMO districts, got a broken XML file ({error})") from error


def _features(path: Path) -> list[dict[str, Any]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        features = [dict(feature, properties=feature.get("properties") or {}) for feature in content["features"]]
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: expected GeoJSON with features, got {error}") from error
    return features


def _name(feature: Mapping[str, Any]) -> str:
    own = feature["properties"]
    return str(own.get("zone", own.get("id", feature.get("id", ""))))


def _by_polygon(
    path: Path, features: list[dict[str, Any]], graph: RoadGraph
) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    import shapely
    from shapely.geometry import shape

    faults = Faults(str(path))
    names = tuple(_name(feature) for feature in features)
    if len(set(names)) != len(names) or "" in names:
        faults.add("expected polygons with different names in the property zone, got some without or twice")
    zone = np.full(graph.edge_count, ANY, np.int32)
    points = shapely.points(graph.to_lonlat(graph.midpoint_xy))
    for number, feature in enumerate(features):
        try:
            area = shape(feature["geometry"])
        except (KeyError, TypeError, ValueError, AttributeError, shapely.errors.ShapelyError) as error:
            faults.add(f"zone {names[number]!r}: expected a polygon, got {error}")
            continue
        inside = np.flatnonzero(shapely.contains(area, points))
        if not len(inside):
            faults.add(f"zone {names[number]!r}: no edge of the net lies in it; give longitude and latitude")
        elif twice := inside[zone[inside] != ANY].tolist():
            other = names[zone[twice[0]]]
            faults.add(f"zones {other!r} and {names[number]!r} overlap on {len(twice)} edges; cut them")
        zone[inside] = number
    faults.raise_if_any(InputError)
    return names, zone
