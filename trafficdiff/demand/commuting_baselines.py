"""Expect commuting flows without a neural network: uniform, gravity, gradient-boosted trees.

::

    uniform    T_od ~ 1
    gravity    T_od ~ workers_o^a  population_d^b  f(d_od)        f = exp(-c d)  or  (d + 1 km)^-c
    trees      T_od = F(zone o, zone d, d_od, size of the area)

Each answers with expected flows from zone to zone, shape (Z, Z); the diagonal is nobody's business here and 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from trafficdiff.demand.commuting import flows_of
from trafficdiff.errors import InputError, MissingDependencyError
from trafficdiff.units import METRES_PER_KILOMETRE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from trafficdiff.datatypes.scene import Scene

__all__ = ["CommutingGravity", "CommutingTrees", "fit_commuting_gravity", "fit_commuting_trees", "uniform_flows"]

_STEPS: Final = 30
_CLOSE: Final = 1e-6
_RIDGE: Final = 1e-9

PAIRS_AN_AREA: Final = 1_000
"""Pairs of zones that the trees learn from in an area; more areas teach more than more pairs of one."""
_TREES: Final = 300
_LEAVES: Final = 63
_RATE: Final = 0.1


def uniform_flows(scene: Scene) -> NDArray[np.float64]:
    """Return the same flow between all pairs of zones; all of them add up to 1."""
    apart = _apart(scene)
    return np.asarray(apart / apart.sum())


@dataclass(frozen=True)
class CommutingGravity:
    """Hold a fitted gravity model; call it with a scene for its flows, all of which add up to 1.

    Parameters
    ----------
    origin_power, destination_power
        Of the workers at the origin and of the population at the destination, plus one each.
    deterrence
        Of distance: [1/km] if exponential, the exponent if a power.
    shape
        Which of both.
    """

    origin_power: float
    destination_power: float
    deterrence: float
    shape: Literal["exponential", "power"]

    def __call__(self, scene: Scene) -> NDArray[np.float64]:
        """Return the share of each pair of zones, shape (Z, Z)."""
        powers = np.array([self.origin_power, self.destination_power, self.deterrence])
        share = _softmax(_gravity_terms(scene, self.shape) @ powers)
        flows = np.zeros((len(scene), len(scene)))
        flows[_apart(scene)] = share
        return flows


def fit_commuting_gravity(
    scenes: Sequence[Scene], *, shape: Literal["exponential", "power"] = "exponential"
) -> CommutingGravity:
    """Return the gravity model of maximum likelihood; every area counts the same.

    The log-likelihood of shares ``q = softmax(X theta)`` is concave in theta, with slope ``E_T[X] - E_q[X]`` and
    curvature ``-Cov_q[X]`` in each area; Newton's method finds its only maximum.

    Raises
    ------
    InputError
        If no scene has trips.
    """
    known = [(_gravity_terms(scene, shape), _shares(scene)) for scene in scenes if len(scene.trips) and len(scene) > 2]
    if not known:
        raise InputError("expected commuting areas with trips to fit gravity on, got none; give more areas")
    powers = np.zeros(3)
    for _ in range(_STEPS):
        slope, curvature = np.zeros(3), _RIDGE * np.eye(3)
        for terms, share in known:
            expected = _softmax(terms @ powers)
            mean = expected @ terms
            slope += share @ terms - mean
            curvature += (terms * expected[:, None]).T @ terms - np.outer(mean, mean)
        step = np.linalg.solve(curvature, slope)
        powers += step
        if np.abs(step).max() < _CLOSE:
            break
    origin, destination, deterrence = powers.tolist()
    return CommutingGravity(origin, destination, deterrence, shape)


@dataclass(frozen=True, eq=False)
class CommutingTrees:
    """Hold gradient-boosted trees over pairs of zones; call it with a scene for commuters from zone to zone.

    Parameters
    ----------
    regressor
        A fitted ``sklearn.ensemble.HistGradientBoostingRegressor``.
    columns
        Zone columns that it reads, in its order.
    """

    regressor: Any
    columns: tuple[str, ...]

    def __call__(self, scene: Scene) -> NDArray[np.float64]:
        """Return the expected commuters of each pair of zones, shape (Z, Z)."""
        flows = np.zeros((len(scene), len(scene)))
        origin, destination = np.nonzero(_apart(scene))
        flows[origin, destination] = self.regressor.predict(_pair_table(scene, self.columns, origin, destination))
        return flows


def fit_commuting_trees(
    scenes: Sequence[Scene], *, generator: np.random.Generator, pairs_an_area: int = PAIRS_AN_AREA
) -> CommutingTrees:
    """Return trees that expect the commuters of a pair of zones, fitted with Poisson deviance.

    Parameters
    ----------
    scenes
        Areas to learn from; every area counts the same, whatever its size.
    generator
        Draws the pairs.

    Other Parameters
    ----------------
    pairs_an_area
        At most so many pairs of an area are learned from, those without commuters among them.

    Raises
    ------
    MissingDependencyError
        If scikit-learn is not installed.
    """
    try:
        from sklearn.ensemble import HistGradientBoostingRegressor
    except ImportError as error:
        raise MissingDependencyError(
            "expected scikit-learn for gradient-boosted trees, found none; pip install scikit-learn, or leave them out"
        ) from error
    columns = _readable(scenes)
    parts = [_sample(scene, columns, generator, pairs_an_area) for scene in scenes if len(scene.trips)]
    table, commuters, weight = (np.concatenate(part) for part in zip(*parts, strict=True))
    regressor = HistGradientBoostingRegressor(
        loss="poisson", max_iter=_TREES, max_leaf_nodes=_LEAVES, learning_rate=_RATE, random_state=0
    )
    return CommutingTrees(regressor.fit(table, commuters, sample_weight=weight), columns)


def _sample(
    scene: Scene, columns: tuple[str, ...], generator: np.random.Generator, most: int
) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float64]]:
    """Return pairs of one area: what is known, their commuters, and weights that make areas count the same."""
    flows = flows_of(scene)
    origin, destination = np.nonzero(_apart(scene))
    drawn = generator.permutation(len(origin))[:most]
    weight = np.full(len(drawn), len(origin) / len(drawn) / flows.sum())
    origin, destination = origin[drawn], destination[drawn]
    return _pair_table(scene, columns, origin, destination), flows[origin, destination], weight


def _readable(scenes: Sequence[Scene]) -> tuple[str, ...]:
    """Return zone columns that all scenes have, that do not turn with the map and are known somewhere."""
    if not scenes:
        raise InputError("expected commuting areas to fit trees on, got none; give more areas")
    turning = {name for scene in scenes for pair in scene.directional for name in pair}
    known = {
        name
        for scene in scenes
        for column, name in enumerate(scene.zone_columns)
        if np.isfinite(scene.zone_values[:, column]).any()
    }
    shared = set.intersection(*(set(scene.zone_columns) for scene in scenes))
    return tuple(name for name in scenes[0].zone_columns if name in (shared & known) - turning)


def _pair_table(
    scene: Scene, columns: tuple[str, ...], origin: NDArray[np.int64], destination: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return what the trees read of pairs of zones: both zones, their distance [km], and how many zones there are."""
    zones = scene.zone_values[:, [scene.zone_columns.index(name) for name in columns]]
    apart = _distance_km(scene)[origin, destination]
    count = np.full(len(origin), len(scene))
    return np.concatenate([zones[origin], zones[destination], np.stack([apart, count], axis=1)], axis=1).astype(
        np.float32
    )


