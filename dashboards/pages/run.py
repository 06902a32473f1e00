"""Start simulations, watch them, stop them, go on with them; several people at once, whoever's dashboard it is."""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from dashboards.shell import view
from dashboards.shell.faults import show_fault
from dashboards.shell.looks import moment_text
from dashboards.shell.missing import missing
from dashboards.shell.names import plain, printable
from dashboards.shell.pages import Page, go
from dashboards.shell.pressing import pressed
from dashboards.shell.state import settings, workspace
from dashboards.shell.training_range import caution, standing_at
from dashboards.shell.visitors import visitor_label
from dashboards.shell.words import plain_word, word
from trafficdiff.errors import TrafficdiffError
from trafficdiff.workflows.job_kinds import command_of, fitting_name, request_of
from trafficdiff.workflows.job_listing import job_of, jobs
from trafficdiff.workflows.launching import cancel, command_text, launch, resume
from trafficdiff.workflows.pool import usable_processors

if TYPE_CHECKING:
    from trafficdiff.datatypes.scenario import Scenario
    from trafficdiff.workflows.job_kinds import JobRequest
    from trafficdiff.workflows.job_listing import JobRecord

PAGE = Page(order=20, icon=":material/play_circle:")

_POLL_S: Final = 2.0
_SHOWN: Final = 12
_STOP_BY: Final = ("delay_hours", "mean_trip_time", "mean_speed", "total_co2_mass")
_FAULT: Final = "run.fault"
_RUNS: Final = re.compile(
    r"(?P<done>\d+) of (?P<total>\d+) runs(?:, (?P<failed>\d+) failed)?(?:, (?P<marked>\d+) with failed gates)?"
)
"""What a study says of itself."""
_BADGES: Final = {
    "running": ("blue", ":material/progress_activity:"),
    "queued": ("gray", ":material/hourglass_empty:"),
    "done": ("green", ":material/check:"),
    "failed": ("red", ":material/error:"),
    "cancelled": ("gray", ":material/block:"),
}


def show() -> None:
    """Draw the page."""
    st.title(word("run.heading"), anchor=False)
    if fault := st.session_state.pop(_FAULT, ""):
        show_fault(fault, longest=800)
    left, right = st.columns([5, 7], gap="medium")
    with left:
        if settings().read_only:
            st.info(word("run.read_only"), icon=":material/visibility:")
        else:
            _new()
    with right:
        at_work = any(not one.is_over for one in jobs(workspace().root))
        st.fragment(_list, run_every=_POLL_S if at_work else None)(polled=at_work)


# --- something new --------------------------------------------------------------------------------------------


def _new() -> None:
    """Ask what is to be simulated, and start it."""
    names = [entry.name for entry in workspace().scenarios()]
    if not names:
        missing("run.no_scenario", command="trafficdiff init helsinki -o scenarios/helsinki.yaml")
        go("scenario", label=word("run.go_scenario"), icon=":material/edit_road:")
        return
    with st.container(border=True):
        st.markdown(f"**{word('run.new')}**")
        what = st.segmented_control(
            word("run.what"), ["ensemble", "run"], default="ensemble", key="run.what", required=True,
            format_func=lambda kind: plain_word(f"run.kind_{kind}"), label_visibility="collapsed",
        )  # fmt: skip
        st.caption(word(f"run.about_{what}"))
        wishes = _study(names) if what == "ensemble" else _single(names)
        _start(str(what), wishes)


