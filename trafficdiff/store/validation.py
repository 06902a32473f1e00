"""Say whether a run can be believed: its gates, its counts and every warning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from trafficdiff.datatypes.result import VehicleCounts

__all__ = ["GateOutcome", "Validation"]


class GateOutcome(BaseModel):
    """Compare one number with the limit that was set for it.

    Parameters
    ----------
    name
        What is measured, a name of `trafficdiff.units` (``"completion_share"``).
    value, limit
        In the unit of that name.
    direction
        ``"at_least"`` or ``"at_most"``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str
    value: float
    direction: Literal["at_least", "at_most"]
    limit: float

    @property
    def passed(self) -> bool:
        """Whether the value is on the right side of the limit."""
        return self.value >= self.limit if self.direction == "at_least" else self.value <= self.limit

    def __str__(self) -> str:
        word = "ok" if self.passed else "FAILED"
        return f"{self.name} {self.value:g}, expected {self.direction.replace('_', ' ')} {self.limit:g}: {word}"


class Validation(BaseModel):
    """Hold every gate and warning of one run.

    Parameters
    ----------
    gates
        In the order in which they are shown.
    warnings
        What a reader of the results must know, one sentence each.
    counts
        Vehicles by where they ended up, as in `VehicleCounts`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    gates: tuple[GateOutcome, ...] = ()
    warnings: tuple[str, ...] = ()
    counts: dict[str, int] = {}

    @property
    def passed(self) -> bool:
        """Whether every gate passed."""
        return all(gate.passed for gate in self.gates)

    @property
    def failed(self) -> tuple[GateOutcome, ...]:
        """The gates that did not pass."""
        return tuple(gate for gate in self.gates if not gate.passed)

    def reconciles(self, counts: VehicleCounts) -> bool:
        """Return whether the counts noted here are those of a result."""
        return self.counts == vars(counts)
