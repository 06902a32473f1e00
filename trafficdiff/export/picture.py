"""Draw a map of one metric as a PNG: the place's own background, roads coloured by value."""

from __future__ import annotations

import re
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
    from matplotlib.collections import LineCollection
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["MapStyle", "draw_map", "map_title"]

SIMULATOR: Final = "simulated with SUMO"
_BACKGROUND: Final[dict[str, str]] = {
    "water": "#cfe3ee",
    "green": "#e0ecd8",
    "building": "#e9e5df",
}
_NO_DATA: Final = "#c4c4c4"
_DOTS_PER_INCH: Final = 130
_LEFT, _RIGHT, _BOTTOM, _TOP = 0.15, 1.25, 0.5, 0.55
"""Room around the map for credit, title and colour bar [inches]."""
_LETTERS_PER_INCH: Final = {12: 10.5, 7: 17.0}
"""By size of the letters [points]; for breaking lines."""
_EDGES_AT_FULL_WIDTH: Final = 800
"""Networks with more edges in the frame get thinner lines."""


@dataclass(frozen=True)
class MapStyle:
    """Say how values become colours.

    Parameters
    ----------
    title, legend
        What is shown, and what the colour bar says.
    demand
        Where the trips come from, in the words that stand below the map (`TripSet.origin`).
    low, high
        Values at the ends of the colour scale.
    palette
        A matplotlib colour map; viridis for levels, PuOr for change (both safe for colour-blind readers).
    size_inches
        Width and height of the picture; None fits them to the network.
    """

    title: str
    legend: str
    demand: str
    low: float
    high: float
    palette: str = "viridis_r"
    size_inches: tuple[float, float] | None = None


def map_title(place: str, scenario: str, *, window_s: tuple[float, float]) -> str:
    """Return what is shown, where and when; the place only where the scenario's name does not have its main word.

    Parameters
    ----------
    place, scenario
        Names for people.
    window_s
        Begin and end [s of the simulated day].
    """
    begin, end = (f"{time_s // 3_600:02.0f}:{time_s % 3_600 // 60:02.0f}" for time_s in window_s)
    main_word = max(re.findall(r"\w+", place.casefold()), key=len, default="")
    named = not main_word or main_word in re.findall(r"\w+", scenario.casefold())
    return f"{scenario if named else f'{place}: {scenario}'}, {begin} to {end}"


def draw_map(
    graph: RoadGraph, values: NDArray[np.float64], *, style: MapStyle, path: Path, background: Mapping[str, Any] | None
) -> None:
    """Draw the edges coloured by a value; edges without a value are grey and thin.

    Width is the second cue beside colour: the higher the value on the scale, the wider the line. The picture shows
    the bulk of the network (`frame_of`) in its own shape, and says how many edges lie outside.

    Parameters
    ----------
    graph
        The roads.
    values
        Shape (E,), NaN where there is nothing to show.
    style
        Title, legend, scale.
    path
        PNG file to write.
    background
        GeoJSON FeatureCollection in longitude and latitude with a ``kind`` for every polygon, or None.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    frame = frame_of(graph)
    width, height = style.size_inches or tuple(np.add(map_inches(frame), (_LEFT + _RIGHT, _BOTTOM + _TOP)))
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
    inside = frame.holds(graph.midpoint_xy)
    coloured = _draw_edges(axes, graph, values, style, scale=min(1.0, (_EDGES_AT_FULL_WIDTH / inside.sum()) ** 0.5))
    _draw_scale(axes, frame)
    bar_height = min(0.6 * map_height, 5.0)
    bar = (
        1 - (_RIGHT - 0.1) / width,
        (_BOTTOM + (map_height - bar_height) / 2) / height,
        0.2 / width,
        bar_height / height,
    )
    figure.colorbar(coloured, cax=figure.add_axes(bar), label=style.legend, extend="both")
    credit = " · ".join([*_credits(graph, background), style.demand, *_remarks(values, inside)])
    _write(figure, style.title, x=_LEFT, y=height - 0.12, size=12, top=True)
    _write(figure, credit, x=_LEFT, y=0.1, size=7, colour="#555555")
    figure.savefig(path, dpi=_DOTS_PER_INCH, metadata={"Title": style.title, "Description": credit})


def _credits(graph: RoadGraph, background: Mapping[str, Any] | None) -> list[str]:
    osm = comes_from_openstreetmap(graph) or background is not None
    return [OSM_CREDIT, SIMULATOR] if osm else [SIMULATOR]


def _remarks(values: NDArray[np.float64], inside: NDArray[np.bool_]) -> list[str]:
    """Return what a reader of the map must know: what grey means, and what is not shown."""
    outside = int((~inside).sum())
    grey = ["grey: no traffic"] if np.isnan(values).any() else []
    return grey + ([f"{outside:,} of {len(inside):,} edges lie outside the map"] if outside else [])


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


def _draw_edges(
    axes: Axes, graph: RoadGraph, values: NDArray[np.float64], style: MapStyle, *, scale: float
) -> LineCollection:
    from matplotlib.collections import LineCollection

    lines = np.split(graph.shape_xy, graph.shape_offsets[1:-1])
    known = np.isfinite(values)
    unknown = [line for line, seen in zip(lines, known, strict=True) if not seen]
    axes.add_collection(LineCollection(unknown, colors=_NO_DATA, linewidths=0.6 * scale, zorder=10))
    order = np.flatnonzero(known)[np.argsort(values[known], kind="stable")]
    share = np.clip((values[order] - style.low) / (style.high - style.low), 0, 1)
    coloured = LineCollection(
        [lines[place] for place in order],
        array=values[order],
        cmap=style.palette,
        linewidths=scale * (1.2 + 2.6 * share),
        capstyle="round",
        zorder=11,
    )
    coloured.set_clim(style.low, style.high)
    axes.add_collection(coloured)
    return coloured


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
