"""Say what a corpus holds: scenes, edges, trips and days by source and place, fringe shares, licences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trafficdiff.datatypes.scene import Scene

__all__ = ["corpus_card"]

_PLACES_SHOWN = 100
"""Sources of more places (areas of commuting flows) are told in sum only."""


def corpus_card(scenes: Sequence[Scene], *, seed: int, crops: int) -> dict[str, Any]:
    """Return the card of a corpus as plain values.

    Parameters
    ----------
    scenes
        All of it.
    seed, crops
        What it was made with.
    """
    sources: dict[str, Any] = {}
    for source in sorted({scene.source for scene in scenes}):
        of_source = [scene for scene in scenes if scene.source == source]
        places = sorted({scene.place for scene in of_source})
        sources[source] = _sums(of_source) | {"places": len(places)}
        if len(places) <= _PLACES_SHOWN:
            sources[source]["by_place"] = {
                place: _sums([scene for scene in of_source if scene.place == place]) for place in places
            }
    return {"format": 1, "seed": seed, "crops": crops, "all": _sums(scenes), "sources": sources}


def _sums(scenes: Sequence[Scene]) -> dict[str, Any]:
    fringes = [share for scene in scenes if (share := _fringe_share(scene)) == share]
    return {
        "scenes": len(scenes),
        "zones": sum(map(len, scenes)),
        "edges": sum(len(scene.edge_values) for scene in scenes),
        "rows_of_trips": sum(len(scene.trips) for scene in scenes),
        "trips": round(float(sum(scene.trips.weight.sum(dtype=np.float64) for scene in scenes))),
        "days": sum(len(np.unique(scene.trips.day)) for scene in scenes),
        "with_pois": sum(_has_pois(scene) for scene in scenes),
        "fringe_origin_share": _quartiles(fringes),
        "via_share": _mean([float((scene.trips.via_zone >= 0).mean()) for scene in scenes if len(scene.trips)]),
        "licences": sorted({scene.licence for scene in scenes}),
    }


def _fringe_share(scene: Scene) -> float:
    """Return the share of trips that begin on an edge where traffic enters; NaN without edges or trips."""
    rows = scene.trips.origin_edge[scene.trips.origin_edge >= 0]
    if not scene.has_edges or not len(rows) or "enter_capacity" not in scene.edge_columns:
        return float("nan")
    return float((scene.edge_values[rows, scene.edge_columns.index("enter_capacity")] > 0).mean())


def _has_pois(scene: Scene) -> bool:
    columns = [place for place, name in enumerate(scene.zone_columns) if name.startswith("pois_")]
    return bool(columns) and bool(np.isfinite(scene.zone_values[:, columns]).any())


def _quartiles(values: list[float]) -> list[float]:
    """Return minimum, quartiles and maximum."""
    return [round(float(value), 3) for value in np.quantile(values, (0, 0.25, 0.5, 0.75, 1))] if values else []


def _mean(values: list[float]) -> float:
    return round(float(np.mean(values)), 3) if values else 0.0
