"""Write and read trained session models: one safetensors file, signed and checked as that of the trip model."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import torch
from torch import Tensor

from trafficdiff.diffusion.session_network import SessionModel
from trafficdiff.diffusion.session_prior import SessionPrior
from trafficdiff.diffusion.session_rates import SiteRates
from trafficdiff.diffusion.settings import NetworkSettings
from trafficdiff.diffusion.weights import digest_of, read_tensors, refuse_infinite
from trafficdiff.errors import InputError
from trafficdiff.publish import publishing_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["FORMAT", "SessionCheckpoint", "read_session_checkpoint", "write_session_checkpoint"]

FORMAT: Final = "trafficdiff charging model 1"
_TEXTS: Final = ("format", "network", "prior", "rates", "card")
_REQUIRED: Final = (*_TEXTS, "sha256")


@dataclass(frozen=True, eq=False)
class SessionCheckpoint:
    """Hold a trained session model.

    Parameters
    ----------
    members
        The networks, at least one, in evaluation mode.
    prior, rates
        What was expected before the network is asked, and how much places are used.
    card
        What it was trained on, how long, with which settings and licences.
    sha256
        Of everything in the file, hexadecimal.
    """

    members: tuple[SessionModel, ...]
    prior: SessionPrior
    rates: SiteRates
    card: dict[str, Any]
    sha256: str


def write_session_checkpoint(
    path: Path,
    *,
    members: Sequence[SessionModel],
    prior: SessionPrior,
    rates: SiteRates,
    card: Mapping[str, Any],
) -> str:
    """Write a model to one file, whole or not at all, and return its SHA-256.

    Raises
    ------
    InputError
        If a weight is not finite.
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
        "network": json.dumps(members[0].settings.as_dict()),
        "prior": json.dumps(prior.as_dict()),
        "rates": json.dumps(rates.as_dict()),
        "card": json.dumps(dict(card)),
    }
    digest = digest_of(weights, texts)
    with publishing_file(path) as staged:
        staged.write_bytes(save(weights, texts | {"sha256": digest}))
    return digest


def read_session_checkpoint(path: Path) -> SessionCheckpoint:
    """Read and check a model.

    Raises
    ------
    InputError
        If the file is missing, no safetensors (a pickle, say), was made by something else, lost a bit, or has
        weights that are not finite.
    """
    weights, metadata = read_tensors(
        path,
        what="a checkpoint of the charging model (.safetensors)",
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


def _restored(path: Path, weights: dict[str, Tensor], metadata: dict[str, str]) -> SessionCheckpoint:
    try:
        settings = NetworkSettings.from_dict(json.loads(metadata["network"]))
        by_member: dict[int, dict[str, Tensor]] = {}
        for name, value in weights.items():
            member, _, own = name.partition(".")
            by_member.setdefault(int(member), {})[own] = value.float()
        members = []
        for number in range(max(by_member, default=0) + 1):
            model = SessionModel(settings)
            model.load_state_dict(by_member[number])
            members.append(model.eval().requires_grad_(requires_grad=False))
        prior = SessionPrior.from_dict(json.loads(metadata["prior"]))
        rates = SiteRates.from_dict(json.loads(metadata["rates"]))
        card = json.loads(metadata["card"])
    except (ValueError, TypeError, KeyError, RuntimeError) as error:
        raise InputError(
            f"{path}: the metadata and the weights do not fit together ({error}); train it again"
        ) from error
    return SessionCheckpoint(tuple(members), prior, rates, card, metadata["sha256"])
