"""Keep every text of the dashboard in one catalogue, a language a folder, a section a file.

::

    words/en/congestion.toml    title = "Congestion"
                                roads = "{count} roads"
    word("congestion.roads", count=3)  ->  "3 roads"
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboards.shell import view
from dashboards.shell.names import plain, printable
from dashboards.shell.state import settings
from trafficdiff.export.catalogue import read_section

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LANGUAGES", "catalogue", "has_word", "language", "plain_word", "word"]

LANGUAGES: Final[Mapping[str, str]] = {"en": "English", "de": "Deutsch"}
"""Languages by their code (ISO 639-1), each under its own name; the first one has every text."""

_FOLDER: Final = Path(__file__).resolve().parent.parent / "words"
_FIRST: Final = next(iter(LANGUAGES))


def word(key: str, **values: object) -> str:
    """Return a text of the catalogue as Markdown, with values put in as plain text.

    Parameters
    ----------
    key
        Section and name, for example ``"congestion.title"``.
    values
        For the places in braces. Texts among them are shown as they are, whatever marks they hold.

    Raises
    ------
    KeyError
        If no language has the key: a fault of the program.
    """
    return _found(key).format(**{name: plain(part) if isinstance(part, str) else part for name, part in values.items()})


def plain_word(key: str, **values: object) -> str:
    """Return a text for places that know no Markdown: options of a list, cells of a table, labels of a chart."""
    return _found(key).format(
        **{name: printable(part) if isinstance(part, str) else part for name, part in values.items()}
    )


def has_word(key: str) -> bool:
    """Return whether the catalogue has a text, in some language that can be shown."""
    return _text_of(key) is not None


def language() -> str:
    """Return the code of the language: the URL's, else the one asked for at the start, else the browser's."""
    wanted = view.get("lang", allowed=tuple(LANGUAGES)) or settings().language
    if not wanted:
        wanted = (st.context.locale or "").partition("-")[0].lower()
    return wanted if wanted in LANGUAGES else _FIRST


def catalogue(code: str) -> dict[str, str]:
    """Return every text of one language by its key."""
    return {
        f"{path.stem}.{name}": text
        for path in sorted((_FOLDER / code).glob("*.toml"))
        for name, text in _section(path, path.stat().st_mtime_ns).items()
    }


def _found(key: str) -> str:
    if (text := _text_of(key)) is None:
        section = key.partition(".")[0]
        raise KeyError(f"expected the text {key!r} in {_FOLDER / _FIRST / section}.toml, found none; add it")
    return text


def _text_of(key: str) -> str | None:
    section, _, name = key.partition(".")
    for code in (language(), _FIRST):
        path = _FOLDER / code / f"{section}.toml"
        if path.is_file() and (text := _section(path, path.stat().st_mtime_ns).get(name)) is not None:
            return text
    return None


@cache
def _section(path: Path, written_ns: int) -> dict[str, str]:  # noqa: ARG001 - a changed file is read again
    return read_section(path)
