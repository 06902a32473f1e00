"""Give all charts one look: colours, dashes, shapes, axes, and numbers as the reader's language writes them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import altair as alt
    import pandas as pd

__all__ = [
    "FONT",
    "INK",
    "MUTED",
    "PLAIN",
    "POINT_SHAPES",
    "RANGE",
    "ROW_HEIGHT",
    "SERIES",
    "STATES",
    "STATE_COLOURS",
    "STATE_SHAPES",
    "ChartLook",
    "clock_text",
    "cycled",
    "dressed",
    "legend_of",
    "number_axis",
    "number_text",
    "numbers",
    "percent_text",
    "ranges",
    "require",
    "row_axis",
    "series_colour",
    "series_dash",
    "series_names",
    "time_axis",
    "zero_rule",
]

STATES: Final = ("more", "less", "unclear", "same", "unknown")
"""What can be said of a change: its sign, not to be told from chance, exactly none, no interval."""

INK: Final = {"light": "#1f2933", "dark": "#e6e9ed"}
MUTED: Final = {"light": "#5f6b78", "dark": "#a4afbb"}
_GRID: Final = {"light": "#e3e7eb", "dark": "#333b45"}
SERIES: Final = {
    "light": ("#5f6b78", "#0b66c3", "#b4540a", "#6b3fa0", "#0f7b6c", "#a3195b"),
    "dark": ("#aab4bf", "#6cb6ff", "#f0a35e", "#c39af0", "#5fd0bd", "#f28ab8"),
}
"""Colours of series, the base first: at least 4.5 to 1 against white, and against Streamlit's dark ground."""
_DASHES: Final = ((5, 3), (1, 0), (8, 2, 2, 2), (2, 2), (10, 4), (4, 1, 1, 1))
"""Second cue of series: the base is dashed, the first scenario drawn through."""
STATE_COLOURS: Final = {
    "light": {"more": "#b4540a", "less": "#5e3c99", "unclear": "#7b8794", "same": "#7b8794", "unknown": "#7b8794"},
    "dark": {"more": "#fdb863", "less": "#b9a6e8", "unclear": "#98a3af", "same": "#98a3af", "unknown": "#98a3af"},
}
"""Purple less, orange more, as on the maps (ColorBrewer PuOr, safe for colour-blind readers); grey for chance."""
STATE_SHAPES: Final = {
    "more": "triangle-right", "less": "triangle-left", "unclear": "circle", "same": "square", "unknown": "cross",
}  # fmt: skip
POINT_SHAPES: Final = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
FONT: Final = "'Source Sans', 'Source Sans 3', 'Segoe UI', 'Helvetica Neue', Arial, sans-serif"
_TICK_STEPS_S: Final = (60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200)
_PIXELS_A_TICK: Final = 75
ROW_HEIGHT: Final = 24
RANGE: Final = "\N{EN DASH}"
"""Stands between the ends of a range, and where there is nothing to say."""


@dataclass(frozen=True, kw_only=True)
class ChartLook:
    """Say how a chart looks.

    Parameters
    ----------
    theme
        Whether the ground is light or dark; the chart's own ground is transparent.
    width, height
        Of the plot without axes [pixels]; a height of None follows from the rows, or is the chart's own.
    decimal
        Decimal mark of the reader's language, ``"."`` or ``","``.
    """

    theme: Literal["light", "dark"] = "light"
    width: int = 640
    height: int | None = None
    decimal: Literal[".", ","] = "."


PLAIN: Final = ChartLook()


