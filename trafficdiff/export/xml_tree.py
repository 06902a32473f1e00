"""Add elements to an XML tree in one call."""

from __future__ import annotations

from typing import Any

__all__ = ["element"]


def element(parent: Any, tag: str, **attributes: str) -> Any:
    """Add a child with attributes to an element and return it."""
    child = parent.makeelement(tag, attributes)
    parent.append(child)
    return child
