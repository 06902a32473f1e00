"""Lanes and turns read one by one agree with the road graph that sumolib read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from trafficdiff.datatypes.lanes import permissions, read_lanes
from trafficdiff.datatypes.vehicles import ALL_CLASSES, class_bit
from trafficdiff.errors import NetworkError

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph


@pytest.mark.sumo
def test_lanes_and_turns_add_up_to_the_graph(grid_graph: RoadGraph):
    lanes = read_lanes(grid_graph)
    assert np.array_equal(np.diff(lanes.offsets), grid_graph.lanes)
    union, fastest = np.zeros(grid_graph.edge_count, np.int64), np.zeros(grid_graph.edge_count)
    np.bitwise_or.at(union, lanes.edge, lanes.allowed)
    np.maximum.at(fastest, lanes.edge, lanes.speed_ms)
    assert np.array_equal(union, grid_graph.allowed_classes)
    assert np.array_equal(fastest, grid_graph.speed_limit_ms)
    pairs = set(zip(grid_graph.successor_sources.tolist(), grid_graph.successor_edges.tolist(), strict=True))
    assert lanes.turns_between(lanes.allowed, classes=ALL_CLASSES) == pairs
    at_signal = grid_graph.ends_at_signal[lanes.edge[lanes.turn_from]]
    assert np.array_equal(lanes.turn_signal != "", at_signal)
    assert [str(lanes.lane_id[row]) for row in lanes.of(grid_graph.edge_index["A1B1"])] == ["A1B1_0"]


def test_permissions_are_read_as_sumo_means_them():
    assert permissions(None, None) == ALL_CLASSES
    assert permissions("bus taxi", None) == class_bit("bus") | class_bit("taxi")
    assert permissions("all", None) == ALL_CLASSES
    assert permissions(None, "all") == 0
    assert permissions(None, "bus") == ALL_CLASSES & ~class_bit("bus")


@pytest.mark.sumo
def test_a_net_that_breaks_off_is_refused(grid_graph: RoadGraph, tmp_path: Path):
    cut = tmp_path / "cut.net.xml"
    cut.write_bytes(grid_graph.net_path.read_bytes()[:-500])
    with pytest.raises(NetworkError, match="whole SUMO net"):
        read_lanes(replace(grid_graph, net_path=cut))
