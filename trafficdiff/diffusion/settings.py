"""Say how large the network is and how it is trained; both travel inside the checkpoint."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from trafficdiff.errors import InputError

__all__ = ["NetworkSettings", "Settings", "TrainingSettings"]


class Settings:
    """Turn settings into plain values and back."""

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as plain values."""
        return asdict(self)  # type: ignore[call-overload, no-any-return]

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Return the settings of plain values.

        Raises
        ------
        InputError
            If a setting is unknown.
        """
        known = {field.name for field in fields(cls)}  # type: ignore[arg-type]
        if unknown := sorted(set(values) - known):
            raise InputError(f"expected settings of {', '.join(sorted(known))}, got {', '.join(unknown)}")
        return cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})


@dataclass(frozen=True, kw_only=True)
class NetworkSettings(Settings):
    """Say how large the denoiser is.

    Parameters
    ----------
    width
        Channels of a token.
    heads
        Heads of attention.
    zone_blocks, agent_blocks
        Transformer blocks over zones and over agents.
    edge_width
        Channels of an edge.
    day
        Whether the network is told how the day differs from the usual one.
    set_attention
        Whether the agents of a set attend to each other and count where the others begin and end; without it every
        trip is drawn on its own.
    dropout
        Share of channels dropped in training.
    """

    width: int = 96
    heads: int = 4
    zone_blocks: int = 2
    agent_blocks: int = 3
    edge_width: int = 32
    day: bool = True
    set_attention: bool = True
    dropout: float = 0.1


@dataclass(frozen=True, kw_only=True)
class TrainingSettings(Settings):
    """Say how the denoiser is trained.

    Parameters
    ----------
    cpu_minutes
        Process time after which training ends.
    members
        Networks that are trained one after the other inside that time, each from weights of its own; they draw in
        turns.
    learning_rate, weight_decay
        Of AdamW; the rate warms up and falls to nothing by a cosine.
    scenes, sets, agents
        Scenes a step, sets a scene, agents a set.
    calibrated_share, randomised_share, commuting_share
        How often each source of scenes is drawn; sources that the corpus lacks are left out.
    observed_share
        Share of sets in which some trips are shown whole.
    counted_share
        Share of sets whose trips count each other; below 1 the network must know the place without counts, too.
    dropped_share
        Share of scenes in which a condition is hidden, for classifier-free guidance.
    most_hidden
        In each scene a random share of the columns, up to this one, is hidden from the network, so that it leans on
        no single column: what decides in one city may not in the next.
    day_spread
        Largest spread of a made-up day's factors, see `trafficdiff.diffusion.varied_days`; 0 takes days as they are.
    average
        Decay of the moving average of the weights.
    seed
        Of everything random in training.
    """

    cpu_minutes: float = 24.0
    members: int = 1
    learning_rate: float = 2e-3
    weight_decay: float = 0.1
    scenes: int = 4
    sets: int = 2
    agents: int = 64
    calibrated_share: float = 0.15
    randomised_share: float = 0.25
    commuting_share: float = 0.6
    observed_share: float = 0.4
    counted_share: float = 0.5
    dropped_share: float = 0.15
    most_hidden: float = 0.4
    day_spread: float = 1.5
    average: float = 0.998
    seed: int = 0
