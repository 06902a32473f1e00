"""Choose where guided scenes begin: anywhere in a run, at one of its junctions, or where somebody clicks on the map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import streamlit as st

from dashboards.shell.opening import BY_CONTENT, Opened, drawn_roads
from dashboards.shell.road_map import PointLook, road_map
from dashboards.shell.road_numbers import road_blob
from dashboards.shell.words import plain_word, word
from trafficdiff.export.map_data import MapData, MapPoints, encode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dashboards.shell.road_map import MapEvent

__all__ = ["Chosen", "choose_place", "junctions_of", "place_map"]

ANYWHERE, CLICKED = "anywhere", "clicked"
"""Choices beside the ids of junctions."""
RADII_M: Final = (25, 50, 100, 200)
_PLACE: Final = "scene_guide.place"
_SPOT: Final = "scene_guide.spot"
_SEEN: Final = "scene_guide.map.seen"
_MAP_HEIGHT: Final = 372
_PLACE_WIDTH, _RADIUS_WIDTH = 310, 128


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Hold a place: its name, longitude and latitude (None for anywhere), and who is there [m]."""

    name: str = ""
    at: tuple[float, float] | None = None
    radius_m: int = 50


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=BY_CONTENT)
def junctions_of(opened: Opened, scenario: str) -> dict[str, tuple[str, float, float]]:
    """Return name, longitude and latitude of the junctions at which named streets meet, by id, in order of names."""
    from trafficdiff.metrics.safety_sites import is_junction, site_names

    graph = drawn_roads(opened, base=scenario, scenario=scenario)[0]
    sites = site_names(graph)
    nodes = sites[sites["kind"] == "junction"]
    met = nodes[is_junction(graph) & nodes["name"].str.contains(" / ", regex=False).to_numpy()]
    met = met.sort_values(["name", "site"]).drop_duplicates("name")
    lonlat = graph.to_lonlat(met[["x_m", "y_m"]].to_numpy(np.float64)).reshape(-1, 2)
    rows = zip(met["site"], met["name"], lonlat.tolist(), strict=True)
    return {str(site): (str(name), lon, lat) for site, name, (lon, lat) in rows}


def place_map(opened: Opened, scenario: str) -> None:
    """Show the roads and the place that is chosen; a click chooses another one. Comes before `choose_place`."""
    chosen = _chosen(junctions_of(opened, scenario))
    data = [road_blob(opened, base=scenario, scenario=scenario)]
    points = {}
    if chosen.at is not None:
        data.append(_ring(chosen.at, chosen.name))
        points["place"] = PointLook(label=plain_word("scene_guide.place"), ring=True)
    event = road_map(
        key=f"scene_guide.map.{opened.name}.{scenario}", data=data, points=points,
        selectable=("click",),
        selected=[], description=plain_word("scene_guide.map_description"), height=_MAP_HEIGHT, in_url=False,
    )  # fmt: skip
    if _clicked(event):
        st.rerun()


def choose_place(opened: Opened, scenario: str) -> Chosen:
    """Show the list of places and how far around it counts, and return what is chosen."""
    junctions = junctions_of(opened, scenario)
    options = [ANYWHERE, *([CLICKED] if _SPOT in st.session_state else []), *junctions]
    if st.session_state.get(_PLACE) not in options:
        st.session_state[_PLACE] = ANYWHERE
    with st.container(horizontal=True):
        st.selectbox(
            word("scene_guide.place"), options, key=_PLACE, format_func=lambda one: _name(one, junctions),
            help=word("scene_guide.place_about"), width=_PLACE_WIDTH,
        )  # fmt: skip
        st.selectbox(
            word("scene_guide.radius"), RADII_M, index=RADII_M.index(50), key="scene_guide.radius",
            format_func=lambda one: f"{one} m", disabled=st.session_state[_PLACE] == ANYWHERE,
            help=word("scene_guide.radius_about"), width=_RADIUS_WIDTH,
        )  # fmt: skip
    return _chosen(junctions)


def _chosen(junctions: Mapping[str, tuple[str, float, float]]) -> Chosen:
    """Return what is chosen now."""
    place = str(st.session_state.get(_PLACE, ANYWHERE))
    radius_m = int(st.session_state.get("scene_guide.radius", 50))
    if place == CLICKED and _SPOT in st.session_state:
        lon, lat = st.session_state[_SPOT]
        return Chosen(name=plain_word("scene_guide.clicked_name"), at=(lon, lat), radius_m=radius_m)
    if place in junctions:
        name, lon, lat = junctions[place]
        return Chosen(name=name, at=(lon, lat), radius_m=radius_m)
    return Chosen(radius_m=radius_m)


def _clicked(event: MapEvent) -> bool:
    """Take a click on the map, once, and return whether there was one."""
    if event.clicked_at is None or st.session_state.get(_SEEN) == event.number:
        return False
    st.session_state[_SEEN] = event.number
    st.session_state[_SPOT] = event.clicked_at
    st.session_state[_PLACE] = CLICKED
    return True


def _name(option: str, junctions: Mapping[str, tuple[str, float, float]]) -> str:
    if option == CLICKED:
        lon, lat = st.session_state[_SPOT]
        return plain_word("scene_guide.clicked", place=f"{lon:.5f}, {lat:.5f}")
    return junctions[option][0] if option in junctions else plain_word(f"scene_guide.{ANYWHERE}")


def _ring(at: tuple[float, float], name: str) -> MapData:
    return encode(points={"place": MapPoints(lonlat=np.array([at], np.float64), labels=[name])})
