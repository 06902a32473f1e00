"""Say what a page needs and which command makes it."""

from __future__ import annotations

import streamlit as st

from dashboards.shell.words import word

__all__ = ["missing"]


def missing(key: str, *, command: str, **values: object) -> None:
    """Show what is missing, and the command that makes it, ready to be copied.

    Parameters
    ----------
    key
        Of the text that says what is missing.
    command
        A line for a terminal.
    values
        For the text.
    """
    with st.container(border=True):
        st.markdown(f":material/search_off: {word(key, **values)}")
        st.caption(word("shell.missing_command"))
        st.code(command, language="bash")
