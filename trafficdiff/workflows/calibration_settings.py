"""Say how demand is calibrated: how large the pool of candidates is, and what is believed how far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CalibrationSettings"]


@dataclass(frozen=True, kw_only=True)
class CalibrationSettings:
    """Hold the numbers of a calibration; all are declared, chosen on Bologna and Hamburg (see the decision page).

    Parameters
    ----------
    candidates_per_trip, fewest_candidates, most_candidates
        How many candidate trips the model draws for each trip that is asked for, and their bounds.
    prior_strength
        How many trips of evidence one trip of the model is, beside counted ones.
    count_error
        Standard deviation of a count beside its own chance, as a share of it: detectors miss and turn double.
    slope_spread
        How far the slopes of a trip's qualities are expected to lie from 0.
    interval_spread
        The same for how many trips depart in each counted interval.
    poorly_served
        A counted edge that fewer candidates pass gets candidates of its own.
    through_weight
        What such a candidate weighs beside one that the model drew.
    shared_routes
        An observed route is driven as it is where at least so many observed trips drive it; else trips find their own
        way between its ends.
    """

    candidates_per_trip: int = 10
    fewest_candidates: int = 20_000
    most_candidates: int = 200_000
    prior_strength: float = 0.03
    count_error: float = 0.03
    slope_spread: float = 0.35
    interval_spread: float = 1.5
    poorly_served: int = 20
    through_weight: float = 0.2
    shared_routes: int = 3

    def candidates(self, trips: int) -> int:
        """Return how many candidates there are for a number of trips."""
        return int(np.clip(self.candidates_per_trip * trips, self.fewest_candidates, self.most_candidates))

    def deviation(self, wanted: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the standard deviation of counts: half of Poisson's variance, and a share of the count.

        Half, for the counted vehicles are the trips that are asked for and no other day's.
        """
        return np.asarray(np.sqrt(0.25 * np.maximum(wanted, 4.0) + (self.count_error * wanted) ** 2))
