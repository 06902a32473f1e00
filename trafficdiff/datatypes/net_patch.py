"""Say how a net file is changed; `trafficdiff.roads` applies it and reads the roads again.

Permissions, speeds and forbidden turns are changed in place: every other byte stays as it was, so that a change to what
already holds is exactly no change. New roads and lanes need netconvert.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["NetPatch", "RoadToBuild"]


@dataclass(frozen=True, kw_only=True)
class RoadToBuild:
    """Describe one new edge: id, junctions at its ends, points between in net coordinates [m], lanes, limit [m/s]."""

    id: str
    from_node: str
    to_node: str
    shape_xy: tuple[tuple[float, float], ...]
    lanes: int
    speed_ms: float
    street: str
    road_class: str


@dataclass(frozen=True, kw_only=True)
class NetPatch:
    """Hold changes of a net.

    Parameters
    ----------
    allowed
        By lane id, the classes that may use it, as a bit mask of `VEHICLE_CLASSES`; 0 for nobody.
    speed_ms
        By edge id, the limit of all its lanes [m/s].
    friction
        By edge id, the friction of its surface, 1 for dry.
    banned_turns
        Pairs of edge ids, from and to.
    lanes
        By edge id, how many lanes it shall have; ones that are added lie on the left.
    reserved
        By edge id, the vehicle class that a new rightmost lane is for.
    roads
        Edges to build.
    """

    allowed: Mapping[str, int] = field(default_factory=dict)
    speed_ms: Mapping[str, float] = field(default_factory=dict)
    friction: Mapping[str, float] = field(default_factory=dict)
    banned_turns: frozenset[tuple[str, str]] = frozenset()
    lanes: Mapping[str, int] = field(default_factory=dict)
    reserved: Mapping[str, str] = field(default_factory=dict)
    roads: tuple[RoadToBuild, ...] = ()

    def __bool__(self) -> bool:
        return any(getattr(self, one.name) for one in fields(self))

    @property
    def rebuilds(self) -> bool:
        """Whether netconvert has to make the net again."""
        return bool(self.lanes or self.reserved or self.roads)

    def joined(self, later: NetPatch) -> Self:
        """Return both together; the later one holds where both speak of the same thing, and the narrower permission."""
        narrowed = {lane: mask & self.allowed.get(lane, mask) for lane, mask in later.allowed.items()}
        return type(self)(
            allowed={**self.allowed, **narrowed},
            speed_ms={**self.speed_ms, **later.speed_ms},
            friction={**self.friction, **later.friction},
            banned_turns=self.banned_turns | later.banned_turns,
            lanes={**self.lanes, **later.lanes},
            reserved={**self.reserved, **later.reserved},
            roads=(*self.roads, *later.roads),
        )
