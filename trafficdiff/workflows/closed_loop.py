"""Let drawn scenes happen: in SUMO, with an ego that drives by itself, and others who are drawn again meanwhile.

::

    drawn scene ─▶ the ego drives, among the others as planned ─▶ at intervals: new plans ─┬─▶ what happened
                        ▲ and so with each plan, from the first second on                  │
                        └───────── of all and the old one the nearest to what is asked ────┘

Others are drawn given how the ego would drive if they did as they were recorded, later as in the plan before. A policy
sees nothing of what comes, and the same scene has it drive the same: it drives each plan from the beginning, and what
has happened already happens again. It needs no SUMO for that, so its scene is played there when it is over, and SUMO
has to take every pose; SUMO's own driver drives in SUMO, plan by plan.
"""

from __future__ import annotations

import contextlib
import dataclasses
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import numpy as np

from trafficdiff.datatypes.guided_case import KEPT_S
from trafficdiff.datatypes.motion_scene import FINE, STEP_S, STEPS, into_frame
from trafficdiff.errors import Faults, InputError, SimulationError
from trafficdiff.simulation.ego_policies import DRAWN, SUMO, ego_policy
from trafficdiff.simulation.ego_rollout import drive_drawn
from trafficdiff.simulation.scene_loop import ScenePlayer
from trafficdiff.workflows.closed_loop_replan import Happening, expecting, replanned
from trafficdiff.workflows.closed_loop_stage import own_driver, poses_of, stage_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from numpy.typing import NDArray

    from trafficdiff.datatypes.driving_scene import DrivingScene
    from trafficdiff.diffusion.motion_checkpoint import MotionCheckpoint
    from trafficdiff.diffusion.motion_guidance import Guidance
    from trafficdiff.diffusion.motion_sampler import DrawnScene
    from trafficdiff.simulation.scene_loop import Engine, OwnDriver
    from trafficdiff.workflows.scenes_guide_starts import Start

__all__ = ["LOOP_REFUSALS", "PLANS", "REPLAN_S", "ClosedLoop", "LoopedScene", "Planning", "check_loop"]

REPLAN_S: Final = 2.0
PLANS: Final = 4
"""Plans that are drawn each time; of them and the old one that which comes nearest to what is asked is taken."""
LOOP_REFUSALS: Final = (
    "SUMO crashed", "SUMO moves somebody elsewhere", "no route for SUMO's driver", "the ego left the roads",
)  # fmt: skip
"""Why a scene cannot happen."""
_CRASHES: Final = 3
"""SUMO is not asked again to drive in a scene on which it has crashed or hung so often."""
_GIVEN_UP: Final = (LOOP_REFUSALS[0], LOOP_REFUSALS[2])
_ENGINES: Final = ("libsumo", "traci")
_BEGINS: Final = round(KEPT_S / STEP_S) * FINE
"""First moment at which an ego drives by itself comes after this one."""
_LAST: Final = STEPS * FINE
_MOMENT_S: Final = STEP_S / FINE
_AWAY_M: Final = 0.05
_SAME_M: Final = 0.5
"""How far an ego may come from where it was when the same happened before [m]: SUMO's corners are rounded each time."""
_FIRST_SHARE: Final = 0.8
"""What the first plan may spend of the budget; the others share what is left."""


@dataclass(frozen=True, eq=False, kw_only=True)
class LoopedScene:
    """Hold a scene that has happened: as if drawn, and how often another plan was taken than the one before."""

    drawn: DrawnScene
    replans: int


@dataclass(frozen=True, eq=False, kw_only=True)
class Planning:
    """Say how others are drawn again.

    Parameters
    ----------
    model, guidance, seed
        Who draws, what is asked with which budget in all, and the seed of all that is drawn again.
    badness
        Tells how far a scene, shape (A, T, 4), is from what is asked; the plan with the least is taken.
    """

    model: MotionCheckpoint
    guidance: Guidance
    seed: int
    badness: Callable[[NDArray[np.float32]], float]


def check_loop(faults: Faults, *, ego: str, replan_s: float | None, engine: str) -> None:
    """Note every fault of what is asked of a closed loop."""
    if engine not in _ENGINES:
        faults.add(f"--engine: expected {' or '.join(_ENGINES)}, got {engine!r}")
    if replan_s is not None:
        if not (STEP_S <= replan_s <= STEPS * STEP_S - KEPT_S and float(replan_s / STEP_S).is_integer()):
            faults.add(
                f"--replan: expected a time from {STEP_S:g} to {STEPS * STEP_S - KEPT_S:g} s in half seconds, "
                f"got {replan_s:g}"
            )
        if ego == DRAWN:
            faults.add("--replan: expected --ego with it, for an ego that is drawn drives as the others expect")
    try:
        ego_policy(ego)
    except InputError as error:
        for fault in error.faults or (str(error),):
            faults.add(f"--ego: {fault}")


