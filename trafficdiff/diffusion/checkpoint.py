"""Write and read the trip model: a committee, the scaling of what it reads, and its card in one file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import torch

from trafficdiff.datatypes.local_factors import LocalFactors
from trafficdiff.diffusion.committee_files import read_committee, restored_members, restoring, write_committee
from trafficdiff.diffusion.inputs import Scaling
from trafficdiff.diffusion.settings import NetworkSettings
from trafficdiff.diffusion.training import new_model

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from torch import Tensor

    from trafficdiff.diffusion.loss import Model

__all__ = ["FORMAT", "Checkpoint", "read_checkpoint", "write_checkpoint"]

FORMAT: Final = "trafficdiff demand model 2"
_TEXTS: Final = ("format", "network", "scaling", "card")
_LOCAL: Final = "local."
_TABLES: Final = ("edge", "pair")
"""Of `LocalFactors`, and what their names begin with in the file."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Hold a trained committee, how it reads scenes, and what is said of it.

    Parameters
    ----------
    members
        The networks, at least one, in evaluation mode; they draw in turns.
    scaling
        Columns and scales.
    card
        What it was trained on, how long, with which settings and licences.
    sha256
        Of everything in the file, hexadecimal.
    local
        What is known of the city that it was tuned to, whose hash the card has as ``tuned.place``; None for a model
        of any city.
    """

    members: tuple[Model, ...]
    scaling: Scaling
    card: dict[str, Any]
    sha256: str
    local: LocalFactors | None = None


def write_checkpoint(
    path: Path,
    *,
    members: Sequence[Model],
    scaling: Scaling,
    card: Mapping[str, Any],
    local: LocalFactors | None = None,
) -> str:
    """Write a committee to one file, whole or not at all, and return its SHA-256.

    Raises
    ------
    InputError
        If a weight is not finite: such a model is not worth keeping.
    """
    texts = {
        "format": FORMAT,
        "network": json.dumps(members[0].denoiser.settings.as_dict()),
        "scaling": json.dumps(scaling.as_dict()),
        "card": json.dumps(dict(card)),
    }
    tables = {} if local is None else {f"{_LOCAL}{name}": torch.from_numpy(getattr(local, name)) for name in _TABLES}
    return write_committee(path, members, texts=texts, tables=tables)


def read_checkpoint(path: Path) -> Checkpoint:
    """Read and check a committee.

    Raises
    ------
    InputError
        If the file is missing, no safetensors (a pickle, say), was made by something else, lost a bit, or has
        weights that are not finite.
    """
    weights, metadata = read_committee(path, what="a checkpoint (.safetensors)", form=FORMAT, texts=_TEXTS)
    return _restored(path, weights, metadata)


def _restored(path: Path, weights: dict[str, Tensor], metadata: dict[str, str]) -> Checkpoint:
    with restoring(path):
        scaling = Scaling.from_dict(json.loads(metadata["scaling"]))
        settings = NetworkSettings.from_dict(json.loads(metadata["network"]))
        tables = {name: weights.pop(_LOCAL + name).float().numpy() for name in _TABLES if _LOCAL + name in weights}
        members = restored_members(weights, lambda: new_model(settings, scaling))
        card = json.loads(metadata["card"])
        local = LocalFactors(**tables) if tables else None
    return Checkpoint(members, scaling, card, metadata["sha256"], local)
