"""Bound shares of people and trips, also where none was seen: "0 of 300" is no proof of never.

References
----------
.. [1] E. B. Wilson (1927), Probable inference, the law of succession, and statistical inference, Journal of the
   American Statistical Association 22, 209-212.
.. [2] R. G. Newcombe (1998), Interval estimation for the difference between independent proportions: comparison of
   eleven methods, Statistics in Medicine 17, 873-890: method 10.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from trafficdiff.metrics.intervals import Interval

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["NORMAL_95", "difference_interval", "share_interval"]

NORMAL_95: Final = 1.959963984540054
"""The 97.5 % quantile of the normal distribution: bounds of 95 %."""


def share_interval(hits: float, count: int) -> Interval:
    """Return Wilson's 95 % bounds for a share [1]_; from nothing to everything where nobody was asked."""
    if count < 1:
        return Interval(0.0, 1.0, "none")
    share, square = hits / count, NORMAL_95**2 / count
    middle = (share + square / 2) / (1 + square)
    half = NORMAL_95 / (1 + square) * math.sqrt(share * (1 - share) / count + square / (4 * count))
    low = 0.0 if hits <= 0 else max(middle - half, 0.0)
    high = 1.0 if hits >= count else min(middle + half, 1.0)
    return Interval(low, high, "wilson")


def difference_interval(one: Sequence[float], other: Sequence[float]) -> Interval:
    """Return Newcombe's 95 % bounds for the difference of two shares [2]_, one less the other.

    Parameters
    ----------
    one, other
        Hits and count of each; independent of each other.
    """
    shares = [hits / count if count else 0.0 for hits, count in (one, other)]
    bounds = [share_interval(hits, int(count)) for hits, count in (one, other)]
    down = math.hypot(shares[0] - bounds[0].low, bounds[1].high - shares[1])
    up = math.hypot(bounds[0].high - shares[0], shares[1] - bounds[1].low)
    difference = shares[0] - shares[1]
    return Interval(max(difference - down, -1.0), min(difference + up, 1.0), "newcombe")
