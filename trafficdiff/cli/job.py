"""Be the process of one job: wait in line, run the command as a person would type it, say how it ended.

`trafficdiff.workflows.launching` starts it as ``python -m trafficdiff.cli.job ROOT DIRECTORY``.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from trafficdiff.cli.entry import main as command_line
from trafficdiff.cli.signals import ending_in_order, ignoring_signals
from trafficdiff.errors import TrafficdiffError
from trafficdiff.store.status import read_status, status_path, write_status
from trafficdiff.workflows.job_kinds import command_of
from trafficdiff.workflows.job_queue import wait_for_turn
from trafficdiff.workflows.job_record import job_path, log_path, read_job, write_job
from trafficdiff.workflows.log_tail import last_error

if TYPE_CHECKING:
    from trafficdiff.store.status import State

__all__ = ["main"]

_INTERRUPTED: Final = frozenset(128 + number for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
_GATE_FAILED: Final = 4


def main(arguments: list[str]) -> NoReturn:
    """Do the job whose result is the second argument, in the folder that is the first; leave with its exit code."""
    root, directory = Path(arguments[0]), Path(arguments[1])
    path, status = job_path(directory), status_path(directory)
    record = read_job(path)
    if record is None:
        sys.exit(2)
    write_job(record.taken_over(), path)
    code = _waited(root, directory)
    if code == 0:
        write_status(status, state="running", message="beginning")
        code = _obeyed(command_of(record.request))
    with ignoring_signals():
        _say_end(directory, code)
        record = read_job(path) or record
        write_job(record.ended(code), path)
    sys.exit(code)


def _waited(root: Path, directory: Path) -> int:
    """Return 0 once it is the job's turn, else the exit code of what came instead."""
    with ending_in_order() as came:
        try:
            write_status(status_path(directory), state="queued", message="waiting")
            wait_for_turn(root, directory)
        except KeyboardInterrupt:
            return 128 + (came[0] if came else signal.SIGINT)
        except TrafficdiffError as error:
            sys.stderr.write(f"error: {error}\n")
            return error.exit_code
    return 0


def _obeyed(words: tuple[str, ...]) -> int:
    try:
        command_line(words)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)


def _say_end(directory: Path, code: int) -> None:
    """Say how it ended, where the command has not said so itself."""
    status = read_status(status_path(directory))
    if status is not None and status.is_over:
        return
    state: State = "failed"
    message = last_error(log_path(directory)) or f"ended with code {code}"
    if code in {0, _GATE_FAILED}:
        state, message = "done", "done" if code == 0 else message
    elif code in _INTERRUPTED:
        state, message = (
            "cancelled",
            "stopped before it had begun" if status and status.state == "queued" else "stopped",
        )
    write_status(
        status_path(directory), state=state, message=message,
        progress=1.0 if state == "done" else 0.0 if status is None else status.progress,
    )  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:])
