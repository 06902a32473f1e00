"""Hold a mean with its interval, and say what it tells."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Bounded", "Side"]

Side = Literal["above", "below", "zero", "either", "unknown"]
"""Where a mean lies against zero: surely above or below, exactly there, on either side for all we know, or unknown."""


@dataclass(frozen=True, kw_only=True)
class Bounded:
    """Hold a mean over samples with its interval; NaN where nothing is known."""

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, values: NDArray[np.float64], *, confidence: float, dice: NDArray[np.float64]) -> Self:
        """Return the mean of independent values with the interval of `metrics.intervals.mean_interval`.

        Parameters
        ----------
        values
            Shape (S,); with none, or one that is not finite, nothing is known.
        confidence
            For example 0.95.
        dice
            From `metrics.intervals.resamples`, at least S columns.
        """
        from trafficdiff.metrics.intervals import mean_interval

        if not len(values) or not np.isfinite(values).all():
            return cls(mean=math.nan, low=math.nan, high=math.nan)
        interval = mean_interval(values, confidence=confidence, dice=dice)
        return cls(mean=float(values.mean()), low=float(interval.low), high=float(interval.high))

    def times(self, factor: float) -> Bounded:
        """Return it in another unit; the factor is above 0."""
        return Bounded(mean=self.mean * factor, low=self.low * factor, high=self.high * factor)

    @property
    def side(self) -> Side:
        """Where the interval lies against zero."""
        if math.isnan(self.low):
            return "unknown"
        if self.low == self.high == 0:
            return "zero"
        if self.low > 0:
            return "above"
        return "below" if self.high < 0 else "either"

    def text(self, digits: int = 2) -> str:
        """Return mean and interval for people."""
        if math.isnan(self.mean):
            return "-"
        if math.isnan(self.low):
            return f"{self.mean:,.{digits}f}"
        return f"{self.mean:,.{digits}f} ({self.low:,.{digits}f} to {self.high:,.{digits}f})"
