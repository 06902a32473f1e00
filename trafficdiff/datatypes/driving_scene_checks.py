"""Check an AV scene against its map: nobody is far off the road, signals are the map's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.net_shapes import read_net_shapes
from trafficdiff.errors import Faults, InputError

if TYPE_CHECKING:
    from trafficdiff.datatypes.driving_scene import DrivingScene
    from trafficdiff.datatypes.net_shapes import NetShapes

__all__ = ["check_on_roads"]

_OFF_ROAD_M: Final = 25.0
"""Farthest from the edge of any lane, footway or crossing that a road user may be [m]: yards and car parks are near."""
_SHOWN: Final = 5


def check_on_roads(scene: DrivingScene) -> NetShapes:
    """Check that everybody is on or beside the roads of the map and that its signals exist; return the map's shapes.

    Raises
    ------
    InputError
        Naming all who are not, and all signals that the map does not have.
    """
    shapes = read_net_shapes(scene.net_file)
    faults = Faults(f"scene {scene.name!r}")
    tracks = scene.tracks
    off_m = shapes.distance_from_road(tracks.x_m, tracks.y_m)
    farthest = np.maximum.reduceat(off_m, tracks.offsets[:-1])
    for place in np.argsort(-farthest)[:_SHOWN]:
        if farthest[place] > _OFF_ROAD_M:
            faults.add(
                f"user {tracks.user_id[place]!r}: expected to be within {_OFF_ROAD_M:g} m of a road of the map, got "
                f"{farthest[place]:,.0f} m off it; is it the map that the tracks were made on?"
            )
    lengths = {turn.signal: -1 for turn in shapes.turns if turn.signal}
    for turn in shapes.turns:
        if turn.signal:
            lengths[turn.signal] = max(lengths[turn.signal], turn.link)
    for signal in scene.signals.signals:
        if signal not in lengths:
            faults.add(f"signal {signal!r}: expected a signal of the map, found none of that id")
        elif len(scene.signals.state_at(signal, scene.begin_s)) <= lengths[signal]:
            faults.add(f"signal {signal!r}: expected a letter for each of its {lengths[signal] + 1} links, got fewer")
    faults.raise_if_any(InputError)
    return shapes
