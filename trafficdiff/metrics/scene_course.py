"""Follow the two whom an AV scene is about, moment by moment: their speeds, and the time left until they collide."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.errors import InputError
from trafficdiff.metrics.safety_events import boxes_of
from trafficdiff.metrics.safety_pairs import time_to_collision

if TYPE_CHECKING:
    import pandas as pd

    from trafficdiff.datatypes.tracks import Tracks

__all__ = ["scene_course"]


def scene_course(tracks: Tracks, *, ego: str, other: str) -> pd.DataFrame:
    """Return a row a moment of the ego.

    Columns: ``time_s``, ``ego_ms``, ``other_ms`` (NaN while the other is not there), ``ttc_s`` (``inf`` where both,
    going on as they do, would never touch, NaN while the other is not there; see `safety_pairs`).

    Raises
    ------
    InputError
        If one of the two is not there.
    """
    import pandas as pd

    mine, theirs = (_rows(tracks, name) for name in (ego, other))
    at = np.searchsorted(tracks.time_s[theirs], tracks.time_s[mine] - 1e-6)
    at = np.minimum(at, len(theirs) - 1)
    together = np.abs(tracks.time_s[theirs[at]] - tracks.time_s[mine]) < 1e-3
    boxes = boxes_of(tracks)
    ttc_s = time_to_collision(boxes.at(mine), boxes.at(theirs[at]))
    return pd.DataFrame(
        {
            "time_s": tracks.time_s[mine],
            "ego_ms": tracks.speed_ms[mine],
            "other_ms": np.where(together, tracks.speed_ms[theirs[at]], np.nan),
            "ttc_s": np.where(together, ttc_s, np.nan),
        }
    )


def _rows(tracks: Tracks, name: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    found = np.flatnonzero(tracks.user_id == name)
    if not len(found):
        raise InputError(f"expected {name!r} among the {len(tracks.user_id)} users of the tracks, found none")
    return np.arange(tracks.offsets[found[0]], tracks.offsets[found[0] + 1])
