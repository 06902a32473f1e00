"""Draw a map of one metric as a PNG: the place's own background, roads coloured by value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.collections import LineCollection
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["MapStyle", "draw_map"]

ATTRIBUTION: Final = "© OpenStreetMap contributors (ODbL) · simulated with SUMO"
_BACKGROUND: Final[dict[str, str]] = {
    "water": "#cfe3ee",
    "green": "#e0ecd8",
    "building": "#e9e5df",
}
_NO_DATA: Final = "#c4c4c4"


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
        Width and height.
    """

    title: str
    legend: str
    demand: str
    low: float
    high: float
    palette: str = "viridis_r"
    size_inches: tuple[float, float] = (9.0, 10.5)


def draw_map(
    graph: RoadGraph, values: NDArray[np.float64], *, style: MapStyle, path: Path, background: Mapping[str, Any] | None
) -> None:
    """Draw the edges coloured by a value; edges without a value are grey and thin.

    Width is the second cue beside colour: the higher the value on the scale, the wider the line.

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

    figure = Figure(figsize=style.size_inches, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    if background is not None:
        _draw_background(axes, graph, background)
    coloured = _draw_edges(axes, graph, values, style)
    figure.colorbar(coloured, ax=axes, shrink=0.45, pad=0.01, label=style.legend, extend="both")
    axes.set_title(style.title, loc="left", fontsize=12)
    axes.set_aspect("equal")
    axes.set_axis_off()
    margin = 0.02 * float(np.ptp(graph.shape_xy, axis=0).max())
    (left, bottom), (right, top) = graph.shape_xy.min(axis=0) - margin, graph.shape_xy.max(axis=0) + margin
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    _draw_scale(axes, left=left + margin, bottom=bottom + margin, width_m=right - left)
    credit = f"{ATTRIBUTION} · {style.demand}"
    figure.text(0.01, 0.004, credit, fontsize=7, color="#555555")
    figure.savefig(path, dpi=130, metadata={"Title": style.title, "Description": credit})


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


def _draw_edges(axes: Axes, graph: RoadGraph, values: NDArray[np.float64], style: MapStyle) -> LineCollection:
    from matplotlib.collections import LineCollection

    lines = np.split(graph.shape_xy, graph.shape_offsets[1:-1])
    known = np.isfinite(values)
    unknown = [line for line, seen in zip(lines, known, strict=True) if not seen]
    axes.add_collection(LineCollection(unknown, colors=_NO_DATA, linewidths=0.6, zorder=10))
    order = np.flatnonzero(known)[np.argsort(values[known], kind="stable")]
    share = np.clip((values[order] - style.low) / (style.high - style.low), 0, 1)
    coloured = LineCollection(
        [lines[place] for place in order],
        array=values[order],
        cmap=style.palette,
        linewidths=1.2 + 2.6 * share,
        capstyle="round",
        zorder=11,
    )
    coloured.set_clim(style.low, style.high)
    axes.add_collection(coloured)
    return coloured


def _draw_scale(axes: Axes, *, left: float, bottom: float, width_m: float) -> None:
    """Draw a scale bar of a round length near a fifth of the width."""
    exponent = 10 ** np.floor(np.log10(width_m / 5))
    length = max(step * exponent for step in (1, 2, 5) if step * exponent <= width_m / 5)
    axes.plot([left, left + length], [bottom, bottom], color="#333333", linewidth=2, zorder=12)
    label = f"{length:.0f} m" if length < 1_000 else f"{length / 1_000:.0f} km"
    axes.text(left, bottom + 0.006 * width_m, label, fontsize=8, color="#333333", zorder=12)
