"""Mend what netconvert 1.28 writes as OpenDRIVE, in place.

=====================================  =================================================================
header says 1.4                        1.7, whose attributes it uses
``+no_defs``, empty ``geoReference``   taken out: players stumble over them
lengths of ``paramPoly3`` up to 2 cm   integrated anew; everything further along a road moves with them
off
crosswalks without required            orientation, zOffset and name added, outlines taken from the net's crossings
attributes
ids ``:A0_c0``, ``A0_3``               whole numbers; SUMO's own ids become names
links to junctions that are not there  taken out (dead ends)
turns that leave their road at an      bent to meet it (see `opendrive_joints`)
angle, lanes of unlike width
several controllers of one name        one, of all their signals
=====================================  =================================================================
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.export.opendrive_geometry import Course, arc_length_m
from trafficdiff.export.opendrive_joints import join_curves, join_widths

if TYPE_CHECKING:
    from lxml.etree import _Element

    from trafficdiff.datatypes.net_shapes import NetShapes

__all__ = ["repaired"]

_FIRST_OBJECT: Final = 1
_SIGNAL: Final = re.compile(r"^(?P<signal>.*)_(?P<link>\d+)$")


def repaired(root: _Element, *, shapes: NetShapes, name: str) -> dict[tuple[str, int], str]:
    """Mend a file's tree in place, and return the id of each signal's link in it.

    Parameters
    ----------
    root
        ``<OpenDRIVE>`` as netconvert writes it.
    shapes
        The net that it was made from.
    name
        What the header calls the map.
    """
    _mend_header(root.find("header"), name=name)
    junctions = {str(junction.get("id")) for junction in root.iter("junction")}
    centred = join_curves(root)
    for road in root.iter("road"):
        if shapes.left_hand:
            road.set("rule", "LHT")
        _mend_lengths(road)
        _drop_dead_links(road, junctions)
    join_widths(root, centred=centred)
    _mend_crosswalks(root, shapes)
    numbers = _rename_signals(root)
    _number_controllers(root)
    return numbers


def _mend_header(header: Any, *, name: str) -> None:
    header.set("revMajor", "1")
    header.set("revMinor", "7")
    header.set("name", name)
    header.attrib.pop("date", None)  # the same net gives the same file
    reference = header.find("geoReference")
    if reference is not None:
        from lxml import etree

        words = [word for word in (reference.text or "").split() if word != "+no_defs"]
        if not words or words == ["!"]:
            header.remove(reference)
        else:
            reference.text = etree.CDATA(" ".join(words))


def _mend_lengths(road: Any) -> None:
    """Integrate the lengths of parametric pieces, and move all that lies further along the road."""
    pieces = road.findall("planView/geometry")
    before = [float(piece.get("s")) for piece in pieces] + [float(road.get("length"))]
    lengths = []
    for piece in pieces:
        curve = piece.find("paramPoly3")
        lengths.append(float(piece.get("length")) if curve is None else arc_length_m(curve.attrib))
    after = np.concatenate([[0.0], np.cumsum(lengths)])
    for piece, s, length in zip(pieces, after, lengths, strict=False):
        piece.set("s", f"{s:.8f}")
        piece.set("length", f"{length:.8f}")
    road.set("length", f"{after[-1]:.8f}")

    def moved(s: float) -> float:
        return float(min(np.interp(s, before, after), after[-1]))

    for path in ("elevationProfile/elevation", "objects/object", "signals/signal", "lanes/laneOffset", "type"):
        for element in road.findall(path):
            element.set("s", f"{moved(float(element.get('s'))):.8f}")
    for section in road.findall("lanes/laneSection"):
        begin = float(section.get("s"))
        for element in section.iterfind(".//*[@sOffset]"):
            element.set("sOffset", f"{max(0.0, moved(begin + float(element.get('sOffset'))) - moved(begin)):.8f}")
        section.set("s", f"{moved(begin):.8f}")


def _drop_dead_links(road: Any, junctions: set[str]) -> None:
    link = road.find("link")
    for end in list(link) if link is not None else ():
        if end.get("elementType") == "junction" and end.get("elementId") not in junctions:
            link.remove(end)


def _mend_crosswalks(root: _Element, shapes: NetShapes) -> None:
    """Give objects numbers, and lay the outlines of crosswalks where the net has its crossings."""
    number = _FIRST_OBJECT
    for road in root.iter("road"):
        for item in road.findall("objects/object"):
            crossing = str(item.get("id"))
            item.set("id", str(number))
            item.set("name", crossing)
            item.set("orientation", "none")
            item.set("zOffset", item.get("zOffset", "0"))
            if f"{crossing}_0" in shapes.lanes:
                _lay_outline(item, road, corners=_crossing_corners(shapes, f"{crossing}_0"))
            number += 1


def _crossing_corners(shapes: NetShapes, lane_id: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the outline of a crossing, shape (P, 2) [m], counter-clockwise along its two sides."""
    lane = shapes.lanes[lane_id]
    line = lane.shape[:, :2]
    ahead = np.diff(line, axis=0)
    ahead /= np.maximum(np.hypot(*ahead.T), 1e-9)[:, None]
    at_points = np.vstack([ahead[:1], (ahead[1:] + ahead[:-1]) / 2, ahead[-1:]])
    left = np.column_stack([-at_points[:, 1], at_points[:, 0]]) * lane.width_m / 2
    return np.vstack([line - left, (line + left)[::-1]])


