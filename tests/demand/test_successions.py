import dataclasses

import numpy as np
import pytest

from tests.towns import make_town, square_town
from trafficdiff.datatypes.vehicles import ALL_CLASSES, class_mask
from trafficdiff.demand.successions import allowed_successions, reverse_edges, succession_costs

CAR, BUS = class_mask(["passenger"]), class_mask(["bus"])


def pairs(graph, mask):
    left, entered = allowed_successions(graph, mask=mask)
    return {(graph.edge_id[a], graph.edge_id[b]) for a, b in zip(left, entered, strict=True)}


def test_square_town_has_one_way_on_from_every_edge():
    assert pairs(square_town(), CAR) == {
        ("A-B", "B-D"), ("B-D", "D-C"), ("D-C", "C-A"), ("C-A", "A-B"),
        ("B-A", "A-C"), ("A-C", "C-D"), ("C-D", "D-B"), ("D-B", "B-A"),
    }  # fmt: skip


def test_a_closed_edge_is_neither_entered_nor_left_by_the_class():
    nodes = {"A": (0.0, 0.0), "B": (100.0, 0.0), "C": (200.0, 0.0), "D": (300.0, 0.0)}
    town = make_town(nodes, [("A", "B"), ("B", "C"), ("C", "D")], allowed={"B-C": BUS})
    assert pairs(town, CAR) == set()
    assert pairs(town, BUS) == {("A-B", "B-C"), ("B-C", "C-D")}


@pytest.mark.parametrize("closed", ["A-B", "B-C"])
def test_a_turn_that_claims_to_be_open_does_not_open_the_edges(closed):
    nodes = {"A": (0.0, 0.0), "B": (100.0, 0.0), "C": (200.0, 0.0)}
    town = make_town(nodes, [("A", "B"), ("B", "C")], allowed={closed: BUS})
    open_turns = dataclasses.replace(town, successor_classes=np.full(1, ALL_CLASSES))
    assert pairs(open_turns, CAR) == set()


def test_the_cost_of_an_arc_is_the_time_of_the_edge_entered():
    town = square_town()
    times_s = np.arange(1.0, town.edge_count + 1)
    costs = succession_costs(town, mask=CAR, edge_time_s=times_s).tocoo()
    np.testing.assert_array_equal(costs.data, times_s[costs.col])


def test_reverse_edges_lead_back_or_are_missing():
    nodes = {"A": (0.0, 0.0), "B": (100.0, 0.0), "C": (200.0, 0.0)}
    town = make_town(nodes, [("A", "B"), ("B", "A"), ("B", "C")])
    back = reverse_edges(town)
    assert [town.edge_id[place] if place >= 0 else None for place in back] == ["B-A", "A-B", None]
