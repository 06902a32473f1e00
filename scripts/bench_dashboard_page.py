"""One page with one map, as the dashboard draws it or as pydeck does: what `bench_dashboard.py` opens in a browser."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import streamlit as st

from scripts.bench_dashboard_city import WINDOW_S, drawn

NET, WAY = Path(sys.argv[1]), sys.argv[2]


@st.cache_data
def city(net: str) -> Any:
    return drawn(Path(net))


@st.cache_resource
def blobs(net: str) -> Any:
    from trafficdiff.export.map_data import encode

    roads, values, vehicles = city(net)
    return encode(roads=roads, vehicles=vehicles), encode(values=values)


def ours(shown: str) -> None:
    from dashboards.shell.road_map import Picture, road_map

    picture = (
        Picture(layer="change", title="Change", legend="Change", unit="s", limits=(-60, 60), palette="change")
        if shown == "change"
        else Picture(layer=shown, title=shown, legend=shown, unit="km/h", limits=(0, 60))
    )
    road_map(key="bench", data=list(blobs(str(NET))), picture=picture, selectable=("click",), height=700)


def pydecks(shown: str) -> None:
    """Draw the same with what Streamlit has on board: every rerun sends all of it again."""
    import pydeck

    roads, values, vehicles = city(str(NET))
    time_s = st.slider("time", *WINDOW_S, WINDOW_S[0])
    level = np.atleast_2d(values[shown].values)[0]
    paths = [
        {"path": line.round(6).tolist(), "value": float(value), "id": edge}
        for line, value, edge in zip(roads.lines, level, roads.ids, strict=True)
    ]
    times = [int(step) for step in np.asarray(vehicles.times_s) - WINDOW_S[0]]
    trips = []
    for track in np.swapaxes(vehicles.lonlat, 0, 1):
        seen = np.isfinite(track).all(axis=1)
        trips.append({"path": track[seen].round(6).tolist(), "times": np.asarray(times)[seen].tolist()})
    layers = [
        pydeck.Layer("PathLayer", paths, get_path="path", get_color="[value * 4, 80, 120]", width_min_pixels=2),
        pydeck.Layer("TripsLayer", trips, get_path="path", get_timestamps="times", current_time=time_s - WINDOW_S[0],
                     trail_length=60, width_min_pixels=3),
    ]  # fmt: skip
    middle = np.concatenate(list(roads.lines)).mean(axis=0)
    view = pydeck.ViewState(longitude=float(middle[0]), latitude=float(middle[1]), zoom=12)
    st.pydeck_chart(pydeck.Deck(layers, initial_view_state=view, map_provider=None), height=700)


st.set_page_config(layout="wide")
begun = time.process_time()
chosen = st.radio("KPI", ["change", "speed"], horizontal=True)
(ours if WAY == "ours" else pydecks)(str(chosen))
st.write(f"ran in {1000 * (time.process_time() - begun):.1f} ms, shows {chosen}")
