"""Write small OSM files drawn on a plane of metres, so that every area and length is known."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

from trafficdiff.roads.surroundings import metres_per_degree

if TYPE_CHECKING:
    from pathlib import Path

SOUTH_WEST = (24.94, 60.17)
"""Longitude and latitude of the plane's origin."""


def lonlat(x_m: float, y_m: float) -> tuple[float, float]:
    """Return the place of a point of the plane."""
    degree_x_m, degree_y_m = metres_per_degree(SOUTH_WEST[1])
    return SOUTH_WEST[0] + x_m / degree_x_m, SOUTH_WEST[1] + y_m / degree_y_m


@dataclass
class DrawnMap:
    """Collect nodes, ways and relations, and write them as OSM XML with a box of `size_m`."""

    size_m: float = 1000.0
    parts: dict[str, list[str]] = field(default_factory=lambda: {"node": [], "way": [], "relation": []})
    _next: int = 1

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        return (*lonlat(0, 0), *lonlat(self.size_m, self.size_m))

    def node(self, x_m: float, y_m: float, *, missing: bool = False, **tags: str) -> int:
        """Add a node; a missing one has an id and no place, as after a crop."""
        number = self._take()
        if not missing:
            lon, lat = lonlat(x_m, y_m)
            self.parts["node"].append(
                f'<node id="{number}" version="1" lon="{lon:.9f}" lat="{lat:.9f}">{_tags(tags)}</node>'
            )
        return number

    def way(self, *points: tuple[float, float], closed: bool = False, crop: bool = False, **tags: str) -> int:
        """Add a way through points of the plane; with `crop`, nodes outside the box are missing."""
        nodes = [
            self.node(x, y, missing=crop and not (0 <= x <= self.size_m and 0 <= y <= self.size_m)) for x, y in points
        ]
        nodes += nodes[:1] if closed else []
        number = self._take()
        refs = "".join(f'<nd ref="{node}"/>' for node in nodes)
        self.parts["way"].append(f'<way id="{number}" version="1">{refs}{_tags(tags)}</way>')
        return number

    def multipolygon(self, outer: list[int], inner: list[int], **tags: str) -> int:
        """Add a multipolygon relation of ways."""
        number = self._take()
        members = "".join(
            f'<member type="way" ref="{way}" role="{role}"/>'
            for role, ways in (("outer", outer), ("inner", inner))
            for way in ways
        )
        tags = {"type": "multipolygon", **tags}
        self.parts["relation"].append(f'<relation id="{number}" version="1">{members}{_tags(tags)}</relation>')
        return number

    def square(self, x_m: float, y_m: float, side_m: float, **tags: str) -> int:
        """Add a square by its south-west corner."""
        return self.way(*corners(x_m, y_m, side_m), closed=True, **tags)

    def write(self, path: Path, *, box: bool = True) -> Path:
        """Write the map, gzipped where the name ends in ``.gz``."""
        west, south, east, north = self.bounds
        head = f'<bounds minlon="{west}" minlat="{south}" maxlon="{east}" maxlat="{north}"/>' if box else ""
        body = "".join("".join(parts) for parts in self.parts.values())
        text = f'<?xml version="1.0" encoding="UTF-8"?><osm version="0.6">{head}{body}</osm>'.encode()
        path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
        return path

    def _take(self) -> int:
        self._next += 1
        return self._next - 1


def corners(x_m: float, y_m: float, side_m: float) -> list[tuple[float, float]]:
    """Return the corners of a square, counter-clockwise."""
    return [(x_m, y_m), (x_m + side_m, y_m), (x_m + side_m, y_m + side_m), (x_m, y_m + side_m)]


def _tags(tags: dict[str, str]) -> str:
    return "".join(f"<tag k={quoteattr(key.replace('__', ':'))} v={quoteattr(value)}/>" for key, value in tags.items())
