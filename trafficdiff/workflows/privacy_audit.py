"""Hold what a privacy audit found: the gates of every model and of every control."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trafficdiff.metrics.privacy_gates import Gate

__all__ = ["Audited", "PrivacyAudit"]


@dataclass(frozen=True, kw_only=True)
class Audited:
    """Hold the gates of one model.

    Parameters
    ----------
    name
        Of the model.
    control
        Whether it must fail every gate.
    gates
        In the order in which they are shown.
    """

    name: str
    control: bool
    gates: tuple[Gate, ...]

    @property
    def passed(self) -> bool:
        """Whether every gate that decides is passed."""
        return all(gate.passed for gate in self.gates if gate.decides)

    @property
    def caught(self) -> bool:
        """Whether every gate is failed, as a control must."""
        return not any(gate.passed for gate in self.gates)


@dataclass(frozen=True, kw_only=True)
class PrivacyAudit:
    """Hold the gates of every model and control, and what they were measured on.

    Parameters
    ----------
    subject
        Of which trips or sessions.
    training, held_out, drawn
        How many.
    rows
        Models first, then controls.
    cpu_s
        Process time [s].
    seed
        Of everything random.
    """

    subject: str
    training: int
    held_out: int
    drawn: int
    rows: tuple[Audited, ...]
    cpu_s: float
    seed: int

    @property
    def passed(self) -> bool:
        """Whether every model passes."""
        return all(row.passed for row in self.rows if not row.control)

    @property
    def controls_fail(self) -> bool:
        """Whether every control fails every gate: else the audit proves nothing."""
        return all(row.caught for row in self.rows if row.control)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        models = [
            {"model": row.name, "control": row.control, "gates": [gate.as_dict() for gate in row.gates]}
            for row in self.rows
        ]
        return {
            "subject": self.subject,
            "training": self.training,
            "held_out": self.held_out,
            "drawn": self.drawn,
            "passed": self.passed,
            "controls_fail": self.controls_fail,
            "seed": self.seed,
            "cpu_s": round(self.cpu_s, 1),
            "models": models,
        }
