"""Read charging stations from CSV and GeoJSON files, and write them.

One row (or point) a station. Columns: ``id``, ``plugs`` and ``power_kw`` (or ``plugs`` as ``4x50 2x22``), and either
``edge`` or ``lon`` and ``lat``; the rest may be missing: ``position_m``, ``current`` (ac, dc), ``site_kw``,
``efficiency``, ``price_per_kwh``, ``site_type``, ``opening`` (``08:00-18:00``), ``bays``, ``feeder``, ``name``, and by
the clock ``prices`` (``07:00-20:00 0.60; 20:00-24:00 0.20``) and ``caps`` [kW] (``17:00-20:00 30``).
"""

from __future__ import annotations

import csv
import json
import math
import re
from typing import TYPE_CHECKING, Any, Final, cast

from trafficdiff.datatypes.charging_tags import opening_of
from trafficdiff.datatypes.part import DAY_S
from trafficdiff.datatypes.stations import EFFICIENCY, ChargingStation, Plugs, note_station_faults
from trafficdiff.errors import Faults, InputError
from trafficdiff.publish import publishing_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

__all__ = ["read_stations", "station_rows", "write_stations"]

COLUMNS: Final = (
    "id", "lon", "lat", "edge", "position_m", "plugs", "power_kw", "current", "site_kw", "efficiency", "price_per_kwh",
    "site_type", "opening", "bays", "feeder", "name", "prices", "caps",
)  # fmt: skip
_GROUP: Final = re.compile(r"(-?\d+)\s*x\s*(-?\d+(?:\.\d+)?)\s*(ac|dc)?", re.IGNORECASE)
_PART: Final = re.compile(r"(\d{1,2}:\d{2})\s*-\s*(\d{1,2}:\d{2})\s+(-?\d+(?:\.\d+)?)")
_MOST_AC_KW: Final = 22.0


def read_stations(path: Path, *, faults: Faults | None = None) -> tuple[ChargingStation, ...]:
    """Read stations from ``.csv``, ``.geojson`` or ``.json``; they are not yet matched to roads.

    Parameters
    ----------
    path
        The file.
    faults
        Receives what is wrong with the rows instead of an error; the stations themselves are not checked then.

    Raises
    ------
    InputError
        If the file cannot be read, or listing every fault of every station, each with its row.
    """
    rows = station_rows(path)
    noted = Faults(str(path)) if faults is None else faults
    found = [_station(number, row, noted) for number, row in rows]
    stations = tuple(station for station in found if station is not None)
    if not rows:
        noted.add("expected charging stations, got none")
    if faults is None:
        note_station_faults(stations, noted)
        noted.raise_if_any(InputError)
    return stations


