"""Draw who walks where: a simple model that is declared, not learned.

::

    how many   walks an hour, as asked for                        when   evenly over the window
    from       a side of a street, by its length                  speed  normal, 1.34 +- 0.26 m/s
    how far    exponential, as walks in a travel survey are       to     the side that lies that far

Each draw has a column of its own in one table of numbers, so that other streets change nobody's dice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.walks import FREE_SPEED_MS, Walks
from trafficdiff.errors import NetworkError
from trafficdiff.units import SECONDS_PER_HOUR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.footways import Footways

__all__ = ["MEAN_LENGTH_M", "draw_walks"]

MEAN_LENGTH_M: Final = 941.0
"""Mean length of walks [m]: 65 % are longer than 0.25 miles and 18 % longer than a mile (Yang and Diez-Roux 2012,
"Walking distance by trip purpose and population subgroups", Am. J. Prev. Med. 43(1), of the US travel survey of 2009,
who find the exponential to fit best). Both shares give a decay of 1.71 a mile: -ln(0.65) / 0.25 = 1.72 and
-ln(0.18) / 1 = 1.71."""

_SPEED_SD_MS: Final = 0.26
"""Spread of free speeds [m/s]: Weidmann (1993), with the mean of 1.34."""
_SLOWEST_MS, _FASTEST_MS = 0.6, 2.1
"""About three standard deviations either way [m/s]: nobody stands still, nobody runs."""
_AT_ONCE: Final = 256
"""Walks whose distances are looked for together: a table of that many rows."""


def draw_walks(
    footways: Footways,
    *,
    per_hour: float,
    window_s: tuple[float, float],
    generator: np.random.Generator,
    mean_length_m: float = MEAN_LENGTH_M,
) -> Walks:
    """Return walks between sides of streets.

    The lengths follow the exponential law as far as the place reaches: where it ends within a wanted length, what is
    left of the length after going through the place counts (the exponential law has no memory, so the rest is
    distributed as if cut there).

    Parameters
    ----------
    footways
        Where one can walk.
    per_hour
        Walks that begin in an hour.
    window_s
        From when until when they set out [s of the day].
    generator
        Source of randomness.
    mean_length_m
        Mean of the exponential law [m].

    Raises
    ------
    NetworkError
        If no two sides are connected.
    """
    begin_s, end_s = window_s
    count = max(1, round(per_hour * (end_s - begin_s) / SECONDS_PER_HOUR))
    dice = generator.random((count, 5))
    speed_ms = np.clip(generator.normal(FREE_SPEED_MS, _SPEED_SD_MS, count), _SLOWEST_MS, _FASTEST_MS)
    origin = _origins(footways, dice[:, 1])
    wanted_m = -mean_length_m * np.log1p(-dice[:, 2])
    destination = _destinations(footways, origin, wanted_m)
    depart_s = np.floor((begin_s + dice[:, 0] * (end_s - begin_s)) * 10) / 10
    order = np.argsort(depart_s, kind="stable")
    names = np.empty(count, object)
    names[:] = [f"walker.{number}" for number in range(count)]
    return Walks(
        walk_id=names,
        depart_s=depart_s[order],
        origin=footways.edge_id[origin][order],
        origin_m=np.floor(dice[:, 3] * footways.length_m[origin] * 100)[order] / 100,
        destination=footways.edge_id[destination][order],
        destination_m=np.floor(dice[:, 4] * footways.length_m[destination] * 100)[order] / 100,
        speed_factor=np.round(speed_ms / FREE_SPEED_MS, 3)[order],
        provenance={
            "model": "declared: ends by length of street sides, exponential lengths, even departures",
            "parameters": f"per_hour={per_hour:g}, mean_length_m={mean_length_m:g}",
        },
    )


def _origins(footways: Footways, dice: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return where walks begin: sides by their length, if another side can be reached from them."""
    part = footways.part[: len(footways)]
    weight = np.where(np.bincount(part, minlength=1)[part] > 1, footways.length_m, 0.0) if len(part) else np.zeros(0)
    if not weight.sum():
        raise NetworkError(
            f"expected footways that connect sides of streets, got {len(footways)} sides and {footways.crossings} "
            "crossings that do not; the roads may be closed to people on foot, leave pedestrians out"
        )
    along = np.cumsum(weight)
    return np.asarray(np.searchsorted(along, dice * along[-1], side="right"))


def _destinations(footways: Footways, origin: NDArray[np.intp], wanted_m: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return for each walk the nearest side that is at least as far as wanted, shape (W,)."""
    found = np.empty(len(origin), np.intp)
    order = np.argsort(wanted_m, kind="stable")  # short walks together: their search ends early
    for first in range(0, len(order), _AT_ONCE):
        rows = order[first : first + _AT_ONCE]
        sources, place = np.unique(origin[rows], return_inverse=True)
        reach_m = wanted_m[rows[-1]] + 2 * footways.length_m.max() + 1_000.0
        distance_m = footways.distances_m(sources, most_m=reach_m)
        distance_m[np.arange(len(sources)), sources] = np.inf
        ranked = np.argsort(distance_m, axis=1, kind="stable")
        sorted_m = np.take_along_axis(distance_m, ranked, axis=1)
        for row, source in zip(rows.tolist(), place.tolist(), strict=True):
            reachable_m = sorted_m[source, : np.isfinite(sorted_m[source]).sum()]
            within_m = wanted_m[row] % reachable_m[-1] if wanted_m[row] > reachable_m[-1] else wanted_m[row]
            found[row] = ranked[source, np.searchsorted(reachable_m, within_m)]
    return found
