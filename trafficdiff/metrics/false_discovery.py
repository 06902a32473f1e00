"""Decide which of very many differences to believe: control the share of false ones among those that are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Dependence", "q_values"]

Dependence = Literal["positive", "any"]


def q_values(p: NDArray[np.float64], *, dependence: Dependence = "positive") -> NDArray[np.float64]:
    """Return the smallest rate of false discoveries at which each difference would be shown.

    Showing all with q <= 0.05 keeps the expected share of false ones among them at 5 %. Benjamini and Hochberg (1995)
    prove it for independent tests, Benjamini and Yekutieli (2001) for positively dependent ones. Neighbouring roads and
    intervals are such: what jams one jams the next, and one busy day moves all. ``any`` (Benjamini and Yekutieli 2001,
    theorem 1.3) needs no such belief and costs a factor of log M, about 12 for 100,000 roads: it shows next to nothing.

    Parameters
    ----------
    p
        Any shape; NaN where nothing was tested. Leave out beforehand only what is chosen without looking at the
        difference, such as roads that nobody used (Bourgon, Gentleman and Huber 2010, PNAS 107(21)).
    dependence
        What is known of the tests: ``positive`` or ``any``.

    Returns
    -------
    Same shape, NaN where `p` is.
    """
    from scipy.stats import false_discovery_control

    found = np.full(p.shape, np.nan)
    tested = np.isfinite(p)
    if tested.any():
        method: Literal["bh", "by"] = "bh" if dependence == "positive" else "by"
        found[tested] = false_discovery_control(p[tested], method=method)
    return found
