"""Open the scenes that guided ones go on from: who is led to the ego, and which times to collision physics allows."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NoReturn

import numpy as np

from trafficdiff.datatypes.guided_case import KEPT_S
from trafficdiff.datatypes.motion_scene import KINDS, STEP_S, STEPS
from trafficdiff.errors import Faults, InputError
from trafficdiff.metrics.likely_opponent import likely_opponents

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from trafficdiff.datatypes.driving_scene import DrivingScene
    from trafficdiff.datatypes.motion_scene import MotionScene
    from trafficdiff.workflows.progress import Progress
    from trafficdiff.workflows.scenes_guide_wish import Wish

__all__ = ["HORIZON_S", "KEPT_STEPS", "Start", "of_pair", "opened_starts", "refuse_none", "start_of"]

HORIZON_S: Final = 10.0
"""Times to collision above this are not looked at [s]."""
KEPT_STEPS: Final = round(KEPT_S / STEP_S)
_ENDS_S: Final = 0.25
"""Who leaves a recording at most so long before its end is there on after it [s]."""
_STANDS_M: Final = 0.5
_OFF_ROAD_M: Final = 1.0
"""An ego so far beyond every lane at its first moment is off the map [m]."""
_SHOWN: Final = 5


@dataclass(frozen=True, eq=False, kw_only=True)
class Start:
    """Hold one scene to go on from.

    Parameters
    ----------
    scene, motion
        As it was recorded; as the model sees it, with controls, everybody who is led or remains there to the end.
    known
        Shape (A, STEPS), controls that stay.
    other
        Place of who is led to the ego among the motion scene's users.
    low_s, high_s
        Times to collision that can be asked of it [s].
    instead
        User id of who could be led instead; None for nobody, or if who is led was given.
    """

    scene: DrivingScene
    motion: MotionScene
    known: NDArray[np.bool_]
    other: int
    low_s: float
    high_s: float
    instead: str | None = None


def opened_starts(folder: Path, wish: Wish, *, progress: Progress) -> tuple[list[Start], dict[str, str]]:
    """Return the scenes of a folder that can be led to what is asked, and why others cannot, by name.

    Parameters
    ----------
    folder
        A scene, or a folder of scenes.
    wish
        What is asked.
    progress
        Receives the share.

    Raises
    ------
    InputError
        If there is no scene, one cannot be read, an ego is off the map, or none can be led to what is asked.
    """
    from trafficdiff.datatypes.driving_scene_files import read_driving_scene

    paths = _scene_paths(folder)
    faults, starts, skipped = Faults(f"{folder}"), [], {}
    for number, path in enumerate(paths):
        progress("reading scenes", number / len(paths))
        try:
            scene = read_driving_scene(path)
            made = start_of(scene, wish)
        except InputError as error:
            for fault in error.faults or (str(error),):
                faults.add(f"{path.name}: {fault}")
            continue
        if isinstance(made, str):
            skipped[path.name] = made
        else:
            starts.append(made)
    faults.raise_if_any(InputError)
    if not starts:
        refuse_none(str(folder), skipped, wish)
    return starts, skipped


def refuse_none(source: str, skipped: Mapping[str, str], wish: Wish) -> NoReturn:
    """Raise: no scene of a source can be led to what is asked, for these reasons by name."""
    said = [f"{name}: {why}" for name, why in skipped.items()]
    span = " to ".join(dict.fromkeys(f"{one_s:g}" for one_s in wish.ttc_s))
    raise InputError(
        f"{source}: expected a scene that can be led to a time to collision of {span} s, got none of "
        f"{len(skipped)}; {'; '.join(said[:_SHOWN])}"
    )


def of_pair(conflicts: pd.DataFrame, ego: str, other: str) -> pd.DataFrame:
    """Return the conflicts of two users, the most critical first."""
    first, second = conflicts["user"], conflicts["other"]
    own = ((first == ego) & (second == other)) | ((first == other) & (second == ego))
    return conflicts[own].sort_values("ttc_s", kind="stable", ignore_index=True)


def _scene_paths(folder: Path) -> list[Path]:
    from trafficdiff.datatypes.driving_scene_files import is_driving_scene

    if is_driving_scene(folder):
        return [folder]
    found = sorted(one for one in folder.iterdir() if is_driving_scene(one)) if folder.is_dir() else []
    if not found:
        raise InputError(
            f"{folder}: expected an AV scene or a folder of them, found none; `trafficdiff scenes find` and "
            "`trafficdiff scenes make` write them"
        )
    return found


def start_of(scene: DrivingScene, wish: Wish) -> Start | str:
    """Return one scene to go on from, or why it cannot be led to what is asked; see `opened_starts`.

    Raises
    ------
    InputError
        If its ego is off the map.
    """
    from trafficdiff.workflows.motion_corpus import fitted, is_staged, scene_at_start

    staged = is_staged(scene)
    ego = scene.ego_place
    motion = scene_at_start(scene, begin_s=float(scene.tracks.enter_s[ego]), staged=staged)
    _check_ego(scene, motion)
    aimed_s = sum(wish.ttc_s) / 2
    likely = likely_opponents(motion, ttc_s=aimed_s) if wish.opponent is None else _named(motion, wish.opponent)
    if not likely:
        return _absent(motion, wish.opponent)
    other, *rest = likely
    if not motion.valid[[0, other], : KEPT_STEPS + 1].all():
        return f"ego or {motion.user_id[other]!r} are not there for the first {KEPT_S:g} s"
    low_s, high_s = _allowed(scene, motion, other)
    if high_s <= 0:
        return f"boxes overlap within the first {KEPT_S:g} s"
    if wish.ttc_s[0] > high_s:
        return f"its first {KEPT_S:g} s already hold a time to collision of {high_s:.2f} s"
    if wish.ttc_s[1] < low_s:
        return f"physics forbids times to collision below {low_s:.2f} s: {motion.user_id[other]!r} is too far away"
    fit = fitted([motion])[0]
    known = _known(fit, other, staged=staged, keep_others=wish.keep_others)
    return Start(
        scene=scene, motion=_carried_on(fit, scene, other), known=known, other=other, low_s=low_s, high_s=high_s,
        instead=str(motion.user_id[rest[0]]) if rest else None,
    )  # fmt: skip


def _check_ego(scene: DrivingScene, motion: MotionScene) -> None:
    """Raise if the ego begins off every road."""
    from trafficdiff.datatypes.net_shapes import read_net_shapes

    x_m, y_m = motion.frame[:1], motion.frame[1:2]
    off_m = float(read_net_shapes(scene.net_file).distance_from_road(x_m, y_m)[0])
    if off_m > _OFF_ROAD_M:
        raise InputError(
            f"expected an ego on the map, got {scene.ego!r} {off_m:.1f} m off every road at {motion.begin_s:g} s; "
            "choose a scene whose ego drives on a lane"
        )


def _absent(motion: MotionScene, opponent: str | None) -> str:
    if opponent is None:
        return "nobody there who could come to a conflict with the ego"
    others = ", ".join(map(str, motion.user_id[1 : 1 + _SHOWN].tolist())) or "nobody"
    if str(motion.user_id[0]) == opponent:
        return f"{opponent!r} is the ego; beside it there are {others}"
    return f"no {opponent!r} there; beside the ego there are {others}"


def _named(motion: MotionScene, opponent: str) -> list[int]:
    return [int(place) for place in np.flatnonzero(motion.user_id == opponent)[:1] if place > 0]


def _allowed(scene: DrivingScene, motion: MotionScene, other: int) -> tuple[float, float]:
    """Return the least time to collision that the two can come to, and the one they have had already [s]."""
    from trafficdiff.datatypes.track_cut import cut_tracks
    from trafficdiff.diffusion.motion_rolling import LIMITS
    from trafficdiff.metrics.reachable_ttc import least_reachable_ttc
    from trafficdiff.metrics.safety_events import SafetyLimits, conflicts

    pair = [0, other]
    at = motion.state[pair, KEPT_STEPS].astype(np.float64)
    limits = np.array([LIMITS[KINDS[kind]] for kind in motion.kind[pair].tolist()])
    gap_m = float(np.hypot(*(at[0, :2] - at[1, :2])) - np.hypot(*motion.size[pair].T).sum() / 2)
    low_s = least_reachable_ttc(
        max(gap_m, 0.0), speed_ms=at[:, 3], gas_ms2=limits[:, 1], fastest_ms=limits[:, 2],
        time_s=(STEPS - KEPT_STEPS) * STEP_S,
    )  # fmt: skip
    first = cut_tracks(scene.tracks, begin_s=motion.begin_s, end_s=motion.begin_s + KEPT_S)
    found = conflicts(first, limits=SafetyLimits(horizon_s=HORIZON_S))
    rows = of_pair(found, scene.ego, str(motion.user_id[other]))
    if found["collision"].any():
        return low_s, 0.0
    return low_s, float(rows["ttc_s"].min()) if len(rows) else float("inf")


def _known(motion: MotionScene, other: int, *, staged: bool, keep_others: bool) -> NDArray[np.bool_]:
    """Return which controls stay: everybody's first ones, all of who stands by in a staged scene, others' if asked.

    Others are drawn after all where the recording ends, and where bodies could not follow it.
    """
    known = np.zeros((len(motion.user_id), STEPS), bool)
    known[motion.valid[:, : KEPT_STEPS + 1].all(axis=1), :KEPT_STEPS] = True
    if staged:
        away_m = np.hypot(*np.moveaxis(motion.state[..., :2] - motion.start[:, None, :2], -1, 0)) * motion.valid
        known[away_m.max(axis=1) < _STANDS_M] = True
    if keep_others and motion.drivable is not None:
        known |= motion.drivable[:, None] & motion.valid[:, 1:]
    known[[0, other], KEPT_STEPS:] = False
    return known


def _carried_on(motion: MotionScene, scene: DrivingScene, other: int) -> MotionScene:
    """Return the scene with ego, other, and who is there when the recording ends, to the end of the eight seconds."""
    from trafficdiff.diffusion.motion_fit import rolled_controls

    leave_s = dict(zip(scene.tracks.user_id.tolist(), scene.tracks.leave_s.tolist(), strict=True))
    stays = np.array([leave_s[name] >= scene.end_s - _ENDS_S for name in motion.user_id.tolist()])
    stays[[0, other]] = True
    valid = motion.valid | (stays[:, None] & (np.arange(motion.valid.shape[1]) >= motion.enter[:, None]))
    assert motion.controls is not None
    state = np.where((valid & ~motion.valid)[..., None], rolled_controls(motion, motion.controls), motion.state)
    return dataclasses.replace(motion, valid=valid, state=state.astype(np.float32))
