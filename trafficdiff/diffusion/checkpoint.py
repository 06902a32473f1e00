"""Write and read trained models: one safetensors file, which holds numbers and no code.

The header's metadata carries the sizes, the scaling, the card, and a SHA-256 of all of these and the weights, so that a
file which lost a bit, or holds numbers that are not finite, is refused before anything is drawn from it. Pickles are
never opened.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import torch
from torch import Tensor

from trafficdiff.diffusion.inputs import Scaling
from trafficdiff.diffusion.settings import NetworkSettings
from trafficdiff.diffusion.training import new_model
from trafficdiff.errors import InputError
from trafficdiff.publish import publishing_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from trafficdiff.diffusion.loss import Model

__all__ = ["FORMAT", "Checkpoint", "read_checkpoint", "write_checkpoint"]

FORMAT: Final = "trafficdiff demand model 1"
_REQUIRED: Final = ("format", "network", "scaling", "card", "sha256")
_TEXTS: Final = ("format", "network", "scaling", "card")


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Hold a trained model, how it reads scenes, and what is said of it.

    Parameters
    ----------
    model
        The network, in evaluation mode.
    scaling
        Columns and scales.
    card
        What it was trained on, how long, with which settings and licences.
    sha256
        Of everything in the file, hexadecimal.
    """

    model: Model
    scaling: Scaling
    card: dict[str, Any]
    sha256: str


def write_checkpoint(path: Path, *, model: Model, scaling: Scaling, card: Mapping[str, Any]) -> str:
    """Write a model to one file, whole or not at all, and return its SHA-256.

    Raises
    ------
    InputError
        If a weight is not finite: such a model is not worth keeping.
    """
    from safetensors.torch import save

    weights = {name: value.detach().to("cpu").contiguous() for name, value in model.state_dict().items()}
    _refuse_infinite(weights, str(path))
    texts = {
        "format": FORMAT,
        "network": json.dumps(model.denoiser.settings.as_dict()),
        "scaling": json.dumps(scaling.as_dict()),
        "card": json.dumps(dict(card)),
    }
    digest = _digest(weights, texts)
    with publishing_file(path) as staged:
        staged.write_bytes(
            save(weights, texts | {"sha256": digest})
        )  # `save_file` makes files that only their owner can read
    return digest


def read_checkpoint(path: Path) -> Checkpoint:
    """Read and check a model.

    Raises
    ------
    InputError
        If the file is missing, no safetensors (a pickle, say), was made by something else, lost a bit, or has
        weights that are not finite.
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise InputError(f"{path}: expected a checkpoint (.safetensors), found none; train one or give another path")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError(
            f"{path}: expected a safetensors file, got something else ({error}); pickles (.pt, .ckpt) are not opened, "
            "for they can run code"
        ) from error
    if missing := [name for name in _REQUIRED if name not in metadata]:
        raise InputError(f"{path}: expected metadata {', '.join(_REQUIRED)}, missing {', '.join(missing)}")
    if metadata["format"] != FORMAT:
        raise InputError(f"{path}: expected format {FORMAT!r}, got {metadata['format']!r}; train it again")
    _refuse_infinite(weights, str(path))
    if (digest := _digest(weights, metadata)) != metadata["sha256"]:
        raise InputError(
            f"{path}: expected content of SHA-256 {metadata['sha256'][:16]}..., got {digest[:16]}...; "
            "the file is damaged, fetch it again"
        )
    return _restored(path, weights, metadata)


def _restored(path: Path, weights: dict[str, Tensor], metadata: dict[str, str]) -> Checkpoint:
    try:
        scaling = Scaling.from_dict(json.loads(metadata["scaling"]))
        model = new_model(NetworkSettings.from_dict(json.loads(metadata["network"])), scaling)
        model.load_state_dict(weights)
        card = json.loads(metadata["card"])
    except (ValueError, TypeError, KeyError, RuntimeError) as error:
        raise InputError(
            f"{path}: the metadata and the weights do not fit together ({error}); train it again"
        ) from error
    model.eval().requires_grad_(requires_grad=False)
    return Checkpoint(model, scaling, card, metadata["sha256"])


def _digest(weights: Mapping[str, Tensor], texts: Mapping[str, str]) -> str:
    total = hashlib.sha256()
    for name in _TEXTS:
        total.update(f"{name} {len(texts[name])}\n{texts[name]}\n".encode())
    for name in sorted(weights):
        value = weights[name]
        total.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        total.update(value.numpy().tobytes())
    return total.hexdigest()


def _refuse_infinite(weights: Mapping[str, Tensor], what: str) -> None:
    bad = [name for name, value in weights.items() if not bool(torch.isfinite(value).all())]
    if bad:
        raise InputError(
            f"{what}: expected finite weights, got NaN or infinity in {', '.join(bad[:5])}; train again or fetch again"
        )
