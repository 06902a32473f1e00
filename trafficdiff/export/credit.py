"""Say whom a map or a table must thank for its roads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["OSM_CREDIT", "OSM_LICENCE", "comes_from_openstreetmap"]

OSM_CREDIT: Final = "© OpenStreetMap contributors (ODbL)"
"""What stands on a map (https://osmfoundation.org/wiki/Licence/Attribution_Guidelines)."""
OSM_LICENCE: Final = (
    "Open Data Commons Open Database License (ODbL) 1.0 (© OpenStreetMap contributors, "
    "https://www.openstreetmap.org/copyright)"
)
"""What stands in a table that is keyed by OpenStreetMap's roads."""

_OSM_CLASSES: Final = frozenset(
    {"motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential", "living_street", "service"}
)
_LEAST_SHARE: Final = 0.5


def comes_from_openstreetmap(graph: RoadGraph) -> bool:
    """Return whether the roads come from OpenStreetMap: edges know their ways, or most carry its classes.

    Nets that others made from OpenStreetMap often lack the ways but keep netconvert's edge types
    (``highway.residential``); nets drawn by hand or taken from other sources have neither.
    """
    if len(graph.way_ids):
        return True
    roads = [str(kind).removesuffix("_link") in _OSM_CLASSES for kind in graph.road_class]
    return bool(np.mean(roads) >= _LEAST_SHARE)
