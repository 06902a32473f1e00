"""Say in single numbers how safely road users drove."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.track_motion import acceleration, jerk
from trafficdiff.metrics.safety_events import headways
from trafficdiff.metrics.safety_footways import goes_on_foot

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from trafficdiff.datatypes.tracks import Tracks

__all__ = ["safety_numbers"]

_HARD_MS2: Final = -4.05
_JERK_MS3: Final = 8.37
"""Bounds of comfort of human drivers (nuPlan's metrics of comfort, Karnchanachari et al. 2024)."""
_SHORT_S: Final = 1.0
"""A headway below a second is shorter than most drivers' reaction [s]."""
_BRAKING_SPAN_S: Final = 0.5
"""Braking is looked at over half a second [s], 0.6 s of samples at 0.1 s: shorter is a twitch of the simulation."""


def safety_numbers(tracks: Tracks, events: pd.DataFrame, sites: pd.DataFrame) -> dict[str, float]:
    """Return the numbers of the whole area, by name in `trafficdiff.units`; NaN where nobody drove.

    Headways, brakings and jerks are those of vehicles: who walks stops within a step, and walks close behind others.

    Parameters
    ----------
    tracks
        Every road user.
    events, sites
        From `safety_events.conflicts` and `safety_sites.site_counts`.
    """
    driven_km = float(sites["vehicle_km"].sum())
    drives = ~goes_on_foot(tracks)[tracks.user]
    moving = drives & (tracks.speed_ms > 1.0)
    near = events["near_miss"].to_numpy(bool)
    follows = headways(tracks)[moving]
    known = np.isfinite(follows)
    return {
        "near_misses": float(near.sum()),
        "near_miss_rate": float(near.sum() / driven_km) if driven_km else float("nan"),
        "box_collisions": float(events["collision"].sum()),
        "tracked_kilometres": driven_km,
        "short_headway_share": float((follows[known] < _SHORT_S).mean()) if known.any() else float("nan"),
        "hard_brakings": float(_episodes(tracks, drives & (acceleration(tracks, span_s=_BRAKING_SPAN_S) < _HARD_MS2))),
        "high_jerks": float(_episodes(tracks, drives & (np.abs(jerk(tracks)) > _JERK_MS3))),
    }


def _episodes(tracks: Tracks, critical: NDArray[np.bool_]) -> int:
    """Return how often something begins, each user for himself."""
    before = np.concatenate([[False], critical[:-1] & (np.diff(tracks.user) == 0)])[: len(critical)]
    return int((critical & ~before).sum())
