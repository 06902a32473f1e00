"""Leave small cells of a table out before it is published: fewer than ten trips may be one person's.

A cell below the threshold is left out. Where totals are published, one hole in a row is no secret: it is the total less
the rest. So a second cell of that row or column goes, the smallest that is left, until no hole stands alone
(complementary suppression: Willenborg and de Waal 2001, "Elements of Statistical Disclosure Control", chapter 4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.datatypes.disclosure import LEAST_IN_CELL

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["small_cells", "suppressed"]


def small_cells(counts: NDArray[np.float64], *, least: float = LEAST_IN_CELL) -> NDArray[np.bool_]:
    """Return which cells tell of somebody, but of fewer than the least, shape as the table's; empty ones do not."""
    return np.asarray((counts > 0) & (counts < least))


def suppressed(
    counts: NDArray[np.float64], *, least: float = LEAST_IN_CELL, totals: bool = False
) -> NDArray[np.float64]:
    """Return a table with NaN where too few are counted.

    Parameters
    ----------
    counts
        Shape (N,) or (N, M), at least 0; NaN stays.
    least
        Fewest in a cell that is shown.
    totals
        Whether the sums of rows and columns are published, too; needs two dimensions.

    Raises
    ------
    ValueError
        If totals are asked of a table that has no rows and columns.
    """
    table = np.array(counts, np.float64)
    if totals and table.ndim != 2:
        raise ValueError(f"expected a table of rows and columns, got {table.ndim} dimensions")
    table[small_cells(table, least=least)] = np.nan
    while totals and (hole := _second(table)) is not None:
        table[hole] = np.nan
    return table


def _second(table: NDArray[np.float64]) -> tuple[int, int] | None:
    """Return the next cell to leave out because a hole stands alone in its row or column; None when all is well."""
    for axis in (0, 1):
        holes = np.isnan(table).sum(axis=axis)
        for line in np.flatnonzero(holes == 1):
            own = table[:, line] if axis == 0 else table[line]
            if not np.isfinite(own).any():
                continue
            used = np.where(np.isfinite(own) & (own > 0), own, np.inf)
            best = int(used.argmin()) if np.isfinite(used).any() else int(np.isfinite(own).argmax())
            return (best, int(line)) if axis == 0 else (int(line), best)
    return None