def _study(names: list[str]) -> dict[str, Any]:
    """Ask for base, scenarios, samples and when to stop."""
    chosen = view.get("draft", allowed=names)
    base_of_chosen = _base_beside(chosen) if chosen else ""
    base = st.selectbox(
        word("run.base"), names, names.index(base_of_chosen or chosen) if chosen else 0, key=f"run.base.{chosen}",
        format_func=_scenario_label, help=word("run.base_help"),
    )  # fmt: skip
    others = [name for name in names if name != base]
    first = [chosen] if chosen in others and base_of_chosen else []
    scenarios = st.multiselect(
        word("run.scenarios"), others, first, key=f"run.scenarios.{chosen}.{base}", format_func=_scenario_label,
        placeholder=plain_word("run.choose"), help=word("run.scenarios_help"),
    )  # fmt: skip
    left, right = st.columns(2)
    samples = left.number_input(
        word("run.samples"), 1, 10_000, 10, 5, key="run.samples", help=word("run.samples_help")
    )  # fmt: skip
    most = usable_processors()
    workers = right.number_input(
        word("run.workers"), 1, max(64, most), most, 1, key="run.workers", help=word("run.workers_help", count=most)
    )  # fmt: skip
    if samples < 5 and scenarios:
        st.caption(f":orange[:material/warning: {word('run.few_samples')}]")
    files = (base, *scenarios)
    return {"scenarios": files, "samples": int(samples), "workers": int(workers), **_stopping(), "name": _name(files)}


def _stopping() -> dict[str, Any]:
    """Ask whether the study may stop before all samples."""
    with st.expander(word("run.stop_early")):
        if not st.toggle(word("run.stop_on"), key="run.stop_on", help=word("run.stop_help")):
            return {}
        left, right = st.columns(2)
        kpi = left.selectbox(
            word("run.stop_by"), _STOP_BY, key="run.stop_by", format_func=lambda name: plain_word(f"run.kpi_{name}")
        )  # fmt: skip
        width = right.number_input(f"{word('run.stop_width')} [%]", 0.1, 100.0, 2.0, 0.5, format="%g", key="run.width")
        return {"until": kpi, "half_width": width / 100, "relative": True}


def _single(names: list[str]) -> dict[str, Any]:
    chosen = view.get("draft", allowed=names)
    name = st.selectbox(
        word("run.scenario"), names, names.index(chosen) if chosen else 0, key=f"run.scenario.{chosen}",
        format_func=_scenario_label,
    )  # fmt: skip
    return {"scenarios": (name,), "name": _name((name,))}


def _name(files: tuple[str, ...]) -> str:
    """Ask for the name of the result; one that fits and is free stands there already."""
    names = [fitting_name(one.name if (one := _read(file)) is not None else PurePosixPath(file).stem) for file in files]
    suggested = fitting_name(" + ".join(names[1:3] or names)) or "study"
    stamp = hashlib.sha256(repr(files).encode()).hexdigest()[:8]
    return st.text_input(word("run.name"), suggested, 80, key=f"run.name.{stamp}", help=word("run.name_help")).strip()


def _start(kind: str, wishes: dict[str, Any]) -> None:
    """Show how long it may take and what a terminal would take, and start it."""
    try:
        request = request_of(kind=kind, **wishes)
    except TrafficdiffError as error:
        for words in error.faults or (str(error),):
            show_fault(words.removeprefix("job: "), longest=400)
        return
    taken = (workspace().root / command_of(request)[-1]).exists()
    if taken:
        st.caption(f":orange[:material/warning: {word('run.taken')}]")
    _estimate(request)
    waiting = [one for one in jobs(workspace().root) if not one.is_over and one.kind]
    if len(waiting) >= settings().max_jobs:
        st.caption(word("run.will_wait", count=len(waiting)))
    if pressed(word("run.start"), type="primary", icon=":material/play_arrow:", key="run.start", disabled=taken):
        _launch(request)
        st.rerun()
    with st.expander(word("run.terminal")):
        st.code(command_text(command_of(request)), language="bash", wrap_lines=True)


def _launch(request: JobRequest) -> None:
    """Look at the plan first, so that what cannot go together is told here and not in a log."""
    from trafficdiff.workflows.ensemble_plan import make_plan, read_given

    root = workspace().root
    try:
        given = read_given([root / name for name in request.scenarios])
        if request.kind == "ensemble":
            make_plan(given, samples=request.samples, base=request.base, stopping=None)
        launch(
            root, **request.model_dump(), asked_by=visitor_label(), max_jobs=settings().max_jobs,
        )  # fmt: skip
    except TrafficdiffError as error:
        st.session_state[_FAULT] = str(error)


