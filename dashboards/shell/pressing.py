"""Notice a press of a button for certain.

``if st.button(...)`` misses a press when something else asks for another run of the page before the line is reached:
the map, or a field that is left by the same click. Callbacks are never missed, but know only the values of the run
before. So the callback leaves a note, and the run that reaches the button with the values of now takes it.
"""

from __future__ import annotations

from typing import Literal

import streamlit as st

__all__ = ["pressed"]


def pressed(
    label: str,
    *,
    key: str,
    icon: str | None = None,
    type: Literal["primary", "secondary", "tertiary"] = "secondary",  # noqa: A002 - Streamlit's word
    disabled: bool = False,
    help: str | None = None,  # noqa: A002 - Streamlit's word
) -> bool:
    """Show a button and return whether it was pressed since it was shown last; see ``st.button``."""
    note = f"{key}.pressed"
    st.button(
        label, key=key, icon=icon, type=type, disabled=disabled, help=help, on_click=_note, args=(note,)
    )  # fmt: skip
    return bool(st.session_state.pop(note, False))


def _note(note: str) -> None:
    st.session_state[note] = True
