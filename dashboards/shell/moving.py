"""Show the vehicles of one simulated day moving on the map, where the runs have kept their ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboards.shell import view
from dashboards.shell.opening import BY_CONTENT, Opened
from dashboards.shell.words import word
from trafficdiff.export.map_data import MapData, encode
from trafficdiff.export.map_tracks import MOST_SAMPLES, vehicle_tracks

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.export.map_data import VehicleTracks

__all__ = ["moving_vehicles"]

_FILE: Final = "tracks.parquet"
_STATE: Final = "congestion.vehicles"
_MOST_FLEETS: Final = 4


def moving_vehicles(opened: Opened, *, base: str, scenario: str) -> MapData | None:
    """Offer to show the vehicles; return them if the reader wants to see them, None else."""
    there = _ways(opened, scenario) is not None
    st.session_state[_STATE] = there and view.get("vehicles") == "on"
    st.toggle(
        word("congestion.vehicles"),
        key=_STATE,
        disabled=not there,
        help=word("congestion.vehicles_about" if there else "congestion.vehicles_missing"),
        on_change=_remember,
    )
    return _fleets(opened, base=base, scenario=scenario) if st.session_state[_STATE] else None


def _remember() -> None:
    view.put(vehicles="on" if st.session_state[_STATE] else None)


def _ways(opened: Opened, scenario: str) -> Path | None:
    """Return the ways of the first day of a scenario, if they were kept."""
    path = opened.stored_run(scenario).directory / _FILE
    return path if path.is_file() else None


@st.cache_resource(max_entries=_MOST_FLEETS, show_spinner=False, hash_funcs=BY_CONTENT)
def _fleets(opened: Opened, *, base: str, scenario: str) -> MapData:
    """Return the scenario's vehicles, and the base's for the other side of the split view."""
    both = base != scenario and _ways(opened, base) is not None
    most = MOST_SAMPLES // 2 if both else MOST_SAMPLES
    return encode(
        vehicles=_fleet(opened, scenario, most=most), vehicles_beside=_fleet(opened, base, most=most) if both else None
    )


def _fleet(opened: Opened, scenario: str, *, most: int) -> VehicleTracks | None:
    from trafficdiff.datatypes.track_files import read_tracks_table
    from trafficdiff.roads.netfile import read_net

    path = _ways(opened, scenario)
    if path is None:
        return None
    graph = read_net(opened.stored_run(scenario).net_path)
    return vehicle_tracks(read_tracks_table(path, graph=graph), graph, most_samples=most)
