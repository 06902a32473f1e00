"""Drivers learn until nobody has a faster way, and the run says how far they came."""

from __future__ import annotations

import gzip
import re
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.workflows.two_routes import (
    LONG_M,
    TRIPS,
    WINDOW_S,
    all_on_the_short_road,
    on_short,
    write_requests,
    write_two_routes,
)
from trafficdiff.datatypes.scenario import Equilibrium, Scenario, SimulationOptions, Window
from trafficdiff.datatypes.scenario_files import parse_scenario
from trafficdiff.errors import ScenarioError
from trafficdiff.process import run_program, sumo_environment, sumo_home
from trafficdiff.roads.netfile import read_net
from trafficdiff.workflows.equilibrium import Assigned, assign

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph

OPTIONS = SimulationOptions(period_s=60, emissions=False, time_to_teleport_s=-1)
WINDOW = Window(begin_s=0, end_s=WINDOW_S, clear_s=2_400)


def scenario(**changes: Any) -> Scenario:
    return Scenario(name="two routes", network="two", window=WINDOW, **{"simulation": OPTIONS, **changes})


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> RoadGraph:
    return read_net(write_two_routes(tmp_path_factory.mktemp("two")), name="two routes")


@pytest.fixture(scope="module")
def one_shot(graph: RoadGraph, tmp_path_factory: pytest.TempPathFactory) -> Assigned:
    folder = tmp_path_factory.mktemp("one")
    return assign(graph, all_on_the_short_road(graph), scenario=scenario(), seed=7, directory=folder / "sumo")


@pytest.fixture(scope="module")
def settled(graph: RoadGraph, tmp_path_factory: pytest.TempPathFactory) -> Assigned:
    wanted = scenario(equilibrium=Equilibrium(iterations=12, gap=0.0))
    folder = tmp_path_factory.mktemp("settled")
    return assign(graph, all_on_the_short_road(graph), scenario=wanted, seed=7, directory=folder / "sumo")


