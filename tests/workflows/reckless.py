"""A driver who sees nobody: for tests of whoever looks for failures."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trafficdiff.datatypes.ego_view import EgoView

__all__ = ["Reckless"]


class Reckless:
    """Go straight on, ever faster."""

    name = "reckless"

    def begin(self, view: EgoView) -> None:
        """Need nothing."""

    def control(self, view: EgoView) -> tuple[float, float]:
        """Return full acceleration up to 20 m/s, and no curvature."""
        return (4.0 if view.speed_ms < 20 else 0.0), 0.0
