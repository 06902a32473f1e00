from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import osmnx
import pytest

from tests.roads.test_fringe import cut_town
from tests.towns import make_town
from trafficdiff.errors import StoreError
from trafficdiff.roads.export import to_networkx, write_geopackage, write_graphml

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph


def parallel_town() -> RoadGraph:
    """Return a town with two streets between the same nodes, and OSM way ids."""
    town = make_town({"A": (0, 0), "B": (100, 0), "C": (0, 80)}, [("A", "B"), ("A", "C"), ("B", "A")])
    to_node = town.to_node.copy()
    to_node[1] = to_node[0]
    return dataclasses.replace(
        town, to_node=to_node, way_offsets=np.array([0, 2, 3, 3]), way_ids=np.array([11, 12, 13], np.int64)
    )


def test_osmnx_takes_the_graph_and_gives_the_same_edges_back() -> None:
    town = cut_town()
    made = to_networkx(town)
    nodes, edges = osmnx.graph_to_gdfs(made)
    assert (len(nodes), len(edges)) == (town.node_count, town.edge_count)
    back = edges.reset_index().set_index("edge_id").loc[town.edge_id]
    assert back["length"].to_numpy() == pytest.approx(town.length_m)
    assert back["u"].tolist() == town.node_id[town.from_node].tolist()
    assert (back.geometry.to_numpy() == town.edges.geometry.to_numpy()).all()
    assert nodes.crs == town.nodes.crs
    again = osmnx.graph_from_gdfs(nodes, edges)
    assert set(again.edges) == set(made.edges)


def test_osmnx_counts_what_we_count() -> None:
    town = cut_town()
    made = to_networkx(town)
    stats = osmnx.stats.basic_stats(made)
    assert (stats["n"], stats["m"]) == (9, 16)
    assert stats["edge_length_total"] == pytest.approx(town.length_m.sum())
    assert dict(made.nodes(data="street_count")) == osmnx.stats.count_streets_per_node(made)


def test_parallel_edges_keep_their_own_key() -> None:
    made = to_networkx(parallel_town())
    assert sorted(made.edges(keys=True)) == [("A", "B", 0), ("A", "B", 1), ("B", "A", 0)]
    assert made.edges["A", "B", 0]["osmid"] == [11, 12]


def test_graphml_is_read_back_by_osmnx(tmp_path: Path) -> None:
    town = parallel_town()
    write_graphml(town, tmp_path / "deep" / "town.graphml")
    back = osmnx.load_graphml(tmp_path / "deep" / "town.graphml", node_dtypes={"osmid": str})
    assert set(back.edges) == set(to_networkx(town).edges)
    assert back.edges["A", "B", 0]["length"] == 100
    assert osmnx.graph_to_gdfs(back, edges=False).crs == town.nodes.crs


def test_the_geopackage_holds_both_layers_with_lists_as_text(tmp_path: Path) -> None:
    town = parallel_town()
    path = tmp_path / "town.gpkg"
    for _ in range(2):  # the second time replaces the first
        write_geopackage(town, path)
    nodes, edges = (gpd.read_file(path, layer=layer) for layer in ("nodes", "edges"))
    assert (len(nodes), len(edges)) == (town.node_count, town.edge_count)
    assert nodes["osmid"].tolist() == town.node_id.tolist()
    assert [json.loads(ways) for ways in edges["osmid"]] == [[11, 12], [13], []]
    assert edges.crs == town.edges.crs
    assert [file.name for file in tmp_path.iterdir()] == ["town.gpkg"]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="choose a folder that you may write to"):
        write_geopackage(cut_town(), tmp_path / "file" / "town.gpkg")


@pytest.mark.sumo
def test_a_net_of_sumo_goes_through_osmnx(grid_graph: RoadGraph) -> None:
    made = to_networkx(grid_graph)
    assert osmnx.stats.basic_stats(made)["m"] == grid_graph.edge_count