def clock_text(time_s: float) -> str:
    """Return a time of the simulated day, ``"07:05"``; days that run over go on: ``"25:00"``."""
    minutes = round(float(time_s) / 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def require(table: pd.DataFrame, columns: Sequence[str]) -> None:
    """Raise an `InputError` that names the columns that a table lacks."""
    if lacking := [name for name in columns if name not in table]:
        raise InputError(
            f"expected the columns {', '.join(columns)}, got {', '.join(map(str, table.columns))}; "
            f"add {', '.join(lacking)}"
        )


def series_names(table: pd.DataFrame) -> list[str]:
    """Return the names of the series in the order in which they come."""
    return [str(name) for name in dict.fromkeys(table["series"])]


def cycled(options: Sequence[Any], count: int) -> list[Any]:
    """Return so many of the options, from the first again where they run out."""
    return [options[place % len(options)] for place in range(count)]


def numbers(values: pd.Series[Any], look: ChartLook) -> list[str]:
    """Return numbers as a reader of the language writes them."""
    return [number_text(value, look) for value in values]


def number_text(value: float, look: ChartLook) -> str:
    """Return a number with three digits, or whole where it is larger."""
    return f"{value:.3g}".replace(".", look.decimal) if abs(value) < 1_000 else f"{value:.0f}"


def ranges(low: pd.Series[Any], high: pd.Series[Any], look: ChartLook) -> list[str]:
    """Return ``low to high`` by row, a dash where there is no interval."""
    pairs = zip(low, high, strict=True)
    return [
        f"{number_text(a, look)} {RANGE} {number_text(b, look)}" if math.isfinite(a) and math.isfinite(b) else RANGE
        for a, b in pairs
    ]


def percent_text(share: float) -> str:
    """Return a share as a percentage that never says 0 or 100 of what is neither."""
    if not math.isfinite(share):
        return RANGE
    return "< 1 %" if 0 < share < 0.01 else "> 99 %" if 0.99 < share < 1 else f"{share:.0%}".replace("%", " %")


def series_colour(
    names: list[str], look: ChartLook, *, legend: bool = True, symbol: Literal["circle", "stroke"] | None = None
) -> alt.Color:
    """Return colour by series; no legend where there is one series."""
    import altair as alt

    shown = legend_of(look, symbol=symbol) if legend and len(names) > 1 else None
    return alt.Color("series:N", sort=names, title=None, scale=_series_scale(names, look), legend=shown)


def _series_scale(names: list[str], look: ChartLook) -> alt.Scale:
    import altair as alt

    return alt.Scale(domain=names, range=cycled(SERIES[look.theme], len(names)))


def series_dash(names: list[str], look: ChartLook, *, legend: bool = False) -> alt.StrokeDash:
    """Return dashes by series: the second cue of lines."""
    import altair as alt

    dashes = cycled(_DASHES, len(names)) if len(names) > 1 else [(1, 0)]
    scale = alt.Scale(domain=names, range=[list(dash) for dash in dashes])
    shown = legend_of(look, symbol="stroke") if legend and len(names) > 1 else None
    return alt.StrokeDash("series:N", sort=names, title=None, scale=scale, legend=shown)


def legend_of(
    look: ChartLook, *, symbol: Literal["circle", "stroke"] | None = None, columns: int | None = None
) -> alt.Legend:
    """Return the legend that all charts have: above the plot, in a row."""
    import altair as alt

    shape: Any = alt.Undefined if symbol is None else symbol
    in_a_row: Any = alt.Undefined if columns is None else columns
    return alt.Legend(
        symbolType=shape, columns=in_a_row, symbolSize=alt.Undefined if symbol != "stroke" else 500,
        orient="top", direction="horizontal", title=None, labelColor=INK[look.theme], labelFont=FONT,
        labelFontSize=12, labelLimit=260, symbolStrokeWidth=2.2,
    )  # fmt: skip


def number_axis(look: ChartLook, *, grid: bool = True, values: list[int] | None = None) -> alt.Axis:
    """Return an axis of numbers in the reader's language."""
    import altair as alt

    text = "format(datum.value, abs(datum.value) >= 1e6 ? '.3~s' : '~r')"
    shown = f"replace({text}, '.', ',')" if look.decimal == "," else text
    ticks: Any = alt.Undefined if values is None else values
    return alt.Axis(grid=grid, labelExpr=shown, values=ticks, **_axis_colours(look))


def time_axis(times_s: pd.Series[Any], look: ChartLook) -> alt.Axis:
    """Return an axis of the simulated day with ticks at round times."""
    import altair as alt

    begin_s, end_s = float(times_s.min()), float(times_s.max())
    most = max(2, look.width // _PIXELS_A_TICK)
    step_s = next((step for step in _TICK_STEPS_S if (end_s - begin_s) / step <= most), _TICK_STEPS_S[-1])
    first = math.ceil(begin_s / step_s) if math.isfinite(begin_s) else 0
    last = math.floor(end_s / step_s) if math.isfinite(end_s) else -1
    ticks = [step_s * place for place in range(first, last + 1)]
    clock = "format(floor(datum.value / 3600), '02d') + ':' + format(floor(datum.value % 3600 / 60), '02d')"
    return alt.Axis(grid=False, values=ticks, labelExpr=clock, **_axis_colours(look))


def row_axis(look: ChartLook, **more: Any) -> alt.Axis:
    """Return an axis of names, one a row or column."""
    import altair as alt

    colours = _axis_colours(look) | {"labelColor": INK[look.theme], "labelFontSize": 12}
    return alt.Axis(grid=False, ticks=False, domain=False, labelLimit=260, labelPadding=8, **(colours | more))


def _axis_colours(look: ChartLook) -> dict[str, Any]:
    ink, muted, grid = INK[look.theme], MUTED[look.theme], _GRID[look.theme]
    return {
        "labelColor": muted, "titleColor": ink, "domainColor": grid, "tickColor": grid, "gridColor": grid,
        "labelFont": FONT, "titleFont": FONT, "titleFontWeight": "normal", "titleFontSize": 12, "labelFontSize": 11,
        "labelOverlap": True,
    }  # fmt: skip


def zero_rule(look: ChartLook) -> alt.Chart:
    """Return the line at no difference."""
    import altair as alt

    rule = alt.Chart(alt.InlineData(values=[{"zero": 0}])).mark_rule(color=INK[look.theme], strokeWidth=1)
    return cast("alt.Chart", rule.encode(x=alt.X("zero:Q")))


def dressed(
    chart: alt.LayerChart | alt.FacetChart, *, description: str, look: ChartLook, height: float
) -> alt.LayerChart:
    """Return a chart with its size, its description and a transparent ground without a frame."""
    import altair as alt

    fit = alt.AutoSizeParams(type="fit", contains="padding")
    sized = chart.properties(width=look.width, height=height, description=description, autosize=fit)
    plain = sized.properties(background="transparent").configure(font=FONT, view=alt.ViewConfig(stroke=None))
    return cast("alt.LayerChart", plain)
