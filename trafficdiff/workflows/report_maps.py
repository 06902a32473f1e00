"""Draw the maps of a report: how slow roads are in a run, and what a scenario changes on them."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.export.frame import frame_of
from trafficdiff.export.report_content import Figure, LegendEntry, Table
from trafficdiff.export.shown_numbers import decimals_for, plain, signed
from trafficdiff.export.svg_map import Mark, RoadStyle, draw_roads

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    import xarray as xr
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.export.catalogue import Catalogue
    from trafficdiff.store.reading import StoredRun
    from trafficdiff.workflows.comparison import Comparison

__all__ = ["background_of", "difference_figure", "level_figure"]

_LEVELS: Final = (1.25, 1.5, 2.0, 3.0)
"""Steps of the travel time over that of a free road; the classes lie between them."""
_LEVEL_STYLES: Final = (
    RoadStyle("unused", "#d4d2cd", 16),
    RoadStyle("level0", "#a9c738", 26),
    RoadStyle("level1", "#4aa964", 34),
    RoadStyle("level2", "#22808d", 44),
    RoadStyle("level3", "#3f4a8a", 58),
    RoadStyle("level4", "#440154", 76),
)
"""Viridis, dark for slow, and wider: the second cue."""
_STEPS: Final = (0.2, 0.5)
"""Where the classes of a change end, as shares of the scale's end."""
_CHANGE_STYLES: Final = (
    RoadStyle("unused", "#d9d7d2", 14),
    RoadStyle("chance", "#a3a19c", 24),
    RoadStyle("less0", "#a195c9", 40),
    RoadStyle("more0", "#eea03a", 40),
    RoadStyle("less1", "#7765ad", 60),
    RoadStyle("more1", "#d6740c", 60),
    RoadStyle("less2", "#46207a", 86),
    RoadStyle("more2", "#9a4a03", 86),
    RoadStyle("removed", "#111111", 56, "110 60"),
    RoadStyle("added", "#111111", 56, "30 60"),
    RoadStyle("unmatched", "#7a4b1e", 50, "110 50 30 50"),
)
"""Purple for less, orange for more (ColorBrewer's PuOr), wider for larger; grey inside the interval."""
_PLACE: Final = {style.name: place for place, style in enumerate(_CHANGE_STYLES)}
_KEY_SCALE: Final = 0.08
"""From the map's units to those of a legend's key."""
_MARKED: Final = 5
"""How many roads of each sign get a number on the map and a row in the table."""
_SHOWN_STREETS: Final = 10


def background_of(run: StoredRun) -> dict[str, Any] | None:
    """Return the background that the run's network was built with, or None."""
    from trafficdiff.roads.build import BACKGROUND_FILE

    path = run.net_path.with_name(BACKGROUND_FILE)
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


def level_figure(
    run: StoredRun, graph: RoadGraph, data: xr.Dataset, streets: pd.DataFrame, *, name: str, words: Catalogue
) -> Figure:
    """Return the map of a run: by how much longer its roads take than when they are free, and its slowest streets.

    Parameters
    ----------
    run, graph
        The run and its roads.
    data
        `whole_window` of the run's measurements, in the order of the graph's edges.
    streets
        From `metrics.streets`, the worst first.
    name
        Unique on the page.
    words
        The language.
    """
    ratio = (data["travel_time"] / data["free_flow_time"]).to_numpy()
    kinds = np.where(np.isfinite(ratio), 1 + np.digitize(ratio, _LEVELS), 0)
    shown = streets.head(_SHOWN_STREETS)
    table = Table(
        caption=words.word("report.slow_streets"),
        headings=tuple(words.word(f"report.head_{key}") for key in ("street", "delay_h", "speed_kmh", "times_free")),
        rows=tuple(
            (
                str(row["street"]),
                words.number(row["delay_hours"], 2),
                plain(3.6 * row["mean_speed_ms"], 1, words),
                plain(row["travel_time_index"], 2, words),
            )
            for row in shown.to_dict("records")
            if row["delay_hours"] > 0
        ),
        numeric=(False, True, True, True),
    )
    steps = [words.number(step, 2).rstrip("0") for step in _LEVELS]
    steps = [step.rstrip(".,") for step in steps]
    labels = [
        words.word("report.unused"),
        words.word("report.up_to_times", high=steps[0]),
        *(words.word("report.from_to_times", low=low, high=high) for low, high in itertools.pairwise(steps)),
        words.word("report.over_times", low=steps[-1]),
    ]
    seen = set(kinds.tolist())
    return Figure(
        title=words.word("report.level_map"),
        drawing=draw_roads(
            graph, _net_lines(graph), kinds=kinds, styles=_LEVEL_STYLES, background=background_of(run),
            title=words.word("report.level_map_title", place=graph.name),
            description=words.word(
                "report.level_map_description", slow=int((ratio >= _LEVELS[2]).sum()),
                count=int(np.isfinite(ratio).sum()),
            ),
            name=name,
        ),
        legend=tuple(
            _entry(style, label)
            for place, (style, label) in enumerate(zip(_LEVEL_STYLES, labels, strict=True))
            if place in seen
        ),
        caption=words.word("report.level_map_caption"),
        table=table,
        tall=_is_tall(graph),
    )  # fmt: skip


