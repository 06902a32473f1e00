"""Read where chargers could be built from a CSV or GeoJSON file.

The form is that of stations (`trafficdiff.datatypes.station_files`), read as *could be*: ``plugs`` are the most that
fit, and several groups (``8x22ac 4x150dc``) are alternatives. Three more columns may be there: ``kind`` (parking, fuel,
shop, street, other), ``fixed_cost`` of opening the site and ``plug_cost`` of each plug [money].
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

from trafficdiff.datatypes.charging_sites import SITE_KINDS, CandidateSite
from trafficdiff.datatypes.station_files import read_stations, station_rows
from trafficdiff.errors import Faults, InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["read_sites"]


def read_sites(path: Path) -> tuple[CandidateSite, ...]:
    """Read candidate sites; they are not yet matched to roads.

    Raises
    ------
    InputError
        If the file cannot be read, or listing every fault of every row.
    """
    faults = Faults(str(path))
    rows = station_rows(path)
    extras = [_extras(where, row, faults) for where, row in rows]
    try:
        stations = read_stations(path)
    except InputError as error:
        if faults:
            faults.add(str(error))
            faults.raise_if_any(InputError)
        raise
    faults.raise_if_any(InputError)
    return tuple(
        CandidateSite(station=station, kind=kind, fixed_cost=fixed, plug_cost=plug)
        for station, (kind, fixed, plug) in zip(stations, extras, strict=True)
    )


def _extras(where: str, row: Mapping[str, Any], faults: Faults) -> tuple[Any, float, float]:
    kind = str(row.get("kind") or "other").strip().lower()
    if kind not in SITE_KINDS:
        faults.add(f"{where}: expected a kind among {', '.join(SITE_KINDS)}, got {kind!r}")
    return cast("Any", kind), _cost(where, row, "fixed_cost", faults), _cost(where, row, "plug_cost", faults)


def _cost(where: str, row: Mapping[str, Any], name: str, faults: Faults) -> float:
    text = str(row.get(name) if row.get(name) is not None else "").strip()
    if not text:
        return math.nan
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        faults.add(f"{where}: expected {name} as money of at least 0, got {text!r}")
    return value
