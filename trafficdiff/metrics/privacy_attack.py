"""Measure how well somebody with the model can tell who was in its training: membership inference.

The attacker has the model and a record, and says "member" where the loss is low (Yeom et al. 2018, "Privacy risk in
machine learning: analyzing the connection to overfitting"); with a second model that never saw the record, where the
loss is low *for such a record* (Watson et al. 2022, "On the importance of difficulty calibration in membership
inference attacks"). What counts besides the area under the curve is how many members are found when hardly anybody is
accused in vain (Carlini et al. 2022, "Membership inference attacks from first principles").

DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44, 837-845, give the variance of the area; Sun and Xu (2014), IEEE
Signal Processing Letters 21, 1389-1393, how to find it by ranks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from trafficdiff.metrics.intervals import Interval
from trafficdiff.metrics.privacy_intervals import NORMAL_95, share_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FALSE_RATE", "Attack", "attack", "true_positives"]

FALSE_RATE: Final = 0.01
"""Share of others that may be accused in vain when members are counted."""


class Attack(NamedTuple):
    """Say how well scores tell members from others.

    Parameters
    ----------
    auc, auc_interval
        Chance that a member scores higher than another one, ties one half, and its 95 % bounds.
    found, found_interval
        Share of members found where `FALSE_RATE` of the others are accused, and its 95 % bounds.
    members, others
        How many.
    """

    auc: float
    auc_interval: Interval
    found: float
    found_interval: Interval
    members: int
    others: int


def attack(members: NDArray[np.float64], others: NDArray[np.float64]) -> Attack:
    """Return how well scores tell members from others; high scores say "member".

    Parameters
    ----------
    members, others
        Shape (M,) and (N,), finite, at least two each.

    Raises
    ------
    ValueError
        If there are fewer, or a score is not finite.
    """
    if min(len(members), len(others)) < 2 or not (np.isfinite(members).all() and np.isfinite(others).all()):
        raise ValueError(
            f"expected at least two finite scores of members and of others, got {len(members)} and {len(others)}"
        )
    over_others = _placements(members, others)
    over_members = _placements(others, members)
    auc = float(over_others.mean())
    variance = over_others.var(ddof=1) / len(members) + over_members.var(ddof=1) / len(others)
    half = NORMAL_95 * float(np.sqrt(variance))
    found = true_positives(members, others)
    return Attack(
        auc,
        Interval(max(auc - half, 0.0), min(auc + half, 1.0), "delong"),
        found,
        share_interval(found * len(members), len(members)),
        len(members),
        len(others),
    )


def true_positives(
    members: NDArray[np.float64], others: NDArray[np.float64], *, false_rate: float = FALSE_RATE
) -> float:
    """Return the share of members found where a given share of the others is accused.

    Between two thresholds the attacker tosses a coin, so the curve is straight there: where members and others have
    the same scores, the share is the false rate itself.
    """
    levels, place = np.unique(np.concatenate([members, others]), return_inverse=True)
    hits = np.bincount(place[: len(members)], minlength=len(levels))[::-1].cumsum() / len(members)
    false = np.bincount(place[len(members) :], minlength=len(levels))[::-1].cumsum() / len(others)
    # of thresholds with the same false rate the attacker takes the lowest
    false, hits = np.concatenate([[0.0], false]), np.concatenate([[0.0], hits])
    last = np.append(false[1:] > false[:-1], True)
    first = np.append(True, last[:-1])
    above = int(np.searchsorted(false[last], false_rate, side="right"))
    if above == last.sum():
        return 1.0
    low_false, low_hits = false[last][above - 1], hits[last][above - 1]
    high_false, high_hits = false[first][above], hits[first][above]
    return float(low_hits + (high_hits - low_hits) * (false_rate - low_false) / (high_false - low_false))


def _placements(values: NDArray[np.float64], against: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of the others that each value lies above, ties one half, shape (len(values),)."""
    ordered = np.sort(against)
    below = np.searchsorted(ordered, values, side="left")
    up_to = np.searchsorted(ordered, values, side="right")
    return np.asarray((below + up_to) / (2 * len(against)), np.float64)