def difference_figure(
    found: Comparison,
    before: RoadGraph,
    *,
    quantity: str,
    run: StoredRun,
    name: str,
    words: Catalogue,
) -> Figure:
    """Return the map of what a scenario changes; changes inside their interval are grey.

    Parameters
    ----------
    found
        The comparison.
    before
        The roads of the base.
    quantity
        ``"traversals"`` or ``"delay"``.
    run
        A run of the base, for the background.
    name
        Unique on the page.
    words
        The language.
    """
    from trafficdiff.export.difference_map import limit_of

    factor = {"traversals": 1.0, "delay": 1 / 60}[quantity]
    edges = found.edges
    column = next(str(key) for key in edges.columns if str(key).startswith(f"{quantity}_difference"))
    changes = edges[column].to_numpy(np.float64) * factor
    tested = np.isfinite(edges[f"{quantity}_p"].to_numpy(np.float64))
    shown = edges[f"{quantity}_distinguishable"].to_numpy(bool) & tested & (changes != 0)
    limit = limit_of(changes[shown])
    kinds = _kinds(changes, tested=tested, shown=shown, status=edges["status"].to_numpy(object), limit=limit)
    marked = _marked(edges, changes, shown)
    lines = _lines_onto(edges, before)
    unit = words.word(f"report.unit_{quantity}")
    counts = found.counts(quantity)
    legend = _legend(kinds, limit, unit, words)
    return Figure(
        title=words.word(f"report.map_{quantity}"),
        drawing=draw_roads(
            before, lines, kinds=kinds, styles=_CHANGE_STYLES, marks=_marks(edges, lines, marked),
            background=background_of(run),
            title=words.word(f"report.map_{quantity}_title", scenario=found.scenario, base=found.base),
            description=words.word(
                "report.map_description", more=int((shown & (changes > 0)).sum()),
                less=int((shown & (changes < 0)).sum()), count=counts["edges_tested"],
            ),
            name=name,
        ),
        legend=legend,
        caption=words.word(
            "report.map_caption", shown=counts["edges_distinguishable"], count=counts["edges_tested"],
            rate=words.number(100 * found.rate),
        ),
        table=_road_table(edges, marked, quantity=quantity, column=column, factor=factor, words=words),
        tall=_is_tall(before),
    )  # fmt: skip


def _kinds(
    changes: NDArray[np.float64],
    *,
    tested: NDArray[np.bool_],
    shown: NDArray[np.bool_],
    status: NDArray[np.object_],
    limit: float,
) -> NDArray[np.int64]:
    """Return the style of each road."""
    kinds = np.where(tested, _PLACE["chance"], _PLACE["unused"])
    step = np.digitize(np.abs(np.nan_to_num(changes)), [share * limit for share in _STEPS])
    for sign, side in (("more", changes > 0), ("less", changes < 0)):
        for size in range(len(_STEPS) + 1):
            kinds[shown & side & (step == size)] = _PLACE[f"{sign}{size}"]
    for name in ("removed", "added", "unmatched"):
        kinds[status == name] = _PLACE[name]
    kinds[status == "absent"] = -1
    return kinds.astype(np.int64)


