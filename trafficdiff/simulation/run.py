"""Run SUMO on a road graph and trips, and believe it only if everything it left behind is whole.

::

    write inputs ─▶ run ─┬─ killed by a signal, first time ─▶ discard, run again
                         ├─ deadline, bad return code, cut output, wrong counts ─▶ discard, SimulationError
                         └─ whole ─▶ read
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from trafficdiff.errors import MissingDependencyError, ScenarioError, SimulationError, TripError
from trafficdiff.process import Finished, last_words, module_path, run_program, sumo_environment, sumo_program
from trafficdiff.publish import NO_SPACE
from trafficdiff.simulation.charging_finder import FINDER, drop_finder_rows
from trafficdiff.simulation.files import SumoFiles, command_of, final_time_s, write_inputs
from trafficdiff.simulation.isolation import free_port
from trafficdiff.simulation.people import check_walks
from trafficdiff.simulation.readers import check_complete, read_result
from trafficdiff.simulation.stepping import JOB, OPEN_PORT, POLICY, SUMO_WAS_KILLED, Job, write_job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from trafficdiff.datatypes.control import Control
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.result import SimulationResult
    from trafficdiff.datatypes.scenario import SimulationOptions, Window
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.simulation.control import Policy

__all__ = ["MESO_BIAS", "TraciAccess", "run_sumo", "simulate"]

MESO_BIAS: Final = (
    "the mesoscopic model under-reports delay and queues against the microscopic one, even with junction control: "
    "compare its runs among each other only"
)
"""What everybody must know who reads results of the mesoscopic model."""

_logger = logging.getLogger(__name__)

_STEP: Final = re.compile(rb"Step #([0-9.]+)[^\r\n]*[\r\n]")
_TAIL_BYTES: Final = 400
_PROBE_BYTES: Final = 1_000_000


@dataclass(frozen=True)
class TraciAccess:
    """Open a simulation over TraCI to people and other programs.

    Parameters
    ----------
    gui
        Show SUMO's own window.
    clients
        Outside programs that connect to 127.0.0.1 and take part in every step; SUMO waits for all of them.
    port
        Their port; None picks a free one and logs it.
    """

    gui: bool = False
    clients: int = 0
    port: int | None = None


def simulate(
    graph: RoadGraph,
    trips: TripSet,
    *,
    options: SimulationOptions,
    window: Window,
    seed: int,
    directory: Path,
    control: Control | None = None,
    policy: Policy | None = None,
    on_progress: Callable[[float], None] | None = None,
    access: TraciAccess | None = None,
) -> SimulationResult:
    """Simulate trips and return what was measured.

    Parameters
    ----------
    graph, trips
        The roads, whose net file SUMO drives on, and the trips on them.
    options, window
        How SUMO runs, and when.
    seed
        SUMO's random numbers.
    directory
        Receives SUMO's inputs, outputs and log; made if need be.

    Other Parameters
    ----------------
    control
        What acts by the clock (closures, limits, signal plans, charging sites), and who walks.
    policy
        Acts before every step; needs ``options.control`` libsumo or traci. See `trafficdiff.simulation.control`.
    on_progress
        Called with the simulated time [s], about a hundred times.
    access
        Opens the window or a port; needs ``options.control`` traci.

    Raises
    ------
    ScenarioError, TripError
        If the options contradict each other, trips are not on this graph or outside the window, or people on foot have
        no way.
    DeadlineError
        If SUMO did not come to its end in ``options.deadline_s``; its processes are stopped.
    SimulationError
        If SUMO failed or left something that is not whole, with its last words. No output is left, only its log,
        which the error names.
    """
    _check(graph, trips, options=options, window=window, policy=policy, access=access)
    walks = None if control is None or not control.walks else control.walks[0]
    if walks is not None:
        check_walks(walks, graph, trips=trips, options=options, window=window)
    if options.resolution == "meso":
        _logger.warning(MESO_BIAS)
    try:
        files = write_inputs(trips, options=options, directory=directory, seed=seed, control=control, graph=graph)
        marks = on_progress is not None and options.control == "cli"  # the stepping process has marks of its own
        command = command_of(
            files, graph=graph, options=options, window=window, seed=seed, progress=marks, control=control
        )
        run_sumo(
            files, command=command, trips=trips, options=options, window=window,
            policy=policy, on_progress=on_progress, access=access or TraciAccess(),
        )  # fmt: skip
        with _naming_log(files):
            if any(word.startswith(f"--{FINDER}") for word in command):
                drop_finder_rows(files.trips)
            return read_result(files, graph=graph, trips=trips, options=options, window=window, seed=seed, walks=walks)
    except OSError as error:
        if error.errno in NO_SPACE:
            raise SimulationError(_no_space(directory)) from error
        raise


def _check(
    graph: RoadGraph,
    trips: TripSet,
    *,
    options: SimulationOptions,
    window: Window,
    policy: Policy | None,
    access: TraciAccess | None,
) -> None:
    if options.control == "cli" and policy is not None:
        raise ScenarioError("expected control libsumo or traci for a policy that acts step by step, got cli")
    if options.control != "traci" and access is not None:
        raise ScenarioError(f"expected control traci to open SUMO to people and programs, got {options.control}")
    if access is not None and access.gui and not (os.environ.get("DISPLAY") or sys.platform != "linux"):
        raise MissingDependencyError("expected a display for SUMO's window, found none; set DISPLAY or leave gui out")
    if options.resolution == "meso" and trips.charging_stops is not None:
        raise ScenarioError("expected resolution micro for charging stops, got meso: SUMO charges nobody there")
    if not graph.net_path.exists():
        raise SimulationError(f"expected the road graph's net at {graph.net_path}, found none; build it again")
    if trips.graph is not graph and trips.graph.edge_id.tolist() != graph.edge_id.tolist():
        raise TripError("expected trips on this road graph, got trips on another; route them on this one")
    outside = (trips.depart_s < window.begin_s) | (trips.depart_s >= window.end_s)
    if outside.any():
        raise TripError(
            f"expected departures from {window.begin_s:g} to before {window.end_s:g} s, got {int(outside.sum())} "
            f"outside (first: trip {trips.trip_id[outside][0]!r}); SUMO drops them in silence"
        )


def run_sumo(
    files: SumoFiles,
    *,
    command: list[str],
    trips: TripSet,
    options: SimulationOptions,
    window: Window,
    policy: Policy | None = None,
    on_progress: Callable[[float], None] | None = None,
    access: TraciAccess = TraciAccess(),
) -> Finished:
    """Run SUMO on written inputs, once more if a signal ended it, and check that it is complete.

    Raises
    ------
    DeadlineError, SimulationError
        As `simulate`; the outputs are gone then, the log stays.
    """
    until = time.monotonic() + options.deadline_s
    for attempt in (1, 2):
        files.discard_outputs()
        try:
            with _naming_log(files):
                finished = _run_once(
                    files, command, options=options, end_s=final_time_s(window), until=until,
                    policy=policy, on_progress=on_progress, access=access,
                )  # fmt: skip
                if _was_killed(finished) and attempt == 1:
                    _logger.warning("SUMO was ended by a signal (%d); it is started once more", finished.returncode)
                    continue
                _check_end(finished, files, trips=trips, window=window)
        except BaseException:
            files.discard_outputs()
            raise
        return finished
    raise AssertionError("unreachable")  # pragma: no cover


@contextlib.contextmanager
def _naming_log(files: SumoFiles) -> Iterator[None]:
    """Let an error of the simulation say where the log is, if there is one."""
    try:
        yield
    except SimulationError as error:
        if files.log.exists():
            error.log = files.log
        raise


def _run_once(
    files: SumoFiles,
    command: list[str],
    *,
    options: SimulationOptions,
    end_s: float,
    until: float,
    policy: Policy | None,
    on_progress: Callable[[float], None] | None,
    access: TraciAccess,
) -> Finished:
    environment = sumo_environment()
    remaining_s = round(max(0.1, until - time.monotonic()), 1)
    if options.control != "cli":
        if access.gui:
            command = [str(sumo_program("sumo-gui")), *command[1:], "--start", "--quit-on-end"]
        port = (access.port or free_port()) if access.clients else 0
        if access.clients:
            _logger.warning("SUMO waits for %d outside clients at 127.0.0.1:%d", access.clients, port)
        job = Job(
            options.control, command, end_s=end_s, step_s=options.step_s, timeout_s=remaining_s,
            clients=access.clients, port=port, progress=on_progress is not None,
        )  # fmt: skip
        command = _job_command(job, policy=policy, directory=files.directory)
        environment |= {"PYTHONPATH": module_path(), "LIBSUMO_AS_TRACI": "quiet"}
        if options.control == "traci":
            del environment["LIBSUMO_AS_TRACI"]  # any value turns TraCI into libsumo
    try:
        finished = run_program(
            command, log=files.log, deadline_s=remaining_s, directory=files.directory, environment=environment,
            on_poll=_progress_reader(files.log, on_progress),
        )  # fmt: skip
    finally:
        if on_progress is not None:
            _drop_progress(files.log)
        for name in (JOB, POLICY):
            (files.directory / name).unlink(missing_ok=True)
    if OPEN_PORT in finished.output:
        _logger.warning("%s while it runs; who reaches it can read and write your files", OPEN_PORT)
    return finished


def _job_command(job: Job, *, policy: Policy | None, directory: Path) -> list[str]:
    from pickle import PicklingError

    try:
        return write_job(job, policy=policy, directory=directory)
    except (TypeError, AttributeError, PicklingError) as error:
        raise SimulationError(
            f"expected a policy that can be sent to another process, got {error}; make it an instance of a class at "
            "the top of a module"
        ) from error


def _was_killed(finished: Finished) -> bool:
    return finished.returncode < 0 or finished.returncode == SUMO_WAS_KILLED


def _check_end(finished: Finished, files: SumoFiles, *, trips: TripSet, window: Window) -> None:
    if finished.returncode != 0:
        how = f"ended by signal {-finished.returncode}" if finished.returncode < 0 else f"code {finished.returncode}"
        full = f"{_no_space(files.directory)} " if _is_full(files.directory) else ""
        raise SimulationError(
            f"{full}expected SUMO to end well, got {how}. It last said: {last_words(finished.output)}"
        )
    try:
        check_complete(files, trips=trips, window=window)
    except SimulationError as error:
        if _is_full(files.directory):
            raise SimulationError(f"{_no_space(files.directory)} {error}") from error
        raise


def _no_space(directory: Path) -> str:
    return f"no space left on the file system of {directory}; free some or choose another directory."


def _is_full(directory: Path) -> bool:
    """Return whether the directory takes no more: asked by writing, which a quota answers too."""
    probe = directory / f".probe-{os.getpid()}"
    try:
        with probe.open("wb") as stream:
            stream.write(b"\0" * _PROBE_BYTES)
            os.fsync(stream.fileno())
    except OSError as error:
        return error.errno in NO_SPACE
    finally:
        probe.unlink(missing_ok=True)
    return False


def _progress_reader(log: Path, on_progress: Callable[[float], None] | None) -> Callable[[], None] | None:
    """Return a function that reads the simulated time off the end of SUMO's log, and hands on what is new."""
    if on_progress is None:
        return None
    last_s = -1.0

    def read() -> None:
        nonlocal last_s
        with log.open("rb") as stream:
            stream.seek(max(0, log.stat().st_size - _TAIL_BYTES))
            found = _STEP.findall(stream.read())
        if found and (time_s := float(found[-1])) > last_s:
            last_s = time_s
            on_progress(time_s)

    return read


def _drop_progress(log: Path) -> None:
    """Take the marks of progress out of the log; what SUMO has to say stays."""
    log.write_bytes(_STEP.sub(b"", log.read_bytes()))