class ClosedLoop:
    """Let scenes happen; a context manager, which ends SUMO.

    Parameters
    ----------
    ego
        Who drives the ego: ``drawn`` (as drawn), ``sumo`` (SUMO's own driver), or a policy
        (see `trafficdiff.simulation.ego_policies`).
    replan_s
        How often others are drawn again [s].
    engine
        ``libsumo`` or ``traci``.

    Raises
    ------
    InputError
        If there is no such ego.
    """

    def __init__(self, *, ego: str = DRAWN, replan_s: float = REPLAN_S, engine: Engine = "libsumo") -> None:
        self.ego, self.replan_s, self.engine = ego, replan_s, engine
        self._policy = ego_policy(ego)
        self._driver: tuple[DrivingScene, OwnDriver | None] | None = None
        self._crashes: list[DrivingScene] = []
        self._players: dict[Path, ScenePlayer] = {}
        self._open = contextlib.ExitStack()
        self._folder: Path | None = None

    def __enter__(self) -> Self:
        """Start nothing yet."""
        self._folder = Path(self._open.enter_context(tempfile.TemporaryDirectory(prefix="trafficdiff-loop-")))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all of SUMO."""
        self._open.close()
        self._players.clear()

    def guidance(self, asked: Guidance) -> Guidance:
        """Return what is asked of the first plan: most of the budget, where others follow."""
        last = self.ego == DRAWN or len(self._moments()) < 2
        return asked if last else dataclasses.replace(asked, budget_nats=asked.budget_nats * _FIRST_SHARE)

    def expecting(self, start: Start, model: MotionCheckpoint) -> Start | str:
        """Return what others are drawn from: given how the ego would drive if they did as they were recorded.

        Or one of `LOOP_REFUSALS`, if nothing drawn from it could happen.
        """
        from trafficdiff.diffusion.motion_sampler import sample_scenes

        if self.ego == DRAWN:
            return start
        recorded = sample_scenes(model.members, [start.motion], seed=0, known=[np.ones_like(start.known)])[0]
        own = self._driven(Happening.of(start, recorded))
        if isinstance(own, str):
            return own if own in _GIVEN_UP else start
        return expecting(start, own)

    def gives_up(self, start: Start) -> bool:
        """Return whether SUMO has crashed or hung too often where it was to drive in a scene."""
        return sum(scene is start.scene for scene in self._crashes) >= _CRASHES

    def without_replans(self, start: Start, drawn: DrawnScene) -> DrawnScene | str:
        """Return a drawn scene as the ego drives in it if nobody is drawn again, or one of `LOOP_REFUSALS`."""
        if self.ego == DRAWN:
            return drawn
        own = self._driven(Happening.of(start, drawn))
        if isinstance(own, str):
            return own
        return dataclasses.replace(drawn, fine=np.concatenate([own[None].astype(np.float32), drawn.fine[1:]]))

    def happens(self, start: Start, foreseen: DrawnScene, planning: Planning) -> LoopedScene | str:
        """Return what happens from a drawn scene on, or one of `LOOP_REFUSALS`.

        Parameters
        ----------
        start, foreseen
            What was drawn, as `without_replans` returns it, and from what.
        planning
            How others are drawn again.

        Raises
        ------
        SimulationError
            If a policy fails, answers what is no control, or does not do the same in the same scene.
        """
        happening = Happening.of(start, foreseen)
        if self._policy is not None and self._differs(drive_drawn(self._policy, happening).fine, happening.fine[0]):
            raise self._another()
        for at in () if self.ego == DRAWN else self._moments()[1:]:
            happening = self._planned_again(happening, planning, at=at)
        if self.ego != SUMO and (refused := self._replayed(happening)) is not None:
            return refused
        return LoopedScene(drawn=foreseen, replans=0) if self.ego == DRAWN else _looped(happening, foreseen)

    def _planned_again(self, happening: Happening, planning: Planning, *, at: int) -> Happening:
        """Return what has happened with the best of some plans and the old one after it, driven to its end."""
        plans = replanned(
            happening, planning.model, planning.guidance, at=at, seed=planning.seed + at,
            share=self._share(at), plans=PLANS,
        )  # fmt: skip
        best, least = happening, planning.badness(happening.fine.astype(np.float32))
        for plan in plans:
            own = self._driven(plan)
            if isinstance(own, str):
                continue
            if self._differs(own[: at + 1], happening.fine[0, : at + 1]):
                if self._policy is not None:
                    raise self._another()
                continue
            plan.fine[0] = own
            if (bad := planning.badness(plan.fine.astype(np.float32))) <= least:
                best, least = plan, bad
        return best

    @staticmethod
    def _differs(own: NDArray[np.float64], before: NDArray[np.float64]) -> bool:
        """Return whether an ego did something else where the same had happened."""
        return bool(np.hypot(*(own[:, :2] - before[:, :2]).T).max() > _SAME_M)

    def _another(self) -> SimulationError:
        return SimulationError(
            f"ego {self.ego!r}: expected the same way in the same scene, got one more than {_SAME_M:g} m apart; "
            "let `begin` forget all, and seed random numbers there"
        )

    def _driven(self, happening: Happening) -> NDArray[np.float64] | str:
        """Return the ego, shape (T, 4), as it drives from the first second on, or one of `LOOP_REFUSALS`."""
        return self._by_sumo(happening) if self._policy is None else drive_drawn(self._policy, happening).fine

    def _by_sumo(self, happening: Happening) -> NDArray[np.float64] | str:
        start = happening.start
        if self.gives_up(start):
            return LOOP_REFUSALS[0]
        if self._driver is None or self._driver[0] is not start.scene:
            self._driver = start.scene, own_driver(start, from_moment=_BEGINS + 1)
        driver = self._driver[1]
        if driver is None:
            return LOOP_REFUSALS[2]
        player = self._player(start)
        try:
            poses = poses_of(start.motion, happening.fine, happening.present)
            played = player.play(stage_of(start, driver=driver), poses)
        except SimulationError as error:
            self._crashes.append(start.scene)
            return _told(error)
        if not np.isfinite(played.states[0]).all():
            return LOOP_REFUSALS[3]
        if played.away_m > _AWAY_M:
            return LOOP_REFUSALS[1]
        own = happening.fine[0].copy()
        own[_BEGINS + 1 :] = _in_frame(played.states[0, _BEGINS + 1 :], happening)  # before it, it was moved
        return _rounded(happening, own)

    def _replayed(self, happening: Happening) -> str | None:
        """Return why SUMO does not take a scene; None if it does."""
        player = self._player(happening.start)
        try:
            poses = poses_of(happening.scene, happening.fine, happening.present)
            played = player.play(stage_of(happening.start, driver=None), poses)
        except SimulationError as error:
            return _told(error)
        return LOOP_REFUSALS[1] if played.away_m > _AWAY_M else None

    @property
    def _stride(self) -> int:
        return round(self.replan_s / _MOMENT_S)

    def _share(self, at: int) -> float:
        """Return how much of what is left of the budget a plan may spend: as much as each that follows."""
        return 1 / len(range(at, _LAST, self._stride))

    def _moments(self) -> range:
        """Return the moments at which the ego goes on among others as last drawn."""
        return range(_BEGINS, _LAST, self._stride)

    def _player(self, start: Start) -> ScenePlayer:
        net_file = start.scene.net_file.resolve()
        if net_file not in self._players:
            assert self._folder is not None, "expected to be entered"
            player = ScenePlayer(net_file, directory=self._folder / str(len(self._players)), engine=self.engine)
            self._players[net_file] = self._open.enter_context(player)
        return self._players[net_file]


def _looped(happening: Happening, foreseen: DrawnScene) -> LoopedScene:
    fine = happening.fine.astype(np.float32)
    return LoopedScene(
        drawn=dataclasses.replace(
            foreseen, fine=fine, knots=fine[:, ::FINE], controls=happening.controls, spent=happening.spent,
            log_ratio=happening.log_ratio, reached={},
        ),
        replans=happening.replans,
    )  # fmt: skip


def _in_frame(states: NDArray[np.float64], happening: Happening) -> NDArray[np.float64]:
    frame = happening.scene.frame
    made = states.copy()
    made[:, :2] = into_frame(states[:, :2], frame)
    made[:, 2] = np.unwrap(states[:, 2] - frame[2])
    return made


def _rounded(happening: Happening, own: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return an ego with SUMO's corners rounded, as those of every track of SUMO are."""
    from trafficdiff.datatypes.motion_windows import tracks_of_motion
    from trafficdiff.simulation.track_smoothing import smooth_tracks

    alone = np.zeros_like(happening.present)
    alone[0] = True
    fine = np.concatenate([own[None], happening.fine[1:]])
    tracks = smooth_tracks(tracks_of_motion(happening.scene, fine, alone)).tracks
    net = np.column_stack([tracks.x_m, tracks.y_m, tracks.heading_rad, tracks.speed_ms])
    return _in_frame(net, happening)


def _told(error: SimulationError) -> str:
    """Return the refusal that a failure of SUMO is; what it said is in the log."""
    import logging

    logging.getLogger(__name__).warning("%s; the others go on", error)
    return LOOP_REFUSALS[0]
