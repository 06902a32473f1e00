"""Keep what is looked at in the URL, so that a link shows the same to somebody else, and a reload loses nothing.

Streamlit drops the query when another page is chosen; `keep` puts it back. What comes from a URL is never trusted: it
is cut, screened, and compared with what is allowed.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import streamlit as st

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["KEYS", "MapPosition", "get", "keep", "link", "map_position", "number", "put", "selected"]

KEYS: Final = (
    "study", "run", "base", "scenario", "metric", "interval", "map", "selected", "vehicles", "station", "plan",
    "scenes", "scene", "type", "left", "lang", "draft",
)  # fmt: skip
"""Everything that a URL can say."""

MapPosition = tuple[float, float, float]
"""Longitude and latitude of the middle [degrees, WGS 84], and the zoom (0 shows the world; each step doubles it)."""

_LONGEST: Final = 2_000
"""Characters of one value; browsers and proxies take URLs of about 8,000."""
_MOST_SELECTED: Final = 60
_ZOOMS: Final = (0.0, 24.0)
_STATE: Final = "shell.view"
_PAGE: Final = "shell.page"


def get(key: str, default: str = "", *, allowed: Collection[str] | None = None) -> str:
    """Return a value of the URL, or the default where there is none, or where it is not allowed.

    Parameters
    ----------
    key
        One of `KEYS`.
    default
        Returned where the URL has nothing to use.
    allowed
        The values that will do; None for any text of printable characters.
    """
    value = st.query_params.get(_known(key), "")
    if not value or len(value) > _LONGEST or not value.isprintable():
        return default
    return value if allowed is None or value in allowed else default


def number(key: str, default: int | None = None, *, least: int, most: int) -> int | None:
    """Return a value of the URL as a whole number between two bounds, or the default."""
    text = get(key)
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        return default
    return int(text) if least <= int(text) <= most else default


def map_position() -> MapPosition | None:
    """Return where the map looks, or None where the URL does not say."""
    parts = get("map").split(",")
    if len(parts) != 3:
        return None
    try:
        lon, lat, zoom = (float(part) for part in parts)
    except ValueError:
        return None
    inside = abs(lon) <= 180 and abs(lat) <= 90 and _ZOOMS[0] <= zoom <= _ZOOMS[1]
    return (lon, lat, zoom) if inside and math.isfinite(lon + lat + zoom) else None


def selected() -> tuple[str, ...]:
    """Return the selected edges, each once, in the order of the URL; whether they exist is the page's to check."""
    edges = [edge for edge in get("selected").split(",") if edge]
    return tuple(dict.fromkeys(edges))[:_MOST_SELECTED]


def put(**changes: str | float | MapPosition | tuple[str, ...] | None) -> None:
    """Change the URL without another run of the page; None takes a key away.

    Examples
    --------
    >>> put(metric="delay", interval=None, map=(24.94, 60.17, 14.0))
    """
    for key, value in changes.items():
        text = "" if value is None else _text(_known(key), value)
        if text:
            if st.query_params.get(key) != text:
                st.query_params[key] = text
        elif key in st.query_params:
            del st.query_params[key]
    _remember()


def link(**changes: str | float | MapPosition | tuple[str, ...] | None) -> dict[str, str]:
    """Return the query of a link to another page: what is looked at now, with changes."""
    query = {key: value for key in KEYS if (value := get(key))}
    for key, change in changes.items():
        text = "" if change is None else _text(_known(key), change)
        query.pop(key, None)
        if text:
            query[key] = text
    return query


def keep(page: str) -> None:
    """Put back what the choice of another page dropped from the URL; called once at the start of every run.

    Parameters
    ----------
    page
        The page that is about to be drawn.
    """
    if st.session_state.get(_PAGE, page) != page:
        for key, value in st.session_state.get(_STATE, {}).items():
            if key not in st.query_params:
                st.query_params[key] = value
    st.session_state[_PAGE] = page
    _remember()


def _remember() -> None:
    st.session_state[_STATE] = {key: value for key in KEYS if (value := get(key))}


def _known(key: str) -> str:
    if key not in KEYS:
        raise KeyError(f"expected one of {', '.join(KEYS)}, got {key!r}; a new key is added to dashboards.shell.view")
    return key


def _text(key: str, value: str | float | MapPosition | tuple[str, ...]) -> str:
    if key == "map" and isinstance(value, tuple) and len(value) == 3:
        lon, lat, zoom = (float(part) for part in value)
        return f"{lon:.5f},{lat:.5f},{zoom:.2f}"
    if isinstance(value, tuple):
        return ",".join(str(part) for part in value[:_MOST_SELECTED])[:_LONGEST]
    return str(value)[:_LONGEST]
