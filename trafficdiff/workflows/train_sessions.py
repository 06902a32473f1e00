"""Train the charging model on files of sessions, and publish its checkpoint with a card."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

import numpy as np

import trafficdiff
from trafficdiff.publish import publishing
from trafficdiff.store.claim import claiming
from trafficdiff.workflows.progress import quiet

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from trafficdiff.datatypes.session_sites import SessionNetwork
    from trafficdiff.diffusion.session_training import SessionTrainer
    from trafficdiff.workflows.progress import Progress

__all__ = ["CARD_FILE", "CHECKPOINT_FILE", "KIND", "session_trainer", "train_sessions"]

KIND: Final = "charging model"
"""What the manifest of a trained model's directory says that it is."""
CHECKPOINT_FILE: Final = "charging_model.safetensors"
CARD_FILE: Final = "card.json"

_TELL_EVERY_STEPS: Final = 50
_LICENCES: Final = {
    "dundee": "OGL v3",
    "trondheim": "CC BY 4.0",
    "workplace": "CC0",
    "hamburg": "dl-de/by-2-0; surroundings ODbL",
}


def session_trainer(
    networks: Sequence[SessionNetwork],
    *,
    cpu_minutes: float,
    seed: int = 0,
    told_as: str = "training",
    progress: Progress = quiet,
) -> SessionTrainer:
    """Train on networks to the end of the time, and return what was trained."""
    from trafficdiff.diffusion.session_settings import SessionTraining
    from trafficdiff.diffusion.session_training import SessionTrainer

    trainer = SessionTrainer(networks, SessionTraining(cpu_minutes=cpu_minutes, seed=seed))

    def told(trainer: SessionTrainer, losses: dict[str, float]) -> None:
        shown = ", ".join(f"{name} {value:.3f}" for name, value in losses.items())
        progress(f"{told_as}, step {trainer.steps}: {shown}", trainer.done)

    trainer.run(told=told, every=_TELL_EVERY_STEPS)
    return trainer


def train_sessions(
    files: Sequence[Path],
    *,
    directory: Path,
    sites: Path | None = None,
    cpu_minutes: float = 0.3,
    seed: int = 0,
    progress: Progress = quiet,
) -> dict[str, Any]:
    """Train until the time is spent, publish checkpoint and card, and return the card.

    Parameters
    ----------
    files
        Of sessions, one a network.
    directory
        Where to publish.
    sites
        A table of surroundings, for the network whose name begins as the table's.

    Other Parameters
    ----------------
    cpu_minutes, seed
        Process time, and of everything random.
    progress
        Told step, losses and share of the time.

    Raises
    ------
    InputError
        If a file cannot be used.
    OutputError
        If the directory is taken.
    """
    from trafficdiff.datatypes.session_sites import read_networks
    from trafficdiff.diffusion.devices import threads
    from trafficdiff.diffusion.session_checkpoint import write_session_checkpoint
    from trafficdiff.diffusion.session_rates import rates_of

    with claiming(directory), threads(1):
        progress("reading sessions", None)
        networks = read_networks(files, sites=sites)
        trainer = session_trainer(networks, cpu_minutes=cpu_minutes, seed=seed, progress=progress)
        card = _card(trainer, networks, files)
        with publishing(directory, kind=KIND) as folder:
            digest = write_session_checkpoint(
                folder / CHECKPOINT_FILE,
                members=trainer.members,
                prior=trainer.prior,
                rates=rates_of(networks),
                card=card,
            )
            card = card | {"sha256": digest}
            (folder / CARD_FILE).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    return card


def _card(trainer: SessionTrainer, networks: Sequence[SessionNetwork], files: Sequence[Path]) -> dict[str, Any]:
    return {
        "format": 1,
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "versions": {"trafficdiff": trafficdiff.__version__, "torch": metadata.version("torch")},
        "networks": [_about(network, file) for network, file in zip(networks, files, strict=True)],
        "network": trainer.network.as_dict(),
        "training": trainer.settings.as_dict(),
        "parameters": sum(weight.numel() for member in trainer.members for weight in member.parameters()),
        "steps": trainer.steps,
        "cpu_minutes": round(trainer.spent_s / 60, 2),
    }


def _about(network: SessionNetwork, file: Path) -> dict[str, Any]:
    kinds = sorted({(kind.site_type, kind.power_kw) for kind in network.kinds})
    return {
        "name": network.name,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "sessions": len(network.sessions),
        "sites": len(np.unique(network.site)),
        "kinds": [f"{site_type}, {power:g} kW" for site_type, power in kinds],
        "energy": network.has_energy,
        "licence": next((text for start, text in _LICENCES.items() if network.name.startswith(start)), "not stated"),
    }
