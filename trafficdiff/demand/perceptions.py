"""Let drivers see link times each in their own way, the same way before and after an edit of the roads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.datatypes.chance import Chance
from trafficdiff.demand.router import perceived_times

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.scenario import RouteChoice
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.demand.link_times import LinkTimes

__all__ = ["Perceptions"]


class Perceptions:
    """Hold what each driver multiplies link times with, on the roads before an edit and after it.

    Edges that both have are seen alike; what is new is drawn after them. Which perception a driver has depends on the
    trip's name and the generator alone.
    """

    def __init__(
        self,
        trips: TripSet,
        after: RoadGraph,
        position: NDArray[np.int64],
        *,
        choice: RouteChoice,
        generator: np.random.Generator,
    ) -> None:
        self._draw = np.zeros(len(trips), np.int64)
        if choice.spread > 0:
            self._draw = (Chance.drawn(generator).uniforms(trips.trip_id) * choice.draws).astype(np.int64)
        self._depart_s = trips.depart_s
        there = position >= 0
        added = np.ones(after.edge_count, bool)
        added[position[there]] = False
        self._before = perceived_times(np.ones(len(position)), choice=choice, generator=generator)
        self._after = np.ones((len(self._before), after.edge_count))
        self._after[:, position[there]] = self._before[:, there]
        self._after[:, added] = perceived_times(np.ones(int(added.sum())), choice=choice, generator=generator)

    def before(self, times: LinkTimes) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return the link times before the edit as they are seen, shape (K, E) [s], and each trip's row of them."""
        return self._seen(times, self._before)

    def after(self, times: LinkTimes) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return the link times after the edit as they are seen, shape (K, E) [s], and each trip's row of them."""
        return self._seen(times, self._after)

    def _seen(self, times: LinkTimes, factors: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        seen = factors[:, None, :] * times.time_s[None]
        row = self._draw * len(times.begins_s) + times.interval(self._depart_s)
        return seen.reshape(-1, factors.shape[1]), row
