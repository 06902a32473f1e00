"""Bound the time to collision that two road users can come to, whatever they do within their limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["least_reachable_ttc"]


def least_reachable_ttc(
    gap_m: float, *, speed_ms: ArrayLike, gas_ms2: ArrayLike, fastest_ms: ArrayLike, time_s: float
) -> float:
    """Return a time to collision below which two users cannot come within some time [s]; 0 where they can touch.

    Both drive at each other as hard as they can. With the ways ``D(t)`` and speeds ``V(t)`` of both together, the gap
    is ``g - D(t)`` at least and closes at ``V(t)`` at most, so that no time to collision is below
    ``(g - D(t)) / V(t)``; that falls with ``t``. The way up to the highest speed ``u`` is ``v t + a t^2 / 2``, from
    ``s = (u - v) / a`` on ``u t - (u - v)^2 / 2 a``.

    Parameters
    ----------
    gap_m
        Between the two now, at least [m].
    speed_ms, gas_ms2, fastest_ms
        Shape (2,): speeds now [m/s], hardest accelerations [m/s2], highest speeds [m/s].
    time_s
        How long they have [s].
    """
    speed, gas, top = (np.asarray(one, np.float64) for one in (speed_ms, gas_ms2, fastest_ms))
    top = np.maximum(top, speed)
    rising_s = np.minimum((top - speed) / gas, time_s)
    way_m = speed * rising_s + gas * rising_s**2 / 2 + top * (time_s - rising_s)
    closing_ms = float((speed + gas * rising_s).sum())
    left_m = gap_m - float(way_m.sum())
    return 0.0 if left_m <= 0 else left_m / closing_ms if closing_ms > 0 else float("inf")
