"""Say what surrounds charging stations, in the terms in which the charging model knows it: places within 300 m by kind.

The model learned from a table of Hamburg's sites whose kinds have names and no list of tags; which of the package's
categories of points of interest each kind holds is declared here. Where a network's places are not known, nothing is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.session_sites import SURROUNDINGS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.stations import ChargingStation

__all__ = ["KINDS", "MOST", "station_surroundings"]

KINDS: Final[dict[str, tuple[str, ...]]] = {
    "administrative": ("government",),
    "consumption": (
        "boutique", "commodity", "finance", "food", "home-improvement", "marketplace", "retail", "shop_beauty",
        "shop_clothes", "shop_livelihood", "shop_transport", "travel_agency",
    ),
    "leisure": ("cafe", "entertainment", "fast_food", "ice_cream", "pub", "restaurant", "sport"),
    "tourism": ("accommodation", "tourism"),
    "education": ("education", "kindergarten"),
    "health": ("health",),
    "work": ("office",),
}  # fmt: skip
"""Categories of `trafficdiff.roads.pois` that each kind of place holds. Declared."""

MOST: Final = {
    "administrative": 4, "consumption": 213, "leisure": 78, "tourism": 35, "education": 8, "health": 39, "work": 31,
}  # fmt: skip
"""Most places of each kind around any site of Hamburg's table: beyond them the model has seen nothing, so more count as
so many. The centre of Helsinki has two to three times as many of some."""

_RADIUS_M: Final = 300.0


def station_surroundings(
    stations: Sequence[ChargingStation], graph: RoadGraph, *, directory: Path | None
) -> NDArray[np.float64]:
    """Return log(1 + places) around each station by kind, shape (S, len(`SURROUNDINGS`)).

    NaN for what is not known: other sites and people, everything where a network's places are not known, and around
    stations that are not public.

    Parameters
    ----------
    stations
        At roads of the graph; without a point of their own they stand in the middle of their road.
    graph
        The roads.
    directory
        The built directory of the network, which holds its points of interest; None where there is none.
    """
    from trafficdiff.workflows.model_trips import surroundings_in

    found = np.full((len(stations), len(SURROUNDINGS)), np.nan)
    public = [row for row, station in enumerate(stations) if station.site_type in ("public", "rapid")]
    pois = surroundings_in(directory)[0] if public and directory is not None else None
    if pois is None:
        return found
    from scipy.spatial import KDTree

    places = pois.geometry
    xy = graph.from_lonlat(np.stack([places.x.to_numpy(), places.y.to_numpy()], axis=1))
    category = pois["category"].to_numpy()
    at = np.array([_point(stations[row], graph) for row in public])
    for kind, categories in KINDS.items():
        own = xy[np.isin(category, categories)]
        near = KDTree(own).query_ball_point(at, _RADIUS_M, return_length=True) if len(own) else np.zeros(len(at))
        found[public, SURROUNDINGS.index(kind)] = np.log1p(np.minimum(near, MOST[kind]))
    return found


def _point(station: ChargingStation, graph: RoadGraph) -> NDArray[np.float64]:
    if np.isfinite([station.longitude_deg, station.latitude_deg]).all():
        return np.asarray(graph.from_lonlat(np.array([[station.longitude_deg, station.latitude_deg]]))[0])
    return np.asarray(graph.midpoint_xy[graph.edge_index[station.edge]])