def _legend(kinds: NDArray[np.int64], limit: float, unit: str, words: Catalogue) -> tuple[LegendEntry, ...]:
    """Return what is on the map, from much less to much more, then the roads without a change."""
    ends = [share * limit for share in _STEPS]
    decimals = decimals_for([limit]) - 1 if limit < 100 else 0
    low, high = (words.number(end, max(decimals, 0)) for end in ends)
    ranges = {
        0: words.word("report.size_up_to", high=low, unit=unit),
        1: words.word("report.size_from_to", low=low, high=high, unit=unit),
        2: words.word("report.size_over", low=high, unit=unit),
    }
    seen = set(kinds.tolist())
    entries = [
        (f"{sign}{size}", words.word(f"report.legend_{sign}", size=ranges[size]))
        for sign, sizes in (("less", (2, 1, 0)), ("more", (0, 1, 2)))
        for size in sizes
    ]
    entries += [
        (name, words.word(f"report.legend_{name}")) for name in ("chance", "unused", "removed", "added", "unmatched")
    ]
    return tuple(_entry(_CHANGE_STYLES[_PLACE[style]], label) for style, label in entries if _PLACE[style] in seen)


def _entry(style: RoadStyle, label: str) -> LegendEntry:
    """Return a legend's entry: the map's line, in a key a hundred times smaller than the map."""
    dashes = " ".join(f"{float(part) * _KEY_SCALE:g}" for part in style.dashes.split())
    width = max(style.width * _KEY_SCALE, 1.5)
    return LegendEntry(style=style.name, label=label, colour=style.colour, width=width, dashes=dashes)


def _marked(edges: gpd.GeoDataFrame, changes: NDArray[np.float64], shown: NDArray[np.bool_]) -> list[int]:
    """Return the rows of the largest changes, the most of them first, one a street and sign."""
    rows: list[int] = []
    street = edges["street"].to_numpy(object)
    for side in (np.flatnonzero(shown & (changes > 0)), np.flatnonzero(shown & (changes < 0))):
        order = side[np.argsort(-np.abs(changes[side]), kind="stable")]
        _, first = np.unique(street[order].astype(str), return_index=True)
        rows += [int(row) for row in order[np.sort(first)][:_MARKED]]
    return rows


def _marks(edges: gpd.GeoDataFrame, lines: NDArray[np.object_], rows: list[int]) -> list[Mark]:
    import shapely

    middle = shapely.get_coordinates(shapely.line_interpolate_point(lines[rows], 0.5, normalized=True))
    return [
        Mark(label=str(number), xy=(float(xy[0]), float(xy[1])), title=str(edges["street"].iloc[row]))
        for number, (row, xy) in enumerate(zip(rows, middle, strict=True), start=1)
    ]


def _road_table(
    edges: gpd.GeoDataFrame, rows: list[int], *, quantity: str, column: str, factor: float, words: Catalogue
) -> Table:
    ending = column.removeprefix(f"{quantity}_difference")
    kept = [f"{quantity}_{what}{ending}" for what in ("base", "scenario", "difference", "low", "high")]
    cells = []
    for number, row in enumerate(rows, start=1):
        base, scenario, change, low, high = (float(edges[name].iloc[row]) * factor for name in kept)
        decimals = min(decimals_for([change, low, high]), 1)
        cells.append(
            (
                str(number),
                str(edges["street"].iloc[row]),
                words.number(base, decimals),
                words.number(scenario, decimals),
                signed(change, decimals, words),
                words.word("report.from_to", low=signed(low, decimals, words), high=signed(high, decimals, words)),
            )
        )
    return Table(
        caption=words.word(f"report.roads_{quantity}"),
        headings=tuple(
            words.word(f"report.head_{key}")
            for key in ("mark", "street", "base", "scenario", "change", "interval_short")
        ),
        rows=tuple(cells),
        numeric=(False, False, True, True, True, True),
        note=words.word("report.roads_note") if cells else words.word("report.no_roads"),
    )  # fmt: skip


def _is_tall(graph: RoadGraph) -> bool:
    frame = frame_of(graph)
    return frame.height_m > frame.width_m


def _net_lines(graph: RoadGraph) -> NDArray[np.object_]:
    from trafficdiff.export.tables import edge_lines

    return edge_lines(replace(graph, net_offset=(0.0, 0.0)))


def _lines_onto(edges: gpd.GeoDataFrame, graph: RoadGraph) -> NDArray[np.object_]:
    """Return the table's lines, which are in the projection, in the net coordinates of roads."""
    import shapely

    lines = edges.geometry.to_numpy()
    return np.asarray(shapely.transform(lines, lambda xy: xy + np.asarray(graph.net_offset)), object)
