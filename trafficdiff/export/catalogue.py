"""Read the one catalogue of interface strings, which pages and reports share.

::

    dashboards/words/<language>/<section>.toml     title = "..."    -> key  <section>.title

A key that a language lacks is read from English. Values are put in by name: ``"{count} roads"``. Where ``count`` is 1
and there is a key of the same name with ``_one`` behind it, that one is taken.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from trafficdiff.errors import InputError
from trafficdiff.resources import bundled

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["ENGLISH", "Catalogue", "catalogue", "languages", "read_section"]

ENGLISH: Final = "en"
"""The language that has every key."""
_FOLDER: Final = "dashboards/words"
_MARKS: Final[dict[str, tuple[str, str]]] = {"de": ("\N{NARROW NO-BREAK SPACE}", ",")}
"""What stands between thousands, and before decimals, where it is not English's comma and point."""


@dataclass(frozen=True)
class Catalogue:
    """Represent the interface strings of one language.

    Parameters
    ----------
    language
        Two letters (ISO 639-1).
    texts, fallback
        Strings of the language and of English, by key.
    """

    language: str
    texts: Mapping[str, str]
    fallback: Mapping[str, str]

    def __contains__(self, key: str) -> bool:
        """Return whether the language or English has a key."""
        return key in self.texts or key in self.fallback

    def word(self, key: str, **values: object) -> str:
        """Return a string with its values put in.

        Raises
        ------
        KeyError
            If neither the language nor English has the key, or a value is missing: a mistake of the caller.
        """
        if values.get("count") == 1 and f"{key}_one" in self:
            key = f"{key}_one"
        text = self.texts[key] if key in self.texts else self.fallback[key]
        return text.format(**values)

    def number(self, value: float, digits: int = 0) -> str:
        """Return a number as the language writes it, with so many decimals and a true minus sign."""
        thousands, point = _MARKS.get(self.language, (",", "."))
        written = f"{value:,.{digits}f}".replace("-", "\N{MINUS SIGN}")
        if written.startswith("\N{MINUS SIGN}") and not written.strip("\N{MINUS SIGN}0.,"):
            written = written[1:]
        return written.replace(",", "\0").replace(".", point).replace("\0", thousands)


@lru_cache
def languages() -> tuple[str, ...]:
    """Return the languages of the catalogue, English first, then by their letters."""
    found = {path.name for path in bundled(_FOLDER).iterdir() if path.is_dir()}
    return (ENGLISH, *sorted(found - {ENGLISH}))


@lru_cache
def catalogue(language: str = ENGLISH) -> Catalogue:
    """Return the strings of a language.

    Raises
    ------
    InputError
        If there is no such language; those that there are, are listed.
    """
    if language not in languages():
        raise InputError(f"expected a language of the catalogue ({', '.join(languages())}), got {language!r}")
    english = _read(bundled(_FOLDER) / ENGLISH)
    return Catalogue(language, english if language == ENGLISH else _read(bundled(_FOLDER) / language), english)


def read_section(path: Path) -> dict[str, str]:
    """Return the texts of one file by their names without the section.

    Raises
    ------
    TypeError
        If something in it is no text: a fault of the program.
    """
    with path.open("rb") as file:
        texts = tomllib.load(file)
    if wrong := sorted(name for name, text in texts.items() if not isinstance(text, str)):
        raise TypeError(f"{path}: expected texts only, got something else for {', '.join(wrong)}")
    return texts


def _read(folder: Path) -> dict[str, str]:
    return {
        f"{path.stem}.{key}": text for path in sorted(folder.glob("*.toml")) for key, text in read_section(path).items()
    }
