"""Estimate a rate of rare failures from weighted draws, and bound it.

Scenes are drawn unevenly, and led, where failures are likely; weights undo both. With N scenes in the population,
``c_i`` draws of scene i expected, and ``w = p / q`` the weight of a draw within its scene, failures a scene and
kilometres a scene are estimated by::

    F = sum over draws of  w failed / (N c)                 K = mean m_i + sum over draws of  w (km - m) / (N c)

where ``m_i`` is a guess of the kilometres of scene i, which takes most of the spread out of K. The rate is ``F / K``.

**Spread.** Draws come in the order in which they were selected, one after another along scenes sorted by risk
(systematic selection). Half the squared differences of neighbours measure what is left of the spread then (Wolter 2007,
"Introduction to variance estimation", section 8.2, estimator v2), here of
``d = w (failed - rate (km - m)) / (N c)``, the linearised ratio.

**Rounds.** Later rounds select by what earlier ones have seen. Each is unbiased given those before, so any weights that
do not look at the draws will do: round k counts its draws times sqrt(k) (Owen and Zhou 2020, "The square root rule for
adaptive importance sampling").

**Interval.** A weighted count with mean y and variance v is taken for a gamma with these moments, and the upper bound
for one with one more draw of the largest weight of all, failed or not (Fay and Feuer 1997, Statistics in Medicine 16,
791-801). Where all weights are 1 this is the exact interval of a Poisson count (Garwood 1936).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.errors import Faults, InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["FEW_FAILURES", "FailureRate", "WeightedDraws", "effective_count", "failure_rate", "mixture_weights"]

FEW_FAILURES: Final = 10.0
"""Effective failures below which a rate is said to rest on too few."""


@dataclass(frozen=True, eq=False, kw_only=True)
class WeightedDraws:
    """Hold what one round drew, in the order of selection; n draws from N scenes.

    Parameters
    ----------
    failed
        Shape (n,), whether the ego failed.
    km, usual_km
        Shape (n,), what it drove, and what was guessed of the draw's scene [km].
    weight
        Shape (n,), likelihood of the draw under the model over that under what it was drawn from.
    expected
        Shape (n,), how many draws of its scene were expected in this round.
    scenes, scene_km
        N, and the mean of the guesses over all of them [km].

    Raises
    ------
    InputError
        If shapes differ, weights are negative or not finite, or nothing was expected of a scene that was drawn.
    """

    failed: NDArray[np.bool_]
    km: NDArray[np.float64]
    usual_km: NDArray[np.float64]
    weight: NDArray[np.float64]
    expected: NDArray[np.float64]
    scenes: int
    scene_km: float

    def __post_init__(self) -> None:
        faults = Faults("weighted draws")
        for name in ("km", "usual_km", "weight", "expected"):
            values = getattr(self, name)
            if np.shape(values) != np.shape(self.failed):
                faults.add(f"expected {name} of shape {np.shape(self.failed)}, got {np.shape(values)}")
            elif not np.isfinite(values).all() or (values < 0).any():
                faults.add(f"expected finite {name} of 0 or more, got others")
            elif name == "expected" and (values <= 0).any():
                faults.add("expected more than 0 draws of scenes that were drawn, got 0")
        if self.scenes < 1:
            faults.add(f"expected one scene or more, got {self.scenes}")
        faults.raise_if_any(InputError)

    @property
    def share(self) -> NDArray[np.float64]:
        """How much of the population each draw stands for, shape (n,); sums to 1 but for chance."""
        return self.weight / (self.expected * self.scenes)


@dataclass(frozen=True, kw_only=True)
class FailureRate:
    """Hold a rate with its interval.

    Parameters
    ----------
    per_million_km, low, high, confidence
        Failures in a million kilometres, and bounds.
    per_scene, km_per_scene
        Failures and kilometres of one scene of the population, on average.
    failures, effective_failures
        Draws that failed, and how many unweighted failures would be as sure.
    simulations, effective_simulations
        Draws, and how many unweighted ones of evenly drawn scenes would be as sure of a common event.
    mean_weight, mean_weight_error
        Of all draws, 1 but for chance; standard error.
    """

    per_million_km: float
    low: float
    high: float
    confidence: float
    per_scene: float
    km_per_scene: float
    failures: int
    effective_failures: float
    simulations: int
    effective_simulations: float
    mean_weight: float
    mean_weight_error: float

    @property
    def rests_on_few(self) -> bool:
        """Whether too few failures were seen for the rate to be more than a bound."""
        return self.effective_failures < FEW_FAILURES

    @property
    def plain_simulations(self) -> float:
        """Simulations that would give as narrow an interval without selection and guidance; NaN without failures."""
        return self.effective_failures / self.per_scene if self.per_scene > 0 else float("nan")


def mixture_weights(log_ratio: NDArray[np.float64], share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weights of draws from a mixture: a share of them as the model draws, the rest led.

    Parameters
    ----------
    log_ratio
        Shape (n,), ln p / q of each path, whichever way it was drawn (`diffusion.motion_sampler`).
    share
        Shape (n,), of draws that are not led, above 0.

    Returns
    -------
    ``p / (share p + (1 - share) q)``, at most ``1 / share`` (the balance heuristic: Veach and Guibas 1995).
    """
    other = np.exp(np.clip(-np.asarray(log_ratio, np.float64), -700.0, 700.0))
    return np.asarray(1.0 / (share + (1.0 - share) * other))


