"""Following conflicts against SUMO's own device for surrogate safety measures."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.simulation.conftest import replay, trips_on, wandering_trips
from tests.towns import write_corridor_net
from trafficdiff.datatypes.scenario import SimulationOptions, TrackOptions
from trafficdiff.datatypes.vehicles import VehicleType
from trafficdiff.metrics.safety_events import boxes_of, conflicts
from trafficdiff.metrics.safety_pairs import drac, time_to_collision
from trafficdiff.metrics.safety_rates import hot_spots
from trafficdiff.metrics.safety_sites import site_counts
from trafficdiff.roads.netfile import read_net
from trafficdiff.simulation.vehicle_tracks import read_tracks

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.tracks import Tracks

pytestmark = [pytest.mark.sumo, pytest.mark.slow]
FOLLOWING = "2"
"""SUMO's code where the ego is the follower."""


@pytest.fixture(scope="module")
def recorded(
    grid_graph: RoadGraph, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Tracks, list[tuple[str, str, float, float, float]]]:
    """Return tracks of hasty drivers, and SUMO's (ego, foe, time, TTC, DRAC) of every moment of following."""
    folder = tmp_path_factory.mktemp("ssm")
    hasty = VehicleType(
        "hasty",
        "passenger",
        {"sigma": "0.9", "tau": "0.6", "speedDev": "0.3", "decel": "6"},
        {
            "has.ssm.device": "true", "device.ssm.measures": "TTC DRAC", "device.ssm.thresholds": "3.0 3.0",
            "device.ssm.file": str(folder / "ssm.xml"),
        },
    )  # fmt: skip
    hasty.parameters["device.ssm.trajectories"] = "true"  # type: ignore[index]
    trips = wandering_trips(grid_graph, 60, end_s=100.0, vehicle_type=hasty)
    kept = TrackOptions(step_s=0.1, lateral="smooth")
    options = SimulationOptions(step_s=0.1, tracks=kept, emissions=False, period_s=100)
    run = replay(grid_graph, trips, folder / "run", options=options, clear_s=200)
    rows = []
    for conflict in ET.parse(folder / "ssm.xml").getroot().iter("conflict"):
        spans = (conflict.find(name).get("values").split() for name in ("timeSpan", "typeSpan", "TTCSpan", "DRACSpan"))
        for time, kind, ttc, needed in zip(*spans, strict=True):
            if kind == FOLLOWING and ttc != "NA" and needed != "NA":
                rows.append((conflict.get("ego"), conflict.get("foe"), float(time), float(ttc), float(needed)))
    return read_tracks(run.files.tracks, graph=grid_graph, trips=trips, step_s=0.1), rows


def test_ttc_and_drac_of_following_are_sumos(
    recorded: tuple[Tracks, list[tuple[str, str, float, float, float]]],
) -> None:
    tracks, rows = recorded
    boxes = boxes_of(tracks)
    place = {
        (name, round(float(time_s), 1)): sample
        for sample, (name, time_s) in enumerate(zip(tracks.user_id[tracks.user], tracks.time_s, strict=True))
    }
    both = [
        (place[ego, round(time, 1)], place[foe, round(time, 1)], ttc, needed)
        for ego, foe, time, ttc, needed in rows
        if (ego, round(time, 1)) in place and (foe, round(time, 1)) in place and ttc <= 3
    ]
    one, other = (np.array([row[side] for row in both]) for side in (0, 1))
    same = (tracks.edge[one] >= 0) & (tracks.edge[one] == tracks.edge[other])  # gaps around corners are another thing
    one, other = one[same], other[same]
    ttc, needed = (np.array([row[side] for row in both])[same] for side in (2, 3))
    assert len(one) > 300
    found = time_to_collision(boxes.at(one), boxes.at(other))
    np.testing.assert_allclose(found, ttc, rtol=1e-3)
    np.testing.assert_allclose(drac(boxes.at(one), boxes.at(other), ttc_s=found), needed, rtol=2e-3, atol=1e-4)


def test_every_pair_that_sumo_calls_critical_is_an_event(
    recorded: tuple[Tracks, list[tuple[str, str, float, float, float]]],
) -> None:
    tracks, rows = recorded
    edges = {
        (name, round(float(time_s), 1)): edge
        for name, time_s, edge in zip(tracks.user_id[tracks.user], tracks.time_s, tracks.edge, strict=True)
    }
    critical = {
        (ego, foe)
        for ego, foe, time, ttc, _ in rows
        if ttc <= 1.45 and edges.get((ego, round(time, 1)), -1) == edges.get((foe, round(time, 1)), -2)
    }
    events = conflicts(tracks)
    near = events[events["near_miss"]]
    assert len(critical) > 3
    assert critical <= set(zip(near["user"], near["other"], strict=True))


def test_a_junction_without_any_rule_is_ranked_first(tmp_path: Path) -> None:
    kinds = {"J1": "priority", "J2": "unregulated", "J3": "priority"}
    graph = read_net(write_corridor_net(tmp_path, signals=3, length_m=200.0, kinds=kinds), name="planted")
    samples = []
    for seed in range(2):
        rng = np.random.default_rng(seed)
        routes = [["J0J1", "J1J2", "J2J3", "J3J4"]] * 30
        routes += [[f"s{place}J{place}", f"J{place}n{place}"] for place in (1, 2, 3) for _ in range(20)]
        order = rng.permutation(len(routes))
        depart_s = np.sort(np.floor(rng.uniform(0, 200, len(routes))))
        trips = trips_on(graph, [routes[k] for k in order], depart_s, end_s=200.0)
        kept = TrackOptions(step_s=0.1, lateral="smooth")
        options = SimulationOptions(step_s=0.1, tracks=kept, emissions=False, period_s=200)
        run = replay(graph, trips, tmp_path / str(seed), options=options, clear_s=300, seed=seed)
        tracks = read_tracks(run.files.tracks, graph=graph, trips=trips, step_s=0.1)
        samples.append(site_counts(tracks, conflicts(tracks), graph))
    found = hot_spots(samples)
    assert (found.loc[0, "kind"], found.loc[0, "site"]) == ("junction", "J2")
    assert found.loc[0, "rate"] > 2 * found["rate"].iloc[1:].max()
