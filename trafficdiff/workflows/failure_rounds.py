"""Spend simulations where they say most: rounds of draws, each selected by what the rounds before have seen.

::

    risk of each scene ─▶ draws expected of each ─▶ systematic selection ─▶ simulations ─┬─▶ weighted draws (the rate)
            ▲                                                                            │
            └──────────────── how nearly each draw failed ───────────────────────────────┘

How many draws a scene should get is known where its share of failures p is: in proportion to sqrt(p), which minimises
the variance of the sum (Neyman 1934). p is not known, but how nearly draws fail says more than whether they do, and
before anything is simulated the risk at the start says something too (`failure_windows.risks_at_start`). A share of all
draws is spread evenly, so that nothing is ever left out, and weights stay bounded.

Scenes that often nearly fail are drawn partly led (`trafficdiff.diffusion.motion_guidance`), if asked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from trafficdiff.errors import Faults, InputError
from trafficdiff.metrics.failure_rate import WeightedDraws, mixture_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Outcomes", "Plan", "Round", "Simulate", "selected", "spend", "usual_rounds"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Outcomes:
    """Hold what came of n simulations.

    Parameters
    ----------
    failed
        Shape (n,).
    margin_s
        Shape (n,), by how much the ego and whoever it came nearest to missed each other [s]; 0 where it failed,
        infinite where nobody's way met its own.
    km
        Shape (n,), what the ego drove [km].
    log_ratio
        Shape (n,), ln p / q of the path under the model and led, however it was drawn; 0 where nobody can be led.
    """

    failed: NDArray[np.bool_]
    margin_s: NDArray[np.float64]
    km: NDArray[np.float64]
    log_ratio: NDArray[np.float64]


class Simulate(Protocol):
    """Draw scenes and drive the ego through them."""

    def __call__(self, scene: NDArray[np.int64], led: NDArray[np.bool_], *, seed: int) -> Outcomes:
        """Return what comes of draws of scenes (n,), led or not (n,)."""


def usual_rounds(simulations: int) -> int:
    """Return in how many rounds simulations are spent: six, more where each would have more than 1,350.

    Few large rounds see failures late; of many small ones the first says next to nothing.
    """
    return min(max(_ROUNDS, simulations // _LARGE), 100)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Say how simulations are spent.

    Parameters
    ----------
    simulations, rounds
        In all, and in how many rounds; 0 for as many as are usual (`usual_rounds`).
    even
        Share of draws that is spread evenly over all scenes.
    led
        Share of the draws of a scene that are led; 0 for none.

    Raises
    ------
    InputError
        Listing all that cannot be.
    """

    simulations: int = 2_000
    rounds: int = 0
    even: float = 0.5
    led: float = 0.0

    def __post_init__(self) -> None:
        faults = Faults("search for failures")
        if not 0 <= self.rounds <= 100:
            faults.add(f"expected 1 to 100 rounds, or 0 for the usual number, got {self.rounds}")
        elif self.rounds == 0:
            object.__setattr__(self, "rounds", usual_rounds(self.simulations))
        if not 2 * self.rounds <= self.simulations <= 10_000_000:
            faults.add(f"expected from {2 * self.rounds} to 10,000,000 simulations, got {self.simulations}")
        if not 0 < self.even <= 1:
            faults.add(f"expected a share of even draws above 0 and up to 1, got {self.even:g}")
        if not 0 <= self.led < 1:
            faults.add(f"expected a share of led draws from 0 and below 1, got {self.led:g}")
        faults.raise_if_any(InputError)


@dataclass(frozen=True, eq=False)
class Round:
    """Hold one round: which scenes were drawn, which draws were led, what came of them, their weights."""

    scene: NDArray[np.int64]
    led: NDArray[np.bool_]
    seed: int
    outcomes: Outcomes
    draws: WeightedDraws


_ROUNDS: Final = 6
_LARGE: Final = 1_350
_NEAR_S: Final = 0.8
_NEARLY: Final = 0.3
"""A draw that missed somebody by m seconds counts ``_NEARLY exp(-(m / _NEAR_S)^2)`` of a failure."""
_PRIOR: Final = 3.0
"""How many draws of a scene the risk at the start counts as."""
_GUESSED: Final = 0.01
_LEAST: Final = 1e-4
"""What a risk of 1 is worth before anything is seen, in failures a draw, and at least."""


