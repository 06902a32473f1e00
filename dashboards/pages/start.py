"""Draw the first page: what is in the folder, where to go on, and what this tool can and cannot tell."""

from __future__ import annotations

import datetime as dt
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from dashboards.shell import view
from dashboards.shell.choice import choose
from dashboards.shell.names import plain
from dashboards.shell.pages import Page, go
from dashboards.shell.state import settings, workspace
from dashboards.shell.summaries import summaries
from dashboards.shell.visitors import visitor_label
from dashboards.shell.words import plain_word, word

if TYPE_CHECKING:
    import pandas as pd

    from dashboards.shell.summaries import Summary
    from trafficdiff.workflows.job_listing import JobRecord

PAGE = Page(order=0, icon=":material/home:")

_KINDS: Final = ("study", "run", "scenario")
_URL_KEYS: Final = {"study": "study", "run": "run", "scenario": "draft"}
_BADGES: Final = {
    "finished": "green",
    "running": "blue",
    "marked": "orange",
    "partly_failed": "orange",
    "stopped": "gray",
    "draft": "gray",
    "unreadable": "red",
}
_CAN: Final = ("compare", "chance", "roads", "audit")
_CANNOT: Final = ("forecast", "people", "signals", "delay", "emissions")
_POLL_S: Final = 2.0


def show() -> None:
    """Draw the page."""
    found = summaries(workspace())
    st.title(word("start.heading"), anchor=False)
    st.markdown(word("start.lead"))
    if found:
        _contents(found)
    else:
        _first_steps()
    _limits()


def _contents(found: list[Summary]) -> None:
    """Show what there is on the left, and the chosen one on the right."""
    cities = sorted({one.city for one in found if one.city})
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.subheader(word("start.contents"), anchor=False)
        city = _city_filter(cities)
    shown = [one for one in found if not city or one.city == city]
    studies = [one for one in shown if one.kind == "study" and one.state != "unreadable"]
    if not studies:
        _tables(shown)
        _go_on()
        return
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _tables(shown)
        _go_on()
    with right:
        _chosen_study(studies)


def _city_filter(cities: list[str]) -> str:
    if len(cities) < 2:
        return ""
    every = plain_word("start.every_city")
    chosen = st.selectbox(word("start.city"), ["", *cities], format_func=lambda city: city or every, width=260)
    return chosen or ""


def _tables(shown: list[Summary]) -> None:
    by_kind = {kind: [one for one in shown if one.kind == kind] for kind in _KINDS}
    tabs = st.tabs([f"{word(f'start.tab_{kind}')} ({len(by_kind[kind])})" for kind in _KINDS])
    for tab, (kind, some) in zip(tabs, by_kind.items(), strict=True):
        with tab:
            if some:
                _table(kind, some)
            else:
                st.caption(word(f"start.none_{kind}"))


def _table(kind: str, some: list[Summary]) -> None:
    """Show one kind as a table; choosing a row chooses it for all pages."""
    key = f"start.table_{kind}"
    columns: dict[str, object] = {
        "name": st.column_config.TextColumn(word("start.name")),
        "state": st.column_config.TextColumn(word("start.state")),
        "samples": st.column_config.NumberColumn(word("start.samples"), help=word("start.samples_help")),
        "measures": st.column_config.NumberColumn(word("start.measures")),
        "modified": st.column_config.DatetimeColumn(word("start.modified"), format=plain_word("start.date_format")),
        "city": st.column_config.TextColumn(word("start.city")),
        "scenarios": st.column_config.TextColumn(word("start.scenarios")),
    }
    left_out = {"study": {"measures"}, "run": {"samples"}, "scenario": {"samples", "state"}}[kind]
    left_out |= {"city"} if len({one.city for one in some}) == 1 else set()
    names = [one.name for one in some]
    chosen = view.get(_URL_KEYS[kind], allowed=names)
    st.dataframe(
        _frame(some),
        key=key,
        hide_index=True,
        height=min(38 + 35 * len(some), 360),
        column_order=[name for name in columns if name not in left_out],
        column_config=columns,  # type: ignore[arg-type]
        on_select=lambda: _choose_row(kind, key, names),
        selection_mode="single-row",
        selection_default={"selection": {"rows": [names.index(chosen)]}} if chosen else None,
        alt=plain_word(f"start.tab_{kind}"),
    )
    for one in some:
        if one.state == "unreadable":
            st.warning(word("start.unreadable", name=one.name), icon=":material/error:")
    if kind != "study":
        _links_of(kind, chosen)


def _frame(some: list[Summary]) -> pd.DataFrame:
    import pandas as pd

    zone = st.context.timezone or "UTC"
    return pd.DataFrame(
        {
            "name": [PurePosixPath(one.name).name for one in some],
            "scenarios": [" · ".join(one.scenarios) for one in some],
            "city": [one.city for one in some],
            "samples": pd.array([one.samples for one in some], dtype="Int64"),
            "measures": [one.measures for one in some],
            "state": [plain_word(f"start.state_{one.state}") for one in some],
            "modified": [one.modified.astimezone(_zone(zone)).replace(tzinfo=None) for one in some],
        }
    )


def _choose_row(kind: str, key: str, names: list[str]) -> None:
    rows = st.session_state[key].selection.rows
    if not rows or rows[0] >= len(names):
        return
    if kind == "study":
        view.put(study=names[rows[0]], run=None, base=None, scenario=None, interval=None, selected=None, map=None)
    elif kind == "run":
        view.put(run=names[rows[0]], study=None, base=None, scenario=None, interval=None, selected=None, map=None)
    else:
        view.put(draft=names[rows[0]])


