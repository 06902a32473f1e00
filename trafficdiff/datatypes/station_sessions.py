"""Hold charging sessions that were drawn for stations, before anybody knows who holds them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Self

import numpy as np

from trafficdiff.errors import Faults, InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["StationSessions"]


@dataclass(frozen=True, eq=False, kw_only=True)
class StationSessions:
    """Represent drawn sessions, a row a session; immutable.

    Parameters
    ----------
    name
        Shape (N,), each its own; random numbers belong to it.
    station
        Shape (N,), position of its station.
    arrive_s
        Shape (N,), when the car comes [s of the day].
    dwell_s
        Shape (N,), how long it stays [s].
    energy_kwh
        Shape (N,), what flows into its battery [kWh].
    missing_kwh
        Shape (N,), what its battery lacks to be full when it comes [kWh]: at least what flows.

    Raises
    ------
    InputError
        Listing columns of another length, and values that no session can have.
    """

    name: NDArray[np.object_]
    station: NDArray[np.int64]
    arrive_s: NDArray[np.float64]
    dwell_s: NDArray[np.float64]
    energy_kwh: NDArray[np.float64]
    missing_kwh: NDArray[np.float64]

    def __post_init__(self) -> None:
        faults = Faults("drawn sessions")
        for one in fields(self):
            if (count := len(getattr(self, one.name))) != len(self.name):
                faults.add(f"expected {len(self.name)} values of {one.name}, one a session, got {count}")
        faults.raise_if_any(InputError)
        if len(set(self.name.tolist())) < len(self.name):
            faults.add("expected a name of its own for each session, got some twice")
        if (self.station < 0).any():
            faults.add("expected positions of stations from 0, got less")
        for name in ("arrive_s", "dwell_s", "energy_kwh", "missing_kwh"):
            values = getattr(self, name)
            bad = ~np.isfinite(values) | (values < 0)
            if bad.any():
                at = int(np.argmax(bad))
                faults.add(f"session {self.name[at]!r}: expected {name} of at least 0, got {values[at]:g}")
        if (over := self.energy_kwh > self.missing_kwh * (1 + 1e-6) + 1e-6).any():
            at = int(np.argmax(over))
            faults.add(
                f"session {self.name[at]!r}: expected at most what the battery lacks, {self.missing_kwh[at]:g} kWh, "
                f"got {self.energy_kwh[at]:g} kWh"
            )
        faults.raise_if_any(InputError)

    def __len__(self) -> int:
        return len(self.name)

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Return the sessions of several parts, one after the other; none of none."""
        types = {"name": object, "station": np.int64}
        return cls(
            **{
                one.name: np.concatenate(
                    [np.zeros(0, types.get(one.name, np.float64)), *(getattr(part, one.name) for part in parts)]
                )
                for one in fields(cls)
            }
        )
