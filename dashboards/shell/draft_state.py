"""Keep the draft that the URL names: open it, change it by commands, and find it again after a reload."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboards.shell import view
from dashboards.shell.state import settings, workspace
from trafficdiff.errors import TrafficdiffError
from trafficdiff.workflows import drafts
from trafficdiff.workflows.editing import SetField, WriteText

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.workflows.drafts import StoredDraft
    from trafficdiff.workflows.editing import Command

__all__ = [
    "CHECKED",
    "EDITING",
    "FAULT",
    "FORM",
    "WANTED",
    "current",
    "do",
    "edit",
    "file_path",
    "keep",
    "leave",
    "open_file",
    "opened",
    "set_field",
    "step",
    "taken",
    "write",
]

EDITING: Final = "scenario.editing"
"""Place of the measure whose form is open."""
FORM: Final = "scenario.form"
"""Number of the form of a new measure; another one is empty."""
WANTED: Final = "scenario.wanted_selection"
"""Roads that the map is to select."""
FAULT: Final = "scenario.fault"
"""What could not be done, for the next time that the page is drawn."""
CHECKED: Final = "scenario.checked"
"""What the check on the roads found, and of which text."""
_SESSION: Final = "scenario.session_drafts"


def current() -> StoredDraft | None:
    """Return the draft that the URL names; the name of a file opens a draft of it."""
    named = view.get("draft")
    if not named:
        return None
    if drafts.is_draft_id(named):
        return st.session_state.get(_SESSION, {}).get(named) or drafts.read(workspace(), named)
    known = {entry.name for entry in workspace().scenarios()}
    return opened(named) if named in known else None


def opened(name: str, *, as_variant: bool = False) -> StoredDraft | None:
    """Open a scenario file as a draft and remember it in the URL."""
    try:
        return taken(drafts.draft_of_file(workspace(), name, as_variant=as_variant))
    except TrafficdiffError as error:
        st.session_state[FAULT] = str(error)
        return None


def open_file(name: str, *, as_variant: bool = False) -> None:
    """Open a scenario file as a draft, or begin a variant on it."""
    opened(name, as_variant=as_variant)


def taken(stored: StoredDraft) -> StoredDraft:
    """Keep a draft and make it the one of the URL."""
    keep(stored)
    view.put(draft=stored.id, selected=None)
    for key in (EDITING, FORM, CHECKED):
        st.session_state.pop(key, None)
    return stored


def keep(stored: StoredDraft) -> None:
    """Keep a draft in the folder; where nothing may be written, in this visit."""
    if settings().read_only:
        st.session_state.setdefault(_SESSION, {})[stored.id] = stored
    else:
        drafts.keep(workspace(), stored)


def do(draft_id: str, command: Command) -> None:
    """Carry out a command on the draft as it is now; somebody else may have it open, too."""
    stored = current()
    if stored is None or stored.id != draft_id:
        return
    try:
        keep(stored.with_draft(stored.draft.after(command)))
    except TrafficdiffError as error:
        st.session_state[FAULT] = str(error)
    st.session_state.pop(EDITING, None)


def step(draft_id: str, *, back: bool) -> None:
    """Undo the last command, or bring back the one that was undone."""
    stored = current()
    if stored is not None and stored.id == draft_id:
        keep(stored.with_draft(stored.draft.undo() if back else stored.draft.redo()))
    st.session_state.pop(EDITING, None)


def write(draft_id: str, key: str) -> None:
    """Take the text of a widget as the draft's."""
    do(draft_id, WriteText(text=str(st.session_state[key])))


def set_field(draft_id: str, place: tuple[str, ...], key: str) -> None:
    """Set a key of the scenario to what a widget says; an empty one takes it away."""
    value = st.session_state[key]
    do(draft_id, SetField(place=place, value=value if value not in {"", None} else None))


def edit(place: int, edges: tuple[str, ...]) -> None:
    """Open the form of a measure, and select its roads on the map."""
    st.session_state[EDITING] = place
    st.session_state[WANTED] = edges


def leave() -> None:
    """Go back to the choice of a scenario; the draft stays."""
    view.put(draft=None, selected=None)
    st.session_state.pop(EDITING, None)


def file_path(stored: StoredDraft) -> Path:
    """Return where the draft's file is, or would be."""
    return workspace().path_of(stored.file)
