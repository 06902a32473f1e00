"""Find the charging stations of OSM files, and of the file that a network is made from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.datatypes.charging_tags import station_of_tags
from trafficdiff.errors import NetworkError
from trafficdiff.roads.source import find_source
from trafficdiff.roads.surroundings import Bounds, in_box, read_surroundings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from trafficdiff.datatypes.stations import ChargingStation

__all__ = ["charging_points", "network_charging_points"]


def charging_points(osm_files: Sequence[Path], *, bounds: Bounds | None = None) -> tuple[ChargingStation, ...]:
    """Return the charging stations of OSM files for the cars of the public, not yet matched to roads, by their ids.

    Parameters and errors are those of `trafficdiff.roads.surroundings.read_surroundings`.
    """
    import shapely

    around = read_surroundings(osm_files, bounds=bounds)
    found = {}
    for kind in (around.points, around.areas):
        for place in np.flatnonzero(in_box(kind, around.bounds)).tolist():
            centre = shapely.centroid(kind.geometry[place])
            station = station_of_tags(
                kind.osm_id[place], kind.tags[place], longitude_deg=centre.x, latitude_deg=centre.y
            )
            if station is not None:
                found[station.id] = station
    return tuple(found[name] for name in sorted(found))


def network_charging_points(network: str | Path) -> tuple[ChargingStation, ...]:
    """Return the charging stations of the OSM file that a network is made from, not yet matched to roads.

    Parameters
    ----------
    network
        A place, or an OSM file.

    Raises
    ------
    NetworkError
        If it is neither: built directories and nets do not hold OSM's stations.
    """
    source = find_source(network)
    if source.place is not None:
        return charging_points([source.place.checked_path()], bounds=source.place.box)
    if source.kind == "osm":
        return charging_points([source.path])
    raise NetworkError(
        f"{network}: expected a place or an OSM file to take charging stations from, got a "
        f"{'built directory' if source.kind == 'built' else 'net'}, which does not hold them; write a table with "
        "trafficdiff.roads.charging_points.charging_points and name it in charging.stations"
    )
