from __future__ import annotations

import dataclasses
import itertools
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.roads.test_features import places
from tests.roads.test_fringe import cut_town, named
from tests.roads.test_zones import grid_town
from tests.towns import make_town
from trafficdiff.datatypes.scene import CLASSES, Scene
from trafficdiff.datatypes.trips import TripSet
from trafficdiff.datatypes.vehicles import VehicleType
from trafficdiff.roads.scenes import class_rank, make_scene, rim_capacity, scene_trips
from trafficdiff.roads.zones import Zones, make_zones

if TYPE_CHECKING:
    from trafficdiff.datatypes.graph import RoadGraph


def zones_of(town: RoadGraph, target: int = 12) -> Zones:
    return make_zones(town, generator=np.random.default_rng(1), target=target)


def scene_of(town: RoadGraph, zones: Zones | None = None, **more: object) -> Scene:
    given = {"name": "town", "place": "town", "source": "calibrated", "licence": "none", **more}
    return make_scene(town, zones=zones or zones_of(town), **given)  # type: ignore[arg-type]


def trips_on(town: RoadGraph, routes: list[str], *, types: tuple[str, ...] = ("passenger",)) -> TripSet:
    """Return trips a minute apart over nodes like ``"A B C"``, of the classes in turn."""
    edges = [[town.edge_index[f"{a}-{b}"] for a, b in itertools.pairwise(way)] for way in map(str.split, routes)]
    count = len(routes)
    return TripSet(
        graph=town,
        trip_id=np.arange(count).astype(str).astype(object),
        depart_s=np.arange(count) * 60.0,
        window_s=(0.0, 600.0),
        offsets=np.concatenate([[0], np.cumsum([len(route) for route in edges])]),
        edges=np.array([edge for route in edges for edge in route], np.int32),
        vehicle_type=(np.arange(count) % len(types)).astype(np.int32),
        vehicle_types=tuple(VehicleType(name, name) for name in types),
    )


def ladder(*, u_turns: bool = False) -> RoadGraph:
    """Return two long parallel streets with rungs: A0 ... A9 below, B0 ... B9 300 m above."""
    nodes = {f"{row}{x}": (200.0 * x, 300.0 * (row == "B")) for row in "AB" for x in range(10)}
    along = [(f"{row}{x}", f"{row}{x + 1}") for row in "AB" for x in range(9)]
    rungs = [(f"A{x}", f"B{x}") for x in range(10)]
    return make_town(nodes, [*along, *rungs, *((b, a) for a, b in along + rungs)], u_turns=u_turns)


def test_edges_lie_in_the_order_of_their_zones_and_lead_back_to_the_graph() -> None:
    town = grid_town(8)
    zones = zones_of(town)
    scene = scene_of(town, zones)
    assert (zones.zone[scene.edge_index] == scene.edge_zone).all()
    assert sorted(scene.edge_index) == list(range(town.edge_count))
    length = scene.edge_values[:, scene.edge_columns.index("length")]
    assert length == pytest.approx(town.length_m[scene.edge_index], rel=1e-6)


def test_what_is_not_mapped_is_unknown_and_what_is_mapped_is_not() -> None:
    town = grid_town(6)
    pois, buildings = places(town, town.midpoint_xy[:9])
    bare, mapped = scene_of(town), scene_of(town, pois=pois, buildings=buildings)
    for kind in ("zone", "edge"):
        names = getattr(bare, f"{kind}_columns")
        around = [name.startswith(("pois_", "floor_area")) for name in names]
        assert sum(around) == 35
        assert np.isnan(getattr(bare, f"{kind}_values")[:, around]).all()
        assert np.isfinite(getattr(mapped, f"{kind}_values")[:, around]).all()
    unknown = {name for name, value in zip(bare.scene_columns, bare.scene_values, strict=True) if np.isnan(value)}
    assert unknown == {"pois", "floor_area"}
    assert np.isfinite(mapped.scene_values).all()


def test_population_and_workers_are_unknown_unless_given() -> None:
    town = grid_town(6)
    zones = zones_of(town)
    people = np.arange(len(zones), dtype=float)
    scene = scene_of(town, zones, population=people)
    assert (scene.zone_values[:, scene.zone_columns.index("population")] == people).all()
    assert np.isnan(scene.zone_values[:, scene.zone_columns.index("workers")]).all()


def test_a_crop_says_how_much_of_the_town_it_is() -> None:
    town = grid_town(5)
    values = [
        dict(zip(s.scene_columns, s.scene_values, strict=True))
        for s in (scene_of(town), scene_of(town, crop_share=0.25))
    ]
    assert [(value["crop_share"], value["is_crop"]) for value in values] == [(1.0, 0.0), (0.25, 1.0)]


def test_capacity_counts_where_traffic_crosses_the_rim_and_grows_with_the_road() -> None:
    town = cut_town(u_turns=True)
    enter, leave = rim_capacity(town)
    assert named(town, enter > 0) == {"G-B", "H-D"}
    assert named(town, leave > 0) == {"B-G", "D-I"}
    motorway = dataclasses.replace(
        town,
        road_class=np.where(town.edge_id == "H-D", "motorway", "residential").astype(object),
        lanes=np.full(town.edge_count, 3, np.int32),
    )
    enter = rim_capacity(motorway)[0]
    assert enter[town.edge_index["G-B"]] == pytest.approx(3 * 10.0 * 2)  # lanes, m/s, 1 + rank
    assert enter[town.edge_index["H-D"]] == pytest.approx(3 * 10.0 * 7)
    scene = scene_of(motorway)
    of_zones = scene.zone_values[:, scene.zone_columns.index("enter_capacity")]
    assert of_zones.sum() == pytest.approx(enter.sum())


