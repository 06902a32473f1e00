from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pytest
import shapely

from tests.roads.test_fringe import cut_town
from tests.roads.test_zones import grid_town
from tests.towns import make_town
from trafficdiff.errors import NetworkError
from trafficdiff.roads.features import (
    BLOCK_M,
    Features,
    edge_features,
    scene_features,
    zone_features,
)
from trafficdiff.roads.zones import Zones, make_zones, zone_travel_times

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph


def turned_and_shifted(xy: NDArray[np.float64], turn_rad: float, shift_m: tuple[float, float]) -> NDArray[np.float64]:
    """Return points turned about the origin, then shifted."""
    cos, sin = np.cos(turn_rad), np.sin(turn_rad)
    return xy @ np.array([[cos, sin], [-sin, cos]]) + shift_m


def moved(town: RoadGraph, *, turn_rad: float, shift_m: tuple[float, float]) -> RoadGraph:
    """Return the town turned and shifted on its plane."""
    shape_xy, node_xy = (turned_and_shifted(xy, turn_rad, shift_m) for xy in (town.shape_xy, town.node_xy))
    return dataclasses.replace(town, shape_xy=shape_xy, node_xy=node_xy)


def without_ties(town: RoadGraph, rank: NDArray[np.int64]) -> RoadGraph:
    """Return the town with speed limits by rank, so that a block is not as long one way round as the other."""
    return dataclasses.replace(town, speed_limit_ms=np.random.default_rng(0).uniform(8, 12, town.edge_count)[rank])


def moved_zones(zones: Zones, town: RoadGraph) -> Zones:
    """Return the same zones on the moved town."""
    centres = [town.midpoint_xy[zones.members(zone)].mean(axis=0) for zone in range(len(zones))]
    return dataclasses.replace(zones, centre_xy=np.array(centres))


