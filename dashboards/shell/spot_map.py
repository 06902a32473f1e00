"""Show roads and junctions on the map and in a table: near misses for what is driven, and what a measure changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import streamlit as st

from dashboards.shell.looks import change, number
from dashboards.shell.road_map import PointLook
from dashboards.shell.words import plain_word
from trafficdiff.export.difference_map import limit_of
from trafficdiff.export.map_data import MapData, MapPoints, encode

if TYPE_CHECKING:
    from dashboards.shell.safety_days import SafetyChanges, SafetyDays
    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["place_name", "shown_spots", "spot_look", "spot_points", "spot_table"]

_WIDTHS: Final = {"place": 190, "a_day": 54, "km": 80, "rate": 96, "interval": 146}
_MOST_POINTS: Final = 300
_MOST_ROWS: Final = 60
_TOP_SHARE: Final = 0.95
"""Colours end at the rate that this share of the shown places stays below."""


def shown_spots(days: SafetyDays, changes: SafetyChanges | None) -> pd.DataFrame:
    """Return the places to show, the first first: with near misses, or with a change where there are changes.

    Columns of `SafetyDays.spots`, ``value`` (rate, or its change), ``shown`` (whether the change is beyond chance).
    """
    spots = days.spots.set_index(["kind", "site"])
    if changes is None:
        found = spots[spots["events"] > 0].assign(shown=True)
        return found.assign(value=found["rate"]).head(_MOST_POINTS).reset_index()
    moved = changes.sites.set_index(["kind", "site"])
    moved = moved[(moved["base"] > 0) | (moved["scenario"] > 0)]
    columns = ["base", "scenario", "difference", "low", "high", "distinguishable"]
    found = moved[["name", "x_m", "y_m", *columns]].join(spots[["vehicle_km", "events", "rate"]], how="left")
    found = found.assign(value=found["difference"], shown=found["distinguishable"])
    size = found["shown"] * 1e12 + found["difference"].abs() * found["vehicle_km"].fillna(0.0)
    return found.loc[size.sort_values(ascending=False, kind="stable").index].head(_MOST_POINTS).reset_index()


def spot_points(spots: pd.DataFrame, graph: RoadGraph, *, changed: bool) -> MapData:
    """Return the places for the map: larger for more near misses (or a larger change), grey where it may be chance."""
    weight = spots["value"].abs() * spots["vehicle_km"] if changed else spots["events"]
    points = MapPoints(
        lonlat=graph.to_lonlat(spots[["x_m", "y_m"]].to_numpy(np.float64)).reshape(-1, 2),
        labels=[_label(row, changed=changed) for _, row in spots.iterrows()],
        values=np.nan_to_num(weight.to_numpy(np.float64)),
        levels=np.where(spots["shown"].to_numpy(bool), spots["value"].to_numpy(np.float64), np.nan),
    )
    return encode(points={"spots": points})


def spot_look(spots: pd.DataFrame, *, changed: bool) -> PointLook:
    """Return what the legend says of them."""
    value = spots.loc[spots["shown"].to_numpy(bool), "value"].to_numpy(np.float64)
    most = float(np.quantile(np.abs(value), _TOP_SHARE)) if len(value) else 0.0
    limit = limit_of(np.array([most])) if most > 0 else 0.0
    return PointLook(
        label=plain_word("safety.spots"),
        legend=plain_word("safety.legend_change" if changed else "safety.legend_rate"),
        digits=0,
        limits=(-limit, limit) if changed else (0.0, limit),
        palette="change" if changed else "level",
    )


def _label(row: pd.Series[Any], *, changed: bool) -> str:
    lines = [place_name(row)]
    if changed:
        low, mid, high = (float(row[name]) for name in ("low", "difference", "high"))
        moved = change(mid, low, high, unit=plain_word("safety.per_km"))
        lines.append(f"{plain_word('safety.legend_change')}: {moved}")
        lines.append(plain_word("safety.beyond" if row["shown"] else "safety.chance"))
        return "\n".join(lines)
    bounds = f"{number(float(row['low']), 0)}\N{EN DASH}{number(float(row['high']), 0)}"
    lines.append(f"{plain_word('safety.legend_rate')}: {number(float(row['rate']), 0)} ({bounds})")
    lines.append(plain_word("safety.a_day", count=number(float(row["events"]), 1)))
    lines.append(plain_word("safety.driven", km=number(float(row["vehicle_km"]), 1)))
    return "\n".join(lines)


def place_name(row: pd.Series[Any]) -> str:
    """Return how a road or junction is called."""
    return plain_word(f"safety.{row['kind']}", name=str(row["name"]) or str(row["site"]))


def spot_table(spots: pd.DataFrame, *, changed: bool, height: int) -> None:
    """Show the table beside the map; a change that may be chance says so instead of a number."""
    shown = spots.head(_MOST_ROWS)
    table = pd.DataFrame({"place": [place_name(row) for _, row in shown.iterrows()]})
    if changed:
        table["base"] = [number(float(value), 0) for value in shown["base"]]
        table["scenario"] = [number(float(value), 0) for value in shown["scenario"]]
        table["change"] = [_change(row) for _, row in shown.iterrows()]
    else:
        table["a_day"] = shown["events"].round(1).to_numpy()
        table["km"] = shown["vehicle_km"].round(1).to_numpy()
        table["rate"] = [number(float(value), 0) for value in shown["rate"]]
        table["interval"] = [
            f"{number(float(low), 0)}\N{EN DASH}{number(float(high), 0)}"
            for low, high in zip(shown["low"], shown["high"], strict=True)
        ]
    st.dataframe(
        table,
        key=f"safety.spots.{changed}",
        hide_index=True,
        height=height,
        column_config={
            name: st.column_config.Column(plain_word(f"safety.column_{name}"), width=_WIDTHS.get(str(name)))
            for name in table.columns
        },
        alt=plain_word("safety.table_alt"),
    )


def _change(row: pd.Series[Any]) -> str:
    if not row["shown"]:
        return plain_word("safety.chance_short")
    low, mid, high = (float(row[name]) for name in ("low", "difference", "high"))
    return f"{change(mid, low, high)} ({change(low, mid, high)} … {change(high, mid, low)})"
