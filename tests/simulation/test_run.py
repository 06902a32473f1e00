"""SUMO as a process: killed, stopped, starved of disk, fed with cut files. Each time an error, never half a result."""

from __future__ import annotations

import contextlib
import gzip
import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import pytest

from tests.disks import small_file_system
from tests.simulation.conftest import trips_on, wandering_trips
from tests.simulation.test_control import RedForever
from trafficdiff.datatypes.scenario import SimulationOptions, Window
from trafficdiff.errors import DeadlineError, ScenarioError, SimulationError, TripError
from trafficdiff.simulation.files import command_of, write_inputs
from trafficdiff.simulation.readers import check_complete
from trafficdiff.simulation.result_hash import result_hash
from trafficdiff.simulation.run import run_sumo, simulate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.result import SimulationResult
    from trafficdiff.simulation.files import SumoFiles

pytestmark = pytest.mark.sumo

SLOW = pytest.mark.slow
WINDOW = Window(begin_s=0, end_s=300, clear_s=300)
LONG = {"step_s": 0.05, "period_s": 300.0}
"""Steps small enough for a run of a second or two: time to be killed in."""


def run(graph: RoadGraph, directory: Path, *, count: int = 120, policy: Any = None, **options: Any) -> SimulationResult:
    return simulate(
        graph,
        wandering_trips(graph, count, end_s=300),
        options=SimulationOptions.model_validate(options),
        window=WINDOW,
        seed=4,
        directory=directory,
        policy=policy,
    )


_before: set[int] = set()


@pytest.fixture(autouse=True)
def _others_children() -> None:
    """Remember processes that other tests of this worker keep: pools, trackers of resources."""
    _before.clear()
    _before.update(child.pid for child in psutil.Process().children(recursive=True))


def own_children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children(recursive=True) if child.pid not in _before]


@contextlib.contextmanager
def signalling(name: str, what: signal.Signals, *, times: int) -> Iterator[list[int]]:
    """Send a signal to our children of a name as soon as they work; yields the ids that were hit."""
    hit: list[int] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set() and len(hit) < times:
            with contextlib.suppress(psutil.NoSuchProcess):
                for child in own_children():
                    works = child.name().startswith(name) and sum(child.cpu_times()[:2]) > 0.15
                    if works and child.pid not in hit and len(hit) < times:
                        child.send_signal(what)
                        hit.append(child.pid)
            time.sleep(0.01)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield hit
    finally:
        done.set()
        thread.join()


def children_named(*names: str) -> list[str]:
    found = []
    for child in own_children():
        with contextlib.suppress(psutil.NoSuchProcess):
            if child.status() != psutil.STATUS_ZOMBIE and child.name().startswith(names):
                found.append(child.name())
    return found


def outputs_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir() if path.suffix == ".parquet" or "statistics" in path.name)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("control", "victim"),
    [("cli", "sumo"), pytest.param("libsumo", "python", marks=SLOW), pytest.param("traci", "sumo", marks=SLOW)],
)
def test_a_killed_sumo_is_started_once_more_and_gives_the_same_result(
    grid_graph: RoadGraph, tmp_path: Path, control: str, victim: str, caplog: pytest.LogCaptureFixture
) -> None:
    undisturbed = run(grid_graph, tmp_path / "a", **LONG)
    with signalling(victim, signal.SIGKILL, times=1) as hit:
        result = run(grid_graph, tmp_path / "b", control=control, **LONG)
    assert len(hit) == 1
    assert "started once more" in caplog.text
    assert result_hash(result) == result_hash(undisturbed)
    assert not children_named("sumo", "python")


@pytest.mark.parametrize("control", ["cli", pytest.param("traci", marks=SLOW)])
def test_a_sumo_that_is_killed_twice_has_failed_and_leaves_nothing(
    grid_graph: RoadGraph, tmp_path: Path, control: str
) -> None:
    with signalling("sumo", signal.SIGKILL, times=2) as hit, pytest.raises(SimulationError, match="expected SUMO"):
        run(grid_graph, tmp_path, control=control, **LONG)
    assert len(hit) == 2
    assert outputs_in(tmp_path) == []
    assert (tmp_path / "sumo.log").exists()
    assert not children_named("sumo", "python")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("control", "deadline_s"), [("cli", 2), *(pytest.param(name, 6, marks=SLOW) for name in ("libsumo", "traci"))]
)
def test_a_stopped_sumo_ends_at_the_deadline_with_its_whole_group(
    grid_graph: RoadGraph, tmp_path: Path, control: str, deadline_s: int
) -> None:
    victim = "python" if control == "libsumo" else "sumo"
    started = time.monotonic()
    with (
        signalling(victim, signal.SIGSTOP, times=1) as hit,
        pytest.raises(DeadlineError, match=f"within {deadline_s} s"),
    ):
        run(grid_graph, tmp_path, control=control, deadline_s=deadline_s, **LONG)
    assert hit, "SUMO took longer to come up than the deadline"
    assert time.monotonic() - started < 30  # left alone, a stopped process never ends
    assert not children_named("sumo", "python")
    assert outputs_in(tmp_path) == []


