"""Show roads in a table beside the map, and everything about the one that was chosen."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import streamlit as st

from dashboards.shell import view
from dashboards.shell.looks import change, chart_look, draw, number
from dashboards.shell.names import plain
from dashboards.shell.opening import BY_CONTENT, CACHE_OF_TABLES, series_of
from dashboards.shell.road_numbers import METRICS, RoadTable, shown_factor
from dashboards.shell.words import language, plain_word, word
from trafficdiff.export.catalogue import catalogue
from trafficdiff.export.charts import sample_values, time_profile
from trafficdiff.export.shown_numbers import signed
from trafficdiff.metrics.level_of_service import GRADES
from trafficdiff.metrics.profiles import road_profile, road_samples
from trafficdiff.metrics.road_levels import GRADED

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from dashboards.shell.opening import Opened
    from dashboards.shell.road_numbers import RoadMetric

__all__ = ["road_panel", "show_table"]

_MOST_ROWS: Final = 1_000
_CONFIDENCE: Final = 0.95
_TABLE: Final = "congestion.table"
_ORDER: Final = "congestion.table_order"


def show_table(found: RoadTable, metric: RoadMetric, *, chosen: tuple[str, ...], height: int) -> None:
    """Show the roads, the largest first; choosing a row chooses the road on the map too."""
    rows = _rows(found, metric, language())
    ids = [str(edge) for edge in rows["edge_id"]]
    st.session_state[_ORDER] = ids
    at = [ids.index(edge) for edge in chosen[:1] if edge in ids]
    shown = rows.drop(columns=["edge_id"]).round(metric.decimals)  # what a screen reader says
    numbers = [str(name) for name in shown.select_dtypes("number").columns]
    words = {name: plain_word(f"congestion.column_{name}") for name in shown.columns}
    columns: dict[str, Any] = {
        name: st.column_config.NumberColumn(words[name], width=75)
        if name in numbers
        else st.column_config.TextColumn(words[name], width=150 if name == "street" else 105)
        for name in shown.columns
    }
    # Sorted as numbers, read as the language writes them.
    styled: Any = shown.style.format(dict.fromkeys(numbers, _written(metric)))
    st.dataframe(
        styled,
        key=f"{_TABLE}.{metric.name}.{'.'.join(chosen[:1])}",
        hide_index=True,
        height=height,
        column_config=columns,
        on_select=lambda: _choose_row(f"{_TABLE}.{metric.name}.{'.'.join(chosen[:1])}"),
        selection_mode="single-row",
        selection_default={"selection": {"rows": at, "columns": [], "cells": []}},
        alt=plain_word("congestion.table_alt"),
    )


def _written(metric: RoadMetric) -> Callable[[Any], str]:
    """Return how the table writes a number."""
    if metric.of_change:
        return partial(signed, decimals=metric.decimals, words=catalogue(language()))
    return partial(number, decimals=metric.decimals)


@st.cache_resource(
    max_entries=CACHE_OF_TABLES, show_spinner=False, hash_funcs={RoadTable: lambda found: found.key}
)  # fmt: skip
def _rows(found: RoadTable, metric: RoadMetric, language: str) -> pd.DataFrame:  # noqa: ARG001 - its cells are words
    """Return what the table shows: roads with traffic, the largest first, changes beyond chance before others."""
    table = found.table.assign(street=[str(name) or plain_word("map.unnamed") for name in found.table["street"]])
    if metric.of_change:
        table = table.loc[table["difference"].notna()]
        size = table["difference"].abs()
        table = table.assign(verdict=_verdicts(table), size=size).sort_values(["apart", "size"], ascending=False)
        names = ["edge_id", "street", "difference", "verdict"]
    else:
        table = table.loc[table["scenario"].notna()]
        table = table.sort_values("scenario", ascending=metric.quantity == "speed", kind="stable")
        names = ["edge_id", "street", "scenario", *(["base"] if "base" in table else [])]
    table = table.head(_MOST_ROWS)[names]
    if metric.quantity in GRADED:
        table = table.assign(**{name: _grades(table[name]) for name in ("scenario", "base") if name in table})
    return table


def _verdicts(table: pd.DataFrame) -> list[str]:
    more, less, unclear = (plain_word(f"congestion.{key}") for key in ("more", "less", "unclear"))
    pairs = zip(table["apart"], table["difference"], strict=True)
    return [unclear if not apart else more if difference > 0 else less for apart, difference in pairs]


def _grades(codes: pd.Series[Any]) -> list[str]:
    return [GRADES[int(code)] if np.isfinite(code) else "" for code in codes]


def _choose_row(key: str) -> None:
    rows, ids = st.session_state[key].selection.rows, st.session_state[_ORDER]
    edges = tuple(ids[row] for row in rows if row < len(ids))
    view.put(selected=edges or None)
    st.session_state["congestion.focus"] = edges


def road_panel(
    opened: Opened,
    found: RoadTable,
    metric: RoadMetric,
    *,
    chosen: tuple[str, ...],
    base: str,
    scenario: str,
) -> None:
    """Show the profile, the numbers and the samples of the road that was chosen last."""
    if not chosen:
        st.caption(f":material/ads_click: {word('congestion.choose_road')}")
        return
    row: Any = found.table.set_index("edge_id").loc[chosen[-1]]
    shown = _followed(metric)
    with st.container(border=True):
        name = str(row["street"]) or plain_word("map.unnamed")
        about = word("congestion.road_about", edge=chosen[-1], length=number(float(row["length_m"]), 0, "m"))
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(name)}**  \n:small[{about}]", width="stretch")
            st.button(
                word("congestion.close_panel"), icon=":material/close:", type="tertiary", on_click=_choose_nothing
            )
        if row["status"] != "both":
            st.info(word(f"congestion.status_{row['status']}"), icon=":material/info:")
        numbers, profile, samples = st.columns([1, 1.5, 1], gap="medium")
        with numbers:
            _numbers(row, metric)
        series = series_of(opened, base=base, scenario=scenario)
        edge = chosen[-1]
        with profile:
            what = plain_word(f"congestion.metric_{shown.name}")
            description = plain_word("congestion.road_description", what=what, road=name)
            draw(
                time_profile,
                _road_profile(opened, shown, series, edge=edge),
                key="congestion.road_profile",
                x_title=plain_word("congestion.clock"),
                y_title=_axis(shown),
                description=description,
                look=chart_look(height=190),
            )
        with samples:
            _samples(opened, shown, edge=edge, series=series, road=name)


def _numbers(row: pd.Series[Any], metric: RoadMetric) -> None:
    """Show what the table knows of one road: level, change, interval and what that says."""
    unit = metric.unit_text
    if not metric.of_change:
        for name in ("scenario", "base"):
            if name in row:
                value = float(row[name])
                graded = GRADES[int(value)] if metric.quantity in GRADED and np.isfinite(value) else None
                st.metric(word(f"congestion.column_{name}"), graded or number(value, metric.decimals, unit))
        return
    low, mid, high = (float(row[name]) for name in ("low", "difference", "high"))
    st.metric(word("congestion.column_difference"), change(mid, low, high, unit=unit))
    if np.isfinite(low):
        bounds = {"low": change(low, mid, high), "high": change(high, mid, low)}
        st.caption(word("report.interval", confidence=f"{100 * _CONFIDENCE:g}", **bounds))
    if np.isfinite(mid):
        key = "unclear" if not row["apart"] else "more" if mid > 0 else "less"
        st.markdown(f"**{word(f'congestion.verdict_{key}')}**")
    levels = (number(float(row[name]), metric.decimals, unit) for name in ("base", "scenario"))
    st.caption(word("congestion.from_to", base=next(levels), scenario=next(levels)))


def _samples(opened: Opened, shown: RoadMetric, *, edge: str, series: dict[str, tuple[int, ...]], road: str) -> None:
    values = _road_samples(opened, shown, series, edge=edge).dropna()
    if len(values) < 2:
        st.caption(word("congestion.one_sample"))
        return
    description = plain_word("congestion.samples_description", road=road)
    draw(
        sample_values,
        values,
        key="congestion.road_samples",
        x_title=plain_word("congestion.sample"),
        y_title=_axis(shown),
        description=description,
        look=chart_look(height=190, width=260),
    )


def _choose_nothing() -> None:
    view.put(selected=None)


def _followed(metric: RoadMetric) -> RoadMetric:
    """Return the level behind a change, and speed behind a grade: what a chart can follow over the day."""
    quantity = "speed" if metric.quantity in GRADED else metric.quantity
    return next(one for one in METRICS if one.quantity == quantity and not one.of_change)


def _axis(metric: RoadMetric) -> str:
    what = plain_word(f"congestion.metric_{metric.name}")
    return f"{what} [{metric.unit_text}]" if metric.unit else what


@st.cache_resource(max_entries=CACHE_OF_TABLES, show_spinner=False, hash_funcs=BY_CONTENT)
def _road_profile(opened: Opened, metric: RoadMetric, series: dict[str, tuple[int, ...]], *, edge: str) -> pd.DataFrame:
    found = road_profile(opened.results, metric.quantity, edge=edge, scenarios=series, confidence=_CONFIDENCE)
    factor = shown_factor(opened, metric, whole=False)
    return found.assign(**{what: found[what] * factor for what in ("mean", "low", "high")})


@st.cache_resource(max_entries=CACHE_OF_TABLES, show_spinner=False, hash_funcs=BY_CONTENT)
def _road_samples(opened: Opened, metric: RoadMetric, series: dict[str, tuple[int, ...]], *, edge: str) -> pd.DataFrame:
    found = road_samples(opened.results, metric.quantity, edge=edge, scenarios=series)
    return found.assign(value=found["value"] * shown_factor(opened, metric, whole=True))
