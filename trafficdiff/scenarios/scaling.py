"""Thin trips out, or copy them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.effect import Declared, Effect
from trafficdiff.scenarios.demand_edit import DemandEdit
from trafficdiff.scenarios.trip_choice import chosen_trips
from trafficdiff.scenarios.trip_edits import added, copied, dropped, free_names

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.demand_measures import ScaleDemand
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.scenarios.demand_edit import Means

__all__ = ["JITTER_S", "scale_demand"]

JITTER_S: Final = 300.0
"""Furthest that a copy departs from its original [s], either way: one aggregation interval, so that the shape of the
day stays as it was. Declared."""

_PER_SECOND: Final = 100


def scale_demand(measure: ScaleDemand, trips: TripSet, *, means: Means) -> DemandEdit:
    """Multiply trips: below 1 each stays with that chance, above 1 each is copied, the rest of the factor by chance.

    Each trip's chance is its own, so what goes at a factor of 0.8 goes at 0.6 as well, and what is copied at 1.2 is
    copied at 1.4. A copy is named ``ID.copy1``, has the original's route and vehicle, and departs up to `JITTER_S`
    before or after it, inside the study and inside the measure's own period. A factor of 1 changes nothing.

    Raises
    ------
    ScenarioError
        If no trip is chosen.
    """
    found = chosen_trips(
        trips,
        origin=measure.origin,
        destination=measure.destination,
        during=measure.during,
        vehicle_types=measure.vehicle_types,
    )
    rows = np.flatnonzero(found)
    uniform = means.chance.uniforms(trips.trip_id[rows])
    counts = {"chosen": len(rows)}
    if measure.factor < 1:
        gone = np.zeros(len(trips), bool)
        gone[rows[uniform >= measure.factor]] = True
        effect = Effect(
            kind=measure.kind,
            summary=f"{int(gone.sum()):,} of {len(rows):,} trips removed",
            trips={**counts, "removed": int(gone.sum()), "added": 0},
            trip_ids={"removed": tuple(trips.trip_id[gone])},
        )
        return DemandEdit(trips=dropped(trips, gone), effect=effect)
    whole = int(measure.factor)
    times = whole - 1 + (uniform < measure.factor - whole)
    effect = Effect(
        kind=measure.kind,
        summary=f"{int(times.sum()):,} copies of {len(rows):,} trips added",
        trips={**counts, "removed": 0, "added": int(times.sum())},
        declared={"jitter_s": Declared(value=JITTER_S, unit="s", source="one aggregation interval")},
    )
    return DemandEdit(trips=_with_copies(trips, rows, times, measure=measure, means=means), effect=effect)


def _with_copies(
    trips: TripSet, rows: NDArray[np.int64], times: NDArray[np.int64], *, measure: ScaleDemand, means: Means
) -> TripSet:
    if not times.any():
        return trips
    source = np.repeat(rows, times)
    number = np.arange(len(source)) - np.repeat(np.cumsum(times) - times, times) + 1
    wanted = [f"{trips.trip_id[row]}.copy{copy}" for row, copy in zip(source, number, strict=True)]
    names = free_names(wanted, trips.trip_id)
    shift_s = (2 * means.chance.uniforms(names, "departure") - 1) * JITTER_S
    low_s, high_s = trips.window_s
    if measure.during is not None:
        low_s, high_s = max(low_s, measure.during.begin_s), min(high_s, measure.during.end_s)
    depart_s = _folded(trips.depart_s[source] + shift_s, low_s, high_s)
    return added(trips, copied(trips, source, trip_id=names, depart_s=depart_s))


def _folded(time_s: NDArray[np.float64], low_s: float, high_s: float) -> NDArray[np.float64]:
    """Return times reflected at both ends of [low, high), in hundredths of a second as SUMO's files show them."""
    length_s = high_s - low_s
    inside = length_s - np.abs((time_s - low_s) % (2 * length_s) - length_s)
    rounded = np.floor((low_s + inside) * _PER_SECOND) / _PER_SECOND
    return np.asarray(np.clip(rounded, low_s, np.nextafter(high_s, low_s)))
