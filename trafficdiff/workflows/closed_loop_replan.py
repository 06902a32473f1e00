"""Draw the others again from what has happened.

::

    0 s      1 s                    t - 1 s    t                         8 s
    ├────────┼───────────── ... ───────┼───────┼──────────────────────────┤
     known    the first plan             known   the next plan              users' controls are the same half seconds
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.guided_case import KEPT_S
from trafficdiff.datatypes.motion_scene import FINE, STEP_S, STEPS, into_frame, out_of_frame
from trafficdiff.datatypes.motion_windows import tracks_of_motion

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.motion_scene import MotionScene
    from trafficdiff.diffusion.motion_checkpoint import MotionCheckpoint
    from trafficdiff.diffusion.motion_guidance import Guidance
    from trafficdiff.diffusion.motion_sampler import DrawnScene
    from trafficdiff.workflows.scenes_guide_starts import Start

__all__ = ["Happening", "expecting", "replanned"]

_KEPT_STEPS: Final = round(KEPT_S / STEP_S)
_KEPT: Final = _KEPT_STEPS * FINE
_LAST: Final = STEPS * FINE
_LEAST_NATS: Final = 0.1
"""With less of the budget left the model goes on alone [nat]."""


@dataclass(eq=False)
class Happening:
    """Hold a scene while it happens: what has happened, and what is planned after it.

    Parameters
    ----------
    start
        What it goes on from; users are its motion scene's, in whose frame everything is.
    fine, present
        Shape (A, T, 4) and (A, T), every 0.1 s.
    controls
        Shape (A, STEPS, 2), of the plan; the ego's are the plan's too, whatever it has done.
    spent, log_ratio
        Of all plans together [nat].
    replans
        How often another plan was taken than the one before.
    """

    start: Start
    fine: NDArray[np.float64]
    present: NDArray[np.bool_]
    controls: NDArray[np.float32]
    spent: float
    log_ratio: float
    replans: int = 0

    @classmethod
    def of(cls, start: Start, drawn: DrawnScene) -> Happening:
        """Return a drawn scene before it happens."""
        return cls(
            start=start, fine=drawn.fine.astype(np.float64), present=drawn.present.copy(),
            controls=drawn.controls.copy(), spent=drawn.spent, log_ratio=drawn.log_ratio,
        )  # fmt: skip

    @property
    def scene(self) -> MotionScene:
        """What it was drawn for."""
        return self.start.motion


def replanned(
    happening: Happening,
    model: MotionCheckpoint,
    guidance: Guidance,
    *,
    at: int,
    seed: int,
    share: float = 1.0,
    plans: int = 1,
) -> list[Happening]:
    """Return what has happened up to a moment with other plans after it, drawn given how the ego drives in the old one.

    Parameters
    ----------
    happening
        What has happened, and the plan up to now, with the ego as it drives in it.
    model
        The scene model.
    guidance
        What is asked; its budget is that of all plans together.
    at
        Moment, a multiple of `FINE`.
    seed
        Of everything random.

    Other Parameters
    ----------------
    share
        Of what is left of the budget, for this plan.
    plans
        How many are drawn.
    """
    from trafficdiff.diffusion.motion_sampler import sample_scenes

    motion = _motion_from(happening, at=at)
    places = [happening.scene.user_id.tolist().index(name) for name in motion.user_id.tolist()]
    other = happening.start.other
    asked = None
    if other in places and (left := share * (guidance.budget_nats - happening.spent)) > _LEAST_NATS:
        asked = [dataclasses.replace(guidance, other=places.index(other), budget_nats=left)]
    motion = dataclasses.replace(
        motion, controls=_controls(happening, motion, places, at=at), drivable=np.ones(len(places), bool)
    )
    known = _known(happening.start, places, at=at)
    known[0] = True
    drawn = sample_scenes(
        model.members, [motion] * plans, seed=seed, known=[known] * plans, guidance=asked and asked * plans,
        compete=asked is not None,
    )  # fmt: skip
    return [_joined(happening, one, places, at=at) for one in drawn]


def expecting(start: Start, expected: NDArray[np.float64]) -> Start:
    """Return what others are drawn from when they are drawn given how the ego will drive, shape (T, 4)."""
    from trafficdiff.diffusion.motion_fit import fit_controls

    motion = start.motion
    assert motion.controls is not None
    state, controls, known = motion.state.copy(), motion.controls.copy(), start.known.copy()
    state[0] = expected[::FINE]
    own = fit_controls(state[:1], motion.valid[:1], motion.kind[:1])[0]
    controls[0, _KEPT_STEPS:] = own[0, _KEPT_STEPS:]
    known[0] = True
    return dataclasses.replace(start, motion=dataclasses.replace(motion, state=state, controls=controls), known=known)


def _motion_from(happening: Happening, *, at: int) -> MotionScene:
    """Return the motion scene whose first second is the last one; who is there at the end goes straight on."""
    from trafficdiff.workflows.motion_corpus import scene_at_start

    start, motion = happening.start, happening.scene
    more = at - _KEPT
    fine = happening.fine
    last = fine[:, -1]
    ahead_m = (0.1 * np.arange(1, more + 1))[None] * last[:, 3:4]
    beyond = np.repeat(last[:, None], more, axis=1)
    beyond[..., 0] += ahead_m * np.cos(last[:, 2:3])
    beyond[..., 1] += ahead_m * np.sin(last[:, 2:3])
    tracks = tracks_of_motion(
        motion, np.concatenate([fine, beyond], axis=1),
        np.concatenate([happening.present, np.repeat(happening.present[:, -1:], more, axis=1)], axis=1),
    )  # fmt: skip
    scene = dataclasses.replace(start.scene, tracks=tracks)
    return scene_at_start(scene, begin_s=motion.begin_s + STEP_S / FINE * (at - _KEPT), staged=motion.staged)


def _controls(happening: Happening, motion: MotionScene, places: list[int], *, at: int) -> NDArray[np.float32]:
    """Return the controls of the plan from a second before on; the ego's are fitted to what it has done."""
    from trafficdiff.diffusion.motion_fit import fit_controls

    first = at // FINE - _KEPT_STEPS
    planned = happening.controls[places, first:]
    made = np.zeros((len(places), STEPS, 2), np.float32)
    made[:, : planned.shape[1]] = planned
    made[:1] = fit_controls(motion.state[:1], motion.valid[:1], motion.kind[:1])[0]
    return made


