"""Lay out a map on a page: frame, background, scale bar, title, and below it whom to thank and what to know."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.export.credit import OSM_CREDIT, comes_from_openstreetmap
from trafficdiff.export.frame import Frame, frame_of, map_inches
from trafficdiff.export.lettering import lettering_for

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["SIMULATOR", "Page", "credits_of", "lines_of", "open_page", "outside_of", "save_page"]

SIMULATOR: Final = "simulated with SUMO"
_BACKGROUND: Final[dict[str, str]] = {
    "water": "#cfe3ee",
    "green": "#e0ecd8",
    "building": "#e9e5df",
}
_DOTS_PER_INCH: Final = 130
_LEFT, _RIGHT, _BOTTOM, _TOP = 0.15, 1.25, 0.5, 0.55
"""Room around the map for credit, title and colour bar [inches]."""
_LETTERS_PER_INCH: Final = {12: 10.5, 7: 17.0}
"""By size of the letters [points]; for breaking lines."""
_EDGES_AT_FULL_WIDTH: Final = 800
"""Networks with more edges in the frame get thinner lines."""


@dataclass(frozen=True, eq=False)
class Page:
    """Represent a page with an empty map.

    Parameters
    ----------
    figure, axes
        The page and the map on it; the map's coordinates are the net's [m].
    frame
        What of the net is shown.
    inside
        Shape (E,), which edges that is.
    line_scale
        Factor for the lines' widths: crowded nets get thinner ones.
    """

    figure: Figure
    axes: Axes
    frame: Frame
    inside: NDArray[np.bool_]
    line_scale: float

    def add_colour_bar(self, coloured: ScalarMappable, label: str) -> None:
        """Draw what the colours mean, on the right of the map."""
        width, height = self.figure.get_size_inches()
        map_height = height - _BOTTOM - _TOP
        bar_height = min(0.6 * map_height, 5.0)
        bar = (
            1 - (_RIGHT - 0.1) / width,
            (_BOTTOM + (map_height - bar_height) / 2) / height,
            0.2 / width,
            bar_height / height,
        )
        self.figure.colorbar(coloured, cax=self.figure.add_axes(bar), label=label, extend="both")


def open_page(
    graph: RoadGraph, *, background: Mapping[str, Any] | None, size_inches: tuple[float, float] | None = None
) -> Page:
    """Return a page with the place's background and a scale bar.

    It shows the bulk of the network (`frame_of`) in its own shape.

    Parameters
    ----------
    graph
        The roads.
    background
        GeoJSON FeatureCollection in longitude and latitude with a ``kind`` for every polygon, or None.
    size_inches
        Width and height of the page; None fits them to the network.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    frame = frame_of(graph)
    width, height = size_inches or tuple(np.add(map_inches(frame), (_LEFT + _RIGHT, _BOTTOM + _TOP)))
    map_width, map_height = width - _LEFT - _RIGHT, height - _BOTTOM - _TOP
    frame = frame.widened_to(map_width / map_height)
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((_LEFT / width, _BOTTOM / height, map_width / width, map_height / height))
    axes.set_axis_off()
    axes.set_xlim(frame.left, frame.right)
    axes.set_ylim(frame.bottom, frame.top)
    if background is not None:
        _draw_background(axes, graph, background)
    _draw_scale(axes, frame)
    inside = frame.holds(graph.midpoint_xy)
    return Page(figure, axes, frame, inside, min(1.0, (_EDGES_AT_FULL_WIDTH / max(inside.sum(), 1)) ** 0.5))


def save_page(page: Page, path: Path, *, title: str, credit: str) -> None:
    """Write title and credit on the page and into the PNG file's own description."""
    _, height = page.figure.get_size_inches()
    _write(page.figure, title, x=_LEFT, y=height - 0.12, size=12, top=True)
    _write(page.figure, credit, x=_LEFT, y=0.1, size=7, colour="#555555")
    page.figure.savefig(path, dpi=_DOTS_PER_INCH, metadata={"Title": title, "Description": credit})


def lines_of(graph: RoadGraph) -> list[NDArray[np.float64]]:
    """Return the centre line of each edge, shape (P, 2) [m] each."""
    return np.split(graph.shape_xy, graph.shape_offsets[1:-1])


def outside_of(inside: NDArray[np.bool_]) -> list[str]:
    """Return how many edges lie outside the map, in words; nothing if none does."""
    outside = int((~inside).sum())
    return [f"{outside:,} of {len(inside):,} edges lie outside the map"] if outside else []


def credits_of(graph: RoadGraph, background: Mapping[str, Any] | None) -> list[str]:
    """Return whom the map must thank: OpenStreetMap where roads or background are from there, and the simulator."""
    osm = comes_from_openstreetmap(graph) or background is not None
    return [OSM_CREDIT, SIMULATOR] if osm else [SIMULATOR]


def _write(
    figure: Figure, text: str, *, x: float, y: float, size: int, top: bool = False, colour: str = "black"
) -> None:
    """Write text at a place [inches] over as many lines as it needs, in fonts that have its letters."""
    width, height = figure.get_size_inches()
    lines = textwrap.fill(text, width=int((width - 2 * x) * _LETTERS_PER_INCH[size]))
    lettering = lettering_for(lines)
    figure.text(
        x / width, y / height, lettering.text, fontsize=size, color=colour, family=list(lettering.families),
        verticalalignment="top" if top else "bottom", parse_math=False,
    )  # fmt: skip


def _draw_background(axes: Axes, graph: RoadGraph, background: Mapping[str, Any]) -> None:
    from matplotlib.collections import PolyCollection

    for order, (kind, colour) in enumerate(_BACKGROUND.items()):
        rings = [
            np.asarray(polygon[0], np.float64)[:, :2]
            for feature in background["features"]
            if feature["properties"].get("kind") == kind
            for polygon in _polygons(feature["geometry"])
        ]
        if rings:
            xy = np.split(graph.from_lonlat(np.concatenate(rings)), np.cumsum([len(ring) for ring in rings])[:-1])
            axes.add_collection(PolyCollection(xy, facecolors=colour, edgecolors="none", zorder=order))


def _polygons(geometry: Mapping[str, Any]) -> list[Any]:
    """Return the polygons of a GeoJSON geometry, each a list of rings; none for points and lines."""
    match geometry["type"]:
        case "Polygon":
            return [geometry["coordinates"]]
        case "MultiPolygon":
            return list(geometry["coordinates"])
        case _:
            return []


def _draw_scale(axes: Axes, frame: Frame) -> None:
    """Draw a scale bar of a round length near a fifth of the width."""
    exponent = 10 ** np.floor(np.log10(frame.width_m / 5))
    length = max(step * exponent for step in (1, 2, 5) if step * exponent <= frame.width_m / 5)
    label = f"{length:.0f} m" if length < 1_000 else f"{length / 1_000:.0f} km"
    gap = 0.02 * frame.width_m
    left, bottom = frame.left + gap, frame.bottom + gap
    axes.plot([left, left + length], [bottom, bottom], color="#333333", linewidth=2, zorder=12)
    box = {"facecolor": "white", "alpha": 0.7, "edgecolor": "none", "pad": 1}
    axes.text(left, bottom + 0.5 * gap, label, fontsize=8, color="#333333", zorder=12, bbox=box)
