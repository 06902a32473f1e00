"""Read what a city knows of its own demand from the files that somebody names."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from trafficdiff.errors import Faults, InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.workflows.calibration_targets import CalibrationData

__all__ = ["read_calibration_data"]

_Data = TypeVar("_Data")


def read_calibration_data(
    graph: RoadGraph,
    *,
    counts: Path | None = None,
    totals: Path | None = None,
    zones: Path | None = None,
    observed: Path | None = None,
    type_files: Sequence[Path] = (),
    window_s: tuple[float, float] | None = None,
) -> CalibrationData:
    """Read counts, zone totals and observed trips; what is wrong with any of them is said together.

    Parameters
    ----------
    graph
        The roads.
    counts, totals, observed
        Files, None for what is not known.
    zones
        Zones of the totals.
    type_files
        SUMO files with vehicle types of the observed trips.
    window_s
        Begin and end of the demand [s], to find intervals outside it at the same time.

    Raises
    ------
    InputError
        Naming every fault of every file.
    """
    from trafficdiff.datatypes.counts import read_counts
    from trafficdiff.datatypes.trip_files import read_trips
    from trafficdiff.datatypes.zone_files import read_totals
    from trafficdiff.workflows.calibration_targets import CalibrationData, refuse_faulty

    faults = Faults("calibration")

    def opened(path: Path | None, read: Callable[[Path], _Data]) -> _Data | None:
        if path is None:
            return None
        try:
            return read(path)
        except InputError as error:
            for words in error.faults or (str(error),):
                faults.add(words if path.name in words else f"{path.name}: {words}")
            return None

    data = CalibrationData(
        counts=opened(counts, lambda path: read_counts(path, graph)),
        totals=opened(totals, lambda path: read_totals(path, graph, zones=zones)),
        observed=opened(observed, lambda path: read_trips(path, graph, type_files=type_files)),
    )
    if window_s is not None:
        refuse_faulty(data, graph, window_s=window_s, trips=1, faults=faults)
    faults.raise_if_any(InputError)
    return data
