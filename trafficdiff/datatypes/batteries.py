"""Say which batteries electric cars have, and how full they are when they depart. Declared, not learned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BATTERY_KWH", "CHARGE_BETA", "CHARGE_RANGE", "batteries_at", "charges_at"]

BATTERY_KWH: Final[dict[float, float]] = {40.0: 0.3, 58.0: 0.4, 77.0: 0.3}
"""Usable battery [kWh] and its share of electric cars: a small, a middle and a large car. Declared, not learned."""

CHARGE_BETA: Final = (4.0, 2.0)
CHARGE_RANGE: Final = (0.1, 1.0)
"""On departure the charge is 0.1 + 0.9 Beta(4, 2), mean 0.7: few are nearly empty or full. Declared, not learned."""


def batteries_at(uniform: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the battery [kWh] at each quantile in [0, 1), shape (N,)."""
    bounds = np.cumsum(list(BATTERY_KWH.values()))[:-1]
    return np.array(list(BATTERY_KWH))[np.searchsorted(bounds, uniform, side="right")]


def charges_at(uniform: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the charge on departure [share] at each quantile in [0, 1), to three digits, shape (N,)."""
    from scipy.special import betaincinv

    low, high = CHARGE_RANGE
    return np.asarray(np.round(low + (high - low) * betaincinv(*CHARGE_BETA, uniform), 3))
