"""Made-up scenes whose every number is known, and tiny networks with weights that matter.

A new network is nothing but its prior: gates, biases of travel time and pointers to it begin at 0. Whoever asks how
the network treats its inputs needs weights that do something, so those here are all random.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
import torch

from tests.demand.nets import edge_graph
from trafficdiff.datatypes.scene import Scene, SceneTrips
from trafficdiff.diffusion.inputs import scaling_of
from trafficdiff.diffusion.settings import NetworkSettings
from trafficdiff.diffusion.training import new_model

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.diffusion.inputs import Scaling
    from trafficdiff.diffusion.loss import Model

ZONE_COLUMNS = ("centre_east", "centre_north", "pois", "signals")
EDGE_COLUMNS = ("length", "fringe_lanes_in", "fringe_lanes_out", "bearing_sine", "bearing_cosine", "betweenness")
SCENE_COLUMNS = ("lane_km", "left_hand")
DIRECTIONAL = (("centre_east", "centre_north"), ("bearing_sine", "bearing_cosine"))


def made_scene(*, zones: int = 6, edges: int = 3, seed: int = 0, **fields: Any) -> Scene:
    """A scene of random numbers: `zones` zones of `edges` edges each, no trips."""
    random = np.random.default_rng(seed)
    xy_m = random.uniform(-2_000, 2_000, (zones, 2))
    xy_m -= xy_m.mean(axis=0)
    count = zones * edges
    angle = random.uniform(0, 2 * np.pi, count)
    rim = np.arange(count)
    values = {
        "length": random.uniform(50, 400, count),
        "fringe_lanes_in": (rim % 5 == 0) * 1.0,
        "fringe_lanes_out": (rim % 7 == 0) * 1.0,
        "bearing_sine": np.sin(angle),
        "bearing_cosine": np.cos(angle),
        "betweenness": random.random(count),
    }
    apart_m = np.linalg.norm(xy_m[:, None] - xy_m[None], axis=2)
    return Scene(
        **{
            "name": f"made {seed}",
            "place": f"place {seed}",
            "source": "calibrated",
            "zone_xy_m": xy_m.astype(np.float32),
            "zone_columns": ZONE_COLUMNS,
            "zone_values": np.column_stack([xy_m, random.poisson(3, (zones, 2))]).astype(np.float32),
            "scene_columns": SCENE_COLUMNS,
            "scene_values": np.array([count * 0.2, 0.0], np.float32),
            "travel_time_s": (apart_m / 10).astype(np.float32),
            "edge_offsets": np.arange(zones + 1, dtype=np.int64) * edges,
            "edge_columns": EDGE_COLUMNS,
            "edge_values": np.column_stack([values[name] for name in EDGE_COLUMNS]).astype(np.float32),
            "edge_index": np.arange(count, dtype=np.int32),
            "directional": DIRECTIONAL,
            "window_s": (25_200.0, 28_800.0),
        }
        | fields
    )


def made_trips(scene: Scene, origin: NDArray[Any], destination: NDArray[Any], **columns: Any) -> SceneTrips:
    """Trips between zones, on the first edge of each; cars that depart evenly over the window."""
    count = len(origin)
    first = scene.edge_offsets[:-1] if scene.has_edges else np.full(len(scene), -1)
    return SceneTrips(
        **{
            "origin_zone": np.asarray(origin, np.int32),
            "destination_zone": np.asarray(destination, np.int32),
            "via_zone": np.full(count, -1, np.int32),
            "origin_edge": first[origin].astype(np.int32),
            "destination_edge": first[destination].astype(np.int32),
            "depart_share": (np.arange(count) / max(count, 1)).astype(np.float32),
            "vehicle_class": np.zeros(count, np.int8),
            "weight": np.ones(count, np.float32),
            "day": np.zeros(count, np.int16),
        }
        | columns
    )


def scene_of_town(graph: RoadGraph, zone: NDArray[np.int64], *, mask: int) -> Scene:
    """A scene of a hand-made town with the given zone of each edge; zones without edges are left out."""
    _, zone = np.unique(zone, return_inverse=True)
    zones = int(zone.max()) + 1
    order = np.argsort(zone, kind="stable").astype(np.int32)
    size = np.bincount(zone, minlength=zones)
    middle = graph.midpoint_xy
    xy_m = np.stack([np.bincount(zone, middle[:, axis], zones) / size for axis in (0, 1)], axis=1)
    time_s = np.full((zones, zones), np.inf)
    ways = nx.all_pairs_dijkstra_path_length(edge_graph(graph, mask, graph.free_flow_time_s), weight="time_s")
    for first, reached in ways:
        for last, spent_s in reached.items():
            pair = zone[first], zone[last]
            time_s[pair] = min(time_s[pair], spent_s)
    random = np.random.default_rng(len(order))
    table = np.column_stack([graph.length_m, random.random((len(order), len(EDGE_COLUMNS) - 1))])
    return made_scene(
        zones=zones,
        zone_xy_m=(xy_m - xy_m.mean(axis=0)).astype(np.float32),
        travel_time_s=time_s.astype(np.float32),
        edge_offsets=np.concatenate([[0], np.cumsum(size)]).astype(np.int64),
        edge_values=table[order].astype(np.float32),
        edge_index=order,
    )


def tiny_settings(**fields: Any) -> NetworkSettings:
    """A network of width 16."""
    small = {"width": 16, "heads": 2, "zone_blocks": 1, "agent_blocks": 2, "edge_width": 8}
    return NetworkSettings(**({"dropout": 0.0} | small | fields))


def tiny_model(*scenes: Scene, seed: int = 0, scale: float = 0.4, **fields: Any) -> tuple[Model, Scaling]:
    """A network of random weights for scenes, in evaluation mode, and how it reads them."""
    scaling = scaling_of(scenes)
    model = new_model(tiny_settings(**fields), scaling)
    dice = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in model.parameters():
            weight.copy_(scale * torch.randn(weight.shape, generator=dice))
    return model.eval().requires_grad_(requires_grad=False), scaling
