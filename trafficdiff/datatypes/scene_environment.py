"""Hold what a driving scene is played under: time of day, sun, fog, rain, grip; and signal states over time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from trafficdiff.datatypes.part import Part
from trafficdiff.errors import Faults, InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CLEAR_VISUAL_RANGE_M", "Environment", "SignalStates", "Sun"]

CLEAR_VISUAL_RANGE_M: Final = 100_000.0
"""Visual range of clear air [m]: formats that ask for fog in every file get this one."""

_HALF_TURN_RAD: Final = float(np.pi)
_STATES: Final = frozenset("rRyYgGsuoO")
"""Letters of a SUMO signal's state, one a link."""


class Sun(Part):
    """Where the sun stands, and how bright it is."""

    azimuth_rad: Annotated[float, Field(ge=0, le=2 * _HALF_TURN_RAD)] = Field(
        description="From north, clockwise [rad]."
    )
    elevation_rad: Annotated[float, Field(ge=-_HALF_TURN_RAD, le=_HALF_TURN_RAD)] = Field(
        description="Above the horizon [rad]; negative at night."
    )
    illuminance_lx: Annotated[float, Field(ge=0, le=200_000)] = Field(description="On level ground [lx].")


class Environment(Part):
    """Light, air and road surface of a scene, the same all through it."""

    date_time: datetime = Field(
        default=datetime(2026, 6, 16, 8, 0), description="Local time of the scene's first moment, ISO 8601."
    )
    fog_visual_range_m: Annotated[float, Field(gt=0, le=CLEAR_VISUAL_RANGE_M)] | None = Field(
        default=None, description="How far one sees [m]; null without fog."
    )
    precipitation: Literal["dry", "rain", "snow"] = "dry"
    precipitation_mm_h: Annotated[float, Field(ge=0, le=300)] = Field(default=0.0, description="[mm/h].")
    sun: Sun | None = Field(default=None, description="Null: to be computed from time and place.")
    friction: Annotated[float, Field(gt=0, le=1.5)] = Field(
        default=1.0, description="Grip as a share of a dry road's [1]."
    )

    @model_validator(mode="after")
    def _precipitation_has_a_rate(self) -> Self:
        if (self.precipitation == "dry") != (self.precipitation_mm_h == 0):
            raise ValueError(
                f"expected precipitation_mm_h above 0 exactly where it rains or snows, got {self.precipitation} with "
                f"{self.precipitation_mm_h:g} mm/h"
            )
        return self


def _no_text() -> NDArray[np.object_]:
    return np.zeros(0, object)


@dataclass(frozen=True, eq=False, kw_only=True)
class SignalStates:
    """Represent what signals show over time, a row a change; immutable.

    Parameters
    ----------
    signal_id
        Shape (K,), SUMO's id of the signal (``tlLogic``) that changes.
    time_s
        Shape (K,), when [s of the simulated day], rising within a signal; its state holds until its next row.
    state
        Shape (K,), one letter a link of the signal, as SUMO writes them (``"GGrr"``).

    Raises
    ------
    InputError
        If the columns do not fit together, times fall, or a state has letters that SUMO does not know.
    """

    signal_id: NDArray[np.object_] = field(default_factory=_no_text)
    time_s: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    state: NDArray[np.object_] = field(default_factory=_no_text)

    def __post_init__(self) -> None:
        faults = Faults("signal states")
        if not len(self.signal_id) == len(self.time_s) == len(self.state):
            faults.add("expected as many signal ids as times and states")
        faults.raise_if_any(InputError)
        if not np.isfinite(self.time_s).all():
            faults.add("expected finite times, got NaN or infinity")
        if strange := {letter for state in self.state for letter in str(state)} - _STATES:
            faults.add(f"expected states of the letters {''.join(sorted(_STATES))}, got {sorted(strange)}")
        for signal in self.signals:
            rows = self.signal_id == signal
            if (np.diff(self.time_s[rows]) <= 0).any():
                faults.add(f"signal {signal!r}: expected rising times, got equal or falling ones")
            if len({len(state) for state in self.state[rows]}) > 1:
                faults.add(f"signal {signal!r}: expected states of one length, got several")
        faults.raise_if_any(InputError)

    def __len__(self) -> int:
        return len(self.time_s)

    @property
    def signals(self) -> tuple[str, ...]:
        """Ids of the signals, sorted."""
        return tuple(sorted({str(name) for name in self.signal_id}))

    def state_at(self, signal: str, time_s: float) -> str:
        """Return what a signal shows at a time; before its first row, its first state."""
        rows = np.flatnonzero(self.signal_id == signal)
        place = max(0, int(np.searchsorted(self.time_s[rows], time_s, side="right")) - 1)
        return str(self.state[rows[place]])
