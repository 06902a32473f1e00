"""Bar old vehicles from a zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.datatypes.effect import Effect
from trafficdiff.datatypes.selection import with_routes
from trafficdiff.errors import ScenarioError
from trafficdiff.scenarios.declaring import declared_by
from trafficdiff.scenarios.demand_edit import DemandEdit
from trafficdiff.scenarios.edges import choose
from trafficdiff.scenarios.trip_choice import destinations, of_families, origins, within
from trafficdiff.scenarios.trip_edits import dropped, is_stopping
from trafficdiff.scenarios.zones import touches

if TYPE_CHECKING:
    from trafficdiff.datatypes.demand_measures import LowEmissionZone
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.scenarios.demand_edit import Means

__all__ = ["low_emission_zone"]


def low_emission_zone(measure: LowEmissionZone, trips: TripSet, *, means: Means) -> DemandEdit:
    """Send barred vehicles round the zone, change them for clean ones, or take their trips off the road.

    ::

        touches the zone, in a barred type, too old ─┬─ both ends outside, a way round ──▶ drives round
                                                     └─ else ─┬─ changes its vehicle ────▶ drives as before
                                                              └─ gives up ───────────────▶ removed

    Who is too old and who changes is decided trip by trip, so a larger share bars all whom a smaller one does. The
    moment that counts is when a trip reaches the zone at free flow. Trips that stop to charge do not drive round.

    Raises
    ------
    ScenarioError
        If the zone holds no road, or no vehicle of a barred type touches it then.
    """
    zone = choose(trips.graph, measure.zone)
    passing = touches(trips, zone)
    met = passing.meets & of_families(trips, measure.barred_types) & within(passing.time_s, measure.during)
    if not met.any():
        raise ScenarioError(
            f"expected trips by {', '.join(measure.barred_types)} in the zone, got none of "
            f"{len(trips):,}; choose another zone, period or other types"
        )
    rows = np.flatnonzero(met)
    barred = rows[means.chance.uniforms(trips.trip_id[rows], "old") < measure.barred_share]
    through = barred[~(passing.begins_inside | passing.ends_inside | is_stopping(trips))[barred]]
    masks = trips.class_mask
    routes = means.router.best(origins(trips)[through], destinations(trips)[through], masks[through], closed=zone)
    round_it = through[routes.reachable]
    rest = np.setdiff1d(barred, round_it)
    gone = np.zeros(len(trips), bool)
    gone[rest[means.chance.uniforms(trips.trip_id[rest], "replaced") >= measure.replaced_share]] = True
    counts = {
        "met": len(rows),
        "barred": len(barred),
        "rerouted": len(round_it),
        "without_a_way_round": len(through) - len(round_it),
        "replaced": len(rest) - int(gone.sum()),
        "removed": int(gone.sum()),
    }
    effect = Effect(
        kind=measure.kind,
        summary=f"of {len(barred):,} barred trips {counts['rerouted']:,} drive round, {counts['replaced']:,} change "
        f"vehicle, {counts['removed']:,} are given up",
        edges=tuple(str(name) for name in trips.graph.edge_id[zone]),
        trips=counts,
        trip_ids={"removed": tuple(trips.trip_id[gone])},
        declared=declared_by(measure, barred_share="1", replaced_share="1"),
    )
    ways = routes.taken(routes.reachable)
    edited = dropped(with_routes(trips, round_it, offsets=ways.offsets, edges=ways.edges), gone)
    return DemandEdit(trips=edited, effect=effect, keeps_route=tuple(trips.trip_id[round_it]))
