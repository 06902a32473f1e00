"""Write and read trained models: one safetensors file, which holds numbers and no code.

The header's metadata carries the sizes, the scaling, the card, and a SHA-256 of all of these and the weights, so that a
file which lost a bit, or holds numbers that are not finite, is refused before anything is drawn from it. Pickles are
never opened. Weights are kept in half precision, which halves the file; they compute in single precision.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import torch
from torch import Tensor

from trafficdiff.diffusion.inputs import Scaling
from trafficdiff.diffusion.settings import NetworkSettings
from trafficdiff.diffusion.training import new_model
from trafficdiff.diffusion.weights import digest_of, read_tensors, refuse_infinite
from trafficdiff.errors import InputError
from trafficdiff.publish import publishing_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from trafficdiff.diffusion.loss import Model

__all__ = ["FORMAT", "Checkpoint", "read_checkpoint", "write_checkpoint"]

FORMAT: Final = "trafficdiff demand model 2"
_TEXTS: Final = ("format", "network", "scaling", "card")
_REQUIRED: Final = (*_TEXTS, "sha256")


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
    """

    members: tuple[Model, ...]
    scaling: Scaling
    card: dict[str, Any]
    sha256: str


def write_checkpoint(path: Path, *, members: Sequence[Model], scaling: Scaling, card: Mapping[str, Any]) -> str:
    """Write a committee to one file, whole or not at all, and return its SHA-256.

    Raises
    ------
    InputError
        If a weight is not finite: such a model is not worth keeping.
    """
    from safetensors.torch import save

    weights = {
        f"{number}.{name}": value.detach().to("cpu", torch.float16).contiguous()
        for number, member in enumerate(members)
        for name, value in member.state_dict().items()
    }
    refuse_infinite(weights, what=str(path))
    texts = {
        "format": FORMAT,
        "network": json.dumps(members[0].denoiser.settings.as_dict()),
        "scaling": json.dumps(scaling.as_dict()),
        "card": json.dumps(dict(card)),
    }
    digest = digest_of(weights, texts)
    with publishing_file(path) as staged:
        staged.write_bytes(
            save(weights, texts | {"sha256": digest})
        )  # `save_file` makes files that only their owner can read
    return digest


def read_checkpoint(path: Path) -> Checkpoint:
    """Read and check a committee.

    Raises
    ------
    InputError
        If the file is missing, no safetensors (a pickle, say), was made by something else, lost a bit, or has
        weights that are not finite.
    """
    weights, metadata = read_tensors(
        path,
        what="a checkpoint (.safetensors)",
        absent="train one or give another path",
        other="pickles (.pt, .ckpt) are not opened, for they can run code",
    )
    if missing := [name for name in _REQUIRED if name not in metadata]:
        raise InputError(f"{path}: expected metadata {', '.join(_REQUIRED)}, missing {', '.join(missing)}")
    if metadata["format"] != FORMAT:
        raise InputError(f"{path}: expected format {FORMAT!r}, got {metadata['format']!r}; train it again")
    refuse_infinite(weights, what=str(path))
    if (digest := digest_of(weights, {name: metadata[name] for name in _TEXTS})) != metadata["sha256"]:
        raise InputError(
            f"{path}: expected content of SHA-256 {metadata['sha256'][:16]}..., got {digest[:16]}...; "
            "the file is damaged, fetch it again"
        )
    return _restored(path, weights, metadata)


def _restored(path: Path, weights: dict[str, Tensor], metadata: dict[str, str]) -> Checkpoint:
    try:
        scaling = Scaling.from_dict(json.loads(metadata["scaling"]))
        settings = NetworkSettings.from_dict(json.loads(metadata["network"]))
        by_member: dict[int, dict[str, Tensor]] = {}
        for name, value in weights.items():
            member, _, own = name.partition(".")
            by_member.setdefault(int(member), {})[own] = value.float()
        members = []
        for number in range(max(by_member, default=0) + 1):
            model = new_model(settings, scaling)
            model.load_state_dict(by_member[number])
            members.append(model.eval().requires_grad_(requires_grad=False))
        card = json.loads(metadata["card"])
    except (ValueError, TypeError, KeyError, RuntimeError) as error:
        raise InputError(
            f"{path}: the metadata and the weights do not fit together ({error}); train it again"
        ) from error
    return Checkpoint(tuple(members), scaling, card, metadata["sha256"])
