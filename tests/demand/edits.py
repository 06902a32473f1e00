"""Edits of hand-made road graphs, for tests of what drivers make of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.datatypes.vehicles import ALL_CLASSES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trafficdiff.datatypes.graph import RoadGraph


def close(graph: RoadGraph, *names: str, classes: int = ALL_CLASSES) -> RoadGraph:
    """Close edges to some classes; their rows stay."""
    allowed = graph.allowed_classes.copy()
    allowed[[graph.edge_index[name] for name in names]] &= ~classes
    return replace(graph, allowed_classes=allowed)


def ban(graph: RoadGraph, *turns: tuple[str, str]) -> RoadGraph:
    """Ban turns from one edge into another."""
    classes = graph.successor_classes.copy()
    for left, entered in turns:
        same = graph.edge_id[graph.successor_sources] == left
        classes[same & (graph.edge_id[graph.successor_edges] == entered)] = 0
    return replace(graph, successor_classes=classes)


def with_speeds(graph: RoadGraph, speeds_ms: Mapping[str, float]) -> RoadGraph:
    """Set speed limits."""
    speed = graph.speed_limit_ms.copy()
    for name, value in speeds_ms.items():
        speed[graph.edge_index[name]] = value
    return replace(graph, speed_limit_ms=speed)


def shuffled(graph: RoadGraph, order: Sequence[int]) -> RoadGraph:
    """Return the graph with its edges in another order."""
    order_ = np.asarray(order)
    back = np.argsort(order_)
    counts = np.diff(graph.successor_offsets)[order_]
    spans = [np.arange(*graph.successor_offsets[edge : edge + 2]) for edge in order_]
    flat = np.concatenate(spans) if spans else np.zeros(0, int)
    points = np.concatenate([np.arange(*graph.shape_offsets[edge : edge + 2]) for edge in order_])
    columns = ("edge_id", "street_name", "road_class", "from_node", "to_node", "length_m", "speed_limit_ms", "lanes")
    return replace(
        graph,
        **{name: getattr(graph, name)[order_] for name in (*columns, "allowed_classes")},
        shape_offsets=np.concatenate([[0], np.cumsum(np.diff(graph.shape_offsets)[order_])]),
        shape_xy=graph.shape_xy[points],
        successor_offsets=np.concatenate([[0], np.cumsum(counts)]),
        successor_edges=back[graph.successor_edges[flat]].astype(np.int32),
        successor_classes=graph.successor_classes[flat],
    )
