"""Write lines and areas as SVG paths of whole numbers: each point as its step from the one before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from trafficdiff.export.frame import Frame

__all__ = ["area_path", "line_path", "on_canvas"]


def on_canvas(geometries: NDArray[np.object_], frame: Frame, *, width: float) -> NDArray[np.object_]:
    """Return geometries in a picture's units: x to the right, y down, the frame's left upper corner at (0, 0)."""
    import shapely

    scale = width / frame.width_m
    return np.asarray(
        shapely.transform(geometries, lambda xy: (xy - (frame.left, frame.top)) * (scale, -scale)), object
    )


def line_path(lines: NDArray[np.object_]) -> str:
    """Return lines as one path; those that shrink to a point are left out."""
    import shapely

    xy, place = shapely.get_coordinates(lines, return_index=True)
    return "".join(_steps(xy, place))


def area_path(polygons: NDArray[np.object_], *, smallest: float) -> str:
    """Return polygons as one path of closed rings; areas below the smallest are left out."""
    import shapely

    large = polygons[shapely.area(polygons) >= smallest] if len(polygons) else polygons
    if not len(large):
        return ""
    rings = shapely.get_rings(large)
    xy, place = shapely.get_coordinates(rings, return_index=True)
    return "".join(f"{ring}z" for ring in _steps(xy, place))


def _steps(xy: NDArray[np.float64], place: NDArray[np.integer[Any]]) -> Iterator[str]:
    whole = np.rint(xy).astype(np.int64)
    starts = np.flatnonzero(np.diff(place, prepend=-1))
    for points in np.split(whole, starts[1:]):
        steps = np.diff(points, axis=0)
        steps = steps[steps.any(axis=1)]
        if len(steps):
            x, y = points[0]
            yield f"M{x} {y}l" + " ".join(f"{dx} {dy}" for dx, dy in steps)
