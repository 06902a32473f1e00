"""Hold trips with their routes as columns and CSR arrays.

Legality is part of the type: a `TripSet` whose routes do not connect cannot be made.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.datatypes.agents import check_departures
from trafficdiff.datatypes.identifiers import note_refused_ids
from trafficdiff.datatypes.vehicles import VEHICLE_TYPES, VehicleType, masks_of
from trafficdiff.errors import Faults, TripError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["CHARGING_STOP_COLUMNS", "TripSet", "illegal_turns"]

_SHOWN = 5

CHARGING_STOP_COLUMNS = ("trip", "edge", "station", "duration_s", "energy_kwh")
"""Columns of the charging stops: position of the trip, position of the edge, station id, stay [s], energy [kWh]."""


def illegal_turns(
    graph: RoadGraph, from_edges: NDArray[np.int32], to_edges: NDArray[np.int32], mask: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return which pairs of edges do not follow each other for a vehicle class.

    Parameters
    ----------
    graph
        The roads.
    from_edges, to_edges
        Shape (P,), edge positions.
    mask
        Shape (P,), class bit of the vehicle that turns.

    Returns
    -------
    Shape (P,), True where there is no connection, or none that the class may use.
    """
    count = np.int64(graph.edge_count)
    keys = graph.successor_sources * count + graph.successor_edges
    order = np.argsort(keys, kind="stable")
    wanted = from_edges.astype(np.int64) * count + to_edges
    if not len(keys):
        return np.ones(len(wanted), bool)
    place = np.minimum(np.searchsorted(keys, wanted, sorter=order), len(keys) - 1)
    found = order[place]
    return np.asarray((keys[found] != wanted) | ((graph.successor_classes[found] & mask) == 0))


