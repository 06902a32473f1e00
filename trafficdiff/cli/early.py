"""Say the one JSON object of a command before it ends: a server is ready long before it is done."""

from __future__ import annotations

import sys

__all__ = ["has_spoken", "say_now"]

_said: list[bool] = []


def say_now(text: str) -> None:
    """Write a text to the real stdout at once; the entry then writes no other object."""
    stream = sys.__stdout__ or sys.stdout
    _said.append(True)
    stream.write(text + "\n")
    stream.flush()


def has_spoken() -> bool:
    """Return whether the object was said already."""
    return bool(_said)
