"""Say how large the scene model is and how it is trained."""

from __future__ import annotations

from dataclasses import dataclass

from trafficdiff.diffusion.settings import Settings

__all__ = ["MotionNetworkSettings", "MotionTraining"]


@dataclass(frozen=True, kw_only=True)
class MotionNetworkSettings(Settings):
    """Say how large the network is.

    Parameters
    ----------
    width, heads, blocks
        Channels of a road user, heads of attention, and blocks of attention between users.
    lines
        Pieces of the map that a user sees.
    pair_width
        Channels of what one user is to another.
    map
        Whether pieces and ways are seen at all.
    joint
        Whether users see each other.
    dropout
        Share of channels dropped in training.
    """

    width: int = 128
    heads: int = 4
    blocks: int = 3
    lines: int = 12
    pair_width: int = 32
    map: bool = True
    joint: bool = True
    dropout: float = 0.0


@dataclass(frozen=True, kw_only=True)
class MotionTraining(Settings):
    """Say how the network is trained.

    Parameters
    ----------
    cpu_minutes
        Process time after which training ends.
    members
        Networks that are trained one after the other inside that time.
    learning_rate, weight_decay
        Of AdamW; the rate warms up and falls to nothing by a cosine.
    users
        Road users a step, about: scenes of like size are drawn together.
    way
        Weight of how far the roll-out of what is predicted lies from where users were.
    hide_path
        Share of users whose way ahead is hidden.
    average
        Decay of the moving average of the weights.
    seed
        Of everything random in training.
    """

    cpu_minutes: float = 25.0
    members: int = 1
    learning_rate: float = 1e-3
    weight_decay: float = 0.02
    users: int = 320
    way: float = 0.3
    hide_path: float = 0.1
    average: float = 0.998
    seed: int = 0
