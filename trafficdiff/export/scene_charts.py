"""Draw how an AV scene runs, second by second: speeds, or the time left until a collision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trafficdiff.export.chart_style import (
    MUTED,
    PLAIN,
    ChartLook,
    dressed,
    number_axis,
    numbers,
    require,
    series_colour,
    series_dash,
    series_names,
)

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

__all__ = ["scene_seconds"]


def scene_seconds(
    course: pd.DataFrame,
    *,
    x_title: str,
    y_title: str,
    description: str,
    marked_s: float | None = None,
    most: float | None = None,
    colours: tuple[str, ...] = (),
    look: ChartLook = PLAIN,
) -> alt.LayerChart:
    """Draw lines over the seconds of a scene; a line breaks where there is no value.

    Parameters
    ----------
    course
        One row a series and moment: ``series``, ``second`` (since the scene's begin), ``value`` (NaN for none).
    x_title, y_title
        Titles of the axes, with the unit.
    description
        What the chart shows, for those who do not see it.
    marked_s
        Second at which a line stands, None for none.
    most
        Where the axis of values ends; larger ones are left out. None for where they end.
    colours
        Of the series, by order; empty for those that charts usually have.
    look
        Theme and size.

    Raises
    ------
    InputError
        If columns are missing.
    """
    import altair as alt

    require(course, ("series", "second", "value"))
    names = series_names(course)
    kept = course if most is None else course.assign(value=course["value"].where(course["value"] <= most))
    data = kept.assign(value_text=numbers(kept["value"], look), second_text=numbers(kept["second"], look))
    domain: Any = alt.Undefined if most is None else [0, most]
    x = alt.X(
        "second:Q", title=x_title, axis=number_axis(look, grid=False),
        scale=alt.Scale(nice=False, domain=[0.0, float(course["second"].max())]),
    )  # fmt: skip
    y = alt.Y("value:Q", title=y_title, axis=number_axis(look), scale=alt.Scale(zero=True, nice=True, domain=domain))
    tooltip = [
        alt.Tooltip("series:N", title=" "),
        alt.Tooltip("second_text:N", title=x_title),
        alt.Tooltip("value_text:N", title=y_title),
    ]
    base = alt.Chart(data).encode(x=x, y=y)
    colour = series_colour(names, look, symbol="stroke")
    if colours:
        colour = colour.scale(domain=names, range=list(colours))
    line = base.mark_line(strokeWidth=2.2).encode(color=colour, strokeDash=series_dash(names, look, legend=True))
    points = base.mark_point(size=60, opacity=0, filled=True).encode(tooltip=tooltip)
    layers: list[Any] = [line, points]
    if marked_s is not None:
        at = alt.Chart(alt.InlineData(values=[{"second": float(marked_s)}]))
        layers.append(
            at.mark_rule(color=MUTED[look.theme], strokeWidth=1.2, strokeDash=[2, 2]).encode(x=alt.X("second:Q"))
        )
    return dressed(alt.layer(*layers), description=description, look=look, height=look.height or 160)
