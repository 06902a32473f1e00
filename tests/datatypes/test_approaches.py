"""Drivers learn of a closure where they can still choose."""

from __future__ import annotations

import numpy as np

from tests.towns import make_town
from trafficdiff.datatypes.approaches import approaches


def test_edges_that_lead_only_into_a_closure_pass_it_on():
    nodes = {name: (100.0 * place, 0.0) for place, name in enumerate("ABCDEF")}
    #  A -> B -> C -> D -> E     B -> F     D-E is closed, C-D leads nowhere else, B-C neither
    town = make_town(nodes, [("A", "B"), ("B", "C"), ("C", "D"), ("D", "E"), ("B", "F")])
    closed = np.array([edge == "D-E" for edge in town.edge_id])
    assert set(town.edge_id[approaches(town, closed)]) == {"A-B", "B-C", "C-D"}
