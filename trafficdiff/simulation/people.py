"""Hand walks to SUMO, check them before it starts, and read what became of them; vehicles are counted elsewhere.

::

    walks ─ check: sides that exist and are connected ─▶ walks.rou.xml.gz ─▶ SUMO ─▶ people.xml ─▶ one row a walk

SUMO finds each way itself (the fastest on foot); who may walk where it has read from the net.
"""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import quoteattr

import numpy as np

from trafficdiff.datatypes.footways import Footways, read_footways
from trafficdiff.datatypes.walks import WALK_COLUMNS, WALKER, WalkCounts, Walks
from trafficdiff.errors import Faults, SimulationError, TripError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.scenario import SimulationOptions, Window
    from trafficdiff.datatypes.trips import TripSet

__all__ = ["check_walks", "count_walks", "read_people", "walkable", "write_walks"]

_SHOWN: Final = 3


def walkable(walks: Walks, footways: Footways) -> NDArray[np.bool_]:
    """Return which walks have a way: both sides are there, and footways connect them, shape (W,)."""
    place = {str(name): number for number, name in enumerate(footways.edge_id)}
    first = np.array([place.get(str(name), -1) for name in walks.origin], np.int64)
    last = np.array([place.get(str(name), -1) for name in walks.destination], np.int64)
    if not len(footways):
        return np.zeros(len(walks), bool)
    return np.asarray((first >= 0) & (last >= 0) & (footways.part[first] == footways.part[last]))


def check_walks(walks: Walks, graph: RoadGraph, *, trips: TripSet, options: SimulationOptions, window: Window) -> None:
    """Refuse walks that SUMO would stumble over, all faults at once.

    Raises
    ------
    TripError
        If a walk has no way on foot, begins or ends off its side, sets out outside the window, or has a trip's id.
    """
    faults = Faults("people on foot")
    if options.resolution == "meso":
        faults.add("expected resolution micro for people on foot, got meso, which knows no footways")
    footways = read_footways(graph.net_path)
    lost = ~walkable(walks, footways)
    for row in np.flatnonzero(lost)[:_SHOWN]:
        faults.add(
            f"walk {walks.walk_id[row]!r}: expected footways from {walks.origin[row]!r} to {walks.destination[row]!r}, "
            f"got none; {int(lost.sum())} walks have no way"
        )
    length_m = dict(zip(footways.edge_id.tolist(), footways.length_m.tolist(), strict=True))
    for edges, places_m in ((walks.origin, walks.origin_m), (walks.destination, walks.destination_m)):
        beyond = np.array([place > length_m.get(edge, np.inf) for edge, place in zip(edges, places_m, strict=True)])
        if beyond.any():
            faults.add(f"expected places along sides, got {int(beyond.sum())} beyond the end of theirs")
    outside = (walks.depart_s < window.begin_s) | (walks.depart_s >= window.end_s)
    if outside.any():
        faults.add(
            f"expected departures from {window.begin_s:g} to before {window.end_s:g} s, "
            f"got {int(outside.sum())} outside"
        )
    if shared := set(walks.walk_id.tolist()) & set(trips.trip_id.tolist()):
        faults.add(f"expected ids of walks that no trip has, got {sorted(shared)[:_SHOWN]}; rename the trips")
    faults.raise_if_any(TripError)


def write_walks(walks: Walks, path: Path) -> None:
    """Write walks as SUMO's persons; equal walks give equal bytes."""
    style = "".join(f" {name}={quoteattr(value)}" for name, value in WALKER.attributes.items())
    lines = [f'<vType id="{WALKER.name}" vClass="{WALKER.vehicle_class}"{style}/>']
    columns = (
        walks.walk_id, walks.depart_s.tolist(), walks.speed_factor.tolist(),
        walks.origin, walks.origin_m.tolist(), walks.destination, walks.destination_m.tolist(),
    )  # fmt: skip
    for name, depart_s, factor, origin, origin_m, destination, destination_m in zip(*columns, strict=True):
        lines.append(
            f'<person id={quoteattr(name)} type="{WALKER.name}" depart="{depart_s!r}" departPos="{origin_m!r}" '
            f'speedFactor="{factor!r}"><walk from={quoteattr(origin)} to={quoteattr(destination)} '
            f'arrivalPos="{destination_m!r}"/></person>'
        )
    text = "\n".join(["<routes>", *lines, "</routes>", ""])
    with path.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="", compresslevel=6) as out:
        out.write(text.encode("utf-8"))


def read_people(path: Path, *, walks: Walks) -> pd.DataFrame:
    """Read SUMO's information on persons into one row a walk, in the order of `walks`; columns `WALK_COLUMNS`.

    Raises
    ------
    SimulationError
        If the file breaks off, or does not have every walk once.
    """
    import pandas as pd

    rows = _rows(path)
    if set(rows) != set(walks.walk_id.tolist()):
        raise SimulationError(
            f"{path.name}: expected {len(walks)} people, got {len(rows)}; the run is not complete: see SUMO's log"
        )
    found = np.array([rows[name] for name in walks.walk_id], np.float64).reshape(-1, 5)
    depart_s, arrival_s, duration_s, length_m, time_loss_s = found.T
    left, done = depart_s >= 0, arrival_s >= 0
    table = {
        "walk_id": walks.walk_id,
        "depart_s": np.where(left, depart_s, walks.depart_s),
        "arrival_s": np.where(done, arrival_s, np.nan),
        "duration_s": np.where(left, duration_s, np.nan),
        "length_m": np.where(done, length_m, np.nan),
        "time_loss_s": np.where(done, time_loss_s, np.nan),
        "completed": done,
    }
    frame = pd.DataFrame({name: table[name] for name in WALK_COLUMNS})
    frame.attrs["set_out"] = int(left.sum())
    return frame


def _rows(path: Path) -> dict[str, tuple[float, ...]]:
    """Return departure, arrival, duration, length and time loss by id, -1 where there is none yet."""
    from lxml import etree

    rows: dict[str, tuple[float, ...]] = {}
    try:
        for _, element in etree.iterparse(str(path), events=("end",), tag="personinfo", resolve_entities=False):
            walk = element.find("walk")
            name = str(element.get("id"))
            if walk is None or name in rows:
                raise SimulationError(f"{path.name}: expected one walk of {name!r}, got another number")
            rows[name] = tuple(map(float, _numbers(walk)))
            element.clear()
    except (etree.XMLSyntaxError, OSError, KeyError, ValueError) as error:
        raise SimulationError(
            f"{path.name}: expected SUMO's whole information on people, got none that is ({error}); see its log"
        ) from error
    return rows


def _numbers(walk: Any) -> tuple[str, ...]:
    return tuple(walk.attrib[name] for name in ("depart", "arrival", "duration", "routeLength", "timeLoss"))


def count_walks(table: pd.DataFrame, *, jammed: int) -> WalkCounts:
    """Return where everybody on foot ended up."""
    loaded, arrived, left = len(table), int(table["completed"].sum()), int(table.attrs["set_out"])
    return WalkCounts(loaded=loaded, arrived=arrived, walking=left - arrived, waiting=loaded - left, jammed=jammed)
