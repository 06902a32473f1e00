"""Give each trip random numbers of its own, which neither other trips nor other measures can shift.

A trip's number depends on the measure's stream, on what is decided, and on the trip's id alone::

    stream of the measure ──▶ key ──┐
    "who is electric" ──────────────┼─ SipHash ──▶ u in [0, 1)      electric at a share of 20 %: u < 0.2
    id of the trip ─────────────────┘                               so it is electric at 40 % as well
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Chance"]

_KEY_BYTES: Final = 8
_MANTISSA_BITS: Final = 53
_GOLDEN: Final = (5**0.5 - 1) / 2


@dataclass(frozen=True)
class Chance:
    """Hold the key of a measure's random numbers.

    Parameters
    ----------
    key
        Text; two keys give independent numbers.
    """

    key: str

    @classmethod
    def drawn(cls, generator: np.random.Generator) -> Self:
        """Draw a key from a stream of random numbers."""
        return cls(generator.bytes(_KEY_BYTES).hex())

    def uniforms(self, names: Sequence[str] | NDArray[np.object_], purpose: str = "") -> NDArray[np.float64]:
        """Return a number in [0, 1) for each name, shape (N,); equal names get equal numbers.

        Parameters
        ----------
        names
            Ids of trips.
        purpose
            What is decided by the numbers; another purpose gives independent ones.

        Notes
        -----
        SipHash-2-4 of the name under a key (Aumasson and Bernstein 2012, "SipHash: a fast short-input PRF"), as
        `pandas.util.hash_array` computes it; its upper 53 bits become the number.
        """
        from pandas.util import hash_array

        key = hashlib.blake2b(f"{self.key}/{purpose}".encode(), digest_size=_KEY_BYTES).hexdigest()
        values = np.array([str(name) for name in names], object)
        hashed = hash_array(values, hash_key=key, categorize=False).astype(np.uint64)
        return np.asarray((hashed >> np.uint64(64 - _MANTISSA_BITS)) * 2.0**-_MANTISSA_BITS)

    def evenly(self, count: int, purpose: str = "") -> NDArray[np.float64]:
        """Return numbers in [0, 1) that lie evenly and of which a smaller count has the first, shape (count,).

        Notes
        -----
        Weyl's sequence of the golden ratio from a random start: any stretch of it holds close to its share.
        """
        start = self.uniforms([""], purpose)[0]
        return np.asarray((start + np.arange(count) * _GOLDEN) % 1.0)
