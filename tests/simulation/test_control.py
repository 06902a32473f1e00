"""Step-by-step control: the same results, a clean caller, nothing that is not finite."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.simulation.conftest import trips_on, wandering_trips
from trafficdiff.datatypes.scenario import SimulationOptions, Window
from trafficdiff.errors import MissingDependencyError, ScenarioError, SimulationError
from trafficdiff.process import sumo_environment
from trafficdiff.simulation.result_hash import result_hash
from trafficdiff.simulation.run import TraciAccess, simulate

if TYPE_CHECKING:
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.result import SimulationResult
    from trafficdiff.simulation.control import Controller

pytestmark = [pytest.mark.sumo, pytest.mark.slow]

ROOT = Path(__file__).parents[2]


def ask_libsumo(graph: RoadGraph, code: str, *, arguments: list[str] | None = None) -> Any:
    """Run code against libsumo in a process of its own and return the JSON that it prints."""
    command = ["sumo", "-n", str(graph.net_path), "--no-step-log", "--no-warnings", *(arguments or [])]
    program = f"import json, libsumo; libsumo.start({command!r}); {code}"
    environment = sumo_environment() | {"LIBSUMO_AS_TRACI": "quiet", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@dataclass
class RedForever:
    """Hold the signal of the crossroads red, and note when it was asked."""

    def step(self, controller: Controller, time_s: float) -> None:
        controller.trafficlight.setRedYellowGreenState("C", "r" * 12)
        with (controller.directory / "steps.txt").open("a") as notes:
            notes.write(f"{time_s:g}\n")


@dataclass
class SendNaN:
    """Try to give a vehicle a speed that is not a number."""

    def step(self, controller: Controller, time_s: float) -> None:
        for name in controller.vehicle.getIDList():
            controller.vehicle.setSpeed(name, math.nan)


@dataclass
class AddOneAndRemoveOne:
    """Put one vehicle on the road and take another one away."""

    def step(self, controller: Controller, time_s: float) -> None:
        if time_s == 5:
            controller.route.add("extra-route", ["WC", "CE"])
            controller.vehicle.add("extra", "extra-route", typeID="car")
        if time_s == 10:
            controller.vehicle.remove("t0")


@dataclass
class StepItself:
    """Try to do the replay's work."""

    def step(self, controller: Controller, time_s: float) -> None:
        controller.simulation.step(10)


@dataclass
class Shout:
    """Fail with words of its own."""

    def step(self, controller: Controller, time_s: float) -> None:
        raise ValueError("the tariff is missing")


def run(graph: RoadGraph, directory: Path, control: str, **options: Any) -> SimulationResult:
    keywords = {name: options.pop(name) for name in ("policy", "access", "on_progress") if name in options}
    trips = options.pop("trips", None) or trips_on(graph, [["NC", "CS"], ["WC", "CE"]], [0.0, 2.0], end_s=60)
    return simulate(
        graph,
        trips,
        options=SimulationOptions(control=control, period_s=60, **options),  # type: ignore[arg-type]
        window=Window(begin_s=0, end_s=trips.window_s[1], clear_s=120),
        seed=9,
        directory=directory,
        **keywords,
    )


@pytest.mark.slow
def test_one_hash_over_ways_to_drive_and_threads(grid_graph: RoadGraph, tmp_path: Path) -> None:
    trips = wandering_trips(grid_graph, 120, end_s=240)
    ways = [("cli", 1), ("cli", 2), ("libsumo", 1), ("libsumo", 2), ("traci", 1), ("traci", 2)]
    hashes = {
        (control, threads): result_hash(
            run(
                grid_graph,
                tmp_path / f"{control}{threads}",
                control,
                trips=trips,
                threads=threads,
                rerouting_share=0.5,
                rerouting_period_s=30,
            )
        )
        for control, threads in ways
    }
    assert len(set(hashes.values())) == 1, hashes


def test_another_seed_gives_another_hash(grid_graph: RoadGraph, tmp_path: Path) -> None:
    trips = wandering_trips(grid_graph, 60, end_s=120)
    window = Window(begin_s=0, end_s=120, clear_s=300)
    hashes = {
        result_hash(
            simulate(
                grid_graph, trips, options=SimulationOptions(), window=window, seed=seed, directory=tmp_path / str(seed)
            )
        )
        for seed in (1, 2, 1)
    }
    assert len(hashes) == 2


@pytest.mark.parametrize("control", ["libsumo", "traci"])
def test_a_policy_is_asked_before_every_step_and_acts(cross: RoadGraph, tmp_path: Path, control: str) -> None:
    result = run(cross, tmp_path, control, policy=RedForever())
    assert (tmp_path / "steps.txt").read_text().split() == [str(second) for second in range(180)]
    assert result.counts.running == 2
    assert not [path.name for path in tmp_path.iterdir() if path.stem in {"policy", "control"}]


@pytest.mark.parametrize("control", ["libsumo", pytest.param("traci", marks=pytest.mark.slow)])
def test_a_number_that_is_not_finite_never_reaches_sumo(cross: RoadGraph, tmp_path: Path, control: str) -> None:
    with pytest.raises(SimulationError, match=r"expected finite numbers for vehicle\.setSpeed"):
        run(cross, tmp_path, control, policy=SendNaN())
    assert not list(tmp_path.glob("*.parquet"))