def test_an_interrupt_takes_sumo_with_it(grid_graph: RoadGraph, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, usual))

    def interrupt() -> None:
        while not children_named("sumo"):
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        run(grid_graph, tmp_path, **LONG)
    thread.join()
    assert not children_named("sumo")
    assert outputs_in(tmp_path) == []


@pytest.mark.slow
def test_sumo_dies_with_the_process_that_started_it(cross_net: Path, tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux ends a process with its parent")
    code = (
        "from pathlib import Path\n"
        "from tests.simulation.test_control import run\n"
        "from tests.simulation.conftest import trips_on\n"
        "from trafficdiff.roads.netfile import read_net\n"
        f"graph = read_net(Path({str(cross_net)!r}))\n"
        "trips = trips_on(graph, [['NC', 'CS']] * 900, range(900), end_s=60_000)\n"
        f"run(graph, Path({str(tmp_path)!r}), 'cli', trips=trips, step_s=0.01)\n"
    )
    caller = subprocess.Popen([sys.executable, "-c", code])
    try:
        sumo: list[psutil.Process] = []
        until = time.monotonic() + 30
        while not sumo and time.monotonic() < until:
            sumo = [child for child in psutil.Process(caller.pid).children() if child.name() == "sumo"]
            time.sleep(0.02)
        caller.kill()
        _, alive = psutil.wait_procs(sumo, timeout=10)
        assert sumo
        assert not alive
    finally:
        caller.kill()
        caller.wait()


def written(graph: RoadGraph, directory: Path, **options: Any) -> tuple[SumoFiles, dict[str, Any]]:
    trips = wandering_trips(graph, 120, end_s=300)
    chosen = SimulationOptions.model_validate(options)
    files = write_inputs(trips, options=chosen, directory=directory, seed=1)
    command = command_of(files, graph=graph, options=chosen, window=WINDOW, seed=4, progress=False)
    return files, {"command": command, "trips": trips, "options": chosen, "window": WINDOW}


@pytest.mark.parametrize("share", [0.0, 0.3, 0.8, 0.97])
def test_routes_that_are_cut_before_sumo_reads_them_leave_no_result(
    grid_graph: RoadGraph, tmp_path: Path, share: float
) -> None:
    files, keywords = written(grid_graph, tmp_path)
    whole = files.routes.read_bytes()
    files.routes.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(SimulationError):
        run_sumo(files, **keywords)
    assert outputs_in(tmp_path) == []


def test_routes_that_lost_a_vehicle_are_noticed(grid_graph: RoadGraph, tmp_path: Path) -> None:
    files, keywords = written(grid_graph, tmp_path)
    text = gzip.decompress(files.routes.read_bytes()).decode()
    first, last = text.index("<vehicle "), text.index("</vehicle>") + len("</vehicle>")
    files.routes.write_bytes(gzip.compress((text[:first] + text[last:]).encode()))
    with pytest.raises(SimulationError, match="expected SUMO to load 120 trips, it loaded 119"):
        run_sumo(files, **keywords)


def test_sumos_last_words_are_passed_on(grid_graph: RoadGraph, tmp_path: Path) -> None:
    files, keywords = written(grid_graph, tmp_path)
    text = gzip.decompress(files.routes.read_bytes()).decode()
    files.routes.write_bytes(gzip.compress(text.replace("<route edges=", '<route edges="nowhere" x=', 1).encode()))
    with pytest.raises(SimulationError, match=r"(?i)got code 1.*nowhere") as caught:
        run_sumo(files, **keywords)
    assert caught.value.log == files.log
    assert str(files.log) in str(caught.value)


def test_output_that_cannot_be_read_names_the_log(
    grid_graph: RoadGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*words: Any, **options: Any) -> SimulationResult:
        raise SimulationError("expected counts that reconcile")

    monkeypatch.setattr("trafficdiff.simulation.run.read_result", read)
    with pytest.raises(SimulationError, match="reconcile") as caught:
        run(grid_graph, tmp_path)
    assert caught.value.log == tmp_path / "sumo.log"


def test_every_output_that_is_cut_is_noticed(grid_graph: RoadGraph, tmp_path: Path) -> None:
    files, keywords = written(grid_graph, tmp_path, tracks=True)
    run_sumo(files, **keywords)
    asked = {"trips": keywords["trips"], "window": WINDOW}
    check_complete(files, **asked)
    for path in files.outputs:
        whole = path.read_bytes()
        for kept in (0, len(whole) // 2, len(whole) - 20):
            path.write_bytes(whole[:kept])
            with pytest.raises(SimulationError):
                check_complete(files, **asked)
        path.unlink()
        with pytest.raises(SimulationError):
            check_complete(files, **asked)
        path.write_bytes(whole)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 kB of our own."""
    with small_file_system(tmp_path / "small", "256k") as place:
        yield place


@pytest.mark.parametrize("control", ["cli", pytest.param("libsumo", marks=SLOW)])
def test_a_full_disk_is_named_and_leaves_no_result(grid_graph: RoadGraph, small_disk: Path, control: str) -> None:
    with pytest.raises(SimulationError, match="no space left on the file system"):
        run(grid_graph, small_disk, tracks=True, control=control, step_s=0.2)
    assert outputs_in(small_disk) == []


def test_a_disk_that_is_full_before_sumo_starts_is_named(grid_graph: RoadGraph, small_disk: Path) -> None:
    with contextlib.suppress(OSError):
        (small_disk / "other").write_bytes(b"x" * 400_000)
    with pytest.raises(Exception, match=r"(?i)no space left"):
        run(grid_graph, small_disk)


def test_trips_of_another_graph_are_refused(grid_graph: RoadGraph, cross: RoadGraph, tmp_path: Path) -> None:
    trips = trips_on(cross, [["NC", "CS"]], [0.0], end_s=300)
    with pytest.raises(TripError, match="expected trips on this road graph"):
        simulate(grid_graph, trips, options=SimulationOptions(), window=WINDOW, seed=1, directory=tmp_path)


def test_departures_outside_the_window_are_refused_because_sumo_drops_them(cross: RoadGraph, tmp_path: Path) -> None:
    trips = trips_on(cross, [["NC", "CS"]] * 2, [10.0, 400.0])
    with pytest.raises(TripError, match="got 1 outside"):
        simulate(cross, trips, options=SimulationOptions(), window=WINDOW, seed=1, directory=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_net_that_is_gone_is_named(square_town: RoadGraph, tmp_path: Path) -> None:
    trips = trips_on(square_town, [["A-B"]], [0.0])
    with pytest.raises(SimulationError, match="expected the road graph's net at"):
        simulate(square_town, trips, options=SimulationOptions(), window=Window(begin_s=0), seed=1, directory=tmp_path)


def test_meso_refuses_charging_stops(cross: RoadGraph, tmp_path: Path) -> None:
    import dataclasses

    import pandas as pd

    stop = {"trip": [0], "edge": [0], "station": ["s"], "duration_s": [60.0], "energy_kwh": [5.0]}
    trips = dataclasses.replace(trips_on(cross, [["NC", "CS"]], [0.0], end_s=300), charging_stops=pd.DataFrame(stop))
    with pytest.raises(ScenarioError, match="expected resolution micro"):
        simulate(cross, trips, options=SimulationOptions(resolution="meso"), window=WINDOW, seed=1, directory=tmp_path)


def test_departures_in_the_last_second_reconcile_without_time_to_clear(cross: RoadGraph, tmp_path: Path) -> None:
    trips = trips_on(cross, [["NC", "CS"]] * 3, [0.0, 59.3, 59.9], end_s=60)
    window = Window(begin_s=0, end_s=60, clear_s=0)
    result = simulate(cross, trips, options=SimulationOptions(), window=window, seed=1, directory=tmp_path)
    assert result.counts.loaded == 3
    assert (result.counts.arrived, result.counts.running, result.counts.waiting) == (1, 1, 1)


def test_the_result_says_that_it_is_simulated_from_which_trips_and_seed(grid_replay: Any) -> None:
    attributes = grid_replay.result.data.attrs
    assert attributes["Conventions"] == "CF-1.11"
    assert attributes["comment"] == "simulated, not observed; given trips, replayed: not stated"
    assert attributes["seed"] == 5
    assert attributes["source"].startswith("SUMO 1.28")
    for name in ("sampled_time", "co2_mass", "vehicles_running", "time", "clock"):
        assert {"units", "long_name"} <= set(grid_replay.result.data[name].attrs)


def test_a_directory_can_be_used_again(cross: RoadGraph, tmp_path: Path) -> None:
    trips = trips_on(cross, [["NC", "CS"]] * 5, np.arange(5), end_s=60)
    window = Window(begin_s=0, end_s=60, clear_s=120)
    first, second = (
        simulate(cross, trips, options=SimulationOptions(), window=window, seed=1, directory=tmp_path) for _ in range(2)
    )
    assert result_hash(first) == result_hash(second)


def test_a_red_signal_that_lasts_is_jammed_and_says_so(cross: RoadGraph, tmp_path: Path) -> None:
    trips = trips_on(cross, [["NC", "CS"]] * 4, np.arange(4), end_s=60)
    options = SimulationOptions(control="libsumo", time_to_teleport_s=30, period_s=60)
    window = Window(begin_s=0, end_s=60, clear_s=240)
    result = simulate(cross, trips, options=options, window=window, seed=1, directory=tmp_path, policy=RedForever())
    assert result.counts.teleports > 0
    assert int(result.data["teleported"].sum()) > 0
