"""Look at one AV scene: who moves where on the map, how fast, and how much time is left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import streamlit as st

from dashboards.shell.looks import chart_look, draw, number
from dashboards.shell.names import plain
from dashboards.shell.road_map import road_map
from dashboards.shell.state import workspace
from dashboards.shell.words import has_word, plain_word, word
from trafficdiff.export.scene_charts import scene_seconds
from trafficdiff.export.scene_map import KINDS

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.driving_scene import DrivingScene
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.export.map_data import MapData

__all__ = ["LookedAt", "look_at", "show_scene"]

_MAP_HEIGHT: Final = 440
_CHART_HEIGHT: Final = 204
_MOST_SCENES: Final = 16
_MOST_NETS: Final = 3
_MOST_TTC_S: Final = 6.0
"""The chart of times to collision ends here [s]; beyond, nothing presses."""
_KMH: Final = 3.6
_COLOURS: Final = ("#d55e00", "#009e73")
"""Of opponent and ego, as on the map (Okabe and Ito)."""


@dataclass(frozen=True, eq=False)
class LookedAt:
    """Hold what one scene shows: the scene, its opponent's id, its data for the map, and its course."""

    scene: DrivingScene
    other: str
    drawn: MapData
    course: pd.DataFrame


def look_at(folder: str, name: str, other: str) -> LookedAt:
    """Return a scene, read.

    Raises
    ------
    TrafficdiffError
        If it, or its map, cannot be read.
    """
    directory = workspace().path_of(folder) / name
    return _looked_at(directory, other, _stamp(directory))


@st.cache_resource(max_entries=_MOST_SCENES, show_spinner=False)
def _looked_at(directory: Path, other: str, stamp: int) -> LookedAt:  # noqa: ARG001 - part of what is looked up
    from trafficdiff.datatypes.driving_scene_files import read_driving_scene
    from trafficdiff.export.scene_map import scene_on_map
    from trafficdiff.metrics.scene_course import scene_course

    scene = read_driving_scene(directory)
    net = scene.net_file.resolve()
    graph = _roads(net, net.stat().st_mtime_ns)
    drawn = scene_on_map(scene, graph, other=other)
    return LookedAt(scene, other, drawn, scene_course(scene.tracks, ego=scene.ego, other=other))


@st.cache_resource(max_entries=_MOST_NETS, show_spinner=False)
def _roads(net: Path, stamp: int) -> RoadGraph:  # noqa: ARG001 - part of what is looked up
    from trafficdiff.roads.netfile import read_net

    return read_net(net)


def _stamp(directory: Path) -> int:
    try:
        return (directory / "manifest.json").stat().st_mtime_ns
    except OSError:
        return 0


def show_scene(looked: LookedAt, row: pd.Series[Any], *, title: str) -> None:
    """Draw the map with those who move, charts beside it, and what is known below."""
    scene = looked.scene
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(title, anchor=False, width="content")
        st.caption(_facts(looked))
    left, right = st.columns([1.5, 1], gap="small")
    with left:
        road_map(
            key=f"av_scenes.map.{looked.drawn.data_id}", data=looked.drawn, in_url=False, height=_MAP_HEIGHT,
            vehicle_kinds=[plain_word(f"av_scenes.kind_{kind}") for kind in KINDS],
            description=plain_word("av_scenes.map_description", name=scene.name, count=len(scene.tracks.user_id)),
        )  # fmt: skip
    with right:
        _charts(looked, critical_s=float(row["critical_s"]))
    st.caption(word("av_scenes.tags", tags=plain(", ".join(scene.tags), longest=600)))


def _facts(looked: LookedAt) -> str:
    tracks = looked.scene.tracks
    kinds = dict(zip(tracks.user_id.astype(str), tracks.user_kind.astype(str), strict=True))
    ego, other = (_kind(kinds[name]) for name in (looked.scene.ego, looked.other))
    length = number(looked.scene.end_s - looked.scene.begin_s, 1, "s")
    return word("av_scenes.facts", ego=ego, other=other, count=len(kinds), length=length)


def _kind(name: str) -> str:
    key = f"av_scenes.user_{name}"
    return plain_word(key) if has_word(key) else name


def _charts(looked: LookedAt, *, critical_s: float) -> None:
    """Draw time to collision and speeds over the seconds of the scene; a dotted line is the critical moment."""
    course = looked.course
    begin_s = looked.scene.begin_s
    marked_s = critical_s - begin_s if begin_s <= critical_s <= looked.scene.end_s else None
    second = (course["time_s"] - begin_s).round(3)
    words: dict[str, Any] = {"x_title": plain_word("av_scenes.second"), "marked_s": marked_s}
    left = pd.DataFrame({"series": plain_word("av_scenes.ttc"), "second": second, "value": course["ttc_s"]})
    draw(
        scene_seconds, left.replace({"value": {float("inf"): float("nan")}}), key="av_scenes.ttc", most=_MOST_TTC_S,
        look=chart_look(width=420, height=_CHART_HEIGHT), y_title=plain_word("av_scenes.ttc_axis"),
        description=plain_word("av_scenes.ttc_alt"), **words,
    )  # fmt: skip
    speeds = pd.concat(
        pd.DataFrame({"series": plain_word(f"av_scenes.kind_{kind}"), "second": second, "value": _KMH * course[column]})
        for kind, column in (("opponent", "other_ms"), ("ego", "ego_ms"))
    )
    draw(
        scene_seconds, speeds.reset_index(drop=True), key="av_scenes.speeds",
        look=chart_look(width=420, height=_CHART_HEIGHT + 30), y_title=plain_word("av_scenes.speed_axis"),
        description=plain_word("av_scenes.speed_alt"), colours=_COLOURS, **words,
    )  # fmt: skip
