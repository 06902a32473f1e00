"""Hold how many trips begin and end in zones, or go from zone to zone: what a census or a survey tells of demand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.errors import Faults, InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["ANY", "ZoneTotals", "note_total_faults"]

ANY: Final = -1
"""Stands for any zone, and for no zone: edges outside all of them belong to none."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ZoneTotals:
    """Represent totals of trips between zones, one row a total; immutable. ``Z`` zones, ``R`` rows.

    ::

        origin  destination   the row says
        z       any           how many trips begin in z
        any     z             how many end in z
        z       y             how many go from z to y

    Parameters
    ----------
    graph
        The roads.
    names
        Of the zones.
    zone
        Shape (E,), the zone of each edge, or `ANY` for none.
    origin, destination
        Shape (R,), positions of zones, or `ANY`.
    begin_s, end_s
        Shape (R,), departures from and to before [s of the simulated day]; infinite for the whole window.
    trips
        Shape (R,), how many.

    Raises
    ------
    InputError
        Listing every fault: zones that are none, trips that are negative or not finite, a row for any zone to any.
    """

    graph: RoadGraph
    names: tuple[str, ...]
    zone: NDArray[np.int32]
    origin: NDArray[np.int32]
    destination: NDArray[np.int32]
    begin_s: NDArray[np.float64]
    end_s: NDArray[np.float64]
    trips: NDArray[np.float64]

    def __post_init__(self) -> None:
        faults = Faults("zone totals")
        note_total_faults(self, faults)
        faults.raise_if_any(InputError)

    def __len__(self) -> int:
        return len(self.trips)

    def said(self, row: int) -> str:
        """Return in words what a row counts."""
        from_, to = int(self.origin[row]), int(self.destination[row])
        if to == ANY:
            return f"trips from zone {self.names[from_]!r}"
        if from_ == ANY:
            return f"trips to zone {self.names[to]!r}"
        return f"trips from zone {self.names[from_]!r} to {self.names[to]!r}"


def note_total_faults(totals: ZoneTotals, faults: Faults) -> None:
    """Note what is wrong with totals."""
    zones = len(totals.names)
    for what, places in (("zones of edges", totals.zone), ("origins", totals.origin), ("ends", totals.destination)):
        if ((places < ANY) | (places >= zones)).any():
            faults.add(f"expected {what} from 0 to {zones - 1}, or {ANY}, got others")
    bad = np.flatnonzero(~(np.isfinite(totals.trips) & (totals.trips >= 0)))
    for row in bad:
        faults.add(f"row {row}: expected a number of trips from 0, got {totals.trips[row]}")
    for row in np.flatnonzero((totals.origin == ANY) & (totals.destination == ANY)):
        faults.add(f"row {row}: expected an origin or a destination, got neither")
    for row in np.flatnonzero(~(totals.begin_s < totals.end_s)):
        faults.add(f"row {row}: expected begin before end [s], got {totals.begin_s[row]:g} and {totals.end_s[row]:g}")
