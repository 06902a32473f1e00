"""Keep the tags that a net and its description are made from, and ignore values that no street has.

``lanes=999999`` keeps netconvert busy for minutes and ``lanes=20000`` makes a net of it, so numbers are
checked before it sees them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trafficdiff.roads.findings import Findings

__all__ = [
    "DRIVABLE_CLASSES",
    "LANE_CLASSES",
    "MAXIMUM_LANES",
    "PATH_CLASSES",
    "SPEED_RANGE_KMH",
    "node_tags",
    "oneway_direction",
    "restriction_tags",
    "way_tags",
]

DRIVABLE_CLASSES: Final = frozenset(
    f"{name}{link}" for name in ("motorway", "trunk", "primary", "secondary", "tertiary") for link in ("", "_link")
) | {"unclassified", "residential", "living_street", "unsurfaced"}
"""OSM ``highway`` values on which SUMO's type map lets passenger cars drive (``osmNetconvert.typ.xml`` of 1.28)."""
LANE_CLASSES: Final = frozenset(["service", "track", "road", "busway", "bus_guideway"])
"""Further ``highway`` values wide enough for a car, closed to passenger cars unless a tag says otherwise."""
PATH_CLASSES: Final = frozenset(
    ["footway", "pedestrian", "path", "bridleway", "cycleway", "step", "steps", "stairs", "crossing"]
)
"""``highway`` values for those on foot or on bicycles."""
MAXIMUM_LANES: Final = 16
"""Most lanes of one way: the widest motorways have 13 a direction, toll plazas a few more (taginfo, ``lanes``)."""
SPEED_RANGE_KMH: Final = (3.0, 200.0)
"""Speed limits outside are mistakes: the world's highest is 160 km/h, walking pace the lowest."""

_WAY_KEYS: Final = frozenset([
    "access", "bicycle", "bridge", "bus", "busway", "change", "construction", "cycleway", "embedded_rails",
    "emergency", "foot", "hgv", "highway", "hov", "incline", "junction", "lane_markings", "lanes", "layer", "lit",
    "maxheight", "maxspeed", "maxweight", "moped", "motor_vehicle", "motorcar", "motorcycle", "motorroad", "name",
    "oneway", "parking", "pedestrian", "psv", "railway", "ref", "service", "sidewalk", "smoothness", "surface",
    "taxi", "toll", "traffic_calming", "tunnel", "turn", "vehicle", "width",
])  # fmt: skip
_NODE_KEYS: Final = frozenset([
    "access", "barrier", "bicycle", "crossing", "direction", "ele", "highway", "junction", "motor_vehicle",
    "railway", "traffic_signals",
])  # fmt: skip
_RESTRICTION_KEYS: Final = frozenset(["type", "restriction", "except"])
_TEXT_CHARACTERS: Final = 255
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_SPEED: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(km/h|kmh|kph|mph|knots)?", re.IGNORECASE)
_NAMED_SPEED: Final = re.compile(r"none|signals|variable|walk|[A-Za-z]{2}(:\w+)+", re.IGNORECASE)
_KMH: Final = {"mph": 1.609344, "knots": 1.852}
_COUNT: Final = re.compile(r"\d{1,3}(\.\d+)?")
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")


def way_tags(tags: Iterable[tuple[str, str]], *, way: int, findings: Findings) -> dict[str, str]:
    """Return the tags of a way that a net is made from, those with impossible values left out and noted."""
    kept = {}
    for key, value in tags:
        base, _, rest = key.partition(":")
        if base not in _WAY_KEYS:
            continue
        if fault := _fault_of(base, rest, value):
            findings.add(fault, f"way {way}: {key}={value[:40]}")
        else:
            kept[key] = _text(value, f"way {way}: {key}", findings)
    return kept


def node_tags(tags: Iterable[tuple[str, str]], *, node: int, findings: Findings) -> dict[str, str]:
    """Return the tags of a node that a net is made from (signals, crossings, stops, barriers)."""
    return {
        key: _text(value, f"node {node}: {key}", findings) for key, value in tags if key.partition(":")[0] in _NODE_KEYS
    }


def restriction_tags(tags: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the tags of a turn restriction that a net is made from, as text that XML can hold."""
    return {key: _CONTROL.sub(" ", value[:_TEXT_CHARACTERS]) for key, value in tags if key in _RESTRICTION_KEYS}


def oneway_direction(tags: dict[str, str]) -> int:
    """Return 1 where traffic follows the way's direction only, -1 against it only, 0 both ways.

    Motorways and roundabouts are one-way unless they say otherwise (OSM wiki, ``Key:oneway``).
    """
    value = tags.get("oneway", "")
    if value in {"-1", "reverse"}:
        return -1
    if value in {"yes", "true", "1"}:
        return 1
    implied = tags.get("junction") in {"roundabout", "circular"} or tags.get("highway") == "motorway"
    return int(implied and value not in {"no", "false", "0"})


def _fault_of(base: str, rest: str, value: str) -> str | None:
    """Return the name of what is wrong with a value, or None."""
    if base == "lanes" or rest == "lanes" or rest.startswith("lanes:"):
        return None if _possible_lanes(base, rest, value) else "lanes_refused"
    if base == "maxspeed":
        return None if rest or _possible_speed(value) else "maxspeed_refused"
    if base == "width" and (number := _NUMBER.match(value)):
        return None if 0.5 <= float(number[0]) <= 100 else "width_refused"
    if base == "layer":
        return None if re.fullmatch(r"[+-]?\d{1,2}", value) and abs(int(value)) <= 20 else "layer_refused"
    return None


def _possible_lanes(base: str, rest: str, value: str) -> bool:
    if base != "lanes":  # one entry a lane: turn:lanes=left|through
        return value.count("|") < MAXIMUM_LANES
    parts = [part.strip() for part in value.replace("|", ";").split(";")]
    least = 0 if rest else 1  # lanes:bus=0 is fine, lanes=0 is not
    return all(_COUNT.fullmatch(part) and least <= float(part) <= MAXIMUM_LANES for part in parts)


def _possible_speed(value: str) -> bool:
    number = _SPEED.fullmatch(value.strip())
    if number is None:
        return _NAMED_SPEED.fullmatch(value.strip()) is not None
    low, high = SPEED_RANGE_KMH
    return low <= float(number[1]) * _KMH.get((number[2] or "").lower(), 1.0) <= high


def _text(value: str, place: str, findings: Findings) -> str:
    """Return text that XML can hold and OSM allows (255 characters)."""
    clean = _CONTROL.sub(" ", value[:_TEXT_CHARACTERS])
    if clean != value:
        findings.add("text_shortened", place)
    return clean
