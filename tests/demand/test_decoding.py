import itertools
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.demand.nets import CAR, edge_graph, random_towns
from tests.towns import make_town
from trafficdiff.datatypes.agents import Agents
from trafficdiff.datatypes.scenario import RouteChoice
from trafficdiff.datatypes.scene import Scene
from trafficdiff.datatypes.vehicles import VEHICLE_TYPES
from trafficdiff.demand.decoding import place_vias
from trafficdiff.demand.reachability import find_reach
from trafficdiff.demand.router import route
from trafficdiff.errors import InputError, TripError

CAR_TYPE = VEHICLE_TYPES["car"]


def scene_with(town, zone, betweenness):
    """A scene that knows of its edges only how many fastest ways pass them."""
    order = np.argsort(zone, kind="stable").astype(np.int32)
    zones = int(zone.max()) + 1
    return Scene(
        name="town", place="town", source="calibrated",
        zone_xy_m=np.zeros((zones, 2), np.float32), zone_columns=(), zone_values=np.zeros((zones, 0), np.float32),
        scene_columns=(), scene_values=np.zeros(0, np.float32), travel_time_s=np.zeros((zones, zones), np.float32),
        edge_offsets=np.concatenate([[0], np.cumsum(np.bincount(zone, minlength=zones))]).astype(np.int64),
        edge_columns=("betweenness",), edge_values=betweenness[order][:, None].astype(np.float32), edge_index=order,
    )  # fmt: skip


def agents_between(town, pairs):
    origin, destination = np.array(pairs, np.int32).reshape(-1, 2).T
    return Agents(
        graph=town, origin=origin, destination=destination, depart_s=np.arange(len(pairs), dtype=float),
        window_s=(0.0, 3_600.0),
    )  # fmt: skip


def routes_of(agents, generator):
    trips = route(agents, choice=RouteChoice(), generator=generator)
    return trips, [trips.edges[a:b].tolist() for a, b in itertools.pairwise(trips.offsets)]


def ladder():
    """Two parallel one-way roads from A to F, above by way of B and C, below by way of D and E, and a dead end at G.

    Above it takes 30 s, below 40 s; X-A leads in, F-Y leads out.
    """
    nodes = {
        "X": (-100.0, 0.0), "A": (0.0, 0.0), "B": (0.0, 50.0), "C": (200.0, 50.0), "F": (200.0, 0.0), "Y": (300.0, 0.0),
        "D": (0.0, -100.0), "E": (200.0, -100.0), "G": (300.0, -100.0),
    }  # fmt: skip
    streets = [("X", "A"), ("A", "B"), ("B", "C"), ("C", "F"), ("F", "Y")]
    streets += [("A", "D"), ("D", "E"), ("E", "F"), ("E", "G"), ("G", "E")]
    return make_town(nodes, streets, u_turns=True)


def decode(town, pairs, via_zone, *, zone, betweenness=None, detour=1.6):
    scene = scene_with(town, zone, np.ones(town.edge_count) if betweenness is None else betweenness)
    reach = find_reach(town, CAR_TYPE, edge_index=scene.edge_index)
    return place_vias(agents_between(town, pairs), np.array(via_zone), scene=scene, reach=[reach], detour=detour)


def test_a_trip_passes_the_busiest_edge_of_its_via_zone(generator):
    town = ladder()
    edge = town.edge_index
    zone = np.zeros(town.edge_count, int)
    below = [edge[name] for name in ("A-D", "D-E", "E-F")]
    zone[below] = 1
    busy = np.ones(town.edge_count)
    busy[edge["D-E"]] = 5
    pair = (edge["X-A"], edge["F-Y"])
    decoded = decode(town, [pair, pair], [-1, 1], zone=zone, betweenness=busy)
    assert decoded.dropped == 0
    assert decoded.agents.via_offsets.tolist() == [0, 0, 1]
    assert decoded.agents.via_edges.tolist() == [edge["D-E"]]
    _, (above, about) = routes_of(decoded.agents, generator)
    assert town.edge_id[above].tolist() == ["X-A", "A-B", "B-C", "C-F", "F-Y"]
    assert town.edge_id[about].tolist() == ["X-A", "A-D", "D-E", "E-F", "F-Y"]


@pytest.mark.parametrize(("detour", "kept"), [(1.19, 0), (1.21, 1)])
def test_a_via_too_far_about_is_dropped(detour, kept):
    town = ladder()  # 50 s above, 60 s below
    edge = town.edge_index
    zone = np.zeros(town.edge_count, int)
    zone[edge["D-E"]] = 1
    decoded = decode(town, [(edge["X-A"], edge["F-Y"])], [1], zone=zone, detour=detour)
    assert len(decoded.agents.via_edges) == kept
    assert decoded.dropped == 1 - kept


def test_a_via_up_a_dead_end_and_back_is_a_loop():
    town = ladder()
    edge = town.edge_index
    zone = np.zeros(town.edge_count, int)
    zone[[edge["E-G"], edge["G-E"]]] = 1
    decoded = decode(town, [(edge["X-A"], edge["F-Y"])], [1], zone=zone, detour=100.0)
    assert decoded.dropped == 1
    into = decode(town, [(edge["X-A"], edge["G-E"])], [1], zone=zone, detour=100.0)
    assert into.agents.via_edges.tolist() == [edge["E-G"]]  # the direct way turns there as well


