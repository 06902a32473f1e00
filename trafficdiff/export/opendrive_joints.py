"""Let the roads inside junctions begin and end where, and in the direction in which, the roads that they join do.

netconvert fits one curve to each turn. Where a turn has kinks in SUMO (turning round, sharp bends, lanes that shift)
the curve leaves its road at an angle, and the borders of the lanes part::

    ────────┐  gap            ────────╮
     lane   │ /                lane   │╲
    ────────┼/  turn          ────────╯ ╲  turn, bent so that its tangent is the lane's

Each such curve is replaced by the cubic with the same ends, the right tangents and the old speeds of departure, and
lanes widen along it from the width that they come from to the width that they go to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from lxml.etree import _Element
    from numpy.typing import NDArray

__all__ = ["join_curves", "join_widths"]

_SAME_PLACE_M: Final = 0.001
_SPOT_M: Final = 1.0
_SWING_M: Final = 8.0
_SAME_DIRECTION_RAD: Final = 0.0005
"""At 10 m from the reference line this moves a border by 5 mm; the checkers allow 10 mm."""


@dataclass(frozen=True)
class _Mouth:
    """One end of a road: where its reference line is and heads to, and where its right lanes' borders are.

    Parameters
    ----------
    place, heading
        [m], [rad].
    borders
        t [m] of the inner and the outer border of each lane, by the lane's id.
    """

    place: NDArray[np.float64]
    heading: float
    borders: dict[int, tuple[float, float]]

    def at(self, t: float) -> NDArray[np.float64]:
        return self.place + t * np.array([-np.sin(self.heading), np.cos(self.heading)])


def join_curves(root: _Element) -> frozenset[str]:
    """Replace the curves of connecting roads that do not meet their neighbours, in place.

    Returns
    -------
    Ids of the roads whose reference line is now the middle of their inner lane: about its left border they would turn
    on the spot.
    """
    roads: dict[str, Any] = {str(road.get("id")): road for road in root.iter("road")}
    centred = set()
    for name, road in roads.items():
        ends = _ends(road, roads, centred=False)
        pieces = road.findall("planView/geometry")
        if ends is None or not pieces:
            continue
        if _turns_on_the_spot(*ends):
            ends = _ends(road, roads, centred=True) or ends
            centred.add(name)
        begin, end = ends
        first, last = _pose(pieces[0], 0.0), _pose(pieces[-1], 1.0)
        offsets = road.findall("lanes/laneOffset")
        if _meets(begin, first) and _meets(end, last) and not offsets:
            continue
        for offset in offsets:
            offset.getparent().remove(offset)
        curve = _hermite(begin, end, leaving=_speed(pieces[0], 0.0), arriving=_speed(pieces[-1], 1.0))
        _replace(road, pieces, begin, curve)
    return frozenset(centred)


def _turns_on_the_spot(begin: tuple[Any, float], end: tuple[Any, float]) -> bool:
    return float(np.hypot(*(begin[0] - end[0]))) < _SPOT_M


def join_widths(root: _Element, *, centred: frozenset[str]) -> None:
    """Let the lanes of connecting roads widen from one neighbour's width to the other's, in place.

    Parameters
    ----------
    root
        ``<OpenDRIVE>`` with its lengths mended.
    centred
        Roads whose reference line is the middle of their lane.
    """
    roads: dict[str, Any] = {str(road.get("id")): road for road in root.iter("road")}
    for name, road in roads.items():
        neighbours = _neighbours(road, roads)
        sections = road.findall("lanes/laneSection")
        if neighbours is None or len(sections) != 1:
            continue
        length = float(str(road.get("length")))
        for lane in sections[0].findall("right/lane"):
            widths = [
                _linked_width(lane, side, mouth)
                for side, mouth in zip(("predecessor", "successor"), neighbours, strict=True)
            ]
            _set_width(lane, widths, length)
            if name in centred and lane.get("id") == "-1":
                _set_offset(road, lane)


def _neighbours(road: Any, roads: dict[str, Any]) -> tuple[_Mouth, _Mouth] | None:
    """Return the ends of the roads before and after a connecting road, seen in its direction; None for other roads."""
    if road.get("junction") == "-1":
        return None
    mouths = []
    for side, usual in (("predecessor", "end"), ("successor", "start")):
        link = road.find(f"link/{side}")
        if link is None or link.get("elementType") != "road" or link.get("contactPoint") != usual:
            return None
        mouths.append(_mouth(roads[str(link.get("elementId"))], at_end=usual == "end"))
    return mouths[0], mouths[1]


def _ends(road: Any, roads: dict[str, Any], *, centred: bool) -> tuple[tuple[Any, float], tuple[Any, float]] | None:
    """Return where a connecting road must begin and end, place and heading, or None where its lanes do not say."""
    neighbours = _neighbours(road, roads)
    lanes = road.findall("lanes/laneSection/right/lane")
    if neighbours is None or not lanes:
        return None
    ends = []
    for side, mouth in zip(("predecessor", "successor"), neighbours, strict=True):
        inner = next((lane for lane in lanes if lane.get("id") == "-1"), None)
        link = None if inner is None else inner.find(f"link/{side}")
        if link is None or int(link.get("id")) not in mouth.borders:
            return None
        inner_t, outer_t = mouth.borders[int(link.get("id"))]
        ends.append((mouth.at((inner_t + outer_t) / 2 if centred else inner_t), mouth.heading))
    return ends[0], ends[1]


def _mouth(road: Any, *, at_end: bool) -> _Mouth:
    piece = road.findall("planView/geometry")[-1 if at_end else 0]
    place, heading = _pose(piece, 1.0 if at_end else 0.0)
    section = road.findall("lanes/laneSection")[-1 if at_end else 0]
    s = float(road.get("length")) - float(section.get("s")) if at_end else 0.0
    t, borders = 0.0, {}
    for lane in sorted(section.findall("right/lane"), key=lambda lane: -int(lane.get("id"))):
        outer = t - _width(lane, s)
        borders[int(lane.get("id"))] = (t, outer)
        t = outer
    return _Mouth(place, heading, borders)


def _width(lane: Any, s: float) -> float:
    """Return the width of a lane [m] at a distance from the beginning of its section [m]."""
    begun = [width for width in lane.findall("width") if float(width.get("sOffset")) <= s + 1e-9]
    if not begun:
        return 0.0
    ds = s - float(begun[-1].get("sOffset"))
    return float(np.polynomial.polynomial.polyval(ds, [float(begun[-1].get(name)) for name in "abcd"]))


def _linked_width(lane: Any, side: str, mouth: _Mouth) -> float | None:
    link = lane.find(f"link/{side}")
    borders = None if link is None else mouth.borders.get(int(link.get("id")))
    return None if borders is None else borders[0] - borders[1]


def _set_width(lane: Any, widths: list[float | None], length: float) -> None:
    from lxml import etree

    old = lane.findall("width")
    before = _width(lane, 0.0), _width(lane, length)
    begin, end = (was if width is None else width for was, width in zip(before, widths, strict=True))
    if not old or max(abs(begin - before[0]), abs(end - before[1])) <= _SAME_PLACE_M:
        return
    place = lane.index(old[0])
    for width in old:
        lane.remove(width)
    grown = end - begin
    cubic = {"a": begin, "b": 0.0, "c": 3 * grown / length**2, "d": -2 * grown / length**3}
    values = {name: f"{value:.10g}" for name, value in cubic.items()}
    lane.insert(place, etree.Element("width", {"sOffset": "0", **values}))


def _set_offset(road: Any, lane: Any) -> None:
    """Move the lanes to the left by half the inner lane's width."""
    from lxml import etree

    lanes = road.find("lanes")
    for old in lanes.findall("laneOffset"):
        lanes.remove(old)
    for width in reversed(lane.findall("width")):
        halves = {name: f"{float(width.get(name)) / 2:.10g}" for name in "abcd"}
        lanes.insert(0, etree.Element("laneOffset", {"s": str(width.get("sOffset")), **halves}))


