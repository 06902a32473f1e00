"""Let the signals that end a program end it in order: temporary files go, outside programs are stopped.

::

    SIGINT   Ctrl-C                        ┐
    SIGTERM  a scheduler, `kill`           ├─▶ KeyboardInterrupt in the main thread ─▶ exit code 128 + number
    SIGHUP   the terminal was closed       ┘

Libraries lose interrupts: what is raised in a callback from C is ignored, and in an import it becomes an ImportError.
So an import is not broken off, unless a second signal comes, and an interrupt that got lost is raised again.
"""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

__all__ = ["ending_in_order", "ignoring_signals"]

_ENDING: Final = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
_RETRY_S: Final = 0.05
_IMPORT_SYSTEM: Final = "<frozen importlib"


@contextmanager
def ending_in_order() -> Iterator[list[int]]:
    """Yield a list of the signals that asked for the end; each raises KeyboardInterrupt in the main thread.

    A signal that the caller ignores (``nohup``, a shell's background job) stays ignored.
    """
    came: list[int] = []

    def answer(number: int, frame: FrameType | None) -> None:
        signal.setitimer(signal.ITIMER_REAL, _RETRY_S)  # look again soon
        again = number not in _ENDING
        if not again:
            came.append(number)
        if (again and _is_under_way()) or (len(came) == 1 and _is_importing(frame)):
            return
        raise KeyboardInterrupt

    heard = [number for number in _ENDING if signal.getsignal(number) is not signal.SIG_IGN]
    with _answered_by(answer, (*heard, signal.SIGALRM)), _lost_interrupts_unsaid():
        try:
            yield came
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)


@contextmanager
def ignoring_signals() -> Iterator[None]:
    """Ignore them while the last words are said."""
    with _answered_by(signal.SIG_IGN, (*_ENDING, signal.SIGALRM)):
        yield


@contextmanager
def _answered_by(
    handler: Callable[[int, FrameType | None], None] | signal.Handlers, numbers: Sequence[int]
) -> Iterator[None]:
    usual = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, before in usual.items():
            signal.signal(number, signal.SIG_DFL if before is None else before)


@contextmanager
def _lost_interrupts_unsaid() -> Iterator[None]:
    """Print nothing about an interrupt that was ignored: it comes again."""
    usual = sys.unraisablehook

    def say(lost: sys.UnraisableHookArgs) -> None:
        if not issubclass(lost.exc_type, KeyboardInterrupt):
            usual(lost)

    sys.unraisablehook = say
    try:
        yield
    finally:
        sys.unraisablehook = usual


def _is_under_way() -> bool:
    """Return whether some frame is cleaning up because of the interrupt."""
    error = sys.exception()
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith(_IMPORT_SYSTEM):
            return True
        frame = frame.f_back
    return False
