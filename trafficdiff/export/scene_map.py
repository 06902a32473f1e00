"""Draw an AV scene on the map: the lanes around it, cut off where it ends, and everybody who moves."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.net_shapes import read_net_shapes
from trafficdiff.export.map_data import MapData, RoadLines, encode, roads_of
from trafficdiff.export.map_tracks import vehicle_tracks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.driving_scene import DrivingScene
    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["KINDS", "scene_on_map"]

KINDS: Final = ("others", "ego", "opponent")
"""Kinds of vehicles in the data, by number."""
_AROUND_M: Final = 40.0
"""So much is shown around all ways of the ego and its opponent [m]."""
_FEWEST: Final = 2
"""Points of a line."""


def scene_on_map(scene: DrivingScene, graph: RoadGraph, *, other: str) -> MapData:
    """Return lanes and road users of a scene for the map, which then looks at the scene and nothing else.

    Parameters
    ----------
    scene
        What is shown.
    graph
        The roads that it lies on.
    other
        User id of the opponent; whoever is neither ego nor opponent is one of the others.
    """
    tracks = scene.tracks
    names = tracks.user_id.astype(str)
    kind = np.where(names == scene.ego, 1, np.where(names == other, 2, 0)).astype(np.uint8)
    of_both = kind[tracks.user] > 0
    low, high = (
        extreme([tracks.x_m[of_both], tracks.y_m[of_both]], axis=1) + side
        for extreme, side in ((np.min, -_AROUND_M), (np.max, _AROUND_M))
    )
    fleet = vehicle_tracks(tracks, graph)
    assert fleet is not None  # a scene has an ego
    return encode(roads=_inside(scene, graph, low, high), vehicles=replace(fleet, kind=kind))


def _inside(scene: DrivingScene, graph: RoadGraph, low: NDArray[np.float64], high: NDArray[np.float64]) -> RoadLines:
    """Return the lanes within a box, those inside junctions too, cut at its sides; all roads where none is."""
    import shapely

    names = dict(zip(graph.edge_id, graph.street_name, strict=True))
    box = shapely.box(*low, *high)
    ids: list[str] = []
    lines: list[NDArray[np.float64]] = []
    streets: list[str] = []
    for lane in read_net_shapes(scene.net_file.resolve()).lanes.values():
        line = lane.shape[:, :2]
        outside = (line.max(axis=0) < low).any() or (line.min(axis=0) > high).any()
        if outside or len(line) < _FEWEST or lane.function == "walkingarea":
            continue
        for number, part in enumerate(shapely.get_parts(box.intersection(shapely.LineString(line)))):
            if part.geom_type == "LineString" and part.length > 0:
                ids.append(f"{lane.lane_id}#{number}" if number else lane.lane_id)
                lines.append(graph.to_lonlat(shapely.get_coordinates(part)))
                streets.append("" if lane.index or number else str(names.get(lane.edge_id, "")))
    if not ids:
        return roads_of(graph)
    return RoadLines(ids=ids, lines=lines, names=streets, left_hand=graph.left_hand)
