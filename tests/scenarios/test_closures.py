"""Closures in real SUMO: the flow is zero where and when it must be, and every vehicle is accounted for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.scenarios.conftest import PERIOD_S, flow, stream_of
from trafficdiff.datatypes.edge_choice import EdgeChoice
from trafficdiff.datatypes.part import Period
from trafficdiff.datatypes.road_measures import BanTurn, CloseRoad, OneWay
from trafficdiff.datatypes.trips import illegal_turns
from trafficdiff.datatypes.vehicles import VEHICLE_TYPES, class_bit
from trafficdiff.errors import ScenarioError, SimulationError
from trafficdiff.roads.patching import apply_patch
from trafficdiff.scenarios.doors import road_edits
from trafficdiff.simulation.destinations import ended_elsewhere
from trafficdiff.simulation.files import SumoFiles
from trafficdiff.simulation.result_hash import result_hash

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.lanes import Lanes

THROUGH = ["left1A1", "A1B1", "B1C1", "C1D1", "D1right1"]
AROUND = ["left1A1", "A1B1", "B1B2", "B2C2", "C2C1", "C1D1", "D1right1"]
ENDS_THERE = ["bottom1B0", "B0B1", "B1C1"]
BEGINS_THERE = ["B1C1", "C1C0", "C0bottom2"]
CLOSED = EdgeChoice(edges=("B1C1",))
WINDOW = Period(begin_s=300, end_s=600)

Drive = "Callable[..., SimulationResult]"


@pytest.mark.sumo
def test_a_closed_road_has_no_flow_and_all_vehicles_are_accounted_for(
    grid_graph: RoadGraph, grid_lanes: Lanes, drive: Drive, tmp_path: Path
):
    edit = road_edits(CloseRoad(where=CLOSED), grid_graph, lanes=grid_lanes)
    closed = apply_patch(grid_graph, edit.patch, directory=tmp_path)
    assert closed.edge_id.tolist() == grid_graph.edge_id.tolist()
    assert closed.allowed_classes[closed.edge_index["B1C1"]] & class_bit("passenger") == 0
    base = drive(grid_graph, stream_of(grid_graph, [THROUGH], every_s=10, end_s=300), name="base")
    result = drive(closed, stream_of(closed, [AROUND], every_s=10, end_s=300), name="closed")
    assert flow(base, "B1C1").sum() == base.counts.loaded > 0
    assert flow(result, "B1C1").sum() == 0
    assert flow(result, "B1C1", of="left").sum() == 0
    assert result.counts.arrived == result.counts.loaded == base.counts.loaded


@pytest.mark.sumo
def test_roads_closed_in_place_are_known_to_be_closed_by_the_graph_too(
    grid_graph: RoadGraph, grid_lanes: Lanes, tmp_path: Path
):
    edit = road_edits(CloseRoad(where=CLOSED, open_to=("bus",)), grid_graph, lanes=grid_lanes)
    closed = apply_patch(grid_graph, edit.patch, directory=tmp_path)
    index = closed.edge_index
    pair = np.array([index["A1B1"]], np.int32), np.array([index["B1C1"]], np.int32)
    assert illegal_turns(closed, *pair, np.array([class_bit("passenger")])).all()
    assert not illegal_turns(closed, *pair, np.array([class_bit("bus")])).any()


@pytest.mark.sumo
def test_a_road_closed_for_a_while_is_empty_then_and_used_before_and_after(
    grid_graph: RoadGraph, grid_lanes: Lanes, drive: Drive
):
    edit = road_edits(CloseRoad(where=CLOSED, during=WINDOW), grid_graph, lanes=grid_lanes)
    trips = stream_of(grid_graph, [THROUGH, ENDS_THERE, THROUGH, BEGINS_THERE], every_s=10, end_s=900)
    assert not edit.patch
    result = drive(grid_graph, trips, control=edit.control)
    counted = flow(result, "B1C1")
    inside = slice(int(WINDOW.begin_s / PERIOD_S), int(WINDOW.end_s / PERIOD_S))
    assert counted[inside].sum() == 0
    assert (counted[1 : inside.start] > 0).all()
    assert (counted[inside.stop : inside.stop + 4] > 0).all()
    assert result.counts.arrived == result.counts.loaded == len(trips)
    assert result.counts.teleports == 0


@pytest.mark.sumo
def test_a_trip_that_ends_on_a_road_closed_for_a_while_ends_at_its_door(
    grid_graph: RoadGraph, grid_lanes: Lanes, drive: Drive, tmp_path: Path
):
    edit = road_edits(CloseRoad(where=CLOSED, during=Period(begin_s=0, end_s=3000)), grid_graph, lanes=grid_lanes)
    trips = stream_of(grid_graph, [ENDS_THERE], every_s=30, end_s=300)
    result = drive(grid_graph, trips, control=edit.control)
    assert result.counts.arrived == 10
    assert flow(result, "B0B1", of="arrived").sum() == 10
    assert flow(result, "B1C1").sum() == 0
    files = SumoFiles(tmp_path / "run", has_emissions=False, has_stops=False, has_tracks=False)
    assert ended_elsewhere(files, trips) == dict.fromkeys(trips.trip_id.tolist(), "B0B1")


@pytest.mark.sumo
def test_a_closure_that_is_open_to_buses_turns_cars_away_only(grid_graph: RoadGraph, grid_lanes: Lanes, drive: Drive):
    measure = CloseRoad(where=CLOSED, open_to=("bus",), during=Period(begin_s=0, end_s=3000))
    control = road_edits(measure, grid_graph, lanes=grid_lanes).control
    trips = stream_of(grid_graph, [THROUGH], every_s=15, end_s=300)
    kinds = np.arange(len(trips), dtype=np.int32) % 2
    mixed = replace(trips, vehicle_type=kinds, vehicle_types=(VEHICLE_TYPES["car"], VEHICLE_TYPES["bus"]))
    result = drive(grid_graph, mixed, control=control)
    assert flow(result, "B1C1").sum() == kinds.sum()
    assert result.counts.arrived == len(trips)


@pytest.mark.slow
@pytest.mark.sumo
@pytest.mark.parametrize("drive_by", ["libsumo", "traci"])
def test_control_acts_the_same_however_sumo_is_driven(
    grid_graph: RoadGraph, grid_lanes: Lanes, drive: Drive, drive_by: str
):
    control = road_edits(CloseRoad(where=CLOSED, during=WINDOW), grid_graph, lanes=grid_lanes).control
    trips = stream_of(grid_graph, [THROUGH, ENDS_THERE], every_s=20, end_s=700)
    by_command = drive(grid_graph, trips, control=control, name="cli")
    stepped = drive(grid_graph, trips, driven_by=drive_by, control=control, name=drive_by)
    assert result_hash(by_command) == result_hash(stepped)
    assert result_hash(by_command) != result_hash(drive(grid_graph, trips, name="base"))


@pytest.mark.sumo
def test_one_way_closes_what_leads_back(grid_graph: RoadGraph, grid_lanes: Lanes, tmp_path: Path):
    edit = road_edits(OneWay(where=CLOSED), grid_graph, lanes=grid_lanes)
    roads = apply_patch(grid_graph, edit.patch, directory=tmp_path)
    drivable = roads.drivable()
    assert not drivable[roads.edge_index["C1B1"]]
    assert drivable.sum() == grid_graph.drivable().sum() - 1
    assert edit.effect.edges == ("C1B1",)


@pytest.mark.sumo
def test_a_banned_turn_is_taken_by_nobody(grid_graph: RoadGraph, grid_lanes: Lanes, drive: Drive, tmp_path: Path):
    measure = BanTurn(out_of=EdgeChoice(edges=("A1B1",)), into=CLOSED)
    edit = road_edits(measure, grid_graph, lanes=grid_lanes)
    roads = apply_patch(grid_graph, edit.patch, directory=tmp_path)
    index = roads.edge_index
    pair = np.array([index["A1B1"]], np.int32), np.array([index["B1C1"]], np.int32)
    assert illegal_turns(roads, *pair, np.array([class_bit("passenger")])).all()
    assert roads.drivable().all()
    trips = stream_of(roads, [AROUND, ["B2B1", "B1C1", "C1D1"]], every_s=10, end_s=200)
    result = drive(roads, trips, name="banned")
    assert result.counts.arrived == len(trips)
    assert flow(result, "B1C1").sum() == len(trips) / 2  # only those from B2


@pytest.mark.sumo
def test_sumo_itself_refuses_a_banned_turn(grid_graph: RoadGraph, grid_lanes: Lanes, drive: Drive, tmp_path: Path):
    measure = BanTurn(out_of=EdgeChoice(edges=("A1B1",)), into=CLOSED)
    roads = apply_patch(grid_graph, road_edits(measure, grid_graph, lanes=grid_lanes).patch, directory=tmp_path)
    slipped = replace(grid_graph, net_path=roads.net_path)  # a graph that does not know of the ban
    with pytest.raises(SimulationError, match="No connection between edge 'A1B1' and edge 'B1C1'"):
        drive(slipped, stream_of(slipped, [THROUGH], every_s=10, end_s=50))


@pytest.mark.sumo
def test_measures_that_cannot_act_say_why(grid_graph: RoadGraph, grid_lanes: Lanes):
    everything = EdgeChoice(box=(-180, -90, 180, 90))
    with pytest.raises(ScenarioError, match="at least one road"):
        road_edits(CloseRoad(where=everything), grid_graph, lanes=grid_lanes)
    with pytest.raises(ScenarioError, match=r"one can turn into .*B1C1"):
        road_edits(
            BanTurn(out_of=EdgeChoice(edges=("A1B1",)), into=EdgeChoice(edges=("C1D1",))), grid_graph, lanes=grid_lanes
        )
    with pytest.raises(ScenarioError, match="got both between the same junctions"):
        road_edits(OneWay(where=EdgeChoice(edges=("B1C1", "C1B1"))), grid_graph, lanes=grid_lanes)
