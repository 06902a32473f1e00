"""Draw how safe it is: where near misses come for what is driven, of which kind, and what a measure changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import streamlit as st

from dashboards.shell.cards import change_cards, level_cards, show_cards, tone_of
from dashboards.shell.choice import choose
from dashboards.shell.findings import choose_finding, choose_pair, progress_of, remarks
from dashboards.shell.looks import change, number
from dashboards.shell.missing import missing
from dashboards.shell.opening import comparison_of, drawn_roads, levels_of
from dashboards.shell.pages import Page
from dashboards.shell.road_map import map_share, road_map
from dashboards.shell.road_numbers import road_blob
from dashboards.shell.safety_days import has_safety, safety_changes, safety_days
from dashboards.shell.spot_map import place_name, shown_spots, spot_look, spot_points, spot_table
from dashboards.shell.words import plain_word, word
from trafficdiff.errors import InputError
from trafficdiff.export.shown_numbers import SAFETY_CARDS

if TYPE_CHECKING:
    from dashboards.shell.opening import Compared, Opened
    from dashboards.shell.safety_days import SafetyChanges, SafetyDays

PAGE = Page(order=45, icon=":material/health_and_safety:")

_MAP_HEIGHT: Final = 460
_TYRES_MS2: Final = 9.8
_WIDTHS: Final = {
    "type": 128, "base": 58, "scenario": 62, "change": 110, "a_day": 62, "rate": 92, "moment": 78, "day": 38,
    "place": 184, "ttc_s": 76, "pet_s": 64, "drac_ms2": 64,
}  # fmt: skip
_COMMAND: Final = "trafficdiff run networks/helsinki/safety.yaml -o runs/safety"


def show() -> None:
    """Draw the page."""
    st.title(word("safety.title"), anchor=False)
    what, left, right, on_map = st.columns([1.3, 1, 1, 1.1], vertical_alignment="bottom")
    with what:
        opened = choose_finding(missing_key="safety.no_run")
    if opened is None:
        return
    there = [name for name in opened.scenarios if opened.runs[name] and has_safety(opened, name)]
    if not there:
        missing("safety.no_tracks", command=_COMMAND)
        return
    base, scenario = choose_pair(opened, there, base_in=right, scenario_in=left)
    progress_of(opened)
    compared = _compared(opened, base=base, scenario=scenario)
    with on_map:
        options = ["change", "rate"] if compared is not None else ["rate"]
        metric = choose(
            word("safety.metric"), options, key="metric", format_func=lambda one: plain_word(f"safety.metric_{one}")
        )
    remarks(opened, compared, scenario=scenario)
    if compared is not None:
        show_cards(change_cards(compared.numbers, confidence=compared.confidence, names=SAFETY_CARDS))
    else:
        show_cards(level_cards(levels_of(opened, scenario), confidence=0.95, names=SAFETY_CARDS))
    with st.spinner(word("congestion.working"), show_time=False):
        days = safety_days(opened, scenario)
        changes = None
        if compared is not None:
            changes = safety_changes(opened, base=base, scenario=scenario, paired=compared.pair.paired)
    _spots(opened, days, changes if metric == "change" else None, base=base, scenario=scenario)
    left, right = st.columns([1.15, 2], gap="small")
    with left, st.container(border=True, height="stretch"):
        _types(days, changes)
    with right, st.container(border=True, height="stretch"):
        _moments(days)
    st.caption(word("safety.limits"))


def _compared(opened: Opened, *, base: str, scenario: str) -> Compared | None:
    if base == scenario or not opened.finished or opened.study is None:
        return None
    try:
        return comparison_of(opened, base=base, scenario=scenario)
    except InputError:
        st.info(word("congestion.no_common_sample"), icon=":material/info:")
        return None


def _spots(opened: Opened, days: SafetyDays, changes: SafetyChanges | None, *, base: str, scenario: str) -> None:
    """Show the map and the table beside it."""
    changed = changes is not None
    spots = shown_spots(days, changes)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(word("safety.where_changed" if changed else "safety.where"), anchor=False, width="content")
        told = int(spots["shown"].sum()) if changed else len(spots)
        key = "safety.changed_caption" if changed else "safety.where_caption"
        st.caption(word(key, scenario=scenario, base=base, count=told, all=len(spots), days=len(days.days)))
    if not len(spots):
        st.info(word("safety.none"), icon=":material/check_circle:")
        return
    graph = drawn_roads(opened, base=base, scenario=scenario)[0]
    left, right = st.columns([map_share(graph), 1.4], gap="small")
    with left:
        road_map(
            key="safety.map",
            data=[road_blob(opened, base=base, scenario=scenario), spot_points(spots, graph, changed=changed)],
            points={"spots": spot_look(spots, changed=changed)},
            description=plain_word("safety.map_description", count=len(spots)),
            height=_MAP_HEIGHT,
        )
    with right:
        spot_table(spots, changed=changed, height=_MAP_HEIGHT)


def _types(days: SafetyDays, changes: SafetyChanges | None) -> None:
    """Show of which kind the near misses are, and what changed."""
    st.markdown(f"**{word('safety.types')}**", help=word("safety.types_about"))
    if changes is None:
        rows = [
            {"type": plain_word(f"safety.type_{name}"), "a_day": number(day, 1), "rate": number(rate, 0)}
            for name, day, rate in zip(days.types.index, days.types["a_day"], days.types["rate"], strict=True)
        ]
    else:
        rows = []
        for name, row in changes.types.sort_values("scenario", ascending=False).iterrows():
            low, mid, high = (float(row[column]) for column in ("low", "difference", "high"))
            tone = tone_of(str(row["verdict"]), mid, "less")
            moved = "" if tone == "same" else change(mid, low, high)
            rows.append(
                {
                    "type": plain_word(f"safety.type_{name}"),
                    "base": number(float(row["base"]), 0),
                    "scenario": number(float(row["scenario"]), 0),
                    "change": moved if tone in {"better", "worse"} else plain_word(f"report.verdict_{tone}"),
                }
            )
    table = pd.DataFrame(rows)
    st.dataframe(
        table, key=f"safety.types.{changes is None}", hide_index=True, height="content",
        column_config=_columns(table), alt=plain_word("safety.types_about"),
    )  # fmt: skip


def _moments(days: SafetyDays) -> None:
    """Show the moments with the least time left."""
    st.markdown(f"**{word('safety.moments')}**", help=word("safety.moments_about"))
    moments = days.moments
    samples = list(days.days)
    table = pd.DataFrame(
        {
            "moment": [_clock(float(time_s)) for time_s in moments["time_s"]],
            "day": [samples[day] + 1 for day in moments["day"]],
            "place": [place_name(row) for _, row in moments.iterrows()],
            "type": [plain_word(f"safety.type_{name}") for name in moments["type"]],
            **{name: [_seconds(value) for value in moments[name]] for name in ("ttc_s", "pet_s")},
            "drac_ms2": [_braking(float(value)) for value in moments["drac_ms2"]],
        }
    )
    if len(samples) == 1:
        table = table.drop(columns="day")
    st.dataframe(
        table, key="safety.moments", hide_index=True, height="content",
        column_config=_columns(table), alt=plain_word("safety.moments_about"),
    )  # fmt: skip


def _columns(table: pd.DataFrame) -> dict[str, Any]:
    """Return headings and widths of columns."""
    return {
        name: st.column_config.Column(plain_word(f"safety.column_{name}"), width=_WIDTHS.get(str(name)))
        for name in table.columns
    }


def _seconds(value: float) -> str:
    return number(float(value) if np.isfinite(value) else np.nan, 1, "s")


def _braking(value: float) -> str:
    """Return the braking needed; above what tyres hold, only that."""
    if value > _TYRES_MS2:
        return f"> {number(_TYRES_MS2, 1)}"
    return number(value if value else np.nan, 1)


def _clock(time_s: float) -> str:
    hours, rest = divmod(time_s, 3_600)
    minutes, seconds = divmod(rest, 60)
    return f"{int(hours):02d}:{int(minutes):02d}:{seconds:04.1f}"
