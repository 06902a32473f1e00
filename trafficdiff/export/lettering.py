"""Write names in any script on a picture with the fonts that this machine has, and without a warning."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

__all__ = ["Lettering", "lettering_for"]

_USUAL: Final = "DejaVu Sans"
"""matplotlib brings it: Latin, Greek, Cyrillic, Arabic, Hebrew and more, but no Chinese, Japanese or Korean."""
_LAST_RESORT: Final = "Last Resort"
"""matplotlib brings this too: it has every character, drawn as a box with the name of its script."""
_UNKNOWN: Final = "□"


@dataclass(frozen=True)
class Lettering:
    """Say how a text is drawn.

    Parameters
    ----------
    text
        The text; a character that no font here has became a box.
    families
        Fonts that have all its characters together, in order of preference.
    """

    text: str
    families: tuple[str, ...]


def lettering_for(text: str) -> Lettering:
    """Return a text with the fonts that it needs.

    Only a text with characters outside the usual font looks at the machine's other fonts.
    """
    missing = _needed(text) - _characters(_usual_path())
    families = [_USUAL]
    for _, family, path in _other_fonts():
        if not missing:
            break
        found = missing & _characters(path)
        if found:
            families.append(family)
            missing -= found
    return Lettering("".join(_UNKNOWN if letter in missing else letter for letter in text), tuple(families))


def _needed(text: str) -> frozenset[str]:
    return frozenset(letter for letter in text if not letter.isspace())


def _usual_path() -> str:
    from matplotlib import font_manager

    return str(font_manager.findfont(_USUAL))


def _other_fonts() -> list[tuple[bool, str, str]]:
    """Return upright fonts as (is a serif, family, path), sans serif first, so that equal machines draw alike."""
    from matplotlib import font_manager

    fonts = {
        ("serif" in font.name.lower(), font.name, font.fname)
        for font in font_manager.fontManager.ttflist
        if font.style == "normal" and font.name != _USUAL and not font.name.startswith(_LAST_RESORT)
    }
    return sorted(fonts)


@cache
def _characters(path: str) -> frozenset[str]:
    from matplotlib.ft2font import FT2Font

    try:
        return frozenset(map(chr, FT2Font(path).get_charmap()))
    except (OSError, RuntimeError):
        return frozenset()  # a font that cannot be read has nothing to offer
