"""Find AV scenes in a run that recorded its road users finely."""

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
from dashboards.shell.state import settings, workspace
from dashboards.shell.words import word
from trafficdiff.errors import TrafficdiffError

if TYPE_CHECKING:
    from pathlib import Path

    from dashboards.shell.opening import Opened

__all__ = ["search"]

_RUN: Final = "trafficdiff run networks/helsinki/safety.yaml -o runs/safety"
_MOST: Final = 100
_USUAL: Final = 20


def search() -> None:
    """Offer to find scenes; a dashboard that may only be looked at says the command."""
    if settings().read_only:
        missing("av_scenes.read_only", command="trafficdiff scenes find runs/safety -o scenes/found")
        return
    if not (workspace().studies() or workspace().runs()):
        missing("av_scenes.no_run", command=_RUN)
        return
    left, middle, right = st.columns([1.4, 1, 1], vertical_alignment="bottom")
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
    with right:
        count = st.number_input(word("av_scenes.count"), 1, _MOST, _USUAL, key="av_scenes.count")
    target = st.text_input(
        word("av_scenes.target"),
        "scenes/found",
        key="av_scenes.target",
        max_chars=200,
        help=word("av_scenes.target_about"),
    )
    if pressed(word("av_scenes.find_button"), key="av_scenes.find", icon=":material/search:", type="primary"):
        _find(_directory(opened, scenario), target.strip(), count=int(count))


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
