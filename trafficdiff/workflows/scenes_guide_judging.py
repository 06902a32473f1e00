"""Judge drawn scenes: possible, on the road, nobody touched, as critical as asked; by other code than led them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.edge_case import TOLERANCE
from trafficdiff.datatypes.guided_case import ANGLE_TOLERANCE_DEG
from trafficdiff.datatypes.motion_scene import WALKS, into_frame
from trafficdiff.datatypes.motion_windows import tracks_of_motion
from trafficdiff.datatypes.net_shapes import read_net_shapes
from trafficdiff.datatypes.track_checks import kinematic_faults
from trafficdiff.datatypes.track_cut import sample_at
from trafficdiff.metrics.motion_pair import angle_when_closest, bearing_when_closest
from trafficdiff.metrics.safety_events import SafetyLimits, conflicts
from trafficdiff.metrics.scene_types import Encounters, scene_tags, scene_types, sideways
from trafficdiff.metrics.walking_areas import distance_from_areas
from trafficdiff.workflows.scenes_guide_starts import HORIZON_S, of_pair

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from trafficdiff.datatypes.tracks import Tracks
    from trafficdiff.diffusion.motion_sampler import DrawnScene
    from trafficdiff.workflows.scenes_guide_starts import Start

__all__ = ["REFUSALS", "Achieved", "judge_drawn"]

REFUSALS: Final = (
    "impossible motion", "off the road", "a collision", "no collision course", "another time to collision",
    "another angle", "another bearing",
)  # fmt: skip
"""Why a drawn scene is refused; the first that applies counts."""
_KERB_M: Final = 0.5
"""How far beyond a lane's edge the centre of ego or opponent may come, or further than it was when it entered [m]."""
_OTHERS_KERB_M: Final = 1.5
"""The same of anybody else: corners are cut there, too [m]."""


@dataclass(frozen=True, kw_only=True)
class Achieved:
    """Say what a drawn scene turned out as: numbers of the conflict of ego and other, its type, and tags."""

    ttc_s: float
    pet_s: float
    time_s: float
    angle_deg: float
    bearing_deg: float
    type: str
    tags: tuple[str, ...]


def judge_drawn(
    start: Start,
    drawn: DrawnScene,
    *,
    ttc_s: float,
    angle_deg: float | None = None,
    bearing_deg: float | None = None,
) -> Achieved | tuple[str, float]:
    """Return what a drawn scene achieved, or one of `REFUSALS` and the number that is not as asked (NaN for none).

    Parameters
    ----------
    start
        What it was drawn from.
    drawn
        What was drawn.
    ttc_s, angle_deg, bearing_deg
        What was asked: met within `TOLERANCE` (relative), and within `ANGLE_TOLERANCE_DEG`.
    """
    tracks = tracks_of_motion(drawn.scene, drawn.fine.astype(np.float64), drawn.present)
    if len(kinematic_faults(tracks)):
        return REFUSALS[0], float("nan")
    if (off_m := _off_road(start, tracks)) > 0:
        return REFUSALS[1], off_m
    found = conflicts(tracks, limits=SafetyLimits(horizon_s=HORIZON_S))
    if found["collision"].any():
        return REFUSALS[2], float("nan")
    rows = of_pair(found, start.scene.ego, str(start.motion.user_id[start.other]))
    if not len(rows) or not np.isfinite(rows["ttc_s"].iloc[0]):
        return REFUSALS[3], float("nan")
    made = _achieved(start, drawn, tracks, rows)
    return _compared(made, {"ttc_s": ttc_s, "angle_deg": angle_deg, "bearing_deg": bearing_deg})


def _compared(made: Achieved, asked: Mapping[str, float | None]) -> Achieved | tuple[str, float]:
    """Return what was achieved if it is as asked, else what is not."""
    for name, refusal in zip(("ttc_s", "angle_deg", "bearing_deg"), REFUSALS[4:], strict=True):
        wanted, got = asked[name], getattr(made, name)
        if wanted is None:
            continue
        off = abs(got - wanted) / (TOLERANCE * wanted) if name == "ttc_s" else _turn(got - wanted) / ANGLE_TOLERANCE_DEG
        if not off <= 1.0:
            return refusal, got
    return made


def _off_road(start: Start, tracks: Tracks) -> float:
    """Return how far beyond what is allowed a centre comes off the road, or further off than where it entered [m].

    People on foot are on the road in walking areas, too, as far as the ego's map reaches (100 m from its first place).
    """
    off_m = read_net_shapes(start.scene.net_file).distance_from_road(tracks.x_m, tracks.y_m)
    walks = np.isin(tracks.user_id, start.motion.user_id[start.motion.kind == WALKS])[tracks.user] & (off_m > 0)
    at = into_frame(np.column_stack([tracks.x_m, tracks.y_m])[walks], start.motion.frame)
    off_m[walks] = np.minimum(off_m[walks], distance_from_areas(start.motion, at))
    entered_m = off_m[tracks.offsets[:-1]]
    pair = np.isin(tracks.user_id, [start.scene.ego, start.motion.user_id[start.other]])
    beyond_m = np.maximum.reduceat(off_m, tracks.offsets[:-1]) - entered_m
    return float((beyond_m - np.where(pair, _KERB_M, _OTHERS_KERB_M)).max(initial=0.0))


def _achieved(start: Start, drawn: DrawnScene, tracks: Tracks, rows: pd.DataFrame) -> Achieved:
    event = rows.iloc[0]
    names = tracks.user_id.tolist()
    ego, other = names.index(start.scene.ego), names.index(str(start.motion.user_id[start.other]))
    at = [np.array([sample_at(tracks, user, float(event["time_s"]))]) for user in (ego, other)]
    kind = str(scene_types(tracks, Encounters(at[0], at[1], np.array([event["type"]], object)))[0])
    tags = scene_tags(
        kind, ego_kind=str(tracks.user_kind[ego]), other_kind=str(tracks.user_kind[other]),
        ego_aside_m=float(sideways(tracks, at[0])[0]),
    )  # fmt: skip
    return Achieved(
        ttc_s=float(event["ttc_s"]), pet_s=float(rows["pet_s"].min()), time_s=float(event["time_s"]),
        angle_deg=angle_when_closest(drawn.scene, drawn.fine, start.other),
        bearing_deg=bearing_when_closest(drawn.scene, drawn.fine, start.other), type=kind, tags=tags,
    )  # fmt: skip


def _turn(angle_deg: float) -> float:
    """Return the size of an angle, 0 to 180 degrees."""
    return abs((angle_deg + 180.0) % 360.0 - 180.0)
