"""Say which figure of a privacy audit must stay below what, and whether it does.

::

    exact copies            0 of all; decides only where unseen real trips copy nothing themselves
    copies over the floor   upper bound of (rate less that of unseen real trips) <= .02
    nearer to training      share <= .52 of drawn records, both halves of one size
    attack                  upper bound of the area under the curve <= .55
    found at 1 %            share of members found <= .02 where 1 % of others are accused
    small cells             none of fewer than ten in what is published

An audit in which a model that memorises passes proves nothing, so every gate is shown beside such controls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from trafficdiff.metrics.privacy_cells import small_cells
from trafficdiff.metrics.privacy_intervals import difference_interval, share_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.metrics.privacy_attack import Attack
    from trafficdiff.metrics.privacy_copies import Copies
    from trafficdiff.metrics.privacy_distance import Closer

__all__ = ["LIMITS", "NAMES", "Gate", "attack_gates", "cell_gate", "closer_gate", "copy_gates"]

LIMITS: Final = {
    "exact_copies": 0.0,
    "copies_over_floor": 0.02,
    "closer_share": 0.52,
    "attack_auc": 0.55,
    "attack_found": 0.02,
    "reference_attack_auc": 0.55,
    "reference_attack_found": 0.02,
    "small_cells": 0.0,
}
"""What each figure must not exceed. That of copies over the floor is declared, as far from nothing as that of the
nearer share is from one half; the others are those of the project's gates."""

NAMES: Final = {
    "exact_copies": "exact copies of training trips",
    "copies_over_floor": "... over unseen real trips' own",
    "closer_share": "nearer to training than to held-out",
    "attack_auc": "membership attack by loss, AUC",
    "attack_found": "... members found at 1 % false",
    "reference_attack_auc": "attack with a second model, AUC",
    "reference_attack_found": "... members found at 1 % false",
    "small_cells": "published cells of fewer than ten",
}


@dataclass(frozen=True, kw_only=True)
class Gate:
    """Hold one figure and its verdict.

    Parameters
    ----------
    key
        Of `LIMITS`.
    value, low, high
        The figure and its 95 % bounds.
    count
        Of how many.
    judged
        Whether the value or the upper bound must not exceed the limit.
    floor
        What unseen real trips have; None where there is no such thing.
    decides
        False for a figure that is shown and cannot be met: where reality repeats itself, to be without copies is to be
        unlike it.
    """

    key: str
    value: float
    low: float
    high: float
    count: int
    judged: Literal["value", "high"]
    floor: float | None = None
    decides: bool = True

    @property
    def limit(self) -> float:
        """What must not be exceeded."""
        return LIMITS[self.key]

    @property
    def passed(self) -> bool:
        """Whether it is met; what is not known is not."""
        judged = self.value if self.judged == "value" else self.high
        return bool(judged <= self.limit)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for a scorecard."""
        return {
            "gate": self.key,
            "name": NAMES[self.key],
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "count": self.count,
            "floor": self.floor,
            "limit": self.limit,
            "judged": self.judged,
            "decides": self.decides,
            "passed": self.passed,
        }


def copy_gates(drawn: Copies, held_out: Copies) -> tuple[Gate, Gate]:
    """Return both gates about copies, of drawn trips and of real ones that were in no training."""
    bounds = share_interval(drawn.hits, drawn.of)
    absolute = Gate(
        key="exact_copies", value=drawn.rate, low=bounds.low, high=bounds.high, count=drawn.of, judged="value",
        floor=held_out.rate, decides=held_out.hits == 0,
    )  # fmt: skip
    over = difference_interval(drawn, held_out)
    relative = Gate(
        key="copies_over_floor", value=drawn.rate - held_out.rate, low=over.low, high=over.high, count=drawn.of,
        judged="high", floor=0.0,
    )  # fmt: skip
    return absolute, relative


def closer_gate(found: Closer) -> Gate:
    """Return the gate about nearness to the training half."""
    return Gate(
        key="closer_share", value=found.share, low=found.interval.low, high=found.interval.high, count=found.drawn,
        judged="value", floor=0.5,
    )  # fmt: skip


def attack_gates(found: Attack, *, reference: bool = False) -> tuple[Gate, Gate]:
    """Return both gates about membership attacks, by the loss alone or beside a second model's."""
    prefix = "reference_" if reference else ""
    area = Gate(
        key=f"{prefix}attack_auc", value=found.auc, low=found.auc_interval.low, high=found.auc_interval.high,
        count=found.members + found.others, judged="high", floor=0.5,
    )  # fmt: skip
    hits = Gate(
        key=f"{prefix}attack_found", value=found.found, low=found.found_interval.low, high=found.found_interval.high,
        count=found.members, judged="value", floor=0.01,
    )  # fmt: skip
    return area, hits


def cell_gate(published: NDArray[np.float64]) -> Gate:
    """Return the gate about cells of a table that stems from observed trips; NaN marks cells that are left out."""
    small = int(small_cells(published).sum())
    shown = int(np.isfinite(published).sum())
    return Gate(key="small_cells", value=float(small), low=float(small), high=float(small), count=shown, judged="value")
