"""Say how a model is tuned to one city's own trips, and how private that has to be."""

from __future__ import annotations

from dataclasses import dataclass

from trafficdiff.diffusion.settings import Settings

__all__ = ["PrivacySettings", "TuningSettings"]


@dataclass(frozen=True, kw_only=True)
class PrivacySettings(Settings):
    """Ask for differential privacy: what is published says little more than it would without any one person's trips.

    Parameters
    ----------
    epsilon
        Largest logarithm of the ratio of chances, above 0; small is private.
    delta
        Chance with which the ratio may be larger; None for 1 / (10 N) with N trips.
    trips_a_person
        Most trips that one person has among the given ones; one trip is protected if 1.
    """

    epsilon: float
    delta: float | None = None
    trips_a_person: int = 1


@dataclass(frozen=True, kw_only=True)
class TuningSettings(Settings):
    """Say how a model is tuned.

    Parameters
    ----------
    cpu_minutes
        Most process time.
    held_out_share
        Share of the trips that are not learned from, and decide when to stop; 0 for none.
    patience
        Looks at the held-out trips without a better one after which tuning stops and the best is kept; None tunes to
        the end, whatever they say: a control that memorises.
    penalty
        Multiple of the usual ridge on what is kept of the city; 0 for none.
    seed
        Of everything random.
    """

    cpu_minutes: float = 3.0
    held_out_share: float = 0.1
    patience: int | None = 2
    penalty: float = 1.0
    seed: int = 0
