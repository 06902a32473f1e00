"""Draw an interval against zero in a hand's breadth: a bar, a dot for the mean, a line for no change."""

from __future__ import annotations

import math
from typing import Final

from markupsafe import Markup

__all__ = ["draw_gauge"]

_WIDTH: Final = 160
_HEIGHT: Final = 18
_EDGE: Final = 6


def draw_gauge(mean: float, *, low: float, high: float) -> Markup | str:
    """Return an interval as SVG, zero in the middle and its farther end at the rim; nothing if there is none.

    It repeats what stands beside it in words, and is hidden from readers of the words.
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    reach = max(abs(low), abs(high)) or 1.0
    middle, room = _WIDTH / 2, _WIDTH / 2 - _EDGE
    left, right, dot = (middle + room * value / reach for value in (low, high, mean))
    return Markup(
        '<svg class="gauge" viewBox="0 0 {w} {h}" aria-hidden="true" xmlns="http://www.w3.org/2000/svg">'
        '<path class="axis" d="M0 {y}H{w}" stroke="#cfcfcf" stroke-width="1"/>'
        '<path class="zero" d="M{m} 1V{h}" stroke="#555" stroke-width="1"/>'
        '<rect class="band" x="{left:.1f}" y="{top}" width="{wide:.1f}" height="6" rx="3" fill="#888"/>'
        '<circle class="dot" cx="{dot:.1f}" cy="{y}" r="4.5" fill="#222"/></svg>'
    ).format(
        w=_WIDTH,
        h=_HEIGHT,
        y=_HEIGHT / 2,
        m=middle,
        left=left,
        top=_HEIGHT / 2 - 3,
        wide=max(right - left, 1.0),
        dot=dot,
    )
