import numpy as np
import pytest

from tests.towns import make_town, square_town
from trafficdiff.datatypes.vehicles import ALL_CLASSES, VEHICLE_TYPES, class_mask
from trafficdiff.demand.places import end_weights, find_places
from trafficdiff.errors import TripError

CAR = VEHICLE_TYPES["car"]
LINE = {"A": (0.0, 0.0), "B": (100.0, 0.0), "C": (200.0, 0.0), "D": (300.0, 0.0)}


def chosen(graph, mask):
    return set(graph.edge_id[mask])


def test_a_one_way_line_is_entered_at_its_start_and_left_at_its_end():
    town = make_town(LINE, [("A", "B"), ("B", "C"), ("C", "D")])
    places = find_places(town, CAR)
    assert chosen(town, places.can_begin) == {"A-B", "B-C"}
    assert chosen(town, places.can_end) == {"B-C", "C-D"}
    assert chosen(town, places.enters) == {"A-B"}
    assert chosen(town, places.leaves) == {"C-D"}


def test_a_two_way_street_with_turns_at_both_ends_is_open_at_the_rim():
    streets = [("A", "B"), ("B", "C"), ("C", "D")]
    town = make_town(LINE, streets + [(b, a) for a, b in streets], u_turns=True)
    places = find_places(town, CAR)
    assert chosen(town, places.enters) == {"A-B", "D-C"}
    assert chosen(town, places.leaves) == {"C-D", "B-A"}
    assert places.can_begin.all()
    assert places.can_end.all()


def test_a_dead_end_far_inside_is_no_rim():
    ring = {"A": (0.0, 0.0), "B": (1000.0, 0.0), "C": (1000.0, 1000.0), "D": (0.0, 1000.0), "E": (500.0, 500.0)}
    streets = [("A", "B"), ("B", "C"), ("C", "D"), ("D", "A"), ("A", "E"), ("E", "A")]
    town = make_town(ring, streets, u_turns=True)
    places = find_places(town, CAR)
    assert not places.enters.any()
    assert not places.leaves.any()


def test_a_lone_two_way_street_offers_no_trip():
    town = make_town(LINE, [("A", "B"), ("B", "A"), ("C", "D"), ("D", "C")], u_turns=True)
    with pytest.raises(TripError, match="leave the class out of the vehicle mix"):
        find_places(town, CAR)


def test_an_edge_that_only_turns_back_can_begin_if_its_reverse_leads_on():
    town = make_town(LINE, [("A", "B"), ("B", "A"), ("A", "C")], u_turns=True)
    assert chosen(town, find_places(town, CAR).can_begin) == {"A-B", "B-A"}


def test_edges_closed_to_the_class_are_left_out():
    town = make_town(LINE, [("A", "B"), ("B", "C"), ("C", "D")], allowed={"C-D": ALL_CLASSES & ~CAR.mask})
    places = find_places(town, CAR)
    assert chosen(town, places.can_begin) == {"A-B"}
    assert chosen(town, places.can_end) == {"B-C"}
    assert chosen(town, places.leaves) == {"B-C"}
    bus = find_places(make_town(LINE, [("A", "B"), ("B", "C")], allowed={}), VEHICLE_TYPES["bus"])
    assert bus.can_end.sum() == 1


def test_a_class_without_roads_is_named():
    town = square_town()
    closed = {name: class_mask(["passenger"]) for name in town.edge_id}
    streets = [tuple(name.split("-")) for name in town.edge_id]
    nodes = dict(zip(town.node_id, map(tuple, town.node_xy), strict=True))
    with pytest.raises(TripError, match="'truck'"):
        find_places(make_town(nodes, streets, allowed=closed), VEHICLE_TYPES["truck"])


def test_weights_are_size_times_fringe_factor_at_the_rim():
    town = make_town(LINE, [("A", "B"), ("B", "C"), ("C", "D")])
    origin, destination = end_weights(find_places(town, CAR), size=np.array([2.0, 3.0, 4.0]), fringe_factor=5.0)
    assert origin.tolist() == [10.0, 3.0, 0.0]
    assert destination.tolist() == [0.0, 3.0, 20.0]
    with pytest.raises(TripError, match="fringe factor"):
        end_weights(find_places(town, CAR), size=np.array([1.0, 0.0, 0.0]), fringe_factor=0.0)
