"""Draw the mark: one road that becomes two, what is and what could be."""

from __future__ import annotations

from typing import Final

__all__ = ["mark", "wordmark"]

_BASE: Final = "#1f8ca0"
_SCENARIO: Final = "#e08214"
_LETTERS: Final = {"light": "#16262c", "dark": "#e8eff1"}
_FONTS: Final = "'Source Sans 3','Source Sans Pro','Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"
_ROADS: Final = (
    f'<path d="M6 27V19C6 12 8 10 14 10H25" fill="none" stroke="{_BASE}" stroke-width="4.4" stroke-linecap="round"/>'
    f'<path d="M6 19C7 22.5 10 22 14 22H19" fill="none" stroke="{_SCENARIO}" stroke-width="4.4"'
    ' stroke-linecap="round" stroke-dasharray="7 6.2"/>'
    f'<path d="M21 4.5 27 10 21 15.5" fill="none" stroke="{_BASE}" stroke-width="4.4" stroke-linecap="round"'
    ' stroke-linejoin="round"/>'
)


def mark() -> str:
    """Return the mark alone as SVG."""
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" width="32" height="32">{_ROADS}</svg>'


def wordmark(theme: str) -> str:
    """Return the mark with the name beside it as SVG, for a ``light`` or a ``dark`` background."""
    letters = _LETTERS.get(theme, _LETTERS["light"])
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 150 32" width="150" height="32">'
        f'{_ROADS}<text x="38" y="22.5" font-family="{_FONTS}" font-size="20" font-weight="600"'
        f' letter-spacing="-0.2" fill="{letters}">trafficdiff</text></svg>'
    )