@dataclass(eq=False)
class _Seen:
    """Sum up by scene how nearly its draws failed, and over all what risks are worth."""

    risk: NDArray[np.float64]
    near: NDArray[np.float64] = field(init=False)
    count: NDArray[np.float64] = field(init=False)
    happened: float = 0.0
    feared: float = 0.0

    def __post_init__(self) -> None:
        self.near, self.count = np.zeros_like(self.risk), np.zeros_like(self.risk)

    def add(self, scene: NDArray[np.int64], draws: WeightedDraws, outcomes: Outcomes) -> None:
        """Take in the draws of one round."""
        nearly = _NEARLY * np.exp(-np.square(outcomes.margin_s / _NEAR_S))
        near = draws.weight * np.where(outcomes.failed, 1.0, nearly)
        np.add.at(self.near, scene, near)
        np.add.at(self.count, scene, 1.0)
        self.happened += float((near / draws.expected).sum())
        self.feared += float((self.risk[scene] / draws.expected).sum())

    def expected(self, count: int, *, even: float) -> NDArray[np.float64]:
        """Return how many draws each scene is to get of so many: in proportion to the root of its likely failures."""
        worth = max(self.happened / self.feared, _LEAST) if self.feared > 0 else _GUESSED
        wanted = np.sqrt((self.near + _PRIOR * worth * self.risk) / (self.count + _PRIOR))
        scenes = len(wanted)
        share = wanted / wanted.sum() if wanted.sum() > 0 else np.full(scenes, 1 / scenes)
        return np.asarray(count * ((1 - even) * share + even / scenes))


def spend(
    plan: Plan, simulate: Simulate, *, risk: NDArray[np.float64], usual_km: NDArray[np.float64], seed: int
) -> list[Round]:
    """Return rounds of draws, together as many as planned.

    Parameters
    ----------
    plan, simulate
        How many, and how.
    risk
        Shape (N,), how likely each scene is to hold a failure, 0 to 1, before anything is simulated.
    usual_km
        Shape (N,), a guess of what the ego drives in each [km].
    seed
        Of everything random.
    """
    generator = np.random.default_rng([seed, 0xFA11])
    seen = _Seen(np.asarray(risk, np.float64))
    made = []
    for number in range(plan.rounds):
        count = plan.simulations * (number + 1) // plan.rounds - plan.simulations * number // plan.rounds
        expected = seen.expected(count, even=plan.even)
        scene = selected(expected, order=np.argsort(expected, kind="stable"), generator=generator)
        led = generator.random(len(scene)) < plan.led
        own_seed = int(generator.integers(2**31))
        outcomes = simulate(scene, led, seed=own_seed)
        weight = mixture_weights(outcomes.log_ratio, np.full(len(scene), 1 - plan.led))
        draws = WeightedDraws(
            failed=outcomes.failed, km=outcomes.km, usual_km=usual_km[scene], weight=weight, expected=expected[scene],
            scenes=len(usual_km), scene_km=float(usual_km.mean()),
        )  # fmt: skip
        seen.add(scene, draws, outcomes)
        made.append(Round(scene, led, own_seed, outcomes, draws))
    return made


def selected(
    expected: NDArray[np.float64], *, order: NDArray[np.int64], generator: np.random.Generator
) -> NDArray[np.int64]:
    """Return scenes drawn systematically: each as often as expected, rounded down or up, one random number for all.

    Parameters
    ----------
    expected
        Shape (N,), how often each is to be drawn.
    order
        Shape (N,), in which scenes are gone through; neighbours are alike.
    generator
        Of the random number.
    """
    ends = np.cumsum(expected[order])
    at = generator.random() + np.arange(int(np.ceil(ends[-1] - 1e-9)))
    at = at[at < ends[-1] * (1 + 1e-12)]
    return np.asarray(order[np.minimum(np.searchsorted(ends, at, side="right"), len(order) - 1)])
