"""Know who is here, where the dashboard was started with a login (OpenID Connect); everybody is welcome where not."""

from __future__ import annotations

import hashlib
import logging
import secrets
from typing import Final

import streamlit as st

from dashboards.shell.state import settings
from dashboards.shell.words import word

__all__ = ["ask_to_sign_in", "is_admitted", "is_allowed", "show_visitor", "visitor_label"]

_log = logging.getLogger(__name__)
_VISIT: Final = "shell.visit"


def visitor_label() -> str:
    """Return a label for this visitor: the same after a reload, and nothing about the person."""
    signed_in = _address() if settings().login else ""
    known = signed_in or str(st.context.cookies.get("_streamlit_xsrf", "")) or str(st.session_state.get(_VISIT, ""))
    if not known:
        known = st.session_state[_VISIT] = secrets.token_hex(8)
    return f"visitor {hashlib.sha256(known.encode()).hexdigest()[:4]}"


def is_admitted() -> bool:
    """Return whether this visitor may see anything."""
    if not settings().login:
        return True
    return bool(st.user.get("is_logged_in", False)) and _is_confirmed() and is_allowed(_address(), settings().allow)


def is_allowed(address: str, allow: tuple[str, ...]) -> bool:
    """Return whether an address is among those that may come in, or in one of their domains; case does not matter.

    Parameters
    ----------
    address
        As the login says it; may be empty.
    allow
        Addresses, or domains as ``@city.example``; none for everybody who can sign in.
    """
    if not allow:
        return True
    address = address.casefold()
    name, at, domain = address.rpartition("@")
    return bool(name and at) and any(who.casefold() in {address, f"@{domain}"} for who in allow)


def ask_to_sign_in() -> None:
    """Show nothing but the way in, or why it is closed."""
    _, middle, _ = st.columns([1, 2, 1])
    with middle, st.container(border=True):
        st.title("trafficdiff", anchor=False)
        if not st.user.get("is_logged_in", False):
            st.markdown(word("shell.sign_in_why"))
            st.button(word("shell.sign_in"), type="primary", icon=":material/login:", on_click=st.login)
            return
        _log.warning("refused a visitor who signed in as %s", ascii(_address()))
        st.markdown(word("shell.not_admitted" if _is_confirmed() else "shell.not_confirmed", who=_address()))
        st.button(word("shell.sign_out"), icon=":material/logout:", on_click=st.logout)


def show_visitor() -> None:
    """Show who is signed in, and the way out."""
    if settings().login:
        shown = st.user.get("name") or _address()
        st.caption(f":material/person: {word('shell.signed_in', who=str(shown))}")
        st.button(word("shell.sign_out"), icon=":material/logout:", on_click=st.logout, type="tertiary")


def _is_confirmed() -> bool:
    """Return whether the provider stands for the address; some leave it out, and their word is enough."""
    return st.user.get("email_verified", True) in {True, "true"}


def _address() -> str:
    return str(st.user.get("email") or "")
