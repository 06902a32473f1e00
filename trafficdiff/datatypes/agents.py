"""Hold what a demand model decides about travellers, before a route exists.

::

    demand model (diffusion, gravity, uniform) ──▶ Agents ──router──▶ TripSet
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.datatypes.vehicles import VEHICLE_TYPES, VehicleType
from trafficdiff.errors import Faults, TripError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["Agents", "check_departures"]

_SHOWN = 5


def check_departures(
    depart_s: NDArray[np.float64],
    window_s: tuple[float, float],
    faults: Faults,
    *,
    names: NDArray[np.object_],
) -> None:
    """Note departures that are not finite, or lie outside [begin, end) [s]."""
    begin_s, end_s = window_s
    if not end_s > begin_s:
        faults.add(f"expected a window that ends after it begins, got {begin_s:g} to {end_s:g} s")
    finite = np.isfinite(depart_s)
    outside = finite & ((depart_s < begin_s) | (depart_s >= end_s))
    for index in np.flatnonzero(~finite)[:_SHOWN]:
        faults.add(f"trip {names[index]!r}: expected a finite departure [s], got {depart_s[index]}")
    for index in np.flatnonzero(outside)[:_SHOWN]:
        faults.add(
            f"trip {names[index]!r}: expected a departure from {begin_s:g} to before {end_s:g} s, "
            f"got {depart_s[index]:g} s; widen the window or drop the trip"
        )
    if (hidden := int((~finite).sum() + outside.sum()) - 2 * _SHOWN) > 0:
        faults.add(f"and up to {hidden} more departures that are not finite or outside the window")


@dataclass(frozen=True, eq=False, kw_only=True)
class Agents:
    """Represent travellers with origin, destination, vias and departure, but no route yet; immutable.

    ``A`` agents. Places are edge positions in `graph`.

    Parameters
    ----------
    graph
        The roads that the places are on.
    origin, destination
        Shape (A,), edges where the trip begins and ends.
    depart_s
        Shape (A,), departure [s of the simulated day], sorted.
    window_s
        Begin and end [s]; every departure lies in [begin, end).
    via_offsets, via_edges
        CSR of edges to pass on the way, in order: shape (A + 1,) and (V,).
    vehicle_type
        Shape (A,), positions in `vehicle_types`.
    vehicle_types
        The types that occur.
    state_of_charge, battery_kwh
        Shape (A,), charge on departure as a share of the battery, and its capacity [kWh]; NaN if not electric.

    Raises
    ------
    TripError
        Listing every fault.
    """

    graph: RoadGraph
    origin: NDArray[np.int32]
    destination: NDArray[np.int32]
    depart_s: NDArray[np.float64]
    window_s: tuple[float, float]
    via_offsets: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    via_edges: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    vehicle_type: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    vehicle_types: tuple[VehicleType, ...] = (VEHICLE_TYPES["car"],)
    state_of_charge: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    battery_kwh: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        count = len(self.origin)
        defaults = {
            "via_offsets": np.zeros(count + 1, np.int64),
            "vehicle_type": np.zeros(count, np.int32),
            "state_of_charge": np.full(count, np.nan),
            "battery_kwh": np.full(count, np.nan),
        }
        for name, value in defaults.items():
            if len(getattr(self, name)) == 0:
                object.__setattr__(self, name, value)
        faults = Faults("agents")
        names = np.arange(count).astype(object)
        check_departures(self.depart_s, self.window_s, faults, names=names)
        if (np.diff(self.depart_s) < 0).any():
            faults.add("expected departures in ascending order, got them unsorted; sort the agents by departure")
        for what, places in (
            ("origin", self.origin),
            ("destination", self.destination),
            ("via", self.via_edges),
        ):
            if ((places < 0) | (places >= self.graph.edge_count)).any():
                faults.add(f"expected every {what} to be an edge of the graph (0 to {self.graph.edge_count - 1})")
        if self.via_offsets[0] != 0 or self.via_offsets[-1] != len(self.via_edges):
            faults.add("expected via offsets from 0 to the number of vias")
        faults.raise_if_any(TripError)

    def __len__(self) -> int:
        return len(self.origin)

    @property
    def types_by_name(self) -> Mapping[str, VehicleType]:
        """The vehicle types by their name."""
        return {kind.name: kind for kind in self.vehicle_types}
