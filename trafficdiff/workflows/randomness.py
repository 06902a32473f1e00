"""Derive every random number from the scenario's seed: one named stream a stage and sample.

Streams are independent of each other and of the order in which stages run, so base and scenario share their
random numbers: what differs between them is the measure and not the dice.
"""

from __future__ import annotations

import zlib

import numpy as np

__all__ = ["stream", "sumo_seed"]


def stream(seed: int, stage: str, *, sample: int = 0) -> np.random.Generator:
    """Return the generator of one stage (``"demand"``, ``"routes"``, ...) and sample.

    NumPy's `SeedSequence` hashes seed and key into independent states (O'Neill's seed_seq, see the NumPy manual
    on parallel generation); the stage enters as the CRC-32 of its name, which is the same everywhere.
    """
    key = (zlib.crc32(stage.encode()), sample)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))


def sumo_seed(seed: int, *, sample: int = 0) -> int:
    """Return the seed for SUMO's own generator, a positive 31-bit number."""
    return int(stream(seed, "simulation", sample=sample).integers(1, 2**31 - 1))
