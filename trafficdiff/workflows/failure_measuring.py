"""Measure a search for failures against brute force: whether they agree, and how many simulations each takes.

Three things are compared, on the same windows with the same model and ego:

- *brute force*: every window drawn equally often, none of them led;
- *searches* with draws of their own, as `workflows.failure_search` makes them;
- *replays* of the search that take their draws from those of brute force. They need no simulation, and what they
  estimate is known exactly, so that how often their intervals hold it can be counted.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.metrics.failure_rate import FailureRate, WeightedDraws, failure_rate
from trafficdiff.workflows.failure_drives import WindowDrives
from trafficdiff.workflows.failure_rounds import Outcomes, Plan, spend
from trafficdiff.workflows.failure_search import ego_under_test, guidance_of
from trafficdiff.workflows.failure_windows import opened_windows, risks_at_start, usual_km
from trafficdiff.workflows.motion_drawing import scene_model
from trafficdiff.workflows.progress import quiet

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from trafficdiff.datatypes.motion_scene import MotionScene
    from trafficdiff.workflows.progress import Progress

__all__ = [
    "Measured",
    "Pool",
    "Population",
    "brute_force",
    "coverage",
    "pool_rate",
    "population",
    "replayed",
    "searched",
]


@dataclass(frozen=True, eq=False)
class Population:
    """Hold windows, their risks at the start by user, and what their egos are guessed to drive [km]."""

    motions: list[MotionScene]
    risks: list[NDArray[np.float64]]
    usual: NDArray[np.float64]

    @property
    def risk(self) -> NDArray[np.float64]:
        """The largest risk of each window, shape (N,)."""
        return np.array([one.max() for one in self.risks])


@dataclass(frozen=True, eq=False)
class Pool:
    """Hold brute force: shape (N, k) each, and the processor time that it took [s]."""

    failed: NDArray[np.bool_]
    margin_s: NDArray[np.float64]
    km: NDArray[np.float64]
    cpu_s: float

    def __call__(self, scene: NDArray[np.int64], led: NDArray[np.bool_], *, seed: int) -> Outcomes:
        """Return draws of windows (n,) out of the pool, with replacement; nothing is led."""
        at = np.random.default_rng(seed).integers(self.failed.shape[1], size=len(scene))
        return Outcomes(
            failed=self.failed[scene, at], margin_s=self.margin_s[scene, at], km=self.km[scene, at],
            log_ratio=np.zeros(len(led)),
        )  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """Hold one search: its rate, and the processor time that it took [s]."""

    rate: FailureRate
    cpu_s: float


def population(sources: Sequence[Path], *, seed: int) -> Population:
    """Return the windows of some sources together."""
    motions = [window.motion for source in sources for window in opened_windows(source, seed=seed).windows]
    return Population(motions, [risks_at_start(one) for one in motions], np.array([usual_km(one) for one in motions]))


def brute_force(
    asked: Population, *, ego: str, draws: int, seed: int, checkpoint: Path | None = None, progress: Progress = quiet
) -> Pool:
    """Return so many draws of every window, driven."""
    began = time.process_time()
    scenes = len(asked.motions)
    total = scenes * draws
    drives = WindowDrives(
        asked.motions,
        ego_under_test(ego),
        scene_model(checkpoint),
        told=lambda done: progress("brute force", done / total),
    )
    outcomes = drives(np.repeat(np.arange(scenes), draws), np.zeros(total, bool), seed=seed)
    return Pool(
        outcomes.failed.reshape(scenes, draws), outcomes.margin_s.reshape(scenes, draws),
        outcomes.km.reshape(scenes, draws), time.process_time() - began,
    )  # fmt: skip


def pool_rate(pool: Pool, *, seed: int = 0) -> FailureRate:
    """Return the rate of a pool, with the interval of draws that know nothing of each other."""
    scenes, draws = pool.failed.shape
    order = np.random.default_rng(seed).permutation(pool.failed.size)
    km = pool.km.ravel()[order]
    return failure_rate([
        WeightedDraws(
            failed=pool.failed.ravel()[order], km=km, usual_km=np.full(len(km), km.mean()), weight=np.ones(len(km)),
            expected=np.full(len(km), float(draws)), scenes=scenes, scene_km=float(km.mean()),
        )
    ])  # fmt: skip


def searched(
    asked: Population, plan: Plan, *, ego: str, seed: int, budget_nats: float = 3.0, checkpoint: Path | None = None
) -> Measured:
    """Return the rate of a search with draws of its own."""
    began = time.process_time()
    drives = WindowDrives(
        asked.motions, ego_under_test(ego), scene_model(checkpoint),
        guidance=guidance_of(asked.risks, budget_nats) if plan.led else None,
    )  # fmt: skip
    rounds = spend(plan, drives, risk=asked.risk, usual_km=asked.usual, seed=seed)
    return Measured(failure_rate([one.draws for one in rounds]), time.process_time() - began)


def replayed(asked: Population, plan: Plan, pool: Pool, *, seeds: Sequence[int]) -> list[FailureRate]:
    """Return the rates of searches whose draws come from a pool."""
    made = []
    for seed in seeds:
        rounds = spend(plan, pool, risk=asked.risk, usual_km=asked.usual, seed=seed)
        made.append(failure_rate([one.draws for one in rounds]))
    return made


def coverage(rates: Sequence[FailureRate], pool: Pool) -> dict[str, float]:
    """Return what replays say: how often intervals hold the pool's rate, the bias, the spread, and what it saves.

    ``fewer`` is by how much brute force would have to be longer to spread as little, ``claimed`` what intervals say.
    """
    per_scene = float(pool.failed.mean())
    truth = 1e6 * per_scene / float(pool.km.mean())
    values = np.array([one.per_million_km for one in rates])
    spread = float(np.sqrt(np.square(values / truth - 1).mean()))
    simulations = rates[0].simulations
    return {
        "held": float(np.mean([one.low <= truth <= one.high for one in rates])),
        "too low": float(np.mean([one.high < truth for one in rates])),
        "too high": float(np.mean([one.low > truth for one in rates])),
        "mean over truth": float(values.mean() / truth), "relative spread": spread,
        "fewer": 1 / (per_scene * spread**2) / simulations,
        "claimed": float(np.median([one.plain_simulations for one in rates])) / simulations,
    }  # fmt: skip
