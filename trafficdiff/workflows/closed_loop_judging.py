"""Judge what came of a drawn scene once it has happened with the ego that was asked for."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from trafficdiff.simulation.ego_policies import DRAWN
from trafficdiff.workflows.closed_loop import LOOP_REFUSALS, REPLAN_S, Planning
from trafficdiff.workflows.scenes_guide_judging import REFUSALS, Achieved, judge_drawn

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from trafficdiff.diffusion.motion_checkpoint import MotionCheckpoint
    from trafficdiff.diffusion.motion_guidance import Guidance
    from trafficdiff.diffusion.motion_sampler import DrawnScene
    from trafficdiff.simulation.scene_loop import Engine
    from trafficdiff.workflows.closed_loop import ClosedLoop
    from trafficdiff.workflows.scenes_guide_starts import Start

__all__ = ["ALL_REFUSALS", "Driving", "Happened", "let_happen"]

ALL_REFUSALS: Final = (*REFUSALS, *LOOP_REFUSALS)
"""Why a drawn scene is not kept: as the ego drives in it, or in SUMO."""


@dataclass(frozen=True, kw_only=True)
class Driving:
    """Say who drives, how often others are drawn again [s] (None for `REPLAN_S`), and how SUMO is; see `ClosedLoop`."""

    ego: str = DRAWN
    replan_s: float | None = None
    engine: Engine = "libsumo"


@dataclass(frozen=True, eq=False, kw_only=True)
class Happened:
    """Hold a scene as it happened, what it achieved, and how often another plan was taken than the one before."""

    drawn: DrawnScene
    found: Achieved
    replans: int

    def provenance(self, driving: Driving) -> dict[str, str]:
        """Return what a scene says of how it happened."""
        told = {"ego_driven_by": driving.ego, "played_in": f"SUMO, {driving.engine}"}
        return told if driving.ego == DRAWN else told | {
            "replan_s": f"{driving.replan_s or REPLAN_S:g}", "replans": str(self.replans)
        }  # fmt: skip


def let_happen(
    loop: ClosedLoop, start: Start, drawn: DrawnScene, *, model: MotionCheckpoint, guidance: Guidance, seed: int
) -> Happened | tuple[str, float]:
    """Return what came of a draw that is as asked, or one of `ALL_REFUSALS` and the number that is not as asked.

    Parameters
    ----------
    loop
        Who drives.
    start, drawn
        What was drawn, and from what.
    model, guidance, seed
        Of what is drawn again.
    """
    assert guidance.ttc_s is not None
    asked: Any = {"ttc_s": guidance.ttc_s, "angle_deg": guidance.angle_deg, "bearing_deg": guidance.bearing_deg}

    def badness(fine: NDArray[np.float32]) -> float:
        """Return less for what is as asked than for another time to collision, and that than for all else."""
        made = judge_drawn(start, dataclasses.replace(drawn, fine=fine), **asked)
        if isinstance(made, Achieved):
            return abs(made.ttc_s - float(asked["ttc_s"]))
        if made[0] == REFUSALS[4]:
            return 10.0 + abs(made[1] - float(asked["ttc_s"]))
        return 100.0 + len(REFUSALS) - REFUSALS.index(made[0])

    foreseen = loop.without_replans(start, drawn)
    if isinstance(foreseen, str):
        return foreseen, float("nan")
    found = judge_drawn(start, foreseen, **asked)
    if not isinstance(found, Achieved):
        return found
    happened = loop.happens(start, foreseen, Planning(model=model, guidance=guidance, seed=seed, badness=badness))
    if isinstance(happened, str):
        return happened, float("nan")
    if loop.ego != DRAWN:
        found = judge_drawn(start, happened.drawn, **asked)
        assert isinstance(found, Achieved), "a plan that is not as asked replaces none that is"
    return Happened(drawn=happened.drawn, found=found, replans=happened.replans)
