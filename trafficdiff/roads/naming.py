"""Find a name for people in the path of a file of roads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["name_of"]

_EVERYDAY: Final = frozenset(
    {"", "city", "data", "export", "extract", "interpreter", "map", "net", "network", "osm", "planet", "roads", "sumo"}
)
"""File names that say nothing about the place (``interpreter`` is what browsers call an answer of Overpass)."""


def name_of(path: Path) -> str:
    """Return the file's name up to its first dot, or the name of one of its two folders where it says nothing.

    ::

        kotka.osm.pbf             kotka
        bologna/net.net.xml.gz    bologna
    """
    name = path.name.split(".")[0]
    folders = [folder.name for folder in path.resolve().parents[:2]]
    telling = [word for word in (name, *folders) if word.lower() not in _EVERYDAY]
    return telling[0] if telling else name or "network"
