"""Draw windows with the scene model, drive an ego through what was drawn, and say where it failed.

The model draws everybody, the ego too; then the policy drives in the ego's place from the first moment on, among others
who do as drawn and do not react to it. A drive ends where the ego touches somebody.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.metrics.failure_blame import is_failure, kind_of_touch, margin_s
from trafficdiff.simulation.ego_rollout import drive_drawn
from trafficdiff.workflows.failure_rounds import Outcomes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from trafficdiff.datatypes.ego_view import EgoPolicy
    from trafficdiff.datatypes.motion_scene import MotionScene
    from trafficdiff.diffusion.motion_checkpoint import MotionCheckpoint
    from trafficdiff.diffusion.motion_guidance import Guidance
    from trafficdiff.diffusion.motion_sampler import DrawnScene
    from trafficdiff.simulation.ego_rollout import EgoDrive

__all__ = ["Drive", "FailedDraw", "WindowDrives", "driven"]

_SAMPLE_S: Final = 0.1
_TELLS_NOTHING: Final = frozenset({"appeared", "ego stands", "from behind", "overtaken"})
"""Touches that do not mean that the ego nearly failed."""
_KEPT: Final = 2_000
_AT_ONCE: Final = 256
"""Draws that are held in memory together."""


@dataclass(frozen=True, eq=False)
class Drive:
    """Hold one drive: what came of it, whom the ego touched (-1 for nobody), how, when [s], and who came nearest."""

    failed: bool
    margin_s: float
    km: float
    other: int
    touch: str
    when_s: float


@dataclass(frozen=True, eq=False)
class FailedDraw:
    """Hold a draw in which the ego failed: its window, its place in a call with a seed, what was drawn and driven."""

    scene: int
    seed: int
    place: int
    drawn: DrawnScene
    drive: Drive
    fine: NDArray[np.float64]


def driven(policy: EgoPolicy, drawn: DrawnScene) -> tuple[Drive, EgoDrive]:
    """Return what comes of a drive through a drawn scene, and the drive itself."""
    scene = drawn.scene
    made = drive_drawn(policy, drawn, from_s=0.0)
    last = len(made.fine) - 1 if made.collided_with < 0 else round(made.when_s / _SAMPLE_S)
    ego, others = made.fine[: last + 1], drawn.fine[1:, : last + 1].astype(np.float64)
    touch, failed = "", False
    sizes = scene.size.astype(np.float64)
    if (other := made.collided_with) >= 0:
        touch = kind_of_touch(
            ego[last], others[other - 1, last], ego_size_m=sizes[0], other_size_m=sizes[other],
            other_off_way_m=_off_way_m(scene, other, others[other - 1, last, :2]),
            appeared=not drawn.present[other, :last].any(),
        )  # fmt: skip
        failed = is_failure(touch, off_way_m=_off_way_m(scene, 0, ego[last, :2]))
    missed_s = 0.0 if failed else float("inf")
    if not failed and touch not in _TELLS_NOTHING:
        missed_s = margin_s(ego, others, drawn.present[1:, : last + 1], ego_size_m=sizes[0], sizes_m=sizes[1:])
    km = float(np.hypot(*np.diff(ego[:, :2], axis=0).T).sum()) / 1e3
    return Drive(failed, missed_s, km, other, touch, last * _SAMPLE_S if other >= 0 else float("nan")), made


def _off_way_m(scene: MotionScene, user: int, xy: NDArray[np.float64]) -> float:
    """Return how far a place is from the middle of a user's way [m]; 0 where it has none."""
    way = scene.path[user][scene.path_valid[user]].astype(np.float64)
    if len(way) <= 1:
        return 0.0
    along = np.diff(way, axis=0)
    from_begin = xy - way[:-1]
    share = np.clip((from_begin * along).sum(1) / np.maximum((along**2).sum(1), 1e-9), 0, 1)
    return float(np.hypot(*(from_begin - share[:, None] * along).T).min())


@dataclass(eq=False)
class WindowDrives:
    """Simulate draws of windows; a `failure_rounds.Simulate`. Draws in which the ego failed are kept.

    Parameters
    ----------
    windows, policy, model
        The population, who drives, and the scene model.
    guidance
        How each window is led, None for one that is not; no guidance at all if None.
    told
        Receives how many draws are done.
    """

    windows: Sequence[MotionScene]
    policy: EgoPolicy
    model: MotionCheckpoint
    guidance: Sequence[Guidance | None] | None = None
    told: Callable[[int], None] | None = None
    failed: list[FailedDraw] = field(default_factory=list)
    touches: dict[str, int] = field(default_factory=dict)
    done: int = 0

    def __call__(self, scene: NDArray[np.int64], led: NDArray[np.bool_], *, seed: int) -> Outcomes:
        """Return what comes of draws of windows (n,), led or not (n,)."""
        drives: list[Drive] = []
        ratios: list[float] = []
        for number, begin in enumerate(range(0, len(scene), _AT_ONCE)):
            part = slice(begin, begin + _AT_ONCE)
            for place, drawn in enumerate(self._drawn(scene[part], led[part], seed=_seed(seed, number))):
                drive, made = driven(self.policy, drawn)
                drives.append(drive)
                ratios.append(drawn.log_ratio)
                if drive.touch:
                    self.touches[drive.touch] = self.touches.get(drive.touch, 0) + 1
                if drive.failed and len(self.failed) < _KEPT:
                    at = begin + place
                    self.failed.append(FailedDraw(int(scene[at]), seed, at, drawn, drive, made.fine))
            self.done += len(scene[part])
            if self.told is not None:
                self.told(self.done)
        return Outcomes(
            failed=np.array([one.failed for one in drives], bool),
            margin_s=np.array([one.margin_s for one in drives], np.float64),
            km=np.array([one.km for one in drives], np.float64), log_ratio=np.array(ratios, np.float64),
        )  # fmt: skip

    def _drawn(self, scene: NDArray[np.int64], led: NDArray[np.bool_], *, seed: int) -> list[DrawnScene]:
        """Return one draw each, in their order: led, watched by the guidance that might have led it, or plain."""
        from trafficdiff.diffusion.motion_sampler import sample_scenes

        asked = [None if self.guidance is None else self.guidance[one] for one in scene.tolist()]
        kinds = np.array(["plain" if own is None else ("led" if how else "watched")
                          for own, how in zip(asked, led.tolist(), strict=True)], object)  # fmt: skip
        made: dict[int, DrawnScene] = {}
        for number, kind in enumerate(("plain", "led", "watched")):
            at = np.flatnonzero(kinds == kind).tolist()
            if not at:
                continue
            option = {"led": "guidance", "watched": "watch"}.get(kind)
            drawn = sample_scenes(
                self.model.members, [self.windows[scene[one]] for one in at], seed=_seed(seed, number),
                **({} if option is None else {option: [asked[one] for one in at]}),  # type: ignore[arg-type]
            )  # fmt: skip
            made |= dict(zip(at, drawn, strict=True))
        return [made[place] for place in range(len(scene))]


def _seed(seed: int, number: int) -> int:
    return int(np.random.SeedSequence([seed, number]).generate_state(1, np.uint32)[0]) % 2**31