def test_the_way_against_the_trip_is_passed_over_for_the_one_along_it():
    nodes = {name: (100.0 * place, 0.0) for place, name in enumerate("ABCDE")}
    pairs = list(itertools.pairwise("ABCDE"))
    town = make_town(nodes, pairs + [(b, a) for a, b in pairs], u_turns=True)
    edge = town.edge_index
    zone = np.zeros(town.edge_count, int)
    zone[[edge["B-C"], edge["C-B"]]] = 1
    busy = np.ones(town.edge_count)
    busy[edge["C-B"]] = 9
    decoded = decode(
        town, [(edge["A-B"], edge["D-E"]), (edge["E-D"], edge["B-A"])], [1, 1], zone=zone, betweenness=busy
    )
    assert decoded.agents.via_edges.tolist() == [edge["B-C"], edge["C-B"]]
    assert decoded.dropped == 0


@given(
    town=random_towns(),
    seed=st.integers(0, 2**32 - 1),
    zones=st.integers(1, 4),
    detour=st.sampled_from([1.0, 1.3, 1.6, 4.0]),
)
@settings(deadline=None, max_examples=60)
def test_vias_are_honoured_without_loops_and_in_bounds(town, seed, zones, detour):
    random = np.random.default_rng(seed)
    net = edge_graph(town, CAR, town.free_flow_time_s)
    pairs = [(a, b) for a in net for b in nx.descendants(net, a) if a != b]
    try:
        find_reach(town, CAR_TYPE, edge_index=np.arange(town.edge_count, dtype=np.int32))
    except TripError:
        return
    if not pairs:
        return
    pairs = [pairs[place] for place in random.integers(0, len(pairs), 40)]
    zone = np.unique(random.integers(0, zones, town.edge_count), return_inverse=True)[1]
    wanted = random.integers(-1, zone.max() + 1, len(pairs))
    decoded = decode(town, pairs, wanted, zone=zone, betweenness=random.random(town.edge_count), detour=detour)
    agents = decoded.agents
    count = np.diff(agents.via_offsets)
    assert set(count.tolist()) <= {0, 1}
    assert not count[wanted < 0].any()
    assert decoded.dropped == (wanted >= 0).sum() - count.sum()
    trips, routes = routes_of(agents, random)
    direct, _ = routes_of(
        replace(agents, via_offsets=np.zeros(len(pairs) + 1, np.int64), via_edges=np.zeros(0, np.int32)), random
    )
    time_s, direct_s = (each.sum_over_route(town.free_flow_time_s) for each in (trips, direct))
    assert (time_s <= detour * direct_s * (1 + 1e-6)).all()
    for row, path in enumerate(routes):
        assert len(set(path)) == len(path)
        if count[row]:
            via = agents.via_edges[agents.via_offsets[row]]
            assert via in path[1:-1]
            assert zone[via] == wanted[row]


def test_each_class_has_vias_on_its_own_streets(generator):
    town = make_town(
        {"X": (0.0, 0.0), "A": (9.0, 0.0), "B": (20.0, 3.0), "C": (20.0, -3.0), "D": (30.0, 0.0), "Y": (40.0, 0.0)},
        [("X", "A"), ("A", "B"), ("B", "D"), ("A", "C"), ("C", "D"), ("D", "Y")],
        allowed={"A-B": VEHICLE_TYPES["bus"].mask},
    )  # fmt: skip
    edge = town.edge_index
    zone = np.zeros(town.edge_count, int)
    zone[[edge["A-B"], edge["A-C"]]] = 1
    busy = np.ones(town.edge_count)
    busy[edge["A-B"]] = 7
    scene = scene_with(town, zone, busy)
    kinds = (VEHICLE_TYPES["car"], VEHICLE_TYPES["bus"])
    agents = replace(
        agents_between(town, [(edge["X-A"], edge["D-Y"])] * 2),
        vehicle_types=kinds,
        vehicle_type=np.array([0, 1], np.int32),
    )
    reach = [find_reach(town, kind, edge_index=scene.edge_index) for kind in kinds]
    decoded = place_vias(agents, np.array([1, 1]), scene=scene, reach=reach)
    assert town.edge_id[decoded.agents.via_edges].tolist() == ["A-C", "A-B"]
    routes_of(decoded.agents, generator)


def test_a_scene_without_betweenness_is_refused():
    town = ladder()
    scene = replace(
        scene_with(town, np.zeros(town.edge_count, int), np.ones(town.edge_count)), edge_columns=("length",)
    )
    with pytest.raises(InputError, match="betweenness"):
        place_vias(agents_between(town, [(0, 1)]), np.array([0]), scene=scene, reach=[])


def test_nobody_with_a_via_keeps_everybody_as_they_are():
    town = ladder()
    decoded = decode(
        town, [(town.edge_index["X-A"], town.edge_index["F-Y"])], [-1], zone=np.zeros(town.edge_count, int)
    )
    assert decoded.dropped == 0
    assert len(decoded.agents.via_edges) == 0
