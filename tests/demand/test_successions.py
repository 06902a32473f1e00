import numpy as np

from tests.towns import make_town, square_town
from trafficdiff.datatypes.vehicles import class_mask
from trafficdiff.demand.successions import reverse_edges, succession_costs

CAR = class_mask(["passenger"])


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
