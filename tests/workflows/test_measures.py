"""Whole runs with measures, on a grid of streets: what they must and must not change."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from trafficdiff.datatypes.scenario_files import parse_scenario
from trafficdiff.demand.passing import trips_passing
from trafficdiff.errors import ScenarioError
from trafficdiff.roads.netfile import read_net
from trafficdiff.store.reading import open_run
from trafficdiff.workflows.measures import apply_measures
from trafficdiff.workflows.run import run
from trafficdiff.workflows.sample import draw_trips

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.scenario import Scenario
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.workflows.measures import Changed
    from trafficdiff.workflows.outcome import Outcome

pytestmark = [pytest.mark.sumo, pytest.mark.slow]

CLOSED = "B1C1"


def grid_scenario(net: Path, *measures: dict[str, Any], **changes: Any) -> Scenario:
    content = {
        "name": "grid",
        "network": str(net),
        "window": {"begin_s": 0, "end_s": 300, "clear_s": 900},
        "demand": {"kind": "uniform", "trips": 150},
        "simulation": {"period_s": 60},
        "measures": list(measures),
        **changes,
    }
    return parse_scenario(content)


def close(edge: str = CLOSED) -> dict[str, Any]:
    return {"kind": "close_road", "where": {"edges": [edge]}}


def limit(speed_kmh: float) -> dict[str, Any]:
    return {"kind": "speed_limit", "where": {"polygon": [[-180, -89], [180, -89], [180, 89], [-180, 89]]},
            "speed_kmh": speed_kmh}  # fmt: skip


def simulated(scenario: Scenario, folder: Path) -> Outcome:
    return run(scenario, directory=folder, picture=False)


def changed(scenario: Scenario, graph: RoadGraph, folder: Path) -> tuple[TripSet, Changed]:
    trips = draw_trips(graph, scenario.demand, window_s=(0, 300), seed=scenario.seed)
    return trips, apply_measures(scenario, graph, trips, sample=0, directory=folder / "edited")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, grid_net: Path) -> Outcome:
    return simulated(grid_scenario(grid_net), tmp_path_factory.mktemp("base") / "run")


def test_without_measures_nothing_is_touched(grid_net: Path, grid_graph: RoadGraph, tmp_path: Path) -> None:
    trips, after = changed(grid_scenario(grid_net), grid_graph, tmp_path)
    assert after.graph is grid_graph
    assert after.trips is trips
    assert not after.control
    assert not (tmp_path / "edited").exists()


def test_a_limit_at_its_present_value_differs_by_exactly_nothing(base: Outcome, grid_net: Path, tmp_path: Path) -> None:
    speeds = set(np.round(read_net(grid_net).speed_limit_ms, 9).tolist())
    assert len(speeds) == 1
    same = simulated(grid_scenario(grid_net, limit(speeds.pop() * 3.6)), tmp_path / "run")
    assert same.result_hash == base.result_hash
    assert same.run_id != base.run_id
    assert same.numbers == base.numbers


@pytest.mark.slow
def test_a_closed_road_carries_nobody_and_loses_nobody(base: Outcome, grid_net: Path, tmp_path: Path) -> None:
    outcome = simulated(grid_scenario(grid_net, close()), tmp_path / "run")
    stored, before = open_run(outcome.directory), open_run(base.directory)
    assert float(before.result.data["entered"].sel(edge=CLOSED).sum()) > 0
    for name in ("entered", "left", "departed", "arrived", "sampled_time"):
        assert float(stored.result.data[name].sel(edge=CLOSED).sum()) == 0, name
    assert outcome.numbers["trips_asked"] + outcome.numbers["trips_removed"] == base.numbers["trips_asked"]
    assert outcome.numbers["trips_rerouted"] > 0
    assert stored.result.data["edge"].equals(before.result.data["edge"])
    told = json.loads((outcome.directory / "measures.json").read_text())
    assert told["measures"][0]["edges"] == [CLOSED]
    assert told["drivers"]["rerouted"] == outcome.numbers["trips_rerouted"]
    assert told["route_choice"] == "one_shot"


def test_trips_that_a_closure_leaves_alone_keep_their_route(
    grid_net: Path, grid_graph: RoadGraph, tmp_path: Path
) -> None:
    trips, after = changed(grid_scenario(grid_net, close()), grid_graph, tmp_path)
    assert after.reaction is not None
    untouched = set(trips.trip_id) - {
        name for kind in ("rerouted", "moved", "removed") for name in after.reaction.ids(kind)
    }
    assert untouched
    for name in untouched:
        (was,), (now,) = np.flatnonzero(trips.trip_id == name), np.flatnonzero(after.trips.trip_id == name)
        ids = [
            graph.edge_id[one.edges[one.offsets[place] : one.offsets[place + 1]]].tolist()
            for graph, one, place in ((grid_graph, trips, was), (after.graph, after.trips, now))
        ]
        assert ids[0] == ids[1]


def test_every_measure_that_cannot_act_is_told_at_once(grid_net: Path, grid_graph: RoadGraph, tmp_path: Path) -> None:
    mistakes = grid_scenario(
        grid_net,
        close("nowhere"),
        {"kind": "speed_limit", "where": {"streets": ["Nowhere Street"]}, "speed_kmh": 30},
        close(),
        {"kind": "scale_demand", "factor": 0.5, "origin": {"edges": ["nowhere"]}},
    )
    with pytest.raises(ScenarioError, match=r"3 faults") as caught:
        changed(mistakes, grid_graph, tmp_path)
    assert [f"measures.{place}" in str(caught.value) for place in range(4)] == [True, True, False, True]


@pytest.mark.parametrize(
    "measure",
    [
        close(),
        limit(20),
        {"kind": "close_lanes", "where": {"edges": [CLOSED]}},
        {"kind": "incident", "where": {"edges": [CLOSED]}},
    ],
)
@pytest.mark.parametrize(("begin_s", "end_s"), [(1_200, 1_300), (80_000, 81_000)])
def test_a_part_of_the_day_that_the_study_does_not_have_is_refused(
    grid_net: Path, grid_graph: RoadGraph, tmp_path: Path, measure: dict[str, Any], begin_s: float, end_s: float
) -> None:
    late = {**measure, "during": {"begin_s": begin_s, "end_s": end_s}}
    with pytest.raises(ScenarioError, match=r"expected a part of the study, 0 to 1200 s"):
        changed(grid_scenario(grid_net, late), grid_graph, tmp_path)


def test_a_further_measure_moves_nobody_elses_dice(grid_net: Path, grid_graph: RoadGraph, tmp_path: Path) -> None:
    fewer = {"kind": "scale_demand", "factor": 0.5}
    _, alone = changed(grid_scenario(grid_net, fewer), grid_graph, tmp_path / "alone")
    electric = {"kind": "electric_share", "share": 0.3}
    _, both = changed(grid_scenario(grid_net, electric, fewer), grid_graph, tmp_path / "both")
    assert alone.trips.trip_id.tolist() == both.trips.trip_id.tolist()
    assert alone.numbers()["trips_removed"] == 150 - len(alone.trips)


def test_measures_act_in_their_order(grid_net: Path, grid_graph: RoadGraph, tmp_path: Path) -> None:
    slow_then_fast = grid_scenario(grid_net, limit(30), limit(60))
    _, after = changed(slow_then_fast, grid_graph, tmp_path)
    np.testing.assert_allclose(after.graph.speed_limit_ms, 60 / 3.6, atol=0.01)
    assert [effect.kind for effect in after.effects] == ["speed_limit", "speed_limit"]


@pytest.mark.slow
def test_drivers_who_learn_settle_and_say_how_far(grid_net: Path, tmp_path: Path) -> None:
    scenario = grid_scenario(grid_net, close(), equilibrium={"iterations": 3, "gap": 0.2})
    outcome = simulated(scenario, tmp_path / "run")
    told = json.loads((outcome.directory / "measures.json").read_text())
    assert told["route_choice"] == "iterated"
    assert told["relative_gap"] == outcome.numbers["relative_gap"]
    assert told["relative_gap_asked"] == 0.2


def closed_for_a_while(begin_s: float, end_s: float) -> dict[str, Any]:
    return close() | {"during": {"begin_s": begin_s, "end_s": end_s}}


def test_drivers_plan_around_a_closure_that_is_announced(
    base: Outcome, grid_net: Path, grid_graph: RoadGraph, tmp_path: Path
) -> None:
    scenario = grid_scenario(grid_net, closed_for_a_while(60, 240))
    trips, after = changed(scenario, grid_graph, tmp_path)
    edge = grid_graph.edge_index[CLOSED]
    before, later = (set(one.trip_id[trips_passing(one, np.array([edge]), begin_s=60, end_s=240)].tolist())
                     for one in (trips, after.trips))  # fmt: skip
    assert before
    assert not later
    assert after.numbers()["trips_rerouted"] + after.numbers()["trips_moved"] == len(before)
    assert len(after.trips) == len(trips)
    outcome = simulated(scenario, tmp_path / "run")
    entered = open_run(outcome.directory).result.data["entered"].sel(edge=CLOSED)
    assert float(entered.sel(time=slice(61, 239)).sum()) == 0
    assert outcome.numbers["completion_share"] == base.numbers["completion_share"] == 1


def test_nobody_plans_around_an_incident(grid_net: Path, grid_graph: RoadGraph, tmp_path: Path) -> None:
    lanes = int(grid_graph.lanes[grid_graph.edge_index[CLOSED]])
    during = {"begin_s": 60, "end_s": 240}
    incident = {"kind": "incident", "where": {"edges": [CLOSED]}, "lanes": lanes, "during": during}
    trips, after = changed(grid_scenario(grid_net, incident), grid_graph, tmp_path)
    assert after.control.closures[0].lanes == ()  # the whole road
    assert after.trips is trips
    assert after.numbers() == dict.fromkeys(after.numbers(), 0)


def test_a_trip_that_two_measures_change_counts_once(grid_net: Path, grid_graph: RoadGraph, tmp_path: Path) -> None:
    nobody = {"kind": "shift_mode", "share": 0.5, "from_types": ["car"]}
    _, closed = changed(grid_scenario(grid_net, close()), grid_graph, tmp_path / "one")
    trips, both = changed(grid_scenario(grid_net, close(), nobody), grid_graph, tmp_path / "both")
    numbers = both.numbers()
    assert 0 < numbers["trips_rerouted"] < closed.numbers()["trips_rerouted"]
    assert sum(numbers.values()) <= len(trips)
    assert len(trips) - numbers["trips_removed"] + numbers["trips_added"] == len(both.trips)
