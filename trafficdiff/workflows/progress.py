"""Tell a person how far a workflow has come."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Progress", "quiet"]


class Progress(Protocol):
    """Receive the stage in words and the share of it that is done (None where it cannot be known)."""

    def __call__(self, stage: str, share: float | None, /) -> None:
        """Note the progress."""


def quiet(stage: str, share: float | None, /) -> None:
    """Ignore all progress."""