def effective_count(weight: NDArray[np.float64]) -> float:
    """Return how many equal weights would be as sure, ``(sum w)^2 / sum w^2`` (Kish 1965); 0 for none."""
    squares = float(np.square(weight).sum())
    return float(weight.sum()) ** 2 / squares if squares > 0 else 0.0


def failure_rate(rounds: Sequence[WeightedDraws], *, confidence: float = 0.95) -> FailureRate:
    """Return the rate that rounds of draws give together, see above.

    Raises
    ------
    InputError
        If there is no draw, or nothing is driven.
    """
    rounds = [one for one in rounds if len(one.failed)]
    if not rounds:
        raise InputError("expected at least one draw to estimate a rate from, got none")
    counts = np.array([len(one.failed) * np.sqrt(number) for number, one in enumerate(rounds, start=1)])
    parts = counts / counts.sum()
    per_scene = float(sum(part * (one.share * one.failed).sum() for part, one in zip(parts, rounds, strict=True)))
    km = float(sum(part * _km(one) for part, one in zip(parts, rounds, strict=True)))
    if not km > 0:
        raise InputError("expected an ego that drives, got none that moves: no kilometres, no rate")
    variance = sum(
        float(part**2) * _spread(one.share * (one.failed - per_scene / km * (one.km - one.usual_km)))
        for part, one in zip(parts, rounds, strict=True)
    )
    last = max(part * float(one.share.max()) for part, one in zip(parts, rounds, strict=True))
    low, high = _gamma_bounds(per_scene, variance, last, confidence=confidence)
    weight = np.concatenate([part * one.share for part, one in zip(parts, rounds, strict=True)])
    within = np.concatenate([one.weight for one in rounds])
    return FailureRate(
        per_million_km=1e6 * per_scene / km, low=1e6 * low / km, high=1e6 * high / km, confidence=confidence,
        per_scene=per_scene, km_per_scene=km, failures=int(sum(one.failed.sum() for one in rounds)),
        effective_failures=per_scene**2 / variance if per_scene > 0 and variance > 0 else 0.0,
        simulations=len(weight), effective_simulations=effective_count(weight), mean_weight=float(within.mean()),
        mean_weight_error=float(within.std() / np.sqrt(len(within))),
    )  # fmt: skip


def _km(one: WeightedDraws) -> float:
    return one.scene_km + float((one.share * (one.km - one.usual_km)).sum())


def _spread(terms: NDArray[np.float64]) -> float:
    """Return the variance of a sum of terms that were selected systematically."""
    count = len(terms)
    if count < 2:
        return float(np.square(terms).sum())
    return float(count / (count - 1) * np.square(np.diff(terms)).sum() / 2)


def _gamma_bounds(mean: float, variance: float, last: float, *, confidence: float) -> tuple[float, float]:
    from scipy.special import gammaincinv  # scipy.stats takes half a second to import

    tail = (1 - confidence) / 2
    low = float(gammaincinv(mean**2 / variance, tail)) * variance / mean if mean > 0 and variance > 0 else 0.0
    upper, spread = mean + last, variance + last**2
    if mean <= 0:
        upper, spread = last, last**2
    return low, float(gammaincinv(upper**2 / spread, 1 - tail)) * spread / upper
