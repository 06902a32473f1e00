"""Find the kinds of sessions that chargers see: short and long stays, mornings and evenings. Latent classes.

::

    p(start, dwell, energy) = sum_k w_k  p_k(start) p_k(dwell) p_k(energy)

Given any of the three, the others follow in closed form, so what is expected of a session fits together in whatever
order it is drawn. Fitted by expectation maximisation (Dempster, Laird and Rubin 1977) with shares that are drawn
towards a smooth version of themselves and of the whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

from trafficdiff.diffusion.session_slots import BINS, START

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Kinds", "joined", "kinds_of", "log_chance"]

_MOST: Final = 12
_SESSIONS_A_KIND: Final = 80
_ROUNDS: Final = 60
_WHOLE: Final = (168.0, 15.0, 15.0)
"""Sessions that the smooth part of a group's shares counts, by slot."""
_PART: Final = (672.0, 120.0, 120.0)
"""The same for the shares of one kind. The first were chosen on even weeks only; these are the most that do not make
sessions that were held out less likely in any of four networks: with a sixteenth of them, who was learned from could be
told from who was not (area under the curve .54 to .57; so .52 to .53), see ``docs/privacy.md``."""
_LAW: Final = 0.1


@dataclass(frozen=True, eq=False)
class Kinds:
    """Hold kinds of sessions.

    Parameters
    ----------
    weight
        Shape (K,), sum 1.
    shares
        By slot, shape (K, bins), each row of sum 1.
    """

    weight: NDArray[np.float64]
    shares: tuple[NDArray[np.float64], ...]

    @property
    def marginals(self) -> tuple[NDArray[np.float64], ...]:
        """What is expected of each slot alone, shape (bins,)."""
        return tuple(self.weight @ share for share in self.shares)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, of four digits."""
        return {
            "weight": [float(f"{one:.4g}") for one in self.weight],
            "shares": [[[float(f"{one:.3g}") for one in row] for row in share] for share in self.shares],
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Return the kinds of plain values.

        Raises
        ------
        ValueError
            If the tables have other shapes, or hold anything but probabilities.
        """
        weight = np.array(values["weight"], float)
        shares = tuple(np.array(share, float) for share in values["shares"])
        if [share.shape for share in shares] != [(len(weight), bins) for bins in BINS]:
            raise ValueError(f"expected shares of {len(weight)} kinds over {BINS} bins, got other shapes")
        if not all(np.isfinite(table).all() and (table >= 0).all() for table in (weight, *shares)):
            raise ValueError("expected shares of kinds that are finite and not negative, got others")
        return cls(weight / weight.sum(), tuple(share / share.sum(axis=1, keepdims=True) for share in shares))


def joined(parts: Sequence[tuple[float, Kinds]]) -> Kinds:
    """Return all kinds of several groups, each group by its weight; those without weight are left out."""
    parts = [(weight, kinds) for weight, kinds in parts if weight > 0]
    weight = np.concatenate([weight * kinds.weight for weight, kinds in parts])
    shares = tuple(np.concatenate([kinds.shares[slot] for _, kinds in parts]) for slot in range(len(BINS)))
    return Kinds(weight / weight.sum(), shares)


def kinds_of(slots: NDArray[np.int64], law: Sequence[NDArray[np.float64]]) -> Kinds:
    """Return the kinds that sessions show; the same sessions give the same kinds.

    Parameters
    ----------
    slots
        Shape (S, 3), bins; -1 where not measured.
    law
        What is declared of each slot, shape (bins,): a tenth of what shares are drawn towards, and all of a slot that
        nobody measured.
    """
    whole = [
        _shares(np.bincount(slots[slots[:, slot] >= 0, slot], minlength=bins)[None].astype(float), slot, law[slot])[0]
        for slot, bins in enumerate(BINS)
    ]
    belongs = _begin(slots)
    for _ in range(_ROUNDS):
        kinds = _fitted(slots, belongs, whole)
        logs = log_chance(slots, kinds)
        belongs = np.exp(logs - logs.max(axis=1, keepdims=True))
        belongs /= belongs.sum(axis=1, keepdims=True)
    return kinds


def log_chance(slots: NDArray[np.int64], kinds: Kinds) -> NDArray[np.float64]:
    """Return the logarithm of each kind's weight and share of sessions, shape (S, K), over what is known of each."""
    logs = np.tile(np.log(np.maximum(kinds.weight, 1e-12)), (len(slots), 1))
    for slot, share in enumerate(kinds.shares):
        known = slots[:, slot] >= 0
        logs[known] += np.log(share.T[slots[known, slot]] + 1e-12)
    return logs


def _begin(slots: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return a first guess of what belongs together, by nearness to some sessions, shape (S, K)."""
    count = int(np.clip(len(slots) // _SESSIONS_A_KIND, 1, _MOST))
    numbers = np.where(slots < 0, 0, slots).astype(float)
    numbers[:, START] %= 24
    numbers /= (3.0, 4.0, 4.0)
    centre = numbers[np.random.default_rng(0).choice(len(slots), count, replace=False)]
    near = np.exp(-0.5 * ((numbers[:, None] - centre) ** 2).sum(-1)) + 1e-6
    return np.asarray(near / near.sum(axis=1, keepdims=True))


def _fitted(slots: NDArray[np.int64], belongs: NDArray[np.float64], whole: Sequence[NDArray[np.float64]]) -> Kinds:
    shares = []
    for slot, bins in enumerate(BINS):
        known = slots[:, slot] >= 0
        counts = np.zeros((bins, belongs.shape[1]))
        np.add.at(counts, slots[known, slot], belongs[known])
        towards = 0.5 * _smooth(counts.T, slot) + 0.5 * whole[slot]
        shares.append(_drawn_towards(counts.T, towards, _PART[slot]))
    weight = (belongs.sum(0) + 1) / (len(slots) + belongs.shape[1])
    return Kinds(weight, tuple(shares))


def _shares(counts: NDArray[np.float64], slot: int, law: NDArray[np.float64]) -> NDArray[np.float64]:
    if not counts.any():
        return np.tile(law, (len(counts), 1))
    return _drawn_towards(counts, (1 - _LAW) * _smooth(counts, slot) + _LAW * law, _WHOLE[slot])


def _drawn_towards(counts: NDArray[np.float64], towards: NDArray[np.float64], count: float) -> NDArray[np.float64]:
    shares = counts + count * towards
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def _smooth(counts: NDArray[np.float64], slot: int) -> NDArray[np.float64]:
    """Return shares that are the same on all days of a class, or spread over the bins beside, shape as the counts."""
    if slot == START:
        days = counts.reshape(-1, 7, 24)
        alike = [days[:, :5].mean(1, keepdims=True)] * 5 + [days[:, 5:].mean(1, keepdims=True)] * 2
        smooth = np.concatenate(alike, axis=1).reshape(counts.shape)
    else:
        smooth = 0.5 * counts
        smooth[:, 1:] += 0.25 * counts[:, :-1]
        smooth[:, :-1] += 0.25 * counts[:, 1:]
    total = smooth.sum(axis=1, keepdims=True)
    return np.asarray(np.where(total > 0, smooth / np.maximum(total, 1e-9), 1 / counts.shape[1]))
