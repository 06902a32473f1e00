r"""Close shapes that a crop has cut open, along the rim of the box.

A crop keeps the nodes inside its box and drops the others, so a shore or a park that leaves the box ends a step
before the rim. Here such ends are led to the nearest point of the rim.

::

    ┌──────a───┐        known part a .. b of a ring whose rest lies outside the box:
    │     /    b        led to the rim at both ends, then closed along the rim the shorter way,
    │     \__/ │        here by the upper right corner
    └──────────┘
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

__all__ = ["Rim", "close_ring", "sea_areas"]

_SIDE_STEP_DEGREES: Final = 1e-7
"""How far beside a shore the water is asked for, about 1 cm."""
_AGREEMENT: Final = 0.8
"""Share of a face's shore that must have it on its right hand for the face to be sea."""


@dataclass(frozen=True)
class Rim:
    """Measure positions along the rim of a lon / lat box, counter-clockwise from its south-west corner.

    Parameters
    ----------
    bounds
        West, south, east, north [degrees, WGS 84].
    reach
        Farthest that an end may lie from the rim to be led there, as a share of the box's shorter side.
    """

    bounds: tuple[float, float, float, float]
    reach: float = 0.2

    @property
    def corners(self) -> NDArray[np.float64]:
        """The four corners from south-west, counter-clockwise, shape (4, 2)."""
        west, south, east, north = self.bounds
        return np.array([(west, south), (east, south), (east, north), (west, north)])

    @property
    def _stretch(self) -> float:
        """Length of a degree of longitude over one of latitude."""
        return float(np.cos(np.radians((self.bounds[1] + self.bounds[3]) / 2)))

    def nearest(self, point: NDArray[np.float64]) -> tuple[NDArray[np.float64], float, float]:
        """Return the rim's nearest point, its position (0 to 4, one a side), and how far it is (share of the box)."""
        west, south, east, north = self.bounds
        x = float(np.clip(point[0], west, east))
        y = float(np.clip(point[1], south, north))
        width, height = east - west, north - south
        sides = [
            (abs(y - south), (x - west) / width, (x, south)),
            (abs(east - x) * self._stretch, 1 + (y - south) / height, (east, y)),
            (abs(north - y), 2 + (east - x) / width, (x, north)),
            (abs(x - west) * self._stretch, 3 + (north - y) / height, (west, y)),
        ]
        distance, position, spot = min(sides, key=lambda side: side[0])
        return np.array(spot), position % 4, distance / min(width * self._stretch, height)

    def lead_to(self, line: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return a line (shape (P, 2)) with each end that lies near enough inside the box led to the rim."""
        head, _, head_away = self.nearest(line[0])
        tail, _, tail_away = self.nearest(line[-1])
        parts = [line]
        if 0 < head_away <= self.reach:
            parts.insert(0, head[None])
        if 0 < tail_away <= self.reach:
            parts.append(tail[None])
        return np.concatenate(parts)

    def between(self, start: float, end: float) -> NDArray[np.float64]:
        """Return the corners that lie between two positions, walking the shorter way, shape (C, 2)."""
        ahead = (end - start) % 4
        forward = ahead <= 2
        span = ahead if forward else 4 - ahead
        first = np.floor(start) + 1 if forward else np.ceil(start) - 1
        step = 1 if forward else -1
        walked = [first + step * number for number in range(4)]
        inside = [int(corner) % 4 for corner in walked if 0 < abs(corner - start) < span]
        return np.asarray(self.corners[inside])


def close_ring(runs: Sequence[NDArray[np.float64]], rim: Rim) -> NDArray[np.float64]:
    """Return a ring made of the known parts of one that a crop has cut.

    Parameters
    ----------
    runs
        The known parts in order, each of shape (P, 2) [degrees].
    rim
        Rim of the box that cut it.

    Returns
    -------
    Shape (Q, 2), closed; parts are joined along the rim where both ends lie near it, else straight.
    """
    led = [rim.lead_to(run) for run in runs]
    pieces: list[NDArray[np.float64]] = []
    for run, following in zip(led, [*led[1:], led[0]], strict=True):
        pieces.append(run)
        (_, start, start_away), (_, end, end_away) = rim.nearest(run[-1]), rim.nearest(following[0])
        if start_away == 0 and end_away == 0:
            pieces.append(rim.between(start, end))
    return np.concatenate([*pieces, led[0][:1]])


def sea_areas(shores: Sequence[NDArray[np.float64]], rim: Rim) -> list[BaseGeometry]:
    """Return the sea inside a box, from its shore lines.

    OSM draws ``natural=coastline`` with land on the left and water on the right (OSM wiki, "Tag:natural=coastline").
    The shores and the rim cut the box into faces; a face is sea where the shore that bounds it has it on the right.

    Parameters
    ----------
    shores
        Directed lines, each of shape (P, 2) [degrees].
    rim
        Rim of the box.

    Returns
    -------
    Polygons [degrees]. None where the shores contradict each other, or do not reach the rim: no flood is better
    than a false one.
    """
    import shapely

    lines = [shore for shore in shores if len(shore) > 1]
    if not lines:
        return []
    merged = shapely.line_merge(shapely.MultiLineString(lines), directed=True)
    whole = [shapely.get_coordinates(part) for part in shapely.get_parts(merged)]
    led = [line if (line[0] == line[-1]).all() else rim.lead_to(line) for line in whole]
    box = shapely.box(*rim.bounds)
    network = shapely.union_all([box.exterior, *(shapely.LineString(line) for line in led)])
    cells = shapely.get_parts(shapely.polygonize(shapely.get_parts(network)))
    faces = [face for face in cells if box.contains(face.representative_point())]
    right, left = _shore_beside(faces, led, box)
    return [face for face, wet, dry in zip(faces, right, left, strict=True) if wet > _AGREEMENT * (wet + dry)]


def _shore_beside(
    faces: list[BaseGeometry], lines: list[NDArray[np.float64]], box: BaseGeometry
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the length of shore that has each face on its right and on its left."""
    import shapely

    start = np.concatenate([line[:-1] for line in lines])
    along = np.concatenate([np.diff(line, axis=0) for line in lines])
    length = np.linalg.norm(along, axis=1)
    start, along, length = start[length > 0], along[length > 0], length[length > 0]
    to_right = np.stack([along[:, 1], -along[:, 0]], axis=1) / length[:, None] * _SIDE_STEP_DEGREES
    tree = shapely.STRtree(faces)
    sums = []
    for side in (to_right, -to_right):
        points = shapely.points(start + along / 2 + side)
        segment, face = tree.query(points, predicate="within")
        inside = shapely.contains(box, points[segment])
        sums.append(np.bincount(face[inside], length[segment[inside]], len(faces)).astype(np.float64))
    return sums[0], sums[1]
