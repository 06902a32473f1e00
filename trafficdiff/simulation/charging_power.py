"""Share out power among cars that charge, under the limits of sites and feeders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["site_levels", "water_level"]


def water_level(wanted: NDArray[np.float64], limit: float) -> float:
    """Return the highest level at which the sum of ``min(wanted, level)`` stays within a limit; infinite if all fits.

    Who wants less than the level gets it all, the others get the level: the max-min fair share (Bertsekas and Gallager
    1992, "Data Networks", section 6.5).

    Examples
    --------
    >>> water_level(np.array([10.0, 50.0, 50.0]), 70.0)
    30.0
    """
    if float(wanted.sum()) <= limit:
        return float("inf")
    ordered = np.sort(wanted)
    below = np.concatenate([[0.0], np.cumsum(ordered)[:-1]])
    level = (limit - below) / np.arange(len(ordered), 0, -1)
    fits = np.flatnonzero(level <= ordered)
    return float(max(level[fits[0]], 0.0))


def site_levels(
    wanted: NDArray[np.float64],
    site: NDArray[np.int64],
    *,
    site_limit: NDArray[np.float64],
    feeder: NDArray[np.int64],
    feeder_limit: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the most that a car may draw at each site, so that no site and no feeder exceeds its limit.

    Parameters
    ----------
    wanted, site
        Shape (V,), what each car would draw, and its site.
    site_limit
        Shape (S,), of each site.
    feeder
        Shape (S,), feeder of each site; -1 for none.
    feeder_limit
        Shape (F,), of each feeder.

    Returns
    -------
    Shape (S,), in the unit of the limits; infinite where nothing binds.
    """
    levels = np.array([water_level(wanted[site == place], limit) for place, limit in enumerate(site_limit)])
    drawn = np.minimum(wanted, levels[site]) if len(wanted) else wanted
    for place, limit in enumerate(feeder_limit):
        hanging = feeder == place
        level = water_level(drawn[hanging[site]], limit) if len(wanted) else float("inf")
        levels[hanging] = np.minimum(levels[hanging], level)
    return levels
