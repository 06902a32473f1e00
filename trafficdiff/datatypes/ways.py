"""Say how far a scene's zones lie apart, and how good the ways between the crossings of its rim are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Ways"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Ways:
    """Hold distances and times of a place that its zones are too coarse for; immutable.

    ``Z`` zones, ``A`` edges where traffic enters across the rim, ``B`` where it leaves.

    Parameters
    ----------
    apart_m
        Shape (Z, Z), root mean square distance between the streets of two zones [m], not 0 inside one.
    entry, exit
        Shapes (A,) and (B,), rows of the scene's edges.
    time_s
        Shape (A, B), free-flow time from the begin of an entry to the end of an exit [s]; infinite without a way.
    distance_m
        Shape (A, B), straight distance between the same two points [m].
    """

    apart_m: NDArray[np.float64]
    entry: NDArray[np.int64]
    exit: NDArray[np.int64]
    time_s: NDArray[np.float64]
    distance_m: NDArray[np.float64]
