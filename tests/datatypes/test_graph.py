"""What a road graph promises, and its views."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from tests.towns import UTM_OFFSET, make_town
from trafficdiff.datatypes.vehicles import ALL_CLASSES, class_mask
from trafficdiff.errors import InputError, NetworkError

if TYPE_CHECKING:
    from trafficdiff.datatypes.graph import RoadGraph

CAR, BUS = class_mask(["passenger"]), class_mask(["bus"])


def changed(graph: RoadGraph, **changes: Any) -> RoadGraph:
    return dataclasses.replace(graph, **changes)


def with_value(values: np.ndarray, place: int, value: Any) -> np.ndarray:
    copy = np.array(values)
    copy[place] = value
    return copy


def test_the_square_town(square_town: RoadGraph) -> None:
    assert square_town.edge_count == 8
    assert square_town.node_count == 4
    np.testing.assert_allclose(square_town.free_flow_time_s, 10.0)
    assert square_town.edge_index["A-B"] == list(square_town.edge_id).index("A-B")


def test_midpoints_of_straight_streets(square_town: RoadGraph) -> None:
    ends = {name: square_town.node_xy[place] for place, name in enumerate(square_town.node_id)}
    for place, name in enumerate(square_town.edge_id):
        start, end = str(name).split("-")
        np.testing.assert_allclose(square_town.midpoint_xy[place], (ends[start] + ends[end]) / 2)


lines = st.lists(
    st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=1, max_size=6), min_size=8, max_size=8
)


@given(lines)
def test_midpoints_of_bent_streets_are_shapelys(shapes: list[list[tuple[int, int]]]) -> None:
    nodes = {"A": (0.0, 0.0), "B": (100.0, 0.0), "C": (0.0, 100.0), "D": (100.0, 100.0)}
    sides = [("A", "B"), ("A", "C"), ("B", "D"), ("C", "D")]
    town = make_town(nodes, sides + [(b, a) for a, b in sides])
    offsets = np.concatenate([[0], np.cumsum([len(shape) for shape in shapes])])
    bent = changed(town, shape_offsets=offsets, shape_xy=np.array([p for shape in shapes for p in shape], float))
    for place, shape in enumerate(shapes):
        line = shapely.LineString(shape if len(shape) > 1 else shape * 2)
        middle = line.interpolate(0.5, normalized=True)
        np.testing.assert_allclose(bent.midpoint_xy[place], [middle.x, middle.y], atol=1e-9)


def test_lon_lat_and_back(square_town: RoadGraph) -> None:
    lonlat = square_town.to_lonlat(square_town.node_xy)
    assert (np.abs(lonlat - [24.93, 60.17]) < 0.2).all()  # the made-up towns lie near Helsinki
    np.testing.assert_allclose(square_town.from_lonlat(lonlat), square_town.node_xy, atol=1e-6)


def test_coordinates_are_the_projection_shifted_by_the_offset(square_town: RoadGraph) -> None:
    from pyproj import Transformer

    transformer = Transformer.from_crs("EPSG:4326", "EPSG:32635", always_xy=True)
    easting, northing = transformer.transform(*square_town.to_lonlat(np.array([0.0, 0.0])))
    np.testing.assert_allclose([easting, northing], [-UTM_OFFSET[0], -UTM_OFFSET[1]], atol=1e-3)


def test_drivable_asks_for_the_class(square_town: RoadGraph) -> None:
    buses = with_value(square_town.allowed_classes, 0, class_mask(["bus"]))
    town = changed(square_town, allowed_classes=buses)
    assert not town.drivable()[0]
    assert town.drivable("bus").all()
    with pytest.raises(InputError, match="expected one of SUMO's vehicle classes, got 'passanger'"):
        town.drivable("passanger")


def test_edges_have_osmnx_shape(square_town: RoadGraph) -> None:
    edges = square_town.edges
    assert edges.index.names == ["u", "v", "key"]
    assert set(edges.columns) >= {"edge_id", "osmid", "highway", "name", "length", "oneway", "geometry"}
    assert not edges["oneway"].any()
    assert edges.crs.is_projected
    np.testing.assert_allclose(edges.geometry.length, edges["length"])
    np.testing.assert_allclose(edges.geometry.iloc[0].coords[0], -np.array(UTM_OFFSET))
    assert edges.loc[("A", "B", 0), "edge_id"] == "A-B"


def test_a_street_without_its_opposite_is_one_way() -> None:
    town = make_town({"A": (0, 0), "B": (9, 0), "C": (9, 9)}, [("A", "B"), ("B", "A"), ("B", "C")])
    assert town.edges["oneway"].tolist() == [False, False, True]


def test_parallel_streets_have_keys() -> None:
    there_and_back = make_town({"A": (0, 0), "B": (9, 0)}, [("A", "B"), ("B", "A")])
    town = changed(
        there_and_back,
        edge_id=np.array(["first", "second"], object),
        from_node=np.zeros(2, np.int32),
        to_node=np.ones(2, np.int32),
    )
    assert town.edges.index.tolist() == [("A", "B", 0), ("A", "B", 1)]


def test_joined_tags_travel_with_the_edges(square_town: RoadGraph) -> None:
    import pandas as pd

    tags = pd.DataFrame({"surface": ["asphalt"] * 8}, index=square_town.edge_id)
    assert changed(square_town, tags=tags).edges["osm_surface"].eq("asphalt").all()


def test_nodes_have_osmnx_shape(square_town: RoadGraph) -> None:
    nodes = square_town.nodes
    assert nodes.index.name == "osmid"
    np.testing.assert_allclose(nodes[["x", "y"]], square_town.node_xy - np.array(UTM_OFFSET))


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0, -13.9])
@pytest.mark.parametrize(("name", "what"), [("length_m", "length [m]"), ("speed_limit_ms", "speed limit [m/s]")])
def test_lengths_and_speeds_are_finite_and_positive(square_town: RoadGraph, name: str, what: str, value: float) -> None:
    with pytest.raises(NetworkError) as raised:
        changed(square_town, **{name: with_value(getattr(square_town, name), 3, value)})
    assert f"edge {square_town.edge_id[3]!r}: expected a finite positive {what}, got {value}" in str(raised.value)


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:2263", "!", "nonsense"], ids=["degrees", "feet", "none", "text"])
def test_the_crs_is_projected_and_metric(square_town: RoadGraph, crs: str) -> None:
    with pytest.raises(NetworkError, match="expected a projected CRS"):
        changed(square_town, crs=crs)


def test_ids_are_unique(square_town: RoadGraph) -> None:
    with pytest.raises(NetworkError, match="expected unique edge ids, got 1 that appear twice"):
        changed(square_town, edge_id=with_value(square_town.edge_id, 0, square_town.edge_id[1]))


def test_something_is_drivable(square_town: RoadGraph) -> None:
    footways = np.full(8, class_mask(["pedestrian"]))
    with pytest.raises(NetworkError, match="expected at least one edge that a passenger car may use, got none among 8"):
        changed(square_town, allowed_classes=footways)


def test_coordinates_are_finite(square_town: RoadGraph) -> None:
    with pytest.raises(NetworkError, match="expected finite coordinates"):
        changed(square_town, node_xy=with_value(square_town.node_xy, 0, np.nan))


def test_all_faults_come_at_once(square_town: RoadGraph) -> None:
    with pytest.raises(NetworkError) as raised:
        changed(square_town, crs="EPSG:4326", length_m=-square_town.length_m, allowed_classes=np.zeros(8, np.int64))
    assert "7 faults" in str(raised.value)  # the CRS, five of eight lengths, nothing drivable


@pytest.mark.parametrize(
    "changes",
    [
        {"length_m": np.ones(7)},
        {"lanes": np.ones(9, np.int32)},
        {"to_node": np.full(8, 4, np.int32)},
        {"from_node": np.full(8, -1, np.int32)},
        {"successor_offsets": np.zeros(9, np.int64)},
        {"successor_edges": np.full(8, 8, np.int32)},
        {"shape_offsets": np.zeros(9, np.int64)},
        {"way_offsets": np.zeros(3, np.int64)},
        {"node_signalised": np.zeros(3, bool)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_arrays_that_do_not_fit_together_are_refused(square_town: RoadGraph, changes: dict[str, Any]) -> None:
    with pytest.raises(NetworkError, match=next(iter(changes))):
        changed(square_town, **changes)


def test_a_graph_cannot_be_changed(square_town: RoadGraph) -> None:
    with pytest.raises(ValueError, match="read-only"):
        square_town.length_m[0] = 1.0


def successions_by_name(graph: RoadGraph, mask: int) -> set[tuple[str, str]]:
    left, entered = graph.successions(mask)
    return {(graph.edge_id[a], graph.edge_id[b]) for a, b in zip(left, entered, strict=True)}


def test_square_town_has_one_way_on_from_every_edge(square_town: RoadGraph) -> None:
    assert successions_by_name(square_town, CAR) == {
        ("A-B", "B-D"), ("B-D", "D-C"), ("D-C", "C-A"), ("C-A", "A-B"),
        ("B-A", "A-C"), ("A-C", "C-D"), ("C-D", "D-B"), ("D-B", "B-A"),
    }  # fmt: skip


def test_a_closed_edge_is_neither_entered_nor_left_by_the_class() -> None:
    nodes = {"A": (0.0, 0.0), "B": (100.0, 0.0), "C": (200.0, 0.0), "D": (300.0, 0.0)}
    town = make_town(nodes, [("A", "B"), ("B", "C"), ("C", "D")], allowed={"B-C": BUS})
    assert successions_by_name(town, CAR) == set()
    assert successions_by_name(town, BUS) == {("A-B", "B-C"), ("B-C", "C-D")}


@pytest.mark.parametrize("closed", ["A-B", "B-C"])
def test_a_turn_that_claims_to_be_open_does_not_open_the_edges(closed: str) -> None:
    nodes = {"A": (0.0, 0.0), "B": (100.0, 0.0), "C": (200.0, 0.0)}
    town = make_town(nodes, [("A", "B"), ("B", "C")], allowed={closed: BUS})
    open_turns = dataclasses.replace(town, successor_classes=np.full(1, ALL_CLASSES))
    assert successions_by_name(open_turns, CAR) == set()
