"""Say in ``build.json`` where a network comes from, how it was made, and what to know before trusting it."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

import trafficdiff
from trafficdiff.process import sumo_home
from trafficdiff.roads.connectivity import Connectivity, connectivity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.roads.netconvert import Converted
    from trafficdiff.roads.screen import Screened

__all__ = [
    "LEAST_CORE_SHARE",
    "LEAST_JOINED_SHARE",
    "MOST_ISLAND_SHARE",
    "ODBL_NOTICE",
    "OSM_ATTRIBUTION",
    "bounds_of",
    "conversion_record",
    "graph_record",
    "join_warnings",
    "rights",
    "source_record",
    "versions",
]

ODBL_NOTICE: Final = (
    "Contains information from OpenStreetMap, made available under the Open Database License (ODbL) 1.0, "
    "https://opendatacommons.org/licenses/odbl/1-0/. The network and tables in this directory are a derivative "
    "database under the same licence."
)
OSM_ATTRIBUTION: Final = "© OpenStreetMap contributors"

LEAST_CORE_SHARE: Final = 0.8
"""Share of edges that can all reach each other below which a build warns; cut-out city centres have 0.85 to 0.99."""
MOST_ISLAND_SHARE: Final = 0.05
"""Share of edges outside the largest island above which a build warns."""
LEAST_JOINED_SHARE: Final = 0.5
"""Share of edges that find an OSM way below which a build warns."""


def conversion_record(converted: Converted, *, log: str) -> dict[str, Any]:
    """Return the command, as it reads on any machine, and where its warnings are."""
    home = str(sumo_home())
    command = [word.replace(home, "$SUMO_HOME") for word in converted.command]
    return {"command": command, "warning_count": len(converted.warnings), "log": log}


def source_record(part: Screened) -> dict[str, Any]:
    """Return what identifies a source file."""
    return {"file": part.path.name, "kind": part.kind, "size_bytes": part.size_bytes, "sha256": part.sha256}


def versions() -> dict[str, str]:
    """Return the versions of the programs that decide what comes out."""
    return {
        "trafficdiff": trafficdiff.__version__,
        "eclipse-sumo": metadata.version("eclipse-sumo"),
        "osmium": metadata.version("osmium"),
    }


def rights(screened: Sequence[Screened], attribution: str) -> dict[str, str]:
    """Return licence notice and attribution; of a net alone only its maker knows."""
    if all(part.kind == "net" for part in screened):
        return {"licence_notice": "as its source", "attribution": attribution}
    return {"licence_notice": ODBL_NOTICE, "attribution": attribution or OSM_ATTRIBUTION}


def bounds_of(graph: RoadGraph) -> tuple[float, float, float, float]:
    """Return west, south, east, north of the edges [degrees, WGS 84]."""
    lonlat = graph.to_lonlat(graph.shape_xy)
    west, south = lonlat.min(axis=0)
    east, north = lonlat.max(axis=0)
    return float(west), float(south), float(east), float(north)


def _hanging_warnings(hanging: Connectivity) -> list[str]:
    warnings = []
    if hanging.island_share > MOST_ISLAND_SHARE:
        warnings.append(
            f"islands: {100 * hanging.island_share:.1f} % of the edges for cars lie on {hanging.parts - 1} islands "
            "apart from the largest part, and no trip can lead from one to another; nothing was removed"
        )
    if hanging.share < LEAST_CORE_SHARE:
        warnings.append(
            f"weakly connected: only {100 * hanging.share:.1f} % of the edges for cars can all reach each other; the "
            "others lead only in or only out, and trips there may find no route; nothing was removed"
        )
    return warnings


def graph_record(graph: RoadGraph) -> dict[str, Any]:
    """Return extent, size and connectivity of a graph, with warnings where it falls apart."""
    hanging = connectivity(graph)
    return {
        "warnings": _hanging_warnings(hanging),
        "bounds": [round(value, 7) for value in bounds_of(graph)],
        "crs": graph.crs,
        "left_hand": graph.left_hand,
        "graph": {
            "edges": graph.edge_count,
            "nodes": graph.node_count,
            "signalised_nodes": int(graph.node_signalised.sum()),
            "edge_kilometres": round(float(graph.length_m.sum()) / 1_000, 3),
            "edges_for_cars": int(graph.drivable().sum()),
            "largest_strongly_connected_share": round(hanging.share, 4),
            "parts": hanging.parts,
            "island_share": round(hanging.island_share, 4),
        },
    }


def join_warnings(shares: dict[str, float]) -> list[str]:
    """Return a warning where most edges found no OSM way."""
    if 1 - shares["none"] >= LEAST_JOINED_SHARE:
        return []
    missed = 100 * shares["none"]
    return [f"unjoined: {missed:.0f} % of the edges found no OSM way; do net and OSM show the same place?"]
