"""Draw congestion: what the measures change and where, or how roads stand, over the day and road by road."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from dashboards.shell import view
from dashboards.shell.area_charts import area_charts
from dashboards.shell.cards import change_cards, level_cards, show_cards
from dashboards.shell.choice import choose
from dashboards.shell.findings import choose_finding, choose_pair, progress_of, remarks
from dashboards.shell.moving import moving_vehicles
from dashboards.shell.opening import comparison_of, drawn_roads, levels_of
from dashboards.shell.pages import Page
from dashboards.shell.road_downloads import downloads
from dashboards.shell.road_map import Picture, map_share, road_map
from dashboards.shell.road_numbers import map_values, metrics_of, road_blob, road_table
from dashboards.shell.road_panel import road_panel, show_table
from dashboards.shell.words import plain_word, word
from trafficdiff.errors import InputError
from trafficdiff.metrics.level_of_service import GRADES
from trafficdiff.metrics.road_levels import GRADED

if TYPE_CHECKING:
    from dashboards.shell.opening import Compared, Opened
    from dashboards.shell.road_map import Mark
    from dashboards.shell.road_numbers import RoadMetric, RoadTable

PAGE = Page(order=30, icon=":material/traffic:")

_MAP_HEIGHT: Final = 520
_MARKS: Final[dict[str, Mark]] = {"removed": "closed", "added": "added", "unmatched": "unmatched"}


def show() -> None:
    """Draw the page."""
    st.title(word("congestion.title"), anchor=False)
    what, left, right, on_map = st.columns([1.3, 1, 1, 1.1], vertical_alignment="bottom")
    with what:
        opened = choose_finding(missing_key="congestion.no_run")
    if opened is None:
        return
    there = [name for name in opened.scenarios if opened.runs[name]]
    base, scenario = choose_pair(opened, there, base_in=right, scenario_in=left)
    compared = _compared(opened, base=base, scenario=scenario)
    with on_map:
        metric = _choose_metric(opened, compared)
    progress_of(opened)
    remarks(opened, compared, scenario=scenario)
    _cards(opened, compared, scenario=scenario)
    _roads(opened, compared, metric, base=base, scenario=scenario)
    area_charts(opened, metric, base=base, scenario=scenario)
    downloads(opened, compared, scenario=scenario)


def _compared(opened: Opened, *, base: str, scenario: str) -> Compared | None:
    """Return the comparison, or None where there is nothing to compare; it says why."""
    if base == scenario or not opened.finished:
        return None
    try:
        return comparison_of(opened, base=base, scenario=scenario)
    except InputError:
        st.info(word("congestion.no_common_sample"), icon=":material/info:")
        return None


def _choose_metric(opened: Opened, compared: Compared | None) -> RoadMetric:
    metrics = {metric.name: metric for metric in metrics_of(opened, compared=compared is not None)}
    name = choose(
        word("congestion.metric"),
        list(metrics),
        key="metric",
        format_func=lambda name: plain_word(f"congestion.metric_{name}"),
        help="\n".join(f"- {word(f'congestion.about_{name}')}" for name in metrics),
    )
    return metrics[name or next(iter(metrics))]


def _cards(opened: Opened, compared: Compared | None, *, scenario: str) -> None:
    if compared is not None:
        show_cards(change_cards(compared.numbers, confidence=compared.confidence))
        return
    levels = levels_of(opened, scenario)
    show_cards(level_cards(levels, confidence=0.95))


def _roads(opened: Opened, compared: Compared | None, metric: RoadMetric, *, base: str, scenario: str) -> None:
    """Show the map, the table beside it, and the panel of the road that was chosen."""
    with st.spinner(word("congestion.working"), show_time=False):
        found = road_table(opened, metric, base=base, scenario=scenario, compared=compared)
        blobs = [
            road_blob(opened, base=base, scenario=scenario),
            map_values(opened, metric, base=base, scenario=scenario, compared=compared),
        ]
    known = set(found.table["edge_id"])
    chosen = tuple(edge for edge in view.selected() if edge in known)
    with st.container(horizontal=True, vertical_alignment="center"):
        heading, about = word(f"congestion.heading_{metric.name}"), word(f"congestion.about_{metric.name}")
        st.subheader(heading, anchor=False, help=about, width="content")
        st.caption(_caption(found, metric, base=base, scenario=scenario), width="stretch")
        vehicles = moving_vehicles(opened, base=base, scenario=scenario)
    share = map_share(drawn_roads(opened, base=base, scenario=scenario)[0])
    left, right = st.columns([share, 1], gap="small")
    with left:
        picture, beside = _pictures(metric, found, base=base, scenario=scenario)
        event = road_map(
            key="congestion.map",
            data=blobs if vehicles is None else [*blobs, vehicles],
            picture=picture,
            beside=beside,
            before=beside,
            selectable=("click",),
            selected=chosen,
            marks=_marks(found),
            focus=st.session_state.pop("congestion.focus", ()),
            description=_description(found, metric, base=base, scenario=scenario),
            height=_MAP_HEIGHT,
        )
    chosen = _selection(event.selected, chosen)
    with right:
        show_table(found, metric, chosen=chosen, height=_MAP_HEIGHT)
    road_panel(opened, found, metric, chosen=chosen, base=base, scenario=scenario)


def _selection(said: tuple[str, ...], given: tuple[str, ...]) -> tuple[str, ...]:
    """Return the selection: what the map says where that is news, else what the page has."""
    if said == st.session_state.get("congestion.said", ()):
        return given
    st.session_state["congestion.said"] = said
    view.put(selected=said or None)
    return said


def _pictures(metric: RoadMetric, found: RoadTable, *, base: str, scenario: str) -> tuple[Picture, Picture | None]:
    legend = plain_word(f"congestion.legend_{metric.name}")
    look: dict[str, Any] = {
        "legend": legend,
        "unit": metric.unit_text,
        "limits": found.limits,
        "digits": metric.decimals,
    }
    if metric.of_change:
        layer = "change" if metric.quantity != "co2_mass" else "change_whole"
        title = plain_word("congestion.picture_change", scenario=scenario, base=base)
        return Picture(layer=layer, whole="change_whole", title=title, palette="change", **look), None
    after = Picture(layer="scenario", whole="scenario_whole", title=scenario, **look)
    before = None if base == scenario else Picture(layer="base", whole="base_whole", title=base, **look)
    return after, before


def _marks(found: RoadTable) -> dict[Mark, list[str]]:
    by_status = found.table.groupby("status")["edge_id"].agg(list)
    return {mark: by_status[status] for status, mark in _MARKS.items() if status in by_status}


def _caption(found: RoadTable, metric: RoadMetric, *, base: str, scenario: str) -> str:
    if not metric.of_change:
        key = "congestion.caption_level" if base == scenario else "congestion.caption_levels"
        return word(key, scenario=scenario, base=base) + (
            " " + word("congestion.caption_grades", first=GRADES[0], last=GRADES[-1])
            if metric.quantity in GRADED
            else ""
        )
    count, tested = int(found.table["apart"].sum()), int(found.table["difference"].notna().sum())
    key = "congestion.caption_none" if not count else "congestion.caption_change"
    return word(key, count=count, tested=tested)


def _description(found: RoadTable, metric: RoadMetric, *, base: str, scenario: str) -> str:
    return plain_word(
        "congestion.map_description",
        what=plain_word(f"congestion.metric_{metric.name}"),
        scenario=scenario if base == scenario else f"{scenario} / {base}",
        count=len(found.table),
    )
