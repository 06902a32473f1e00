"""Show charging stations on the map, in a table beside it, and say how each one is doing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import streamlit as st

from dashboards.shell import view
from dashboards.shell.looks import number
from dashboards.shell.road_map import PointLook
from dashboards.shell.words import plain_word
from trafficdiff.export.difference_map import limit_of
from trafficdiff.export.map_data import MapData, MapPoints, encode

if TYPE_CHECKING:
    import pandas as pd

    from dashboards.shell.charging_days import ChargingDays
    from dashboards.shell.road_map import MapEvent

__all__ = [
    "METRICS",
    "StationMetric",
    "choose_clicked",
    "nearest_station",
    "show_stations",
    "station_look",
    "station_points",
]

_TABLE: Final = "charging.table"
_COLUMNS: Final = ("utilisation", "mean_wait", "missed", "sessions", "energy", "peak")
_SEEN: Final = "charging.map.seen"
_NEAR_PX: Final = 18
"""How near a click must be to a station; its mark is up to 16 pixels wide on each side."""
_METRES_PER_PIXEL: Final = 78_271.517
"""On the equator at zoom 0, where the world is 512 pixels wide: 40,075,016.7 m of WGS 84's equator over 512."""
_METRES_PER_DEGREE: Final = 111_319.49
_ROW, _HEAD = 35, 38
"""Heights of a row of a table and of its head [pixels]."""


@dataclass(frozen=True, kw_only=True)
class StationMetric:
    """Say how a number of stations is shown.

    Parameters
    ----------
    name
        As in the URL; the words are ``charging.metric_<name>`` and ``charging.about_<name>``.
    column
        Of `ChargingDays.stations`.
    unit, factor, decimals
        What stands behind the number, from the stored unit to the shown one, and its decimals.
    limits
        Ends of the colour scale; None for a round number above the largest value.
    """

    name: str
    column: str
    unit: str = ""
    factor: float = 1.0
    decimals: int = 0
    limits: tuple[float, float] | None = None


METRICS: Final[dict[str, StationMetric]] = {
    metric.name: metric
    for metric in (
        StationMetric(name="utilisation", column="utilisation", unit="%", factor=100, limits=(0.0, 100.0)),
        StationMetric(name="mean_wait", column="mean_wait_s", unit="min", factor=1 / 60, decimals=1),
        StationMetric(name="full", column="full_share", unit="%", factor=100, limits=(0.0, 100.0)),
        StationMetric(name="missed", column="missed_sessions", decimals=1),
        StationMetric(name="energy", column="energy_kwh", unit="kWh"),
        StationMetric(name="peak", column="peak_kw", unit="kW"),
        StationMetric(name="sessions", column="sessions", decimals=1),
    )
}
"""Everything that the map can show of stations."""


def _shown(stations: pd.DataFrame, metric: StationMetric, ending: str = "") -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.asarray(stations[metric.column + ending].to_numpy(np.float64)) * metric.factor


def station_points(days: ChargingDays, metric: StationMetric) -> MapData:
    """Return the stations for the map, coloured and sized by a number; hovering shows all of them."""
    stations, value = days.stations, _shown(days.stations, metric)
    points = MapPoints(
        lonlat=stations[["lon", "lat"]].to_numpy(np.float64),
        labels=[_label(row) for _, row in stations.iterrows()],
        values=np.nan_to_num(value),
        levels=value,
    )
    return encode(points={"stations": points})


def station_look(days: ChargingDays, metric: StationMetric) -> PointLook:
    """Return what the legend says of them."""
    value = _shown(days.stations, metric)
    largest = float(np.nanmax(value, initial=0.0))
    return PointLook(
        label=plain_word("charging.stations"),
        legend=plain_word(f"charging.metric_{metric.name}"),
        unit=metric.unit,
        digits=metric.decimals,
        limits=metric.limits or (0.0, limit_of(np.array([largest])) if largest > 0 else 1.0),
    )


