"""Train the scene model on folders of motion scenes, and publish its checkpoint with a card.

A stopped training goes on where it was saved last, about every minute.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import time
from collections import Counter
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np

import trafficdiff
from trafficdiff.errors import InputError
from trafficdiff.publish import publishing
from trafficdiff.store.claim import claiming
from trafficdiff.workflows.motion_corpus import source_of
from trafficdiff.workflows.progress import quiet
from trafficdiff.workflows.train import refuse_unfinished, state_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from trafficdiff.datatypes.motion_scene import MotionScene
    from trafficdiff.diffusion.motion_training import MotionTrainer
    from trafficdiff.workflows.progress import Progress

__all__ = ["CARD_FILE", "CHECKPOINT_FILE", "KIND", "SHIPPED", "train_motion"]

KIND: Final = "scene model"
"""What the manifest of a trained model's directory says that it is."""
CHECKPOINT_FILE: Final = "scene_model.safetensors"
CARD_FILE: Final = "card.json"
SHIPPED: Final = "data/scene_model.safetensors"
_TELL_EVERY_STEPS: Final = 50
_SAVE_EVERY_S: Final = 60.0


def train_motion(
    corpora: Sequence[Path],
    *,
    directory: Path,
    cpu_minutes: float = 20.0,
    seed: int = 0,
    leave_out: Sequence[str] = (),
    use_map: bool = True,
    joint: bool = True,
    start: Path | None = None,
    resume: bool = False,
    progress: Progress = quiet,
) -> dict[str, Any]:
    """Train until the time is spent, publish checkpoint and card, and return the card.

    Parameters
    ----------
    corpora
        Folders of motion scenes.
    directory
        Where to publish.

    Other Parameters
    ----------------
    cpu_minutes, seed
        Process time, and of everything random.
    leave_out
        Sources whose scenes are not learned from, as the corpus's card names them.
    use_map, joint
        Whether users see the map, and each other: for ablations.
    start
        A checkpoint to go on from: the shipped one, with a user's own recordings, say. Random weights if None.
    resume, progress
        Whether to go on with an unfinished training of this directory; told step, losses and share of the time.

    Raises
    ------
    InputError
        If a corpus or the start cannot be used, nothing is left of it, or the unfinished training was another one.
    OutputError
        If the directory is taken, or an unfinished training is there without `resume`.
    """
    from trafficdiff.datatypes.motion_files import read_motion_scenes
    from trafficdiff.diffusion.devices import threads
    from trafficdiff.diffusion.motion_checkpoint import read_motion_checkpoint
    from trafficdiff.diffusion.motion_settings import MotionNetworkSettings, MotionTraining
    from trafficdiff.diffusion.motion_training import MotionTrainer

    if not 0 < cpu_minutes < float("inf"):
        raise InputError(f"expected CPU minutes above 0 to train for, got {cpu_minutes:g}")
    state = state_file(directory)
    begun = None if start is None else read_motion_checkpoint(start)
    with claiming(directory), threads(1):
        refuse_unfinished(state, resume=resume)
        progress("reading the corpus", None)
        scenes = [scene for corpus in corpora for scene in read_motion_scenes(corpus)]
        scenes = _without(scenes, leave_out)
        learned = sum(int(scene.drivable.sum()) for scene in scenes if scene.drivable is not None)
        if not learned:
            raise InputError(f"expected scenes with fitted controls to learn from, got {len(scenes)} scenes with none")
        trainer = MotionTrainer(
            scenes, MotionTraining(cpu_minutes=cpu_minutes, seed=seed), MotionNetworkSettings(map=use_map, joint=joint),
            start=None if begun is None else begun.members[0],
        )  # fmt: skip
        about = {
            "corpora": [_digest(corpus) for corpus in corpora], "left_out": sorted(leave_out),
            "network": trainer.network.as_dict(), "training": trainer.settings.as_dict(),
            "started_from": None if begun is None else begun.sha256,
        }  # fmt: skip
        _run(trainer, about, state=state, progress=progress)
        card = _publish(trainer, _card(trainer, scenes, corpora, about), directory)
        state.unlink(missing_ok=True)
    return card


def _without(scenes: Sequence[MotionScene], leave_out: Sequence[str]) -> list[MotionScene]:
    """Return scenes without those of some sources, each of which must be there."""
    names = [{source_of(scene), scene.source} for scene in scenes]
    unknown = sorted(set(leave_out) - set().union(*names))
    if unknown:
        known = ", ".join(sorted({source_of(scene) for scene in scenes})[:12])
        raise InputError(f"expected sources of the corpus to leave out, got {', '.join(unknown)}; it has {known}")
    return [scene for scene, own in zip(scenes, names, strict=True) if not own & set(leave_out)]


def _run(trainer: MotionTrainer, about: dict[str, Any], *, state: Path, progress: Progress) -> None:
    from trafficdiff.diffusion.resuming import restore, save

    if state.exists():
        restore(cast("Any", trainer), state, same=about)
    saved_s = time.monotonic()

    def told(trainer: MotionTrainer, losses: dict[str, float]) -> None:
        nonlocal saved_s
        shown = ", ".join(f"{name} {value:.3f}" for name, value in losses.items())
        progress(f"step {trainer.steps}: {shown}", trainer.done)
        if time.monotonic() - saved_s >= _SAVE_EVERY_S:
            save(cast("Any", trainer), state, about=about)
            saved_s = time.monotonic()

    trainer.run(told=told, every=_TELL_EVERY_STEPS)


def _digest(corpus: Path) -> str:
    from trafficdiff.manifest import MANIFEST

    return hashlib.sha256((corpus / MANIFEST).read_bytes()).hexdigest()


def _card(
    trainer: MotionTrainer, scenes: Sequence[MotionScene], corpora: Sequence[Path], about: dict[str, Any]
) -> dict[str, Any]:
    from trafficdiff.datatypes.motion_files import CARD_FILE as CORPUS_CARD
    from trafficdiff.datatypes.motion_scene import KINDS

    cards = [json.loads((corpus / CORPUS_CARD).read_text(encoding="utf-8")) for corpus in corpora]
    kinds = np.concatenate([scene.kind for scene in scenes])
    return {
        "format": 1,
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "versions": {"trafficdiff": trafficdiff.__version__, "torch": metadata.version("torch")},
        "world": " ".join(sorted({str(card.get("world", "")) for card in cards})),
        "licences": sorted({str(card.get("licence", "not stated")) for card in cards}),
        "scenes": len(scenes),
        "sources": dict(Counter(map(source_of, scenes))),
        "users": {KINDS[kind]: int(count) for kind, count in enumerate(np.bincount(kinds, minlength=len(KINDS)))},
        **about,
        "members": len(trainer.members),
        "parameters": sum(weight.numel() for member in trainer.members for weight in member.parameters()),
        "steps": trainer.steps,
        "cpu_minutes": round(trainer.spent_s / 60, 2),
    }


def _publish(trainer: MotionTrainer, card: dict[str, Any], directory: Path) -> dict[str, Any]:
    from trafficdiff.diffusion.motion_checkpoint import write_motion_checkpoint

    with publishing(directory, kind=KIND) as folder:
        digest = write_motion_checkpoint(folder / CHECKPOINT_FILE, members=trainer.members, card=card)
        card = card | {"sha256": digest}
        (folder / CARD_FILE).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    return card
