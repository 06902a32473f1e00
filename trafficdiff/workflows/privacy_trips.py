"""Measure drawn trips against those that a model learned from and those that it did not.

::

    training trips ──┬── copies, nearer share ──▶ gates       distance: origin, destination and departure, the four or
    held-out trips ──┤                                        five numbers by which people are found again in traces
    drawn trips ─────┘                                        (de Montjoye et al. 2013)

Metres are in units of the spread of trip ends, seconds in units of that of departures, both of the real trips; so a
neighbour is one that is like in where *and* in when. The route adds little: who knows both ends knows most of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.selection import take_trips
from trafficdiff.metrics.od_table import grid_cells, mass_by_cell, od_cells
from trafficdiff.metrics.privacy_attack import Attack, attack
from trafficdiff.metrics.privacy_copies import Copies, exact_copies
from trafficdiff.metrics.privacy_distance import closer_share, standardised
from trafficdiff.metrics.privacy_gates import Gate, closer_gate, copy_gates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from trafficdiff.datatypes.trips import TripSet

__all__ = ["equal_halves", "halves", "nearness_attack", "od_table", "trip_gates"]

_GROUPS: Final = (0, 0, 0, 0, 1)
_SIDE: Final = 8


def halves(trips: TripSet, *, generator: np.random.Generator) -> tuple[TripSet, TripSet]:
    """Return two random halves of trips, equally many; an odd one is left out."""
    order, half = generator.permutation(len(trips)), len(trips) // 2
    return take_trips(trips, order[:half]), take_trips(trips, order[half : 2 * half])


def equal_halves(
    training: TripSet, held_out: TripSet, *, generator: np.random.Generator, most: int | None = None
) -> tuple[TripSet, TripSet]:
    """Return as many of one as of the other, at most so many, at random."""
    count = min(len(training), len(held_out), most or len(training))
    one, other = (take_trips(trips, generator.permutation(len(trips))[:count]) for trips in (training, held_out))
    return one, other


def trip_gates(drawn: TripSet, training: TripSet, held_out: TripSet) -> tuple[Gate, ...]:
    """Return the gates about copies and about nearness.

    Parameters
    ----------
    drawn
        Made-up trips.
    training, held_out
        Real trips, equally many, on the same roads.
    """
    points = standardised(*(_points(trips) for trips in (drawn, training, held_out)), groups=_GROUPS)
    return (*copy_gates(_copies(drawn, training), _copies(held_out, training)), closer_gate(closer_share(*points)))


def nearness_attack(drawn: TripSet, members: TripSet, others: TripSet) -> Attack:
    """Return how well nearness to a drawn trip tells members from others: for files whose model nobody has.

    Chen et al. (2020), "GAN-Leaks: a taxonomy of membership inference attacks against generative models".
    """
    from scipy.spatial import cKDTree

    made, own, other = standardised(*(_points(trips) for trips in (drawn, members, others)), groups=_GROUPS)
    tree = cKDTree(made)
    return attack(-np.asarray(tree.query(own)[0]), -np.asarray(tree.query(other)[0]))


def od_table(trips: TripSet) -> NDArray[np.float64]:
    """Return how many trips go from each cell of an 8 x 8 grid to each other one, shape (64, 64)."""
    cells = grid_cells(trips.graph.midpoint_xy, side=_SIDE)
    origin, destination = (cells[end] for end in _ends(trips))
    count = _SIDE * _SIDE
    return mass_by_cell(od_cells(origin, destination, cells=count), cells=count * count).reshape(count, count)


def _ends(trips: TripSet) -> Sequence[NDArray[np.int32]]:
    return trips.edges[trips.offsets[:-1]], trips.edges[trips.offsets[1:] - 1]


def _points(trips: TripSet) -> NDArray[np.float64]:
    """Return origin, destination [m] and departure [s] of trips, shape (T, 5)."""
    middle = trips.graph.midpoint_xy
    origin, destination = _ends(trips)
    return np.column_stack([middle[origin], middle[destination], trips.depart_s])


def _copies(trips: TripSet, known: TripSet) -> Copies:
    return exact_copies(
        trips.edges, trips.offsets, trips.depart_s,
        known_edges=known.edges, known_offsets=known.offsets, known_depart_s=known.depart_s,
    )  # fmt: skip
