"""Give numbers and charts the reader's theme and language."""

from __future__ import annotations

from types import FunctionType
from typing import TYPE_CHECKING, Any, Final, Literal

import streamlit as st

from dashboards.shell.words import language
from trafficdiff.export.catalogue import catalogue
from trafficdiff.export.charts import ChartLook
from trafficdiff.export.shown_numbers import decimals_for, signed, with_unit

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    import altair as alt
    import pandas as pd

    from trafficdiff.export.catalogue import Catalogue

__all__ = ["change", "chart_look", "date_text", "draw", "drawn", "moment_text", "number", "theme"]

_MOST_CHARTS: Final = 256
_BY_NAME: Final[dict[type | str, Callable[[Any], Any]]] = {
    FunctionType: lambda function: f"{function.__module__}.{function.__qualname__}"
}


def theme() -> Literal["light", "dark"]:
    """Return the ground on which the reader looks."""
    return "dark" if st.context.theme.type == "dark" else "light"


def chart_look(*, width: int = 640, height: int | None = None) -> ChartLook:
    """Return how charts look for this reader."""
    return ChartLook(theme=theme(), width=width, height=height, decimal="," if language() == "de" else ".")


def draw(
    chart: Callable[..., alt.LayerChart], table: pd.DataFrame, *, key: str, look: ChartLook, **words: object
) -> None:
    """Show a chart as wide as there is room; its description is what a screen reader says.

    Building and checking a chart takes longer than the rest of a page: that is done once for all who see the same.

    Parameters
    ----------
    chart
        One of `trafficdiff.export.charts`.
    table
        What it draws.
    key
        Of the element on the page.
    look
        See `chart_look`.
    words
        Texts for the chart.
    """
    st.vega_lite_chart(spec=drawn(chart, table, look=look, **words), width="stretch", theme=None, key=key)


@st.cache_data(max_entries=_MOST_CHARTS, show_spinner=False, hash_funcs=_BY_NAME)
def drawn(
    chart: Callable[..., alt.LayerChart], table: pd.DataFrame, *, look: ChartLook, **words: object
) -> dict[str, Any]:
    """Return a chart as the browser takes it, with its data as Arrow tables."""
    import altair as alt
    import pyarrow as pa

    alt.data_transformers.disable_max_rows()
    spec: dict[str, Any] = chart(table, look=look, **words).to_dict()
    spec["datasets"] = {name: pa.Table.from_pylist(rows) for name, rows in spec.get("datasets", {}).items()}
    return spec


def number(value: float, decimals: int, unit: str = "") -> str:
    """Return a number with its unit as the reader writes it; a dash where there is none."""
    return "–" if value != value else with_unit(_words().number(value, decimals), unit)  # noqa: PLR0124, RUF001 - NaN


def date_text(day: dt.date) -> str:
    """Return a day as the reader writes it."""
    return f"{day:%d.%m.%Y}" if language() == "de" else f"{day:%Y-%m-%d}"


def moment_text(moment: dt.datetime) -> str:
    """Return a moment by the reader's clock."""
    from zoneinfo import ZoneInfo

    there = moment.astimezone(ZoneInfo(st.context.timezone or "UTC"))
    return f"{date_text(there)} {there:%H:%M}"


def change(value: float, *beside: float, unit: str = "") -> str:
    """Return a change with its sign, with as many decimals as it needs beside others."""
    return with_unit(signed(value, decimals_for([value, *beside]), _words()), unit)


def _words() -> Catalogue:
    return catalogue(language())
