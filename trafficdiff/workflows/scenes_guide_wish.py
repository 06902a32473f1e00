"""Say what is asked of guided scenes: a time to collision, from where, of whom, and what it may cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from trafficdiff.diffusion.motion_guidance import Guidance

__all__ = ["HERD", "LIKELIEST", "Wish"]

HERD: Final = 16
"""Draws of one case that are made together, and compete."""
LIKELIEST: Final = 0.75
"""The share of a case's draws in which the likeliest opponent is led; then it is the next one's turn."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Say what is asked of guided scenes.

    Parameters
    ----------
    ttc_s
        Lowest and highest time to collision of ego and opponent; each case's is drawn evenly between [s].
    angle_deg, bearing_deg
        Heading of the opponent against the ego's, and where the ego sees it, when they are closest; None for any
        [degrees].
    opponent
        User id of who is led; None for the likeliest of each scene.
    budget_nats
        How far a scene may be led away from what the model alone would draw [nat].
    draws
        Most draws a case.
    keep_others
        Whether all but ego and opponent go on as they were recorded; else the model draws everybody.
    """

    ttc_s: tuple[float, float] = (1.0, 1.0)
    angle_deg: float | None = None
    bearing_deg: float | None = None
    opponent: str | None = None
    budget_nats: float = 40.0
    draws: int = 64
    keep_others: bool = False

    def guidance(self, other: int, *, ttc_s: float) -> Guidance:
        """Return what leads the user at a place among a motion scene's to one of the times to collision asked [s].

        Raises
        ------
        InputError
            Naming every wish that is impossible.
        """
        from trafficdiff.diffusion.motion_guidance import Guidance

        return Guidance(
            other=other, ttc_s=ttc_s, angle_deg=self.angle_deg, bearing_deg=self.bearing_deg,
            budget_nats=self.budget_nats,
        )  # fmt: skip
