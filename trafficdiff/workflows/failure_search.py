"""Search for scenes in which an ego fails, and say how often that happens: a rate per million km with its interval.

::

    windows ─▶ risk at the start ─▶ rounds of draws, driven by the ego ─┬─▶ rate, interval
                                        ▲ what nearly failed ───────────┴─▶ the most likely failures ─▶ AV scenes
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.errors import Faults, InputError
from trafficdiff.metrics.failure_rate import FailureRate, failure_rate
from trafficdiff.publish import publishing, real_path, refuse_taken
from trafficdiff.workflows.failure_drives import FailedDraw, WindowDrives
from trafficdiff.workflows.failure_rounds import Plan, Round, spend
from trafficdiff.workflows.failure_windows import Windows, opened_windows, risks_at_start, usual_km
from trafficdiff.workflows.motion_drawing import scene_model
from trafficdiff.workflows.progress import quiet

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from trafficdiff.datatypes.ego_view import EgoPolicy
    from trafficdiff.diffusion.motion_guidance import Guidance
    from trafficdiff.workflows.progress import Progress

__all__ = [
    "KIND",
    "FoundFailures",
    "LikelyFailure",
    "ego_under_test",
    "guidance_of",
    "likely_failures",
    "search_failures",
]

KIND: Final = "found failures"
"""What the manifest says; with AV scenes it is that of ``scenes find``, so that they are shown as those are."""
_MOST: Final = 1_000
_ASKED_S: Final = 0.5
_LEADABLE: Final = 0.05
"""Risk at the start below which nobody is led to the ego."""


@dataclass(frozen=True, eq=False)
class LikelyFailure:
    """Hold a failure, how much of all failures its window stands for, and how often its window's draws failed."""

    draw: FailedDraw
    weight: float
    share: float
    failed: int
    draws: int


@dataclass(frozen=True, eq=False, kw_only=True)
class FoundFailures:
    """Say what was found.

    Parameters
    ----------
    directory
        Where it was written, None if it was not.
    rate, rounds
        The rate, and the draws that it comes from.
    failures
        The most likely ones, each window once before any comes twice.
    windows
        The population, and what was left out of it.
    touches
        How often which touch was seen, whether a failure or not.
    scenes
        Names of AV scenes that were written, by their place among the failures.
    cpu_s, checkpoint_sha256
        Processor time [s], and the scene model.
    """

    directory: Path | None
    rate: FailureRate
    rounds: list[Round]
    failures: list[LikelyFailure]
    windows: Windows
    touches: dict[str, int]
    scenes: dict[int, str]
    cpu_s: float
    checkpoint_sha256: str


def search_failures(
    source: Path,
    directory: Path | None,
    *,
    ego: str = "idm",
    count: int = 20,
    seed: int = 0,
    plan: Plan | None = None,
    budget_nats: float = 3.0,
    checkpoint: Path | None = None,
    progress: Progress = quiet,
) -> FoundFailures:
    """Search for failures of an ego and publish what is found, whole or not at all.

    Parameters
    ----------
    source
        A corpus of motion scenes, a run with tracks, an AV scene or a folder of them.
    directory
        The directory to make, None for none: ``failures.json``, ``failures.csv``, and AV scenes where a net is known.

    Other Parameters
    ----------------
    ego
        Who drives, see `simulation.ego_policies.ego_policy`.
    count
        Most failures that are written.
    seed
        Of everything random.
    plan
        How simulations are spent.
    budget_nats
        How far draws that are led are led [nat]; nothing is led unless the plan says so.
    checkpoint
        The scene model; the shipped one if None.
    progress
        Receives stages and shares.

    Raises
    ------
    InputError
        Naming all that cannot be used, before any work; or if the source cannot.
    """
    began = time.process_time()
    plan = plan or Plan()
    policy = _checked(ego, directory, count=count, seed=seed, budget_nats=budget_nats)
    model = scene_model(checkpoint)
    windows = opened_windows(source, seed=seed, progress=progress)
    motions = [window.motion for window in windows.windows]
    risks = [risks_at_start(motion) for motion in motions]
    drives = WindowDrives(
        motions, policy, model, guidance=guidance_of(risks, budget_nats) if plan.led else None,
        told=lambda done: progress("driving", done / plan.simulations),
    )  # fmt: skip
    rounds = spend(
        plan, drives, risk=np.array([one.max() for one in risks]),
        usual_km=np.array([usual_km(one) for one in motions]), seed=seed,
    )  # fmt: skip
    rate = failure_rate([one.draws for one in rounds])
    likely = likely_failures(rounds, drives.failed, count=count)
    found = FoundFailures(
        directory=directory, rate=rate, rounds=rounds, failures=likely, windows=windows, touches=drives.touches,
        scenes={}, cpu_s=time.process_time() - began, checkpoint_sha256=model.sha256,
    )  # fmt: skip
    if directory is not None:
        from trafficdiff.workflows.failure_files import write_failures
        from trafficdiff.workflows.scenes_find import KIND as FOUND_SCENES

        with_scenes = any(windows.windows[one.draw.scene].net_file is not None for one in likely)
        with publishing(directory, kind=FOUND_SCENES if with_scenes else KIND) as made:
            progress("writing failures", None)
            found.scenes.update(
                write_failures(found, made, source=source, model=model, ego=policy.name, seed=seed, plan=plan)
            )
    return found


