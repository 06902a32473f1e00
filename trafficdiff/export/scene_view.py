"""Look at an AV scene as exporters do: seconds from its beginning, heights, unwrapped headings, sun, user by user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.datatypes.driving_scene_checks import check_on_roads
from trafficdiff.datatypes.track_motion import unwrapped_heading
from trafficdiff.export.sunlight import sun_at

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from trafficdiff.datatypes.driving_scene import DrivingScene
    from trafficdiff.datatypes.net_shapes import NetShapes
    from trafficdiff.datatypes.scene_environment import Sun

__all__ = ["SceneView", "view_scene"]


@dataclass(frozen=True, eq=False)
class SceneView:
    """Hold a scene with what all exporters compute from it.

    Parameters
    ----------
    scene, shapes
        The scene, and the geometry of its net.
    clock_s
        Shape (S,), time since the scene began [s], to the millisecond.
    z_m
        Shape (S,), height of the road under each sample [m].
    heading_rad
        Shape (S,), headings without jumps of a full turn: whoever interpolates goes the short way round.
    moment
        Local time of the beginning, with its time zone.
    sun
        Where the sun stands then.
    lonlat
        Where the scene is [degrees, WGS 84], or None for a net without a projection.
    """

    scene: DrivingScene
    shapes: NetShapes
    clock_s: NDArray[np.float64]
    z_m: NDArray[np.float64]
    heading_rad: NDArray[np.float64]
    moment: datetime
    sun: Sun
    lonlat: tuple[float, float] | None

    @property
    def duration_s(self) -> float:
        """How long the scene lasts [s]."""
        return float(self.clock_s.max())

    def rows(self, user: int) -> slice:
        """Return the samples of a user."""
        return slice(int(self.scene.tracks.offsets[user]), int(self.scene.tracks.offsets[user + 1]))


def view_scene(scene: DrivingScene) -> SceneView:
    """Check a scene against its map and return it as exporters see it.

    Raises
    ------
    InputError
        If somebody is off the road, a signal is not the map's, or the map cannot be read.
    """
    shapes = check_on_roads(scene)
    tracks = scene.tracks
    edges = np.append(scene.edge_id.astype(object), "")[tracks.edge]
    lonlat = _lonlat(shapes, float(tracks.x_m.mean()), float(tracks.y_m.mean()))
    moment, sun = sun_at(scene.environment, lonlat=lonlat)
    return SceneView(
        scene=scene,
        shapes=shapes,
        clock_s=np.round(tracks.time_s - scene.begin_s, 3),
        z_m=shapes.heights(tracks.x_m, tracks.y_m, edge=edges),
        heading_rad=unwrapped_heading(tracks),
        moment=moment,
        sun=sun,
        lonlat=lonlat,
    )


def _lonlat(shapes: NetShapes, x_m: float, y_m: float) -> tuple[float, float] | None:
    if shapes.projection in {"!", "-", ""}:
        return None
    import pyproj

    projection = pyproj.Proj(shapes.projection)
    east, north = shapes.net_offset
    lon, lat = projection(x_m - east, y_m - north, inverse=True)
    return float(lon), float(lat)
