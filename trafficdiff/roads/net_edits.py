"""Change permissions, speeds, friction and forbidden turns in the text of a net; every other byte stays as it was.

A turn is closed on its ``<connection>``, which is what readers of the net see, and on the lanes across the junction,
which is what SUMO obeys: it ignores the permissions of connections (tried out with 1.28).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape, unescape

from trafficdiff.datatypes.lanes import lane_id_of, permissions
from trafficdiff.datatypes.vehicles import ALL_CLASSES, class_names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from trafficdiff.datatypes.net_patch import NetPatch

__all__ = ["edit_net"]

_TAG: Final = re.compile(r"""<!--.*?-->|<(edge|lane|connection)\b((?:[^>"']|"[^"]*"|'[^']*')*)>""", re.DOTALL)
_ATTRIBUTE: Final = re.compile(r"""\s([\w:]+)\s*=\s*("[^"]*"|'[^']*')""")
_DECIMALS: Final = 2
"""Digits that SUMO's nets give speeds with [m/s]; a limit that is the same up to them is the same."""
_QUOTES: Final = {"&quot;": '"', "&apos;": "'"}


@dataclass
class _Crossing:
    """What is known of the lanes that lead across junctions: by lane id, the pairs of edges that it joins."""

    pairs: dict[str, set[tuple[str, str]]] = field(default_factory=dict)

    def of(self, lane: str) -> set[tuple[str, str]]:
        return self.pairs.get(lane, set())


def edit_net(text: str, patch: NetPatch) -> str:
    """Return a net with the in-place parts of a patch applied (`allowed`, `speed_ms`, `friction`, `banned_turns`).

    Lanes across junctions follow the edges that they join: their limit is the mean of both (what netconvert gives
    them), or what it was where a tight turn is slower than that.

    Parameters
    ----------
    text
        The net's XML.
    patch
        Lane and edge ids of this net; ids that it does not have change nothing.
    """
    crossing = _crossings(text)
    before = _speeds(text) if patch.speed_ms else {}
    edge = ""

    def edited(match: re.Match[str]) -> str:
        nonlocal edge
        tag = match[1]
        if tag is None:
            return match[0]
        attributes = _attributes(match[2])
        if tag == "edge":
            edge = attributes["id"]
            return match[0]
        if tag == "connection":
            changes = _connection_changes(attributes, patch)
        elif edge.startswith(":"):
            changes = _crossing_changes(attributes, patch, crossing.of(attributes["id"]), before)
        else:
            changes = _lane_changes(attributes, patch, edge)
        return _rewritten(match[0], changes) if changes else match[0]

    return _TAG.sub(edited, text)


def _lane_changes(attributes: Mapping[str, str], patch: NetPatch, edge: str) -> dict[str, str | None]:
    changes: dict[str, str | None] = {}
    mask = patch.allowed.get(attributes["id"])
    if mask is not None:
        changes |= _permission_changes(attributes, mask)
    if edge in patch.speed_ms:
        changes |= _speed_changes(attributes, patch.speed_ms[edge])
    if edge in patch.friction:
        changes |= _friction_changes(attributes, patch.friction[edge])
    return changes


def _crossing_changes(
    attributes: Mapping[str, str], patch: NetPatch, pairs: set[tuple[str, str]], before: Mapping[str, float]
) -> dict[str, str | None]:
    changes: dict[str, str | None] = {}
    if pairs and pairs <= patch.banned_turns:
        changes |= _permission_changes(attributes, 0)
    if any(edge in patch.speed_ms for pair in pairs for edge in pair):
        old = max(_mean(pair, before) for pair in pairs)
        new = max(_mean(pair, {**before, **patch.speed_ms}) for pair in pairs)
        now = float(attributes["speed"])
        if abs(new - old) >= 0.5 * 10**-_DECIMALS:
            free = abs(now - old) < 0.02
            changes |= _speed_changes(attributes, new if free else min(now, new))
    if any(edge in patch.friction for pair in pairs for edge in pair):
        changes |= _friction_changes(attributes, min(_mean(pair, patch.friction, missing=1.0) for pair in pairs))
    return changes


def _mean(pair: tuple[str, str], values: Mapping[str, float], *, missing: float = 13.89) -> float:
    return sum(values.get(edge, missing) for edge in pair) / 2


def _connection_changes(attributes: Mapping[str, str], patch: NetPatch) -> dict[str, str | None]:
    if (attributes["from"], attributes["to"]) not in patch.banned_turns:
        return {}
    return _permission_changes(attributes, 0)


def _permission_changes(attributes: Mapping[str, str], mask: int) -> dict[str, str | None]:
    if permissions(attributes.get("allow"), attributes.get("disallow")) == mask:
        return {}
    if mask == 0:
        return {"allow": None, "disallow": "all"}
    if mask == ALL_CLASSES:
        return {"allow": None, "disallow": None}
    return {"allow": " ".join(class_names(mask)), "disallow": None}


def _speed_changes(attributes: Mapping[str, str], speed_ms: float) -> dict[str, str | None]:
    same = round(float(attributes["speed"]), _DECIMALS) == round(speed_ms, _DECIMALS)
    return {} if same else {"speed": f"{speed_ms:.{_DECIMALS}f}"}


def _friction_changes(attributes: Mapping[str, str], friction: float) -> dict[str, str | None]:
    same = round(float(attributes.get("friction", "1")), _DECIMALS) == round(friction, _DECIMALS)
    return {} if same else {"friction": f"{friction:.{_DECIMALS}f}"}


def _rewritten(tag: str, changes: Mapping[str, str | None]) -> str:
    """Return a tag with attributes set, or taken out where the new value is None; the others keep their place."""
    left = dict(changes)

    def replaced(match: re.Match[str]) -> str:
        if match[1] not in left:
            return match[0]
        value = left.pop(match[1])
        return "" if value is None else f' {match[1]}="{escape(value)}"'

    head, body = re.match(r"<\w+", tag), tag  # the name stays in front of what is added
    assert head is not None
    body = _ATTRIBUTE.sub(replaced, tag[head.end() :])
    added = "".join(f' {name}="{escape(value)}"' for name, value in left.items() if value is not None)
    end = len(body) - (2 if body.endswith("/>") else 1)
    return f"{head[0]}{body[:end].rstrip() if added else body[:end]}{added}{body[end:]}"


def _attributes(text: str) -> dict[str, str]:
    return {match[1]: unescape(match[2][1:-1], _QUOTES) for match in _ATTRIBUTE.finditer(text)}


def _speeds(text: str) -> dict[str, float]:
    """Return the limit of each edge's fastest lane [m/s]."""
    speeds: dict[str, float] = {}
    _each(text, "lane", lambda edge, lane: speeds.update({edge: max(speeds.get(edge, 0.0), float(lane["speed"]))}))
    return speeds


def _crossings(text: str) -> _Crossing:
    """Return which edges the lanes across junctions join; a turn may run over two of them, one after the other."""
    found = _Crossing()
    later: list[dict[str, str]] = []

    def take(_: str, turn: dict[str, str]) -> None:
        if "via" not in turn:
            return
        if turn["from"].startswith(":"):
            later.append(turn)
        else:
            found.pairs.setdefault(turn["via"], set()).add((turn["from"], turn["to"]))

    _each(text, "connection", take)
    for turn in later:
        first = found.of(lane_id_of(turn["from"], int(turn["fromLane"])))
        found.pairs.setdefault(turn["via"], set()).update(first)
    return found


def _each(text: str, tag: str, take: Callable[[str, dict[str, str]], None]) -> None:
    """Call a function for each element of a kind, with the id of the edge before it."""
    edge = ""
    for match in _TAG.finditer(text):
        if match[1] == "edge":
            edge = _attributes(match[2])["id"]
        elif match[1] == tag:
            take(edge, _attributes(match[2]))
