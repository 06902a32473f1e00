"""Read what a finished simulation recorded of its road users."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.scenario import Scenario
    from trafficdiff.datatypes.tracks import Tracks
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.workflows.measures import Changed

__all__ = ["recorded_tracks"]


def recorded_tracks(scenario: Scenario, changed: Changed, trips: TripSet, *, simulation: Path) -> Tracks | None:
    """Return the tracks of a run, or None where none were recorded.

    Parameters
    ----------
    scenario, changed, trips
        What was simulated.
    simulation
        Folder with SUMO's outputs.
    """
    from trafficdiff.simulation.files import files_of
    from trafficdiff.simulation.vehicle_tracks import read_tracks

    files = files_of(trips, options=scenario.simulation, directory=simulation, control=changed.control)
    if not files.has_tracks:
        return None
    return read_tracks(
        files.tracks, graph=changed.graph, trips=trips, step_s=scenario.track_step_s,
        simulated_step_s=scenario.simulation.step_s, end_s=scenario.tracks_end_s,
    )  # fmt: skip
