"""Tell who on foot is among traffic: on crossings and carriageways, not on sides of streets and at corners.

::

    side ── corner ═══ crossing ═══ corner ── side        ═══ among traffic

A net's corners and sides may lie under the ways of turning vehicles (they are guessed, and drawn without kerbs). Who
waits there is not in anybody's way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.datatypes.footways import read_footways
from trafficdiff.datatypes.net_shapes import read_net_shapes
from trafficdiff.datatypes.vehicles import WALKING_CLASSES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.tracks import Tracks

__all__ = ["goes_on_foot", "on_footways", "share_traffic"]

"""Vehicle classes of SUMO that walk."""


def goes_on_foot(tracks: Tracks) -> NDArray[np.bool_]:
    """Return which users go on foot, shape (U,)."""
    return np.asarray(np.isin(tracks.user_kind.astype(str), WALKING_CLASSES))


def share_traffic(
    tracks: Tracks, one: NDArray[np.int64], other: NDArray[np.int64], *, aside: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Return which pairs of samples are of two users among traffic who are not both on foot, shape (P,).

    Parameters
    ----------
    tracks
        Road users.
    one, other
        Shape (P,), places of samples.
    aside
        Shape (S,), samples of users who are out of traffic.
    """
    on_foot = goes_on_foot(tracks)
    if not on_foot.any() and not aside.any():
        return np.ones(len(one), bool)
    user = tracks.user
    return np.asarray(~(aside[one] | aside[other] | (on_foot[user[one]] & on_foot[user[other]])))


def on_footways(tracks: Tracks, graph: RoadGraph) -> NDArray[np.bool_]:
    """Return which samples are of somebody on foot who keeps out of traffic, shape (S,).

    Nobody does on a net without footways.

    Parameters
    ----------
    tracks
        Road users; ``edge`` is a position in the graph, -1 inside junctions and on crossings.
    graph
        The roads, whose net file says where sides and crossings are.
    """
    aside = goes_on_foot(tracks)[tracks.user]
    if not aside.any():
        return aside
    footways = read_footways(graph.net_path)
    if not len(footways):
        return np.zeros(len(aside), bool)
    has_side = np.append(np.isin(graph.edge_id.astype(str), footways.edge_id.astype(str)), True)  # the last is for -1
    aside &= has_side[tracks.edge]
    inside = np.flatnonzero(aside & (tracks.edge < 0))
    aside[inside] = ~_on_crossings(tracks.x_m[inside], tracks.y_m[inside], graph)
    return aside


def _on_crossings(x_m: NDArray[np.float64], y_m: NDArray[np.float64], graph: RoadGraph) -> NDArray[np.bool_]:
    import shapely

    lanes = [lane for lane in read_net_shapes(graph.net_path).lanes.values() if lane.function == "crossing"]
    strips = [shapely.LineString(lane.shape[:, :2]).buffer(lane.width_m / 2, cap_style="flat") for lane in lanes]
    whole = shapely.union_all(strips)
    shapely.prepare(whole)
    return np.asarray(shapely.contains_xy(whole, x_m, y_m))
