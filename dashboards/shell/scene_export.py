"""Offer AV scenes as files of simulators and planners, in one zip; what is wrong with a scene is said, not written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboards.shell.faults import show_fault
from dashboards.shell.looks import number
from dashboards.shell.names import plain
from dashboards.shell.pressing import pressed
from dashboards.shell.state import workspace
from dashboards.shell.words import plain_word, word
from trafficdiff.errors import TrafficdiffError
from trafficdiff.export.scene_files import SceneFormat

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["MOST_AT_ONCE", "offer_files"]

MOST_AT_ONCE: Final = 50
"""Scenes that a page exports at once; more are a command's."""
_MADE: Final = "av_scenes.archive"
_FORMAT: Final = "av_scenes.format"
_SCOPE: Final = "av_scenes.scope"
_MOST_FAULTS: Final = 8


def offer_files(folder: str, name: str, *, count: int) -> None:
    """Offer one scene, or all of its folder where they are few, in a format of the reader's choice.

    Parameters
    ----------
    folder, name
        Which scene.
    count
        Scenes that the folder holds.
    """
    few = 1 < count <= MOST_AT_ONCE
    with st.container(border=True):
        st.markdown(f"**{word('av_scenes.export')}**")
        left, middle, right = st.columns([1.3, 1.3, 1], vertical_alignment="bottom")
        with left:
            chosen = str(
                st.selectbox(
                    word("av_scenes.format"), [one.value for one in SceneFormat], key=_FORMAT,
                    format_func=lambda one: plain_word(f"av_scenes.format_{one}"),
                )
            )  # fmt: skip
        with middle:
            scope = st.selectbox(
                word("av_scenes.scope"), ["one", "all"] if few else ["one"], key=f"{_SCOPE}.{few}",
                format_func=lambda one: plain_word(f"av_scenes.scope_{one}", name=name, count=count),
            )  # fmt: skip
        source = workspace().path_of(folder) / name if scope == "one" else workspace().path_of(folder)
        wanted = (str(source), chosen)
        with right:
            asked = pressed(word("av_scenes.write"), key="av_scenes.write", icon=":material/deployed_code:")
        if asked:
            _write(source, SceneFormat(chosen), wanted)
        _download(wanted, name=name if scope == "one" else folder.rpartition("/")[2])
        st.caption(word("av_scenes.synthetic"))
        if count > MOST_AT_ONCE:
            st.caption(word("av_scenes.many", count=count))
            st.code(f"trafficdiff export {folder} --format {chosen} -o exported", language="bash")


def _write(source: Path, scene_format: SceneFormat, wanted: tuple[str, str]) -> None:
    from trafficdiff.workflows.scene_archive import scene_archive

    st.session_state.pop(_MADE, None)
    try:
        with st.spinner(word("av_scenes.writing"), show_time=True):
            st.session_state[_MADE] = (wanted, scene_archive(source, scene_format=scene_format))
    except TrafficdiffError as error:
        for fault in (error.faults or (str(error),))[:_MOST_FAULTS]:
            show_fault(fault)


def _download(wanted: tuple[str, str], *, name: str) -> None:
    made = st.session_state.get(_MADE)
    if made is None or made[0] != wanted:
        return
    content: bytes = made[1]
    st.download_button(
        word("av_scenes.download", size=number(len(content) / 1e3, 0, "kB")), content,
        file_name=f"{name}-{wanted[1]}.zip", mime="application/zip", on_click="ignore", type="primary",
        icon=":material/download:", key="av_scenes.download", help=plain(f"{name}-{wanted[1]}.zip"),
    )  # fmt: skip