def test_where_nothing_leads_to_and_nobody_can_turn_traffic_comes_from_nowhere_even_inside() -> None:
    town = cut_town(u_turns=False)
    enter, leave = rim_capacity(town)
    assert named(town, enter > 0) == {"G-B", "H-D", "F-E"}
    assert named(town, leave > 0) == {"B-G", "D-I", "E-F"}


def test_a_road_whose_class_is_not_known_is_ranked_by_its_speed() -> None:
    town = cut_town()
    speeds = {"A-E": 8.3, "E-B": 13.9, "B-D": 25.0, "D-C": 36.0}
    speed_ms = np.array([speeds.get(name, 13.9) for name in town.edge_id])
    classes = np.array(["primary" if name == "C-A" else "" for name in town.edge_id], object)
    rank = class_rank(dataclasses.replace(town, road_class=classes, speed_limit_ms=speed_ms))
    found = {name: rank[town.edge_index[name]] for name in (*speeds, "C-A")}
    assert found == {"A-E": 1, "E-B": 3, "B-D": 4, "D-C": 6, "C-A": 4}  # E-B has two lanes


def test_trips_begin_and_end_where_their_routes_do() -> None:
    town = ladder()
    zones = zones_of(town)
    trips = trips_on(town, ["A0 A1 A2", "B3 A3 A4 A5", "B9 B8"], types=("passenger", "truck", "tram"))
    found = scene_trips(trips, zones=zones)
    scene = scene_of(town, zones, trips=trips)
    assert town.edge_id[scene.edge_index[found.origin_edge]].tolist() == ["A0-A1", "B3-A3", "B9-B8"]
    assert town.edge_id[scene.edge_index[found.destination_edge]].tolist() == ["A1-A2", "A4-A5", "B9-B8"]
    assert (found.origin_zone == scene.edge_zone[found.origin_edge]).all()
    assert [CLASSES[code] for code in found.vehicle_class] == ["passenger", "truck", "other"]
    assert found.depart_share == pytest.approx([0, 0.1, 0.2])
    assert (scene.trips.via_zone == -1).all()
    assert scene.window_s == (0.0, 600.0)


def test_the_via_is_the_zone_farthest_from_the_fastest_way_and_there_is_none_on_it() -> None:
    town = ladder()
    zones = zones_of(town, target=60)
    direct, over = "A0 A1 A2 A3 A4 A5", "A0 A1 B1 B2 B3 B4 A4 A5"
    trips = trips_on(town, [direct, over, over])
    fastest = trips_on(town, [direct, direct, "A0 A1 B1 B2 B3 A3 A4 A5"])
    via = scene_trips(trips, zones=zones, fastest=(fastest.offsets, fastest.edges)).via_zone
    assert via[0] == -1
    on_top = {int(zones.zone[town.edge_index[name]]) for name in ("B1-B2", "B2-B3", "B3-B4")}
    assert via[1] in on_top
    assert via[2] in {int(zones.zone[town.edge_index[name]]) for name in ("B3-B4", "B4-A4")}  # equally far


def slow_via(trips: TripSet, fastest: TripSet, zones: Zones) -> list[int]:
    """The definition, trip by trip."""
    middle, found = trips.graph.midpoint_xy, []
    for row in range(len(trips)):
        way = trips.edges[trips.offsets[row] : trips.offsets[row + 1]]
        quick = fastest.edges[fastest.offsets[row] : fastest.offsets[row + 1]]
        apart = np.linalg.norm(middle[way][:, None] - middle[quick], axis=-1).min(axis=1)
        apart[np.isin(way, quick)] = 0
        found.append(int(zones.zone[way[apart.argmax()]]) if apart.max() > 0 else -1)
    return found


def test_vias_are_those_of_the_definition(generator: np.random.Generator) -> None:
    town = grid_town(7)
    after = [
        town.successor_edges[town.successor_offsets[e] : town.successor_offsets[e + 1]] for e in range(town.edge_count)
    ]

    def walk(length: int) -> str:
        edge = int(generator.integers(town.edge_count))
        nodes = str(town.edge_id[edge]).split("-")
        for _ in range(length):
            edge = int(generator.choice(after[edge]))
            nodes.append(str(town.edge_id[edge]).split("-")[1])
        return " ".join(nodes)

    trips, fastest = (trips_on(town, [walk(int(generator.integers(1, 9))) for _ in range(9)]) for _ in range(2))
    zones = zones_of(town, target=100)
    found = scene_trips(trips, zones=zones, fastest=(fastest.offsets, fastest.edges)).via_zone
    assert found.tolist() == slow_via(trips, fastest, zones)


def test_equal_routes_with_other_fastest_ways_have_other_vias() -> None:
    town = ladder()
    zones = zones_of(town, target=60)
    trips = trips_on(town, ["A1 A2 B2 B1 A1", "A2 B2 B1 A1 A2", "A1 A2 B2 B1 A1"])
    fastest = trips_on(town, ["A1 A2", "B2 B1", "B2 B1"])
    found = scene_trips(trips, zones=zones, fastest=(fastest.offsets, fastest.edges)).via_zone.tolist()
    above, below = (int(zones.zone[town.edge_index[name]]) for name in ("B2-B1", "A1-A2"))
    assert found == [above, below, below]


def test_no_trips_make_a_scene_without_trips() -> None:
    scene = scene_of(grid_town(4))
    assert len(scene.trips) == 0
    assert np.isnan(scene.window_s).all()


@pytest.mark.slow
def test_ten_thousand_edges_take_a_few_cpu_seconds() -> None:
    town = grid_town(51)
    started_s = time.process_time()
    scene_of(town, make_zones(town, generator=np.random.default_rng(0)))
    assert town.edge_count >= 10_000
    assert time.process_time() - started_s < 5
