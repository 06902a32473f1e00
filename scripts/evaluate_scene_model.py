"""Measure the scene model against SUMO replays: what it draws unguided, and what guidance reaches at which cost.

    python scripts/evaluate_scene_model.py CORPUS... [--checkpoint FILE] [--scenes 200] [-o scorecard.json]

CORPUS are folders of motion scenes that the model was not trained on. Rows: half of the scenes as SUMO drove them (what
everything is compared with), the other half (the floor), the same with fitted controls, constant velocity, the model;
then guided scenes by budget. Times are CPU seconds of one thread.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from trafficdiff.workflows.motion_drawing import scene_model
from trafficdiff.workflows.motion_judging import Judged, judge_guided, judge_unguided
from trafficdiff.workflows.text_table import text_table

_COLUMNS = (
    "collided", "scenes_collided", "near_missed", "off_road", "speed", "acceleration", "headway", "lateral_offset",
    "mean_jsd", "scenes_per_s",
)  # fmt: skip


def main() -> int:
    """Print the tables, and write the scorecard if it is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpora", nargs="+", type=Path)
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--scenes", type=int, default=200)
    parser.add_argument("--budgets", type=float, nargs="*", default=[0.0, 5.0, 20.0, 80.0])
    parser.add_argument("--ttc", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path)
    asked = parser.parse_args()
    began = time.process_time()
    rows = judge_unguided(asked.corpora, checkpoint=asked.checkpoint, scenes=asked.scenes, seed=asked.seed)
    rows += judge_guided(
        asked.corpora, checkpoint=asked.checkpoint, scenes=asked.scenes, seed=asked.seed, budgets=asked.budgets,
        ttc_s=asked.ttc,
    )  # fmt: skip
    _show(rows)
    sys.stdout.write(f"{time.process_time() - began:.0f} CPU s\n")
    if asked.output is not None:
        card = {
            "format": "trafficdiff scene model scorecard 1", "made_with": _command(asked),
            "date": dt.datetime.now(dt.UTC).date().isoformat(),
            "checkpoint_sha256": scene_model(asked.checkpoint).sha256,
            "rows": [row.as_dict() for row in rows],
        }  # fmt: skip
        asked.output.write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    return 0


def _command(asked: argparse.Namespace) -> str:
    """Return the command without folders."""
    names = " ".join(one.name for one in asked.corpora)
    options = f"--scenes {asked.scenes} --ttc {asked.ttc:g} --seed {asked.seed}"
    return f"scripts/evaluate_scene_model.py {names} {options}"


def _show(rows: list[Judged]) -> None:
    cells = [[row.name, *(_number(row.as_dict().get(name)) for name in _COLUMNS)] for row in rows]
    sys.stdout.write(text_table(["", *_COLUMNS], cells) + "\n")
    for row in rows:
        if row.guided:
            told = ", ".join(f"{name} {_number(value)}" for name, value in row.guided.items())
            sys.stdout.write(f"{row.name}: {told}\n")


def _number(value: Any) -> str:
    return "-" if value is None or (isinstance(value, float) and np.isnan(value)) else f"{value:.4g}"


if __name__ == "__main__":
    sys.exit(main())
