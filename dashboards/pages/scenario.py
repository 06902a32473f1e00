"""Draw a scenario on the map: measures in order, undo and redo, and the file beside it."""

from __future__ import annotations

import hashlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from dashboards.shell import view
from dashboards.shell.demand_fit import demand_card, fit_on_map
from dashboards.shell.draft_state import (
    EDITING,
    FAULT,
    FORM,
    WANTED,
    current,
    do,
    file_path,
    leave,
    open_file,
    step,
    taken,
    write,
)
from dashboards.shell.faults import show_fault
from dashboards.shell.measure_forms import Picked, about_kind, kind_name, measure_form, picked_text
from dashboards.shell.measure_list import GROUP_OF, ICONS, check, check_button, measure_list
from dashboards.shell.names import plain, printable
from dashboards.shell.pages import Page, go
from dashboards.shell.people_card import people_card
from dashboards.shell.pressing import pressed
from dashboards.shell.road_map import MapEvent, map_share, road_map
from dashboards.shell.scenario_roads import roads_for
from dashboards.shell.state import settings, workspace
from dashboards.shell.summaries import summaries
from dashboards.shell.words import plain_word, word
from trafficdiff.errors import NetworkError, TrafficdiffError
from trafficdiff.workflows import drafts
from trafficdiff.workflows.editing import AddMeasure, ChangeMeasure, faults_of
from trafficdiff.workflows.form_fields import GROUPS, measure_faults, tidy
from trafficdiff.workflows.road_choice import marks_of, sketches_of

if TYPE_CHECKING:
    from dashboards.shell.scenario_roads import ScenarioRoads
    from trafficdiff.datatypes.scenario import Scenario
    from trafficdiff.workflows.drafts import StoredDraft
    from trafficdiff.workflows.editing import Draft

PAGE = Page(order=10, icon=":material/edit_road:")

_BUNDLED: Final = ("helsinki/morning_peak.yaml",)
_MAP_PX: Final = 540
_TEXT_PX: Final = 420
_TEXT_STYLE: Final = """<style>
[class*="st-key-scenario-text"] textarea {
  font-family: "Source Code Pro", monospace; font-size: 0.82rem; white-space: pre;
}
</style>"""


def show() -> None:
    """Draw the page."""
    stored = current()
    if fault := st.session_state.pop(FAULT, ""):
        show_fault(fault)
    if stored is None:
        _begin()
    else:
        _editor(stored)


# --- beginning -------------------------------------------------------------------------------------------------


def _begin() -> None:
    """Ask what to begin with."""
    st.title(word("scenario.heading"), anchor=False)
    st.markdown(word("scenario.lead"))
    left, right = st.columns(2, gap="medium")
    names = _sound_first([entry.name for entry in workspace().scenarios()])
    bundled = [f"{drafts.BUNDLED}{name}" for name in _BUNDLED]
    with left, st.container(border=True, height="stretch"):
        st.subheader(word("scenario.new_variant"), anchor=False)
        st.caption(word("scenario.new_variant_why"))
        base = st.selectbox(word("scenario.base"), [*names, *bundled], format_func=_file_label, key="scenario.base")
        st.button(
            word("scenario.begin"), type="primary", icon=":material/add_road:", on_click=open_file, args=(base,),
            kwargs={"as_variant": True},
        )  # fmt: skip
    with right, st.container(border=True, height="stretch"):
        st.subheader(word("scenario.open_file"), anchor=False)
        if names:
            name = st.selectbox(word("scenario.file"), names, key="scenario.open")
            st.button(word("scenario.open"), icon=":material/folder_open:", on_click=open_file, args=(name,))
        else:
            st.caption(word("scenario.no_file"))
        if not settings().read_only:
            st.file_uploader(
                word("scenario.upload"), ["yaml", "yml", "json"], key="scenario.upload", max_upload_size=1,
                on_change=_uploaded, help=word("scenario.upload_help"),
            )  # fmt: skip
    _recent()


def _sound_first(names: list[str]) -> list[str]:
    """Return files that can be read before those that cannot, each newest first."""
    unreadable = {one.name for one in summaries(workspace()) if one.kind == "scenario" and one.state == "unreadable"}
    return sorted(names, key=unreadable.__contains__)


