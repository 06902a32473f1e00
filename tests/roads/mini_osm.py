"""A hand-written OSM file of a few streets, near Helsinki unless moved.

::

    7 ─────── 8 ─────── 9        1-2-3  way 101, primary "Main Street", 2 lanes, 50 km/h
    │         │         │        4-5-6  way 102, residential "Middle Street"
    4 ─────── 5 ─────── 6        7-8-9  way 103, residential, one-way east
    │         │         │        1-4-7, 2-5-8, 3-6-9  ways 104, 105, 106, residential
    1 ─────── 2 ─────── 3        1-5    way 107, footway; node 2 has a signal
    (0, 0)                       blocks are about 200 m by 200 m; relation 901: no left turn 101 -> 105 at node 2
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

if TYPE_CHECKING:
    from pathlib import Path

SIDE_DEG = 0.0018  # about 200 m of latitude
HELSINKI = (24.94, 60.17)
DUBLIN = (-6.25, 53.35)

STREETS: dict[int, tuple[list[int], dict[str, str]]] = {
    101: ([1, 2, 3], {"highway": "primary", "name": "Main Street", "lanes": "2", "maxspeed": "50"}),
    102: ([4, 5, 6], {"highway": "residential", "name": "Middle Street", "surface": "sett"}),
    103: ([7, 8, 9], {"highway": "residential", "name": "North Street", "oneway": "yes"}),
    104: ([1, 4, 7], {"highway": "residential", "name": "West Street"}),
    105: ([2, 5, 8], {"highway": "residential", "name": "Centre Street"}),
    106: ([3, 6, 9], {"highway": "residential", "name": "East Street"}),
    107: ([1, 5], {"highway": "footway"}),
}


def positions(origin: tuple[float, float] = HELSINKI) -> dict[int, tuple[float, float]]:
    """Return longitude and latitude of the nine nodes."""
    return {
        1 + column + 3 * row: (origin[0] + 2 * column * SIDE_DEG, origin[1] + row * SIDE_DEG)
        for row in range(3)
        for column in range(3)
    }


def osm_text(
    *,
    nodes: dict[int, tuple[object, object]] | None = None,
    ways: dict[int, tuple[list[int], dict[str, str]]] | None = None,
    restrictions: bool = True,
    version: int = 1,
    timestamp: str = "2024-05-01T12:00:00Z",
    prolog: str = '<?xml version="1.0" encoding="UTF-8"?>\n',
) -> str:
    """Return the town as OSM XML."""
    stamp = f'version="{version}" timestamp="{timestamp}"'
    lines = [f'{prolog}<osm version="0.6">']
    for node, (lon, lat) in (positions() if nodes is None else nodes).items():
        signal = '<tag k="highway" v="traffic_signals"/>' if node == 2 else ""
        lines.append(f'<node id="{node}" {stamp} lat="{lat}" lon="{lon}">{signal}</node>')
    for way, (references, tags) in (STREETS if ways is None else ways).items():
        body = "".join(f'<nd ref="{node}"/>' for node in references)
        body += "".join(f"<tag k={quoteattr(key)} v={quoteattr(value)}/>" for key, value in tags.items())
        lines.append(f'<way id="{way}" {stamp}>{body}</way>')
    if restrictions:
        lines.append(
            f'<relation id="901" {stamp}><member type="way" ref="101" role="from"/>'
            '<member type="node" ref="2" role="via"/><member type="way" ref="105" role="to"/>'
            '<tag k="type" v="restriction"/><tag k="restriction" v="no_left_turn"/></relation>'
        )
    return "\n".join([*lines, "</osm>"])


def write_osm(path: Path, **changes: object) -> Path:
    """Write the town, plain or, by its name, as gzip."""
    import gzip

    content = osm_text(**changes).encode()  # type: ignore[arg-type]
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def with_tags(way: int, **tags: str) -> dict[int, tuple[list[int], dict[str, str]]]:
    """Return the streets with tags of one of them added or replaced."""
    references, old = STREETS[way]
    return {**STREETS, way: (references, {**old, **tags})}
