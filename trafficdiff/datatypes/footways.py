"""Read the footways of a net: street sides, crossings and the corners between them, and how far one walks.

::

    side ── corner ── side          a vertex each; a link where one steps from one onto the other,
              │                     as long as half of both together
           crossing
              │
    side ── corner ── side
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.lanes import permissions
from trafficdiff.datatypes.net_events import net_events
from trafficdiff.datatypes.vehicles import class_bit, class_mask

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

__all__ = ["Footways", "read_footways"]

_KEPT: Final = ("edge", "lane", "connection")
_CORNER: Final = "walkingarea"
_CROSSING: Final = "crossing"
_SIDES: Final = ("", "normal")
_WALKED: Final = (*_SIDES, _CORNER, _CROSSING)
_ON_FOOT: Final = class_mask(["pedestrian", "wheelchair", "bicycle", "scooter"])
"""Who may be on a footway; a lane that is open to motor vehicles as well is none."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Footways:
    """Hold where people walk; immutable. ``S`` street sides, ``V`` vertices of which the first S are the sides.

    Parameters
    ----------
    edge_id
        Shape (S,), text: the edge that each side runs along, in sorted order.
    length_m
        Shape (S,), length of the sides [m].
    links
        Shape (V, V), symmetric: from the middle of one part to the middle of the next [m].
    part
        Shape (V,), which connected part of the footways each vertex belongs to.
    crossings, corners
        How many of each there are.
    """

    edge_id: NDArray[np.object_]
    length_m: NDArray[np.float64]
    links: csr_matrix
    part: NDArray[np.int32]
    crossings: int
    corners: int

    def __len__(self) -> int:
        return len(self.edge_id)

    def distances_m(self, sides: NDArray[np.integer[Any]], *, most_m: float) -> NDArray[np.float64]:
        """Return how far it is on foot from some sides to all, middle to middle [m], shape (len(sides), S).

        Infinite where it is further than `most_m`, or where no way leads.
        """
        from scipy.sparse.csgraph import dijkstra

        return np.asarray(dijkstra(self.links, indices=sides, limit=most_m)[:, : len(self)])


def read_footways(path: Path) -> Footways:
    """Read the footways of a net file; none where nobody walks.

    A side is an edge with a lane for people on foot that no motor vehicle may use; the first from the kerb counts.

    Raises
    ------
    NetworkError
        If the file is gone or damaged.
    """
    rows = _Rows()
    with net_events(path, tag=_KEPT) as found:
        for event, element in found:
            if event == "start":
                rows.take(element.tag, element.attrib)
            elif element.tag != "lane":
                element.clear()
    return rows.footways()


class _Rows:
    """Collect lanes for people on foot, and the steps from one onto another, as they come in the file."""

    def __init__(self) -> None:
        self._edge, self._function = "", ""
        self._sides: set[str] = set()
        self._lengths_m: dict[tuple[str, str], tuple[str, float]] = {}
        self._steps: list[tuple[tuple[str, str], tuple[str, str]]] = []

    def take(self, tag: str, attributes: Any) -> None:
        if tag == "edge":
            self._edge, self._function = str(attributes["id"]), str(attributes.get("function", ""))
        elif tag == "lane":
            allowed = permissions(attributes.get("allow"), attributes.get("disallow"))
            if allowed & class_bit("pedestrian") and not allowed & ~_ON_FOOT and self._function in _WALKED:
                lane = (self._edge, str(attributes["index"]))
                beside = self._function in _SIDES and self._edge not in self._sides
                self._sides.update([self._edge] if beside else [])
                self._lengths_m[lane] = ("side" if beside else self._function, float(attributes["length"]))
        else:
            self._steps.append(((attributes["from"], attributes["fromLane"]), (attributes["to"], attributes["toLane"])))

    def footways(self) -> Footways:
        from scipy.sparse import coo_matrix
        from scipy.sparse.csgraph import connected_components

        lanes = sorted(self._lengths_m, key=lambda lane: (self._lengths_m[lane][0] != "side", lane))
        place = {lane: number for number, lane in enumerate(lanes)}
        functions = [self._lengths_m[lane][0] for lane in lanes]
        length_m = np.array([self._lengths_m[lane][1] for lane in lanes], np.float64)
        pairs = sorted({tuple(sorted((place[a], place[b]))) for a, b in self._steps if a in place and b in place})
        one, other = np.array(pairs, np.int64).reshape(-1, 2).T
        between_m = (length_m[one] + length_m[other]) / 2
        count = len(lanes)
        upper = coo_matrix((between_m, (one, other)), shape=(count, count)).tocsr()
        links = upper + upper.T.tocsr()
        sides = functions.count("side")
        names = np.empty(sides, object)
        names[:] = [edge for edge, _ in lanes[:sides]]
        return Footways(
            edge_id=names,
            length_m=length_m[:sides],
            links=links,
            part=np.asarray(connected_components(links, directed=False)[1], np.int32),
            crossings=functions.count(_CROSSING),
            corners=functions.count(_CORNER),
        )
