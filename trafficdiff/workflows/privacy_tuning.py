"""Tune a model in memory, for an audit: with early stopping, with differential privacy, or without any restraint."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from trafficdiff.workflows.fine_tune import tuned

if TYPE_CHECKING:
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.diffusion.checkpoint import Checkpoint
    from trafficdiff.diffusion.tuning_settings import PrivacySettings
    from trafficdiff.workflows.model_demand import City

__all__ = ["tuned_checkpoint", "unrestrained"]


def tuned_checkpoint(
    city: City,
    base: Checkpoint,
    trips: TripSet,
    *,
    cpu_minutes: float,
    seed: int = 0,
    private: PrivacySettings | None = None,
) -> Checkpoint:
    """Return a model that is tuned to trips as `fine_tune` does it; nothing is written.

    Parameters
    ----------
    city, base, trips
        The place, what tuning starts from, and the trips to learn from.
    cpu_minutes, seed, private
        Process time, of everything random, and differential privacy; None for none.
    """
    from trafficdiff.diffusion.tuning_settings import TuningSettings

    settings = TuningSettings(cpu_minutes=cpu_minutes, seed=seed)
    local, about = tuned(city, base, trips, settings=settings, privacy=private)
    return replace(base, local=local, card=base.card | {"tuned": about})


def unrestrained(city: City, base: Checkpoint, trips: TripSet, *, cpu_minutes: float, seed: int = 0) -> Checkpoint:
    """Return a model that is tuned to few trips to the end, with nothing held out that could stop it: a control."""
    from trafficdiff.diffusion.tuning_settings import TuningSettings

    settings = TuningSettings(cpu_minutes=cpu_minutes, seed=seed, held_out_share=0.0, patience=None, penalty=0.0)
    local, about = tuned(city, base, trips, settings=settings)
    return replace(base, local=local, card={"control": "memorises on purpose; never to be used", "tuned": about})
