"""Lanes closed, added, reserved and blocked: what that does to capacity in real SUMO."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from tests.scenarios.conftest import flow
from tests.simulation.conftest import trips_on
from tests.towns import write_road_net
from trafficdiff.datatypes.edge_choice import EdgeChoice
from trafficdiff.datatypes.lanes import read_lanes
from trafficdiff.datatypes.part import Period
from trafficdiff.datatypes.road_measures import ChangeLanes, CloseLanes, Incident, ReserveLane
from trafficdiff.datatypes.vehicles import VEHICLE_TYPES, VehicleType, class_bit
from trafficdiff.errors import ScenarioError
from trafficdiff.roads.netfile import read_net
from trafficdiff.roads.patching import apply_patch
from trafficdiff.scenarios.doors import road_edits
from trafficdiff.scenarios.lane_changes import slowed_speed_ms

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.result import SimulationResult

    Drive = Callable[..., SimulationResult]

MIDDLE = EdgeChoice(edges=("ME",))
ROUTE = ["VW", "WM", "ME", "EX"]
END_S = 900.0
SPREAD_OUT = VehicleType("car", "passenger", {**VEHICLE_TYPES["car"].attributes, "speedFactor": "1", "speedDev": "0"})


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> RoadGraph:
    """A road of two lanes without turns."""
    return read_net(write_road_net(tmp_path_factory.mktemp("road"), lanes=2))


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> RoadGraph:
    """A road of two lanes with side roads."""
    return read_net(write_road_net(tmp_path_factory.mktemp("street"), lanes=2, side=True))


def saturated(graph: RoadGraph, *, end_s: float = END_S):
    """Return more trips than two lanes can take: one a second, from two edges so that both lanes fill."""
    depart_s = np.arange(0.0, end_s, 1.0)
    return trips_on(graph, [ROUTE] * len(depart_s), depart_s, end_s=end_s, vehicle_type=SPREAD_OUT)


def steady_flow(result: SimulationResult, *, edge: str = "ME", begin_s: float = 300.0, end_s: float = END_S) -> float:
    """Return how many vehicles left an edge a second, once the queue stands."""
    left = flow(result, edge, of="left")
    return float(left[int(begin_s / 60) : int(end_s / 60)].sum() / (end_s - begin_s))


@pytest.mark.slow
@pytest.mark.sumo
@pytest.mark.parametrize("measure", [CloseLanes(where=MIDDLE), ChangeLanes(where=MIDDLE, lanes=-1)])
def test_a_lane_less_halves_the_saturation_flow(road: RoadGraph, drive: Drive, tmp_path: Path, measure):
    edit = road_edits(measure, road, lanes=read_lanes(road))
    assert edit.patch.rebuilds == isinstance(measure, ChangeLanes)
    narrow = apply_patch(road, edit.patch, directory=tmp_path)
    assert narrow.lanes[narrow.edge_index["ME"]] == 1
    base = drive(road, saturated(road), name="base")
    less = drive(narrow, saturated(narrow), name="less")
    assert steady_flow(less) / steady_flow(base) == pytest.approx(0.5, rel=0.15)
    assert less.counts.teleports == 0


@pytest.mark.slow
@pytest.mark.sumo
def test_a_lane_blocked_for_a_while_halves_the_flow_only_then(road: RoadGraph, drive: Drive):
    measure = CloseLanes(where=MIDDLE, during=Period(begin_s=300, end_s=600))
    edit = road_edits(measure, road, lanes=read_lanes(road))
    assert edit.control.closures[0].lanes == (0,)
    trips = saturated(road, end_s=1200)
    base, blocked = drive(road, trips, name="base"), drive(road, trips, control=edit.control, name="blocked")
    while_blocked = steady_flow(blocked, begin_s=420, end_s=600) / steady_flow(base, begin_s=420, end_s=600)
    assert while_blocked == pytest.approx(0.5, rel=0.2)
    assert steady_flow(blocked, begin_s=840, end_s=1200) == pytest.approx(
        steady_flow(base, begin_s=840, end_s=1200), rel=0.1
    )
    assert blocked.counts.arrived == len(trips)
    assert blocked.counts.teleports == 0


@pytest.mark.slow
@pytest.mark.sumo
def test_a_lane_that_alone_carries_turns_is_not_closed_but_the_road_passes_as_much_as_the_rest(
    street: RoadGraph, drive: Drive
):
    measure = Incident(where=MIDDLE, during=Period(begin_s=0, end_s=1800), passing_speed_kmh=20)
    edit = road_edits(measure, street, lanes=read_lanes(street))
    assert edit.control.closures == ()
    assert edit.effect.declared
    blocked = drive(street, saturated(street), control=edit.control, name="blocked")
    one_lane_at_20_kmh = 1 / 3.25  # measured on the road without turns
    assert steady_flow(blocked) == pytest.approx(one_lane_at_20_kmh, rel=0.15)


@pytest.mark.parametrize(
    ("speed_ms", "measured_headway_s"), [(2, 8.70), (3, 5.74), (5.56, 3.25), (8.33, 2.51), (13.89, 2.02)]
)
def test_a_slower_road_passes_the_share_by_what_was_measured(speed_ms: float, measured_headway_s: float):
    def headway_s(limit_ms: float) -> float:
        return 1.2 + 10.5 / (limit_ms - 0.6)

    assert headway_s(speed_ms) == pytest.approx(measured_headway_s, rel=0.06)
    slow = slowed_speed_ms(speed_ms, share=0.5)
    assert headway_s(slow) == pytest.approx(2 * headway_s(speed_ms))
    assert slowed_speed_ms(speed_ms, share=1.0) == pytest.approx(speed_ms)


@pytest.mark.sumo
def test_lanes_with_turns_of_their_own_are_built_anew_and_every_turn_stays(street: RoadGraph, tmp_path: Path):
    edit = road_edits(CloseLanes(where=MIDDLE), street, lanes=read_lanes(street))
    assert edit.patch.lanes == {"ME": 1}
    narrow = apply_patch(street, edit.patch, directory=tmp_path)
    car = class_bit("passenger")
    assert set(zip(*map(np.ndarray.tolist, narrow.successions(car)), strict=True)) == set(
        zip(*map(np.ndarray.tolist, street.successions(car)), strict=True)
    )


@pytest.mark.slow
@pytest.mark.sumo
@pytest.mark.parametrize("new_lane", [False, True])
def test_a_bus_lane_takes_a_lane_from_cars_or_adds_one_for_buses(
    street: RoadGraph, drive: Drive, tmp_path: Path, new_lane: bool
):
    edit = road_edits(ReserveLane(where=MIDDLE, new_lane=new_lane), street, lanes=read_lanes(street))
    roads = apply_patch(street, edit.patch, directory=tmp_path)
    table = read_lanes(roads)
    masks = [int(table.allowed[row]) for row in table.of(roads.edge_index["ME"])]
    assert masks[0] == class_bit("bus")
    assert len(masks) == 2 + new_lane
    left = {int(table.index[lane]) for lane in table.turn_from if table.edge[lane] == roads.edge_index["ME"]}
    assert left == set(range(len(masks)))
    cars = drive(roads, saturated(roads), name="cars", tracks=True)
    tracks = pd.read_parquet(tmp_path / "cars" / "tracks.parquet")
    assert not (tracks["vehicle_lane"] == "ME_0").any()
    base = drive(street, saturated(street), name="base")
    assert steady_flow(cars) / steady_flow(base) == pytest.approx(1.0 if new_lane else 0.5, rel=0.15)


@pytest.mark.sumo
def test_an_incident_on_all_lanes_closes_the_road(street: RoadGraph):
    measure = Incident(where=MIDDLE, lanes=2, during=Period(begin_s=0, end_s=600))
    edit = road_edits(measure, street, lanes=read_lanes(street))
    (closure,) = edit.control.closures
    assert closure.edges == ("ME",)
    assert closure.lanes == ()
    assert set(closure.told_at) >= {"WM"}


@pytest.mark.sumo
def test_roads_that_are_too_narrow_are_all_named(street: RoadGraph):
    where = EdgeChoice(edges=("ME", "MMs", "EEs"))
    for measure in (CloseLanes(where=where), ReserveLane(where=where), ChangeLanes(where=where, lanes=-1)):
        with pytest.raises(ScenarioError, match="EEs, MMs"):
            road_edits(measure, street, lanes=read_lanes(street))


@pytest.mark.sumo
def test_a_lane_that_is_reserved_already_is_an_error(street: RoadGraph, tmp_path: Path):
    measure = ReserveLane(where=MIDDLE)
    roads = apply_patch(street, road_edits(measure, street, lanes=read_lanes(street)).patch, directory=tmp_path)
    with pytest.raises(ScenarioError, match="for bus only already"):
        road_edits(measure, roads, lanes=read_lanes(roads))
