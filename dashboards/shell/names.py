"""Show names that people chose as plain text, whatever marks they hold.

Streamlit reads most labels as Markdown. A scenario that is called ``![](https://example.org/x.png)`` must show these
characters and fetch nothing.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["plain", "printable"]

_MARKS: Final = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|~$:&@=^\"'/])")
"""Every mark that CommonMark, its tables, links without brackets and Streamlit's own directives begin with."""


def printable(text: str, *, longest: int = 200) -> str:
    """Return a text in one line, without characters that cannot be seen, and cut with an ellipsis where it is long.

    Marks that turn the direction of writing are taken away too: they make one name look like another.
    """
    shown = "".join(mark if mark.isprintable() else " " for mark in text)
    shown = " ".join(shown.split())
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def plain(text: str, *, longest: int = 200) -> str:
    """Return Markdown that shows a text as it is: no link, no picture, no formula, no colour."""
    return _MARKS.sub(r"\\\1", printable(text, longest=longest))
