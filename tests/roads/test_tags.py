"""Tags reach the right edge: by way id, and by geometry where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from tests.towns import make_town
from trafficdiff.datatypes.graph import RoadGraph
from trafficdiff.roads.extract import Ways
from trafficdiff.roads.tags import TAG_COLUMNS, join_shares, join_tags

if TYPE_CHECKING:
    from pathlib import Path

STREETS = {
    "A": (0.0, 0.0),
    "B": (400.0, 0.0),
    "C": (0.0, 20.0),
    "D": (400.0, 20.0),
    "E": (0.0, 300.0),
    "F": (400.0, 300.0),
}


def town(ways_of: dict[str, list[int]] | None = None, **options: object) -> RoadGraph:
    """Return a dual carriageway (A to B, D to C) and a far street (E to F), with way ids if given."""
    graph = make_town(STREETS, [("A", "B"), ("D", "C"), ("E", "F")])
    if ways_of is None:
        return graph
    rows = [ways_of.get(str(name), []) for name in graph.edge_id]
    return RoadGraph(
        **{
            **vars(graph),
            "way_offsets": np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64),
            "way_ids": np.array([way for row in rows for way in row], np.int64),
        }
    )


def ways(graph: RoadGraph, lines: dict[int, tuple[list[tuple[float, float]], int, dict[str, str]]]) -> Ways:
    """Return ways from lines in net coordinates [m], their one-way direction and their tags."""
    ids = sorted(lines)
    return Ways(
        tags=pd.DataFrame([lines[way][2] for way in ids], index=pd.Index(ids, name="way"), dtype=object),
        way=np.array(ids, np.int64),
        oneway=np.array([lines[way][1] for way in ids], np.int8),
        offsets=np.concatenate([[0], np.cumsum([len(lines[way][0]) for way in ids])]).astype(np.int64),
        lonlat=graph.to_lonlat(np.array([point for way in ids for point in lines[way][0]])),
    )


EASTBOUND = ([(0.0, 4.0), (400.0, 4.0)], 1, {"highway": "primary", "name": "East"})
WESTBOUND = ([(400.0, 12.0), (0.0, 12.0)], 1, {"highway": "primary", "name": "West"})


def test_direction_goes_before_distance() -> None:
    graph = town()
    near_but_against = ([(400.0, 2.0), (0.0, 2.0)], 1, {"highway": "primary", "name": "West"})
    tags = join_tags(graph, ways(graph, {1: EASTBOUND, 2: near_but_against}))
    assert tags.loc["A-B", "name"] == "East"


def test_direction_decides_between_carriageways() -> None:
    graph = town()
    tags = join_tags(graph, ways(graph, {1: EASTBOUND, 2: WESTBOUND}))
    assert tags["name"].to_dict() == {"A-B": "East", "D-C": "West", "E-F": None}
    assert tags["joined"].to_dict() == {"A-B": "geometry", "D-C": "geometry", "E-F": "none"}
    assert tags.loc["A-B", "distance_m"] == pytest.approx(4.0, abs=0.01)
    assert tags.loc["A-B", "way_share"] == 1.0
    assert np.isnan(tags.loc["E-F", "distance_m"])


def test_way_id_goes_before_a_nearer_way() -> None:
    graph = town({"A-B": [2]})
    tags = join_tags(graph, ways(graph, {1: EASTBOUND, 2: WESTBOUND}))
    assert tags.loc["A-B", ["name", "joined", "way"]].tolist() == ["West", "way_id", 2]


def test_way_id_counts_even_where_the_geometry_has_moved() -> None:
    graph = town({"E-F": [1]})
    tags = join_tags(graph, ways(graph, {1: EASTBOUND}))
    assert tags.loc["E-F", ["name", "joined", "way_share"]].tolist() == ["East", "way_id", 0.0]


def test_unknown_way_id_falls_back_on_geometry() -> None:
    graph = town({"A-B": [999]})
    assert join_tags(graph, ways(graph, {1: EASTBOUND})).loc["A-B", "joined"] == "geometry"


def test_longest_of_several_ways_describes_the_edge() -> None:
    graph = town({"A-B": [1, 2]})
    short = ([(0.0, 0.0), (120.0, 0.0)], 1, {"highway": "service", "name": "Short"})
    long = ([(120.0, 0.0), (400.0, 0.0)], 1, {"highway": "primary", "name": "Long"})
    tags = join_tags(graph, ways(graph, {1: short, 2: long}))
    assert tags.loc["A-B", ["name", "way_share"]].tolist() == ["Long", 0.6]


def test_far_crossing_or_foot_ways_do_not_describe_a_street() -> None:
    graph = town()
    far = ([(0.0, -16.0), (400.0, -16.0)], 0, {"highway": "primary"})
    crossing = ([(200.0, -200.0), (200.0, 200.0)], 0, {"highway": "primary"})
    footway = ([(0.0, 1.0), (400.0, 1.0)], 0, {"highway": "footway"})
    assert (join_tags(graph, ways(graph, {1: far, 2: crossing, 3: footway}))["joined"] == "none").all()


def test_distance_is_a_limit_that_can_be_set() -> None:
    graph = town()
    table = ways(graph, {1: ([(0.0, -16.0), (400.0, -16.0)], 0, {"highway": "primary"})})
    assert join_tags(graph, table, maximum_distance_m=17.0).loc["A-B", "joined"] == "geometry"


def test_shares_add_up(tmp_path: Path) -> None:
    graph = town({"A-B": [1]})
    tags = join_tags(graph, ways(graph, {1: EASTBOUND, 2: WESTBOUND}))
    shares = join_shares(tags)
    assert (shares.way_id, shares.geometry, shares.none) == pytest.approx((1 / 3, 1 / 3, 1 / 3))
    assert list(tags.columns[: len(TAG_COLUMNS)]) == list(TAG_COLUMNS)
    tags.to_parquet(tmp_path / "tags.parquet")
    assert pd.read_parquet(tmp_path / "tags.parquet").index.tolist() == graph.edge_id.tolist()
