"""Open folders of AV scenes, filter them, and show them as a table in which one is chosen."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Final

import pandas as pd
import streamlit as st

from dashboards.shell import view
from dashboards.shell.choice import choose
from dashboards.shell.looks import date_text, number
from dashboards.shell.scene_guided import reason_text
from dashboards.shell.state import workspace
from dashboards.shell.words import has_word, plain_word, word

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ALL", "LIMITS_S", "asked_text", "chosen_scene", "filters", "scene_folders", "show_scenes", "table_of",
           "type_name"]  # fmt: skip

ALL: Final = "all"
LIMITS_S: Final = (ALL, "3", "2", "1")
"""Choices of how little time must be left [s]."""
_TABLE: Final = "av_scenes.table"
_HEIGHT: Final = 320
_ROW: Final = 35
_MARKED: Final = 2
_MOST_TABLES: Final = 8
_TOLD: Final = ("asked", "achieved", "nats", "ttc", "pet", "friction")
"""Columns with a help text."""
_WIDTHS: Final = {
    "type": 190, "place": 120, "ego_kmh": 80, "asked": 76, "achieved": 82, "ttc": 92, "pet": 82, "clock": 162,
    "fog": 92, "weather": 108, "friction": 64, "users": 78, "valid": 56, "nats": 84,
}  # fmt: skip
_REASON_WIDTH: Final = 250
"""Of the column that says why scenes were not kept, where some were not."""


def scene_folders() -> list[str]:
    """Return the names of the folders with scenes, the newest first."""
    return [entry.name for entry in workspace().scenes()]


def table_of(name: str) -> pd.DataFrame:
    """Return what a folder holds (see `workflows.scene_table`).

    Raises
    ------
    InputError
        If its table cannot be read.
    """
    directory = workspace().path_of(name)
    return _table_at(directory, (directory / "manifest.json").stat().st_mtime_ns)


@st.cache_resource(max_entries=_MOST_TABLES, show_spinner=False)
def _table_at(directory: Path, stamp: int) -> pd.DataFrame:  # noqa: ARG001 - part of what is looked up
    from trafficdiff.workflows.scene_table import read_scene_table

    return read_scene_table(directory)


def type_name(name: str) -> str:
    """Return what a type of scenes is called; its own name where the catalogue does not know it."""
    key = f"av_scenes.type_{name.replace('-', '_')}"
    return plain_word(key) if has_word(key) else name


def filters(scenes: pd.DataFrame) -> pd.DataFrame:
    """Offer to show one type, or what is critical enough; return the scenes that remain."""
    left, right = st.columns(2, vertical_alignment="bottom")
    types = sorted(set(scenes["type"]), key=type_name)
    with left:
        kind = choose(
            word("av_scenes.type"), [ALL, *types], key="type",
            format_func=lambda one: plain_word("av_scenes.every_type") if one == ALL else type_name(one),
        )  # fmt: skip
    with right:
        limit = choose(
            word("av_scenes.critical"), LIMITS_S, key="left", help=word("av_scenes.critical_about"),
            format_func=lambda one: plain_word("av_scenes.any_time") if one == ALL else plain_word(
                "av_scenes.below", seconds=one
            ),
        )  # fmt: skip
    shown = scenes if kind == ALL else scenes[scenes["type"] == kind]
    if limit is None or limit == ALL:
        return shown
    time_left = shown[["ttc_s", "pet_s"]].min(axis=1)
    hits = shown["question"].isin(["impact", "overlap"])
    return shown[hits | (time_left < float(limit))]


def chosen_scene(scenes: pd.DataFrame) -> str:
    """Return the scene that the URL names, else the first one that is there; empty where none is."""
    names = [str(name) for name in scenes["name"] if name]
    return view.get("scene", names[0], allowed=names) if names else ""


def show_scenes(scenes: pd.DataFrame, *, folder: str, chosen: str) -> None:
    """Show the table; choosing a row looks at that scene."""
    table = _shown(scenes)
    names = [str(name) for name in scenes["name"]]
    key = f"{_TABLE}.{folder}.{len(scenes)}.{chosen}"
    widths = _WIDTHS | ({} if scenes["valid"].all() else {"valid": _REASON_WIDTH})
    st.dataframe(
        table, key=key, hide_index=True, height=min(_HEIGHT, _ROW * (len(table) + 1) + _MARKED),
        column_config={
            name: st.column_config.Column(
                plain_word(f"av_scenes.column_{name}"), width=widths.get(str(name)),
                help=word(f"av_scenes.about_{name}") if name in _TOLD else None,
            )
            for name in table.columns
        },
        on_select=lambda: _choose_row(key, names), selection_mode="single-row",
        selection_default={"selection": {"rows": [names.index(chosen)] if chosen in names else [], "columns": [],
                                         "cells": []}},
        alt=plain_word("av_scenes.table_alt"),
    )  # fmt: skip


def _choose_row(key: str, names: list[str]) -> None:
    rows = st.session_state[key].selection.rows
    view.put(scene=names[rows[0]] if rows and rows[0] < len(names) and names[rows[0]] else None)


def _shown(scenes: pd.DataFrame) -> pd.DataFrame:
    """Return the table as it is read: columns that say nothing of any scene are left out."""
    rows = [row for _, row in scenes.iterrows()]
    table = pd.DataFrame(
        {
            "type": [type_name(str(row["type"])) for row in rows],
            "place": [str(row["place"]) for row in rows],
            "ego_kmh": [number(float(row["ego_kmh"]), 0) for row in rows],
            "asked": [asked_text(str(row["question"]), float(row["asked"])) for row in rows],
            "achieved": [asked_text(str(row["question"]), float(row["achieved"])) for row in rows],
            "nats": [number(float(row["nats"]), 1) for row in rows],
            "ttc": [_seconds(float(row["ttc_s"])) for row in rows],
            "pet": [_seconds(float(row["pet_s"])) for row in rows],
            "clock": [_clock(str(row["clock"]), str(row["light"])) for row in rows],
            "fog": [number(float(row["fog_m"]), 0, "m") for row in rows],
            "weather": [_weather(str(row["weather"]), float(row["rain_mm_h"])) for row in rows],
            "friction": [number(float(row["friction"]), 2) for row in rows],
            "users": scenes["users"].to_numpy(),
            "valid": [
                plain_word("av_scenes.valid") if row["valid"] else reason_text(str(row["reason"])) for row in rows
            ],
        }
    )
    silent = {"asked": "origin_found", "achieved": "origin_found", "ttc": "origin_made", "pet": "origin_made"}
    only = {f"origin_{origin}" for origin in set(scenes["origin"])}
    drop = [name for name, origin in silent.items() if only == {origin}]
    drop += [name for name, column in (("fog", "fog_m"), ("nats", "nats")) if scenes[column].isna().all()]
    table = table.drop(columns=drop)
    if "nats" in table:
        table.insert(list(table.columns).index("nats") + 1, "valid", table.pop("valid"))
    return table


def asked_text(question: str, value: float) -> str:
    """Return what was asked of a scene, or achieved: a time, or a share of the ego's width."""
    if not question or not math.isfinite(value):
        return number(math.nan, 0)
    if question == "ttc_s":
        return number(value, 2, "s")
    return number(100 * value, 0, "%")


def _seconds(value: float) -> str:
    return number(value if math.isfinite(value) else math.nan, 2, "s")


def _clock(text: str, light: str) -> str:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return number(math.nan, 0)
    said = f"{date_text(moment.date())} {moment:%H:%M}"
    return f"{said} {plain_word(f'av_scenes.light_{light}')}" if light else said


def _weather(weather: str, rate: float) -> str:
    key = f"av_scenes.weather_{weather}"
    said = plain_word(key) if has_word(key) else weather
    return f"{said} {number(rate, 1, 'mm/h')}" if rate > 0 else said
