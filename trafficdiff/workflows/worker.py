"""Be one worker process: take jobs from a socket until it ends. `trafficdiff.workflows.pool` starts it."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Final, NoReturn

from trafficdiff.process import die_with_parent

if TYPE_CHECKING:
    from trafficdiff.workflows.progress import Progress

__all__ = ["main", "serve"]

_TELL_EVERY_S: Final = 0.25


def main(arguments: list[str]) -> NoReturn:
    """Serve the leader at the other end of the socket, and end with it."""
    descriptor, leader = map(int, arguments)
    die_with_parent()
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the leader hears it
    if os.getppid() == leader:  # else it died before we could ask to die with it
        # What a run warns of stands in the run; many at once on one screen help nobody.
        logging.getLogger().addHandler(logging.NullHandler())
        serve(Connection(descriptor))
    os._exit(0)  # nothing is left to clean up, and taking a large interpreter down takes time


def serve(connection: Connection) -> None:
    """Do job after job, and send what became of each; shares of the job that is under way come before."""
    from trafficdiff.workflows.jobs import StudyGoneError, do_job

    while True:
        try:
            job = connection.recv()
            connection.send(do_job(job, _telling(connection)))
        except (EOFError, OSError, StudyGoneError):
            return


def _telling(connection: Connection) -> Progress:
    """Return progress that tells the leader; where nobody listens any more the job is dropped."""
    from trafficdiff.workflows.jobs import StudyGoneError

    told = time.monotonic()

    def tell(_: str, share: float | None) -> None:
        nonlocal told
        if share is None or (now := time.monotonic()) - told < _TELL_EVERY_S:
            return
        told = now
        try:
            connection.send(share)
        except OSError as error:
            raise StudyGoneError("expected somebody to lead the study, found nobody; the run is dropped") from error

    return tell


def _end(number: int, _: object) -> NoReturn:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    main(sys.argv[1:])
