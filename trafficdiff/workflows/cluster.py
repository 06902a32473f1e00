"""Carry out jobs on a Dask cluster: the same jobs, the same hashes, on any machines that see the study's folder.

A job is one task. Its run directory is published on the shared file system as ever, only a short report comes back. A
worker that dies costs its job, which Dask gives to another; whatever is finished is in the folder and is never made
again, so the scheduler can die, too.
"""

from __future__ import annotations

import contextlib
import logging
import time
from typing import TYPE_CHECKING, Any, Final

from trafficdiff.errors import InputError, MissingDependencyError, SimulationError
from trafficdiff.workflows.engine import Ended, Event, Lost
from trafficdiff.workflows.jobs import do_job

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trafficdiff.workflows.jobs import Job

__all__ = ["DaskWorkers"]

_CONNECT_S: Final = 15.0
_NOBODY_S: Final = 120.0
"""How long the cluster may be without a single worker [s]."""
_LOOK_EVERY_S: Final = 1.0

_logger = logging.getLogger(__name__)


class DaskWorkers:
    """Run jobs on the workers of a Dask scheduler, one a thread; workers may come and go.

    Parameters
    ----------
    address
        Of the scheduler: ``tcp://127.0.0.1:8786``, or ``tls://...`` with the certificates that Dask's own
        configuration names (``distributed.comm.tls``).
    most
        Most jobs at once; None takes every worker.

    Raises
    ------
    InputError
        If no scheduler answers there.
    MissingDependencyError
        If Dask is not installed.
    """

    def __init__(self, address: str, *, most: int | None = None) -> None:
        try:
            import distributed
        except ImportError as error:
            raise MissingDependencyError(
                "expected the package distributed, found none; install it with `pip install 'trafficdiff[dask]'`"
            ) from error
        try:
            _refuse_open_tls(address)
            client: Any = distributed.Client
            self._client = client(address, timeout=_CONNECT_S, set_as_default=False, name="trafficdiff")
        except (OSError, TimeoutError, ValueError, TypeError) as error:
            raise InputError(
                f"{address}: expected a Dask scheduler, got: {error}; start one with `dask scheduler --host 127.0.0.1` "
                "and workers with `dask worker ADDRESS --nthreads 1`, or check address and certificates"
            ) from error
        self._most = most
        self._tasks: dict[str, Any] = {}
        self._slots: list[str] = []
        self._looked_s = -_LOOK_EVERY_S
        self._seen_s = time.monotonic()

    def idle(self) -> Sequence[str]:
        """Return the threads of workers that wait for a job, as ``ADDRESS#NUMBER``."""
        self._look()
        free = [slot for slot in self._slots if slot not in self._tasks]
        return free if self._most is None else free[: max(0, self._most - len(self._tasks))]

    def width(self) -> int:
        """Return how many jobs can be done at once."""
        self._look()
        return min(len(self._slots), self._most or len(self._slots))

    def start(self, worker: str, job: Job) -> None:
        """Give a job to a worker; if it dies Dask gives the job to another."""
        self._tasks[worker] = self._client.submit(
            do_job, job, pure=False, workers=[worker.partition("#")[0]], allow_other_workers=True
        )

    def wait(self, timeout_s: float) -> Sequence[Event]:
        """Return what has ended.

        Raises
        ------
        SimulationError
            If the scheduler has gone, or nobody works for it.
        """
        until = time.monotonic() + timeout_s
        while not (ended := [worker for worker, task in self._tasks.items() if task.done()]):
            if time.monotonic() > until:
                break
            time.sleep(0.02)
        self._refuse_deserted()
        return [self._event_of(worker) for worker in ended]

    def close(self, *, now: bool) -> None:
        """Take back what has not begun; what is under way ends when it sees that the study is led no more."""
        with contextlib.suppress(Exception) if now else contextlib.nullcontext():
            self._client.cancel(list(self._tasks.values()), force=True)
        self._tasks = {}
        self._client.close(timeout=2)

    def _event_of(self, worker: str) -> Event:
        task = self._tasks.pop(worker)
        try:
            return Ended(worker, task.result())
        except Exception as error:
            self._refuse_deserted()
            return Lost(worker, f"Dask gave the run up ({type(error).__name__}: {error})")

    def _look(self) -> None:
        if time.monotonic() - self._looked_s < _LOOK_EVERY_S:
            return
        self._looked_s = time.monotonic()
        workers = self._client.scheduler_info(n_workers=-1)["workers"]
        self._slots = [
            f"{address}#{number}" for address, facts in sorted(workers.items()) for number in range(facts["nthreads"])
        ]
        if self._slots:
            self._seen_s = time.monotonic()

    def _refuse_deserted(self) -> None:
        if self._client.status != "running":
            raise SimulationError(
                "expected the Dask scheduler to stay, it has gone; finished runs are kept: start it again and give the "
                "same command"
            )
        if time.monotonic() - self._seen_s > _NOBODY_S:
            raise SimulationError(
                f"expected a Dask worker, saw none for {_NOBODY_S:.0f} s; finished runs are kept: start workers and "
                "give the same command"
            )


def _refuse_open_tls(address: str) -> None:
    """Refuse TLS without certificates here: a client that was refused by its own set-up takes half a minute to end."""
    from distributed.security import Security

    security: Any = Security
    if address.startswith("tls://") and security().get_connection_args("client")["ssl_context"] is None:
        raise ValueError(
            "no certificates for TLS; set DASK_DISTRIBUTED__COMM__TLS__CA_FILE, ...__CLIENT__CERT and ...__CLIENT__KEY"
        )
