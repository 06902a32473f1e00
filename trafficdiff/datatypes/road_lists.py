"""Read flows with explicit road lists, the format of the City Brain Challenge and of CBLab.

::

    2                    number of flows
    23 200 13            first departure, last departure, headway [s]
    3                    number of roads
    2490 2492 3960       roads, which are edge ids of the net
    68 200 10
    ...
"""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.trips import TripSet
from trafficdiff.errors import Faults, TripError
from trafficdiff.screening import is_gzip, open_bounded

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["read_road_lists"]

_MOST_BYTES: Final = 1_000_000_000
_MOST_VEHICLES: Final = 10_000_000
_SHOWN: Final = 12


def read_road_lists(path: Path, graph: RoadGraph, *, window_s: tuple[float, float] | None = None) -> TripSet:
    """Read a ``.txt`` or ``.txt.gz`` file of flows as one trip a vehicle, named ``FLOW.NUMBER``.

    A flow sends a vehicle at its first departure and then one every headway, up to its last departure.

    Parameters
    ----------
    path
        The file.
    graph
        The net whose edge ids are the roads.

    Other Parameters
    ----------------
    window_s
        Begin and end [s]; left out, the whole seconds around the departures.

    Raises
    ------
    TripError
        If the file is missing, cut, too large, of another format, or names roads that are not in the net; and
        whatever `TripSet` refuses.
    """
    lines = _lines(path)
    faults = Faults(str(path))
    departures: list[np.ndarray] = []
    routes: list[np.ndarray] = []
    for flow, (times, count, roads) in enumerate(zip(lines[1::3], lines[2::3], lines[3::3], strict=True)):
        departures.append(_departures(times, flow, faults))
        places = [graph.edge_index.get(road, -1) for road in roads.split()]
        if -1 in places and len(faults.messages) < _SHOWN:
            faults.add(f"flow {flow}: road {roads.split()[places.index(-1)]!r} is not in the net; give its own net")
        if count.strip() != str(len(places)) and len(faults.messages) < _SHOWN:
            faults.add(f"flow {flow}: expected {count.strip()} roads, got {len(places)}; write the file again")
        routes.append(np.array(places, np.int32))
    faults.raise_if_any(TripError)
    return _trips(graph, departures, routes, window_s)


def _lines(path: Path) -> list[str]:
    try:
        with open_bounded(path, error=TripError) as file:
            stream = gzip.GzipFile(fileobj=file) if is_gzip(file.peek(2)) else file
            content = stream.read(_MOST_BYTES + 1)
        text = content.decode("ascii")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise TripError(f"{path}: expected flows with road lists, got {error}; check the file") from error
    lines = text.split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    flows = lines[0].strip() if lines else ""
    if len(content) > _MOST_BYTES or not flows.isdigit() or len(lines) != 1 + 3 * int(flows):
        raise TripError(
            f"{path}: expected the number of flows and three lines a flow (times, number of roads, roads), got "
            f"{flows[:20]!r} and {max(len(lines) - 1, 0)} lines; convert it to .rou.xml"
        )
    return lines


def _departures(times: str, flow: int, faults: Faults) -> np.ndarray:
    try:
        first_s, last_s, headway_s = map(float, times.split())
    except ValueError:
        first_s = last_s = headway_s = np.nan
    usable = 0 <= first_s <= last_s < np.inf and 0 < headway_s < np.inf
    if not usable or (last_s - first_s) / headway_s > _MOST_VEHICLES:
        if len(faults.messages) < _SHOWN:
            faults.add(f"flow {flow}: expected first and last departure and headway [s], got {times.strip()!r}")
        return np.zeros(0)
    return first_s + headway_s * np.arange(int((last_s - first_s) // headway_s) + 1)


def _trips(
    graph: RoadGraph, departures: list[np.ndarray], routes: list[np.ndarray], window_s: tuple[float, float] | None
) -> TripSet:
    vehicles = np.array([len(times) for times in departures])
    flow = np.repeat(np.arange(len(routes)), vehicles)
    number = np.concatenate([np.arange(count) for count in vehicles]) if len(vehicles) else np.zeros(0, int)
    depart_s = np.concatenate(departures) if departures else np.zeros(0)
    order = np.argsort(depart_s, kind="stable")
    if window_s is None:
        window_s = (float(np.floor(depart_s.min())), float(np.floor(depart_s.max()) + 1)) if len(order) else (0.0, 1.0)
    flow, number = flow[order], number[order]
    lengths = np.array([len(route) for route in routes], np.int64)
    return TripSet(
        graph=graph,
        trip_id=np.array([f"{a}.{b}" for a, b in zip(flow, number, strict=True)], object),
        depart_s=depart_s[order],
        window_s=window_s,
        offsets=np.concatenate([[0], np.cumsum(lengths[flow])]).astype(np.int64),
        edges=np.concatenate([routes[index] for index in flow]) if len(flow) else np.zeros(0, np.int32),
    )
