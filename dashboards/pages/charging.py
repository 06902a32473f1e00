"""Draw charging on the way: who gets a plug, who waits, where it is full, and what the grid sees."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import streamlit as st

from dashboards.shell import view
from dashboards.shell.cards import change_cards, level_cards, show_cards
from dashboards.shell.charging_days import ChargingDays, charging_days, day_profile, has_charging, outcomes
from dashboards.shell.choice import choose
from dashboards.shell.findings import choose_finding, choose_pair, progress_of, remarks
from dashboards.shell.looks import chart_look, draw, number
from dashboards.shell.missing import missing
from dashboards.shell.opening import comparison_of, drawn_roads, levels_of
from dashboards.shell.pages import Page
from dashboards.shell.road_map import map_share, road_map
from dashboards.shell.road_numbers import road_blob
from dashboards.shell.siting import plan_on_map, site_look, site_points, siting
from dashboards.shell.station_map import METRICS, choose_clicked, show_stations, station_look, station_points
from dashboards.shell.words import plain_word, word
from trafficdiff.errors import InputError
from trafficdiff.export.charts import time_profile
from trafficdiff.export.shown_numbers import CHARGING_CARDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dashboards.shell.opening import Compared, Opened

PAGE = Page(order=50, icon=":material/ev_station:")

_MAP_HEIGHT: Final = 460
_CHART_HEIGHT: Final = 230
_ALL: Final = "all"
_MINUTE_S: Final = 60.0
_OUTCOMES: Final = ("served", "waiting", "unmet", "stranded")
_DECIMALS: Final = {
    "cars": 1, "charge_start": 0, "detour_s": 1, "waited_s": 1, "charged_kwh": 1, "unmet_kwh": 1, "cost": 2,
}  # fmt: skip
"""Columns of the table of drivers with their decimals."""
_WIDTHS: Final = {
    "outcome": 196, "cars": 76, "charge_start": 94, "detour_s": 88, "waited_s": 92, "charged_kwh": 98, "unmet_kwh": 88,
    "cost": 66,
}  # fmt: skip
_COMMAND: Final = "trafficdiff run networks/helsinki/ev_morning.yaml -o runs/ev_morning"


def show() -> None:
    """Draw the page."""
    st.title(word("charging.title"), anchor=False)
    what, left, right, on_map = st.columns([1.3, 1, 1, 1.1], vertical_alignment="bottom")
    with what:
        opened = choose_finding(missing_key="charging.no_run")
    if opened is None:
        siting()
        return
    there = [name for name in opened.scenarios if opened.runs[name] and has_charging(opened, name)]
    if not there:
        missing("charging.no_charging", command=_COMMAND)
        siting()
        return
    base, scenario = choose_pair(opened, there, base_in=right, scenario_in=left)
    with on_map:
        name = choose(
            word("charging.metric"), list(METRICS), key="metric",
            format_func=lambda name: plain_word(f"charging.metric_{name}"),
            help="\n".join(f"- {word(f'charging.about_{name}')}" for name in METRICS),
        )  # fmt: skip
    progress_of(opened)
    compared = _compared(opened, base=base, scenario=scenario)
    remarks(opened, compared, scenario=scenario)
    _cards(opened, compared, scenario=scenario)
    with st.spinner(word("congestion.working"), show_time=False):
        days = {one: charging_days(opened, one) for one in dict.fromkeys((base, scenario))}
    _stations(opened, days[scenario], metric=name or next(iter(METRICS)), base=base, scenario=scenario)
    _through_the_day(days, scenario=scenario)
    left, right = st.columns([2.3, 1], gap="small")
    with left, st.container(border=True, height="stretch"):
        _drivers(days[scenario], scenario=scenario)
    with right, st.container(border=True, height="stretch"):
        _balance(opened, scenario=scenario)
    siting()


def _compared(opened: Opened, *, base: str, scenario: str) -> Compared | None:
    if base == scenario or not opened.finished or opened.study is None:
        return None
    try:
        return comparison_of(opened, base=base, scenario=scenario)
    except InputError:
        st.info(word("congestion.no_common_sample"), icon=":material/info:")
        return None


def _cards(opened: Opened, compared: Compared | None, *, scenario: str) -> None:
    if compared is not None:
        show_cards(change_cards(compared.numbers, confidence=compared.confidence, names=CHARGING_CARDS))
    else:
        show_cards(level_cards(levels_of(opened, scenario), confidence=0.95, names=CHARGING_CARDS))
    mean = levels_of(opened, scenario)["mean"]
    counts = {name: number(float(mean[f"charging_{name}"]), 1) for name in ("wanted", *_OUTCOMES)}
    st.caption(word("charging.sum", **counts))


def _stations(opened: Opened, days: ChargingDays, *, metric: str, base: str, scenario: str) -> None:
    """Show the map and the table beside it."""
    shown = METRICS[metric]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(word("charging.where"), anchor=False, width="content")
        st.caption(word("charging.where_caption", scenario=scenario, count=len(days.stations), days=days.days))
    graph = drawn_roads(opened, base=base, scenario=scenario)[0]
    data = [road_blob(opened, base=base, scenario=scenario), station_points(days, shown)]
    points = {"stations": station_look(days, shown)}
    if (plan := plan_on_map()) is not None and (sites := site_points(plan, graph)) is not None:
        data.append(sites)
        points["planned"] = site_look()
    share = map_share(graph)
    left, right = st.columns([share, 1.4], gap="small")
    with left:
        name = _chosen(days)
        event = road_map(
            key="charging.map",
            data=data,
            points=points,
            selectable=("click",),
            selected=[str(days.stations.loc[name, "edge"])] if name else [],
            description=plain_word(
                "charging.map_description", what=plain_word(f"charging.metric_{metric}"), count=len(days.stations)
            ),
            height=_MAP_HEIGHT,
        )
        choose_clicked(event, days.stations)
    with right:
        show_stations(days, shown, height=_MAP_HEIGHT, chosen=_chosen(days))


def _chosen(days: ChargingDays) -> str:
    """Return the station that the URL names, empty for none."""
    kind, _, name = view.get("station").partition(":")
    return name if kind == "station" and name in days.stations.index else ""


def _through_the_day(days: dict[str, ChargingDays], *, scenario: str) -> None:
    """Draw load and queue by minute, of all stations, a feeder or one station."""
    stations = days[scenario].stations
    feeders = sorted(set(stations["feeder"]) - {""})
    options = [_ALL, *(f"feeder:{name}" for name in feeders), *(f"station:{name}" for name in stations.index)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.subheader(word("charging.day"), anchor=False, width="stretch")
        with st.container(width=320):
            place = choose(
                word("charging.place"), options, key="station",
                format_func=lambda one: _place_name(one, names=dict(stations["name"])),
            )  # fmt: skip
    place = place or _ALL
    shown = {name: _mask(found, place) for name, found in days.items()}
    title = _place_name(place, names=dict(stations["name"]))
    left, right = st.columns(2, gap="medium")
    for column, what in ((left, "power"), (right, "queue")):
        with column, st.container(border=True):
            st.markdown(f"**{word(f'charging.{what}')}**")
            draw(
                time_profile,
                day_profile(days, what, stations=shown),
                key=f"charging.{what}",
                x_title=plain_word("congestion.clock"),
                y_title=plain_word(f"charging.{what}_axis"),
                description=plain_word(f"charging.{what}_description", place=title, scenarios=", ".join(days)),
                look=chart_look(height=_CHART_HEIGHT),
            )
    count = days[scenario].days
    st.caption(word("charging.band", count=count) if count > 1 else word("congestion.profile_one"))


def _mask(days: ChargingDays, place: str) -> NDArray[np.bool_]:
    """Return which stations belong to a place."""
    kind, _, name = place.partition(":")
    if kind == "feeder":
        return np.asarray(days.stations["feeder"] == name)
    return np.asarray(days.stations.index == name) if kind == "station" else np.ones(len(days.stations), bool)


def _place_name(place: str, *, names: dict[str, str]) -> str:
    kind, _, name = place.partition(":")
    if kind == _ALL:
        return plain_word("charging.all_stations")
    return plain_word(f"charging.of_{kind}", name=names.get(name, name) if kind == "station" else name)


def _drivers(days: ChargingDays, *, scenario: str) -> None:
    """Show what became of the cars, and what it cost their drivers."""
    st.markdown(f"**{word('charging.drivers')}**", help=word("charging.drivers_about"))
    found = outcomes(days)
    table = found.assign(
        charge_start=100 * found["charge_start"],
        detour_s=found["detour_s"] / _MINUTE_S,
        waited_s=found["waited_s"] / _MINUTE_S,
    )
    table = table.round(_DECIMALS)
    table.insert(0, "outcome", [plain_word(f"charging.outcome_{name}") for name in table.index])
    written: Any = {name: partial(number, decimals=decimals) for name, decimals in _DECIMALS.items()}
    styled: Any = table[["outcome", *_DECIMALS]].style.format(written)
    st.dataframe(
        styled,
        key="charging.drivers",
        hide_index=True,
        height="content",
        column_config={
            name: st.column_config.Column(plain_word(f"charging.head_{name}"), width=width)
            for name, width in _WIDTHS.items()
        },
        alt=plain_word("charging.drivers_about"),
    )
    st.caption(word("charging.drivers_caption", scenario=scenario, days=days.days))


def _balance(opened: Opened, *, scenario: str) -> None:
    """Show where the energy went, and that both ways of counting it agree."""
    mean = levels_of(opened, scenario)["mean"]
    grid, gained, lacking, error = (
        float(mean[name])
        for name in ("charging_grid_energy", "charged_energy", "unmet_energy", "charging_balance_error")
    )
    st.markdown(f"**{word('charging.balance')}**", help=word("charging.balance_about"))
    rows = {"grid": grid, "losses": grid - gained, "batteries": gained, "lacking": lacking}
    table = pd.DataFrame(
        {
            "energy": [plain_word(f"charging.balance_{name}") for name in rows],
            "day": [number(value, 0, "kWh") for value in rows.values()],
        }
    )
    columns: dict[str, Any] = {
        "energy": st.column_config.TextColumn(plain_word("charging.balance_head")),
        "day": st.column_config.TextColumn(plain_word("charging.balance_day"), alignment="right"),
    }
    st.dataframe(
        table, key="charging.balance", hide_index=True, height="content", column_config=columns,
        alt=plain_word("charging.balance_about"),
    )  # fmt: skip
    st.caption(word("charging.balance_error", share=number(100 * error, 3, "%")))
    if others := float(mean.get("stranded_others", 0.0)):
        st.caption(word("charging.stranded_others", count=number(others, 1)))