def _links_of(kind: str, name: str) -> None:
    """Show where to go with a run or a scenario file."""
    if not name:
        st.caption(word("start.choose_row"))
        return
    st.markdown(f"**{plain(PurePosixPath(name).name)}**")
    with st.container(horizontal=True):
        if kind == "run":
            go("congestion", label=word("start.go_run"), icon=":material/traffic:", run=name, study=None)
        else:
            go("scenario", label=word("start.go_draft"), icon=":material/edit_road:", draft=name)
            go("run", label=word("start.go_start"), icon=":material/play_arrow:", draft=name)


def _chosen_study(studies: list[Summary]) -> None:
    """Show the study that is looked at: what it holds, and where to go with it."""
    with st.container(border=True):
        st.markdown(f"**{word('start.look_at')}**")
        by_name = {one.name: one for one in studies}
        name = choose(word("start.study"), list(by_name), key="study", format_func=_last_part)
        study = by_name[name or studies[0].name]
        left, right = st.columns(2)
        with left:
            base = choose(word("start.base"), study.scenarios, key="base")
        others = [one for one in study.scenarios if one != base]
        with right:
            scenario = choose(word("start.scenario"), others, key="scenario")
        badge = f":{_BADGES[study.state]}-badge[{word(f'start.state_{study.state}')}]"
        samples = word("start.sample_count", count=study.samples or 0)
        st.markdown(" · ".join([badge, plain(study.city), samples]), help=word(f"start.about_{study.state}"))
        there: dict[str, Any] = {"study": study.name, "base": base, "scenario": scenario, "run": None}
        if study.state in {"running", "stopped"}:
            go("run", label=word("start.go_follow"), icon=":material/progress_activity:", **there)
            return
        go("congestion", label=word("start.go_congestion"), icon=":material/traffic:", primary=True, **there)
        go("compare", label=word("start.go_compare"), icon=":material/balance:", **there)


def _last_part(name: str) -> str:
    return PurePosixPath(name).name


def _go_on() -> None:
    """Show how something new begins."""
    with st.container(border=True):
        st.markdown(f"**{word('start.new')}**")
        go("scenario", label=word("start.go_scenario"), icon=":material/edit_road:")
        if not settings().read_only:
            go("run", label=word("start.go_start"), icon=":material/play_arrow:")
            _example()


def _first_steps() -> None:
    """Show an empty folder's way to a first result."""
    with st.container(border=True):
        st.subheader(word("start.first_steps"), anchor=False)
        if settings().read_only:
            from trafficdiff.workflows.example import example_command

            st.markdown(word("start.empty_read_only"))
            st.code(example_command(), language="bash")
            return
        st.markdown(word("start.first_steps_why"))
        _example(primary=True)
        with st.expander(word("start.own_city")):
            st.markdown(word("start.own_city_how"))
            st.code(
                "trafficdiff build my-city.osm.pbf --bbox 13.50,52.42,13.57,52.46 -o my-city\n"
                "trafficdiff init my-city -o my-city.yaml",
                language="bash",
            )


def _example(*, primary: bool = False) -> None:
    """Offer the example study, or show how far it is."""
    from trafficdiff.workflows.example import NAME
    from trafficdiff.workflows.job_listing import job_of

    job = job_of(workspace().root, f"studies/{NAME}")
    if job is None or (job.is_over and job.state != "done"):
        if job is not None:
            st.warning(word("start.example_failed"), icon=":material/error:")
        st.button(
            word("start.make_example"), icon=":material/science:", type="primary" if primary else "secondary",
            help=word("start.make_example_help"), on_click=_make_example,
        )  # fmt: skip
        if fault := st.session_state.pop("start.fault", ""):
            st.error(word("start.example_not_started", why=fault))
    elif not job.is_over:
        _follow(job.name)


@st.fragment(run_every=_POLL_S)
def _follow(name: str) -> None:
    from trafficdiff.workflows.job_listing import job_of

    job = job_of(workspace().root, name)
    if job is None or job.is_over:
        st.rerun()
    st.progress(job.progress, text=_progress_text(job))
    go("run", label=word("start.go_follow"), icon=":material/progress_activity:")


def _progress_text(job: JobRecord) -> str:
    if job.seconds_left is None:
        return word("start.example_under_way")
    return word("start.example_minutes_left", minutes=max(1, round(job.seconds_left / 60)))


def _make_example() -> None:
    from trafficdiff.errors import TrafficdiffError
    from trafficdiff.workflows.example import NAME, SAMPLES, write_example
    from trafficdiff.workflows.launching import launch

    root = workspace().root
    try:
        launch(
            root, kind="ensemble", name=NAME, scenarios=write_example(root), samples=SAMPLES,
            asked_by=visitor_label(), max_jobs=settings().max_jobs,
        )  # fmt: skip
    except TrafficdiffError as error:
        st.session_state["start.fault"] = str(error)


def _limits() -> None:
    """Say honestly what the tool can and cannot tell."""
    st.subheader(word("start.limits"), anchor=False)
    left, right = st.columns(2, gap="medium")
    with left, st.container(border=True, height="stretch"):
        st.markdown(f"**{word('start.can')}**")
        for what in _CAN:
            st.markdown(f":green[:material/check:] {word(f'start.can_{what}')}")
    with right, st.container(border=True, height="stretch"):
        st.markdown(f"**{word('start.cannot')}**")
        for what in _CANNOT:
            st.markdown(f":orange[:material/close:] {word(f'start.cannot_{what}')}")
    go("model", label=word("start.go_model"), icon=":material/school:")


def _zone(name: str) -> dt.tzinfo:
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError):  # the browser's word, which nobody checked
        return dt.UTC
