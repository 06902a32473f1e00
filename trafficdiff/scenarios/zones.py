"""Tell which trips touch a zone or enter it, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.scenarios.trip_choice import destinations, origins

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.trips import TripSet

__all__ = ["Passing", "enters", "touches"]


@dataclass(frozen=True, eq=False)
class Passing:
    """Hold how trips meet a zone, shape (T,) each.

    Parameters
    ----------
    meets
        Whether they do.
    time_s
        When they do so first, at free flow [s]; infinite where they do not.
    begins_inside, ends_inside
        Whether they begin or end on an edge of the zone.
    """

    meets: NDArray[np.bool_]
    time_s: NDArray[np.float64]
    begins_inside: NDArray[np.bool_]
    ends_inside: NDArray[np.bool_]


def touches(trips: TripSet, zone: NDArray[np.bool_]) -> Passing:
    """Return which trips use an edge of a zone, shape (E,), wherever they come from."""
    return _passing(trips, zone, zone[trips.edges])


def enters(trips: TripSet, zone: NDArray[np.bool_]) -> Passing:
    """Return which trips drive into a zone, shape (E,), from outside; who begins inside and stays does not."""
    inside = zone[trips.edges]
    before = np.concatenate([[True], inside[:-1]])
    before[trips.offsets[:-1]] = True
    return _passing(trips, zone, inside & ~before)


def _passing(trips: TripSet, zone: NDArray[np.bool_], marked: NDArray[np.bool_]) -> Passing:
    places = np.flatnonzero(marked)
    first = np.searchsorted(places, trips.offsets[:-1])
    place = np.append(places, len(trips.edges))[first]
    meets = place < trips.offsets[1:]
    before_s = np.concatenate([[0.0], np.cumsum(trips.graph.free_flow_time_s[trips.edges])])
    time_s = trips.depart_s + before_s[place] - before_s[trips.offsets[:-1]]
    return Passing(meets, np.where(meets, time_s, np.inf), zone[origins(trips)], zone[destinations(trips)])
