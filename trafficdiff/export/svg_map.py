"""Draw roads as a small SVG picture that stands inside a page: classes of roads, not single ones, and whole numbers.

Colours stand in the picture as attributes, so that it can be cut out of the page; a style sheet may override them by
class, which is how a page goes dark. No script, no style attribute, nothing from outside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from markupsafe import Markup, escape

from trafficdiff.export.frame import Frame, frame_of
from trafficdiff.export.svg_paths import area_path, line_path, on_canvas

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["Mark", "RoadStyle", "draw_roads"]

_WIDTH: Final = 10_000
"""Width of the picture in its own units: whole numbers are fine enough, a tenth of a pixel on a page."""
_TOLERANCE: Final = 4.0
"""How far a simplified line may leave the true one, in those units."""
_MOST_BYTES: Final = 300_000
"""Of all roads; beyond it lines are simplified further."""
_MOST_BACKGROUND_BYTES: Final = 130_000
_SMALLEST_AREA: Final = 900.0
"""Smaller areas of the background are left out, in square units."""
_BACKGROUND: Final = {"green": "#e2ecd9", "water": "#cfe2ee", "building": "#ece8e1"}
_MARK_RADIUS: Final = 130
_STEPS: Final = tuple(
    (radius * np.cos(angle), radius * np.sin(angle))
    for radius in (0.0, 2.4, 4.2, 6.0)
    for angle in np.arange(8) * np.pi / 4 + np.pi / 8
)
"""Where a mark may stand beside its road, in radii; the nearest free place counts."""


@dataclass(frozen=True)
class RoadStyle:
    """Say how a class of roads is drawn.

    Parameters
    ----------
    name
        Class in the style sheet.
    colour
        By day.
    width
        In ten-thousandths of the picture's width.
    dashes
        As SVG's ``stroke-dasharray``, or empty.
    """

    name: str
    colour: str
    width: float
    dashes: str = ""


@dataclass(frozen=True)
class Mark:
    """Put a number on the map that stands in the table as well; `xy` in net coordinates [m]."""

    label: str
    xy: tuple[float, float]
    title: str


def draw_roads(
    graph: RoadGraph,
    lines: NDArray[np.object_],
    *,
    kinds: NDArray[np.integer[Any]],
    styles: Sequence[RoadStyle],
    marks: Sequence[Mark] = (),
    background: Mapping[str, Any] | None,
    title: str,
    description: str,
    name: str,
) -> Markup:
    """Return a map as SVG.

    Parameters
    ----------
    graph
        The roads that say what part of the place is shown.
    lines
        Shape (R,), roads as shapely lines in the graph's net coordinates [m].
    kinds
        Shape (R,), position of each road's style; -1 for roads that are not drawn.
    styles
        From the lowest layer to the highest.
    marks
        Numbers on the map.
    background
        GeoJSON FeatureCollection in longitude and latitude with a ``kind`` for every polygon, or None.
    title, description
        What a reader who cannot see it is told.
    name
        Unique on the page; ids begin with it.
    """
    frame = frame_of(graph)
    height = round(_WIDTH * frame.height_m / frame.width_m)
    parts = [
        Markup(
            '<svg class="map" viewBox="0 0 {w} {h}" role="img" aria-labelledby="{n}-t {n}-d" '
            'preserveAspectRatio="xMidYMid meet" xmlns="http://www.w3.org/2000/svg">'
            '<title id="{n}-t">{title}</title><desc id="{n}-d">{description}</desc>'
            '<rect class="land" width="{w}" height="{h}" fill="#f7f6f3"/>'
        ).format(w=_WIDTH, h=height, n=name, title=title, description=description),
        *_background(graph, background, frame),
        *_roads(lines, kinds, styles, frame),
        _scale(frame, height),
        *_marks(marks, frame, height),
        Markup("</svg>"),
    ]
    return Markup("").join(parts)


def _roads(
    lines: NDArray[np.object_], kinds: NDArray[np.integer[Any]], styles: Sequence[RoadStyle], frame: Frame
) -> list[Markup]:
    import shapely

    view = shapely.box(frame.left, frame.bottom, frame.right, frame.top)
    drawn = np.flatnonzero((kinds >= 0) & shapely.intersects(lines, view))
    placed, place_kinds = on_canvas(lines[drawn], frame, width=_WIDTH), kinds[drawn]
    tolerance, paths = _TOLERANCE, _paths(placed, place_kinds, styles, tolerance=_TOLERANCE)
    while sum(map(len, paths)) > _MOST_BYTES and tolerance < _WIDTH / 50:
        tolerance *= 2
        paths = _paths(placed, place_kinds, styles, tolerance=tolerance)
    return [
        Markup(
            '<path class="road {name}" d="{path}" fill="none" stroke="{colour}" stroke-width="{width:g}"{dashes} '
            'stroke-linecap="{cap}" stroke-linejoin="round"/>'
        ).format(
            name=style.name,
            path=path,
            colour=style.colour,
            width=style.width,
            dashes=Markup(' stroke-dasharray="{}"').format(style.dashes) if style.dashes else "",
            cap="butt" if style.dashes else "round",
        )
        for style, path in zip(styles, paths, strict=True)
        if path
    ]


def _paths(
    lines: NDArray[np.object_], kinds: NDArray[np.integer[Any]], styles: Sequence[RoadStyle], *, tolerance: float
) -> list[str]:
    import shapely

    simple = shapely.simplify(lines, tolerance)
    return [line_path(simple[kinds == kind]) for kind in range(len(styles))]


def _background(graph: RoadGraph, background: Mapping[str, Any] | None, frame: Frame) -> list[Markup]:
    """Return water, green and buildings; what is small goes first where all together would be large."""
    if background is None:
        return []
    areas = {kind: _areas(graph, background, frame, kind=kind) for kind in _BACKGROUND}
    smallest = _SMALLEST_AREA
    paths = {kind: area_path(found, smallest=smallest) for kind, found in areas.items()}
    while sum(map(len, paths.values())) > _MOST_BACKGROUND_BYTES and smallest < _WIDTH**2:
        smallest *= 2
        paths = {kind: area_path(found, smallest=smallest) for kind, found in areas.items()}
    return [
        Markup('<path class="{kind}" d="{path}" fill="{colour}" fill-rule="evenodd"/>').format(
            kind=kind, path=path, colour=_BACKGROUND[kind]
        )
        for kind, path in paths.items()
        if path
    ]


def _areas(graph: RoadGraph, background: Mapping[str, Any], frame: Frame, *, kind: str) -> NDArray[np.object_]:
    """Return the polygons of one kind inside the frame, in the picture's units."""
    import shapely
    from shapely.geometry import shape

    found = [shape(item["geometry"]) for item in background["features"] if item["properties"].get("kind") == kind]
    polygons = [part for part in shapely.get_parts(found) if part.geom_type == "Polygon"]
    if not polygons:
        return np.array([], object)
    metric = shapely.transform(np.array(polygons, object), graph.from_lonlat)
    cut = shapely.clip_by_rect(shapely.make_valid(metric), frame.left, frame.bottom, frame.right, frame.top)
    placed = on_canvas(shapely.get_parts(cut), frame, width=_WIDTH)
    return np.asarray(shapely.get_parts(shapely.simplify(placed, 2 * _TOLERANCE)), object)


