"""Say in a few words what lies in the folder, without opening anything large."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import streamlit as st

from trafficdiff.errors import TrafficdiffError
from trafficdiff.resources import bundled, bundled_places
from trafficdiff.store import layout
from trafficdiff.store.status import read_status, status_path
from trafficdiff.store.study import OUTCOME, read_outcome, read_plan
from trafficdiff.store.validation import Validation

if TYPE_CHECKING:
    import datetime as dt

    from trafficdiff.datatypes.scenario import Scenario
    from trafficdiff.store.workspace import Entry, Workspace

__all__ = ["State", "Summary", "summaries"]

State = Literal["finished", "marked", "partly_failed", "running", "stopped", "draft", "unreadable"]
"""How something stands; the words are ``start.state_<state>``."""

_MOST: int = 300
"""Of each kind; older ones are in the folder and not on the page."""


@dataclass(frozen=True)
class Summary:
    """Say what one entry of the folder is.

    Parameters
    ----------
    kind
        ``study``, ``run`` or ``scenario``.
    name
        Path below the folder.
    modified
        When it was written last (UTC).
    state
        How it stands.
    city
        The place, as people call it.
    scenarios
        Names, the base first.
    samples
        Samples of each scenario that are done or asked for; None where the word means nothing.
    measures
        How many measures the scenarios have together.
    fault
        Why it cannot be read, for the log and for whoever runs the dashboard.
    """

    kind: Literal["study", "run", "scenario"]
    name: str
    modified: dt.datetime
    state: State
    city: str = ""
    scenarios: tuple[str, ...] = ()
    samples: int | None = None
    measures: int = 0
    fault: str = ""


def summaries(folder: Workspace) -> list[Summary]:
    """Return everything in the folder, studies first, then runs, then scenario files, newest first among each."""
    return [
        *(_study(entry, _stamp(entry.path / OUTCOME), _is_running(entry)) for entry in folder.studies()[:_MOST]),
        *(_run(entry) for entry in folder.runs()[:_MOST]),
        *(_scenario_file(entry) for entry in folder.scenarios()[:_MOST]),
    ]


@st.cache_data(max_entries=2_000, show_spinner=False)
def _study(entry: Entry, finished: int, running: bool) -> Summary:
    try:
        plan = read_plan(entry.path)
        outcome = read_outcome(entry.path, plan) if finished else None
    except TrafficdiffError as error:
        return Summary("study", entry.name, entry.modified, "unreadable", fault=str(error))
    state: State
    if running:
        state = "running"
    elif outcome is None:
        state = "stopped"
    elif outcome.failures:
        state = "partly_failed"
    else:
        state = "marked" if outcome.marked else "finished"
    others = [name for name in plan.names if name != plan.base]
    return Summary(
        "study", entry.name, entry.modified, state,
        city=_city(plan.scenarios[0]), scenarios=(plan.base, *others),
        samples=plan.samples if outcome is None else outcome.samples,
        measures=sum(len(scenario.measures) for scenario in plan.scenarios),
    )  # fmt: skip


@st.cache_data(max_entries=2_000, show_spinner=False)
def _run(entry: Entry) -> Summary:
    from trafficdiff.datatypes.scenario_files import read_scenario

    try:
        scenario = read_scenario(entry.path / layout.SCENARIO)
        validation = Validation.model_validate_json((entry.path / layout.VALIDATION).read_bytes())
    except (TrafficdiffError, OSError, ValueError) as error:
        return Summary("run", entry.name, entry.modified, "unreadable", fault=str(error))
    return Summary(
        "run", entry.name, entry.modified, "finished" if validation.passed else "marked",
        city=_city(scenario), scenarios=(scenario.name,), samples=1, measures=len(scenario.measures),
    )  # fmt: skip


@st.cache_data(max_entries=2_000, show_spinner=False)
def _scenario_file(entry: Entry) -> Summary:
    from trafficdiff.datatypes.scenario_files import read_scenario

    try:
        scenario = read_scenario(entry.path)
    except TrafficdiffError as error:
        return Summary("scenario", entry.name, entry.modified, "unreadable", fault=str(error))
    return Summary(
        "scenario", entry.name, entry.modified, "draft",
        city=_city(scenario), scenarios=(scenario.name,), measures=len(scenario.measures),
    )  # fmt: skip


def _is_running(entry: Entry) -> bool:
    try:
        status = read_status(status_path(entry.path))
    except TrafficdiffError:
        return False
    return status is not None and not status.is_over


def _stamp(path: Path) -> int:
    """Return when a file was written, 0 where there is none: what is cached is read again when it changes."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _city(scenario: Scenario) -> str:
    """Return what people call the place of a scenario."""
    return _place_name(scenario.network) if scenario.network in bundled_places() else Path(scenario.network).name


@st.cache_data(show_spinner=False)
def _place_name(place: str) -> str:
    content = tomllib.loads((bundled("networks") / place / "place.toml").read_text(encoding="utf-8"))
    return str(content.get("name", place))
