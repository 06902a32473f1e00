"""Tune to a city's trips with differential privacy: noisy steps over clipped gradients of single trips.

Abadi et al. (2016), "Deep learning with differential privacy". Every trip is in a step's sample on its own with the
chance q; its gradient is cut to the length C, and normal noise is added to the sum::

    x  <-  x - eta ( (sum_i g_i min(1, C / |g_i|) + sigma C n) / (q N) + x / N )

The likelihood of a trip asks for that trip alone (`trafficdiff.diffusion.local_model`), so its gradient holds nothing
of another: the unit of privacy is one trip. A person with up to m of the trips is protected by full samples (q = 1)
and m times the noise, for then all they can move in a step is m C. Epsilon comes from opacus' accountant (Renyi
differential privacy, Mironov 2017).

Nothing else looks at the trips: no early stopping, no choice of a ridge; steps follow from epsilon, delta and the
number of trips, which is taken to be public. The net, its prior and the network's weights do not depend on them.
"""

from __future__ import annotations

import importlib
import math
import secrets
import warnings
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
from torch import Tensor
from torch.func import grad, vmap

from trafficdiff.diffusion.local_model import NEVER, LocalModel
from trafficdiff.errors import Faults, InputError, MissingDependencyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from trafficdiff.datatypes.scene import Scene, SceneTrips
    from trafficdiff.diffusion.local_model import Place
    from trafficdiff.diffusion.tuning_settings import PrivacySettings

__all__ = ["Budget", "budget_of", "clipped_sum", "note_faults", "trip_loss", "tune_privately"]

