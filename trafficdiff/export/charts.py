"""Draw what tables say: profiles over the day, the fundamental diagram, differences with intervals, a ranking.

Charts are Altair's: pages hand them to Streamlit, reports turn them into SVG with `as_svg`. Every text is an argument,
so that they speak any language. What colour says, dashes, shapes or words say as well. Every chart carries a
description for those who cannot see it.

::

    time_profile          series, time_s, mean, low, high               lines with bands, base dashed
    fundamental_diagram   series, density, flow, time_s                 points by series, joined in time
    kpi_differences       label, difference, low, high, state, text     dots with whiskers about zero
    ranking               scenario, expected_place, place_low, ...      places with their range, chance to be best
    sample_values         series, sample, value                         every sample of two series, pairs joined
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any, Final

from trafficdiff.errors import InputError
from trafficdiff.export.chart_style import (
    FONT,
    INK,
    MUTED,
    PLAIN,
    POINT_SHAPES,
    ROW_HEIGHT,
    SERIES,
    STATE_COLOURS,
    STATE_SHAPES,
    STATES,
    ChartLook,
    clock_text,
    cycled,
    dressed,
    legend_of,
    number_axis,
    numbers,
    percent_text,
    ranges,
    require,
    row_axis,
    series_colour,
    series_dash,
    series_names,
    time_axis,
    zero_rule,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import altair as alt
    import pandas as pd

__all__ = [
    "STATES",
    "ChartLook",
    "as_svg",
    "clock_text",
    "fundamental_diagram",
    "kpi_differences",
    "ranking",
    "sample_values",
    "time_profile",
]

_AXIS_HEIGHT: Final = 42
_LEGEND_HEIGHT: Final = 48
_LEGEND_ROW_HEIGHT: Final = 18
_FURTHEST: Final = 4.0
_WIDE: Final = 500
"""Width from which a legend has two columns [pixels]."""


def time_profile(
    profile: pd.DataFrame,
    *,
    x_title: str,
    y_title: str,
    description: str,
    marked_s: float | None = None,
    from_zero: bool = True,
    look: ChartLook = PLAIN,
) -> alt.LayerChart:
    """Draw how a number runs over the day, with the band in which its mean lies.

    Parameters
    ----------
    profile
        One row a series and interval: ``series`` (name; the first is the base), ``time_s`` (where the point stands,
        seconds of the simulated day), ``mean``, ``low``, ``high`` (NaN where there is no interval; no band there).
    x_title, y_title
        Titles of the axes, with the unit.
    description
        What the chart shows, for those who do not see it.
    marked_s
        Time at which a line is drawn, None for none.
    from_zero
        Whether the axis of values holds zero.
    look
        Theme and size.

    Raises
    ------
    InputError
        If columns are missing.
    """
    import altair as alt

    require(profile, ("series", "time_s", "mean", "low", "high"))
    data = profile.assign(
        clock=[clock_text(time_s) for time_s in profile["time_s"]],
        mean_text=numbers(profile["mean"], look),
        range_text=ranges(profile["low"], profile["high"], look),
    )
    names = series_names(data)
    x = alt.X("time_s:Q", title=x_title, axis=time_axis(data["time_s"], look), scale=alt.Scale(nice=False, padding=4))
    scale = alt.Scale(zero=from_zero, nice=True)
    y = alt.Y("mean:Q", title=y_title, axis=number_axis(look), scale=scale)
    tooltip = [
        alt.Tooltip("series:N", title=" "),
        alt.Tooltip("clock:N", title=x_title),
        alt.Tooltip("mean_text:N", title=y_title),
        alt.Tooltip("range_text:N", title="±"),
    ]
    base = alt.Chart(data).encode(x=x)
    colour = series_colour(names, look, symbol="stroke")
    low = alt.Y("low:Q", title=y_title, axis=number_axis(look), scale=scale)
    bands = [
        alt.Chart(known).mark_area(opacity=0.18, color=shade).encode(x=x, y=low, y2="high:Q")
        for name, shade in zip(names, cycled(SERIES[look.theme], len(names)), strict=True)
        if len(known := data.loc[(data["series"] == name) & data["low"].notna()])
    ]
    line = base.mark_line(strokeWidth=2.2).encode(
        y=y, color=colour, strokeDash=series_dash(names, look, legend=True), tooltip=tooltip
    )
    points = base.mark_point(size=60, opacity=0, filled=True).encode(y=y, tooltip=tooltip)
    layers = [*bands, line, points]
    if marked_s is not None:
        at = alt.Chart(alt.InlineData(values=[{"time_s": float(marked_s)}])).mark_rule(
            color=MUTED[look.theme], strokeWidth=1.2, strokeDash=[2, 2]
        )
        layers.append(at.encode(x=alt.X("time_s:Q")))
    return dressed(alt.layer(*layers), description=description, look=look, height=look.height or 230)


def fundamental_diagram(
    points: pd.DataFrame, *, x_title: str, y_title: str, time_title: str, description: str, look: ChartLook = PLAIN
) -> alt.LayerChart:
    """Draw flow over density of the whole area, a point an interval; thin lines join them in the order of time.

    Parameters
    ----------
    points
        One row a series and interval: ``series`` (the first is the base), ``density``, ``flow``, ``time_s`` (start of
        the interval).
    x_title, y_title, time_title
        Of the axes with their units, and of the time in the tooltip.
    description
        What the chart shows, for those who do not see it.
    look
        Theme and size.

    Raises
    ------
    InputError
        If columns are missing.
    """
    import altair as alt

    require(points, ("series", "density", "flow", "time_s"))
    data = points.assign(
        clock=[clock_text(time_s) for time_s in points["time_s"]],
        density_text=numbers(points["density"], look),
        flow_text=numbers(points["flow"], look),
    )
    names = series_names(data)
    base = alt.Chart(data).encode(
        x=alt.X("density:Q", title=x_title, axis=number_axis(look, grid=True)),
        y=alt.Y("flow:Q", title=y_title, axis=number_axis(look)),
        color=series_colour(names, look),
    )
    path = base.mark_line(strokeWidth=1, opacity=0.45).encode(order="time_s:Q")
    dots = base.mark_point(size=55, filled=True, opacity=0.9).encode(
        shape=alt.Shape("series:N", sort=names, legend=legend_of(look, columns=2), title=None,
                        scale=alt.Scale(domain=names, range=cycled(POINT_SHAPES, len(names)))),
        tooltip=[
            alt.Tooltip("series:N", title=" "),
            alt.Tooltip("clock:N", title=time_title),
            alt.Tooltip("density_text:N", title=x_title),
            alt.Tooltip("flow_text:N", title=y_title),
        ],
    )  # fmt: skip
    return dressed(alt.layer(path, dots), description=description, look=look, height=look.height or 260)


def kpi_differences(
    changes: pd.DataFrame, *, x_title: str, states: Mapping[str, str], description: str, look: ChartLook = PLAIN
) -> alt.LayerChart:
    """Draw differences with their intervals about zero: a dot and its whiskers a row, in the order given.

    A row that reaches many times further than most ends at the edge, so that the others can still be told apart; its
    text says the number.

    Parameters
    ----------
    changes
        One row a number: ``label`` (each once), ``difference``, ``low``, ``high`` (on one common scale, a percentage of
        the base say; NaN bounds where there is no interval), ``state`` (one of `STATES`), ``text`` (what stands at the
        end of the row).
    x_title
        Of the common scale.
    states
        Word for each state, for the legend.
    description
        What the chart shows, for those who do not see it.
    look
        Theme and size.

    Raises
    ------
    InputError
        If columns are missing, or a state is none.
    """
    import altair as alt

    require(changes, ("label", "difference", "low", "high", "state", "text"))
    if unknown := sorted(set(changes["state"]) - set(STATES)):
        raise InputError(f"expected states of {', '.join(STATES)}, got {', '.join(map(repr, unknown))}")
    order = [str(label) for label in changes["label"]]
    data = changes.assign(state_text=[str(states[state]) for state in changes["state"]])
    seen = [state for state in STATES if state in set(changes["state"])]
    words = [str(states[state]) for state in seen]
    reach = 1.08 * _reach(data)
    x_scale = alt.Scale(domain=[-reach, reach], nice=False, clamp=True)
    y = alt.Y("label:N", sort=order, title=None, axis=row_axis(look))
    colours = [STATE_COLOURS[look.theme][state] for state in seen]
    shapes = [STATE_SHAPES[state] for state in seen]
    columns = 2 if look.width >= _WIDE else 1  # the legend begins where the plot does: names of rows take their room
    colour = alt.Color("state_text:N", sort=words, title=None, legend=legend_of(look, columns=columns),
                       scale=alt.Scale(domain=words, range=colours))  # fmt: skip
    shape = alt.Shape("state_text:N", sort=words, title=None, legend=legend_of(look, columns=columns),
                      scale=alt.Scale(domain=words, range=shapes))  # fmt: skip
    tooltip = [
        alt.Tooltip("label:N", title=" "), alt.Tooltip("text:N", title=x_title), alt.Tooltip("state_text:N", title="→"),
    ]  # fmt: skip
    base = alt.Chart(data).encode(y=y, color=colour, tooltip=tooltip)
    axis = number_axis(look, grid=True)
    whisker = base.transform_filter("isValid(datum.low) && isValid(datum.high)").mark_rule(strokeWidth=2)
    layers: list[Any] = [
        zero_rule(look),
        whisker.encode(x=alt.X("low:Q", title=x_title, axis=axis, scale=x_scale), x2="high:Q"),
        base.mark_point(filled=True, size=80, opacity=1).encode(
            x=alt.X("difference:Q", title=x_title, axis=axis, scale=x_scale), shape=shape
        ),
        alt.Chart(data)
        .mark_text(align="left", dx=8, font=FONT, fontSize=11, color=MUTED[look.theme])
        .encode(y=y, x=alt.value("width"), text="text:N"),
    ]
    legend_height = _LEGEND_HEIGHT if columns > 1 else _LEGEND_ROW_HEIGHT * len(words) + 10
    height = look.height or ROW_HEIGHT * max(len(order), 1) + _AXIS_HEIGHT + legend_height
    return dressed(alt.layer(*layers), description=description, look=look, height=height)


def _reach(changes: pd.DataFrame) -> float:
    """Return how far the scale goes: to the furthest row, at most four times as far as the middle one."""
    rows = changes[["difference", "low", "high"]].abs().max(axis=1)
    rows = rows.loc[rows > 0]
    return float(min(rows.max(), _FURTHEST * rows.median())) if len(rows) else 1.0


def ranking(
    places: pd.DataFrame,
    *,
    x_title: str,
    best_title: str,
    description: str,
    look: ChartLook = PLAIN,
) -> alt.LayerChart:
    """Draw which places scenarios may take: a dot at the expected one, a bar over its range, the chance to be best.

    Parameters
    ----------
    places
        From `metrics.ranking`, the best first: ``scenario``, ``expected_place``, ``place_low``, ``place_high``,
        ``probability_best`` (all NaN where there is one sample: then nothing but the order is drawn).
    x_title
        Of the places.
    best_title
        Heads the column of chances.
    description
        What the chart shows, for those who do not see it.
    look
        Theme and size.

    Raises
    ------
    InputError
        If columns are missing.
    """
    import altair as alt

    require(places, ("scenario", "expected_place", "place_low", "place_high", "probability_best"))
    order = [str(name) for name in places["scenario"]]
    best = [percent_text(share) for share in places["probability_best"]]
    data = places.assign(
        best_text=best,
        place=places["expected_place"].fillna(places.reset_index().index.to_series(index=places.index) + 1.0),
        range_text=ranges(places["place_low"], places["place_high"], look),
    )[["scenario", "place", "place_low", "place_high", "best_text", "range_text"]]
    scale = alt.Scale(domain=[0.6, len(order) + 0.4], nice=False)
    axis = number_axis(look, grid=True, values=list(range(1, len(order) + 1)))
    y = alt.Y("scenario:N", sort=order, title=None, axis=row_axis(look))
    x = alt.X("place:Q", title=x_title, axis=axis, scale=scale)
    tooltip = [
        alt.Tooltip("scenario:N", title=" "),
        alt.Tooltip("range_text:N", title=x_title),
        alt.Tooltip("best_text:N", title=best_title),
    ]
    base = alt.Chart(data).encode(y=y, tooltip=tooltip)
    colour = SERIES[look.theme][1]
    bar = base.transform_filter("isValid(datum.place_low)").mark_rule(strokeWidth=7, opacity=0.3, color=colour)
    layers: list[Any] = [
        bar.encode(x=alt.X("place_low:Q", title=x_title, axis=axis, scale=scale), x2="place_high:Q"),
        base.mark_point(filled=True, size=90, opacity=1, color=colour).encode(x=x),
        base.mark_text(align="left", dx=8, font=FONT, fontSize=12, color=INK[look.theme]).encode(
            x=alt.value("width"), text="best_text:N"
        ),
        alt.Chart(alt.InlineData(values=[{"title": best_title}]))
        .mark_text(align="left", dx=8, dy=-12, font=FONT, fontSize=11, color=MUTED[look.theme])
        .encode(x=alt.value("width"), y=alt.value(0), text="title:N"),
    ]
    height = look.height or 1.3 * ROW_HEIGHT * max(len(order), 1) + 1.5 * _AXIS_HEIGHT
    return dressed(alt.layer(*layers), description=description, look=look, height=height)


def sample_values(
    values: pd.DataFrame, *, x_title: str, y_title: str, description: str, look: ChartLook = PLAIN
) -> alt.LayerChart:
    """Draw the value of every sample, base beside scenario; thin lines join what belongs to one sample.

    Parameters
    ----------
    values
        One row a series and sample: ``series`` (the first is the base), ``sample``, ``value``.
    x_title, y_title
        Of the samples, and of the values with their unit.
    description
        What the chart shows, for those who do not see it.
    look
        Theme and size.

    Raises
    ------
    InputError
        If columns are missing.
    """
    import altair as alt

    require(values, ("series", "sample", "value"))
    names = series_names(values)
    data = values.assign(value_text=numbers(values["value"], look))
    base = alt.Chart(data).encode(
        x=alt.X("series:N", sort=names, title=None, axis=row_axis(look, labelAngle=0), scale=alt.Scale(padding=0.3)),
        y=alt.Y("value:Q", title=y_title, axis=number_axis(look), scale=alt.Scale(zero=False, nice=True)),
    )
    joined = base.mark_line(strokeWidth=1, opacity=0.5, color=MUTED[look.theme]).encode(detail="sample:N")
    dots = base.mark_point(filled=True, size=55, opacity=0.9).encode(
        color=series_colour(names, look, legend=False),
        shape=alt.Shape("series:N", sort=names, legend=None,
                        scale=alt.Scale(domain=names, range=cycled(POINT_SHAPES, len(names)))),
        tooltip=[alt.Tooltip("series:N", title=" "), alt.Tooltip("sample:N", title=x_title),
                 alt.Tooltip("value_text:N", title=y_title)],
    )  # fmt: skip
    return dressed(alt.layer(joined, dots), description=description, look=look, height=look.height or 230)


def as_svg(chart: alt.LayerChart) -> str:
    """Return a chart as SVG text, drawn on this machine: no script inside, and nothing is fetched for it."""
    import altair as alt
    import vl_convert

    version = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
    content = chart.to_dict()
    svg = str(vl_convert.vegalite_to_svg(content, vl_version=version, allowed_base_urls=[]))
    described = f'role="img" aria-label="{html.escape(str(content.get("description", "")))}">'
    return svg.replace(">", f" {described}", 1)  # the renderer leaves the description out