def _lay_outline(item: Any, road: Any, *, corners: np.ndarray[Any, np.dtype[np.float64]]) -> None:
    from lxml import etree

    course = Course.of(road)
    middle = corners.mean(axis=0)
    s, t = course.project(middle)
    x, y, heading = course.pose(s)
    origin = np.array([x - t * np.sin(heading), y + t * np.cos(heading)])
    cosine, sine = np.cos(heading), np.sin(heading)
    local = (corners - origin) @ np.array([[cosine, -sine], [sine, cosine]])
    item.set("s", f"{s:.6f}")
    item.set("t", f"{t:.6f}")
    item.set("hdg", "0")
    item.set("length", f"{np.ptp(local[:, 0]):.3f}")
    item.set("width", f"{np.ptp(local[:, 1]):.3f}")
    for old in [*item.findall("outline"), *item.findall("outlines")]:
        item.remove(old)
    outlines = etree.Element("outlines")
    outline = etree.SubElement(outlines, "outline", id="0", fillType="concrete", outer="true", closed="true")
    for place, (u, v) in enumerate(local):
        etree.SubElement(
            outline, "cornerLocal", u=f"{u:.4f}", v=f"{v:.4f}", z="0", height="0", id=str(place)
        )  # fmt: skip
    item.insert(0, outlines)


def _rename_signals(root: _Element) -> dict[tuple[str, int], str]:
    """Give signals numbers, SUMO's id and link as names, and return the number of each link."""
    numbers: dict[tuple[str, int], str] = {}
    renamed: dict[str, str] = {}
    for place, signal in enumerate(root.iterfind("road/signals/signal"), start=1):
        before = str(signal.get("id"))
        signal.set("id", str(place))
        signal.set("name", before)
        renamed[before] = str(place)
        if found := _SIGNAL.match(before):
            numbers[found["signal"], int(found["link"])] = str(place)
    for element in root.iterfind(".//signalReference"):
        element.set("id", renamed.get(str(element.get("id")), str(element.get("id"))))
    for element in root.iterfind("controller/control"):
        element.set("signalId", renamed.get(str(element.get("signalId")), str(element.get("signalId"))))
    return numbers


def _number_controllers(root: _Element) -> None:
    """Make one controller of those that share an id, and give them whole numbers; SUMO's id becomes the name."""
    kept: dict[str, Any] = {}
    for controller in list(root.iterfind("controller")):
        before = str(controller.get("id"))
        if before in kept:
            known = {control.get("signalId") for control in kept[before]}
            kept[before].extend([control for control in controller if control.get("signalId") not in known])
            root.remove(controller)
            continue
        kept[before] = controller
        controller.set("id", str(len(kept)))
        controller.set("name", before)
    for junction in root.iterfind("junction"):
        seen: set[str] = set()
        for reference in junction.findall("controller"):
            before = str(reference.get("id"))
            if before in seen or before not in kept:
                junction.remove(reference)
                continue
            seen.add(before)
            reference.set("id", str(kept[before].get("id")))
