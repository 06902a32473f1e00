"""Ask for guided scenes: where in a run, how critical, how many, how far from everyday traffic; start them as a job."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboards.shell.faults import show_fault
from dashboards.shell.guide_jobs import await_job
from dashboards.shell.guide_place import choose_place, place_map
from dashboards.shell.pressing import pressed
from dashboards.shell.state import settings, workspace
from dashboards.shell.visitors import visitor_label
from dashboards.shell.words import plain_word, word
from trafficdiff.errors import TrafficdiffError
from trafficdiff.workflows.job_kinds import GuidedWishes, command_of, directory_of, fitting_name, request_of
from trafficdiff.workflows.launching import command_text, launch

if TYPE_CHECKING:
    from pathlib import Path

    from dashboards.shell.guide_place import Chosen
    from dashboards.shell.opening import Opened
    from trafficdiff.workflows.job_kinds import JobRequest

__all__ = ["ANGLES", "guide"]

ANGLES: Final = {"any": None, "same": 0.0, "right": 90.0, "head_on": 180.0, "left": -90.0}
"""What can be asked of the opponent's heading against the ego's [degrees]."""
_MOST, _USUAL = 200, 10
_WIDTH: Final = 219
_TTC_S: Final = (0.5, 3.0)
_USUAL_TTC_S: Final = (0.8, 1.5)
_BUDGETS: Final = (10, 20, 40, 80)
_USUAL_BUDGET: Final = 40
_FAULT: Final = "scene_guide.fault"


def guide(opened: Opened, scenario: str, run: Path) -> None:
    """Show map and form side by side, and start what is asked.

    Parameters
    ----------
    opened, scenario
        What the roads are taken from.
    run
        Directory of the run whose traffic it is.
    """
    st.caption(word("scene_guide.about"))
    if fault := st.session_state.pop(_FAULT, ""):
        show_fault(fault, longest=800)
    left, right = st.columns([1.15, 1], gap="medium")
    with left:
        place_map(opened, scenario)
    with right:
        place = choose_place(opened, scenario)
        wishes = _wishes()
        name = _name(place)
    try:
        request = _request(run, place, wishes, name)
    except TrafficdiffError as error:
        for fault in error.faults or (str(error),):
            show_fault(fault.removeprefix("job: "), longest=400)
        return
    with right:
        _start(request)


def _wishes() -> dict[str, object]:
    """Ask how critical, how many, and how far from everyday traffic."""
    ttc_s = st.slider(
        word("scene_guide.ttc"), *_TTC_S, _USUAL_TTC_S, 0.1, key="scene_guide.ttc", format="%.1f s",
        help=word("scene_guide.ttc_about"),
    )  # fmt: skip
    row = st.container(horizontal=True)
    angle = row.selectbox(
        word("scene_guide.angle"), list(ANGLES), key="scene_guide.angle", width=_WIDTH,
        format_func=lambda one: plain_word(f"scene_guide.angle_{one}"), help=word("scene_guide.angle_about"),
    )  # fmt: skip
    budget = row.selectbox(
        word("scene_guide.budget"), _BUDGETS, _BUDGETS.index(_USUAL_BUDGET), key="scene_guide.budget", width=_WIDTH,
        format_func=lambda one: plain_word(f"scene_guide.budget_{one}"), help=word("scene_guide.budget_about"),
    )  # fmt: skip
    return {"ttc_s": ttc_s, "angle_deg": ANGLES[str(angle)], "budget_nats": float(budget)}


def _name(place: Chosen) -> tuple[str, int]:
    """Ask for the name of the folder and for how many."""
    row = st.container(horizontal=True)
    suggested = _free(fitting_name(place.name) or "guided")
    name = row.text_input(
        word("scene_guide.name"),
        suggested,
        80,
        key=f"scene_guide.name.{suggested}",
        width=310,
        help=word("scene_guide.name_about"),
    ).strip()
    count = row.number_input(word("scene_guide.count"), 1, _MOST, _USUAL, key="scene_guide.count", width=128)
    return name, int(count)


def _free(name: str) -> str:
    """Return a name that no result has yet."""
    folder = workspace().root / "scenes"
    taken = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    tried = (name if number == 1 else f"{name} {number}" for number in range(1, 10_000))
    return next(one for one in tried if one not in taken and f"{one}.job.json" not in taken)


def _request(run: Path, place: Chosen, wishes: dict[str, object], named: tuple[str, int]) -> JobRequest:
    """Return what is asked; another name is another draw of everything random."""
    name, count = named
    source = run.resolve().relative_to(workspace().root).as_posix()
    guided = {
        "source": source, "count": count, "seed": zlib.crc32(name.encode()) % 100_000, "at": place.at,
        "radius_m": None if place.at is None else float(place.radius_m), **wishes,
    }  # fmt: skip
    return request_of(kind="guided", name=name, guided=guided)


def _start(request: JobRequest) -> None:
    taken = (workspace().root / directory_of(request)).exists()
    if taken:
        st.caption(f":orange[:material/warning: {word('scene_guide.taken')}]")
    with st.container(horizontal=True):
        asked = pressed(
            word("scene_guide.start"), key="scene_guide.start", type="primary", icon=":material/play_arrow:",
            disabled=taken,
        )  # fmt: skip
        with st.popover(word("run.terminal"), icon=":material/terminal:"):
            st.code(command_text(command_of(request)), language="bash", wrap_lines=True)
    if asked:
        _launch(request)
        st.rerun()


def _launch(request: JobRequest) -> None:
    assert isinstance(request.guided, GuidedWishes)
    try:
        record = launch(
            workspace().root, kind=request.kind, name=request.name, guided=request.guided,
            asked_by=visitor_label(), max_jobs=settings().max_jobs,
        )  # fmt: skip
        await_job(record.name)
    except TrafficdiffError as error:
        st.session_state[_FAULT] = str(error)
