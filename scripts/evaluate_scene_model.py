"""Judge the scene model in one table, beside everything else that could make scenes.

    python scripts/evaluate_scene_model.py CORPUS... [--templates SCENES] [--ablation NAME=FILE ...] [-o scorecard.json]

CORPUS are folders of motion scenes that the model was not trained on. Rows: what SUMO drove (everything is compared
with it), its other half (the floor), the same with fitted controls, constant velocity, staged cases (SCENES, a folder
that `trafficdiff scenes make` made), the model unguided, guided by budget, the best of many draws (in herds as
`trafficdiff scenes make guided` has, which makes up to 64; to an angle as well), and other checkpoints: the model
without map, say. All but the other half and the staged cases are made of the same scenes. Times are CPU seconds of one
thread.
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

from trafficdiff.datatypes.motion_scene import WALKS
from trafficdiff.workflows.motion_drawing import scene_model
from trafficdiff.workflows.motion_judging import Judged, asked_of, judge_recorded
from trafficdiff.workflows.motion_judging_model import judge_model
from trafficdiff.workflows.motion_judging_templates import judge_templates
from trafficdiff.workflows.scene_scorecard import SCENE_FORMAT
from trafficdiff.workflows.text_table import text_table

_TABLES = {
    "critical, possible": (
        "scenes", "near_missed", "ego_collided", "collided", "off_road", "off_road_driving", "kinematic_faults",
        "scenes_per_s",
    ),
    "as asked": (
        "on_course", "ttc_within_10", "ttc_within_20", "ttc_error_median", "angle_within_10_deg",
        "angle_error_median_deg", "spent_nats",
    ),
    "like what was recorded (JSD), and unlike each other": (
        "speed", "acceleration", "headway", "lateral_offset", "mean_jsd", "interaction_types", "nearest_m",
    ),
}  # fmt: skip


def main() -> int:
    """Print the tables, and write the scorecard if it is asked for."""
    asked = _arguments()
    began = time.process_time()
    rows = _rows(asked)
    for title, columns in _TABLES.items():
        cells = [[row["name"], *(_number(row.get(name)) for name in columns)] for row in rows]
        sys.stdout.write(f"{text_table([title, *columns], cells)}\n\n")
    sys.stdout.write(f"{time.process_time() - began:.0f} CPU s\n")
    if asked.output is not None:
        card = {
            "format": SCENE_FORMAT, "made_with": _command(asked),
            "date": dt.datetime.now(dt.UTC).date().isoformat(),
            "checkpoint_sha256": scene_model(asked.checkpoint).sha256, "rows": rows,
        }  # fmt: skip
        asked.output.write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpora", nargs="+", type=Path)
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--scenes", type=int, default=200)
    parser.add_argument("--draws", type=int, default=4, help="how often each scene is drawn")
    parser.add_argument(
        "--competing", type=int, nargs="+", default=[16, 64],
        help="from how many competing draws the best is kept; `scenes make guided` makes up to 64",
    )  # fmt: skip
    parser.add_argument("--budgets", type=float, nargs="+", default=[20.0, 80.0, 320.0])
    parser.add_argument("--ttc", type=_range, default=(0.8, 1.4), help="times to collision asked, LOW:HIGH [s]")
    parser.add_argument("--templates", type=Path, help="a folder of scenes that `scenes make` made")
    parser.add_argument(
        "--ablation", type=_named, action="append", default=[], metavar="NAME=FILE",
        help="another checkpoint: unguided, and with the largest budget (repeatable)",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path)
    return parser.parse_args()


def _rows(asked: argparse.Namespace) -> list[dict[str, Any]]:
    """Return all rows, in the order in which they are read."""
    beside = asked_of(asked.corpora, scenes=asked.scenes, ttc_s=asked.ttc, seed=asked.seed)
    walked = [scene for scene in beside.scenes if (scene.kind == WALKS).any()]
    if walked and not any(len(scene.area_of) for scene in walked):
        sys.stderr.write(
            "expected walking areas in scenes with people on foot, got none: at corners they count as off the road. "
            "Make the corpora anew with `trafficdiff scenes corpus`, unless their maps have none\n"
        )
    rows: list[Judged] = judge_recorded(beside)
    if asked.templates is not None:
        rows.append(judge_templates(asked.templates, beside=beside))
    rows += judge_model(
        beside, checkpoint=asked.checkpoint, budgets=asked.budgets, draws=asked.draws, competing=asked.competing
    )
    for name, checkpoint in asked.ablation:
        rows += judge_model(
            beside, checkpoint=checkpoint, name=name, budgets=[max(asked.budgets)], draws=asked.draws
        )  # fmt: skip
    return [row.as_dict() for row in rows]


def _range(text: str) -> tuple[float, float]:
    low, _, high = text.partition(":")
    return float(low), float(high or low)


def _named(text: str) -> tuple[str, Path]:
    name, _, path = text.partition("=")
    if not path:
        raise argparse.ArgumentTypeError(f"expected NAME=FILE, got {text!r}")
    return name, Path(path)


def _command(asked: argparse.Namespace) -> str:
    """Return the command without folders."""
    words = [
        *(one.name for one in asked.corpora),
        f"--scenes {asked.scenes}",
        f"--draws {asked.draws} --competing {' '.join(map(str, asked.competing))}",
    ]
    words += [f"--budgets {' '.join(f'{budget:g}' for budget in asked.budgets)}", "--ttc {:g}:{:g}".format(*asked.ttc)]
    words += [f"--templates {asked.templates.name}"] if asked.templates else []
    words += [f"--ablation '{name}={path.name}'" for name, path in asked.ablation]
    return f"scripts/evaluate_scene_model.py {' '.join(words)} --seed {asked.seed}"


def _number(value: Any) -> str:
    return "-" if value is None or (isinstance(value, float) and np.isnan(value)) else f"{value:.3g}"


if __name__ == "__main__":
    sys.exit(main())
