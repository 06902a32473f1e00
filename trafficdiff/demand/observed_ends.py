"""Say where trips go from a few hundred that were observed and the many that a model draws.

The chance of a pair of edges is a mixture of nine ways to make one, from the observed pair itself to the model alone::

    the pair                         K(od)           its origin, any observed destination    K(o) K(d)
    its origin, the model's way on   K(o) m(d | o)   its destination, the model's way there  K(d) m(o | d)
    other streets of its two zones   K(zone, zone)   observed zones, any with any            K(zone) K(zone)
    the model's pairs between its    K(OD) m(od | OD)        two districts, of 32 and of 8
    the model                        m(od)

with K the shares of the observed trips. How much each way is worth is asked of the observed trips themselves: the
weights are the maximum of the likelihood of each trip under the others, so that what only repeats itself by chance gets
none.

Deleted interpolation: Jelinek and Mercer (1980), "Interpolated estimation of Markov source parameters from sparse
data"; the weights by expectation maximisation, Dempster, Laird and Rubin (1977), JRSS B 39(1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["WAYS", "Ends", "districts", "draw_ends", "mixture_weights"]

WAYS: Final = (
    "the pair", "both ends", "origin, model's destination", "destination, model's origin", "zones of the pair",
    "both zones", "districts of the pair", "quarters of the pair", "model",
)  # fmt: skip
_SPLITS: Final = (5, 3)
"""Halvings of the town that make districts, and quarters: 32 and 8 of them."""
_ROUNDS: Final = 200
_SPREAD: Final = 1e-3
"""Share of the model's chance that is spread over all pairs of zones, so that none is 0."""
_STREET: Final = 0.1
"""What a street of a zone counts that no drawn trip touched, beside one a trip."""


class Ends(NamedTuple):
    """Hold where trips begin and end, edges of one graph, shape (T,) each."""

    origin: NDArray[np.int32]
    destination: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class _Model:
    """Hold the model's chances: of pairs of zones, shape (Z, Z), and of edges inside their zone, shape (E,)."""

    pairs: NDArray[np.float64]
    begin: NDArray[np.float64]
    end: NDArray[np.float64]


