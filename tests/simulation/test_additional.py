"""What acts over time is written as SUMO reads it, and nothing is written where nothing acts."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from tests.simulation.conftest import trips_on
from trafficdiff.datatypes.control import Closure, Control, SignalPhase, SignalProgram, SpeedChange, Station
from trafficdiff.datatypes.scenario import SimulationOptions, Window
from trafficdiff.datatypes.vehicles import VEHICLE_TYPES
from trafficdiff.errors import ScenarioError
from trafficdiff.simulation.additional import control_xml
from trafficdiff.simulation.files import command_of, files_of, write_inputs
from trafficdiff.simulation.run import simulate

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph

TYPES = (VEHICLE_TYPES["car"], VEHICLE_TYPES["bus"])


def parsed(control: Control, graph: RoadGraph) -> ET.Element:
    return ET.fromstring(control_xml(control, graph=graph, vehicle_types=TYPES))


def test_no_control_leaves_files_and_command_as_they_were(square_town: RoadGraph, tmp_path: Path):
    trips = trips_on(square_town, [["A-B", "B-D"]], [0.0])
    options, window = SimulationOptions(), Window(begin_s=0, end_s=3600)
    files = write_inputs(trips, options=options, directory=tmp_path, seed=1, control=Control())
    assert not files.control.exists()
    words = command_of(files, graph=square_town, options=options, window=window, seed=1, progress=False)
    assert words[words.index("--additional-files") + 1] == "outputs.add.xml"
    assert files == files_of(trips, options=options, directory=tmp_path)


def test_a_control_file_and_its_options_are_part_of_the_command(square_town: RoadGraph, tmp_path: Path):
    trips = trips_on(square_town, [["A-B", "B-D"]], [0.0])
    options, window = SimulationOptions(), Window(begin_s=0, end_s=3600)
    control = Control(
        closures=(Closure(edges=("A-B",), begin_s=0, end_s=9),), options=(("device.friction.probability", "1"),)
    )
    files = write_inputs(trips, options=options, directory=tmp_path, seed=1, control=control)
    assert files.control.exists()
    words = command_of(
        files, graph=square_town, options=options, window=window, seed=1, progress=False, control=control
    )
    assert words[words.index("--additional-files") + 1] == "outputs.add.xml,control.add.xml"
    assert words[words.index("--device.friction.probability") + 1] == "1"
    twice = Control(options=(("seed", "7"),))
    with pytest.raises(ScenarioError, match="--seed twice"):
        command_of(files, graph=square_town, options=options, window=window, seed=1, progress=False, control=twice)


def test_a_closure_speaks_to_the_types_that_it_is_not_open_to(square_town: RoadGraph):
    closure = Closure(edges=("A-B",), begin_s=60, end_s=120, open_to=("bus",), told_at=("C-A",))
    (rerouter,) = parsed(Control(closures=(closure,)), square_town)
    assert rerouter.get("vTypes") == "car"
    assert rerouter.get("edges") == "C-A"
    (interval,) = rerouter
    assert (interval.get("begin"), interval.get("end")) == ("60", "120")
    assert [one.tag for one in interval] == ["closingReroute"]
    for_all = Closure(edges=("A-B",), begin_s=60, end_s=120, open_to=("bus", "passenger"))
    assert len(parsed(Control(closures=(for_all,)), square_town)) == 0


def test_limits_return_to_what_each_lane_had(square_town: RoadGraph):
    change = SpeedChange(lanes=("A-B_0", "B-D_0"), begin_s=1, end_s=2, speed_ms=3, speed_after_ms=(10.0, 12.5))
    signs = parsed(Control(speeds=(change,)), square_town)
    assert {sign.get("lanes"): [step.get("speed") for step in sign] for sign in signs} == {
        "A-B_0": ["3", "10"],
        "B-D_0": ["3", "12.5"],
    }


def test_limits_that_overlap_do_not_end_each_other(square_town: RoadGraph):
    def change(begin_s: float, end_s: float, speed_ms: float, *lanes: str) -> SpeedChange:
        after_ms = (10.0,) * len(lanes)
        return SpeedChange(lanes=lanes, begin_s=begin_s, end_s=end_s, speed_ms=speed_ms, speed_after_ms=after_ms)

    calm, crash = change(0, 100, 8, "A-B_0", "B-D_0"), change(20, 50, 3, "A-B_0")
    signs = parsed(Control(speeds=(calm, crash, change(100, 120, 7, "B-D_0"))), square_town)
    assert {sign.get("lanes"): [(step.get("time"), step.get("speed")) for step in sign] for sign in signs} == {
        "A-B_0": [("0", "8"), ("20", "3"), ("50", "8"), ("100", "10")],
        "B-D_0": [("0", "8"), ("100", "7"), ("120", "10")],
    }


def test_the_last_plan_of_a_signal_counts(square_town: RoadGraph):
    plans = [
        SignalProgram(signal='a"<&', kind="static", offset_s=at, phases=(SignalPhase(duration_s=9, state="Gr"),))
        for at in (1, 2)
    ]
    (written,) = parsed(Control(signals=tuple(plans)), square_town)
    assert (written.get("id"), written.get("offset")) == ('a"<&', "2")


def test_everything_that_sumo_must_not_see_is_told_at_once(square_town: RoadGraph):
    control = Control(
        closures=(Closure(edges=("gone",), begin_s=0, end_s=float("nan")),),
        speeds=(SpeedChange(lanes=("lost_0",), begin_s=0, end_s=9, speed_ms=float("inf"), speed_after_ms=(1.0,)),),
        stations=(Station(id="a b", edge="A-B", plugs=1, power_kw=50),),
    )
    with pytest.raises(ScenarioError) as caught:
        control_xml(control, graph=square_town)
    for word in ("'gone'", "'lost'", "nan", "inf", "'a b'"):
        assert word in str(caught.value)


@pytest.mark.sumo
def test_sumo_takes_all_kinds_together(cross: RoadGraph, tmp_path: Path):
    control = Control(
        closures=(
            Closure(edges=("CE",), begin_s=100, end_s=200),
            Closure(edges=("CE",), begin_s=300, end_s=400, lanes=(0,)),
        ),
        speeds=(SpeedChange(lanes=("NC_0",), begin_s=0, end_s=50, speed_ms=5, speed_after_ms=(13.89,)),),
        stations=(
            Station(id="site", edge="NC", plugs=50, power_kw=50),
            Station(id="small", edge="WC", plugs=2, power_kw=11),
        ),
    )
    trips = trips_on(cross, [["NC", "CS"]] * 5, [0.0, 10, 20, 30, 40])
    window = Window(begin_s=0, end_s=3600, clear_s=60)
    result = simulate(
        cross, trips, options=SimulationOptions(), window=window, seed=3, directory=tmp_path, control=control
    )
    assert result.counts.arrived == 5
