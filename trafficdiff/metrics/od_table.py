"""Count where trips begin and end on a square grid over the roads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["grid_cells", "mass_by_cell", "od_cells"]


def grid_cells(xy: NDArray[np.float64], *, side: int) -> NDArray[np.int64]:
    """Return the cell of each point on a grid of `side` x `side` equal cells over the points' bounding box.

    Parameters
    ----------
    xy
        Shape (P, 2), for example midpoints of edges [m], net coordinates.
    side
        Cells along each axis.

    Returns
    -------
    Shape (P,), ``row * side + column``, from 0 to ``side ** 2 - 1``; row 0 is the south.
    """
    low, high = xy.min(axis=0), xy.max(axis=0)
    extent = np.where(high > low, high - low, 1.0)
    place = np.minimum(((xy - low) / extent * side).astype(np.int64), side - 1)
    return np.asarray(place[:, 1] * side + place[:, 0])


def od_cells(origin: NDArray[np.int64], destination: NDArray[np.int64], *, cells: int) -> NDArray[np.int64]:
    """Return the place of each pair of cells in a flat table of `cells` x `cells`, shape (T,)."""
    return np.asarray(origin * cells + destination)


def mass_by_cell(
    cell: NDArray[np.integer[Any]], *, cells: int, weight: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Return how many trips, or how much weight, falls into each cell, shape (cells,)."""
    return np.bincount(cell, weights=weight, minlength=cells).astype(np.float64)