def ego_under_test(ego: str) -> EgoPolicy:
    """Return who drives.

    Raises
    ------
    InputError
        If it is nobody who can drive here.
    """
    from trafficdiff.simulation.ego_policies import ego_policy

    policy = ego_policy(ego)
    if policy is None:
        raise InputError(
            f"--ego {ego}: expected a policy that drives among drawn scenes (idm, faulty, late or module:Class), got "
            f"{ego!r}, which is none: SUMO's own driver runs in SUMO alone, and the drawn ego is the model's"
        )
    return policy


def guidance_of(risks: list[NDArray[np.float64]], budget_nats: float) -> list[Guidance | None]:
    """Return how each window is led: who likeliest meets the ego's way, to a time to collision of half a second."""
    from trafficdiff.diffusion.motion_guidance import Guidance

    return [
        Guidance(other=int(one.argmax()), ttc_s=_ASKED_S, budget_nats=budget_nats) if one.max() > _LEADABLE else None
        for one in risks
    ]


def likely_failures(rounds: list[Round], failed: list[FailedDraw], *, count: int) -> list[LikelyFailure]:
    """Return failures, those first whose window stands for most of the rate; each window once before any comes twice.

    Within a window the draw that weighs most comes first: the least led, and so the likeliest.
    """
    scene = np.concatenate([one.scene for one in rounds])
    has_failed = np.concatenate([one.outcomes.failed for one in rounds])
    stands_for = np.concatenate([len(one.scene) * one.draws.share for one in rounds]) * has_failed
    total = max(float(stands_for.sum()), 1e-300)
    weights = {(one.seed, place): float(one.draws.weight[place]) for one in rounds for place in range(len(one.scene))}
    by_window: dict[int, list[FailedDraw]] = {}
    for draw in failed:
        by_window.setdefault(draw.scene, []).append(draw)
    made = []
    for window, draws in by_window.items():
        own = scene == window
        share = float(stands_for[own].sum()) / total
        draws.sort(key=lambda one: -weights[one.seed, one.place])
        made += [
            (turn, -share, LikelyFailure(draw, weights[draw.seed, draw.place], share, int(has_failed[own].sum()),
                                         int(own.sum())))
            for turn, draw in enumerate(draws)
        ]  # fmt: skip
    made.sort(key=lambda one: one[:2])
    return [one for _, _, one in made[:count]]


def _checked(ego: str, directory: Path | None, *, count: int, seed: int, budget_nats: float) -> EgoPolicy:
    """Return the policy; raise with every fault of what is asked."""
    faults = Faults("scenes failures")
    if not 1 <= count <= _MOST:
        faults.add(f"expected a count from 1 to {_MOST:,}, got {count}")
    if not 0 <= seed < 2**31:
        faults.add(f"expected a seed from 0 to {2**31 - 1:,}, got {seed}")
    if not (np.isfinite(budget_nats) and budget_nats >= 0):
        faults.add(f"expected a budget of 0 nat or more, got {budget_nats:g}")
    policy: EgoPolicy | None = None
    try:
        policy = ego_under_test(ego)
    except InputError as error:
        faults.add(str(error))
    if directory is not None:
        try:
            refuse_taken(real_path(directory))
        except InputError as error:
            faults.add(str(error))
    faults.raise_if_any(InputError)
    assert policy is not None
    return policy
