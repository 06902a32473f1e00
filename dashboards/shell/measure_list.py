"""List the measures of a draft in their order, with what can be done to each and what the check on the roads found."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from dashboards.shell.draft_state import CHECKED, EDITING, do, edit, file_path, set_field
from dashboards.shell.faults import show_fault
from dashboards.shell.measure_forms import kind_name
from dashboards.shell.names import plain
from dashboards.shell.pressing import pressed
from dashboards.shell.words import plain_word, word
from trafficdiff.errors import ScenarioError, TrafficdiffError
from trafficdiff.workflows.editing import MoveMeasure, RemoveMeasure
from trafficdiff.workflows.form_fields import GROUPS
from trafficdiff.workflows.road_choice import edges_of

if TYPE_CHECKING:
    from dashboards.shell.scenario_roads import ScenarioRoads
    from trafficdiff.datatypes.scenario import Scenario
    from trafficdiff.workflows.checking import Checked
    from trafficdiff.workflows.drafts import StoredDraft

__all__ = ["GROUP_OF", "ICONS", "check", "check_button", "measure_list"]

ICONS: Final = {
    "roads": ":material/edit_road:",
    "signals": ":material/traffic:",
    "trips": ":material/route:",
    "vehicles": ":material/directions_car:",
    "charging": ":material/ev_station:",
}
"""Of each group of measures."""
GROUP_OF: Final = {kind: group for group, kinds in GROUPS.items() for kind in kinds}
"""Group of each kind of measure."""


def measure_list(stored: StoredDraft, scenario: Scenario | None, roads: ScenarioRoads | None) -> None:
    """List the measures in their order, with what can be done to each."""
    own = stored.draft.own_measures()
    before = len(scenario.measures) - len(own) if scenario is not None else 0
    checked = _checked(stored)
    with st.container(border=True):
        st.markdown(f"**{word('scenario.measures')}** :gray[{word('scenario.measures_why')}]")
        if scenario is not None:
            for place, measure in enumerate(scenario.measures[:before]):
                content = measure.model_dump(mode="json", exclude_defaults=True) | {"kind": measure.kind}
                st.markdown(f":gray[{_line(content, place)} · {word('scenario.of_base')}]")
                _effect(checked, place)
        if not own:
            st.caption(word("scenario.no_measures"))
        for place, measure in enumerate(own):
            _row(stored, place, len(own), measure, roads)
            _effect(checked, before + place)
        if checked is not None and checked.counts:
            _counts(checked)
        _about(stored, scenario)


def _row(stored: StoredDraft, place: int, count: int, measure: Any, roads: ScenarioRoads | None) -> None:
    content = measure if isinstance(measure, dict) else {}
    editing = st.session_state.get(EDITING) == place
    text, buttons = st.columns([7, 4], vertical_alignment="center", gap="small")
    text.markdown(f"{'**' if editing else ''}{_line(content, place)}{'**' if editing else ''}")
    with buttons, st.container(horizontal=True, horizontal_alignment="right", gap=None):
        key = f"scenario.row.{stored.id}.{place}"
        st.button(
            "", key=f"{key}.up", icon=":material/arrow_upward:", type="tertiary", disabled=place == 0,
            help=word("scenario.up"), on_click=do, args=(stored.id, MoveMeasure(place=place, to=max(0, place - 1))),
        )  # fmt: skip
        st.button(
            "", key=f"{key}.down", icon=":material/arrow_downward:", type="tertiary", disabled=place == count - 1,
            help=word("scenario.down"), on_click=do, args=(stored.id, MoveMeasure(place=place, to=place + 1)),
        )  # fmt: skip
        where = content.get("where") if isinstance(content.get("where"), dict) else None
        edges = edges_of(roads.graph, where) if roads is not None and where else ()
        st.button(
            "", key=f"{key}.edit", icon=":material/edit:", type="tertiary", help=word("scenario.edit"),
            on_click=edit, args=(place, edges), disabled=roads is None,
        )  # fmt: skip
        st.button(
            "", key=f"{key}.remove", icon=":material/delete:", type="tertiary", help=word("scenario.remove"),
            on_click=do, args=(stored.id, RemoveMeasure(place=place)),
        )  # fmt: skip


def _line(content: dict[str, Any], place: int) -> str:
    """Return a measure in one line: what, where, how much."""
    kind = str(content.get("kind", "?"))
    icon = ICONS.get(GROUP_OF.get(kind, ""), ":material/help:")
    name = kind_name(kind) if kind in GROUP_OF else plain(kind)
    details = [_where(content), *_values(content)]
    return f"{place + 1}. {icon} {name} :gray[{plain(' · '.join(one for one in details if one), longest=120)}]"


def _where(content: dict[str, Any]) -> str:
    where = next((content[key] for key in ("where", "out_of", "zone", "cordon") if key in content), None)
    if not isinstance(where, dict):
        return ""
    names = where.get("streets") or where.get("classes")
    if isinstance(names, list | tuple) and names:
        return ", ".join(map(str, names))
    if isinstance(edges := where.get("edges"), list | tuple):
        return plain_word("scenario.edge_one" if len(edges) == 1 else "scenario.edge_count", count=len(edges))
    return plain_word("scenario.an_area")


def _values(content: dict[str, Any]) -> list[str]:
    units = {"speed_kmh": "{:g} km/h", "factor": "{:g} x", "share": "{:.0%}", "price": "{:g}", "power_kw": "{:g} kW",
             "lanes": "{:+d}" if content.get("kind") == "change_lanes" else "{:d}", "cycle_s": "{:g} s"}  # fmt: skip
    found = []
    for name, form in units.items():
        if isinstance(value := content.get(name), int | float) and not isinstance(value, bool):
            found.append(form.format(value))
    found += [plain_word(f"scenario.option_{content['condition']}")] if content.get("kind") == "weather" else []
    during = content.get("during") or content.get("arrive")
    if isinstance(during, dict) and all(isinstance(during.get(key), int | float) for key in ("begin_s", "end_s")):
        found.append(f"{_clock(during['begin_s'])} to {_clock(during['end_s'])}".replace(" to ", "-"))
    return found


def _clock(seconds: float) -> str:
    minutes = int(seconds // 60)
    return f"{minutes // 60 % 24}:{minutes % 60:02d}"


def _about(stored: StoredDraft, scenario: Scenario | None) -> None:
    """Ask for name and description."""
    if scenario is None:
        return
    with st.expander(word("scenario.about")):
        for field, value in (("name", scenario.name), ("description", scenario.description)):
            stamp = hashlib.sha256(value.encode()).hexdigest()[:8]
            key = f"scenario.{field}.{stored.id}.{stamp}"
            st.text_input(
                word(f"scenario.about_{field}"), value, key=key, max_chars=80 if field == "name" else 500,
                on_change=set_field, args=(stored.id, (field,), key),
            )  # fmt: skip


def check_button(scenario: Scenario | None) -> bool:
    """Offer the check, and return whether it is wanted now."""
    return pressed(
        word("scenario.check"), icon=":material/rule:", help=word("scenario.check_help"), key="scenario.check",
        disabled=scenario is None or not scenario.measures,
    )  # fmt: skip


def check(stored: StoredDraft, scenario: Scenario) -> None:
    """Try the measures, and keep what was found for as long as the text stays."""
    from trafficdiff.workflows.checking import check_apart

    found: Checked | str
    with st.spinner(word("scenario.checking"), show_time=True):
        try:
            found = check_apart(scenario, file_path(stored).parent)
        except ScenarioError as error:
            found = "\n".join(error.faults or (str(error),))
        except TrafficdiffError as error:
            found = str(error)
    st.session_state[CHECKED] = (stored.id, stored.draft.text, found)


def _checked(stored: StoredDraft) -> Checked | None:
    """Return what the check of exactly this text found; show what it refused."""
    kept = st.session_state.get(CHECKED)
    if kept is None or kept[:2] != (stored.id, stored.draft.text):
        return None
    if isinstance(kept[2], str):
        for words in kept[2].splitlines():
            show_fault(words, about=f"{word('scenario.cannot_act')} ", longest=500)
        return None
    found: Checked = kept[2]
    return found


def _effect(checked: Checked | None, place: int) -> None:
    if checked is not None and place < len(checked.effects):
        st.caption(f":green[:material/check:] {plain(str(checked.effects[place]['summary']), longest=300)}")


def _counts(checked: Checked) -> None:
    """Say what becomes of the trips of the first sample."""
    told = [
        word(f"scenario.trips_{name}", count=count)
        for name in ("rerouted", "moved", "removed", "added")
        if (count := checked.counts.get(name, 0))
    ]
    if told:
        st.caption(f"{word('scenario.of_trips', count=checked.trips)} {', '.join(told)}.")