def _pose(piece: Any, share: float) -> tuple[NDArray[np.float64], float]:
    """Return place [m] and heading [rad] at the begin (0) or the end (1) of a piece of the reference line."""
    x, y, heading, length = (float(piece.get(name)) for name in ("x", "y", "hdg", "length"))
    u, v, turn = share * length, 0.0, 0.0
    if piece.find("paramPoly3") is not None:
        of_u, of_v = _polynomials(piece)
        u, v = float(of_u(share)), float(of_v(share))
        turn = float(np.arctan2(of_v.deriv()(share), of_u.deriv()(share)))
    cosine, sine = np.cos(heading), np.sin(heading)
    return np.array([x + u * cosine - v * sine, y + u * sine + v * cosine]), heading + turn


def _polynomials(piece: Any) -> tuple[np.polynomial.Polynomial, np.polynomial.Polynomial]:
    curve = piece.find("paramPoly3")
    u, v = (np.polynomial.Polynomial([float(curve.get(letter + axis)) for letter in "abcd"]) for axis in "UV")
    return u, v


def _speed(piece: Any, share: float) -> float:
    """Return how fast a piece runs along itself per unit of its parameter [m]."""
    if piece.find("paramPoly3") is None:
        return float(piece.get("length"))
    u, v = _polynomials(piece)
    return float(np.hypot(u.deriv()(share), v.deriv()(share)))


