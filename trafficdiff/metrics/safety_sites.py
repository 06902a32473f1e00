"""Assign moments to roads and junctions, and count what was driven and what was dangerous there.

A moment belongs to a junction inside it, on the last 30 m before it and on the first 10 m behind it; else to its edge.
Of nodes with fewer than three neighbours only the inside counts as a junction: their surroundings belong to the edges,
and an edge is not known inside. The same rule places the conflicts and the vehicle-kilometres, so that a rate divides
like by like.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.vehicles import WALKING_CLASSES
from trafficdiff.metrics.safety_types import CONFLICT_TYPES

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.tracks import Tracks

__all__ = ["is_junction", "site_counts", "site_names", "sites_of", "with_sites"]

_BEFORE_M: Final = 30.0
_BEHIND_M: Final = 10.0


def is_junction(graph: RoadGraph) -> NDArray[np.bool_]:
    """Return which nodes have three neighbours or more, shape (N,)."""
    pairs = np.stack([graph.from_node, graph.to_node]).astype(np.int64)
    low, high = np.minimum(*pairs), np.maximum(*pairs)
    unique = np.unique(low * graph.node_count + high)
    ends = np.concatenate([unique // graph.node_count, unique % graph.node_count])
    return np.asarray(np.bincount(ends, minlength=graph.node_count) >= 3)


def sites_of(
    graph: RoadGraph, *, x_m: NDArray[np.float64], y_m: NDArray[np.float64], edge: NDArray[np.integer]
) -> NDArray[np.int64]:
    """Return the site of each place: the position of its edge, or the number of edges plus that of its junction.

    Parameters
    ----------
    graph
        The roads.
    x_m, y_m
        Shape (S,), net coordinates [m].
    edge
        Shape (S,), position of the edge, -1 inside junctions.
    """
    from scipy.spatial import cKDTree

    junction = is_junction(graph)
    on = np.asarray(edge, np.int64)
    inside = on < 0
    ends = (
        (graph.shape_offsets[1:] - 1, graph.to_node, _BEFORE_M),
        (graph.shape_offsets[:-1], graph.from_node, _BEHIND_M),
    )
    found = np.array(on)
    for corner, node, reach_m in ends[::-1]:  # who is near both ends belongs to the junction ahead
        xy = graph.shape_xy[corner[on]]
        near = ~inside & (np.hypot(x_m - xy[:, 0], y_m - xy[:, 1]) <= reach_m) & junction[node[on]]
        found[near] = graph.edge_count + node[on][near]
    if inside.any():
        nearest = cKDTree(graph.node_xy).query(np.stack([x_m, y_m], axis=1)[inside])[1]
        found[inside] = graph.edge_count + nearest
    return found


def site_names(graph: RoadGraph) -> pd.DataFrame:
    """Return what the sites are, one row each in the order of their positions.

    Columns ``site`` (edge id or node id), ``kind`` (``road`` or ``junction``), ``name`` (the street's, or those of the
    streets that meet), ``x_m`` and ``y_m``.
    """
    import pandas as pd

    met: list[list[str]] = [[] for _ in range(graph.node_count)]
    for ends in (graph.from_node, graph.to_node):
        for node, street in zip(ends.tolist(), graph.street_name.tolist(), strict=True):
            if street and street not in met[node]:
                met[node].append(str(street))
    xy = np.concatenate([graph.midpoint_xy, graph.node_xy])
    return pd.DataFrame(
        {
            "site": np.concatenate([graph.edge_id, graph.node_id]),
            "kind": ["road"] * graph.edge_count + ["junction"] * graph.node_count,
            "name": [*graph.street_name.astype(str), *(" / ".join(names[:3]) for names in met)],
            "x_m": xy[:, 0],
            "y_m": xy[:, 1],
        }
    )


def with_sites(events: pd.DataFrame, graph: RoadGraph) -> pd.DataFrame:
    """Return conflicts with the columns ``site``, ``kind`` and ``name`` of where they belong (see `site_names`)."""
    names = site_names(graph).iloc[_sites_of_events(events, graph)]
    return events.assign(**{column: names[column].to_numpy() for column in ("site", "kind", "name")})


def _sites_of_events(events: pd.DataFrame, graph: RoadGraph) -> NDArray[np.int64]:
    x_m, y_m = (events[column].to_numpy(np.float64) for column in ("x_m", "y_m"))
    return sites_of(graph, x_m=x_m, y_m=y_m, edge=events["edge"].to_numpy(np.int64))


def site_counts(tracks: Tracks, events: pd.DataFrame, graph: RoadGraph) -> pd.DataFrame:
    """Return what was driven and what was dangerous by site: the rows of `site_names` where anything was.

    Further columns: ``vehicle_km`` (without pedestrians), ``near_misses``, ``collisions``, and the near misses of each
    type by its name.

    Parameters
    ----------
    tracks, graph
        The road users, and the roads they were on.
    events
        From `safety_events.conflicts`.
    """
    count = graph.edge_count + graph.node_count
    table = site_names(graph)
    table["vehicle_km"] = _driven_m(tracks, graph, count) / 1_000
    critical = events[events["near_miss"]]
    at = _sites_of_events(critical, graph)
    table["near_misses"] = np.bincount(at, minlength=count)
    table["collisions"] = np.bincount(at[critical["collision"].to_numpy(bool)], minlength=count)
    for name in CONFLICT_TYPES:
        table[name] = np.bincount(at[(critical["type"] == name).to_numpy()], minlength=count)
    return table[(table["vehicle_km"] > 0) | (table["near_misses"] > 0)].reset_index(drop=True)


def _driven_m(tracks: Tracks, graph: RoadGraph, count: int) -> NDArray[np.float64]:
    """Return the metres that vehicles drove by site: each step belongs to the site of its end."""
    later = np.flatnonzero(np.diff(tracks.user) == 0) + 1
    later = later[~np.isin(tracks.user_kind[tracks.user[later]].astype(str), WALKING_CLASSES)]
    moved_m = np.hypot(tracks.x_m[later] - tracks.x_m[later - 1], tracks.y_m[later] - tracks.y_m[later - 1])
    at = sites_of(graph, x_m=tracks.x_m[later], y_m=tracks.y_m[later], edge=tracks.edge[later])
    return np.asarray(np.bincount(at, weights=moved_m, minlength=count), np.float64)
