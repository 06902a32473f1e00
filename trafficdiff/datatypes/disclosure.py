"""Say how many people, trips or sessions a published number must stand for at least."""

from __future__ import annotations

from typing import Final

__all__ = ["LEAST_IN_CELL"]

LEAST_IN_CELL: Final = 10
"""What is counted of fewer is left out, or counted together with others of few."""
