"""Train the demand model on a corpus, and publish its checkpoint with a card.

::

    corpus ──▶ Trainer ──every minute──▶ NAME.training.safetensors     beside NAME; a stopped training goes on from it
                  └──at the end──▶ NAME/ demand_model.safetensors, card.json, demand_model.range.json
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
import time
from dataclasses import dataclass, field
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

import trafficdiff
from trafficdiff.errors import OutputError
from trafficdiff.publish import publishing
from trafficdiff.store.claim import claiming
from trafficdiff.workflows.progress import quiet

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from trafficdiff.datatypes.scene import Scene
    from trafficdiff.diffusion.devices import DeviceTrainer
    from trafficdiff.diffusion.settings import NetworkSettings, TrainingSettings
    from trafficdiff.diffusion.training import Trainer
    from trafficdiff.workflows.progress import Progress

__all__ = ["CARD_FILE", "CHECKPOINT_FILE", "KIND", "refuse_unfinished", "state_file", "train", "training_settings"]

KIND: Final = "demand model"
"""What the manifest of a trained model's directory says that it is."""
CHECKPOINT_FILE: Final = "demand_model.safetensors"
CARD_FILE: Final = "card.json"

_SAVE_EVERY_S: Final = 60.0
_TELL_EVERY_STEPS: Final = 10
_MOST_PLACES_NAMED: Final = 100

_logger = logging.getLogger(__name__)


def state_file(directory: Path) -> Path:
    """Return where an unfinished training of a directory is kept: beside it."""
    return directory.with_name(f"{directory.name}.training.safetensors")


def training_settings(**values: Any) -> TrainingSettings:
    """Return the settings of a training; what is left out has its default."""
    from trafficdiff.diffusion.settings import TrainingSettings

    return TrainingSettings(**values)


def train(
    corpus: Path,
    *,
    directory: Path,
    settings: TrainingSettings,
    network: NetworkSettings | None = None,
    sources: Sequence[str] = (),
    leave_out: Sequence[str] = (),
    device: str = "auto",
    threads: int = 1,
    resume: bool = False,
    progress: Progress = quiet,
) -> dict[str, Any]:
    """Train until the time is spent, publish checkpoint and card, and return the card.

    Parameters
    ----------
    corpus
        Folder of scenes.
    directory
        Where to publish.
    settings, network
        How, and how large; the network's defaults if None.

    Other Parameters
    ----------------
    sources, leave_out
        Only scenes of these sources (all if none), and not those of these places.
    device, threads
        One of `trafficdiff.diffusion.devices.DEVICES`, and threads of the processor, which all count.
    resume, progress
        Whether to go on with an unfinished training of this directory; told step, losses and share of the time.

    Raises
    ------
    InputError
        If the corpus cannot be used, or the unfinished training was one of other scenes or settings.
    OutputError
        If the directory is taken, or an unfinished training is there without `resume`.
    MissingDependencyError
        If there is no CUDA device.
    """
    from trafficdiff.datatypes.scene_files import read_scenes
    from trafficdiff.diffusion.devices import DeviceTrainer, device_named
    from trafficdiff.diffusion.devices import threads as computing_on
    from trafficdiff.diffusion.settings import NetworkSettings

    state = state_file(directory)
    with claiming(directory), computing_on(threads):
        refuse_unfinished(state, resume=resume)
        chosen = device_named(device)
        progress("reading the corpus", None)
        scenes = read_scenes(corpus, sources=sources or None, leave_out_places=leave_out)
        trainer = DeviceTrainer(scenes, network or NetworkSettings(), settings, device=chosen)
        same = _about(trainer, corpus, sources=sources, leave_out=leave_out)
        log = _run(trainer, same, state=state, progress=progress)
        progress("writing", None)
        card = _publish(trainer, _card(trainer, scenes, same, log), directory, scenes=scenes, corpus=corpus.name)
        state.unlink(missing_ok=True)
    return card


def refuse_unfinished(state: Path, *, resume: bool) -> None:
    """Raise OutputError if an unfinished training is there that is not to be gone on with."""
    if state.exists() and not resume:
        raise OutputError(
            f"{state}: expected no unfinished training of this directory, found one; give --resume to go on with it, "
            "or delete the file"
        )


def _about(trainer: DeviceTrainer, corpus: Path, *, sources: Sequence[str], leave_out: Sequence[str]) -> dict[str, Any]:
    """Return what must be the same for a training to be gone on with."""
    return {
        "corpus": _hashes(corpus),
        "sources": sorted(set(sources)),
        "left_out": sorted(set(leave_out)),
        "network": trainer.network.as_dict(),
        "training": trainer.settings.as_dict(),
        "device": trainer.device.type,
    }


