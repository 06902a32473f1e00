"""Write the training range of a checkpoint from the corpus that it learned from, without training.

::

    python scripts/make_training_range.py CORPUS --checkpoint data/demand_model.safetensors

Training writes it itself; this is for checkpoints that were trained before. Scenes of places that were left out of the
training stay out. The corpus is compared with the one that the checkpoint's card names.
"""

from __future__ import annotations

import argparse
import hashlib
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from trafficdiff.datatypes.scene_files import CARD_FILE, read_scenes  # noqa: E402
from trafficdiff.datatypes.training_range import write_range  # noqa: E402
from trafficdiff.errors import InputError  # noqa: E402
from trafficdiff.workflows.model_trips import open_checkpoint  # noqa: E402
from trafficdiff.workflows.training_range import range_file, range_of  # noqa: E402


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--checkpoint", type=Path, default=ROOT / "data" / "demand_model.safetensors")
    asked = parser.parse_args(words)
    checkpoint = open_checkpoint(asked.checkpoint)
    refuse_another_corpus(asked.corpus, checkpoint.card)
    scenes = read_scenes(asked.corpus, leave_out_places=checkpoint.card.get("left_out", ()))
    command = ["python", "scripts/make_training_range.py", asked.corpus.name, "--checkpoint", asked.checkpoint.name]
    found = range_of(scenes, checkpoint_sha256=checkpoint.sha256, made_with=shlex.join(command))
    if found is None:
        raise InputError(f"{asked.corpus}: expected scenes with streets of several places, got too few")
    path = range_file(asked.checkpoint)
    write_range(found, path)
    print(f"{path}: {len(found.scenes)} scenes of {len(found.places)} places, {path.stat().st_size:,} bytes")


def refuse_another_corpus(corpus: Path, card: dict[str, Any]) -> None:
    said = card.get("corpus", {}).get("card_sha256")
    got = hashlib.sha256((corpus / CARD_FILE).read_bytes()).hexdigest()
    if said is not None and said != got:
        raise InputError(
            f"{corpus}: expected the corpus that the checkpoint learned from ({said[:12]}), got {got[:12]}"
        )


if __name__ == "__main__":
    main()