def test_vehicles_that_a_policy_adds_and_removes_reconcile(cross: RoadGraph, tmp_path: Path) -> None:
    result = run(cross, tmp_path, "libsumo", policy=AddOneAndRemoveOne())
    assert result.counts.loaded == 3
    assert result.counts.removed == 1
    assert result.counts.arrived == 2
    assert result.trips["trip_id"].tolist() == ["t0", "t1", "extra"]
    assert result.trips["completed"].tolist() == [False, True, True]
    assert result.trips["vehicle_type"].tolist() == ["car"] * 3


def test_a_policy_may_not_step_or_close_the_simulation(cross: RoadGraph, tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match=r"leave simulation\.step alone"):
        run(cross, tmp_path, "libsumo", policy=StepItself())


@pytest.mark.parametrize("control", ["libsumo", pytest.param("traci", marks=pytest.mark.slow)])
def test_what_a_policy_says_when_it_fails_reaches_the_caller(cross: RoadGraph, tmp_path: Path, control: str) -> None:
    with pytest.raises(SimulationError, match="ValueError: the tariff is missing"):
        run(cross, tmp_path, control, policy=Shout())
    assert "Traceback" in (tmp_path / "sumo.log").read_text()


def test_a_policy_needs_control_step_by_step(cross: RoadGraph, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="expected control libsumo or traci"):
        run(cross, tmp_path, "cli", policy=RedForever())


def test_a_policy_that_cannot_travel_is_refused(cross: RoadGraph, tmp_path: Path) -> None:
    class Local:
        def step(self, controller: Controller, time_s: float) -> None:
            """Do nothing."""

    with pytest.raises(SimulationError, match="can be sent to another process"):
        run(cross, tmp_path, "libsumo", policy=Local())


@pytest.mark.slow
def test_a_policy_of_the_callers_own_script_works(cross_net: Path, tmp_path: Path) -> None:
    script = tmp_path / "study.py"
    script.write_text(
        "from pathlib import Path\n"
        "from tests.simulation.test_control import run\n"
        "from trafficdiff.roads.netfile import read_net\n"
        "class Stop:\n"
        "    def step(self, controller, time_s):\n"
        "        controller.trafficlight.setRedYellowGreenState('C', 'r' * 12)\n"
        "if __name__ == '__main__':\n"
        f"    graph = read_net(Path({str(cross_net)!r}))\n"
        f"    print(run(graph, Path({str(tmp_path / 'out')!r}), 'libsumo', policy=Stop()).counts.running)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["2"], done.stderr


def test_the_callers_process_never_loads_libsumo(cross: RoadGraph, tmp_path: Path) -> None:
    run(cross, tmp_path, "libsumo")
    assert "libsumo" not in sys.modules
    assert "traci" not in sys.modules


def test_a_second_libsumo_in_one_process_is_refused(cross: RoadGraph) -> None:
    code = (
        "from trafficdiff.errors import SimulationError\n"
        "from trafficdiff.simulation.control import start_libsumo\n"
        "try:\n"
        f"    start_libsumo(['sumo', '-n', {str(cross.net_path)!r}])\n"
        "except SimulationError as error:\n"
        "    print(json.dumps(str(error)))\n"
    )
    environment = sumo_environment() | {"LIBSUMO_AS_TRACI": "quiet", "PYTHONPATH": str(ROOT)}
    start = f"import json, libsumo\nlibsumo.start(['sumo', '-n', {str(cross.net_path)!r}, '--no-step-log'])\n"
    done = subprocess.run(
        [sys.executable, "-c", start + code], env=environment, capture_output=True, text=True, check=True
    )
    assert "start another process" in json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_libsumo_and_pyarrow_live_in_one_process_in_either_order(cross: RoadGraph, grid_replay: Any) -> None:
    read = f"import pyarrow.parquet as pq; rows = pq.read_table({str(grid_replay.files.trips)!r}).num_rows; "
    drive = (
        f"import libsumo; libsumo.start(['sumo', '-n', {str(cross.net_path)!r}, '--no-step-log', "
        "'--summary-output', 'both.parquet', '-e', '9']); libsumo.simulationStep(9); libsumo.close(); "
    )
    for first, second in ((read, drive), (drive, read)):
        done = subprocess.run(
            [sys.executable, "-c", first + second + "print(rows)"],
            env=sumo_environment() | {"LIBSUMO_AS_TRACI": "quiet"},
            cwd=grid_replay.files.directory,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.split()[-1] == "150"


@pytest.mark.parametrize("control", ["cli", "libsumo", "traci"])
def test_progress_is_told_in_rising_times(cross: RoadGraph, tmp_path: Path, control: str) -> None:
    times: list[float] = []
    trips = trips_on(cross, [["NC", "CS"]] * 200, np.arange(200) * 5.0, end_s=1_000)
    run(cross, tmp_path, control, trips=trips, step_s=0.1, on_progress=times.append)
    assert times == sorted(times)
    assert all(0 <= time_s <= 1_120 for time_s in times)
    assert times
    assert "Step #" not in (tmp_path / "sumo.log").read_text()


def test_a_window_without_a_display_is_refused_before_sumo_starts(
    cross: RoadGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    if sys.platform != "linux":
        pytest.skip("other systems have a display without DISPLAY")
    with pytest.raises(MissingDependencyError, match="expected a display"):
        run(cross, tmp_path, "traci", access=TraciAccess(gui=True))
    assert not list(tmp_path.iterdir())


def test_access_needs_traci(cross: RoadGraph, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="expected control traci"):
        run(cross, tmp_path, "libsumo", access=TraciAccess(clients=1))
