"""Cut what a charging session is made of into bins, and draw it from its bins again.

Three slots a session: the hour of the week in which it starts, how long the car stays, and the energy that flows. Bins
of dwell and energy are even in the logarithm; inside a bin values are drawn evenly in the logarithm, the start evenly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BINS", "DWELL", "ENERGY", "SESSION_SLOTS", "START", "decoded", "encoded", "middles"]

SESSION_SLOTS: Final = ("start", "dwell", "energy")
START, DWELL, ENERGY = range(3)

_DWELL_H: Final = np.geomspace(1 / 60, 720.0, 73)
"""From a minute to thirty days, 16 % a bin: the longest stay that the reader takes."""
_ENERGY_KWH: Final = np.concatenate([[0.0], np.geomspace(0.05, 250.0, 57)])
"""From 50 Wh to the largest energy that the reader takes, 16 % a bin; one bin for what is less."""
BINS: Final = (168, len(_DWELL_H) - 1, len(_ENERGY_KWH) - 1)
"""Values of each slot."""


def encoded(
    hour_of_week: NDArray[np.int64], dwell_s: NDArray[np.float64], energy_kwh: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return the bins of sessions, shape (S, 3); -1 for an energy that was not measured."""
    dwell = np.searchsorted(_DWELL_H, dwell_s / 3600, side="right") - 1
    energy = np.searchsorted(_ENERGY_KWH, np.nan_to_num(energy_kwh), side="right") - 1
    energy = np.where(np.isnan(energy_kwh), -1, np.clip(energy, 0, BINS[ENERGY] - 1))
    return np.stack([hour_of_week, np.clip(dwell, 0, BINS[DWELL] - 1), energy], axis=1)


def decoded(
    slots: NDArray[np.int64], generator: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return start in the week [s], dwell [s] and energy [kWh] of sessions, each of shape (S,)."""
    chance = generator.random((3, len(slots)))
    start_s = (slots[:, START] + chance[START]) * 3600
    low, high = _DWELL_H[slots[:, DWELL]], _DWELL_H[slots[:, DWELL] + 1]
    dwell_s = 3600 * low * (high / low) ** chance[DWELL]
    low, high = _ENERGY_KWH[slots[:, ENERGY]], _ENERGY_KWH[slots[:, ENERGY] + 1]
    safe = np.maximum(low, 1e-9)
    energy = np.where(low > 0, safe * (high / safe) ** chance[ENERGY], high * chance[ENERGY])
    return start_s, dwell_s, energy


def middles(slot: int) -> NDArray[np.float64]:
    """Return the middle of each bin of dwell [s] or energy [kWh]; of the start the hour."""
    if slot == START:
        return np.arange(BINS[START], dtype=float)
    edges = _DWELL_H * 3600 if slot == DWELL else np.maximum(_ENERGY_KWH, 0.005)
    return np.asarray(np.sqrt(edges[1:] * edges[:-1]))
