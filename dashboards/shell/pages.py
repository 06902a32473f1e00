"""Find the pages: every file of ``pages/`` is one, and nothing else needs to know it.

::

    PAGE = Page(order=30, icon=":material/traffic:")      30-39 findings, see `_SECTIONS`

    def show() -> None: ...

Its place in the URL is the file's name, its title the text ``<name>.title`` of the catalogue.
"""

from __future__ import annotations

import importlib
import logging
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, cast

import streamlit as st

from dashboards.shell import view
from dashboards.shell.words import has_word, word

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

__all__ = ["Page", "go", "navigation", "page_names"]

_log = logging.getLogger(__name__)

_FOLDER: Final = Path(__file__).resolve().parent.parent / "pages"
_SECTIONS: Final = ((0, "start"), (10, "plan"), (30, "findings"), (80, "background"))
"""Sections of the navigation by the lowest order of their pages; the titles are ``shell.section_<name>``."""
_STATE: Final = "shell.pages"


@dataclass(frozen=True)
class Page:
    """Say where a page stands in the navigation.

    Parameters
    ----------
    order
        Pages are sorted by it; it also says in which section they stand.
    icon
        A Material symbol, ``":material/traffic:"``.
    """

    order: int
    icon: str

    @property
    def section(self) -> str:
        """Name of the section of the navigation."""
        return next(name for lowest, name in reversed(_SECTIONS) if self.order >= lowest)


class PageFile(Protocol):
    """Say what a file of ``pages/`` holds."""

    PAGE: Page

    def show(self) -> None:
        """Draw the page."""


def page_names() -> tuple[str, ...]:
    """Return the names of all pages in the order of the navigation."""
    return tuple(_page_files())


def navigation() -> StreamlitPage:
    """Show the navigation and return the page that is to be drawn.

    The first page stands at the root of the URL; its name leads there, too.
    """
    sections: dict[str, list[StreamlitPage]] = {}
    found: dict[str, StreamlitPage] = {}
    for name, file in _page_files().items():
        title = word(f"{name}.title") if has_word(f"{name}.title") else name
        first = not found
        page = st.Page(
            file.show, title=title, icon=file.PAGE.icon, url_path="" if first else name, default=first
        )  # fmt: skip
        found[name] = page
        section = sections.setdefault(word(f"shell.section_{file.PAGE.section}"), [])
        section.append(page)
        if first:
            section.append(st.Page(_to_the_root, title=title, url_path=name, visibility="hidden"))
    st.session_state[_STATE] = found
    chosen = st.navigation(sections)
    view.keep(chosen.url_path)
    return chosen


def go(
    page: str,
    *,
    label: str,
    icon: str | None = None,
    help: str | None = None,  # noqa: A002 - Streamlit's word
    primary: bool = False,
    **changes: str | None,
) -> None:
    """Show a link to another page that keeps what is looked at, with changes.

    Parameters
    ----------
    page
        Name of its file.
    label
        What the link says.
    icon, help
        See ``st.page_link``.
    primary
        Whether it is what most people want next: then it is a button.
    changes
        As for `view.put`.
    """
    target = st.session_state.get(_STATE, {}).get(page)
    if target is None:
        return
    query = view.link(**changes)
    if not primary:
        st.page_link(target, label=label, icon=icon, help=help, query_params=query)
    elif st.button(label, icon=icon, help=help, type="primary", width="stretch", key=f"go.{page}"):
        st.switch_page(target, query_params=query)


def _to_the_root() -> None:
    """Lead from the first page's name to where it stands."""
    st.switch_page(next(iter(st.session_state[_STATE].values())), query_params=view.link())


@cache
def _page_files() -> dict[str, PageFile]:
    files: dict[str, PageFile] = {}
    for path in sorted(_FOLDER.glob("[!_]*.py")):
        try:
            files[path.stem] = cast("PageFile", importlib.import_module(f"dashboards.pages.{path.stem}"))
        except Exception:  # one page that is broken takes no other one away
            _log.exception("the page %s cannot be loaded and is left out", path.name)
    return dict(sorted(files.items(), key=lambda item: item[1].PAGE.order))
