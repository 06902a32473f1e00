"""Write and read trained session models: one safetensors file, signed and checked as that of the trip model."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from trafficdiff.diffusion.committee_files import read_committee, restored_members, restoring, write_committee
from trafficdiff.diffusion.session_network import SessionModel
from trafficdiff.diffusion.session_prior import SessionPrior
from trafficdiff.diffusion.session_rates import SiteRates
from trafficdiff.diffusion.settings import NetworkSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from torch import Tensor

__all__ = ["FORMAT", "SessionCheckpoint", "read_session_checkpoint", "write_session_checkpoint"]

FORMAT: Final = "trafficdiff charging model 2"
_TEXTS: Final = ("format", "network", "prior", "rates", "card")


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
    texts = {
        "format": FORMAT,
        "network": json.dumps(members[0].settings.as_dict()),
        "prior": json.dumps(prior.as_dict()),
        "rates": json.dumps(rates.as_dict()),
        "card": json.dumps(dict(card)),
    }
    return write_committee(path, members, texts=texts)


def read_session_checkpoint(path: Path) -> SessionCheckpoint:
    """Read and check a model.

    Raises
    ------
    InputError
        If the file is missing, no safetensors (a pickle, say), was made by something else, lost a bit, or has
        weights that are not finite.
    """
    weights, metadata = read_committee(
        path, what="a checkpoint of the charging model (.safetensors)", form=FORMAT, texts=_TEXTS
    )
    return _restored(path, weights, metadata)


def _restored(path: Path, weights: dict[str, Tensor], metadata: dict[str, str]) -> SessionCheckpoint:
    with restoring(path):
        settings = NetworkSettings.from_dict(json.loads(metadata["network"]))
        members = restored_members(weights, lambda: SessionModel(settings))
        prior = SessionPrior.from_dict(json.loads(metadata["prior"]))
        rates = SiteRates.from_dict(json.loads(metadata["rates"]))
        card = json.loads(metadata["card"])
    return SessionCheckpoint(members, prior, rates, card, metadata["sha256"])
