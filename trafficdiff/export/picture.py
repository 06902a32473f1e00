"""Draw a map of one metric as a PNG: the place's own background, roads coloured by value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.export.page import SIMULATOR, Page, credits_of, lines_of, open_page, outside_of, save_page

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from matplotlib.collections import LineCollection
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["SIMULATOR", "MapStyle", "draw_map", "map_title"]

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
    page = open_page(graph, background=background, size_inches=style.size_inches)
    coloured = _draw_edges(page, graph, values, style)
    page.add_colour_bar(coloured, style.legend)
    credit = " · ".join([*credits_of(graph, background), style.demand, *_remarks(values, page.inside)])
    save_page(page, path, title=style.title, credit=credit)


def _remarks(values: NDArray[np.float64], inside: NDArray[np.bool_]) -> list[str]:
    """Return what a reader of the map must know: what grey means, and what is not shown."""
    return [*(["grey: no traffic"] if np.isnan(values).any() else []), *outside_of(inside)]


def _draw_edges(page: Page, graph: RoadGraph, values: NDArray[np.float64], style: MapStyle) -> LineCollection:
    from matplotlib.collections import LineCollection

    lines, scale = lines_of(graph), page.line_scale
    known = np.isfinite(values)
    unknown = [line for line, seen in zip(lines, known, strict=True) if not seen]
    page.axes.add_collection(LineCollection(unknown, colors=_NO_DATA, linewidths=0.6 * scale, zorder=10))
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
    page.axes.add_collection(coloured)
    return coloured
