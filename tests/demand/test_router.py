import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.demand.nets import CAR, edge_graph, random_towns
from tests.towns import make_town, square_town
from trafficdiff.datatypes.agents import Agents
from trafficdiff.datatypes.scenario import RouteChoice
from trafficdiff.datatypes.vehicles import VEHICLE_TYPES, class_mask
from trafficdiff.demand.router import perceived_times, route
from trafficdiff.errors import TripError

SHORTEST = RouteChoice()
WINDOW_S = (0.0, 3_600.0)


def make_agents(graph, points, **columns):
    """Agents from lists of edges: origin, vias..., destination."""
    vias = [list(row[1:-1]) for row in points]
    return Agents(
        graph=graph,
        origin=np.array([row[0] for row in points], np.int32),
        destination=np.array([row[-1] for row in points], np.int32),
        depart_s=np.arange(len(points), dtype=float),
        window_s=WINDOW_S,
        via_offsets=np.concatenate([[0], np.cumsum([len(row) for row in vias])]).astype(np.int64),
        via_edges=np.array([edge for row in vias for edge in row], np.int32),
        **columns,
    )


def names(trips, place=0):
    return trips.graph.edge_id[trips.edges[trips.offsets[place] : trips.offsets[place + 1]]].tolist()


def by_name(graph, *points):
    return [[graph.edge_index[name] for name in row] for row in points]


def test_turning_round_happens_only_where_the_net_has_it(generator):
    pair = ["A-B", "B-A"]
    town = square_town()  # without U-turns the two ways round the block never meet
    with pytest.raises(TripError, match="got none"):
        route(make_agents(town, by_name(town, pair)), choice=SHORTEST, generator=generator)
    town = make_town({"A": (0.0, 0.0), "B": (100.0, 0.0)}, [("A", "B"), ("B", "A")], u_turns=True)
    assert names(route(make_agents(town, by_name(town, pair)), choice=SHORTEST, generator=generator)) == pair


def test_vias_are_passed_in_their_order(generator):
    town = square_town()
    points = by_name(town, ["A-B", "D-C", "A-B", "C-A"], ["A-B", "A-B", "B-D"])
    trips = route(make_agents(town, points), choice=SHORTEST, generator=generator)
    assert names(trips) == ["A-B", "B-D", "D-C", "C-A", "A-B", "B-D", "D-C", "C-A"]
    assert names(trips, 1) == ["A-B", "B-D"]


def test_each_class_takes_its_own_way(generator):
    nodes = {"A": (0.0, 0.0), "B": (100.0, 0.0), "C": (200.0, 0.0), "D": (300.0, 0.0), "E": (150.0, 400.0)}
    streets = [("A", "B"), ("B", "C"), ("C", "D"), ("B", "E"), ("E", "C")]
    town = make_town(nodes, streets, allowed={"B-C": class_mask(["bus"])})
    points = by_name(town, ["A-B", "C-D"], ["A-B", "C-D"])
    agents = make_agents(
        town,
        points,
        vehicle_type=np.array([1, 0], np.int32),
        vehicle_types=(VEHICLE_TYPES["car"], VEHICLE_TYPES["bus"]),
    )
    trips = route(agents, choice=SHORTEST, generator=generator)
    assert names(trips, 0) == ["A-B", "B-C", "C-D"]
    assert names(trips, 1) == ["A-B", "B-E", "E-C", "C-D"]


def test_pairs_without_a_way_are_named(generator):
    town = make_town({"A": (0.0, 0.0), "B": (100.0, 0.0), "C": (200.0, 0.0)}, [("A", "B"), ("B", "C")])
    with pytest.raises(TripError, match="agent 1: expected a way from edge 'B-C' to edge 'A-B'"):
        route(make_agents(town, by_name(town, ["A-B", "B-C"], ["B-C", "A-B"])), choice=SHORTEST, generator=generator)


def test_given_edge_times_decide_the_way(generator):
    town = make_town(
        {
            "A": (0.0, 0.0),
            "B": (100.0, 0.0),
            "C": (200.0, 100.0),
            "D": (200.0, -150.0),
            "E": (300.0, 0.0),
            "F": (400.0, 0.0),
        },
        [("A", "B"), ("B", "C"), ("C", "E"), ("B", "D"), ("D", "E"), ("E", "F")],
    )
    agents = make_agents(town, by_name(town, ["A-B", "E-F"]))
    assert "B-C" in names(route(agents, choice=SHORTEST, generator=generator))
    jam_s = town.free_flow_time_s.copy()
    jam_s[town.edge_index["B-C"]] = 500.0
    assert "B-D" in names(route(agents, choice=SHORTEST, generator=generator, edge_time_s=jam_s))
    for bad in (np.nan, 0.0, -1.0, np.inf):
        jam_s[0] = bad
        with pytest.raises(TripError, match="edge times"):
            route(agents, choice=SHORTEST, generator=generator, edge_time_s=jam_s)