_CLIP: Final = 3.0
"""C: a trip has four choices, and the gradient of none is longer than `_ENDS` times the root of 2."""
_RATE: Final = 1.0
_SAMPLE: Final = 512
"""Trips in a step, on average, where there are more."""
_STEPS: Final = (200, 150, 100, 75, 50, 35, 25, 18, 12, 8, 6, 4, 3, 2, 1)
_MOST_NOISE: Final = 0.25
"""Steps are taken as long as the noise that they add up to has at most this standard deviation in every coordinate,
in units of the corrections' prior. A rule about noise alone, which no trip enters; declared on two cities."""
_ENDS: Final = 1.5
_AREAS: Final = 1.5
_BELIEF: Final = 0.1
_WAY: Final = 1.0
"""Units of the coordinates: what is usual of factors of ends, of pairs of areas, of belief and of travel times."""
_GROUPS: Final = 24
_AT_ONCE: Final = 128
_ORDERS: Final = [1.1, 1.25, 1.5, 1.75, *map(float, range(2, 33)), 40.0, 48.0, 64.0, 96.0, 128.0, 256.0, 512.0]
"""Orders of the Renyi divergence that the accountant looks at; more would only make the bound tighter."""
_LEAST_EPSILON: Final = 1e-3
_LEAST_NOISE: Final = 0.3
_MOST_SIGMA: Final = 1e4
_FINENESS: Final = 0.01


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Hold what is spent on privacy.

    Parameters
    ----------
    epsilon, delta
        What the accountant says of all steps together.
    noise, clip
        sigma (for one trip; times `trips_a_person` in the steps), and C.
    sample_rate, steps
        q, and how many steps.
    trips_a_person
        m.
    """

    epsilon: float
    delta: float
    noise: float
    clip: float
    sample_rate: float
    steps: int
    trips_a_person: int


def budget_of(privacy: PrivacySettings, trips: int) -> Budget:
    """Return sigma and the steps that keep to an epsilon.

    Raises
    ------
    InputError
        Listing every fault: numbers out of range, or so small an epsilon that noise would drown so few trips.
    MissingDependencyError
        If opacus is not installed.
    """
    faults = Faults("privacy")
    note_faults(privacy, trips, faults)
    faults.raise_if_any(InputError)
    delta = _delta(privacy, trips)
    people = privacy.trips_a_person
    rate = 1.0 if people > 1 else min(1.0, _SAMPLE / trips)
    for steps in _STEPS:
        noise = _noise(privacy.epsilon, delta, rate=rate, steps=steps)
        if noise is not None and _RATE * people * noise * _CLIP * math.sqrt(steps) / (rate * trips) <= _MOST_NOISE:
            return Budget(
                epsilon=_epsilon(noise, delta, rate=rate, steps=steps), delta=delta, noise=noise, clip=_CLIP,
                sample_rate=rate, steps=steps, trips_a_person=people,
            )  # fmt: skip
    raise InputError(
        f"expected an epsilon that {trips} trips can serve (delta {delta:.2g}, {people} trips a person), got "
        f"{privacy.epsilon:g}: one step would already be drowned in noise; give more trips or a larger epsilon"
    )


def _delta(privacy: PrivacySettings, trips: int) -> float:
    return 1 / (10 * max(trips, 1)) if privacy.delta is None else privacy.delta


def note_faults(privacy: PrivacySettings, trips: int, faults: Faults) -> None:
    """Note what is wrong with the privacy that is asked for so many trips."""
    delta, most = _delta(privacy, trips), max(trips, 1)
    if not (math.isfinite(privacy.epsilon) and privacy.epsilon >= _LEAST_EPSILON):
        faults.add(f"expected an epsilon of {_LEAST_EPSILON:g} or more, got {privacy.epsilon:g}")
    if not 0 < delta <= 1 / most:
        faults.add(f"expected a delta above 0 and of at most 1 / trips = {1 / most:.3g}, got {delta:g}")
    if not 1 <= privacy.trips_a_person <= most:
        faults.add(f"expected from 1 to {most} trips a person, got {privacy.trips_a_person}")


def _accountant() -> Any:
    try:
        return importlib.import_module("opacus.accountants.analysis.rdp")
    except ImportError as error:
        raise MissingDependencyError(
            "expected opacus, which accounts for privacy, found none; pip install 'trafficdiff[privacy]'"
        ) from error


@lru_cache(maxsize=256)
def _renyi(noise: float, rate: float) -> NDArray[np.float64]:
    """Return the Renyi divergence of one step by order."""
    return np.asarray(_accountant().compute_rdp(q=rate, noise_multiplier=noise, steps=1, orders=_ORDERS))


def _epsilon(noise: float, delta: float, *, rate: float, steps: int) -> float:
    spent = (steps * _renyi(noise, rate)).tolist()
    with warnings.catch_warnings():  # at the ends of the orders the bound holds, too; it is only less tight
        warnings.simplefilter("ignore", UserWarning)
        return float(_accountant().get_privacy_spent(orders=_ORDERS, rdp=spent, delta=delta)[0])


def _noise(epsilon: float, delta: float, *, rate: float, steps: int) -> float | None:
    """Return a sigma that keeps to an epsilon and is hardly larger than needed; None if there is none below 10^4."""
    powers = _FINENESS * np.arange(math.log(_LEAST_NOISE) / _FINENESS, math.log(_MOST_SIGMA) / _FINENESS)
    ladder = np.exp(powers)
    low, high = 0, len(ladder)
    while low < high:
        middle = (low + high) // 2
        enough = _epsilon(float(ladder[middle]), delta, rate=rate, steps=steps) <= epsilon
        low, high = (low, middle) if enough else (middle + 1, high)
    return float(ladder[low]) if low < len(ladder) else None


def trip_loss(values: dict[str, Tensor], trip: Tensor, place: Place, area: Tensor) -> Tensor:
    """Return the negative logarithm of the chances of one trip [nat].

    Parameters
    ----------
    values
        Corrections in units of what is usual: ``ends`` (2, Z), ``inside`` (2, E), ``way`` (1 + K,), ``areas`` (A, A).
    trip
        Shape (4,): zones, then edges, of origin and destination.
    place, area
        What is believed, and the area of each zone, shape (Z,).
    """
    origin, destination, first, last = torch.split(trip, 1)
    believed, bumps, closed = (table.index_select(0, origin)[0] for table in (place.pair, place.bumps, place.closed))
    way = values["way"] * _way_units(values["way"])
    joined = values["areas"].index_select(0, area.index_select(0, origin))[0].index_select(0, area)
    score = place.zone[:, 1] + _ENDS * values["ends"][1] + believed + way[0] * believed + bumps @ way[1:]
    score = (score + _AREAS * joined).masked_fill(closed, NEVER)
    begins = (place.zone[:, 0] + _ENDS * values["ends"][0]).log_softmax(dim=0)
    told = begins.gather(0, origin) + score.log_softmax(dim=0).gather(0, destination)
    for role, (zone, edge) in enumerate(((origin, first), (destination, last))):
        inside = place.edge[role] + _ENDS * values["inside"][role]
        told = told + inside.masked_fill(place.edge_zone != zone, NEVER).log_softmax(dim=0).gather(0, edge)
    return -told[0]


def _way_units(way: Tensor) -> Tensor:
    return torch.cat([torch.full_like(way[:1], _BELIEF), torch.full_like(way[1:], _WAY)])


def clipped_sum(
    values: dict[str, Tensor], trips: Tensor, place: Place, area: Tensor, *, clip: float
) -> dict[str, Tensor]:
    """Return the sum over trips, shape (N, 4), of their gradients, each of at most the length `clip`."""
    total = {name: torch.zeros_like(value) for name, value in values.items()}
    each = vmap(grad(lambda at, trip: trip_loss(at, trip, place, area)), in_dims=(None, 0))
    for part in torch.split(trips, _AT_ONCE):
        gradients = each(values, part)
        length = torch.stack([value.flatten(1).square().sum(dim=1) for value in gradients.values()]).sum(dim=0).sqrt()
        factor = (clip / length.clamp(min=1e-12)).clamp(max=1.0)
        for name, value in gradients.items():
            total[name] += torch.tensordot(factor, value, dims=1)
    return total


def tune_privately(
    scene: Scene,
    place: Place,
    trips: SceneTrips,
    *,
    privacy: PrivacySettings,
    dice: torch.Generator | None = None,
    told: Callable[[str, float | None], None] | None = None,
) -> tuple[LocalModel, dict[str, Any]]:
    """Return corrections of a place that give no trip away, and what was spent.

    Parameters
    ----------
    scene, place
        The place, and what is believed of it; neither may depend on the trips.
    trips
        The city's own.

    Other Parameters
    ----------------
    privacy
        What is asked for.
    dice
        Of samples and noise; of the operating system's entropy if None, and kept nowhere: who knows it can take the
        noise away.
    told
        Told each step and the share that is done.

    Raises
    ------
    InputError, MissingDependencyError
        As `budget_of`.
    """
    budget = budget_of(privacy, len(trips))
    dice = torch.Generator().manual_seed(secrets.randbits(63)) if dice is None else dice
    area = _areas(scene)
    rows = np.stack([trips.origin_zone, trips.destination_zone, trips.origin_edge, trips.destination_edge], axis=1)
    table = torch.from_numpy(rows.astype(np.int64))
    values = _nothing(place, area)
    noise = budget.noise * budget.clip * budget.trips_a_person
    expected = budget.sample_rate * len(trips)
    for step in range(budget.steps):
        chosen = torch.rand(len(table), generator=dice) < budget.sample_rate
        total = clipped_sum(values, table[chosen], place, area, clip=budget.clip)
        for name, value in values.items():
            noisy = total[name] + noise * torch.randn(value.shape, generator=dice, dtype=value.dtype)
            values[name] = value - _RATE * (noisy / expected + value / len(trips))
        if told is not None:
            told(f"private step {step + 1} of {budget.steps}", (step + 1) / budget.steps)
    return _model_of(values, place, area), asdict(budget) | {"unit": _unit(budget), "trips_public": len(trips)}


def _unit(budget: Budget) -> str:
    people = budget.trips_a_person
    return "one trip" if people == 1 else f"one person with at most {people} trips"


def _areas(scene: Scene) -> Tensor:
    """Return the area of each zone, shape (Z,): clusters of their middles, the same for everyone."""
    from scipy.cluster.vq import kmeans2

    count = min(_GROUPS, len(scene))
    found = kmeans2(scene.zone_xy_m.astype(np.float64), count, rng=np.random.default_rng(0), minit="++", missing="warn")
    return torch.from_numpy(found[1].astype(np.int64))


def _nothing(place: Place, area: Tensor) -> dict[str, Tensor]:
    model, areas = LocalModel(place), int(area.max()) + 1
    return {
        "ends": torch.zeros_like(model.ends),
        "inside": torch.zeros_like(model.inside),
        "way": torch.zeros_like(model.way),
        "areas": torch.zeros(areas, areas, dtype=torch.double),
    }


def _model_of(values: dict[str, Tensor], place: Place, area: Tensor) -> LocalModel:
    model = LocalModel(place)
    with torch.no_grad():
        model.ends.copy_(_ENDS * values["ends"])
        model.inside.copy_(_ENDS * values["inside"])
        model.way.copy_(values["way"] * _way_units(values["way"]))
        model.pair.copy_(_AREAS * values["areas"][area][:, area])
    return model
