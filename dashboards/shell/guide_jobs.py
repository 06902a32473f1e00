"""Show guided scenes that are being made, by whoever asked; open one's own as soon as they are there."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboards.shell import view
from dashboards.shell.faults import show_fault
from dashboards.shell.names import plain
from dashboards.shell.state import settings, workspace
from dashboards.shell.visitors import visitor_label
from dashboards.shell.words import has_word, word
from trafficdiff.errors import TrafficdiffError
from trafficdiff.workflows.job_listing import job_of, jobs
from trafficdiff.workflows.launching import cancel

if TYPE_CHECKING:
    from trafficdiff.workflows.job_listing import JobRecord

__all__ = ["await_job", "guided_jobs"]

_AWAITED: Final = "guide_jobs.awaited"
_FAULT: Final = "guide_jobs.fault"
_POLL_S: Final = 2.0
_STAGES: Final = {
    "beginning": "beginning",
    "reading the tracks": "reading", "looking for scenes to go on from": "looking", "drawing guided scenes": "drawing",
}  # fmt: skip
"""What a job says of itself."""


def await_job(name: str) -> None:
    """Note that this visitor waits for a job: its scenes are opened when it is done, its faults are shown."""
    st.session_state[_AWAITED] = name


def guided_jobs() -> None:
    """Show the jobs at work, and what became of the one that this visitor waits for."""
    if fault := st.session_state.pop(_FAULT, ""):
        show_fault(fault, longest=800)
    at_work = [one for one in jobs(workspace().root) if one.kind == "guided" and not one.is_over]
    if at_work or st.session_state.get(_AWAITED):
        st.fragment(_at_work, run_every=_POLL_S if at_work else None)()


def _at_work() -> None:
    found = [one for one in jobs(workspace().root) if one.kind == "guided" and not one.is_over]
    _awaited()
    for record in reversed(found):
        _card(record)


def _awaited() -> None:
    """Open what has been waited for, or say why there is nothing."""
    name = st.session_state.get(_AWAITED)
    record = job_of(workspace().root, name) if name else None
    if record is None or not record.is_over:
        return
    if record.state == "done":
        st.session_state.pop(_AWAITED)
        view.put(scenes=record.name, scene=None, type=None, left=None)
        st.rerun()
    with st.container(border=True):
        st.markdown(f"**{plain(PurePosixPath(record.name).name)}**: {word(f'run.state_{record.state}')}")
        if record.state == "failed":
            show_fault(record.message.removeprefix("error: "), longest=1_000)
        st.button(word("scene_guide.dismiss"), key="guide_jobs.dismiss", on_click=_dismiss)


def _dismiss() -> None:
    st.session_state.pop(_AWAITED, None)


def _card(record: JobRecord) -> None:
    """Show one job: whose, how far, and a way to stop it."""
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        with st.container(width="stretch"):
            if record.state == "running":
                st.progress(record.progress, text=_text(record))
            else:
                st.caption(f"{_title(record)}: {word('run.waiting')}")
        if record.can_cancel and not settings().read_only:
            with st.popover(word("run.cancel"), icon=":material/stop_circle:"):
                st.markdown(word("scene_guide.stop_why"))
                st.button(
                    word("run.cancel_now"), key=f"guide_jobs.cancel.{record.name}", type="primary", on_click=_cancel,
                    args=(record.name,),
                )  # fmt: skip


def _title(record: JobRecord) -> str:
    whose = word("run.you") if record.asked_by == visitor_label() else plain(record.asked_by)
    return f"**{plain(PurePosixPath(record.name).name)}** ({whose})" if whose else plain(record.name)


def _text(record: JobRecord) -> str:
    stage = f"scene_guide.stage_{_STAGES.get(record.message, '')}"
    said = word(stage) if has_word(stage) else plain(record.message, longest=200)
    count = record.request.guided.count if record.request is not None and record.request.guided is not None else 0
    return f"{_title(record)}: {said} · {word('scene_guide.of_cases', count=count)}"


def _cancel(name: str) -> None:
    record = job_of(workspace().root, name)
    try:
        if record is not None:
            cancel(record)
    except TrafficdiffError as error:
        st.session_state[_FAULT] = str(error)
