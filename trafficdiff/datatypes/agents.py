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
    """Note departures that are not finite, or lie outside [begin, end) [s], with how many and the first of them."""
    begin_s, end_s = window_s
    if not end_s > begin_s:
        faults.add(f"expected a window that ends after it begins, got {_number(begin_s)} to {_number(end_s)} s")
    finite = np.isfinite(depart_s)
    outside = finite & ((depart_s < begin_s) | (depart_s >= end_s))
    if not finite.all():
        faults.add(
            f"expected finite departures [s], got {_counted(~finite, depart_s, names, how='not finite')}; "
            "give seconds of the simulated day"
        )
    if outside.any():
        first_s, last_s = depart_s[finite].min(), depart_s[finite].max()
        faults.add(
            f"expected departures from {_number(begin_s)} to before {_number(end_s)} s, "
            f"got {_counted(outside, depart_s, names, how='outside')}; "
            f"the departures run from {_number(first_s)} to {_number(last_s)} s: "
            "set the window to them, or leave out the trips outside (only_inside_window: true in a file demand)"
        )


def _counted(chosen: NDArray[np.bool_], depart_s: NDArray[np.float64], names: NDArray[np.object_], *, how: str) -> str:
    """Return how many trips are chosen, and the first of them with their departures."""
    places = np.flatnonzero(chosen)
    first = ", ".join(f"trip {names[place]!r} at {_number(depart_s[place])} s" for place in places[:_SHOWN])
    more = f" and {len(places) - _SHOWN:,} more" if len(places) > _SHOWN else ""
    return f"{len(places):,} of {len(chosen):,} {how} ({first}{more})"


def _number(value: float) -> str:
    """Write a time so that no digit is lost that a person would miss; ``:g`` turns 1234567 into 1.23457e+06."""
    return f"{value:.10g}"


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
