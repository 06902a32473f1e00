"""Random small nets for property tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import networkx as nx
import numpy as np
from hypothesis import strategies as st

from tests.towns import make_town
from trafficdiff.datatypes.vehicles import class_mask

if TYPE_CHECKING:
    from trafficdiff.datatypes.graph import RoadGraph

CAR = class_mask(["passenger"])
BUS_ONLY = class_mask(["bus"])


@st.composite
def random_towns(draw: st.DrawFn) -> RoadGraph:
    """Up to nine places anywhere, any streets, some closed to cars, U-turns or not."""
    count = draw(st.integers(3, 9))
    seed = draw(st.integers(0, 2**32 - 1))
    share = draw(st.floats(0.15, 0.7))
    random = np.random.default_rng(seed)
    places = {chr(65 + place): tuple(random.uniform(0, 2_000, 2)) for place in range(count)}
    pairs = [(a, b) for a in places for b in places if a != b and random.random() < share]
    pairs = pairs or [("A", "B"), ("B", "C")]
    names = [f"{a}-{b}" for a, b in pairs]
    closed = {name: BUS_ONLY for name in names[1:] if random.random() < 0.15}
    return make_town(places, pairs, u_turns=draw(st.booleans()), allowed=closed)


def edge_graph(graph: RoadGraph, mask: int, times_s: np.ndarray) -> nx.DiGraph:
    """The graph of edges, built the slow way."""
    net = nx.DiGraph()
    net.add_nodes_from(range(graph.edge_count))
    for left in range(graph.edge_count):
        for place in range(graph.successor_offsets[left], graph.successor_offsets[left + 1]):
            entered = int(graph.successor_edges[place])
            both = int(graph.allowed_classes[left]) & int(graph.allowed_classes[entered])
            if int(graph.successor_classes[place]) & both & mask:
                net.add_edge(left, entered, time_s=float(times_s[entered]))
    return net
