"""Name everything that can go wrong, in one tree.

::

    TrafficdiffError
    ├── InputError (ValueError)               exit 2   what the user gave cannot be used
    │   ├── NetworkError                               an OSM file, a net or a road graph
    │   ├── TripError                                  trips, routes or departures
    │   ├── ScenarioError                              a scenario file
    │   └── OutputError (StoreError)                   the place for a result is taken or cannot be written
    ├── SimulationError (RuntimeError)        exit 1   SUMO or one of its tools failed
    │   └── DeadlineError (TimeoutError)               it did not finish in the time allowed
    ├── StoreError (RuntimeError)             exit 1   a run could not be written
    │   └── IntegrityError                             a stored run is not what its manifest says
    ├── MissingDependencyError (ImportError)  exit 3   a program or package is not installed
    └── GateError (AssertionError)            exit 4   a quality gate said no

Every message says what was expected, what came, and what to do next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "DeadlineError",
    "Faults",
    "GateError",
    "InputError",
    "IntegrityError",
    "MissingDependencyError",
    "NetworkError",
    "OutputError",
    "ScenarioError",
    "SimulationError",
    "StoreError",
    "TrafficdiffError",
    "TripError",
]


class TrafficdiffError(Exception):
    """Root of all errors that this package raises on purpose."""

    exit_code: ClassVar[int] = 1
    log: Path | None = None
    """File with everything that an outside program said; whoever moves it says so here, and the message follows."""
    faults: tuple[str, ...] = ()
    """Every fault by itself, where `Faults` raised the error."""

    def __str__(self) -> str:
        """Return the message, and where the log is."""
        message = super().__str__()
        return message if self.log is None else f"{message} (everything that it said is in {self.log})"


class InputError(TrafficdiffError, ValueError):
    """What the user gave cannot be used."""

    exit_code = 2


class NetworkError(InputError):
    """An OSM file, a SUMO net or a road graph cannot be used."""


class TripError(InputError):
    """Trips, routes or departures cannot be used."""


class ScenarioError(InputError):
    """A scenario file cannot be used."""


class SimulationError(TrafficdiffError, RuntimeError):
    """SUMO, or one of its tools, failed or left output that does not reconcile."""


class DeadlineError(SimulationError, TimeoutError):
    """An outside program did not finish in the time that it was allowed."""

    def __new__(cls, *args: object) -> Self:
        """Make an error as `TimeoutError` does: of its two kinds of parents only that one can."""
        return TimeoutError.__new__(cls, *args)


class StoreError(TrafficdiffError, RuntimeError):
    """A run could not be written, or is already there."""


class OutputError(InputError, StoreError):
    """The place that was named for a result is taken, or cannot be written."""


class IntegrityError(StoreError):
    """A stored run is not what its manifest says."""


class MissingDependencyError(TrafficdiffError, ImportError):
    """A program or a package that is needed is not installed."""

    exit_code = 3


class GateError(TrafficdiffError, AssertionError):
    """A quality gate said no."""

    exit_code = 4


class Faults:
    """Collect every fault of one input, then raise them all at once.

    Parameters
    ----------
    heading
        What is being checked, for example ``"scenario helsinki.yaml"``.

    Examples
    --------
    >>> faults = Faults("trip file")
    >>> faults.add("trip 3: departure is NaN; give seconds of the simulated day")
    >>> faults.raise_if_any(TripError)
    Traceback (most recent call last):
        ...
    trafficdiff.errors.TripError: trip file: trip 3: departure is NaN; give seconds of the simulated day
    """

    shown = 12
    """How many faults are spelled out before the rest is only counted."""

    def __init__(self, heading: str) -> None:
        self.heading = heading
        self.messages: list[str] = []

    def __bool__(self) -> bool:
        return bool(self.messages)

    def add(self, message: str) -> None:
        """Note one fault."""
        self.messages.append(message)

    def raise_if_any(self, error: type[TrafficdiffError]) -> None:
        """Raise `error` with every fault noted so far, or do nothing."""
        if not self.messages:
            return
        if len(self.messages) == 1:
            raise self._told(error, f"{self.heading}: {self.messages[0]}")
        lines = [f"{self.heading}: {len(self.messages)} faults"]
        lines += [f"  - {message}" for message in self.messages[: self.shown]]
        if len(self.messages) > self.shown:
            lines.append(f"  ... and {len(self.messages) - self.shown} more")
        raise self._told(error, "\n".join(lines))

    def _told(self, error: type[TrafficdiffError], message: str) -> TrafficdiffError:
        raised = error(message)
        raised.faults = tuple(self.messages)
        return raised
