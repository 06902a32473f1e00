"""Report what became of every trip when the roads were edited."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from trafficdiff.demand.walking import WALK_M

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["OUTCOMES", "REASONS", "Reaction"]

OUTCOMES: Final = ("kept", "rerouted", "moved", "removed")
"""What can happen to a trip, in the order of the codes of `Reaction.outcome`."""

REASONS: Final = ("", "road", "class", "turn", "faster")
"""Why: nothing; an edge is gone or closed to all; an edge is closed to the trip's vehicle class; a turn is gone; a
faster way was chosen freely. The first that holds counts. Codes of `Reaction.reason`."""


@dataclass(frozen=True, eq=False)
class Reaction:
    """Say what became of each trip when the roads were edited.

    Parameters
    ----------
    trip_id
        Shape (T,), names of the trips as they were before.
    outcome, reason
        Shape (T,), positions in `OUTCOMES` and `REASONS`. Removed and moved trips have the reason why their route
        was lost.
    walk_m
        Shape (T,), straight lines that people of moved trips walk at both ends together [m]; NaN for the others.
    lost_stops
        Shape (T,), whether the trip no longer stops to charge: its stops' edges are closed to it or cut off.
    walk_limit_m
        Longest walk at one end that was allowed [m].
    """

    trip_id: NDArray[np.object_]
    outcome: NDArray[np.int8]
    reason: NDArray[np.int8]
    walk_m: NDArray[np.float64]
    lost_stops: NDArray[np.bool_]
    walk_limit_m: float = WALK_M

    def count(self, outcome: str) -> int:
        """Return how many trips had an outcome."""
        return int((self.outcome == OUTCOMES.index(outcome)).sum())

    def ids(self, outcome: str) -> list[str]:
        """Return the names of the trips that had an outcome, in order of departure."""
        return [str(name) for name in self.trip_id[self.outcome == OUTCOMES.index(outcome)]]

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain data: counts, reasons, and the names of all trips that did not stay as they were.

        Trips that are not named have kept their route.
        """
        changed = [name for name in OUTCOMES if name != "kept"]
        reasons = {
            outcome: {
                reason: int(((self.outcome == place) & (self.reason == code)).sum())
                for code, reason in enumerate(REASONS)
                if ((self.outcome == place) & (self.reason == code)).any()
            }
            for place, outcome in enumerate(OUTCOMES)
            if outcome != "kept"
        }
        moved = self.outcome == OUTCOMES.index("moved")
        return {
            "trips": len(self.trip_id),
            **{name: self.count(name) for name in OUTCOMES},
            "reasons": reasons,
            "walk_limit_m": self.walk_limit_m,
            "mean_walk_m": round(float(self.walk_m[moved].mean()), 1) if moved.any() else None,
            "longest_walk_m": round(float(self.walk_m[moved].max()), 1) if moved.any() else None,
            "trip_ids": {name: self.ids(name) for name in changed},
            "lost_stops": [str(name) for name in self.trip_id[self.lost_stops]],
        }
