"""Find the charging stations of OSM files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.datatypes.charging_tags import station_of_tags
from trafficdiff.roads.surroundings import Bounds, in_box, read_surroundings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from trafficdiff.datatypes.stations import ChargingStation

__all__ = ["charging_points"]


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
