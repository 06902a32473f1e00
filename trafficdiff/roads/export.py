"""Hand the road graph to other tools: networkx in OSMnx shape, GraphML, GeoPackage."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from trafficdiff.errors import StoreError
from trafficdiff.publish import publishing_file

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd
    import networkx as nx
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["to_networkx", "write_geopackage", "write_graphml"]


def to_networkx(graph: RoadGraph) -> nx.MultiDiGraph[Any]:
    """Return the roads as the graph type of OSMnx.

    Nodes carry ``x``, ``y`` [m, projected CRS], ``signalised`` and ``street_count``; edges are keyed (u, v, key) and
    carry the columns of `RoadGraph.edges`; the graph carries ``crs`` (WKT), ``name`` and ``simplified``. OSMnx' own
    functions take it as it is.
    """
    import networkx as nx
    from pyproj import CRS

    crs = CRS.from_user_input(graph.crs).to_wkt()
    made: nx.MultiDiGraph[Any] = nx.MultiDiGraph(crs=crs, name=graph.name, simplified=True)
    nodes = graph.nodes.drop(columns="geometry")
    nodes["street_count"] = _street_counts(graph)
    for name, row in zip(nodes.index, nodes.to_dict("records"), strict=True):
        made.add_node(name, **row)
    for (u, v, key), row in zip(graph.edges.index, graph.edges.to_dict("records"), strict=True):
        made.add_edge(u, v, key=key, **row)
    return made


def write_graphml(graph: RoadGraph, path: Path) -> None:
    """Write GraphML as OSMnx does; ``osmnx.load_graphml`` reads it back.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    import osmnx

    made = to_networkx(graph)
    with publishing_file(path) as temporary:
        osmnx.save_graphml(made, temporary)


def write_geopackage(graph: RoadGraph, path: Path) -> None:
    """Write a GeoPackage with the layers ``nodes`` and ``edges`` in the projected CRS; lists become JSON text.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    from pyogrio.errors import DataSourceError

    nodes, edges = _flat(graph.nodes.reset_index()), _flat(graph.edges.reset_index())
    with publishing_file(path) as temporary:
        try:
            nodes.to_file(temporary, layer="nodes", driver="GPKG", engine="pyogrio")
            edges.to_file(temporary, layer="edges", driver="GPKG", engine="pyogrio", mode="a")
        except DataSourceError as fault:
            raise StoreError(f"{path}: expected a place to write to, got {fault}; check the disk") from fault


def _flat(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    flat = frame.copy()
    for column in flat.columns.drop("geometry"):
        values = flat[column]
        if values.dtype == object and values.map(lambda value: isinstance(value, list | tuple | dict)).any():
            flat[column] = [json.dumps(value, ensure_ascii=False) for value in values]
    return flat


def _street_counts(graph: RoadGraph) -> NDArray[np.int64]:
    """Return how many streets meet at each node; both directions are one street, a loop counts twice.

    The definition is that of ``osmnx.stats.count_streets_per_node``.
    """
    count = graph.node_count
    low = np.minimum(graph.from_node, graph.to_node).astype(np.int64)
    high = np.maximum(graph.from_node, graph.to_node).astype(np.int64)
    ahead = graph.from_node <= graph.to_node
    pairs, pair = np.unique(low * count + high, return_inverse=True)
    streets = np.maximum(np.bincount(pair, ahead, len(pairs)), np.bincount(pair, ~ahead, len(pairs))).astype(np.int64)
    return np.bincount(pairs // count, streets, count).astype(np.int64) + np.bincount(
        pairs % count, streets, count
    ).astype(np.int64)