def _estimate(request: JobRequest) -> None:
    """Say how long it may take, if earlier runs say so."""
    from trafficdiff.workflows.estimating import estimate

    scenarios = [_read(name) for name in request.scenarios]
    if request.kind != "ensemble" or None in scenarios or request.samples is None:
        return
    found = estimate(
        workspace(), [one for one in scenarios if one is not None], samples=request.samples,
        workers=request.workers or 1,
    )  # fmt: skip
    count = request.samples * len(scenarios)
    if found is None:
        st.caption(f":material/timer: {word('run.no_estimate', count=count)}")
    else:
        st.caption(
            f":material/timer: {word('run.estimate', count=count, time=_duration(found.seconds), runs=found.runs)}"
        )


def _read(name: str) -> Scenario | None:
    """Return a scenario of the folder, None if it has faults."""
    path = workspace().path_of(name)
    return _scenario_at(str(path), path.stat().st_mtime_ns)


@st.cache_data(max_entries=500, show_spinner=False)
def _scenario_at(path: str, written_ns: int) -> Scenario | None:  # noqa: ARG001 - a changed file is read again
    from trafficdiff.datatypes.scenario_files import read_scenario

    try:
        return read_scenario(path)
    except TrafficdiffError:
        return None


def _scenario_label(name: str) -> str:
    scenario = _read(name)
    return printable(f"{scenario.name} ({name})") if scenario is not None else plain_word("run.with_faults", name=name)


def _base_beside(name: str) -> str:
    """Return the file that a scenario file has as its base, if it is in the folder."""
    from trafficdiff.datatypes.plain_text import MalformedError, read_plain

    try:
        content = read_plain(workspace().path_of(name), most_bytes=1_000_000)
    except MalformedError:
        return ""
    base = content.get("base") if isinstance(content, dict) else None
    home = name.rpartition("/")[0]
    found = f"{home}/{base}" if home else str(base)
    return found if base and found in {entry.name for entry in workspace().scenarios()} else ""


# --- what is there --------------------------------------------------------------------------------------------


def _list(*, polled: bool) -> None:
    """List all jobs of the folder; asks again by itself while one is at work."""
    found = jobs(workspace().root)
    at_work = [one for one in found if not one.is_over]
    if polled and not at_work:
        st.rerun()
    st.markdown(f"**{word('run.at_work')}**" if at_work else f"**{word('run.jobs')}**")
    if not found:
        st.caption(word("run.none"))
    for record in at_work:
        _card(record)
    over = [one for one in found if one.is_over]
    if at_work and over:
        st.markdown(f"**{word('run.over')}**")
    everything = len(over) <= _SHOWN or st.toggle(word("run.show_all", count=len(over)), key="run.show_all")
    for record in over if everything else over[:_SHOWN]:
        _card(record)


def _card(record: JobRecord) -> None:
    """Show one job: what it is, how far it is, and what can be done with it."""
    color, icon = _BADGES[record.state]
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(PurePosixPath(record.name).name)}**", width="content")
            st.badge(word(f"run.state_{record.state}"), color=color, icon=icon)  # type: ignore[arg-type]
            st.markdown(f":gray[{_facts(record)}]", width="content")
        if record.state == "running":
            st.progress(record.progress, text=_progress_text(record))
        elif record.state == "queued":
            st.caption(word("run.waiting"))
        elif record.state == "failed":
            show_fault(record.message, longest=800)
        elif record.message:
            st.caption(_message(record.message))
        _actions(record)


