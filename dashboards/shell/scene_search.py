"""Take AV scenes from a run that recorded its road users finely: find critical moments, or have the model draw some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboards.shell import view
from dashboards.shell.choice import choose
from dashboards.shell.faults import show_fault
from dashboards.shell.findings import choose_finding
from dashboards.shell.missing import missing
from dashboards.shell.pressing import pressed
from dashboards.shell.safety_days import has_safety
from dashboards.shell.scene_guide import guide
from dashboards.shell.state import settings, workspace
from dashboards.shell.words import plain_word, word
from trafficdiff.errors import TrafficdiffError

if TYPE_CHECKING:
    from pathlib import Path

    from dashboards.shell.opening import Opened

__all__ = ["from_a_run"]

_RUN: Final = "trafficdiff run networks/helsinki/safety.yaml -o runs/safety"
_GUIDE: Final = (
    "trafficdiff scenes make guided --from runs/safety --at 24.9415,60.1706 --count 10 --ttc 0.8:1.5 -o scenes/guided"
)
_MOST: Final = 100
_USUAL: Final = 20


def from_a_run() -> None:
    """Offer to find scenes, or to have some drawn; a dashboard that may only be looked at says the commands."""
    if settings().read_only:
        missing("av_scenes.read_only", command="trafficdiff scenes find runs/safety -o scenes/found")
        missing("scene_guide.read_only", command=_GUIDE)
        return
    if not (workspace().studies() or workspace().runs()):
        missing("av_scenes.no_run", command=_RUN)
        return
    left, middle = st.columns(2, vertical_alignment="bottom")
    with left:
        opened = choose_finding(missing_key="av_scenes.no_run")
    if opened is None:
        return
    there = [name for name in opened.scenarios if opened.runs[name] and has_safety(opened, name)]
    if not there:
        missing("av_scenes.no_tracks", command=_RUN)
        return
    with middle:
        scenario = choose(word("congestion.scenario"), there, key="scenario") or there[0]
    doing = st.segmented_control(
        word("scene_guide.what"), ["find", "guide"], default="find", key="scene_guide.what", required=True,
        format_func=lambda one: plain_word(f"scene_guide.what_{one}"), label_visibility="collapsed",
    )  # fmt: skip
    run = _directory(opened, scenario)
    if doing == "guide":
        guide(opened, scenario, run)
    else:
        _search(run)


def _search(run: Path) -> None:
    """Ask how many critical moments to find, and find them."""
    left, right = st.columns([1, 2], vertical_alignment="bottom")
    with left:
        count = st.number_input(word("av_scenes.count"), 1, _MOST, _USUAL, key="av_scenes.count")
    with right:
        target = st.text_input(
            word("av_scenes.target"), "scenes/found", key="av_scenes.target", max_chars=200,
            help=word("av_scenes.target_about"),
        )  # fmt: skip
    if pressed(word("av_scenes.find_button"), key="av_scenes.find", icon=":material/search:", type="primary"):
        _find(run, target.strip(), count=int(count))


def _directory(opened: Opened, scenario: str) -> Path:
    """Return the first simulated day of a scenario."""
    if opened.study is None:
        return opened.stored_run(scenario).directory
    return opened.study.run_directory(scenario, opened.runs[scenario][0])


def _find(run: Path, target: str, *, count: int) -> None:
    from trafficdiff.workflows.scenes_find import find_scenes

    try:
        directory = workspace().path_of(target)
        with st.spinner(word("av_scenes.finding"), show_time=True):
            found = find_scenes(run, directory, count=count)
    except TrafficdiffError as error:
        for fault in error.faults or (str(error),):
            show_fault(fault)
        return
    view.put(scenes=target, scene=None, type=None, left=None)
    st.session_state["av_scenes.found"] = (len(found.scenes), found.conflicts, found.alike, found.implausible)
    st.rerun()
