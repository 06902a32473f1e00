"""Draw a comparison: what changes and how sure that is, who wins and who loses, and which scenario comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import streamlit as st

from dashboards.shell.cards import tone_of
from dashboards.shell.choice import choose
from dashboards.shell.findings import choose_finding, progress_of, remarks
from dashboards.shell.looks import change, chart_look, draw, number
from dashboards.shell.names import plain
from dashboards.shell.opening import comparison_of, run_of
from dashboards.shell.pages import Page, go
from dashboards.shell.road_downloads import comparison_downloads
from dashboards.shell.state import workspace
from dashboards.shell.words import plain_word, word
from dashboards.shell.zone_map import zone_map
from trafficdiff.errors import InputError
from trafficdiff.export.charts import kpi_differences, ranking
from trafficdiff.export.shown_numbers import SHOWN_NUMBERS
from trafficdiff.metrics.kpi_changes import VERDICTS

if TYPE_CHECKING:
    from dashboards.shell.opening import Compared, Opened

PAGE = Page(order=40, icon=":material/balance:")

_STATES: Final = {VERDICTS["same"]: "same", VERDICTS["not"]: "unclear", VERDICTS["unknown"]: "unknown"}
_STATUSES: Final = ("removed", "added", "unmatched")
_RANKED_BY: Final = ("mean_trip_time", "delay_hours", "mean_speed", "total_co2_mass", "trip_kilometres")
_MOST_STREETS: Final = 200


def show() -> None:
    """Draw the page."""
    st.title(word("compare.title"), anchor=False)
    what, left, right = st.columns([1.3, 1, 1], vertical_alignment="bottom")
    with what:
        opened = choose_finding(missing_key="compare.no_study")
    if opened is None:
        return
    if opened.kind == "run":
        with left:
            _two_runs(opened)
        return
    there = [name for name in opened.scenarios if opened.runs[name]]
    with right:
        base = choose(word("congestion.base"), there, key="base", default=opened.base) or opened.base
    with left:
        others = [name for name in there if name != base]
        scenario = choose(word("congestion.scenario"), others, key="scenario")
    progress_of(opened)
    if scenario is None:
        st.info(word("compare.one_scenario"), icon=":material/info:")
    elif not opened.finished:
        st.info(word("compare.not_finished"), icon=":material/hourglass_empty:")
    else:
        _study(opened, base=base, scenario=scenario)


def _study(opened: Opened, *, base: str, scenario: str) -> None:
    try:
        compared = comparison_of(opened, base=base, scenario=scenario)
    except InputError:
        st.info(word("congestion.no_common_sample"), icon=":material/info:")
        return
    remarks(opened, compared, scenario=scenario)
    st.subheader(word("compare.numbers", scenario=scenario, base=base), anchor=False)
    _differences(compared.numbers, samples=len(compared.pair.samples), confidence=compared.confidence)
    _pairing(compared)
    if len(opened.scenarios) > 1:
        _ranking(compared)
    _winners(compared)
    _roads(compared)
    with st.expander(word("congestion.downloads"), icon=":material/download:"):
        comparison_downloads(compared)


def _shown_rows(numbers: pd.DataFrame) -> pd.DataFrame:
    """Return the numbers that a reader is shown, with their words, in the shown unit."""
    rows = []
    for shown in SHOWN_NUMBERS:
        if shown.name not in numbers.index:
            continue
        row: Any = numbers.loc[shown.name]
        low, mid, high = (float(row[name]) * shown.factor for name in ("low", "difference", "high"))
        if mid == 0 and float(row["base"]) == 0:
            continue
        tone = tone_of(str(row["verdict"]), mid, shown.better)
        unit = plain_word("report.points") if shown.unit == "%" else shown.unit
        share = 100 / float(row["base"]) if float(row["base"]) else np.nan
        state = _STATES.get(str(row["verdict"]), "more" if mid > 0 else "less")
        rows.append(
            {
                "label": plain_word(f"report.number_{shown.name}"),
                "base": number(float(row["base"]) * shown.factor, shown.decimals, shown.unit),
                "scenario": number(float(row["scenario"]) * shown.factor, shown.decimals, shown.unit),
                "text": change(mid, low, high, unit=unit) if tone != "same" else plain_word("report.no_change"),
                "interval": plain_word("report.from_to", low=change(low, mid, high), high=change(high, mid, low))
                if np.isfinite(low) and tone != "same"
                else "",
                "verdict": plain_word(f"report.verdict_{tone}"),
                "state": state,
                **{name: float(row[name]) * share for name in ("difference", "low", "high")},
            }
        )
    return pd.DataFrame(rows)


def _differences(numbers: pd.DataFrame, *, samples: int, confidence: float) -> None:
    """Draw the changes with their intervals, and the table of the same numbers."""
    rows = _shown_rows(numbers)
    drawn = rows.loc[np.isfinite(rows["difference"])]
    apart = int((~rows["state"].isin(["unclear", "same", "unknown"])).sum())
    st.caption(
        word("compare.numbers_caption", count=apart, all=len(rows), samples=samples, confidence=100 * confidence)
    )
    description = plain_word("compare.numbers_description", count=len(drawn))
    left, right = st.columns([1, 2], gap="small")
    with left, st.container(border=True):
        draw(
            kpi_differences,
            drawn,
            key="compare.differences",
            x_title=plain_word("compare.relative"),
            states={
                state: plain_word(f"compare.state_{state}") for state in ("more", "less", "unclear", "same", "unknown")
            },
            description=description,
            look=chart_look(width=420),
        )
    with right:
        widths = {"label": 170, "text": 96, "verdict": 172, "interval": 112, "base": 78, "scenario": 78}
        st.dataframe(
            rows[list(widths)],
            hide_index=True,
            height="content",
            column_config={
                name: st.column_config.TextColumn(plain_word(f"compare.column_{name}"), width=width)
                for name, width in widths.items()
            },
            alt=description,
            key="compare.table",
        )


def _pairing(compared: Compared) -> None:
    """Say in plain words what it is worth that both scenarios have the same days."""
    if not compared.pair.paired or "mean_trip_time" not in compared.numbers.index:
        return
    row: Any = compared.numbers.loc["mean_trip_time"]
    ratio = float(row["variance_ratio"])
    if not np.isfinite(ratio):
        return
    if ratio < 0.95:
        times = "> 100" if ratio < 1e-4 else number(1 / ratio, 1 if ratio > 0.1 else 0)
        st.caption(f":material/casino: {word('compare.pairing', times=times)}")
    else:
        st.caption(f":material/casino: {word('compare.pairing_no_help')}")


def _ranking(compared: Compared) -> None:
    st.subheader(word("compare.ranking"), anchor=False)
    names = [name for name in _RANKED_BY if name in compared.numbers.index]
    ranked_by = st.selectbox(
        word("compare.ranked_by"), names, key="compare.ranked_by", width=320,
        format_func=lambda name: plain_word(f"report.number_{name}"),
    )  # fmt: skip
    shown = next(one for one in SHOWN_NUMBERS if one.name == ranked_by)
    try:
        places = compared.ranking(str(ranked_by))
    except InputError:
        st.info(word("compare.no_ranking"), icon=":material/info:")
        return
    best, second = places.iloc[0], places.iloc[min(1, len(places) - 1)]
    key = "compare.first_sure" if best["apart_from_next"] else "compare.first_unsure"
    st.markdown(word(key, best=str(best["scenario"]), second=str(second["scenario"])))
    description = plain_word("compare.ranking_description", count=len(places))
    left, right = st.columns([1, 1.4], gap="medium")
    with left, st.container(border=True):
        draw(
            ranking, places, key="compare.ranking",
            x_title=plain_word("compare.place"), best_title=plain_word("compare.best"),
            description=description, look=chart_look(width=420),
        )  # fmt: skip
    with right:
        table = pd.DataFrame(
            {
                "place": places["place"],
                "scenario": places["scenario"].astype(str),
                "mean": [number(float(mean) * shown.factor, shown.decimals, shown.unit) for mean in places["mean"]],
                "next": [_to_next(row, shown.factor, shown.unit) for _, row in places.iterrows()],
            }
        )
        st.dataframe(
            table, hide_index=True, key="compare.places", alt=description,
            column_config={name: plain_word(f"compare.column_{name}") for name in table.columns},
        )  # fmt: skip
        st.caption(word("compare.ranking_caption"))


def _to_next(row: pd.Series[Any], factor: float, unit: str) -> str:
    mid = float(row["to_next"]) * factor
    if not np.isfinite(mid):
        return ""
    said = change(mid, unit=plain_word("report.points") if unit == "%" else unit)
    return said if row["apart_from_next"] else plain_word("compare.may_be_chance", change=said)


def _winners(compared: Compared) -> None:
    """Show by zone whose trips take longer and whose shorter, and what became of the trips."""
    st.subheader(word("compare.winners"), anchor=False)
    if not compared.pair.paired:
        st.info(word("report.warning_unpaired"), icon=":material/info:")
        return
    with st.spinner(word("compare.following"), show_time=False):
        fates = compared.trips[1]
    st.caption(word("compare.winners_caption"))
    zone_map(compared)
    there = [name for name in ("both", "missing", "unfinished", "finished_only_now", "new") if fates.get(name, 0) > 0]
    table = pd.DataFrame(
        {
            "fate": [plain_word(f"report.fate_{name}").lstrip("– ") for name in there],  # noqa: RUF001
            "trips": [number(float(fates[name]), 1) for name in there],
        }
    )
    with st.expander(word("report.fates"), icon=":material/route:"):
        st.dataframe(
            table, hide_index=True, alt=plain_word("report.fates"), width=640,
            column_config={name: plain_word(f"compare.column_{name}") for name in table.columns},
        )  # fmt: skip


def _roads(compared: Compared) -> None:
    """List the roads that only one of the two has, so that none is taken for unchanged."""
    edges = compared.roads[0]
    st.subheader(word("compare.roads"), anchor=False)
    found = {status: edges.loc[edges["status"] == status] for status in _STATUSES}
    if not any(map(len, found.values())):
        st.caption(word("compare.same_roads"))
        return
    for status, some in found.items():
        if len(some):
            with st.expander(word(f"compare.roads_{status}", count=len(some))):
                table = some[["street", "edge_id", "length_m"]].head(_MOST_STREETS)
                st.dataframe(
                    pd.DataFrame(table).round({"length_m": 0}), hide_index=True, key=f"compare.{status}", width=640,
                    alt=plain_word(f"compare.roads_{status}", count=len(some)),
                    column_config={name: plain_word(f"compare.column_{name}") for name in table.columns},
                )  # fmt: skip
    go("congestion", label=word("compare.on_map"), icon=":material/traffic:")


def _two_runs(opened: Opened) -> None:
    """Set a single run beside another one, where that is honest."""
    others = [entry.name for entry in workspace().runs() if entry.name != opened.name]
    if not others:
        st.info(word("compare.one_run"), icon=":material/info:")
        return
    name = st.selectbox(word("compare.other_run"), others, key="compare.other_run")
    from trafficdiff.workflows.compare_runs import compare_runs, why_not_compared

    other = run_of(str(name))
    if opened.run is None or other.run is None:
        return
    reasons = why_not_compared(other.run, opened.run)
    if {"place", "window"} & set(reasons):
        for reason in reasons:
            st.warning(word(f"compare.not_{reason}"), icon=":material/block:")
        return
    st.markdown(f"**{plain(opened.base)}** · {plain(other.base)}")
    st.info(word("compare.not_day") if reasons else word("compare.same_day"), icon=":material/info:")
    _differences(compare_runs(other.run, opened.run).set_index("name", drop=False), samples=1, confidence=0.95)
