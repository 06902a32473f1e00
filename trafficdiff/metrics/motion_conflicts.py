"""Find the conflicts of many motion scenes at once, by the measure of runs, and say in which the ego was nearly hit.

Scenes are laid behind each other in time, so one call of `safety_events.conflicts` sees them all and no two meet.

**Near miss.** The ego and somebody come to a time to collision of 1.5 s or less, both going straight on (where their
directions differ by more than 30 degrees, only if their ways meet), and never touch. Who touches has collided, which is
counted for itself.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.motion_fine import there_finely
from trafficdiff.datatypes.motion_scene import FINE, KNOTS, STEP_S
from trafficdiff.datatypes.motion_windows import tracks_of_motion
from trafficdiff.datatypes.tracks import Tracks
from trafficdiff.metrics.safety_events import SafetyLimits, conflicts
from trafficdiff.metrics.scene_types import Encounters, scene_types

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from trafficdiff.datatypes.motion_scene import MotionScene

__all__ = ["HORIZON_S", "NEAR_TTC_S", "least_times_to_collision", "motion_conflicts", "near_missed"]

HORIZON_S: Final = 10.0
"""Ways that meet within this time, and times to collision up to it, are looked at [s]."""
NEAR_TTC_S: Final = 1.5
_APART_S: Final = 20.0
"""How far behind each other scenes are laid; they last eight seconds [s]."""
_PLACES: Final = 1000


def motion_conflicts(scenes: Sequence[MotionScene], fine: Sequence[NDArray[np.floating]]) -> pd.DataFrame:
    """Return all conflicts as `safety_events.conflicts` does, with the columns ``scene``, ``one`` and ``two``.

    ``scene`` is the place in the list, ``one`` and ``two`` are places of users in the scene, the lower first;
    ``scene_type`` is what happens as the ego sees it (`scene_types`), empty where the ego takes no part; ``time_s``
    counts from the scene's beginning.

    Parameters
    ----------
    scenes
        Who is there when, and sizes.
    fine
        For each scene, states every 0.1 s, shape (A, (KNOTS - 1) * FINE + 1, 4), in its frame.
    """
    tracks, begins_s = _laid_out(scenes, fine)
    if tracks is None:
        return _empty()
    found = conflicts(tracks, limits=SafetyLimits(horizon_s=HORIZON_S))
    pair = np.sort(found[["user", "other"]].to_numpy().astype(np.int64), axis=1)
    found["scene"], found["one"], found["two"] = pair[:, 0] // _PLACES, pair[:, 0] % _PLACES, pair[:, 1] % _PLACES
    found["scene_type"] = _types(tracks, found, pair)
    for name in ("time_s", "begin_s", "end_s"):
        found[name] -= begins_s[found["scene"]]
    return found


def near_missed(found: pd.DataFrame, *, scenes: int) -> NDArray[np.bool_]:
    """Return in which scenes the ego was nearly hit, shape (scenes,), by conflicts of `motion_conflicts`."""
    near = np.zeros(scenes, bool)
    near[_untouched(found).query("one == 0 and ttc_s <= @NEAR_TTC_S")["scene"].to_numpy()] = True
    return near


def least_times_to_collision(found: pd.DataFrame, other: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return the smallest time to collision of the ego and one other in each scene [s], shape (N,).

    Parameters
    ----------
    found
        From `motion_conflicts`.
    other
        Shape (N,), the other's place in each scene.

    Returns
    -------
    numpy.ndarray
        ``inf`` where the two were on no collision course, or touched.
    """
    least = np.full(len(other), np.inf)
    own = _untouched(found).query("one == 0")
    own = own[own["two"].to_numpy() == other[own["scene"].to_numpy()]]
    np.minimum.at(least, own["scene"].to_numpy(), own["ttc_s"].to_numpy())
    return least


def _untouched(found: pd.DataFrame) -> pd.DataFrame:
    """Return conflicts of pairs that do not touch in their scene."""
    pair = (found["scene"] * _PLACES + found["one"]) * _PLACES + found["two"]
    return found[~pair.isin(pair[found["collision"]])]


def _laid_out(
    scenes: Sequence[MotionScene], fine: Sequence[NDArray[np.floating]]
) -> tuple[Tracks | None, NDArray[np.float64]]:
    """Return the tracks of all scenes, a user's name being scene times a thousand plus place, and when scenes begin."""
    clock_s = STEP_S / FINE * np.arange((KNOTS - 1) * FINE + 1)
    parts: list[Tracks] = []
    for number, (scene, states) in enumerate(zip(scenes, fine, strict=True)):
        names = np.array([str(number * _PLACES + place) for place in range(len(scene.user_id))], object)
        laid = dataclasses.replace(scene, user_id=names, begin_s=number * _APART_S, frame=np.zeros(3))
        there = there_finely(scene)
        if (there.sum(axis=1) >= 2).any():
            parts.append(tracks_of_motion(laid, np.asarray(states, np.float64), there))
    begins_s = _APART_S * np.arange(len(scenes)) + clock_s[0]
    if not parts:
        return None, begins_s
    columns = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in dataclasses.fields(Tracks)
        if field.name != "offsets"
    }
    counts = np.concatenate([np.diff(part.offsets) for part in parts])
    return Tracks(**columns, offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)), begins_s


def _types(tracks: Tracks, found: pd.DataFrame, pair: NDArray[np.int64]) -> NDArray[np.object_]:
    """Return what happens in conflicts that the ego takes part in, empty text for others."""
    order = {int(name): user for user, name in enumerate(tracks.user_id)}
    users = np.array([[order[one], order[two]] for one, two in pair.tolist()], np.int64).reshape(-1, 2)
    first, last = tracks.offsets[users], tracks.offsets[users + 1] - 1
    ahead = np.rint((found["time_s"].to_numpy()[:, None] - tracks.time_s[first]) * FINE / STEP_S).astype(np.int64)
    places = np.clip(first + ahead, first, last)
    made = scene_types(tracks, Encounters(places[:, 0], places[:, 1], found["type"].to_numpy().astype(object)))
    return np.where(pair[:, 0] % _PLACES == 0, made, "")


def _empty() -> pd.DataFrame:
    import pandas as pd

    numbers = ("scene", "one", "two")
    return pd.DataFrame(
        {name: pd.Series(dtype="int64") for name in numbers}
        | {name: pd.Series(dtype="float64") for name in ("time_s", "begin_s", "end_s", "ttc_s", "pet_s")}
        | {"collision": pd.Series(dtype="bool"), "scene_type": pd.Series(dtype="object")}
    )