@given(random_towns(), st.integers(0, 2**32 - 1), st.integers(0, 3))
@settings(deadline=None, max_examples=80)
def test_routes_are_legal_pass_their_vias_and_cost_what_networkx_finds(town, seed, vias):
    random = np.random.default_rng(seed)
    net = edge_graph(town, CAR, town.free_flow_time_s)
    cost_s = dict(nx.all_pairs_dijkstra_path_length(net, weight="time_s"))
    drivable = np.flatnonzero(town.drivable())
    points = []
    for _ in range(20):
        row = [int(random.choice(drivable))]
        for _ in range(vias + 1):
            row.append(int(random.choice(sorted(cost_s[row[-1]]))))
        points.append(row)
    trips = route(make_agents(town, points), choice=SHORTEST, generator=random)  # TripSet proves legality
    assert len(trips) == len(points)
    for place, row in enumerate(points):
        path = trips.edges[trips.offsets[place] : trips.offsets[place + 1]].tolist()
        assert path[0] == row[0]
        assert path[-1] == row[-1]
        assert all(net.has_edge(a, b) for a, b in itertools.pairwise(path))
        rest = iter(path)
        assert all(any(edge == point for edge in rest) for point in _without_repeats(row))
        expected = sum(cost_s[a][b] for a, b in itertools.pairwise(row))
        assert town.free_flow_time_s[path[1:]].sum() == pytest.approx(expected)


def _without_repeats(row):
    return [edge for place, edge in enumerate(row) if place == 0 or row[place - 1] != edge]


@given(random_towns(), st.floats(0.05, 1.0), st.integers(1, 5))
@settings(deadline=None, max_examples=30)
def test_scattered_routes_are_shortest_for_one_of_the_perceptions(town, spread, draws):
    cost_s = dict(nx.all_pairs_dijkstra_path_length(edge_graph(town, CAR, town.free_flow_time_s), weight="time_s"))
    pairs = [(a, b) for a in cost_s for b in cost_s[a] if town.drivable()[a]][:40]
    assume(pairs)
    choice = RouteChoice(spread=spread, draws=draws)
    trips = route(make_agents(town, pairs), choice=choice, generator=np.random.default_rng(3))
    again = route(make_agents(town, pairs), choice=choice, generator=np.random.default_rng(3))
    np.testing.assert_array_equal(trips.edges, again.edges)
    random = np.random.default_rng(3)
    perception = random.integers(draws, size=len(pairs))
    perceived = perceived_times(town.free_flow_time_s, choice=choice, generator=random)
    for place, (first, last) in enumerate(pairs):
        times_s = perceived[perception[place]]
        path = trips.edges[trips.offsets[place] + 1 : trips.offsets[place + 1]]
        expected = nx.dijkstra_path_length(edge_graph(town, CAR, times_s), first, last, weight="time_s")
        assert times_s[path].sum() == pytest.approx(expected)


def test_perceptions_have_the_mean_and_the_spread_that_were_asked_for(generator):
    times_s = np.full(20_000, 30.0)
    perceived = perceived_times(times_s, choice=RouteChoice(spread=0.3, draws=4), generator=generator)
    assert perceived.shape == (4, 20_000)
    assert perceived.mean() == pytest.approx(30.0, rel=0.01)
    assert perceived.std() == pytest.approx(9.0, rel=0.02)
    assert (perceived > 0).all()


def test_without_scatter_no_randomness_is_used(generator):
    before = generator.bit_generator.state
    town = square_town()
    route(make_agents(town, by_name(town, ["A-B", "D-C"])), choice=SHORTEST, generator=generator)
    assert generator.bit_generator.state == before


def test_no_agents_give_no_trips(generator):
    town = square_town()
    none = np.zeros(0, np.int32)
    agents = Agents(graph=town, origin=none, destination=none, depart_s=np.zeros(0), window_s=WINDOW_S)
    assert len(route(agents, choice=SHORTEST, generator=generator)) == 0