def _gravity_terms(scene: Scene, shape: str) -> NDArray[np.float64]:
    """Return the logarithms of what gravity multiplies, shape (Z (Z - 1), 3)."""
    workers, population = (
        np.log1p(scene.zone_values[:, scene.zone_columns.index(name)].astype(np.float64))
        for name in ("workers", "population")
    )
    distance_km = _distance_km(scene)
    apart = -distance_km if shape == "exponential" else -np.log1p(distance_km)
    origin, destination = np.nonzero(_apart(scene))
    return np.stack([workers[origin], population[destination], apart[origin, destination]], axis=1)


def _shares(scene: Scene) -> NDArray[np.float64]:
    flows = flows_of(scene)[_apart(scene)]
    return np.asarray(flows / flows.sum())


def _distance_km(scene: Scene) -> NDArray[np.float64]:
    xy_km = scene.zone_xy_m.astype(np.float64) / METRES_PER_KILOMETRE
    return np.asarray(np.hypot(*(xy_km[:, None] - xy_km[None]).transpose(2, 0, 1)))


def _apart(scene: Scene) -> NDArray[np.bool_]:
    return ~np.eye(len(scene), dtype=bool)


def _softmax(logit: NDArray[np.float64]) -> NDArray[np.float64]:
    mass = np.exp(logit - logit.max())
    return np.asarray(mass / mass.sum())