def _meets(wanted: tuple[Any, float], found: tuple[Any, float]) -> bool:
    apart = float(np.hypot(*(wanted[0] - found[0])))
    turn = abs((wanted[1] - found[1] + np.pi) % (2 * np.pi) - np.pi)
    return apart <= _SAME_PLACE_M and turn <= _SAME_DIRECTION_RAD


def _hermite(begin: tuple[Any, float], end: tuple[Any, float], *, leaving: float, arriving: float) -> NDArray[Any]:
    """Return the cubic between two poses in the axes of the first, shape (2, 4): u and v, rising powers of p."""
    cosine, sine = np.cos(begin[1]), np.sin(begin[1])
    chord = np.array([[cosine, sine], [-sine, cosine]]) @ (end[0] - begin[0])
    span = max(float(np.hypot(*chord)), 1e-3)
    turn = end[1] - begin[1]
    ahead, towards = np.array([1.0, 0.0]), np.array([np.cos(turn), np.sin(turn)])
    first = ahead * _bounded(leaving, span=span, along=float(ahead @ chord) / span)
    last = towards * _bounded(arriving, span=span, along=float(towards @ chord) / span)
    return np.column_stack([np.zeros(2), first, 3 * chord - 2 * first - last, first + last - 2 * chord])


def _bounded(speed: float, *, span: float, along: float) -> float:
    """Return a speed of departure [m] that neither loops nor, where the turn leads back, swings far out.

    A cubic that sets out against its chord swings out by 4/27 of its speed.
    """
    most = max(_SWING_M, 2.5 * span * max(0.0, along))
    return float(np.clip(speed, min(0.5 * span, most), most))


def _replace(road: Any, pieces: list[Any], begin: tuple[Any, float], curve: NDArray[Any]) -> None:
    from lxml import etree

    view = road.find("planView")
    for piece in pieces:
        view.remove(piece)
    (x, y), heading = begin
    piece = etree.SubElement(
        view, "geometry", s="0", x=f"{x:.8f}", y=f"{y:.8f}", hdg=f"{heading:.10f}", length=str(road.get("length"))
    )
    names = [letter + axis for axis in "UV" for letter in "abcd"]
    values = {name: f"{value:.10f}" for name, value in zip(names, curve.ravel(), strict=True)}
    etree.SubElement(piece, "paramPoly3", {**values, "pRange": "normalized"})
