"""A town with two roads from the origin to the destination, whose equilibrium can be computed by hand.

::

                     ___ long: fast and wide enough for all ___
                    /                                          \\
    origin ── O ── A ── short ── M ── narrow: 10 km/h ── B ── D
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tests.towns import _georeferenced
from trafficdiff.datatypes.trips import TripSet
from trafficdiff.datatypes.vehicles import VehicleType

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph

WINDOW_S = 1_200.0
TRIPS = 480
LONG_M = 3_000.0

_NODES = {"O": (0, 0), "A": (300, 0), "M": (1_000, 0), "B": (1_300, 0), "D": (1_600, 0)}
_EDGES = (
    ("enter", "O", "A", 1, 13.89, ""),
    ("short", "A", "M", 1, 13.89, ""),
    ("narrow", "M", "B", 1, 2.78, ""),
    ("long", "A", "B", 1, 13.89, f'length="{LONG_M}" shape="300,0 300,900 1300,900 1300,0"'),
    ("leave", "B", "D", 2, 13.89, ""),
)
_LANES = (("enter", 0, "short", 0), ("enter", 0, "long", 0), ("short", 0, "narrow", 0), ("narrow", 0, "leave", 0),
          ("long", 0, "leave", 1))  # fmt: skip


def write_two_routes(directory: Path) -> Path:
    """Write the town with netconvert and return the net's path; the two roads never meet at a junction."""
    files = {
        "nod": [f'<node id="{name}" x="{x}" y="{y}"/>' for name, (x, y) in _NODES.items()],
        "edg": [
            f'<edge id="{name}" from="{a}" to="{b}" numLanes="{lanes}" speed="{speed}" {more}/>'
            for name, a, b, lanes, speed, more in _EDGES
        ],
        "con": [
            f'<connection from="{a}" to="{b}" fromLane="{left}" toLane="{entered}"/>' for a, left, b, entered in _LANES
        ],
    }
    roots = {"nod": "nodes", "edg": "edges", "con": "connections"}
    command: list[object] = ["netconvert", "--no-turnarounds"]
    for kind, lines in files.items():
        path = directory / f"two.{kind}.xml"
        path.write_text(f"<{roots[kind]}>{''.join(lines)}</{roots[kind]}>")
        command += [f"-{kind[0] if kind != 'con' else 'x'}", path]
    return _georeferenced(directory / "two.net.xml", command)


def all_on_the_short_road(graph: RoadGraph) -> TripSet:
    """Return trips that depart evenly and all take the road that is shorter as long as it is empty."""
    route = [graph.edge_index[name] for name in ("enter", "short", "narrow", "leave")]
    return TripSet(
        graph=graph,
        trip_id=np.array([f"t{place}" for place in range(TRIPS)], object),
        depart_s=np.linspace(0, WINDOW_S, TRIPS, endpoint=False),
        window_s=(0.0, WINDOW_S),
        offsets=np.arange(TRIPS + 1, dtype=np.int64) * len(route),
        edges=np.tile(np.array(route, np.int32), TRIPS),
        vehicle_types=(VehicleType("even", "passenger", {"speedDev": "0", "sigma": "0"}),),
    )


def on_short(trips: TripSet) -> NDArray[np.bool_]:
    """Return which trips take the short road."""
    trip = np.repeat(np.arange(len(trips)), trips.route_lengths)
    return np.bincount(trip, weights=trips.edges == trips.graph.edge_index["short"], minlength=len(trips)) > 0


def write_requests(trips: TripSet, path: Path) -> None:
    """Write the trips without their routes, as SUMO's own tools take them."""
    rows = (
        f'<trip id="{name}" type="even" depart="{depart_s:.2f}" from="enter" to="leave"/>'
        for name, depart_s in zip(trips.trip_id, trips.depart_s, strict=True)
    )
    path.write_text(f'<routes><vType id="even" speedDev="0" sigma="0"/>{"".join(rows)}</routes>')
