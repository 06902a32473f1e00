"""Read commuting flows between census zones as scenes: what real commuters teach about what attracts trips.

The corpus holds US counties and cities; zones are census tracts or block groups. Flows are LODES 2018 (home to work),
demographics the American Community Survey, both of the US Census Bureau and in the public domain; compiled by Rong et
al. (NeurIPS 2024, "A Large-scale Benchmark Dataset for Commuting Origin-destination Matrix Generation").

Streets are unknown here, so a scene has zones and no edges. Who lives and works in the same zone is left out, as the
evaluation protocol does. The corpus' points of interest are left out, too: within an area their rows do not stand in
the order of the zones (rank correlation with jobs 0.01, mean over the 517 areas of 20 zones and more), and no order
that can be told from the file makes them fit.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.scene import Scene, SceneTrips
from trafficdiff.demand.census import Table, census_columns
from trafficdiff.errors import Faults, InputError
from trafficdiff.units import METRES_PER_KILOMETRE

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["LICENCE", "flows_of", "read_commuting", "straight_travel_time_s"]

LICENCE: Final = (
    "flows, demographics and boundaries: US Census Bureau (LODES, ACS, TIGER 2018), public domain; "
    "compiled in CommutingODGen-Dataset (Rong et al., NeurIPS 2024)"
)

_EARTH_M: Final = 6_371_008.8
"""Mean radius of the earth [m] (IUGG: Moritz 2000, "Geodetic Reference System 1980", Journal of Geodesy 74)."""

DETOUR: Final = 1.3
"""Length of a way over the straight distance, declared; for US metropolitan areas see Giacomin and Levinson (2015),
"Road network circuity in metropolitan areas", Environment and Planning B 42."""
_SLOW_MS: Final = 25 / 3.6
_FAST_MS: Final = 90 / 3.6
_REACH_M: Final = 20_000.0
"""Mean speed of a short and of a long way [m/s], and the length of way [m] between them: our own choice, so that
1 km takes 2 min (streets with signals), 10 km 12 min and 50 km 35 min (mostly motorway)."""

_ROWS: Final = {
    "zone_offset": ("lon", "lat", "land_area_m2", "demographics"),
    "od_offset": ("od_origin", "od_destination", "od_commuters"),
}
"""Arrays by the offsets that part them into areas."""
_ARRAYS: Final = ("area_id", *(name for offsets, members in _ROWS.items() for name in (offsets, *members)))
_COLUMN_FILE: Final = "columns.json"


def read_commuting(path: Path, *, least_zones: int = 2, most_zones: int | None = None) -> list[Scene]:
    """Return one scene an area of a file of commuting flows.

    Parameters
    ----------
    path
        The ``.npz`` file; ``columns.json`` beside it names the columns of its tables.

    Other Parameters
    ----------------
    least_zones, most_zones
        Areas with fewer or more zones are left out, and areas where nobody commutes between zones.

    Returns
    -------
    Scenes without edges, in the order of the file. Zone columns are ``area`` [km2, NaN where there is no land],
    ``population``, ``workers``, ``centre_distance``, ``centre_east``, ``centre_north`` [km], as in
    `trafficdiff.roads.features.zone_features`, and the ``demographic_...`` columns of `census_columns`. Each row of
    trips stands for the commuters of one pair of zones.

    Raises
    ------
    InputError
        If the file or ``columns.json`` is not there, is no archive of plain arrays, or its arrays do not fit together.
    """
    corpus = _read(path)
    zones = np.diff(corpus.arrays["zone_offset"])
    fits = (zones >= least_zones) & (zones <= (most_zones or zones.max(initial=0)))
    columns = _zone_columns(corpus)
    names, values = tuple(columns), np.stack(list(columns.values()), axis=1).astype(np.float32)
    scenes = (_scene(corpus, area, names, values) for area in np.flatnonzero(fits).tolist())
    return [scene for scene in scenes if len(scene.trips)]


def straight_travel_time_s(distance_m: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return the free-flow time [s] over a straight distance [m] where no streets are known.

    ::

        way = DETOUR distance        speed(way) = slow + (fast - slow) (1 - exp(-way / reach))        t = way / speed

    Longer ways take longer, at a higher mean speed. This is declared, not learned.
    """
    way_m = DETOUR * np.asarray(distance_m, np.float64)
    return np.asarray(way_m / (_SLOW_MS + (_FAST_MS - _SLOW_MS) * -np.expm1(-way_m / _REACH_M)))


def flows_of(scene: Scene) -> NDArray[np.float64]:
    """Return the flows of a scene from zone to zone, shape (Z, Z): weights of its trips, summed."""
    trips, count = scene.trips, len(scene)
    cell = trips.origin_zone.astype(np.int64) * count + trips.destination_zone
    return np.asarray(np.bincount(cell, trips.weight, count * count).reshape(count, count), np.float64)


@dataclass(frozen=True, eq=False)
class _Corpus:
    """Hold the arrays of one file, and the names of its table's columns."""

    arrays: dict[str, NDArray[Any]]
    demographics: tuple[str, ...]

    def zones_of(self, area: int) -> slice:
        return slice(*self.arrays["zone_offset"][area : area + 2].tolist())

    def pairs_of(self, area: int) -> slice:
        return slice(*self.arrays["od_offset"][area : area + 2].tolist())


def _read(path: Path) -> _Corpus:
    names_file = path.with_name(_COLUMN_FILE)
    for file in (path, names_file):
        if not file.is_file():
            raise InputError(f"expected the file {file} of commuting flows, found none; give the folder's .npz file")
    try:
        names = json.loads(names_file.read_text(encoding="utf-8"))["demographics"]
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in _ARRAYS if name in archive}
    except (ValueError, KeyError, TypeError, zipfile.BadZipFile, OSError, EOFError) as error:
        raise InputError(f"{path}: expected an .npz archive of plain arrays and column names, got: {error}") from error
    _check(path, arrays, names)
    return _Corpus(arrays, tuple(names))