def station_rows(path: Path) -> list[tuple[str, Mapping[str, Any]]]:
    """Read the rows of a file as they are: where each stands in it, and its values by their names in lower case.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    return _json_rows(path) if path.suffix in {".geojson", ".json"} else _csv_rows(path)


def write_stations(stations: Sequence[ChargingStation], path: Path) -> None:
    """Write stations as ``.csv``; prices and caps by the clock to the minute.

    Raises
    ------
    StoreError, OSError
        If the file cannot be written.
    """
    with publishing_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(_cells(station) for station in stations)


def _cells(station: ChargingStation) -> list[object]:
    hours = ",".join(f"{_clock(begin_s)}-{_clock(end_s)}" for begin_s, end_s in station.opening)
    plugs = " ".join(f"{group.count}x{group.power_kw:g}{group.current}" for group in station.plugs)
    numbers = (station.longitude_deg, station.latitude_deg, station.position_m)
    lon, lat, position = ("" if math.isnan(value) else repr(value) for value in numbers)
    return [
        station.id, lon, lat, station.edge, position, plugs, "", "", "" if station.site_kw is None else station.site_kw,
        station.efficiency, "" if station.price_per_kwh is None else station.price_per_kwh, station.site_type, hours,
        station.bays, station.feeder, station.name, _parts(station.prices), _parts(station.caps),
    ]  # fmt: skip


def _parts(parts: Iterable[tuple[float, float, float]]) -> str:
    return "; ".join(f"{_clock(begin_s)}-{_clock(end_s)} {value:g}" for begin_s, end_s, value in parts)


def _clock(time_s: float) -> str:
    return f"{int(time_s // 3600):02d}:{int(time_s % 3600 // 60):02d}"


def _csv_rows(path: Path) -> list[tuple[str, Mapping[str, Any]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            names = [str(name).strip().lower() for name in reader.fieldnames or ()]
            _refuse_columns(path, names)
            reader.fieldnames = names
            return [(f"line {reader.line_num}", row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: expected a CSV file of charging stations, got {error}") from error


def _refuse_columns(path: Path, names: Iterable[str]) -> None:
    if missing := {"id", "plugs"} - set(names):
        raise InputError(
            f"{path}: expected the columns id, plugs, power_kw and lon, lat (or edge), missing {sorted(missing)}; is "
            "the separator a comma?"
        )


def _json_rows(path: Path) -> list[tuple[str, Mapping[str, Any]]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        features = content["features"]
        rows: list[tuple[str, Mapping[str, Any]]] = []
        for number, feature in enumerate(features, start=1):
            geometry = feature.get("geometry") or {}
            row = {str(key).lower(): value for key, value in (feature.get("properties") or {}).items()}
            if geometry.get("type") == "Point":
                row["lon"], row["lat"] = geometry["coordinates"][:2]
            row.setdefault("id", feature.get("id", ""))
            rows.append((f"feature {number}", row))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: expected a GeoJSON FeatureCollection of points, got {error!r}") from error
    return rows


def _station(where: str, row: Mapping[str, Any], faults: Faults) -> ChargingStation | None:
    own = Faults(where)
    site_kw, price = (
        _number(row, "site_kw", own, default=math.nan),
        _number(row, "price_per_kwh", own, default=math.nan),
    )
    station = ChargingStation(
        id=str(row.get("id") or ""),
        plugs=_plugs(row, own),
        edge=str(row.get("edge") or ""),
        position_m=_number(row, "position_m", own, default=math.nan),
        longitude_deg=_number(row, "lon", own, default=math.nan),
        latitude_deg=_number(row, "lat", own, default=math.nan),
        site_kw=None if math.isnan(site_kw) else site_kw,
        efficiency=_number(row, "efficiency", own, default=EFFICIENCY),
        price_per_kwh=None if math.isnan(price) else price,
        site_type=cast("Any", str(row.get("site_type") or "public")),
        opening=opening_of(str(row.get("opening") or "")),
        bays=int(_number(row, "bays", own, default=4.0)),
        feeder=str(row.get("feeder") or ""),
        name=str(row.get("name") or ""),
        prices=_by_the_clock(row, "prices", own),
        caps=_by_the_clock(row, "caps", own),
    )
    for message in own.messages:
        faults.add(f"{where}: {message}")
    return None if own else station


def _by_the_clock(row: Mapping[str, Any], name: str, faults: Faults) -> tuple[tuple[float, float, float], ...]:
    """Return what holds in parts of the day: begin [s], end [s], value; a part over midnight is two."""
    text = str(row.get(name) or "").strip()
    parts: list[tuple[float, float, float]] = []
    for piece in (piece.strip() for piece in text.split(";") if piece.strip()):
        found = _PART.fullmatch(piece)
        begin_s, end_s = (_seconds(one) for one in found.groups()[:2]) if found else (math.inf, math.inf)
        if found is None or max(begin_s, end_s) > DAY_S or begin_s == end_s:
            faults.add(f"expected {name} such as '07:00-20:00 0.60; 20:00-24:00 0.20', got {piece!r}")
            continue
        value = float(found.group(3))
        pieces = [(begin_s, end_s)] if end_s > begin_s else [(begin_s, DAY_S), (0.0, end_s)]
        parts += [(begin, end, value) for begin, end in pieces if end > begin]
    return tuple(parts)


def _seconds(clock: str) -> float:
    hours, minutes = clock.split(":")
    return 3_600.0 * int(hours) + 60.0 * int(minutes)


def _number(row: Mapping[str, Any], name: str, faults: Faults, *, default: float) -> float:
    value = row.get(name)
    if value is None or str(value).strip() == "":
        return default
    try:
        return float(str(value))
    except ValueError:
        faults.add(f"expected {name} as a number, got {value!r}")
        return default


def _plugs(row: Mapping[str, Any], faults: Faults) -> tuple[Plugs, ...]:
    """Return the plugs: ``4`` with a power beside it, or ``4x50dc 2x22ac``; up to 22 kW is alternating current."""
    text = str(row.get("plugs") or "0").strip()
    groups = [(int(count), float(power), str(kind).lower()) for count, power, kind in _GROUP.findall(text)]
    if not groups:
        count, power_kw = _number(row, "plugs", faults, default=0.0), _number(row, "power_kw", faults, default=math.nan)
        if math.isnan(power_kw):
            faults.add("expected the power of a plug in power_kw [kW], got none")
        groups = [(int(count), power_kw, str(row.get("current") or "").lower())]
    return tuple(
        Plugs(
            count=count,
            power_kw=power_kw,
            current=cast("Any", kind if kind in {"ac", "dc"} else "ac" if power_kw <= _MOST_AC_KW else "dc"),
        )
        for count, power_kw, kind in groups
    )
