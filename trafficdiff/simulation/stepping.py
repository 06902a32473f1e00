"""Be the process that drives one SUMO step by step: ``python -m trafficdiff.simulation.stepping``.

One job is one process: libsumo knows one simulation a process, and the caller's stays clean. Whoever started this
process watches it and ends its whole group at the deadline. Heavy modules are imported late: a private network must
be entered before a library starts a thread.
"""

from __future__ import annotations

import json
import pickle
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from trafficdiff.process import die_with_parent, module_process
from trafficdiff.simulation.isolation import enter_private_network, free_port, relay

if TYPE_CHECKING:
    from trafficdiff.simulation.control import Policy

__all__ = ["JOB", "OPEN_PORT", "POLICY", "SUMO_WAS_KILLED", "Job", "connect_traci", "main", "write_job"]

JOB: Final = "control.json"
POLICY: Final = "policy.pickle"
OPEN_PORT: Final = "Warning: this machine gives no private network; SUMO's port is open on every interface"
SUMO_WAS_KILLED: Final = 75
"""Return code of this process when its SUMO was ended by a signal (sysexits.h: temporary failure, try again)."""

_RETRY_S: Final = 0.05


@dataclass(frozen=True)
class Job:
    """Say what this process does; its directory is the working directory.

    Parameters
    ----------
    control
        ``"libsumo"`` or ``"traci"``.
    command
        SUMO's command line.
    end_s, step_s
        Final time and step [s].
    timeout_s
        Longest wait for one answer of SUMO over TraCI [s].
    clients
        How many outside clients take part over TraCI; SUMO waits for all of them at every step.
    port
        Port of the caller's loopback for outside clients.
    progress
        Whether to print the simulated time.
    """

    control: str
    command: list[str]
    end_s: float
    step_s: float
    timeout_s: float
    clients: int = 0
    port: int = 0
    progress: bool = False


def write_job(job: Job, *, policy: Policy | None, directory: Path) -> list[str]:
    """Write a job for a new process and return that process's command line.

    Raises
    ------
    TypeError, AttributeError, pickle.PicklingError
        If the policy cannot be sent to another process.
    """
    (directory / JOB).write_text(json.dumps(asdict(job), indent=1), encoding="utf-8")
    if policy is not None:
        from multiprocessing import spawn

        packed = pickle.dumps(policy)
        # A policy of the caller's own script: the new process imports that script first, as multiprocessing does.
        preparation = spawn.get_preparation_data("policy") if b"__main__" in packed else {"sys_path": sys.path}
        for name in ("authkey", "dir"):  # a secret that is not needed; the working directory is the job's
            preparation.pop(name, None)
        (directory / POLICY).write_bytes(pickle.dumps((preparation, packed)))
    return [sys.executable, "-m", "trafficdiff.simulation.stepping"]


def main() -> int:
    """Do the job of the working directory and return the exit code."""
    directory = Path.cwd()
    job = Job(**json.loads((directory / JOB).read_text(encoding="utf-8")))
    drive = _drive_libsumo if job.control == "libsumo" else _drive_traci
    return module_process(lambda: drive(job, directory))


def _drive_libsumo(job: Job, directory: Path) -> int:
    from trafficdiff.simulation.control import start_libsumo, step_through

    policy = _policy(directory)
    simulator = start_libsumo(job.command)
    step_through(
        simulator, policy=policy, directory=directory, end_s=job.end_s, step_s=job.step_s, on_progress=_reporter(job)
    )
    simulator.close()
    return 0


def _drive_traci(job: Job, directory: Path) -> int:
    listener = socket.create_server(("127.0.0.1", job.port)) if job.clients else None
    if not enter_private_network():
        print(OPEN_PORT, file=sys.stderr)  # noqa: T201
    die_with_parent()  # entering the network has cleared the wish
    port = free_port()
    command = [*job.command, "--remote-port", str(port), "--num-clients", str(1 + job.clients)]
    with subprocess.Popen(command, preexec_fn=die_with_parent) as sumo:  # noqa: PLW1509
        try:
            connection = connect_traci(port, sumo, timeout_s=job.timeout_s)
            hang_up = relay(listener, port=port, clients=job.clients) if listener is not None else None
            connection.setOrder(1)
            _step_over(connection, job, directory)
            if hang_up is not None:
                hang_up()
            return sumo.wait(job.timeout_s)
        except Exception:
            if _was_killed(sumo):
                return SUMO_WAS_KILLED
            raise
        finally:
            sumo.kill()


def _step_over(connection: Any, job: Job, directory: Path) -> None:
    from trafficdiff.simulation.control import step_through

    step_through(
        connection,
        policy=_policy(directory),
        directory=directory,
        end_s=job.end_s,
        step_s=job.step_s,
        on_progress=_reporter(job),
    )
    connection.close(wait=False)


def connect_traci(port: int, sumo: subprocess.Popen[bytes], *, timeout_s: float) -> Any:
    """Return a connection to SUMO as soon as it listens; every later answer must come within the time, too."""
    import traci

    socket.setdefaulttimeout(timeout_s)
    until = time.monotonic() + timeout_s
    while time.monotonic() < until and sumo.poll() is None:
        try:
            return traci.connect(port, numRetries=0, host="127.0.0.1")
        except traci.exceptions.FatalTraCIError:
            time.sleep(_RETRY_S)
    raise TimeoutError("SUMO did not open its port")


def _was_killed(sumo: subprocess.Popen[bytes]) -> bool:
    try:
        return sumo.wait(1.0) < 0
    except subprocess.TimeoutExpired:
        return False


def _policy(directory: Path) -> Policy | None:
    path = directory / POLICY
    if not path.exists():
        return None
    from multiprocessing import spawn

    preparation, packed = pickle.loads(path.read_bytes())  # noqa: S301 - the caller has just written it
    spawn.prepare(preparation)
    policy: Policy = pickle.loads(packed)  # noqa: S301
    return policy


def _reporter(job: Job) -> Any:
    return _say_time if job.progress else lambda _: None


def _say_time(time_s: float) -> None:
    print(f"Step #{time_s:.2f}", flush=True)  # noqa: T201 - in SUMO's own words


if __name__ == "__main__":
    sys.exit(main())
