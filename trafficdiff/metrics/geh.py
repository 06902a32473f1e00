"""Compare modelled with counted flows by the GEH statistic.

G. E. Havers' statistic, as UK practice uses it: DMRB volume 12 section 2 part 1, now TAG unit M3.1 (Department for
Transport), where a link fits if GEH < 5 and a model if more than 85 % of its links do. It is defined on hourly
flows: its value depends on the unit, so turn flows over other periods into vehicles per hour first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["geh", "geh_share"]

_GOOD: Final = 5.0


def geh(modelled: ArrayLike, counted: ArrayLike) -> NDArray[np.float64]:
    """Return the GEH statistic ``sqrt(2 (M - C)^2 / (M + C))`` of hourly flows [vehicles per hour].

    0 where both are 0; NaN where either is missing. Arrays broadcast.
    """
    model, count = np.asarray(modelled, np.float64), np.asarray(counted, np.float64)
    total = model + count
    return np.asarray(np.sqrt(2 * (model - count) ** 2 / np.where(total == 0, 1.0, total)))


def geh_share(modelled: ArrayLike, counted: ArrayLike, *, below: float = _GOOD) -> float:
    """Return the share of counted places whose GEH is below the threshold [1]; NaN if nothing was counted."""
    values = geh(modelled, counted)
    values = values[np.isfinite(values)]
    return float((values < below).mean()) if len(values) else np.nan
