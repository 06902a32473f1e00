"""Count what measures did to trips, each trip once: by comparing the trips of the base with those that drive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.demand.paths import Paths

__all__ = ["FATES", "tally"]

FATES: Final = ("rerouted", "moved", "removed", "added")
"""What can become of a trip; one that stays as it was has none of them."""


def tally(before: TripSet, after: TripSet) -> dict[str, int]:
    """Return how many trips were changed, by what became of them in the end.

    A trip that several measures change counts once: as ``removed`` if it is gone, as ``moved`` if it begins or ends on
    another edge, as ``rerouted`` if it drives another way between the same edges. What the base does not have is
    ``added``.

    Parameters
    ----------
    before, after
        Trips on the base's roads and on the edited ones; trips and edges are the same where their ids are.
    """
    import pandas as pd

    from trafficdiff.demand.paths import Paths

    place = pd.Index(after.trip_id.astype(str)).get_indexer(pd.Index(before.trip_id.astype(str)))
    kept = np.flatnonzero(place >= 0)
    names = [str(name) for name in before.graph.edge_id]
    edge = np.array([after.graph.edge_index.get(name, -1) for name in names], np.int32)
    was = Paths(before.offsets, edge[before.edges]).take(kept)
    now = Paths(after.offsets, after.edges).take(place[kept])
    moved = (was.edges[was.offsets[:-1]] != now.edges[now.offsets[:-1]]) | (
        was.edges[was.offsets[1:] - 1] != now.edges[now.offsets[1:] - 1]
    )
    return {
        "rerouted": int((_differs(was, now) & ~moved).sum()),
        "moved": int(moved.sum()),
        "removed": len(before) - len(kept),
        "added": len(after) - len(kept),
    }


def _differs(was: Paths, now: Paths) -> NDArray[np.bool_]:
    """Return which of two lists of routes differ, shape (P,)."""
    differs = np.asarray(was.lengths != now.lengths)
    alike = np.flatnonzero(~differs)
    one, other = was.take(alike), now.take(alike)
    route = np.repeat(alike, one.lengths)
    differs[route[one.edges != other.edges]] = True
    return differs