def _known(start: Start, places: list[int], *, at: int) -> NDArray[np.bool_]:
    """Return which controls stay: the last second's, and those that stay in the whole scene."""
    first = at // FINE - _KEPT_STEPS
    known = np.zeros((len(places), STEPS), bool)
    kept = start.known[places, first:]
    known[:, : kept.shape[1]] = kept
    known[:, :_KEPT_STEPS] = True
    return known


def _joined(happening: Happening, drawn: DrawnScene, places: list[int], *, at: int) -> Happening:
    """Return what has happened, and after it what was drawn, the ego as it was known."""
    frame, own = happening.scene.frame, drawn.scene.frame
    left = _LAST - at
    ahead = drawn.fine[:, _KEPT + 1 : _KEPT + 1 + left].astype(np.float64)
    ahead[..., :2] = into_frame(out_of_frame(ahead[..., :2], own), frame)
    ahead[..., 2] += own[2] - frame[2]
    fine, controls = happening.fine.copy(), happening.controls.copy()
    fine[places, at + 1 :] = ahead
    step = at // FINE
    controls[places, step:] = drawn.controls[:, _KEPT_STEPS : _KEPT_STEPS + STEPS - step]
    return dataclasses.replace(
        happening, fine=fine, controls=controls, spent=happening.spent + drawn.spent,
        log_ratio=happening.log_ratio + drawn.log_ratio, replans=happening.replans + 1,
    )  # fmt: skip
