"""Draw AV scenes: which there are, how critical each is, what happens in it, its files for other tools, new ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboards.shell.av_scenes import chosen_scene, filters, scene_folders, show_scenes, table_of, type_name
from dashboards.shell.choice import choose
from dashboards.shell.faults import show_fault
from dashboards.shell.guide_jobs import guided_jobs
from dashboards.shell.missing import missing
from dashboards.shell.pages import Page
from dashboards.shell.scene_export import offer_files
from dashboards.shell.scene_guided import guided_in, told_of_folder, told_of_scene
from dashboards.shell.scene_look import look_at, show_scene
from dashboards.shell.scene_search import from_a_run
from dashboards.shell.words import word
from trafficdiff.errors import TrafficdiffError
from trafficdiff.workflows.scene_table import MOST_SCENES

if TYPE_CHECKING:
    import pandas as pd

PAGE = Page(order=47, icon=":material/directions_car:")

_MAKE: Final = "trafficdiff scenes make cut-in --network helsinki --count 10 -o scenes/cut-in"


def show() -> None:
    """Draw the page."""
    st.title(word("av_scenes.title"), anchor=False)
    guided_jobs()
    folders = scene_folders()
    if folders:
        _folder(folders)
    else:
        missing("av_scenes.no_scenes", command=_MAKE)
    with st.expander(word("av_scenes.find"), icon=":material/search:", expanded=not folders):
        from_a_run()


def _folder(folders: list[str]) -> None:
    """Show the scenes of one folder, and one of them."""
    left, right = st.columns([1, 2], vertical_alignment="bottom")
    with left:
        folder = choose(word("av_scenes.folder"), folders, key="scenes") or folders[0]
    try:
        scenes = table_of(folder)
    except TrafficdiffError as error:
        show_fault(str(error))
        return
    with right:
        shown = filters(scenes)
    _told(scenes, shown)
    guided = guided_in(folder)
    if guided is not None:
        told_of_folder(guided)
    if not len(shown):
        st.info(word("av_scenes.none_left"), icon=":material/filter_alt_off:")
        return
    name = chosen_scene(shown)
    show_scenes(shown, folder=folder, chosen=name)
    if not name:
        st.info(word("av_scenes.none_kept"), icon=":material/info:")
        return
    row = shown[shown["name"] == name].iloc[0]
    try:
        with st.spinner(word("congestion.working"), show_time=False):
            looked = look_at(folder, name, str(row["other"]))
    except TrafficdiffError as error:
        for fault in error.faults or (str(error),):
            show_fault(fault)
    else:
        show_scene(looked, row, title=type_name(str(row["type"])))
        if guided is not None and name in guided.cases:
            told_of_scene(guided.cases[name])
    offer_files(folder, name, count=int((scenes["name"] != "").sum()))


def _told(scenes: pd.DataFrame, shown: pd.DataFrame) -> None:
    """Say how many there are, and what a search has found."""
    if found := st.session_state.pop("av_scenes.found", None):
        count, conflicts, alike, implausible = found
        st.success(word("av_scenes.found", count=count, conflicts=conflicts, alike=alike, implausible=implausible))
    key = "av_scenes.caption_cut" if len(scenes) >= MOST_SCENES else "av_scenes.caption"
    st.caption(word(key, count=len(shown), all=len(scenes), valid=int(shown["valid"].sum())))
