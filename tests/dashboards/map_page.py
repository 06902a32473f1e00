"""A page with nothing but a map: a hand-made town of 4 x 4 streets, for `test_road_map.py`; run by Streamlit."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from trafficdiff.export.map_data import MapData, MapPoints, RoadLines, RoadValues, VehicleTracks, encode

WEST, SOUTH, GAP_DEG = 10.0, 50.0, 0.004
STREETS = 4
EVIL = "<img src=x onerror=\"document.title='taken over'\">"
"""The name of the first street: text that must stay text."""
EDGES_S = np.array([25_200.0, 26_100.0, 27_000.0])


def corner(column: int, row: int) -> tuple[float, float]:
    """Return where a corner lies [degrees]."""
    return WEST + column * GAP_DEG, SOUTH + row * GAP_DEG * 0.65


def roads() -> RoadLines:
    """Return two edges, there and back, for every side of every block; ids say from where to where."""
    ids, lines, names = [], [], []
    for column in range(STREETS):
        for row in range(STREETS):
            for to in ((column + 1, row), (column, row + 1)):
                if max(to) < STREETS:
                    for a, b in (((column, row), to), (to, (column, row))):
                        ids.append(f"{a[0]}{a[1]}to{b[0]}{b[1]}")
                        lines.append(np.array([corner(*a), corner(*b)]))
                        names.append(
                            EVIL if row == to[1] == 0 else f"Row {row}" if row == to[1] else f"Column {column}"
                        )
    return RoadLines(ids=ids, lines=lines, names=names, two_way=np.ones(len(ids)))


def data() -> tuple[MapData, MapData]:
    """Return what stays, and the values: the second interval is the first one upside down."""
    lines = roads()
    count = len(lines.ids)
    rising = np.linspace(0, 100, count)
    both = np.stack([rising, rising[::-1]])
    change = np.where(np.arange(count) % 2 == 0, 40.0, -40.0)
    shown = np.arange(count) < count // 2
    x, y = corner(0, 0)
    park = [[x, y], [x + 0.003, y], [x + 0.003, y + 0.002], [x, y + 0.002], [x, y]]
    background = {
        "features": [
            {"properties": {"kind": "green"}, "geometry": {"type": "Polygon", "coordinates": [park]}},
            {"properties": {"kind": "place", "name": "Middle", "class": "suburb"},
             "geometry": {"type": "Point", "coordinates": corner(2, 2)}},
        ]
    }  # fmt: skip
    drive = np.linspace(corner(0, 3), corner(3, 3), 31)
    stays = encode(
        roads=lines,
        background=background,
        vehicles=VehicleTracks(lonlat=drive[:, None], times_s=np.linspace(25_200, 27_000, 31)),
        points={"posts": MapPoints(lonlat=np.array([corner(3, 3)]), labels=["Post 1"])},
    )
    values = encode(
        values={
            "delay": RoadValues(values=both, low=both - 5, high=both + 5, interval_edges_s=EDGES_S),
            "change": RoadValues(values=change, shown=shown),
            "before": RoadValues(values=np.full(count, 50.0)),
        }
    )
    return stays, values


def show() -> None:
    """Draw the page."""
    import streamlit as st

    from dashboards.shell import view
    from dashboards.shell.road_map import Picture, road_map

    delay = Picture(layer="delay", title="Scenario", legend="Delay", unit="s", limits=(0, 100), digits=0)
    before = Picture(layer="before", title="Base", legend="Delay", unit="s", limits=(0, 100), digits=0)
    change = Picture(layer="change", title="Change", legend="Change", unit="s", limits=(-40, 40), palette="change")
    st.set_page_config(layout="wide")
    chosen = st.radio("picture", ["delay", "change"], horizontal=True)
    event = road_map(
        key="map",
        data=list(st.cache_data(data)()),
        picture=delay if chosen == "delay" else change,
        beside=before,
        before=before,
        selectable=("click", "box", "polygon"),
        selected=("00to10",) if st.button("select the first") else None,
        most_selected=10,
        marks={"closed": ["20to30", "30to20"]},
        points={"posts": "Posts"},
        height=480,
    )
    st.session_state["runs"] = st.session_state.get("runs", 0) + 1
    st.code(f"selected {' '.join(event.selected)}", language=None)
    st.code(f"more {event.more}", language=None)
    st.code(f"url {view.get('map')}", language=None)
    st.code(f"runs {st.session_state['runs']}", language=None)


if __name__ == "__main__":
    show()
