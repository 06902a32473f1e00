"""Read and write trips: ``.parquet`` for programs, ``.rou.xml`` and ``.rou.xml.gz`` for SUMO.

Both formats hold departures, charges and provenance exactly, so a trip set that is written and read is the same
trip set. SUMO itself computes with milliseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trafficdiff.datatypes.road_lists import read_road_lists
from trafficdiff.datatypes.route_reader import read_requests, read_routes
from trafficdiff.datatypes.route_writer import write_routes
from trafficdiff.datatypes.selection import cut_to_window
from trafficdiff.datatypes.trip_parquet import read_parquet, write_parquet
from trafficdiff.errors import TripError
from trafficdiff.publish import publishing_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from trafficdiff.datatypes.agents import Agents
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.trips import TripSet

__all__ = ["read_agents", "read_trips", "write_trips"]

_XML = (".xml", ".xml.gz")
_ROAD_LISTS = (".txt", ".txt.gz")


def write_trips(trips: TripSet, path: Path) -> None:
    """Write trips with their routes; the file appears whole or not at all.

    Parameters
    ----------
    trips
        What to write.
    path
        Ends in ``.parquet``, ``.rou.xml`` or ``.rou.xml.gz``; a file that is there is replaced.

    Raises
    ------
    TripError
        If the name ends otherwise.
    StoreError
        If the file cannot be written.
    """
    if path.name.endswith(".parquet"):
        with publishing_file(path) as temporary:
            write_parquet(trips, temporary)
    elif path.name.endswith(_XML):
        with publishing_file(path) as temporary:
            write_routes(trips, temporary)
    else:
        raise _unknown_format(path)


def read_trips(
    path: Path,
    graph: RoadGraph,
    *,
    window_s: tuple[float, float] | None = None,
    type_files: Sequence[Path] = (),
    only_inside_window: bool = False,
) -> TripSet:
    """Read trips with their routes.

    Parameters
    ----------
    path
        A ``.parquet``, ``.rou.xml`` or ``.rou.xml.gz`` file; any SUMO route file will do. ``.txt[.gz]`` are flows
        with road lists (`trafficdiff.datatypes.road_lists`).
    graph
        The net that the routes are on.

    Other Parameters
    ----------------
    window_s
        Begin and end [s]; left out, the file's own window, or the whole seconds around its departures.
    type_files
        SUMO files with further vehicle types (route files only).
    only_inside_window
        Whether trips that depart outside the window are left out, with a warning that counts them; else they are
        refused.

    Raises
    ------
    TripError
        If the file is missing, cut, hostile, of another format, or holds vehicles without routes; naming vehicles
        and edges that are not in the net; and whatever `TripSet` refuses. Departures out of order are sorted, and
        the log says how many.
    """
    if only_inside_window and window_s is not None:
        return _cut(read_trips(path, graph, type_files=type_files), path, window_s)
    if path.name.endswith(".parquet"):
        return read_parquet(path, graph, window_s=window_s)
    if path.name.endswith(_XML):
        return read_routes(path, graph, window_s=window_s, type_files=type_files)
    if path.name.endswith(_ROAD_LISTS):
        return read_road_lists(path, graph, window_s=window_s)
    raise _unknown_format(path)


def _cut(trips: TripSet, path: Path, window_s: tuple[float, float]) -> TripSet:
    try:
        return cut_to_window(trips, window_s, name=path.name)
    except TripError as error:
        raise TripError(f"{path}: {error}") from error


def read_agents(
    path: Path,
    graph: RoadGraph,
    *,
    window_s: tuple[float, float] | None = None,
    type_files: Sequence[Path] = (),
) -> Agents:
    """Read SUMO trips without routes (``<trip from= to= via=>``); their ids are not kept.

    Parameters
    ----------
    path
        A ``.trips.xml`` or ``.trips.xml.gz`` file.
    graph
        The net that the edges are on.

    Other Parameters
    ----------------
    window_s, type_files
        As in `read_trips`.

    Raises
    ------
    TripError
        As `read_trips`; also for flows, and for trips between zones or junctions.
    """
    if path.name.endswith(_XML):
        return read_requests(path, graph, window_s=window_s, type_files=type_files)
    raise TripError(f"{path}: expected a .trips.xml or .trips.xml.gz file, got another name; rename or convert it")


def _unknown_format(path: Path) -> TripError:
    return TripError(f"{path}: expected a name ending in .parquet, .rou.xml or .rou.xml.gz, got {path.name!r}")
