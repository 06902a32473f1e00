"""Thin out the ways of vehicles so that a browser can move them on a map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.export.map_data import VehicleTracks

if TYPE_CHECKING:
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.tracks import Tracks

__all__ = ["MOST_SAMPLES", "vehicle_tracks"]

MOST_SAMPLES: Final = 121_000
"""Positions that travel at most: a thousand vehicles at 121 moments are below one megabyte."""
_MOST_CELLS: Final = 2_000_000
"""Vehicles times moments: what a browser keeps unpacked, eight bytes each."""


def vehicle_tracks(tracks: Tracks, graph: RoadGraph, *, most_samples: int = MOST_SAMPLES) -> VehicleTracks | None:
    """Return the ways of all vehicles at common moments, every second, third ... where they are too many; None of none.

    Parameters
    ----------
    tracks
        Ways whose samples lie on one grid of times, as SUMO writes them.
    graph
        The roads in whose coordinates they are.
    most_samples
        No more positions are kept.
    """
    if not len(tracks.time_s):
        return None
    begin_s = float(tracks.time_s.min())
    same = tracks.user[1:] == tracks.user[:-1]
    apart_s = np.diff(tracks.time_s)[same]
    step_s = float(apart_s.min()) if len(apart_s) else 1.0
    place = np.rint((tracks.time_s - begin_s) / step_s).astype(np.int64)
    every = _every(place, users=len(tracks.user_id), most_samples=most_samples)
    kept = place % every == 0
    users, column = np.unique(tracks.user[kept], return_inverse=True)
    moments = int(place.max()) // every + 1
    lonlat = np.full((moments, len(users), 2), np.nan)
    lonlat[place[kept] // every, column] = graph.to_lonlat(np.stack([tracks.x_m[kept], tracks.y_m[kept]], axis=1))
    return VehicleTracks(lonlat=lonlat, times_s=begin_s + step_s * every * np.arange(moments))


def _every(place: np.ndarray[tuple[int], np.dtype[np.int64]], *, users: int, most_samples: int) -> int:
    """Return of how many moments one is kept."""
    by_samples = -(-len(place) // most_samples)
    by_cells = -(-users * (int(place.max()) + 1) // _MOST_CELLS)
    return max(by_samples, by_cells, 1)
