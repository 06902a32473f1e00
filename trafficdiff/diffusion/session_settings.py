"""Say how the session model is trained."""

from __future__ import annotations

from dataclasses import dataclass

from trafficdiff.diffusion.settings import Settings

__all__ = ["SessionTraining"]


@dataclass(frozen=True, kw_only=True)
class SessionTraining(Settings):
    """Say how the session model is trained.

    Parameters
    ----------
    cpu_minutes
        Process time after which training ends.
    members
        Networks that are trained one after the other inside that time.
    learning_rate, weight_decay
        Of AdamW; the rate warms up and falls to nothing by a cosine.
    sets, sessions
        Sets a step, sessions a set.
    observed_share
        Share of sets in which some sessions are shown whole.
    restraint
        Weight of the mean square of what the network adds to the logits.
    average
        Decay of the moving average of the weights.
    seed
        Of everything random in training.
    """

    cpu_minutes: float = 0.3
    members: int = 1
    learning_rate: float = 2e-3
    weight_decay: float = 0.1
    sets: int = 24
    sessions: int = 32
    observed_share: float = 0.3
    restraint: float = 1.0
    average: float = 0.998
    seed: int = 0
