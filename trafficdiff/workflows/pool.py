"""Carry out jobs in worker processes of this machine that live as long as the study does.

::

    leader ── socket pair ──▶ worker ──▶ SUMO        one job at a time each
       │                        │
       │ dies: the worker gets SIGKILL (Linux) or sees the end of the socket, and SUMO gets SIGKILL with it
       └ sees the end of the socket: the worker has died, only its job is lost

A worker is a fresh interpreter, so a script needs no ``if __name__ == "__main__"``. `docs/decisions/ensembles.md` says
why this is no `concurrent.futures`.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, Pipe, wait
from typing import TYPE_CHECKING, Final

from trafficdiff.process import module_path
from trafficdiff.workflows.engine import Ended, Event, Lost, Moved
from trafficdiff.workflows.jobs import Failure, Report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trafficdiff.workflows.jobs import Job

__all__ = ["LocalWorkers", "usable_processors"]

_PATIENCE_S: Final = 600.0
"""How long a worker may be silent beyond the deadline of its simulation [s]; then it hangs and is killed."""
_GRACE_S: Final = 5.0
"""How long a worker may take to clean up when it is told to end [s]."""

_logger = logging.getLogger(__name__)


def usable_processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(eq=False)
class _Worker:
    """Hold one process and what it is at."""

    process: subprocess.Popen[bytes]
    connection: Connection
    job: Job | None = None
    heard_s: float = field(default_factory=time.monotonic)

    @property
    def hangs(self) -> bool:
        if self.job is None:
            return False
        return time.monotonic() - self.heard_s > self.job.scenario.simulation.deadline_s + _PATIENCE_S


class LocalWorkers:
    """Run jobs in so many processes, each started when it is first needed.

    Parameters
    ----------
    count
        Number of processes.
    """

    def __init__(self, count: int) -> None:
        self._workers: dict[str, _Worker | None] = {f"worker {place}": None for place in range(count)}

    def idle(self) -> Sequence[str]:
        """Return the workers that wait for a job."""
        return [name for name, worker in self._workers.items() if worker is None or worker.job is None]

    def width(self) -> int:
        """Return how many jobs can be done at once."""
        return len(self._workers)

    def pids(self) -> dict[str, int]:
        """Return the process ids of the workers that live."""
        return {name: worker.process.pid for name, worker in self._workers.items() if worker is not None}

    def start(self, worker: str, job: Job) -> None:
        """Give a job to a worker, and start its process if there is none."""
        for retry in (True, False):  # one that died while it was idle is replaced
            there = self._workers[worker] or _started()
            self._workers[worker] = there
            there.job, there.heard_s = job, time.monotonic()
            try:
                there.connection.send(job)
            except OSError:
                if retry:
                    self._drop(worker)
                continue  # or `wait` sees that it died
            return

    def wait(self, timeout_s: float) -> Sequence[Event]:
        """Return what the workers have told, and who of them has died or hangs."""
        busy = {worker.connection: name for name, worker in self._workers.items() if worker and worker.job}
        events: list[Event] = []
        for ready in wait(list(busy), timeout_s):
            events += self._heard(busy[ready])  # type: ignore[index]
        for name, worker in self._workers.items():
            if worker is not None and worker.hangs:
                events.append(self._lost(name, "was silent for too long and was killed"))
        return events

    def close(self, *, now: bool) -> None:
        """Let the workers go; those that have not ended after five seconds are killed, and SUMO with them."""
        workers = [worker for worker in self._workers.values() if worker is not None]
        for worker in workers:
            with contextlib.suppress(OSError):
                worker.connection.close()
            if now or worker.job is not None:
                worker.process.terminate()
        until = time.monotonic() + _GRACE_S
        for worker in workers:
            try:
                worker.process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                _kill(worker.process)
        self._workers = dict.fromkeys(self._workers)

    def _heard(self, name: str) -> list[Event]:
        worker = self._workers[name]
        assert worker is not None
        try:
            message = worker.connection.recv()
        except (EOFError, OSError):
            return [self._lost(name, "died")]
        worker.heard_s = time.monotonic()
        if isinstance(message, Report | Failure):
            worker.job = None
            return [Ended(name, message)]
        return [Moved(name, float(message))]

    def _lost(self, name: str, what: str) -> Lost:
        process = self._drop(name)
        code = process.returncode
        how = f"signal {-code}" if code is not None and code < 0 else f"code {code}"
        return Lost(name, f"the process {process.pid} that made this run {what} ({how})")

    def _drop(self, name: str) -> subprocess.Popen[bytes]:
        worker = self._workers[name]
        assert worker is not None
        self._workers[name] = None
        with contextlib.suppress(OSError):
            worker.connection.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            worker.process.wait(1.0)  # its own end says more than our signal
        _kill(worker.process)
        return worker.process


def _started() -> _Worker:
    """Start a worker in a session of its own, so that a Ctrl-C in the terminal reaches the leader alone."""
    ours, theirs = Pipe()
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "trafficdiff.workflows.worker", str(theirs.fileno()), str(os.getpid())],
            pass_fds=[theirs.fileno()],
            env={**os.environ, "PYTHONPATH": module_path(os.environ.get("PYTHONPATH"))},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    finally:
        theirs.close()
    _logger.debug("started worker process %d", process.pid)
    return _Worker(process, ours)


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()