def _file_label(name: str) -> str:
    if name.startswith(drafts.BUNDLED):
        return plain_word("scenario.bundled", name=name.removeprefix(drafts.BUNDLED))
    return printable(name)


def _uploaded() -> None:
    file = st.session_state.get("scenario.upload")
    if file is None:
        return
    try:
        taken(drafts.upload(workspace(), file.name, file.getvalue()))
    except TrafficdiffError as error:
        st.session_state[FAULT] = str(error)


def _recent() -> None:
    """Offer the drafts that were worked on last."""
    found = [] if settings().read_only else drafts.recent(workspace())
    if not found:
        return
    st.markdown(f"**{word('scenario.recent')}**")
    with st.container(horizontal=True):
        for draft_id, file, _ in found:
            label = plain(PurePosixPath(file).name)
            st.button(
                label, key=f"scenario.recent.{draft_id}", icon=":material/draft:", on_click=view.put,
                kwargs={"draft": draft_id}, help=plain(file),
            )  # fmt: skip


# --- the editor -----------------------------------------------------------------------------------------------


def _editor(stored: StoredDraft) -> None:
    """Draw map and forms on the left, the measures and the file on the right."""
    faults = faults_of(stored.draft.text, file_path(stored))
    scenario = None if faults else stored.draft.scenario(file_path(stored))
    _head(stored, scenario)
    roads = _roads(stored, scenario)
    left, right = st.columns([1.5 if roads is None else map_share(roads.graph), 1], gap="medium")
    with left:
        if roads is None:
            st.info(word("scenario.no_map"), icon=":material/map:")
        else:
            event = _map(stored, roads, scenario)
            window = (scenario.window.begin_s, scenario.window.end_s) if scenario else (25_200.0, 28_800.0)
            picked = Picked(roads=roads, edges=_known(event, roads), clicked=event.clicked_at, window_s=window)
            _panel(stored, picked)
    with right:
        measure_list(stored, scenario, roads)
        demand_card(stored, scenario, roads)
        people_card(stored, scenario)
        _file(stored, faults)


def _head(stored: StoredDraft, scenario: Scenario | None) -> None:
    """Draw the name, the state, and what can be done with the whole."""
    name = scenario.name if scenario is not None else PurePosixPath(stored.file).stem
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(plain(name), anchor=False, width="content")
        state = "saved" if stored.is_saved else "unsaved"
        st.badge(
            word(f"scenario.{state}"), color="green" if stored.is_saved else "orange",
            icon=":material/check:" if stored.is_saved else ":material/edit:",
        )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            word("scenario.undo"), icon=":material/undo:", on_click=step, args=(stored.id,), kwargs={"back": True},
            disabled=not stored.draft.can_undo, shortcut="Alt+Z",
        )  # fmt: skip
        st.button(
            word("scenario.redo"), icon=":material/redo:", on_click=step, args=(stored.id,), kwargs={"back": False},
            disabled=not stored.draft.can_redo, shortcut="Alt+Y",
        )  # fmt: skip
        wanted = not settings().read_only and check_button(scenario)
        if not settings().read_only:
            _save_menu(stored)
        st.download_button(
            word("scenario.download"), stored.draft.text, PurePosixPath(stored.file).name, "application/yaml",
            icon=":material/download:", on_click="ignore",
        )  # fmt: skip
        st.button(word("scenario.other"), icon=":material/folder_open:", on_click=leave, type="tertiary")
        if stored.is_saved and scenario is not None:
            go(
                "run", label=word("scenario.run_it"), icon=":material/play_arrow:", primary=True, draft=stored.file,
                selected=None,
            )  # fmt: skip
    if wanted and scenario is not None:
        check(stored, scenario)
    if stored.draft.lost_comments:
        st.caption(f":material/info: {word('scenario.lost_comments')}")


