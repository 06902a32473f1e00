from itertools import pairwise

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.demand.edits import ban, close, shuffled, with_speeds
from tests.demand.nets import BUS_ONLY, CAR, edge_graph, random_towns
from tests.towns import make_town, square_town
from trafficdiff.datatypes.scenario import RouteChoice
from trafficdiff.datatypes.selection import take_trips
from trafficdiff.datatypes.trips import TripSet
from trafficdiff.datatypes.vehicles import ALL_CLASSES, VEHICLE_TYPES
from trafficdiff.demand.link_times import LinkTimes, link_times
from trafficdiff.demand.reaction import OUTCOMES, REASONS
from trafficdiff.demand.rerouting import react
from trafficdiff.errors import TripError

SCATTERED = RouteChoice(spread=0.4, draws=5)
BYPASS = {"A": (0.0, 0.0), "B": (400.0, 0.0), "C": (800.0, 0.0), "D": (1_200.0, 0.0), "N": (600.0, 300.0)}
ROADS = [("A", "B"), ("B", "C"), ("C", "D"), ("B", "N"), ("N", "C")]


def dice():
    return np.random.default_rng(5)


def trips_on(graph, *routes, **columns):
    """Trips with routes given by the names of edges; departures one second apart."""
    places = [[graph.edge_index[name] for name in route] for route in routes]
    return TripSet(
        graph=graph,
        trip_id=np.array([f"t{place}" for place in range(len(routes))], object),
        depart_s=np.arange(len(routes), dtype=float),
        window_s=(0.0, 3_600.0),
        offsets=np.concatenate([[0], np.cumsum([len(route) for route in places])]).astype(np.int64),
        edges=np.array([edge for route in places for edge in route], np.int32),
        **columns,
    )


def names(trips, place=0):
    return trips.graph.edge_id[trips.edges[trips.offsets[place] : trips.offsets[place + 1]]].tolist()


def outcome_of(report, place=0):
    return OUTCOMES[report.outcome[place]], REASONS[report.reason[place]]


def road_with_bypass():
    return make_town(BYPASS, ROADS)


def through():
    return ["A-B", "B-C", "C-D"]


def test_a_closed_road_sends_its_trips_round_and_leaves_the_others_alone():
    town = road_with_bypass()
    trips = trips_on(town, through(), ["A-B", "B-N"], ["N-C", "C-D"])
    changed, report = react(trips, close(town, "B-C"), generator=dice())
    assert [names(changed, place) for place in range(3)] == [
        ["A-B", "B-N", "N-C", "C-D"],
        ["A-B", "B-N"],
        ["N-C", "C-D"],
    ]
    assert [outcome_of(report, place) for place in range(3)] == [("rerouted", "road"), ("kept", ""), ("kept", "")]
    assert report.as_dict()["trip_ids"] == {"rerouted": ["t0"], "moved": [], "removed": []}


def test_a_banned_turn_and_a_closed_class_are_told_apart():
    town = road_with_bypass()
    trips = trips_on(town, through())
    changed, report = react(trips, ban(town, ("A-B", "B-C")), generator=dice())
    assert (outcome_of(report), len(names(changed))) == (("rerouted", "turn"), 4)
    changed, report = react(trips, close(town, "B-C", classes=CAR), generator=dice())
    assert (outcome_of(report), len(names(changed))) == (("rerouted", "class"), 4)


def test_a_class_that_may_still_pass_keeps_its_way():
    town = road_with_bypass()
    trips = trips_on(town, through(), vehicle_types=(VEHICLE_TYPES["bus"],))
    changed, report = react(trips, close(town, "B-C", classes=CAR), generator=dice())
    assert (names(changed), outcome_of(report)) == (through(), ("kept", ""))


def test_an_end_that_is_closed_is_moved_to_the_nearest_edge_that_leads_on():
    town = road_with_bypass()
    changed, report = react(trips_on(town, through()), close(town, "A-B"), generator=dice())
    assert names(changed) == ["B-C", "C-D"]
    assert outcome_of(report) == ("moved", "road")
    assert report.walk_m[0] == pytest.approx(200.0)  # from the middle of A-B to B, where the two other edges begin
    assert report.as_dict()["longest_walk_m"] == 200.0


def test_nobody_walks_further_than_stated_and_who_cannot_be_helped_is_named():
    town = road_with_bypass()
    trips = trips_on(town, through(), ["B-N", "N-C"])
    changed, report = react(trips, close(town, "A-B"), generator=dice(), walk_limit_m=199.0)
    assert changed.trip_id.tolist() == ["t1"]
    assert report.ids("removed") == ["t0"]
    assert report.as_dict()["trip_ids"]["removed"] == ["t0"]
    with pytest.raises(TripError, match="got none of 1"):
        react(trips_on(town, through()), close(town, "A-B"), generator=dice(), walk_limit_m=199.0)


