"""Draw how the whole area fares through the day: the profile with its band, and the fundamental diagram."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboards.shell.looks import chart_look, draw
from dashboards.shell.opening import BY_CONTENT, CACHE_OF_TABLES, series_of
from dashboards.shell.road_numbers import METRICS, shown_factor
from dashboards.shell.words import plain_word, word
from trafficdiff.export.charts import fundamental_diagram, time_profile
from trafficdiff.metrics.profiles import area_profile, diagram
from trafficdiff.metrics.road_levels import GRADED

if TYPE_CHECKING:
    import pandas as pd

    from dashboards.shell.opening import Opened
    from dashboards.shell.road_numbers import RoadMetric

__all__ = ["area_charts"]

_CONFIDENCE = 0.95


def area_charts(opened: Opened, metric: RoadMetric, *, base: str, scenario: str) -> None:
    """Draw both charts side by side."""
    shown = _followed(metric)
    series = series_of(opened, base=base, scenario=scenario)
    names = ", ".join(series)
    left, right = st.columns([1.35, 1], gap="medium")
    with left, st.container(border=True):
        st.markdown(f"**{word('congestion.profile', what=plain_word(f'congestion.area_{shown.name}'))}**")
        description = plain_word("congestion.profile_description", scenarios=names)
        draw(
            time_profile,
            _profile(opened, shown, series),
            key="congestion.profile",
            x_title=plain_word("congestion.clock"),
            y_title=_axis(shown),
            description=description,
            look=chart_look(height=230),
        )
        st.caption(word("congestion.profile_caption" if _has_band(opened, series) else "congestion.profile_one"))
    with right, st.container(border=True):
        st.markdown(f"**{word('congestion.diagram')}**", help=word("congestion.diagram_about"))
        description = plain_word("congestion.diagram_description", scenarios=names)
        draw(
            fundamental_diagram,
            _diagram(opened, series),
            key="congestion.diagram",
            x_title=plain_word("congestion.diagram_density"),
            y_title=plain_word("congestion.diagram_flow"),
            time_title=plain_word("congestion.clock"),
            description=description,
            look=chart_look(height=230),
        )
        st.caption(word("congestion.diagram_caption"))


def _followed(metric: RoadMetric) -> RoadMetric:
    """Return the level that a chart follows over the day: that of a change, and speed for grades."""
    quantity = "speed" if metric.quantity in GRADED else metric.quantity
    return next(one for one in METRICS if one.quantity == quantity and not one.of_change)


def _axis(metric: RoadMetric) -> str:
    what = plain_word(f"congestion.area_{metric.name}")
    return f"{what} [{metric.unit_text}]" if metric.unit else what


def _has_band(opened: Opened, series: dict[str, tuple[int, ...]]) -> bool:
    return any(len(opened.runs[name]) > 1 for name in series)


@st.cache_resource(max_entries=CACHE_OF_TABLES, show_spinner=False, hash_funcs=BY_CONTENT)
def _profile(opened: Opened, metric: RoadMetric, series: dict[str, tuple[int, ...]]) -> pd.DataFrame:
    found = area_profile(opened.results, metric.quantity, scenarios=series, confidence=_CONFIDENCE)
    factor = shown_factor(opened, metric, whole=False)
    return found.assign(**{what: found[what] * factor for what in ("mean", "low", "high")})


@st.cache_resource(max_entries=CACHE_OF_TABLES, show_spinner=False, hash_funcs=BY_CONTENT)
def _diagram(opened: Opened, series: dict[str, tuple[int, ...]]) -> pd.DataFrame:
    return diagram(opened.results, scenarios=series)