def _roads(stored: StoredDraft, scenario: Scenario | None) -> ScenarioRoads | None:
    """Return the roads of the scenario; those of its last sound state while it has faults."""
    key = f"scenario.network.{stored.id}"
    if scenario is not None:
        st.session_state[key] = scenario.network
    network = st.session_state.get(key)
    if network is None:
        return None
    try:
        with st.spinner(word("scenario.opening_roads")):
            return roads_for(network, file_path(stored).parent)
    except NetworkError as error:
        st.error(word("scenario.bad_network", why=_short(str(error))), icon=":material/error:")
        return None


def _map(stored: StoredDraft, roads: ScenarioRoads, scenario: Scenario | None) -> MapEvent:
    """Draw the roads with what the measures do to them, and return what is selected."""
    measures = _all_measures(stored.draft, scenario)
    first = f"scenario.seen.{stored.id}"
    wanted = st.session_state.pop(WANTED, None)
    if wanted is None and first not in st.session_state:
        wanted = tuple(edge for edge in view.selected() if edge in roads.edges) or None
    st.session_state[first] = True
    counted, points = fit_on_map(stored, scenario, roads)
    event = road_map(
        key=f"scenario.map.{stored.id}",
        data=[roads.blob, *counted],
        points=points,
        selectable=("click", "box", "polygon"),
        selected=wanted,
        marks=marks_of(roads.graph, measures),  # type: ignore[arg-type]
        sketches=sketches_of(roads.graph, measures),
        description=plain_word("scenario.map_description", count=len(roads.edges)),
        height=_MAP_PX,
    )
    chosen = _known(event, roads) if wanted is None else tuple(wanted)
    view.put(selected=chosen or None)
    return event if wanted is None else MapEvent(chosen, event.position, event.interval, event.clicked_at)


def _known(event: MapEvent, roads: ScenarioRoads) -> tuple[str, ...]:
    return tuple(edge for edge in event.selected if edge in roads.edges)


def _all_measures(draft: Draft, scenario: Scenario | None) -> list[Any]:
    if scenario is None:
        return draft.own_measures()
    return [measure.model_dump(mode="json", exclude_none=True) for measure in scenario.measures]


# --- adding and changing --------------------------------------------------------------------------------------


def _panel(stored: StoredDraft, picked: Picked) -> None:
    """Draw the form of the measure that is being changed, or the choice of a new one."""
    own = stored.draft.own_measures()
    editing = st.session_state.get(EDITING)
    with st.container(border=True):
        if isinstance(editing, int) and editing < len(own) and isinstance(own[editing], dict):
            _change_form(stored, picked, editing, own[editing])
        else:
            _new_form(stored, picked)


def _new_form(stored: StoredDraft, picked: Picked) -> None:
    if picked.edges:
        count = len(picked.edges)
        told = word("scenario.with_road" if count == 1 else "scenario.with_roads", count=count)
        st.markdown(f"**{told}** {picked_text(picked)}")
    else:
        st.markdown(f"**{word('scenario.add')}** :gray[{word('scenario.add_why')}]")
    group = st.segmented_control(
        word("scenario.group"), list(GROUPS), default="roads", key="scenario.group", required=True,
        format_func=lambda one: f"{ICONS[one]} {plain_word(f'scenario.group_{one}')}", label_visibility="collapsed",
    )  # fmt: skip
    number = st.session_state.get(FORM, 0)
    kind = st.pills(
        word("scenario.kind"), GROUPS[group or "roads"], format_func=kind_name, key=f"scenario.kind.{group}.{number}",
        label_visibility="collapsed",
    )  # fmt: skip
    if kind is None:
        return
    st.caption(about_kind(kind))
    measure = measure_form(kind, {}, key=f"scenario.new.{stored.id}.{kind}.{number}", picked=picked)
    if pressed(word("scenario.add_it"), type="primary", icon=":material/add:", key="scenario.add_it"):
        _finish(stored, measure, lambda sound: AddMeasure(measure=sound))