def test_an_end_that_is_cut_off_is_moved_too_and_the_other_end_stays():
    town = make_town(BYPASS, [*ROADS, ("A", "N")])
    trips = trips_on(town, ["A-B", "B-N", "N-C", "C-D"])
    changed, report = react(trips, close(town, "B-N", "B-C"), generator=dice())  # A-B is open and leads nowhere
    assert (names(changed), outcome_of(report)) == (["A-N", "N-C", "C-D"], ("moved", "road"))
    assert report.walk_m[0] == pytest.approx(200 * np.sin(np.arctan2(300, 600)))


@pytest.mark.parametrize(("end_x", "outcome"), [(440.0, "moved"), (380.0, "removed")])
def test_nobody_walks_as_far_as_the_trip_is_long_to_drive_the_rest(end_x, outcome):
    nodes = {"A": (0.0, 0.0), "B": (400.0, 0.0), "C": (end_x, 0.0), "E": (400.0, -140.0)}
    town = make_town(nodes, [("A", "B"), ("B", "C"), ("E", "B")])
    trips = trips_on(town, ["A-B", "B-C"], ["E-B", "B-C"])
    _, report = react(trips, close(town, "A-B"), generator=dice())  # 200 m to B, for 220 m or 190 m in all
    assert [outcome_of(report, place) for place in (0, 1)] == [(outcome, "road"), ("kept", "")]


def test_edges_are_matched_by_id_and_gone_edges_count_as_closed():
    town = road_with_bypass()
    without = make_town(BYPASS, [road for road in ROADS if road != ("B", "C")] + [("A", "N"), ("D", "A")])
    changed, report = react(trips_on(town, through()), without, generator=dice())
    assert names(changed) == ["A-B", "B-N", "N-C", "C-D"]
    assert outcome_of(report) == ("rerouted", "road")


def test_a_shift_of_the_net_does_not_shift_the_walks():
    town = road_with_bypass()
    closed = close(town, "A-B")
    shift = np.array([5_000.0, -3_000.0])
    moved = close(make_town({name: (x + shift[0], y + shift[1]) for name, (x, y) in BYPASS.items()}, ROADS), "A-B")
    object.__setattr__(moved, "net_offset", tuple(np.asarray(closed.net_offset) + shift))
    _, report = react(trips_on(town, through()), moved, generator=dice())
    assert report.walk_m[0] == pytest.approx(200.0)


def charging(trips, *rows):
    table = pd.DataFrame(
        [(trip, trips.graph.edge_index[edge], "s", 60.0, 5.0) for trip, edge in rows],
        columns=["trip", "edge", "station", "duration_s", "energy_kwh"],
    )
    return trips_on(trips.graph, *[names(trips, place) for place in range(len(trips))], charging_stops=table)


def two_bypasses():
    nodes = BYPASS | {"S": (600.0, -2_000.0)}
    return make_town(nodes, [*ROADS, ("B", "S"), ("S", "C")])


def test_a_detour_leads_over_the_edge_where_the_trip_charges():
    town = two_bypasses()
    trips = charging(trips_on(town, ["A-B", "B-S", "S-C", "C-D"]), (0, "S-C"))
    changed, report = react(trips, ban(town, ("S-C", "C-D"), ("B-N", "N-C")), generator=dice(), walk_limit_m=0.0)
    assert report.lost_stops.tolist() == [True]  # no way on from there: the stop is given up and named
    assert names(changed) == through()
    assert changed.charging_stops is None
    assert report.as_dict()["lost_stops"] == ["t0"]
    long_way = make_town(BYPASS | {"S": (600.0, -2_000.0)}, [*ROADS, ("B", "S"), ("S", "C"), ("A", "S")])
    trips = charging(trips_on(long_way, ["A-B", "B-S", "S-C", "C-D"]), (0, "S-C"))
    changed, report = react(trips, ban(long_way, ("A-B", "B-S")), generator=dice())
    assert report.lost_stops.any() == (changed.charging_stops is None)


