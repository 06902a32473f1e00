"""Keep ``DIR.status.json`` up to date while a study or a search is at work; that it cannot be written is no fault."""

from __future__ import annotations

import contextlib
import logging
import time
from typing import TYPE_CHECKING, Final

from trafficdiff.errors import InputError, StoreError, TrafficdiffError
from trafficdiff.store.status import status_path, write_status

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from trafficdiff.store.status import State
    from trafficdiff.workflows.progress import Progress

__all__ = ["StatusFile", "telling_of_run"]

_WRITE_EVERY_S: Final = 0.5
_SAYS_MORE_FROM: Final = 0.05
"""Share of a stage from which on the time left is more than a guess."""

_logger = logging.getLogger(__name__)


class StatusFile:
    """Represent the status file of a directory that is being made.

    Parameters
    ----------
    directory
        What is made.
    what
        What it is, for the warning.
    """

    def __init__(self, directory: Path, *, what: str) -> None:
        self._path, self._what = status_path(directory), what
        self._written_s = -_WRITE_EVERY_S
        self._can_write = True

    def running(self, words: str, *, share: float, left_s: float | None = None) -> None:
        """Write what is being done, at most twice a second."""
        if time.monotonic() - self._written_s > _WRITE_EVERY_S:
            self._write("running", words, share=share, left_s=left_s)

    def ended(self, error: BaseException | None, words: str, *, share: float) -> None:
        """Write how it ended: done, failed with the error's words, or cancelled.

        Parameters
        ----------
        error
            What ended it, None if it is done.
        words
            What was done by then.
        share
            How much of it.
        """
        if error is None:
            self._write("done", words, share=1.0)
        elif isinstance(error, Exception):
            said = str(error) if isinstance(error, TrafficdiffError) else type(error).__name__
            self._write("failed", said, share=share)
        else:
            self._write("cancelled", f"stopped after {words}; the same command goes on from there", share=share)
            _logger.warning("stopped after %s; they are kept: give the same command again to go on", words)

    def withdraw(self) -> None:
        """Take the file away, as if nothing had been begun."""
        self._path.unlink(missing_ok=True)

    def _write(self, state: State, words: str, *, share: float, left_s: float | None = None) -> None:
        self._written_s = time.monotonic()
        try:
            write_status(self._path, state=state, progress=min(share, 1.0), message=words, seconds_left=left_s)
        except StoreError as error:
            if self._can_write:
                _logger.warning("the %s's status cannot be written: %s", self._what, error)
            self._can_write = False


@contextlib.contextmanager
def telling_of_run(directory: Path, progress: Progress, *, what: str = "run") -> Iterator[Progress]:
    """Yield a progress callback that also keeps the status of a single run up to date until the block ends.

    Nothing is written before the first stage: a run that is refused at the door leaves the status of the one that is
    there as it is. A run that is interrupted, or whose input is at fault, leaves nothing.
    """
    told, stage, done, began_s = StatusFile(directory, what=what), "", 0.0, 0.0
    new_folders = [folder for folder in directory.parents if not folder.exists()]

    def tell(words: str, share: float | None, /) -> None:
        nonlocal stage, done, began_s
        now = time.monotonic()
        if share is None or not stage:
            began_s = now
        stage, done = words, done if share is None else max(done, share)
        can_say = share is not None and share > _SAYS_MORE_FROM
        told.running(words, share=done, left_s=(now - began_s) * (1 - share) / share if can_say and share else None)
        progress(words, share)

    error: BaseException | None = None
    try:
        yield tell
    except BaseException as raised:
        error = raised
        raise
    finally:
        if stage and isinstance(error, Exception | None) and not isinstance(error, InputError):
            told.ended(error, f"the {what} is stored" if error is None else stage, share=done)
        elif stage:
            told.withdraw()
            with contextlib.suppress(OSError):  # somebody else's result may lie there by now
                for folder in new_folders:
                    folder.rmdir()
