"""Write and read trained scene models: one safetensors file, signed and checked as those of the other models."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from trafficdiff.diffusion.committee_files import read_committee, restored_members, restoring, write_committee
from trafficdiff.diffusion.motion_network import MotionModel
from trafficdiff.diffusion.motion_settings import MotionNetworkSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["FORMAT", "MotionCheckpoint", "read_motion_checkpoint", "write_motion_checkpoint"]

FORMAT: Final = "trafficdiff scene model 1"
_TEXTS: Final = ("format", "network", "card")


@dataclass(frozen=True, eq=False)
class MotionCheckpoint:
    """Hold a trained scene model.

    Parameters
    ----------
    members
        The networks, at least one, in evaluation mode.
    card
        What it was trained on, how long, with which settings and licences.
    sha256
        Of everything in the file, hexadecimal.
    """

    members: tuple[MotionModel, ...]
    card: dict[str, Any]
    sha256: str


def write_motion_checkpoint(path: Path, *, members: Sequence[MotionModel], card: Mapping[str, Any]) -> str:
    """Write a model to one file, whole or not at all, and return its SHA-256.

    Raises
    ------
    InputError
        If a weight is not finite.
    """
    texts = {
        "format": FORMAT,
        "network": json.dumps(members[0].settings.as_dict()),
        "card": json.dumps(dict(card)),
    }
    return write_committee(path, members, texts=texts)


def read_motion_checkpoint(path: Path) -> MotionCheckpoint:
    """Read and check a model.

    Raises
    ------
    InputError
        If the file is missing, no safetensors (a pickle, say), was made by something else, lost a bit, or has
        weights that are not finite.
    """
    weights, metadata = read_committee(
        path, what="a checkpoint of the scene model (.safetensors)", form=FORMAT, texts=_TEXTS
    )
    with restoring(path):
        settings = MotionNetworkSettings.from_dict(json.loads(metadata["network"]))
        members = restored_members(weights, lambda: MotionModel(settings))
        card = json.loads(metadata["card"])
    return MotionCheckpoint(members, card, metadata["sha256"])