@dataclass(frozen=True, eq=False, kw_only=True)
class TripSet:
    """Represent trips with routes on one road graph; immutable.

    ``T`` trips, ``R`` route edges in all.

    Parameters
    ----------
    graph
        The roads that the routes are on.
    trip_id
        Shape (T,), text.
    depart_s
        Shape (T,), departure [s of the simulated day], sorted.
    window_s
        Begin and end [s]; every departure lies in [begin, end).
    offsets, edges
        CSR of the routes: shape (T + 1,) and (R,), edge positions in `graph`.
    vehicle_type, vehicle_types
        Shape (T,), positions in the tuple of types.
    state_of_charge, battery_kwh
        Shape (T,), charge on departure (share) and battery capacity [kWh]; NaN if not electric.
    charging_stops
        Second table, columns `CHARGING_STOP_COLUMNS`; None if nobody charges on the way.
    provenance
        How the trips came to be (model or baseline, data, seed); travels into every file. Trips are synthetic where
        ``synthetic`` begins with "yes" or "true".

    Raises
    ------
    TripError
        Naming the trips and edges at fault: routes that are empty, do not connect or are closed to the
        vehicle's class, departures that are not finite, unsorted or outside the window, ids that appear
        twice or that SUMO refuses, charges outside [0, 1].
    """

    graph: RoadGraph
    trip_id: NDArray[np.object_]
    depart_s: NDArray[np.float64]
    window_s: tuple[float, float]
    offsets: NDArray[np.int64]
    edges: NDArray[np.int32]
    vehicle_type: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    vehicle_types: tuple[VehicleType, ...] = (VEHICLE_TYPES["car"],)
    state_of_charge: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    battery_kwh: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    charging_stops: pd.DataFrame | None = None
    provenance: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        count = len(self.trip_id)
        for name, value in (
            ("vehicle_type", np.zeros(count, np.int32)),
            ("state_of_charge", np.full(count, np.nan)),
            ("battery_kwh", np.full(count, np.nan)),
        ):
            if len(getattr(self, name)) == 0:
                object.__setattr__(self, name, value)
        faults = Faults("trips")
        self._check_columns(faults)
        faults.raise_if_any(TripError)
        self._check_routes(faults)
        self._check_stops(faults)
        faults.raise_if_any(TripError)
        for values in vars(self).values():
            if isinstance(values, np.ndarray):
                values.setflags(write=False)

    def _check_columns(self, faults: Faults) -> None:
        count = len(self.trip_id)
        for name in ("depart_s", "vehicle_type", "state_of_charge", "battery_kwh"):
            if len(getattr(self, name)) != count:
                faults.add(f"expected {count} values of {name}, one a trip, got {len(getattr(self, name))}")
        if len(self.offsets) != count + 1 or self.offsets[0] != 0 or self.offsets[-1] != len(self.edges):
            faults.add("expected route offsets from 0 to the number of route edges, one more than trips")
        faults.raise_if_any(TripError)
        note_refused_ids(self.trip_id.tolist(), faults, what="vehicle")
        check_departures(self.depart_s, self.window_s, faults, names=self.trip_id)
        if (np.diff(self.depart_s) < 0).any():
            faults.add("expected departures in ascending order, got them unsorted; SUMO drops late ones in silence")
        if len(set(self.trip_id.tolist())) != count:
            names, repeats = np.unique(self.trip_id.astype(str), return_counts=True)
            twice = ", ".join(names[repeats > 1][:_SHOWN])
            faults.add(f"expected unique trip ids, got {count - len(names)} repeats ({twice}, ...)")
        charge = self.state_of_charge
        if ((charge < 0) | (charge > 1)).any():
            faults.add("expected a state of charge from 0 to 1, got values outside; SUMO takes Wh, we take shares")
        if len(self.edges) and (self.edges.min() < 0 or self.edges.max() >= self.graph.edge_count):
            faults.add(f"expected route edges from 0 to {self.graph.edge_count - 1}, got others")
        for index in np.flatnonzero(np.diff(self.offsets) < 1)[:_SHOWN]:
            faults.add(f"trip {self.trip_id[index]!r}: expected a route of at least one edge, got none")

    def _check_routes(self, faults: Faults) -> None:
        names = self.graph.edge_id
        trip = np.repeat(np.arange(len(self)), self.route_lengths)
        mask = self.class_mask[trip]
        closed = np.flatnonzero((self.graph.allowed_classes[self.edges] & mask) == 0)
        for place in closed[:_SHOWN]:
            faults.add(
                f"trip {self.trip_id[trip[place]]!r}: edge {names[self.edges[place]]!r} is closed to vehicle class "
                f"{self._class_of(trip[place])!r}; route it for that class"
            )
        inner = np.flatnonzero(trip[1:] == trip[:-1])
        bad = illegal_turns(self.graph, self.edges[inner], self.edges[inner + 1], mask[inner])
        for place in inner[bad][:_SHOWN]:
            faults.add(
                f"trip {self.trip_id[trip[place]]!r}: expected an edge that follows {names[self.edges[place]]!r} for "
                f"vehicle class {self._class_of(trip[place])!r}, got {names[self.edges[place + 1]]!r}; "
                "route the trip on this net"
            )
        if (hidden := len(closed) + int(bad.sum()) - 2 * _SHOWN) > 0:
            faults.add(f"and up to {hidden} more route edges at fault")

    def _check_stops(self, faults: Faults) -> None:
        if self.charging_stops is None:
            return
        missing = set(CHARGING_STOP_COLUMNS) - set(self.charging_stops.columns)
        if missing:
            faults.add(f"charging stops: expected the columns {CHARGING_STOP_COLUMNS}, missing {sorted(missing)}")
            return
        trip = self.charging_stops["trip"].to_numpy()
        if ((trip < 0) | (trip >= len(self))).any():
            faults.add(f"charging stops: expected trips from 0 to {len(self) - 1}, got others")

    def _class_of(self, trip: int) -> str:
        return self.vehicle_types[int(self.vehicle_type[trip])].vehicle_class

    def __len__(self) -> int:
        return len(self.trip_id)

    @property
    def route_lengths(self) -> NDArray[np.int64]:
        """Number of edges of each route, shape (T,)."""
        return np.diff(self.offsets)

    @property
    def class_mask(self) -> NDArray[np.int64]:
        """Bit of each trip's vehicle class, shape (T,)."""
        return masks_of(self.vehicle_types, self.vehicle_type)

    @property
    def are_synthetic(self) -> bool:
        """Whether the provenance says that the trips were made, not given; trips that say nothing count as given."""
        return self.provenance.get("synthetic", "").lower().startswith(("yes", "true"))

    @property
    def origin(self) -> str:
        """What to call the trips beside whatever is made from them."""
        return "synthetic demand" if self.are_synthetic else "given trips, replayed"

    def sum_over_route(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the sum of an edge quantity (shape (E,)) along each route, shape (T,)."""
        along = np.concatenate([[0.0], np.cumsum(values[self.edges])])
        return np.asarray(along[self.offsets[1:]] - along[self.offsets[:-1]])
