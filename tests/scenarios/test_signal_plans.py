"""Signals retimed: cycles add up, clearing phases stay, waves lower the waiting, detectors follow the demand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulation.conftest import trips_on
from tests.towns import write_corridor_net
from trafficdiff.datatypes.control import SignalPhase, SignalProgram
from trafficdiff.datatypes.edge_choice import EdgeChoice
from trafficdiff.datatypes.lanes import read_lanes
from trafficdiff.datatypes.road_measures import ActuateSignals, CoordinateSignals, FixSignals
from trafficdiff.datatypes.signals import is_green, read_signals
from trafficdiff.errors import Faults, ScenarioError
from trafficdiff.roads.netfile import read_net
from trafficdiff.scenarios.doors import road_edits
from trafficdiff.scenarios.signal_plans import with_cycle
from trafficdiff.simulation.result_hash import result_hash

if TYPE_CHECKING:
    from collections.abc import Callable

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.lanes import Lanes
    from trafficdiff.datatypes.result import SimulationResult
    from trafficdiff.datatypes.trips import TripSet

    Drive = Callable[..., SimulationResult]

AVENUE = tuple(f"J{place}J{place + 1}" for place in range(6))
ALONG = EdgeChoice(edges=AVENUE)
ALL = tuple(f"J{place}" for place in range(1, 6))


@pytest.fixture(scope="module")
def corridor(tmp_path_factory: pytest.TempPathFactory) -> RoadGraph:
    """The avenue with five signals."""
    return read_net(write_corridor_net(tmp_path_factory.mktemp("corridor")))


@pytest.fixture(scope="module")
def lanes(corridor: RoadGraph) -> Lanes:
    """Its lanes."""
    return read_lanes(corridor)


def traffic(graph: RoadGraph, *, crossing: bool = True) -> TripSet:
    """Return platoons along the avenue every 12 s, and something across."""
    routes, depart_s = [], []
    for at in np.arange(0.0, 900.0, 12.0):
        routes.append(list(AVENUE))
        depart_s.append(at)
        if crossing and at % 60 == 0:
            place = 1 + int(at / 60) % 5
            routes.append([f"n{place}J{place}", f"J{place}s{place}"])
            depart_s.append(at)
    return trips_on(graph, routes, depart_s, end_s=900.0)


def waiting_s(result: SimulationResult) -> float:
    assert result.counts.arrived == result.counts.loaded
    return float(result.trips["waiting_time_s"].mean())


@pytest.mark.slow
@pytest.mark.sumo
def test_a_green_wave_lowers_stops_against_zero_offsets(corridor: RoadGraph, lanes: Lanes, drive: Drive):
    zero = road_edits(FixSignals(junctions=ALL, cycle_s=90, offset_s=0), corridor, lanes=lanes)
    wave = road_edits(CoordinateSignals(where=ALONG, cycle_s=90, speed_kmh=46), corridor, lanes=lanes)
    trips = traffic(corridor, crossing=False)
    without = drive(corridor, trips, control=zero.control, name="zero")
    within = drive(corridor, trips, control=wave.control, name="wave")
    assert waiting_s(within) < 0.6 * waiting_s(without)


@pytest.mark.sumo
def test_each_green_of_a_wave_begins_a_travel_time_after_the_one_before(corridor: RoadGraph, lanes: Lanes):
    wave = road_edits(CoordinateSignals(where=ALONG, cycle_s=80, speed_kmh=36), corridor, lanes=lanes)
    ends_m = np.cumsum(corridor.length_m[[corridor.edge_index[edge] for edge in AVENUE]])
    signals = {plan.signal: plan for plan in wave.control.signals}
    for place, name in enumerate(ALL):
        plan = signals[name]
        rows = lanes.turn_signal == name
        own = rows & (lanes.edge[lanes.turn_from] == corridor.edge_index[AVENUE[place]])
        link = int(lanes.turn_link[own & (lanes.edge[lanes.turn_to] == corridor.edge_index[AVENUE[place + 1]])][0])
        green = [phase.state[link] in "Gg" for phase in plan.phases]
        begins = np.concatenate([[0], np.cumsum([phase.duration_s for phase in plan.phases])[:-1]])
        rise = next(i for i in range(len(green)) if green[i] and not green[i - 1])
        assert (plan.offset_s + begins[rise] - ends_m[place] / 10) % 80 == pytest.approx(0, abs=0.06) or (
            plan.offset_s + begins[rise] - ends_m[place] / 10
        ) % 80 == pytest.approx(80, abs=0.06)


@pytest.mark.sumo
def test_a_plan_like_the_old_one_changes_nothing_and_another_cycle_does(
    corridor: RoadGraph, lanes: Lanes, drive: Drive
):
    trips = traffic(corridor)
    base = drive(corridor, trips, name="base")
    same = road_edits(FixSignals(junctions=ALL, cycle_s=90), corridor, lanes=lanes)
    assert result_hash(drive(corridor, trips, control=same.control, name="same")) == result_hash(base)
    other = road_edits(FixSignals(junctions=ALL, cycle_s=60), corridor, lanes=lanes)
    assert result_hash(drive(corridor, trips, control=other.control, name="other")) != result_hash(base)


@pytest.mark.sumo
def test_detectors_give_the_avenue_more_green_where_little_comes_across(
    corridor: RoadGraph, lanes: Lanes, drive: Drive
):
    trips = traffic(corridor)
    fixed = drive(corridor, trips, name="fixed")
    edit = road_edits(ActuateSignals(where=ALONG), corridor, lanes=lanes)
    actuated = drive(corridor, trips, control=edit.control, name="actuated")
    assert waiting_s(actuated) < waiting_s(fixed)


@pytest.mark.sumo
def test_clearing_phases_keep_their_length(corridor: RoadGraph, lanes: Lanes):
    before = read_signals(corridor.net_path)
    for plan in road_edits(FixSignals(junctions=ALL, cycle_s=120), corridor, lanes=lanes).control.signals:
        assert sum(phase.duration_s for phase in plan.phases) == 120
        for old, new in zip(before[plan.signal].phases, plan.phases, strict=True):
            assert old.state == new.state
            if not is_green(old):
                assert old.duration_s == new.duration_s


@given(
    greens=st.lists(st.integers(5, 60), min_size=1, max_size=6),
    yellow_s=st.integers(2, 6),
    cycle_s=st.integers(20, 300),
)
def test_a_cycle_is_shared_whole_or_refused(greens: list[int], yellow_s: int, cycle_s: int):
    phases = []
    for place, green in enumerate(greens):
        state = "".join("G" if place == other else "r" for other in range(len(greens)))
        phases += [SignalPhase(duration_s=green, state=state)]
        phases += [SignalPhase(duration_s=yellow_s, state=state.replace("G", "y"))]
    faults = Faults("plan")
    plan = SignalProgram(signal="J", kind="static", offset_s=0, phases=tuple(phases))
    made = with_cycle(plan, cycle_s=cycle_s, offset_s=7, faults=faults)
    least_s = len(greens) * (5 + yellow_s)
    assert bool(faults.messages) == (cycle_s < least_s)
    if not faults.messages:
        assert sum(phase.duration_s for phase in made.phases) == pytest.approx(cycle_s)
        assert all(phase.duration_s >= 5 for phase in made.phases if is_green(phase))
        assert made.offset_s == 7


@pytest.mark.sumo
def test_all_signals_that_are_wrong_are_named(corridor: RoadGraph, lanes: Lanes):
    with pytest.raises(ScenarioError) as caught:
        road_edits(
            FixSignals(junctions=("J1", "J9", "nowhere"), where=EdgeChoice(edges=("J5J6",))), corridor, lanes=lanes
        )
    for word in ("'J9'", "'nowhere'", "end at a signal"):
        assert word in str(caught.value)
    with pytest.raises(ScenarioError, match="one direction"):
        road_edits(CoordinateSignals(where=EdgeChoice(edges=(*AVENUE, "J2J1"))), corridor, lanes=lanes)
    with pytest.raises(ScenarioError, match="at least two signals"):
        road_edits(CoordinateSignals(where=EdgeChoice(edges=("J0J1",))), corridor, lanes=lanes)