def _change_form(stored: StoredDraft, picked: Picked, place: int, there: dict[str, Any]) -> None:
    kind = str(there.get("kind", ""))
    if kind not in GROUP_OF:
        st.warning(word("scenario.unknown_kind"), icon=":material/warning:")
        return
    st.markdown(f"**{word('scenario.change', number=place + 1)}** {kind_name(kind)}")
    st.caption(about_kind(kind))
    stamp = hashlib.sha256(repr((stored.draft.done, there)).encode()).hexdigest()[:8]
    measure = measure_form(kind, there, key=f"scenario.change.{stored.id}.{place}.{stamp}", picked=picked)
    with st.container(horizontal=True):
        if pressed(word("scenario.keep"), type="primary", icon=":material/check:", key="scenario.keep"):
            _finish(stored, measure, lambda sound: ChangeMeasure(place=place, measure=sound))
        st.button(word("scenario.cancel"), key="scenario.cancel", on_click=lambda: st.session_state.pop(EDITING, None))


def _finish(stored: StoredDraft, measure: dict[str, Any], command: Any) -> None:
    """Carry out what a form says, or say what is wrong with it."""
    told = measure_faults(measure)
    if told:
        for words in told:
            st.error(_asked_for(words), icon=":material/error:")
        return
    do(stored.id, command(tidy(measure)))
    st.session_state[FORM] = st.session_state.get(FORM, 0) + 1
    st.session_state[WANTED] = ()
    st.rerun()


def _asked_for(words: str) -> str:
    """Return a fault of a form in words; a choice of roads that is missing is what happens most."""
    field, _, said = words.partition(": ")
    if said == "missing" and field in {"where", "out_of", "into", "zone", "cordon"}:
        return word("scenario.pick_roads")
    return plain(words, longest=400)


# --- the file -------------------------------------------------------------------------------------------------


def _file(stored: StoredDraft, faults: tuple[Any, ...]) -> None:
    """Show the file as text that can be edited, and what is wrong with it."""
    with st.container(border=True):
        st.html(_TEXT_STYLE)
        st.markdown(f"**{word('scenario.file')}** :gray[{plain(stored.file)}]")
        text = stored.draft.text
        key = f"scenario.text.{stored.id}.{hashlib.sha256(text.encode()).hexdigest()[:12]}"
        st.text_area(
            word("scenario.text"), text, _TEXT_PX, key=key, label_visibility="collapsed", on_change=write,
            args=(stored.id, key), help=word("scenario.text_help"),
        )  # fmt: skip
        if not faults:
            st.markdown(f":green[:material/check_circle: {word('scenario.sound')}]")
        for fault in faults:
            where = f"**{word('scenario.line', line=fault.line)}** " if fault.line else ""
            show_fault(fault.words, about=where, longest=400)
        st.caption(word("scenario.text_how"))
        with st.expander(word("scenario.terminal")):
            st.code(f"trafficdiff check {_quoted(stored.file)} --roads", language="bash")


def _quoted(name: str) -> str:
    import shlex

    return shlex.quote(name)


def _save_menu(stored: StoredDraft) -> None:
    """Ask for the file's name and save."""
    with st.popover(word("scenario.save"), icon=":material/save:", disabled=stored.is_saved):
        if stored.saved_hash:
            st.caption(word("scenario.save_in", name=stored.file))
        name = st.text_input(
            word("scenario.file_name"), PurePosixPath(stored.file).name, key=f"scenario.file_name.{stored.id}"
        )  # fmt: skip
        home = stored.file.rpartition("/")[0]
        over = False
        if st.session_state.get("scenario.taken") == (stored.id, name):
            st.warning(word("scenario.taken", name=name), icon=":material/warning:")
            over = st.checkbox(word("scenario.write_over"), key=f"scenario.over.{stored.id}.{name}")
        if pressed(word("scenario.save_now"), type="primary", key="scenario.save_now"):
            _save(stored, f"{home}/{name}" if home else name, name, over=over)


def _save(stored: StoredDraft, file: str, name: str, *, over: bool) -> None:
    try:
        saved = drafts.save(workspace(), stored, file=file, over=over)
    except drafts.ChangedFileError:
        st.session_state["scenario.taken"] = (stored.id, name)
        st.rerun()
    except TrafficdiffError as error:
        show_fault(str(error), longest=400)
    else:
        drafts.keep(workspace(), saved)
        st.session_state.pop("scenario.taken", None)
        st.toast(word("scenario.saved_as", name=saved.file), icon=":material/check:")
        st.rerun()


def _short(words: str) -> str:
    return words.splitlines()[0][:300]