def places(town: RoadGraph, xy: NDArray[np.float64]) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return a cafe and a building at each point [m, net coordinates]."""
    lonlat = town.to_lonlat(xy)
    points = shapely.points(lonlat)
    pois = gpd.GeoDataFrame({"category": ["cafe"] * len(xy)}, geometry=points, crs="EPSG:4326")
    walls = shapely.buffer(points, 1e-5)
    return pois, gpd.GeoDataFrame({"floor_area_m2": np.full(len(xy), 500.0)}, geometry=walls, crs="EPSG:4326")


def assert_same(one: Features, other: Features, *, but: frozenset[str] = frozenset()) -> None:
    assert one.names == other.names
    for name in one.names:
        if name not in but:
            assert other.column(name) == pytest.approx(one.column(name), rel=1e-4, abs=2e-3), name


@pytest.mark.parametrize("turn_rad", [0.0, 0.7, np.pi / 2, 2.5])
def test_turning_and_moving_the_town_changes_directional_features_alone(turn_rad: float) -> None:
    town = grid_town(5)
    there = moved(town, turn_rad=turn_rad, shift_m=(3000.0, -2000.0))
    zones = make_zones(town, target=6, generator=np.random.default_rng(0))
    zones_there = moved_zones(zones, there)
    spots = np.random.default_rng(1).uniform(0, 400, (40, 2))
    spots_there = turned_and_shifted(spots, turn_rad, (3000.0, -2000.0))
    pois, buildings = places(town, spots)
    pois_there, buildings_there = places(there, spots_there)
    here = edge_features(town, pois=pois, buildings=buildings)
    assert here.directional == {"bearing_sine", "bearing_cosine"}
    assert_same(here, edge_features(there, pois=pois_there, buildings=buildings_there), but=here.directional)
    by_zone = zone_features(town, zones, pois=pois, buildings=buildings)
    assert by_zone.directional == {"centre_east", "centre_north"}
    assert_same(
        by_zone, zone_features(there, zones_there, pois=pois_there, buildings=buildings_there), but=by_zone.directional
    )
    assert_same(scene_features(town), scene_features(there))


def test_directional_features_do_turn() -> None:
    town = grid_town(3)
    there = moved(town, turn_rad=np.pi / 2, shift_m=(0.0, 0.0))
    here, turned = edge_features(town), edge_features(there)
    assert turned.column("bearing_cosine") == pytest.approx(here.column("bearing_sine") * -1, abs=1e-5) or (
        turned.column("bearing_cosine") == pytest.approx(here.column("bearing_sine"), abs=1e-5)
    )


def test_ids_and_the_order_of_edges_play_no_part() -> None:
    town = grid_town(4)
    streets = [tuple(name.split("-")) for name in town.edge_id]
    node_of = dict(zip(town.node_id, town.node_xy, strict=True))
    new_name = {name: f"Z{place:03}" for place, name in enumerate(sorted(node_of, reverse=True))}
    renamed = make_town(
        {new_name[name]: tuple(xy) for name, xy in node_of.items()}, [(new_name[a], new_name[b]) for a, b in streets]
    )
    place = [renamed.edge_index[f"{new_name[a]}-{new_name[b]}"] for a, b in streets]
    assert place != sorted(place)
    town, renamed = without_ties(town, np.arange(town.edge_count)), without_ties(renamed, np.argsort(place))
    one, other = edge_features(town), edge_features(renamed)
    assert other.values[place] == pytest.approx(one.values, rel=1e-5, abs=1e-5)
    zones, zones_renamed = (make_zones(t, target=5, generator=np.random.default_rng(2)) for t in (town, renamed))
    assert (zones_renamed.zone[place] == zones.zone).all()
    assert_same(zone_features(town, zones), zone_features(renamed, zones_renamed))


def test_edge_features_of_a_town_drawn_by_hand_are_those_one_counts() -> None:
    town = cut_town()
    features = edge_features(town)
    row = {name: features.values[town.edge_index["B-G"]][place] for place, name in enumerate(features.names)}
    assert row["length"] == 300
    assert row["free_flow_time"] == 30
    assert (row["lanes"], row["fringe_lanes_out"], row["fringe_lanes_in"]) == (2, 2, 0)
    assert (row["sinuosity"], row["turning"]) == (1, 0)
    assert (row["bearing_sine"], row["bearing_cosine"]) == (1, 0)
    assert (row["successors"], row["predecessors"]) == (0, 2)
    assert row["class_residential"] == 1
    assert features.column("dead_end").sum() == 1
    assert np.isfinite(features.values).all()
    flags = [name for name in features.names if name.startswith("class_")]
    assert sum(features.column(name) for name in flags) == pytest.approx(1)


def test_a_bend_is_measured() -> None:
    town = make_town({"A": (0, 0), "B": (300, 400)}, [("A", "B")])
    bent = dataclasses.replace(
        town,
        shape_xy=np.array([[0.0, 0.0], [300.0, 0.0], [300.0, 0.0], [300.0, 400.0]]),
        shape_offsets=np.array([0, 4]),
        length_m=np.array([700.0]),
    )
    features = edge_features(bent)
    assert features.column("sinuosity") == pytest.approx([700 / 500])
    assert features.column("turning") == pytest.approx([np.pi / 2 / 0.7])


def test_a_loop_has_finite_features() -> None:
    town = make_town({"A": (0, 0), "B": (100, 0)}, [("A", "B"), ("B", "A")])
    ring = np.array([[0.0, 0.0], [50.0, 50.0], [0.0, 100.0], [0.0, 0.0], [100.0, 0.0], [0.0, 0.0]])
    looped = dataclasses.replace(town, shape_xy=ring, shape_offsets=np.array([0, 4, 6]))
    assert np.isfinite(edge_features(looped).values).all()


def test_zone_features_add_up_to_the_town() -> None:
    town = cut_town()
    zones = make_zones(town, target=4, generator=np.random.default_rng(0))
    pois, buildings = places(town, np.array([[510.0, 200.0], [1290.0, 20.0], [1280.0, 10.0]]))
    features = zone_features(town, zones, pois=pois, buildings=buildings)
    lane_km = sum(features.column(f"lane_km_{name}") for name in ("calmed", "town", "country", "motorway"))
    assert lane_km.sum() == pytest.approx((town.length_m * town.lanes).sum() / 1000)
    assert features.column("lane_km_town").sum() == lane_km.sum()  # 36 km/h
    assert features.column("edges").sum() == town.edge_count
    assert features.column("fringe_lanes_in").sum() == features.column("fringe_lanes_out").sum() == 4
    cafes = features.column("pois_cafe") * features.column("area")
    assert cafes.sum() == pytest.approx(3, rel=1e-5)
    assert cafes[zones.zone[town.edge_index["B-G"]]] == pytest.approx(2, rel=1e-5)
    assert features.column("floor_area").sum() == pytest.approx(1500)


def test_the_area_of_a_zone_is_its_hull_and_half_a_block() -> None:
    town = make_town({"A": (0, 0), "B": (1000, 0)}, [("A", "B"), ("B", "A")])
    zones = make_zones(town, generator=np.random.default_rng(0))
    area_m2 = zone_features(town, zones).column("area")[0] * 1e6
    assert area_m2 == pytest.approx(1000 * 2 * BLOCK_M + np.pi * BLOCK_M**2, rel=0.01)


def test_zones_that_reach_nothing_are_marked_and_finite() -> None:
    town = make_town({"A": (0, 0), "B": (100, 0), "C": (5000, 0), "D": (5100, 0)}, [("A", "B"), ("C", "D")])
    zones = make_zones(town, target=2, generator=np.random.default_rng(0))
    times = zone_travel_times(town, zones)
    assert times.tolist() == [[0, np.inf], [np.inf, 0]]
    features = zone_features(town, zones, travel_time_s=times)
    assert (features.column("reachable_share") == 0).all()
    assert np.isfinite(features.values).all()


def test_the_layout_is_the_same_whether_or_not_points_of_interest_are_known() -> None:
    town = cut_town()
    pois, buildings = places(town, np.array([[510.0, 200.0]]))
    assert edge_features(town).names == edge_features(town, pois=pois, buildings=buildings).names
    assert scene_features(town).column("pois_known") == 0
    assert scene_features(town, pois=pois).column("pois_known") == 1
    assert len(edge_features(town).units) == len(edge_features(town).names)


def test_the_scene_is_counted() -> None:
    town = cut_town()
    scene = scene_features(town)
    assert scene.column("lane_km")[0] == pytest.approx((town.length_m * 2).sum() / 1000)
    assert scene.column("fringe_share_in")[0] == pytest.approx(2 / town.edge_count)
    assert scene.column("extent")[0] == pytest.approx((1.3 * 1.0) ** 0.5)


def test_features_that_are_not_finite_are_refused() -> None:
    with pytest.raises(NetworkError, match="finite values of 'a'"):
        Features(names=("a",), units=("1",), values=np.array([[np.nan]], np.float32))
    with pytest.raises(NetworkError, match="one name"):
        Features(names=("a", "a"), units=("1", "1"), values=np.zeros((1, 2), np.float32))
