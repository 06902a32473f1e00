"""Find counts that cannot both be right: on one stretch of road, in one interval, and far apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from trafficdiff.demand.chains import stretches

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

    from trafficdiff.datatypes.counts import Counts

__all__ = ["Clash", "between", "clashes_of", "usual_mask"]

_GEH: Final = 5.0
_SECONDS_PER_HOUR: Final = 3_600.0


class Clash(NamedTuple):
    """Name rows of counts on one stretch, from the greatest count to the least."""

    rows: tuple[int, ...]


def clashes_of(counts: Counts, mask: int) -> list[Clash]:
    """Return the stretches whose counts of one interval differ by a GEH of 5 or more.

    Nobody can turn off or in between the counted places; the difference would have to begin or end there.

    Parameters
    ----------
    counts
        All counts.
    mask
        Bit of the vehicle class that is calibrated.
    """
    stretch = stretches(counts.graph, mask)[counts.edge]
    key = np.stack([stretch.astype(np.float64), counts.begin_s, counts.end_s], axis=1)
    _, group, size = np.unique(key, axis=0, return_inverse=True, return_counts=True)
    group = group.ravel()
    found = []
    for number in np.flatnonzero(size > 1):
        rows = np.flatnonzero(group == number)
        rows = rows[np.argsort(-counts.count[rows], kind="stable")]
        most, least = counts.count[rows[0]], counts.count[rows[-1]]
        hours = float(counts.end_s[rows[0]] - counts.begin_s[rows[0]]) / _SECONDS_PER_HOUR
        if most > least and np.sqrt(2 * (most - least) ** 2 / (most + least) / hours) >= _GEH:
            found.append(Clash(tuple(rows.tolist())))
    return found


def between(hits: csr_matrix, clashes: list[Clash]) -> csr_matrix:
    """Return which trips begin or end between counts that clash, shape (T, pairs), pairs of neighbours in size.

    These are held to what the model has: else a few trips that end there would be multiplied until all counts are met.
    """
    from scipy.sparse import csr_matrix

    pairs = [pair for clash in clashes for pair in zip(clash.rows[:-1], clash.rows[1:], strict=True)]
    if not pairs:
        return csr_matrix((hits.shape[0], 0))
    columns = hits.tocsc()
    high, low = (columns[:, [pair[side] for pair in pairs]] for side in (0, 1))
    return abs(high - low).tocsr()  # type: ignore[no-any-return]


def usual_mask(masks: NDArray[np.int64]) -> int:
    """Return the class bit that most trips have."""
    names, number = np.unique(masks, return_counts=True)
    return int(names[number.argmax()])
