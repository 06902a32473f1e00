"""Run the command line, and turn whatever ends it into one message and one exit code.

::

    0 ok   1 run failed   2 usage or invalid input   3 missing dependency   4 gate failed
    130 interrupted (Ctrl-C)   143 terminated (SIGTERM)   129 terminal closed (SIGHUP)

With ``--json`` stdout holds exactly one JSON object, also for errors; all else goes to stderr. Only light modules are
imported here: a Ctrl-C while the rest is loading ends in order, too.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn

from trafficdiff.cli.early import has_spoken
from trafficdiff.cli.signals import ending_in_order, ignoring_signals
from trafficdiff.errors import MissingDependencyError, TrafficdiffError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Fault", "main"]

_BY_SIGNAL: Final = 128
"""A shell adds this to the number of the signal that ended a program (POSIX.1-2017, Shell, 2.8.2)."""
_SHOWN_CHARACTERS: Final = 500
_DEBUG: Final = "--debug"
_USAGE: Final = "UsageError"
_INTERRUPTED: Final = "Interrupted"


@dataclass(frozen=True)
class Fault:
    """Say why a command did not end well.

    Parameters
    ----------
    error
        Its kind.
    message
        For people.
    exit_code
        What the process leaves with.
    """

    error: str
    message: str
    exit_code: int


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave with its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug, as_json = _DEBUG in words, "--json" in words
    words = [word for word in words if word != _DEBUG]
    printed = io.StringIO()
    fault: Fault | None = None
    code = 0
    with ending_in_order() as came:
        try:
            with contextlib.redirect_stdout(printed) if as_json else contextlib.nullcontext():
                code = _invoke(words)
            if code == _BY_SIGNAL + signal.SIGINT:
                raise KeyboardInterrupt  # noqa: TRY301 - typer has turned one into this code
        except SystemExit:
            raise
        except BaseException as error:
            with ignoring_signals():
                fault = _fault_of(error, came)
                _explain(fault, error, debug=debug)
        with ignoring_signals():
            if as_json and not has_spoken():
                _write_json(printed.getvalue(), fault)
    sys.exit(code if fault is None else fault.exit_code)


def _invoke(words: list[str]) -> int:
    from typer.main import get_command

    from trafficdiff.cli.application import application

    code = get_command(application).main(args=words, prog_name="trafficdiff", standalone_mode=False)
    return code if isinstance(code, int) else 0


def _fault_of(error: BaseException, came: list[int]) -> Fault:
    """Name what went wrong; once a signal has come, whatever a library made of it counts as the interrupt."""
    if came or isinstance(error, KeyboardInterrupt):
        number = signal.Signals(came[0] if came else signal.SIGINT)
        return Fault(
            _INTERRUPTED, f"interrupted ({number.name}); nothing half-written was left behind", _BY_SIGNAL + number
        )
    if isinstance(error, TrafficdiffError):
        return Fault(type(error).__name__, str(error), error.exit_code)
    if isinstance(error, _usage_error()):
        return Fault(_USAGE, error.format_message(), error.exit_code)
    if isinstance(error, ModuleNotFoundError) and error.name and not error.name.startswith("trafficdiff"):
        return Fault(
            MissingDependencyError.__name__,
            f"expected the Python package {error.name!r}, found none; install trafficdiff again in this environment",
            MissingDependencyError.exit_code,
        )
    return Fault(type(error).__name__, _unexpected(error), TrafficdiffError.exit_code)


def _usage_error() -> Any:
    """Return click's base of errors; typer carries a click of its own, or uses the one that is installed."""
    import typer

    return next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")


def _unexpected(error: BaseException) -> str:
    """Describe an error that nobody foresaw, in one line."""
    import traceback

    said = " ".join(str(error).split())[:_SHOWN_CHARACTERS]
    steps = traceback.extract_tb(error.__traceback__)
    ours = [step for step in steps if f"{os.sep}trafficdiff{os.sep}" in step.filename] or steps
    where = f" at {ours[-1].filename}:{ours[-1].lineno}" if ours else ""
    return (
        f"unexpected {type(error).__name__}{f': {said}' if said else ''}{where}; this is a fault of the program: "
        f"give the same command with {_DEBUG} for the full traceback, and report it"
    )


def _explain(fault: Fault, error: BaseException, *, debug: bool) -> None:
    """Say on stderr what went wrong."""
    import traceback

    if debug:
        traceback.print_exception(error)
    if fault.error == _USAGE and isinstance(error, _usage_error()):
        error.show()  # with usage and a hint
    else:
        sys.stderr.write(f"{'' if fault.error == _INTERRUPTED else 'error: '}{fault.message}\n")


def _write_json(printed: str, fault: Fault | None) -> None:
    """Write the object that the command printed; where an error left none, the error itself."""
    text = printed
    if fault is not None and (fault.error == _INTERRUPTED or not _is_object(printed)):
        sys.stderr.write(printed)
        text = json.dumps(asdict(fault), ensure_ascii=False, indent=2) + "\n"
    try:
        if (raw := getattr(sys.stdout, "buffer", None)) is not None:
            # JSON is UTF-8 whatever the terminal's encoding is (RFC 8259, section 8.1), odd file names are escaped
            raw.write(text.encode(errors="backslashreplace"))
        else:
            sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has left; nothing is flushed again at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
