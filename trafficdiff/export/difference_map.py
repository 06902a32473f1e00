"""Draw what changed as a PNG map: colour and width only where the change is more than chance.

::

    purple            less        the further from zero, the darker and the wider
    orange            more
    grey, thin        nothing that can be told from chance
    pale, thinner     nobody drove there
    black, dashed     removed, or closed to all
    black, dotted     added
    brown, dash-dot   not comparable: the same id, but another road
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from trafficdiff.export.page import Page, credits_of, lines_of, open_page, outside_of, save_page

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matplotlib.artist import Artist
    from matplotlib.collections import LineCollection
    from matplotlib.colors import Colormap
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["DifferenceStyle", "draw_difference_map", "limit_of"]

_CHANCE: Final = "#9c9c9c"
_UNUSED: Final = "#d9d9d9"
_LEAST_COLOUR: Final = 0.32
"""Colours begin this far from the middle of the palette, whose white would hide small changes and their sign."""
_SHARE_IN_SCALE: Final = 0.98
"""Share of the shown changes that the colour scale spans."""
_MARKS: Final[dict[str, tuple[str, str, Literal["--", ":", "-."]]]] = {
    "removed": ("removed or closed", "#111111", "--"),
    "added": ("added", "#111111", ":"),
    "unmatched": ("not comparable", "#7a4b1e", "-."),
}
"""Roads that only one of the networks has: words, colour, dashes."""


@dataclass(frozen=True)
class DifferenceStyle:
    """Say what a difference map says.

    Parameters
    ----------
    title, legend
        What is shown, and what the colour bar says with its unit.
    limit
        Change at the ends of the colour scale, in the unit of the legend; see `limit_of`.
    remarks
        What stands below the map, beside credits: the demand's origin, samples, the rate of false discoveries.
    """

    title: str
    legend: str
    limit: float
    remarks: Sequence[str] = ()


def limit_of(changes: NDArray[np.float64]) -> float:
    """Return a round number (1, 2 or 5 times a power of ten) that spans nearly all changes; 1 if there is none."""
    sizes = np.abs(changes[np.isfinite(changes) & (changes != 0)])
    if not len(sizes):
        return 1.0
    largest = float(np.quantile(sizes, _SHARE_IN_SCALE))
    power = 10.0 ** np.floor(np.log10(largest))
    return float(next(step * power for step in (1, 2, 5, 10) if step * power >= largest * (1 - 1e-9)))


def draw_difference_map(
    graph: RoadGraph,
    changes: NDArray[np.float64],
    *,
    distinguishable: NDArray[np.bool_],
    status: NDArray[np.object_],
    style: DifferenceStyle,
    path: Path,
    background: Mapping[str, Any] | None,
    added: RoadGraph | None = None,
    is_added: NDArray[np.bool_] | None = None,
) -> None:
    """Draw the change of one quantity by edge.

    Parameters
    ----------
    graph
        The roads of the base.
    changes
        Shape (E,), scenario less base; NaN where nobody drove or nothing can be compared.
    distinguishable
        Shape (E,), whether the change is shown; the others are grey.
    status
        Shape (E,), from `metrics.road_matching`: only ``both`` can have a change.
    style
        Words and scale.
    path
        PNG file to write.
    background
        GeoJSON FeatureCollection with a ``kind`` for every polygon, or None.

    Other Parameters
    ----------------
    added, is_added
        The roads of the scenario, in the base's net coordinates, and which of them are new, shape (E',).
    """
    page = open_page(graph, background=background)
    lines = lines_of(graph)
    both = status == "both"
    known = both & np.isfinite(changes)
    shown = known & distinguishable & (changes != 0)
    handles = [
        _plain(page, [lines[place] for place in np.flatnonzero(both & ~known)], _UNUSED, 0.5, "nobody drove there"),
        _plain(
            page, [lines[place] for place in np.flatnonzero(known & ~shown)], _CHANCE, 0.9, "no change beyond chance"
        ),
    ]
    coloured = _coloured(page, lines, changes, np.flatnonzero(shown), limit=style.limit)
    for kind in _MARKS:
        marked = [lines[place] for place in np.flatnonzero(status == kind)]
        if kind == "added" and added is not None and is_added is not None:
            new = lines_of(added)
            marked += [new[place] for place in np.flatnonzero(is_added)]
        handles.append(_marked(page, marked, kind))
    page.add_colour_bar(coloured, style.legend)
    present = [handle for handle in handles if handle is not None]
    page.axes.legend(handles=present, loc="lower right", fontsize=8, framealpha=0.85).set_zorder(20)
    credit = " · ".join([*credits_of(graph, background), *style.remarks, *outside_of(page.inside)])
    save_page(page, path, title=style.title, credit=credit)


def _plain(page: Page, lines: list[Any], colour: str, width: float, words: str) -> Artist | None:
    from matplotlib.collections import LineCollection
    from matplotlib.lines import Line2D

    if not lines:
        return None
    page.axes.add_collection(LineCollection(lines, colors=colour, linewidths=width * page.line_scale, zorder=10))
    return Line2D([], [], color=colour, linewidth=2 * width, label=words)


def _marked(page: Page, lines: list[Any], kind: str) -> Artist | None:
    from matplotlib.collections import LineCollection
    from matplotlib.lines import Line2D

    if not lines:
        return None
    words, colour, dashes = _MARKS[kind]
    width = max(2.2 * page.line_scale, 1.4)
    page.axes.add_collection(LineCollection(lines, colors=colour, linestyles=dashes, linewidths=width, zorder=13))
    return Line2D([], [], color=colour, linestyle=dashes, linewidth=1.8, label=words)


def _coloured(
    page: Page, lines: list[Any], changes: NDArray[np.float64], places: NDArray[np.intp], *, limit: float
) -> LineCollection:
    """Draw the shown changes, the largest on top."""
    from matplotlib.collections import LineCollection

    order = places[np.argsort(np.abs(changes[places]), kind="stable")]
    share = np.clip(np.abs(changes[order]) / limit, 0, 1)
    collection = LineCollection(
        [lines[place] for place in order],
        array=changes[order],
        cmap=_palette(),
        linewidths=page.line_scale * (1.4 + 4.0 * share),
        capstyle="round",
        zorder=11,
    )
    collection.set_clim(-limit, limit)
    page.axes.add_collection(collection)
    return collection


def _palette() -> Colormap:
    """Return purple for less and orange for more (ColorBrewer's PuOr, safe for colour-blind readers), without white."""
    import matplotlib as mpl
    from matplotlib.colors import ListedColormap

    whole = mpl.colormaps["PuOr_r"]
    half = np.linspace(_LEAST_COLOUR / 2, 0.5, 128)
    return ListedColormap(np.concatenate([whole(0.5 - half[::-1]), whole(0.5 + half)]), name="purple-orange")
