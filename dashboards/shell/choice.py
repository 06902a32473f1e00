"""Choose one of a few things, with the URL as the only memory: a link and the list can never say two things."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboards.shell import view

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["choose"]


def choose(
    label: str,
    options: Sequence[str],
    *,
    key: str,
    format_func: Callable[[str], str] = str,
    default: str | None = None,
    help: str | None = None,  # noqa: A002 - Streamlit's word
) -> str | None:
    """Show a list and return what is chosen; None where there is nothing to choose.

    Parameters
    ----------
    label, options, format_func, help
        As for ``st.selectbox``.
    key
        Of the URL, one of `dashboards.shell.view.KEYS`.
    default
        Chosen where the URL names none of the options; None for the first one.
    """
    if not options:
        return None
    first = default if default is not None and default in options else options[0]
    state = f"choice.{key}"
    st.session_state[state] = view.get(key, first, allowed=options)
    st.selectbox(
        label, options, key=state, format_func=format_func, help=help, on_change=_remember, args=(key, state)
    )  # fmt: skip
    return str(st.session_state[state])


def _remember(key: str, state: str) -> None:
    view.put(**{key: st.session_state[state]})
