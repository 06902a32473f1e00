"""Hold who wants to charge on the way, how much, and how each of them ended up.

What a model of charging draws, and what a rule declares, are both `ChargingWishes`; the plan and the queue only see
these.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.errors import Faults, TripError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from trafficdiff.datatypes.trips import TripSet

__all__ = ["OUTCOMES", "ChargingWishes", "check_batteries", "note_battery_faults"]

OUTCOMES: Final = ("served", "waiting", "unmet", "stranded")
"""How an EV that wanted to charge ended: it got a plug; it stood in a queue or was on its way to one when the
simulation ended; it gave up or found no station; its battery ran empty before a plug. Each EV is exactly one."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ChargingWishes:
    """Represent the wish to charge on the way, a row an EV; immutable.

    Parameters
    ----------
    trip
        Shape (W,), positions of the trips, ascending.
    target
        Shape (W,), charge (share) at which they unplug.
    patience_s
        Shape (W,), longest wait for a plug [s].
    reserves
        Shape (W,), whether they book a plug before they leave.
    station
        Shape (W,), id of the station that they go to first, ``""`` for those that choose; None if all choose.
    stay_s
        Shape (W,), least time at the plug [s]; None if all leave when they have enough.
    sessions
        What a model drew and who took it, columns of `trafficdiff.demand.charging_joining`; None without a model.

    Raises
    ------
    TripError
        Listing columns of another length, trips that are not ascending, targets outside (0, 1], negative patience or
        stays.
    """

    trip: NDArray[np.int64]
    target: NDArray[np.float64]
    patience_s: NDArray[np.float64]
    reserves: NDArray[np.bool_]
    station: NDArray[np.object_] | None = None
    stay_s: NDArray[np.float64] | None = None
    sessions: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        faults = Faults("charging wishes")
        count = len(self.trip)
        for name in ("target", "patience_s", "reserves", "station", "stay_s"):
            values = getattr(self, name)
            if values is not None and len(values) != count:
                faults.add(f"expected {count} values of {name}, one an EV, got {len(values)}")
        if (np.diff(self.trip) <= 0).any() or (count and self.trip[0] < 0):
            faults.add("expected trips in ascending order, each once, got others")
        if not ((self.target > 0) & (self.target <= 1)).all():
            faults.add("expected targets above 0 and at most 1 (shares of the battery), got others")
        if not (self.patience_s >= 0).all():
            faults.add("expected a patience of at least 0 s, got less")
        if self.stay_s is not None and not (self.stay_s >= 0).all():
            faults.add("expected stays of at least 0 s, got less")
        faults.raise_if_any(TripError)

    def __len__(self) -> int:
        return len(self.trip)


def check_batteries(trips: TripSet) -> None:
    """Check that every electric car has a battery and a charge.

    Raises
    ------
    TripError
        Listing every fault.
    """
    faults = Faults("batteries")
    note_battery_faults(trips, faults)
    faults.raise_if_any(TripError)


def note_battery_faults(trips: TripSet, faults: Faults, *, shown: int = 5) -> None:
    """Note every electric car with a battery of no capacity, or with a battery and no charge."""
    capacity = trips.battery_kwh
    bad = np.flatnonzero((np.isfinite(trips.state_of_charge) | ~np.isnan(capacity)) & ~(capacity > 0))
    for trip in bad[:shown]:
        faults.add(f"EV {trips.trip_id[trip]!r}: expected a battery of more than 0 kWh, got {capacity[trip]:g}")
    unknown = np.flatnonzero((capacity > 0) & np.isnan(trips.state_of_charge))
    for trip in unknown[:shown]:
        faults.add(f"EV {trips.trip_id[trip]!r}: expected a charge on departure (share), got none")
    if (more := max(0, len(bad) - shown) + max(0, len(unknown) - shown)) > 0:
        faults.add(f"and {more} more EVs with such faults")