def _label(row: pd.Series[Any]) -> str:
    """Return what hovering says: name, plugs, and every number with its least and largest day."""
    plugs = plain_word("charging.plugs", count=int(row["plugs"]), kw=number(float(row["installed_kw"]), 0))
    lines = [str(row["name"]), " · ".join(filter(None, [plugs, str(row["feeder"])]))]
    for name in ("utilisation", "mean_wait", "missed"):
        metric = METRICS[name]
        mid, low, high = (float(row[metric.column + ending]) * metric.factor for ending in ("", "_low", "_high"))
        if not np.isfinite(mid):
            continue
        said = f"{plain_word(f'charging.metric_{name}')}: {number(mid, metric.decimals, metric.unit)}"
        span = f" ({number(low, metric.decimals)}\N{EN DASH}{number(high, metric.decimals)})" if high > low else ""
        lines.append(said + span)
    return "\n".join(lines)


def show_stations(days: ChargingDays, metric: StationMetric, *, height: int, chosen: str) -> None:
    """Show the table beside the map, the largest first; choosing a row follows that station in the charts."""
    stations = days.stations.sort_values(metric.column, ascending=False, na_position="last")
    ids = [str(name) for name in stations.index]
    table = stations[["name"]].reset_index(drop=True)
    table["plugs"] = [
        plain_word("charging.plugs_short", count=int(plugs), kw=number(float(kw), 0))
        for plugs, kw in zip(stations["plugs"], stations["installed_kw"], strict=True)
    ]
    first = [metric.name, *(name for name in _COLUMNS if name != metric.name)]
    for name in first:
        table[name] = _shown(stations, METRICS[name]).round(METRICS[name].decimals)
    styled: Any = table.style.format({name: partial(number, decimals=METRICS[name].decimals) for name in first})
    units = {name: f" [{METRICS[name].unit}]" if METRICS[name].unit else "" for name in first}
    key = f"{_TABLE}.{metric.name}.{chosen}"
    st.dataframe(
        styled,
        key=key,
        hide_index=True,
        height=min(height, _HEAD + _ROW * len(table)),
        column_config={
            "name": st.column_config.TextColumn(plain_word("charging.station"), width=160, pinned=True),
            "plugs": st.column_config.TextColumn(plain_word("charging.column_plugs"), width=84),
            **{
                name: st.column_config.NumberColumn(plain_word(f"charging.column_{name}") + units[name], width=88)
                for name in first
            },
        },
        on_select=lambda: _choose_row(key, ids),
        selection_mode="single-row",
        selection_default={"selection": {"rows": [ids.index(chosen)] if chosen in ids else [], "columns": [],
                                         "cells": []}},
        alt=plain_word("charging.table_alt"),
    )  # fmt: skip


def _choose_row(key: str, ids: list[str]) -> None:
    rows = st.session_state[key].selection.rows
    view.put(station=f"station:{ids[rows[0]]}" if rows and rows[0] < len(ids) else None)


def choose_clicked(event: MapEvent, stations: pd.DataFrame) -> None:
    """Follow the station that was clicked on the map in table and charts; a click beside all stations follows none.

    Each click counts once, so that what is chosen elsewhere afterwards stays.
    """
    if event.clicked_at is None or event.position is None or st.session_state.get(_SEEN) == event.number:
        return
    st.session_state[_SEEN] = event.number
    name = nearest_station(stations, event.clicked_at, zoom=event.position[2])
    view.put(station=None if name is None else f"station:{name}")


def nearest_station(stations: pd.DataFrame, lonlat: tuple[float, float], *, zoom: float) -> str | None:
    """Return the id of the station under a click, None if the nearest is too far away on the screen."""
    if not len(stations):
        return None
    shrink = np.cos(np.radians(lonlat[1]))
    east = (stations["lon"].to_numpy(np.float64) - lonlat[0]) * _METRES_PER_DEGREE * shrink
    north = (stations["lat"].to_numpy(np.float64) - lonlat[1]) * _METRES_PER_DEGREE
    pixels = np.hypot(east, north) / (_METRES_PER_PIXEL * shrink / 2.0**zoom)
    place = int(np.argmin(pixels))
    return str(stations.index[place]) if pixels[place] <= _NEAR_PX else None