def test_a_stop_on_the_way_stays_where_the_detour_can_pass_it():
    town = two_bypasses()
    trips = charging(trips_on(town, [*through()], ["A-B", "B-N", "N-C", "C-D"]), (1, "N-C"), (0, "B-C"))
    changed, report = react(trips, close(town, "B-N"), generator=dice())
    assert names(changed, 0) == through()
    assert report.lost_stops.tolist() == [False, True]
    assert changed.charging_stops["trip"].tolist() == [0]
    assert town.edge_id[changed.charging_stops["edge"]].tolist() == ["B-C"]
    nodes = BYPASS | {"M": (600.0, 100.0)}
    town = make_town(nodes, [*ROADS, ("B", "M"), ("M", "N")])
    trips = charging(trips_on(town, ["A-B", "B-N", "N-C", "C-D"]), (0, "N-C"))
    changed, report = react(trips, close(town, "B-N"), generator=dice())
    assert names(changed) == ["A-B", "B-M", "M-N", "N-C", "C-D"]  # B-C would be shorter, but there it cannot charge
    assert not report.lost_stops.any()


def test_a_new_road_is_taken_only_where_all_may_choose_again():
    town = make_town(BYPASS, [road for road in ROADS if road != ("B", "C")])
    trips = trips_on(town, ["A-B", "B-N", "N-C", "C-D"], ["A-B", "B-N"])
    changed, report = react(trips, road_with_bypass(), generator=dice())
    assert (report.count("kept"), len(names(changed))) == (2, 4)
    changed, report = react(trips, road_with_bypass(), generator=dice(), everyone=True)
    assert (names(changed), outcome_of(report)) == (through(), ("rerouted", "faster"))
    assert (names(changed, 1), outcome_of(report, 1)) == (["A-B", "B-N"], ("kept", ""))


def test_a_slower_road_loses_those_for_whom_the_other_way_is_faster_now():
    town = road_with_bypass()
    trips = trips_on(town, through(), ["A-B", "B-N", "N-C", "C-D"])
    changed, report = react(trips, with_speeds(town, {"B-C": 1.0}), generator=dice(), everyone=True)
    assert names(changed, 0) == ["A-B", "B-N", "N-C", "C-D"]
    assert [outcome_of(report, place) for place in (0, 1)] == [("rerouted", "faster"), ("kept", "")]
    changed, _ = react(trips, with_speeds(town, {"B-C": 12.0}), generator=dice(), everyone=True)
    assert names(changed, 1) == through()  # whose own way has become relatively worse


def test_given_link_times_count_by_the_interval_of_departure():
    town = road_with_bypass()
    trips = trips_on(town, *[through()] * 3)
    slow = np.tile(town.free_flow_time_s, (2, 1))
    slow[1, town.edge_index["B-C"]] = 1_000.0
    times = link_times(town, slow, begins_s=np.array([0.0, 1.5]))
    changed, report = react(trips, town, generator=dice(), everyone=True, times=times)
    assert [len(names(changed, place)) for place in range(3)] == [3, 3, 4]
    assert report.count("kept") == 2


def test_those_who_choose_anew_scatter_as_asked_and_by_their_names_alone():
    nodes = BYPASS | {"S": (600.0, -300.0)}
    town = make_town(nodes, [*ROADS, ("B", "S"), ("S", "C")])
    trips = trips_on(town, *[through()] * 40)
    closed = close(town, "B-C")
    changed, _ = react(trips, closed, generator=dice(), choice=RouteChoice(spread=0.4, draws=16))
    ways = [names(changed, place)[1] for place in range(40)]
    assert set(ways) == {"B-N", "B-S"}
    fewer, _ = react(
        take_trips(trips, np.arange(10, 40)), closed, generator=dice(), choice=RouteChoice(spread=0.4, draws=16)
    )
    assert [names(fewer, place)[1] for place in range(30)] == ways[10:]


def test_link_times_that_do_not_fit_are_refused():
    town = road_with_bypass()
    trips = trips_on(town, through())
    with pytest.raises(TripError, match="times of 5 edges, got 2"):
        react(trips, town, generator=dice(), times=LinkTimes(np.zeros(1), np.ones((1, 2))))


def test_a_round_trip_keeps_its_round():
    town = square_town()
    trips = trips_on(town, ["A-B", "B-D", "D-C", "C-A", "A-B"])
    changed, report = react(trips, with_speeds(town, {"D-C": 5.0}), generator=dice(), everyone=True)
    assert (names(changed), report.count("kept")) == (["A-B", "B-D", "D-C", "C-A", "A-B"], 1)