def _scale(frame: Frame, height: int) -> Markup:
    """Return a scale bar of a round length near a fifth of the width."""
    power = 10 ** np.floor(np.log10(frame.width_m / 5))
    length_m = max(step * power for step in (1, 2, 5) if step * power <= frame.width_m / 5)
    label = f"{length_m:.0f} m" if length_m < 1_000 else f"{length_m / 1_000:.0f} km"
    end = 200 + round(length_m * _WIDTH / frame.width_m)
    return Markup(
        '<g class="scale" aria-hidden="true"><path d="M200 {y}v60H{end}v-60" fill="none" stroke="#333" '
        'stroke-width="24"/><text x="220" y="{above}" font-size="210" font-family="sans-serif" fill="#333">{label}'
        "</text></g>"
    ).format(y=height - 260, above=height - 300, end=end, label=label)


def _marks(marks: Sequence[Mark], frame: Frame, height: int) -> list[Markup]:
    scale = _WIDTH / frame.width_m
    taken: list[tuple[float, float]] = []
    drawn: list[Markup] = []
    for mark in marks:
        point = ((mark.xy[0] - frame.left) * scale, (frame.top - mark.xy[1]) * scale)
        if not (0 <= point[0] <= _WIDTH and 0 <= point[1] <= height):
            continue
        place = _free_place(point, taken, height)
        taken.append(place)
        drawn.append(
            Markup(
                '<g class="mark"><title>{title}</title><path d="M{px:.0f} {py:.0f}L{x:.0f} {y:.0f}" stroke="#111" '
                'stroke-width="20"/><circle cx="{x:.0f}" cy="{y:.0f}" r="{r}" fill="#fff" stroke="#111" '
                'stroke-width="20"/><text x="{x:.0f}" y="{t:.0f}" font-size="170" font-family="sans-serif" '
                'font-weight="700" text-anchor="middle" fill="#111">{label}</text></g>'
            ).format(
                title=escape(mark.title), label=mark.label, px=point[0], py=point[1], x=place[0], y=place[1],
                t=place[1] + 60, r=_MARK_RADIUS,
            )
        )  # fmt: skip
    return drawn


def _free_place(point: tuple[float, float], taken: Sequence[tuple[float, float]], height: int) -> tuple[float, float]:
    """Return the nearest place beside a point on which no other mark stands."""
    for dx, dy in _STEPS:
        x, y = point[0] + dx * _MARK_RADIUS, point[1] + dy * _MARK_RADIUS
        inside = _MARK_RADIUS < x < _WIDTH - _MARK_RADIUS and _MARK_RADIUS < y < height - _MARK_RADIUS
        if inside and all(np.hypot(x - a, y - b) > 2.2 * _MARK_RADIUS for a, b in taken):
            return float(x), float(y)
    return point