def _facts(record: JobRecord) -> str:
    """Return what it is, who asked for it and when, in a few words."""
    told = [word(f"run.kind_{record.kind}") if record.kind else word("run.kind_terminal")]
    if record.asked_by:
        told.append(word("run.you") if record.asked_by == visitor_label() else plain(record.asked_by))
    moment = record.asked_utc or record.updated_utc
    if moment is not None:
        told.append(plain(moment_text(moment)))
    return " · ".join(told)


def _progress_text(record: JobRecord) -> str:
    left = "" if record.seconds_left is None else f" · {word('run.left', time=_duration(record.seconds_left))}"
    return f"{_message(record.message)}{left}"


def _message(said: str) -> str:
    """Return what a job says in the visitor's language, as far as it says what jobs mostly say."""
    found = _RUNS.search(said)
    if found is None:
        return plain(said, longest=300)
    told = [word("run.so_far", done=int(found["done"]), total=int(found["total"]))]
    told += [word("run.so_failed", count=int(found["failed"]))] if found["failed"] else []
    told += [word("run.so_marked", count=int(found["marked"]))] if found["marked"] else []
    kept = f" {word('run.kept')}" if said.startswith("stopped after") else ""
    return f"{', '.join(told)}.{kept}" if kept else ", ".join(told)


def _actions(record: JobRecord) -> None:
    """Show what can be done: look at the result, the log, stop, go on."""
    key = f"run.job.{record.name}"
    with st.container(horizontal=True, vertical_alignment="center"):
        _result(record)
        if record.can_cancel and not settings().read_only:
            with st.popover(word("run.cancel"), icon=":material/stop_circle:"):
                st.markdown(word("run.cancel_why"))
                st.button(
                    word("run.cancel_now"), key=f"{key}.cancel", type="primary", on_click=_cancel, args=(record.name,)
                )  # fmt: skip
        if record.can_resume and not settings().read_only:
            st.button(
                word("run.go_on" if record.goes_on else "run.again"), key=f"{key}.resume", icon=":material/resume:",
                on_click=_resume, args=(record.name,),
            )  # fmt: skip
    with st.expander(word("run.details")):
        if record.command:
            st.code(command_text(record.command), language="bash", wrap_lines=True)
        tail = record.tail()
        if tail:
            st.code(tail, language=None, height=220 if tail.count("\n") > 8 else "content", wrap_lines=True)
        else:
            st.caption(word("run.no_log"))


def _result(record: JobRecord) -> None:
    """Show the way to what came out of a job."""
    if record.state != "done":
        return
    if record.name in {entry.name for entry in workspace().scenes()}:
        go(
            "av_scenes", label=word("run.open_scenes"), icon=":material/directions_car:", scenes=record.name,
            scene=None, type=None, left=None,
        )  # fmt: skip
        return
    study = record.name if record.name in {entry.name for entry in workspace().studies()} else None
    run = record.name if study is None and record.name in {entry.name for entry in workspace().runs()} else None
    if study or run:
        caution(standing_at(workspace().path_of(record.name)))
        go(
            "congestion", label=word("run.open"), icon=":material/traffic:", study=study, run=run, base=None,
            scenario=None, interval=None, selected=None, draft=None,
        )  # fmt: skip


def _cancel(name: str) -> None:
    record = job_of(workspace().root, name)
    try:
        if record is not None:
            cancel(record)
    except TrafficdiffError as error:
        st.session_state[_FAULT] = str(error)


def _resume(name: str) -> None:
    record = job_of(workspace().root, name)
    try:
        if record is not None:
            resume(record, asked_by=visitor_label(), max_jobs=settings().max_jobs)
    except TrafficdiffError as error:
        st.session_state[_FAULT] = str(error)


def _duration(seconds: float) -> str:
    """Return a time in words that nobody takes for exact."""
    if seconds < 90:
        return plain_word("run.seconds", count=max(5, 5 * round(seconds / 5)))
    if seconds < 5_400:
        return plain_word("run.minutes", count=round(seconds / 60))
    return plain_word("run.hours", count=round(seconds / 3_600, 1))
