"""Let drivers plan around closures that are announced: who would come by while a road is closed leaves another way.

Whoever has no other way, or comes by later than planned, meets the closure on the road: there SUMO leads him round.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.datatypes.selection import take_trips, with_routes
from trafficdiff.datatypes.vehicles import class_mask
from trafficdiff.errors import NetworkError, TripError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.control import Closure
    from trafficdiff.datatypes.scenario import RouteChoice
    from trafficdiff.datatypes.trips import TripSet

__all__ = ["plan_around"]


def plan_around(
    trips: TripSet, closure: Closure, *, generator: np.random.Generator, choice: RouteChoice
) -> tuple[TripSet, dict[str, int]]:
    """Return the trips with other routes for those that would be on closed edges, and how many of them changed.

    A trip that begins or ends on a closed edge begins or ends beside it, within walking distance.

    Parameters
    ----------
    trips
        Their times are those of free flow.
    closure
        Of whole edges; one of lanes, or one that drivers only learn of on the road, changes nobody's plans.
    generator, choice
        As `trafficdiff.demand.rerouting.react` takes them.
    """
    if closure.lanes or closure.told_at:
        return trips, {"rerouted": 0, "moved": 0}
    rows = _concerned(trips, closure)
    if not len(rows):
        return trips, {"rerouted": 0, "moved": 0}
    return _changed(trips, rows, closure, generator=generator, choice=choice)


def _concerned(trips: TripSet, closure: Closure) -> NDArray[np.int64]:
    """Return the trips whose vehicles may not pass and would, shape (P,)."""
    from trafficdiff.demand.passing import trips_passing

    edges = np.array([trips.graph.edge_index[edge] for edge in closure.edges])
    rows = trips_passing(trips, edges, begin_s=closure.begin_s, end_s=closure.end_s)
    return np.asarray(rows[(trips.class_mask[rows] & ~class_mask(closure.open_to)) != 0])


def _changed(
    trips: TripSet,
    rows: NDArray[np.int64],
    closure: Closure,
    *,
    generator: np.random.Generator,
    choice: RouteChoice,
) -> tuple[TripSet, dict[str, int]]:
    from trafficdiff.demand.paths import Paths
    from trafficdiff.demand.reaction import OUTCOMES
    from trafficdiff.demand.rerouting import react

    graph = trips.graph
    closed = np.isin(graph.edge_id.astype(str), closure.edges)
    allowed = np.where(closed, graph.allowed_classes & class_mask(closure.open_to), graph.allowed_classes)
    try:
        found, reaction = react(
            take_trips(trips, rows), replace(graph, allowed_classes=allowed), generator=generator, choice=choice
        )
    except (NetworkError, TripError):  # no road for cars is left, or no trip has another way: all meet the closure
        return trips, {"rerouted": 0, "moved": 0}
    keep_stops = set(reaction.trip_id[~reaction.lost_stops])
    usable = np.flatnonzero([name in keep_stops for name in found.trip_id])
    outcome = reaction.outcome[~reaction.lost_stops]
    place = {name: row for row, name in zip(rows.tolist(), trips.trip_id[rows], strict=True)}
    targets = np.array([place[found.trip_id[one]] for one in usable], np.int64)
    routes = Paths(found.offsets, found.edges).take(usable)
    planned = with_routes(trips, targets, offsets=routes.offsets, edges=routes.edges)
    return planned, {name: int((outcome == OUTCOMES.index(name)).sum()) for name in ("rerouted", "moved")}
