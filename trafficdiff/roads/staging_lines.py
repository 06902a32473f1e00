"""Follow lanes of a net through junctions, and know what runs beside them.

sumolib reads the net; lines leave here as arrays. A way is smoothed a little, so that headings do not jump where two
lanes meet; see `Line`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.staging import Line

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Net", "Piece", "Way", "read_staging_net"]

_BACK_M: Final = 190.0
_AHEAD_M: Final = 120.0
"""How far ways are followed before and after where something happens [m]; beyond, few cities go straight."""
_SPACING_M: Final = 0.5
_CLASS: Final = "passenger"


@dataclass(frozen=True, eq=False, kw_only=True)
class Piece:
    """Say which lane a part of a way runs on.

    Parameters
    ----------
    lane
        sumolib's lane.
    begin_m, end_m
        Where on the way [m].
    """

    lane: Any
    begin_m: float
    end_m: float


@dataclass(frozen=True, eq=False, kw_only=True)
class Way:
    """Represent a way over lanes and through junctions.

    Parameters
    ----------
    line
        The way, smoothed.
    pieces
        Lanes of edges along it, in order; between them lie junctions.
    links
        Signals that the way obeys: id, place in its states, and where on the way [m].
    """

    line: Line
    pieces: tuple[Piece, ...]
    links: tuple[tuple[str, int, float], ...]


class Net:
    """Hold a net for following lanes.

    Parameters
    ----------
    net
        sumolib's net, read with internal edges and programs.
    """

    def __init__(self, net: Any) -> None:
        self.net = net
        self.lanes = [
            lane for edge in net.getEdges(withInternal=False) for lane in edge.getLanes() if lane.allows(_CLASS)
        ]
        self._incoming: dict[str, list[Any]] = {}
        for lane in self.lanes:
            for turn in self.turns(lane):
                self._incoming.setdefault(turn.getToLane().getID(), []).append(turn)

    def turns(self, lane: Any) -> list[Any]:
        """Return the turns that cars may make from a lane."""
        return [one for one in lane.getOutgoing() if one.getToLane().allows(_CLASS) and one.getDirection() != "t"]

    def way(self, steps: list[Any], *, smooth_m: float) -> Way:
        """Return the way along lanes and turns, as far before and after them as streets go on.

        Parameters
        ----------
        steps
            sumolib's lanes and connections, in turn, beginning and ending with a lane.
        smooth_m
            Standard deviation of the smoothing [m].
        """
        steps = [*self._before(steps[0]), *steps, *self._after(steps[-1])]
        points: list[NDArray[np.float64]] = []
        pieces, links, length = [], [], 0.0
        for step in steps:
            is_lane = hasattr(step, "getShape")
            shape = np.asarray(step.getShape() if is_lane else self.inside(step), float)[:, :2]
            if not len(shape):
                continue
            size = float(np.hypot(*np.diff(shape, axis=0).T).sum())
            joint = float(np.hypot(*(shape[0] - points[-1][-1]))) if points else 0.0
            if is_lane:
                pieces.append(Piece(lane=step, begin_m=length + joint, end_m=length + joint + size))
            points.append(shape)
            length += joint + size
            if not is_lane and step.getTLSID():
                links.append((str(step.getTLSID()), int(step.getTLLinkIndex()), length - size))
        links += [
            (str(step.getTLSID()), int(step.getTLLinkIndex()), length)
            for step in steps
            if not hasattr(step, "getShape") and step.getTLSID() and not self.inside(step)
        ]
        return Way(line=_smoothed(np.concatenate(points), smooth_m=smooth_m), pieces=tuple(pieces), links=tuple(links))

    def inside(self, turn: Any) -> list[tuple[float, float]]:
        """Return the points of a turn inside its junction."""
        points: list[tuple[float, float]] = []
        via = turn.getViaLaneID()
        while via:
            lane = self.net.getLane(via)
            points += [point[:2] for point in lane.getShape()]
            following = lane.getOutgoing()
            via = following[0].getViaLaneID() if following else ""
        return points

    def _before(self, lane: Any) -> list[Any]:
        steps: list[Any] = []
        seen, length = {lane.getEdge().getID()}, 0.0
        while length < _BACK_M:
            turns = [
                turn
                for turn in self._incoming.get(lane.getID(), ())
                if turn.getFromLane().getEdge().getID() not in seen
            ]
            if not turns:
                break
            turn = min(turns, key=self._bend)
            lane = turn.getFromLane()
            seen.add(lane.getEdge().getID())
            steps = [lane, turn, *steps]
            length += lane.getLength()
        return steps

    def _after(self, lane: Any) -> list[Any]:
        steps: list[Any] = []
        seen, length = {lane.getEdge().getID()}, 0.0
        while length < _AHEAD_M:
            turns = [turn for turn in self.turns(lane) if turn.getToLane().getEdge().getID() not in seen]
            if not turns:
                break
            turn = min(turns, key=self._bend)
            lane = turn.getToLane()
            seen.add(lane.getEdge().getID())
            steps += [turn, lane]
            length += lane.getLength()
        return steps

    @staticmethod
    def _bend(turn: Any) -> float:
        """Return how much a turn bends [rad]."""
        before, after = turn.getFromLane().getShape()[-2:], turn.getToLane().getShape()[:2]
        one, two = (np.arctan2(b[1] - a[1], b[0] - a[0]) for a, b in (before, after))
        return abs(float(np.angle(np.exp(1j * (two - one)))))


def read_staging_net(path: Path) -> Net:
    """Read a net with its junctions' insides and its signals' programs."""
    import sumolib

    return Net(sumolib.net.readNet(str(path), withInternal=True, withPrograms=True))


def _smoothed(points: NDArray[np.float64], *, smooth_m: float) -> Line:
    """Return a line through points, every half metre, smoothed by a Gaussian; its ends stay."""
    from scipy.ndimage import gaussian_filter1d

    step = np.hypot(*np.diff(points, axis=0).T)
    points = points[np.append(True, step > 1e-6)]
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    count = max(3, round(along[-1] / _SPACING_M) + 1)
    even = np.linspace(0.0, along[-1], count)
    xy = np.stack([np.interp(even, along, points[:, axis]) for axis in (0, 1)], axis=-1)
    pad = int(4 * smooth_m / _SPACING_M) + 1
    reach = np.arange(1, pad + 1)[:, None]
    longer = np.concatenate([xy[0] - reach[::-1] * (xy[1] - xy[0]), xy, xy[-1] + reach * (xy[-1] - xy[-2])])
    smooth = gaussian_filter1d(longer, smooth_m / _SPACING_M, axis=0)
    return Line(np.ascontiguousarray(smooth[pad:-pad]))