def discharge(done: Assigned) -> float:
    """Vehicles that leave the narrow road each second while a queue stands before it."""
    arrivals_s = np.sort(done.result.trips["arrival_s"].to_numpy())
    return float((TRIPS // 2) / (arrivals_s[TRIPS * 3 // 4] - arrivals_s[TRIPS // 4]))


pytestmark = [pytest.mark.sumo, pytest.mark.slow]


def test_the_narrow_road_takes_what_car_following_at_its_limit_lets_through(one_shot: Assigned) -> None:
    speed_ms, headway_s, length_m = 2.78, 1.0, 5.0 + 2.5  # SUMO's default car: reaction, length and gap
    assert discharge(one_shot) == pytest.approx(speed_ms / (speed_ms * headway_s + length_m), rel=0.03)


@pytest.mark.slow
def test_at_equilibrium_the_split_is_the_one_computed_by_hand(one_shot: Assigned, settled: Assigned) -> None:
    """Where demand q exceeds the short road's capacity c, its queue grows until it costs the difference D of the two
    empty roads, after D c / (q - c) seconds; from then on c take it each second and the others the long road. Over the
    window T that makes q D c / (q - c) + c (T - D c / (q - c)) = c (T + D) vehicles.
    """
    graph = settled.trips.graph
    time_s = dict(zip(graph.edge_id, graph.free_flow_time_s, strict=True))
    more_s = time_s["long"] - time_s["short"] - time_s["narrow"]
    capacity = discharge(one_shot)
    assert capacity < TRIPS / WINDOW_S
    assert on_short(settled.trips).sum() == pytest.approx(capacity * (WINDOW_S + more_s), rel=0.06)


@pytest.mark.slow
def test_at_equilibrium_both_roads_take_equal_time_and_before_they_did_not(
    one_shot: Assigned, settled: Assigned
) -> None:
    duration_s = settled.result.trips["duration_s"].to_numpy()
    late = settled.trips.depart_s > WINDOW_S / 4  # once the queue stands
    short = on_short(settled.trips)
    on_long_s = duration_s[late & ~short].mean()
    assert duration_s[late & short].mean() == pytest.approx(on_long_s, rel=0.08)
    assert on_long_s == pytest.approx((LONG_M + 600.0) / 13.89, rel=0.05)
    assert one_shot.result.trips["duration_s"].max() > 1.7 * on_long_s


@pytest.mark.slow
def test_the_gap_falls_and_the_best_simulation_counts(settled: Assigned) -> None:
    assert settled.gap == min(settled.gaps)
    assert settled.gap < 0.03 < 0.2 < settled.gaps[0]
    assert settled.iterations == 12
    day = settled.days[settled.kept]
    assert day.completed == settled.result.counts.arrived == TRIPS
    assert day.mean_time_loss_s == pytest.approx(settled.result.trips["time_loss_s"].mean())


def test_one_simulation_without_an_equilibrium_says_so(one_shot: Assigned) -> None:
    assert (one_shot.choice, one_shot.iterations, one_shot.asked) == ("one_shot", 1, None)
    assert one_shot.reached
    assert one_shot.as_dict()["relative_gap"] is one_shot.gap is None


def test_one_iteration_is_one_simulation_with_its_gap(graph: RoadGraph, one_shot: Assigned, tmp_path: Path) -> None:
    wanted = scenario(equilibrium=Equilibrium(iterations=1, gap=0.0))
    done = assign(graph, all_on_the_short_road(graph), scenario=wanted, seed=7, directory=tmp_path / "sumo")
    assert done.result.trips.equals(one_shot.result.trips)
    assert done.gap is not None
    assert done.gap > 0.2


def test_drivers_who_look_on_the_road_have_no_gap_for_they_leave_their_routes(graph: RoadGraph, tmp_path: Path) -> None:
    options = OPTIONS.model_copy(update={"rerouting_share": 1.0, "rerouting_period_s": 60.0})
    done = assign(
        graph, all_on_the_short_road(graph), scenario=scenario(simulation=options), seed=7, directory=tmp_path / "sumo"
    )
    assert (done.choice, done.gap, done.gaps, done.iterations) == ("en_route", None, (), 1)


def test_a_gap_that_is_not_reached_is_a_warning(
    graph: RoadGraph, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wanted = scenario(equilibrium=Equilibrium(iterations=2, gap=0.001))
    shares: list[float] = []
    done = assign(
        graph, all_on_the_short_road(graph), scenario=wanted, seed=7, directory=tmp_path / "sumo",
        on_progress=shares.append,
    )  # fmt: skip
    assert not done.reached
    assert "drivers had not settled: the smallest relative gap of 2 simulations" in caplog.text
    assert [path.name for path in tmp_path.iterdir()] == ["sumo"]  # nothing of the other simulation is left
    assert shares == sorted(shares)
    assert 0 <= shares[0] < WINDOW_S < shares[-1] <= WINDOW_S + 2_400
    routes = gzip.decompress((tmp_path / "sumo" / "routes.rou.xml.gz").read_bytes()).decode()
    assert routes.count("enter long leave") == (~on_short(done.trips)).sum()  # the files are those of what counts


def test_a_gap_that_is_reached_ends_the_iteration(graph: RoadGraph, tmp_path: Path) -> None:
    wanted = scenario(equilibrium=Equilibrium(iterations=10, gap=0.2))
    done = assign(graph, all_on_the_short_road(graph), scenario=wanted, seed=7, directory=tmp_path / "sumo")
    assert 1 < done.iterations < 6
    assert done.reached
    assert done.kept == done.iterations - 1


@pytest.mark.slow
def test_the_same_seed_gives_the_same_routes_and_another_one_others(
    graph: RoadGraph, settled: Assigned, tmp_path: Path
) -> None:
    wanted = scenario(equilibrium=Equilibrium(iterations=2, gap=0.0))
    first, other = (
        assign(graph, all_on_the_short_road(graph), scenario=wanted, seed=seed, directory=tmp_path / name)
        for name, seed in (("a", 7), ("b", 8))
    )
    assert first.days == settled.days[:2]
    assert other.trips.edges.tolist() != first.trips.edges.tolist()


@pytest.mark.slow
def test_sumos_own_iteration_comes_to_the_same_split(graph: RoadGraph, settled: Assigned, tmp_path: Path) -> None:
    """SUMO's duaIterate chooses by probabilities over known routes (Gawron 1998) and nears the equilibrium slowly."""
    write_requests(settled.trips, tmp_path / "two.trips.xml")
    last = 11
    command = [
        sys.executable, sumo_home() / "tools" / "assign" / "duaIterate.py", "-n", graph.net_path,
        "-t", tmp_path / "two.trips.xml", "-l", last + 1, "-a", 60, "-e", 3_600, "--time-to-teleport=-1",
        "--disable-summary", "--disable-tripinfos",
    ]  # fmt: skip
    environment = sumo_environment() | {"SUMO_HOME": str(sumo_home())}
    done = run_program(command, log=tmp_path / "log", deadline_s=300, directory=tmp_path, environment=environment)
    assert done.returncode == 0, done.output
    (routes,) = (tmp_path / f"{last:03d}").glob("*.rou.xml.gz")
    theirs = gzip.decompress(routes.read_bytes()).decode().count("enter short narrow leave")
    assert theirs == pytest.approx(on_short(settled.trips).sum(), rel=0.15)


def test_a_scenario_asks_for_one_way_to_react_only() -> None:
    content = {"name": "a", "network": "b", "equilibrium": {"gap": 0.05}, "simulation": {"rerouting_share": 0.5}}
    with pytest.raises(ScenarioError, match="leave equilibrium out or set rerouting_share 0"):
        parse_scenario(content)
    assert parse_scenario({"name": "a", "network": "b", "equilibrium": {}}).equilibrium == Equilibrium()
    with pytest.raises(ScenarioError, match=re.escape("equilibrium.iterations")):
        parse_scenario({"name": "a", "network": "b", "equilibrium": {"iterations": 51}})