def mixture_weights(
    observed: Ends, drawn: Ends, *, zone: NDArray[np.int32], place_xy: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return how much each of `WAYS` is worth, shape (9,), adding up to 1.

    Parameters
    ----------
    observed, drawn
        Trips that were observed, and that the model drew.
    zone, place_xy
        Shapes (E,) and (E, 2), the zone of each edge, and where it lies [m].
    """
    if len(observed.origin) < 2:
        return np.asarray(np.eye(len(WAYS))[-1])
    parts = [districts(place_xy, splits) for splits in _SPLITS]
    chance = _chances(observed, _model(drawn, zone), zone, parts, drawn)
    weight = np.full(len(WAYS), 1 / len(WAYS))
    for _ in range(_ROUNDS):
        part = chance * weight
        weight = (part / part.sum(axis=1, keepdims=True)).mean(axis=0)
    return np.asarray(weight / weight.sum())


def draw_ends(
    observed: Ends,
    drawn: Ends,
    *,
    zone: NDArray[np.int32],
    place_xy: NDArray[np.float64],
    number: NDArray[np.int64],
    generator: np.random.Generator,
) -> tuple[Ends, NDArray[np.int64]]:
    """Return pairs made in each of the `WAYS` but the last, and the observed trip behind each pair, or -1.

    Ends in zones are taken from drawn trips; a pair whose zone no drawn trip touches is left out.

    Parameters
    ----------
    observed, drawn, zone, place_xy
        As `mixture_weights`.
    number
        Shape (9,), how many pairs of each way; the last is not looked at.
    generator
        Source of randomness.
    """
    o, d = observed
    count = len(o)

    def any_of(way: int) -> NDArray[np.int64]:
        return np.asarray(generator.integers(count, size=int(number[way])))

    zones = zone[drawn.origin], zone[drawn.destination]
    both, one = any_of(0), any_of(4)
    begin, end = o[any_of(2)], d[any_of(3)]
    pairs = [
        (o[both], d[both]),
        (o[any_of(1)], d[any_of(1)]),
        (begin, _partner(zones[0], drawn.destination, zone[begin], generator)),
        (_partner(zones[1], drawn.origin, zone[end], generator), end),
        tuple(_partner(zones[side], drawn[side], zone[observed[side][one]], generator) for side in (0, 1)),
        tuple(_partner(zones[side], drawn[side], zone[observed[side][any_of(5)]], generator) for side in (0, 1)),
    ]
    for way, splits in enumerate(_SPLITS, start=6):
        part = districts(place_xy, splits)
        row = _row_like(_pair(part, drawn), _pair(part, observed)[any_of(way)], generator)
        pairs.append(tuple(np.where(row >= 0, side[row], -1) for side in drawn))
    origin, destination = (np.concatenate([pair[side] for pair in pairs]) for side in (0, 1))
    behind = np.concatenate([both, np.full(len(origin) - len(both), -1)])
    kept = (origin >= 0) & (destination >= 0) & (origin != destination)
    return Ends(origin[kept].astype(np.int32), destination[kept].astype(np.int32)), behind[kept]


def _model(drawn: Ends, zone: NDArray[np.int32]) -> _Model:
    zones, edges = int(zone.max()) + 1, len(zone)
    pairs = np.full((zones, zones), _SPREAD / zones**2)
    np.add.at(pairs, (zone[drawn.origin], zone[drawn.destination]), (1 - _SPREAD) / len(drawn.origin))
    begin, end = (np.bincount(side, minlength=edges) + _STREET for side in drawn)
    return _Model(pairs, begin / np.bincount(zone, begin, zones)[zone], end / np.bincount(zone, end, zones)[zone])


def districts(place_xy: NDArray[np.float64], splits: int) -> NDArray[np.int32]:
    """Return the district of each edge, shape (E,): the town halved so many times, each half along its longer side."""
    part = np.zeros(len(place_xy), np.int32)
    for _ in range(splits):
        further = np.zeros(len(part), np.int32)
        for number in range(int(part.max()) + 1):
            inside = np.flatnonzero(part == number)
            if len(inside):
                along = place_xy[inside, np.ptp(place_xy[inside], axis=0).argmax()]
                further[inside] = along > np.median(along)
        part = 2 * part + further
    return part


def _pair(part: NDArray[np.int32], ends: Ends) -> NDArray[np.int64]:
    """Return the pair of districts of each trip as one number."""
    return part[ends.origin].astype(np.int64) * (int(part.max()) + 1) + part[ends.destination]


def _chances(
    observed: Ends, model: _Model, zone: NDArray[np.int32], parts: list[NDArray[np.int32]], drawn: Ends
) -> NDArray[np.float64]:
    """Return the chance of each observed trip under the others, by each way, shape (K, 9)."""
    o, d = observed
    a, b = zone[o], zone[d]
    others = len(o) - 1
    inside = model.begin[o] * model.end[d]
    from_, to = _like(o) / others, _like(d) / others
    whole = model.pairs[a, b]
    chance = np.stack(
        [
            _like(o.astype(np.int64) * len(zone) + d) / others,
            from_ * to,
            from_ * whole / model.pairs.sum(axis=1)[a] * model.end[d],
            to * whole / model.pairs.sum(axis=0)[b] * model.begin[o],
            _like(a.astype(np.int64) * len(model.pairs) + b) / others * inside,
            _like(a) / others * _like(b) / others * inside,
            *(_like(_pair(part, observed)) / others * whole * inside / _share(part, drawn, observed) for part in parts),
            whole * inside,
        ],
        axis=1,
    )
    return np.asarray(chance)


def _like(key: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return how many others have the same key, shape (K,)."""
    _, place, number = np.unique(key, return_inverse=True, return_counts=True)
    return np.asarray(number[place] - 1.0)


def _share(part: NDArray[np.int32], drawn: Ends, observed: Ends) -> NDArray[np.float64]:
    """Return the model's share of trips between the two districts of each observed trip, shape (K,)."""
    pairs = (int(part.max()) + 1) ** 2
    share = _SPREAD / pairs + (1 - _SPREAD) * np.bincount(_pair(part, drawn), minlength=pairs) / len(drawn.origin)
    return np.asarray(share[_pair(part, observed)])


def _partner(
    near: NDArray[np.int32], end: NDArray[np.int32], zone: NDArray[np.int32], generator: np.random.Generator
) -> NDArray[np.int32]:
    """Return an end of a drawn trip whose other end (or own zone, `near`) lies in each zone; -1 without any."""
    row = _row_like(near, zone, generator)
    return np.where(row >= 0, end[row], -1).astype(np.int32)


def _row_like(
    known: NDArray[np.integer], wanted: NDArray[np.integer], generator: np.random.Generator
) -> NDArray[np.int64]:
    """Return a row of `known` that has each wanted value, any of them; -1 without any."""
    order = np.argsort(known, kind="stable")
    ranked = known[order]
    first, last = np.searchsorted(ranked, wanted, side="left"), np.searchsorted(ranked, wanted, side="right")
    pick = first + (generator.random(len(wanted)) * (last - first)).astype(np.int64)
    return np.where(last > first, order[np.minimum(pick, len(order) - 1)], -1)