def _check(path: Path, arrays: dict[str, NDArray[Any]], names: list[str]) -> None:
    faults = Faults(str(path))
    for name in _ARRAYS:
        if name not in arrays:
            faults.add(f"expected an array {name!r}, got none")
    faults.raise_if_any(InputError)
    for offsets, members in _ROWS.items():
        _check_rows(faults, arrays, offsets, members)
    if arrays["demographics"].shape[1:] != (len(names),):
        faults.add(f"expected {len(names)} demographic columns, got an array of shape {arrays['demographics'].shape}")
    for name in ("lon", "lat", "land_area_m2", "demographics"):
        if not np.isfinite(arrays[name]).all():
            faults.add(f"expected finite numbers in {name!r}, got others")
    for name in ("land_area_m2", "demographics", "od_commuters"):
        if (arrays[name] < 0).any():
            faults.add(f"expected nothing below 0 in {name!r}, got some")
    faults.raise_if_any(InputError)


def _check_rows(faults: Faults, arrays: dict[str, NDArray[Any]], offsets: str, members: tuple[str, ...]) -> None:
    """Note offsets that do not rise, and arrays that have other rows than the offsets say."""
    bounds, areas = arrays[offsets], len(arrays["area_id"])
    if len(bounds) != areas + 1 or bounds[0] != 0 or (np.diff(bounds) < 0).any():
        faults.add(f"expected {offsets!r} to rise from 0, one more than areas ({areas})")
        return
    for name in members:
        if len(arrays[name]) != bounds[-1]:
            faults.add(f"expected {bounds[-1]} rows of {name!r}, got {len(arrays[name])}")


def _zone_columns(corpus: _Corpus) -> dict[str, NDArray[np.float64]]:
    """Return the columns of all zones of the file; offsets from the centre are set by area."""
    area_m2 = corpus.arrays["land_area_m2"].astype(np.float64)
    area_km2 = np.where(area_m2 > 0, area_m2, np.nan) / METRES_PER_KILOMETRE**2  # 0: a zone of water
    census = census_columns(Table(corpus.demographics, corpus.arrays["demographics"]), area_km2=area_km2)
    place = dict.fromkeys(("centre_distance", "centre_east", "centre_north"), np.full(len(area_km2), np.nan))
    return place | {"area": area_km2} | census


def _scene(corpus: _Corpus, area: int, names: tuple[str, ...], values: NDArray[np.float32]) -> Scene:
    arrays, zones = corpus.arrays, corpus.zones_of(area)
    xy_m = _plane(arrays["lon"][zones], arrays["lat"][zones])
    own = values[zones].copy()
    own[:, 0] = np.hypot(*xy_m.T) / METRES_PER_KILOMETRE
    own[:, 1:3] = xy_m / METRES_PER_KILOMETRE
    apart_m = np.hypot(*(xy_m[:, None] - xy_m[None]).transpose(2, 0, 1))
    extent_km = np.sqrt(arrays["land_area_m2"][zones].sum(dtype=np.float64)) / METRES_PER_KILOMETRE
    return Scene(
        name=f"us-{arrays['area_id'][area]}",
        place=f"us-{arrays['area_id'][area]}",
        source="commuting",
        zone_xy_m=xy_m.astype(np.float32),
        zone_columns=names,
        zone_values=own,
        scene_columns=("extent", "left_hand", "pois_known", "buildings_known"),
        scene_values=np.array([extent_km, 0, 0, 0], np.float32),
        travel_time_s=straight_travel_time_s(apart_m).astype(np.float32),
        edge_offsets=np.zeros(len(xy_m) + 1, np.int64),
        edge_columns=(),
        edge_values=np.zeros((0, 0), np.float32),
        edge_index=np.zeros(0, np.int32),
        directional=(("centre_east", "centre_north"),),
        trips=_trips(corpus, area),
        licence=LICENCE,
    )


def _plane(lon: NDArray[np.float32], lat: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return positions [m] east and north of their mean, shape (Z, 2), on the plane that touches the earth there.

    Degrees are scaled by the cosine of the mean latitude, also across the date line. Within 100 km of the centre
    distances are right to about 1 %, which is less than the detour is unknown.
    """
    first = lon.astype(np.float64)[:1]
    east = np.radians((lon - first + 180.0) % 360.0 - 180.0)
    north = np.radians(lat.astype(np.float64))
    scaled = np.stack([east * np.cos(north.mean()), north], axis=1) * _EARTH_M
    return np.asarray(scaled - scaled.mean(axis=0))


def _trips(corpus: _Corpus, area: int) -> SceneTrips:
    pairs = corpus.pairs_of(area)
    origin, destination, commuters = (
        corpus.arrays[name][pairs] for name in ("od_origin", "od_destination", "od_commuters")
    )
    kept = (origin != destination) & (commuters > 0)
    count = int(kept.sum())
    nowhere = np.full(count, -1, np.int32)
    return SceneTrips(
        origin_zone=origin[kept].astype(np.int32),
        destination_zone=destination[kept].astype(np.int32),
        via_zone=nowhere,
        origin_edge=nowhere,
        destination_edge=nowhere,
        depart_share=np.full(count, np.nan, np.float32),
        vehicle_class=np.zeros(count, np.int8),
        weight=commuters[kept].astype(np.float32),
        day=np.zeros(count, np.int16),
    )