@dataclass
class _Log:
    """Hold the mean losses of each minute of processor time."""

    rows: list[dict[str, float]] = field(default_factory=list)

    def note(self, trainer: Trainer, losses: dict[str, float]) -> None:
        """Add the mean losses of some steps to the minute in which they ended."""
        minute = int(trainer.spent_s // 60) + 1
        if not self.rows or self.rows[-1]["minute"] != minute:
            self.rows.append({"minute": minute, "told": 0, "steps": 0} | dict.fromkeys(losses, 0.0))
        row = self.rows[-1]
        row["told"] += 1
        row["steps"] = trainer.steps
        for name, value in losses.items():
            row[name] = row.get(name, 0.0) + (value - row.get(name, 0.0)) / row["told"]

    def table(self) -> list[dict[str, float]]:
        """Return the rows, rounded, for the card."""
        return [{name: round(value, 4) for name, value in row.items() if name != "told"} for row in self.rows]


def _run(trainer: DeviceTrainer, same: dict[str, Any], *, state: Path, progress: Progress) -> _Log:
    """Train to the end, from the saved state if there is one, and save it about every minute."""
    from trafficdiff.diffusion.resuming import restore, save

    log = _Log()
    if state.exists():
        log = _Log(restore(trainer, state, same=same)["losses"])
        _logger.info("going on from step %d, %.1f CPU minutes", trainer.steps, trainer.spent_s / 60)
    saved_s = time.monotonic()

    def told(trainer: Trainer, losses: dict[str, float]) -> None:
        nonlocal saved_s
        log.note(trainer, losses)
        shown = ", ".join(f"{name} {value:.3f}" for name, value in losses.items())
        progress(f"step {trainer.steps}: {shown}", trainer.done)
        if time.monotonic() - saved_s >= _SAVE_EVERY_S:
            save(trainer, state, about=same | {"losses": log.rows})
            saved_s = time.monotonic()

    trainer.run(told=told, every=_TELL_EVERY_STEPS)
    return log


def _hashes(corpus: Path) -> dict[str, str]:
    """Return the SHA-256 of the corpus card and of the manifest, which holds those of all files."""
    from trafficdiff.datatypes.scene_files import CARD_FILE as CORPUS_CARD
    from trafficdiff.manifest import MANIFEST

    files = {"card_sha256": corpus / CORPUS_CARD, "manifest_sha256": corpus / MANIFEST}
    return {name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in files.items() if file.exists()}


def _card(trainer: DeviceTrainer, scenes: Sequence[Scene], same: dict[str, Any], log: _Log) -> dict[str, Any]:
    sources: dict[str, Any] = {}
    for source in sorted({scene.source for scene in scenes}):
        own = [scene for scene in scenes if scene.source == source]
        places = sorted({scene.place for scene in own})
        sources[source] = {
            "scenes": len(own),
            "places": len(places),
            "licences": sorted({scene.licence for scene in own}),
        }
        if len(places) <= _MOST_PLACES_NAMED:
            sources[source]["names"] = places
    return {
        "format": 1,
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "versions": {"trafficdiff": trafficdiff.__version__, "torch": metadata.version("torch")},
        "corpus": {**same["corpus"], "sources": sources},
        "left_out": same["left_out"],
        "network": same["network"],
        "training": same["training"],
        "device": same["device"],
        "members": len(trainer.members),
        "parameters": sum(weight.numel() for member in trainer.members for weight in member.parameters()),
        "steps": trainer.steps,
        "cpu_minutes": round(trainer.spent_s / 60, 2),
        "losses": log.table(),
    }


def _publish(
    trainer: DeviceTrainer, card: dict[str, Any], directory: Path, *, scenes: Sequence[Scene], corpus: str
) -> dict[str, Any]:
    """Publish checkpoint, card, and where there are places enough the range of what was learned from."""
    from trafficdiff.datatypes.training_range import write_range
    from trafficdiff.diffusion.checkpoint import write_checkpoint
    from trafficdiff.workflows.training_range import range_file, range_of

    with publishing(directory, kind=KIND) as folder:
        digest = write_checkpoint(folder / CHECKPOINT_FILE, members=trainer.members, scaling=trainer.scaling, card=card)
        card = card | {"sha256": digest}
        (folder / CARD_FILE).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
        found = range_of(scenes, checkpoint_sha256=digest, made_with=f"trafficdiff train {corpus}")
        if found is not None:
            write_range(found, range_file(folder / CHECKPOINT_FILE))
    return card
