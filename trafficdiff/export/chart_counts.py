"""Draw how demand meets what was counted: modelled over counted traffic, a point a road, and the band of GEH 5."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.export.chart_style import (
    INK,
    MUTED,
    PLAIN,
    STATE_COLOURS,
    ChartLook,
    dressed,
    legend_of,
    number_axis,
    numbers,
    require,
)

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["GOOD_GEH", "count_fit", "geh_band"]

GOOD_GEH: Final = 5.0
"""Below it a count is met: TAG unit M3.1 (Department for Transport)."""
_SIDE_PX: Final = 300
_STEPS: Final = 60


def count_fit(
    rows: pd.DataFrame,
    *,
    x_title: str,
    y_title: str,
    met: str,
    unmet: str,
    band: str,
    description: str,
    look: ChartLook = PLAIN,
) -> alt.LayerChart:
    """Draw modelled over counted traffic, a point a counted road, with the line of equality and the band of GEH 5.

    Parameters
    ----------
    rows
        One row a road: ``road`` (its name), ``counted``, ``modelled`` [vehicles per hour], ``geh``.
    x_title, y_title
        Of the axes, with the unit.
    met, unmet, band
        What points inside and outside the band are called, and the band.
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
    import pandas as pd

    require(rows, ("road", "counted", "modelled", "geh"))
    data = rows.assign(
        state=np.where(rows["geh"] < GOOD_GEH, met, unmet),
        counted_text=numbers(rows["counted"], look),
        modelled_text=numbers(rows["modelled"], look),
        geh_text=numbers(rows["geh"], look),
    )
    top = 1.08 * max(float(rows[["counted", "modelled"]].to_numpy().max(initial=1.0)), 1.0)
    level = np.linspace(0.0, top, _STEPS)
    low, high = geh_band(level)
    ground = pd.DataFrame({"counted": level, "low": low, "high": np.minimum(high, top), "same": level})
    x = alt.X("counted:Q", title=x_title, axis=number_axis(look), scale=alt.Scale(domain=[0, top], nice=False))
    y_scale = alt.Scale(domain=[0, top], nice=False)
    shade = alt.Chart(ground).mark_area(color=MUTED[look.theme], opacity=0.16).encode(
        x=x, y=alt.Y("low:Q", title=y_title, axis=number_axis(look), scale=y_scale), y2="high:Q",
        tooltip=alt.value(band),
    )  # fmt: skip
    line = alt.Chart(ground).mark_line(color=INK[look.theme], strokeWidth=1, opacity=0.6).encode(
        x=x, y=alt.Y("same:Q", scale=y_scale)
    )  # fmt: skip
    colours = [STATE_COLOURS[look.theme]["less"], STATE_COLOURS[look.theme]["more"]]
    dots = alt.Chart(data).mark_point(size=60, filled=True, opacity=0.9).encode(
        x=x,
        y=alt.Y("modelled:Q", scale=y_scale),
        color=alt.Color("state:N", title=None, legend=legend_of(look, columns=2),
                        scale=alt.Scale(domain=[met, unmet], range=colours)),
        shape=alt.Shape("state:N", title=None, legend=legend_of(look, columns=2),
                        scale=alt.Scale(domain=[met, unmet], range=["circle", "triangle-up"])),
        tooltip=[
            alt.Tooltip("road:N", title=" "),
            alt.Tooltip("counted_text:N", title=x_title),
            alt.Tooltip("modelled_text:N", title=y_title),
            alt.Tooltip("geh_text:N", title="GEH"),
        ],
    )  # fmt: skip
    return dressed(alt.layer(shade, line, dots), description=description, look=look, height=look.height or _SIDE_PX)


def geh_band(counted: NDArray[np.float64], *, geh: float = GOOD_GEH) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the modelled flows between which GEH stays below a bound, for counted flows C [vehicles per hour].

    GEH^2 = 2 (M - C)^2 / (M + C) solved for M: M = C + G^2/4 -+ sqrt(G^4/16 + G^2 C); never below 0.
    """
    middle = counted + geh**2 / 4
    half = np.sqrt(geh**4 / 16 + geh**2 * counted)
    return np.maximum(middle - half, 0.0), middle + half
