"""Tell from the streets alone whether a place is urban."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.roads.extract import segment_lengths
from trafficdiff.roads.sanitise import DRIVABLE_CLASSES

if TYPE_CHECKING:
    from trafficdiff.roads.extract import Ways

__all__ = ["URBAN_DENSITY_KM", "is_urban", "street_density"]

URBAN_DENSITY_KM: Final = 3.0
"""Street length above which a place counts as urban [km per square kilometre].

Declared, not learned: twelve city extracts have 4.5 to 23, three rural ones (Andorra, Liechtenstein and the
countryside north of Bayreuth) 0.9 to 2.5.
"""

_KM_PER_DEGREE: Final = 111.195  # of latitude, on a sphere of the mean radius
_CORE_PERCENT: Final = (5.0, 95.0)


def street_density(ways: Ways) -> float:
    """Return the length of streets for cars over the area that they cover [km per square kilometre].

    The area is the box that holds the middle 90 % of the points in each direction, so that a road that leads far
    out does not count; only points and stretches inside it do.
    """
    west, south = np.percentile(ways.lonlat, _CORE_PERCENT[0], axis=0)
    east, north = np.percentile(ways.lonlat, _CORE_PERCENT[1], axis=0)
    area = (east - west) * np.cos(np.radians((south + north) / 2)) * (north - south) * _KM_PER_DEGREE**2
    for_cars = ways.tags["highway"].isin(DRIVABLE_CLASSES).to_numpy()
    piece_for_cars = for_cars[np.searchsorted(ways.tags.index.to_numpy(), ways.way)]
    lengths_m = segment_lengths(ways.lonlat)
    lengths_m[ways.offsets[1:-1] - 1] = 0.0  # the jump from one piece to the next
    counted = np.repeat(piece_for_cars, np.diff(ways.offsets))
    counted &= ((ways.lonlat >= (west, south)) & (ways.lonlat <= (east, north))).all(axis=1)
    return float(lengths_m[counted[:-1] & counted[1:]].sum() / 1_000 / max(area, 1e-9))


def is_urban(ways: Ways) -> bool:
    """Return whether streets are dense enough that main roads without a limit count as urban."""
    return street_density(ways) >= URBAN_DENSITY_KM
