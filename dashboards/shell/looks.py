"""Give numbers and charts the reader's theme and language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import streamlit as st

from dashboards.shell.words import language
from trafficdiff.export.catalogue import catalogue
from trafficdiff.export.charts import ChartLook
from trafficdiff.export.shown_numbers import decimals_for, signed, with_unit

if TYPE_CHECKING:
    import altair as alt

    from trafficdiff.export.catalogue import Catalogue

__all__ = ["change", "chart_look", "draw", "number", "theme"]


def theme() -> Literal["light", "dark"]:
    """Return the ground on which the reader looks."""
    return "dark" if st.context.theme.type == "dark" else "light"


def chart_look(*, width: int = 640, height: int | None = None) -> ChartLook:
    """Return how charts look for this reader."""
    return ChartLook(theme=theme(), width=width, height=height, decimal="," if language() == "de" else ".")


def draw(chart: alt.LayerChart, *, key: str) -> None:
    """Show a chart as wide as there is room; its description is what a screen reader says."""
    st.altair_chart(chart, width="stretch", theme=None, key=key)


def number(value: float, decimals: int, unit: str = "") -> str:
    """Return a number with its unit as the reader writes it; a dash where there is none."""
    return "–" if value != value else with_unit(_words().number(value, decimals), unit)  # noqa: PLR0124, RUF001 - NaN


def change(value: float, *beside: float, unit: str = "") -> str:
    """Return a change with its sign, with as many decimals as it needs beside others."""
    return with_unit(signed(value, decimals_for([value, *beside]), _words()), unit)


def _words() -> Catalogue:
    return catalogue(language())