@st.composite
def towns_with_trips(draw):
    """A random town, trips of cars and buses on random walks in it, and a seed."""
    town = draw(random_towns())
    seed = draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    kinds = (VEHICLE_TYPES["car"], VEHICLE_TYPES["bus"])
    routes, vehicle_type = [], []
    for _ in range(draw(st.integers(1, 12))):
        kind = int(random.integers(2))
        usable = np.flatnonzero(town.allowed_classes & kinds[kind].mask)
        left, entered = town.successions(kinds[kind].mask)
        route = [int(random.choice(usable))]
        for _ in range(random.integers(1, 7)):
            following = entered[left == route[-1]]
            if not len(following):
                break
            route.append(int(random.choice(following)))
        routes.append([town.edge_id[edge] for edge in route])
        vehicle_type.append(kind)
    trips = trips_on(town, *routes, vehicle_type=np.array(vehicle_type, np.int32), vehicle_types=kinds)
    return town, trips, random


def same_routes(trips, changed):
    return [names(trips, place) for place in range(len(trips))] == [
        names(changed, place) for place in range(len(changed))
    ]


@given(towns_with_trips(), st.booleans(), st.sampled_from([RouteChoice(), SCATTERED]))
@settings(max_examples=60, deadline=None)
def test_an_edit_that_changes_nothing_gives_identical_trips(drawn, everyone, choice):
    town, trips, random = drawn
    order = random.permutation(town.edge_count)
    for after in (town, shuffled(town, order)):
        changed, report = react(trips, after, generator=dice(), choice=choice, everyone=everyone)
        assert same_routes(trips, changed)
        assert report.count("kept") == len(trips)
        assert changed.graph is after
        for column in ("trip_id", "depart_s", "vehicle_type"):
            assert getattr(changed, column).tolist() == getattr(trips, column).tolist()


def edited(town, random):
    """Close, ban and slow at random; at least one edge stays open to cars."""
    closed = [name for name in town.edge_id[1:] if random.random() < 0.25]
    classes = [ALL_CLASSES, CAR, BUS_ONLY][random.integers(3)]
    after = close(town, *closed, classes=classes) if closed else town
    pairs = zip(town.edge_id[town.successor_sources], town.edge_id[town.successor_edges], strict=True)
    after = ban(after, *[pair for pair in pairs if random.random() < 0.15])
    return with_speeds(after, {name: random.uniform(2, 20) for name in town.edge_id})


def legal(graph, edges, mask):
    """Whether a car or bus may drive the edges one after the other, looked up the slow way."""
    open_ = all(int(graph.allowed_classes[edge]) & mask for edge in edges)
    turns = edge_graph(graph, mask, graph.free_flow_time_s)
    return open_ and all(turns.has_edge(a, b) for a, b in pairwise(edges))


@given(towns_with_trips(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_every_trip_is_legal_as_fast_as_can_be_or_named(drawn, everyone):
    town, trips, random = drawn
    after = edited(town, random)
    masks = [trips.vehicle_types[kind].mask for kind in trips.vehicle_type]
    routes = np.split(trips.edges, trips.offsets[1:-1])
    assume(
        any(legal(after, route.tolist(), mask) for route, mask in zip(routes, masks, strict=True))
    )  # else all may be removed, which is refused
    changed, report = react(trips, after, generator=dice(), everyone=everyone)
    assert sum(report.count(name) for name in OUTCOMES) == len(trips)
    left = {name: place for place, name in enumerate(changed.trip_id)}
    assert set(left) == set(trips.trip_id) - set(report.ids("removed"))
    for place, name in enumerate(trips.trip_id):
        before, mask = routes[place].tolist(), masks[place]
        turns = edge_graph(after, mask, after.free_flow_time_s)
        outcome = OUTCOMES[report.outcome[place]]
        open_ends = all(int(after.allowed_classes[edge]) & mask for edge in (before[0], before[-1]))
        way = open_ends and nx.has_path(turns, before[0], before[-1])
        assert (outcome == "kept") <= legal(after, before, mask)
        assert (outcome in ("moved", "removed")) == (not legal(after, before, mask) and not way)
        if outcome == "removed":
            continue
        now = changed.edges[changed.offsets[left[name]] : changed.offsets[left[name] + 1]].tolist()
        assert legal(after, now, mask)
        if outcome == "kept":
            assert now == before
        else:
            fastest_s = nx.dijkstra_path_length(turns, now[0], now[-1], weight="time_s")
            assert after.free_flow_time_s[now[1:]].sum() == pytest.approx(fastest_s)
        if outcome == "rerouted":
            assert (now[0], now[-1]) == (before[0], before[-1])
            if everyone and legal(after, before, mask):
                assert after.free_flow_time_s[now].sum() < after.free_flow_time_s[before].sum()
