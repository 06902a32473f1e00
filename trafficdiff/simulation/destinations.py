"""Find the trips that did not end where they were going: a road closed for a while ends them at its door."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.simulation.columns import read_columns

if TYPE_CHECKING:
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.simulation.files import SumoFiles

__all__ = ["ended_elsewhere"]


def ended_elsewhere(files: SumoFiles, trips: TripSet) -> dict[str, str]:
    """Return the trips that arrived on another edge than their route's last one, and on which edge.

    Parameters
    ----------
    files
        Files of a finished simulation.
    trips
        What was simulated.

    Returns
    -------
    Edge id by trip id, in the order of the trips. SUMO ends a trip on the last open edge before a closure if it was
    to end inside; no other control changes a destination.

    Raises
    ------
    SimulationError
        If the trip information breaks off.
    """
    columns = read_columns(files.trips, ("id", "arrival", "arrivalLane"), prefix="tripinfo")
    arrived = columns.numbers("arrival") >= 0
    names, lanes = columns.text("id"), columns.text("arrivalLane")
    edge_of = {
        str(name): str(lane).rpartition("_")[0]
        for name, lane, there in zip(names, lanes, arrived, strict=True)
        if there
    }
    planned = trips.graph.edge_id[trips.edges[trips.offsets[1:] - 1]]
    known = np.array([str(name) in edge_of for name in trips.trip_id], bool)
    return {
        str(name): edge_of[str(name)]
        for name, last in zip(trips.trip_id[known], planned[known], strict=True)
        if edge_of[str(name)] != last
    }
