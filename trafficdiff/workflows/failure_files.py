"""Write what a search for failures found: the rate, a row a failure, and AV scenes where the net is known.

::

    DIR/
      failures.json        rate, population, how it was searched, a row a failure
      failures.csv         the rows as a table
      scenes.csv, net.xml.gz, failure_0000/ ...     AV scenes as ``scenes find`` writes them; they end with the touch
      manifest.json
"""

from __future__ import annotations

import csv
import dataclasses
import json
import math
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.vehicles import WALKING_CLASSES
from trafficdiff.metrics.scene_types import scene_tags
from trafficdiff.workflows.scene_cutting import TABLE, FoundScene, SceneCutter, write_table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from trafficdiff.datatypes.driving_scene import DrivingScene
    from trafficdiff.diffusion.motion_checkpoint import MotionCheckpoint
    from trafficdiff.workflows.failure_drives import FailedDraw
    from trafficdiff.workflows.failure_rounds import Plan
    from trafficdiff.workflows.failure_search import FoundFailures, LikelyFailure
    from trafficdiff.workflows.failure_windows import Window

__all__ = ["FORMAT", "population_note", "rate_row", "write_failures"]

FORMAT: Final = "trafficdiff failures 1"
_SAMPLE_S: Final = 0.1
_RADIUS_M: Final = 60.0
_SAME_DEG, _ONCOMING_DEG = 45.0, 135.0


def write_failures(
    found: FoundFailures,
    made: Path,
    *,
    source: Path,
    model: MotionCheckpoint,
    ego: str,
    seed: int,
    plan: Plan,
) -> dict[int, str]:
    """Write everything into a folder; return the names of the AV scenes by their place among the failures."""
    rows = [_row(number, one, found) for number, one in enumerate(found.failures)]
    names = _write_scenes(found, made, source=source, model=model, ego=ego, rows=rows)
    for number, row in enumerate(rows):
        row["scene"] = names.get(number, "")
    content = {
        "format": FORMAT, "made_by": "trafficdiff scenes failures", "source": source.name, "ego": ego, "seed": seed,
        "scene_model_sha256": model.sha256, "plan": dataclasses.asdict(plan), "rate": rate_row(found),
        "population": {"windows": len(found.windows.windows), "left_out": found.windows.left_out,
                       "note": population_note(found)},
        "touches": found.touches, "cpu_s": round(found.cpu_s, 2), "failures": rows,
    }  # fmt: skip
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    (made / "failures.json").write_text(text + "\n", encoding="utf-8")
    with (made / "failures.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(_row_names()))
        table.writeheader()
        table.writerows(rows)
    return names


def rate_row(found: FoundFailures) -> dict[str, Any]:
    """Return the rate as plain values; what is not known is None."""
    rate = found.rate
    values = dataclasses.asdict(rate) | {
        "rests_on_few": rate.rests_on_few, "plain_simulations": rate.plain_simulations,
        "exposure_km": float(sum(one.outcomes.km.sum() for one in found.rounds)),
    }  # fmt: skip
    return {name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in values.items()}  # fmt: skip


def population_note(found: FoundFailures) -> str:
    """Return what the rate speaks of."""
    return (
        f"these {len(found.windows.windows):,} windows, each as likely, with futures as the scene model draws them; "
        "others do not react to the ego; not the roads of the world"
    )


def _row_names() -> tuple[str, ...]:
    return (
        "number", "scene", "window", "source", "begin_s", "ego", "other", "other_kind", "type", "touch", "when_s",
        "ego_ms", "other_ms", "closing_ms", "angle_deg", "weight", "share", "failed", "draws", "seed", "place",
    )  # fmt: skip


def _row(number: int, one: LikelyFailure, found: FoundFailures) -> dict[str, Any]:
    draw = one.draw
    motion = found.windows.windows[draw.scene].motion
    at = round(draw.drive.when_s / _SAMPLE_S)
    ego, other = draw.fine[at], draw.drawn.fine[draw.drive.other, at].astype(np.float64)
    speed = [own[3] * np.array([np.cos(own[2]), np.sin(own[2])]) for own in (ego, other)]
    angle_deg = (math.degrees(other[2] - ego[2]) + 180.0) % 360.0 - 180.0
    kind = str(motion.user_class[draw.drive.other])
    values = (
        number, "", draw.scene, motion.source, motion.begin_s, str(motion.user_id[0]),
        str(motion.user_id[draw.drive.other]), kind, _type(angle_deg, kind), draw.drive.touch,
        round(draw.drive.when_s, 1), round(float(ego[3]), 2), round(float(other[3]), 2),
        round(float(np.hypot(*(speed[0] - speed[1]))), 2), round(angle_deg, 1), one.weight, one.share, one.failed,
        one.draws, draw.seed, draw.place,
    )  # fmt: skip
    return dict(zip(_row_names(), values, strict=True))


def _type(angle_deg: float, kind: str) -> str:
    """Return which of `metrics.scene_types.SCENE_TYPES` a touch is, by the angle and who was touched."""
    along = abs(angle_deg) < _SAME_DEG
    if kind in WALKING_CLASSES:
        return "pedestrian_along" if along else "pedestrian_crossing"
    if kind == "bicycle":
        return "cyclist_along" if along else "cyclist_crossing"
    return "following" if along else "oncoming" if abs(angle_deg) > _ONCOMING_DEG else "crossing"


def _write_scenes(
    found: FoundFailures,
    made: Path,
    *,
    source: Path,
    model: MotionCheckpoint,
    ego: str,
    rows: list[dict[str, Any]],
) -> dict[int, str]:
    from trafficdiff.datatypes.driving_scene_files import write_driving_scene
    from trafficdiff.workflows.scenes_guide_files import shared_nets

    windows = [found.windows.windows[one.draw.scene] for one in found.failures]
    nets = [window.net_file for window in windows if window.net_file is not None]
    if not nets:
        return {}
    copies = shared_nets(nets, made)
    template = _templates(source)
    names: dict[int, str] = {}
    listed: list[FoundScene] = []
    for number, (one, window) in enumerate(zip(found.failures, windows, strict=True)):
        base = template(window)
        if base is None:
            continue
        scene = _scene(base, one.draw, model, ego=ego, row=rows[number])
        scene = dataclasses.replace(scene, net_file=copies[base.net_file.resolve()])
        write_driving_scene(scene, made / scene.name, copy_net=False)
        names[number] = scene.name
        listed.append(_listed(scene, rows[number]))
    write_table(listed, made / TABLE)
    return names


def _templates(source: Path) -> Callable[[Window], DrivingScene | None]:
    """Return what gives a window's recorded AV scene: its sky, signals and map; None where there is none."""

    @cache
    def cutter() -> SceneCutter:
        from trafficdiff.workflows.scenes_find import opened_run

        stored, graph, tracks = opened_run(source)
        return SceneCutter(stored, graph, tracks, {}, stored.net_path, _RADIUS_M)

    def template(window: Window) -> DrivingScene | None:
        if window.scene is not None:
            return window.scene
        own, motion = cutter(), window.motion
        ego = int(np.flatnonzero(own.tracks.user_id == motion.user_id[0])[0])
        return own.window("failure", ego, begin_s=motion.begin_s, end_s=motion.begin_s + 8.0)

    return template


def _scene(
    base: DrivingScene, draw: FailedDraw, model: MotionCheckpoint, *, ego: str, row: dict[str, Any]
) -> DrivingScene:  # fmt: skip
    """Return what was drawn and driven, up to the touch, as an AV scene."""
    from trafficdiff.workflows.motion_drawing import as_driving_scene

    fine = draw.drawn.fine.copy()
    fine[0] = draw.fine
    present = draw.drawn.present.copy()
    present[0] = True
    present[:, round(draw.drive.when_s / _SAMPLE_S) + 1 :] = False
    drawn = dataclasses.replace(draw.drawn, fine=fine, present=present)
    motion = draw.drawn.scene
    base = dataclasses.replace(base, name=f"failure_{row['number']:04d}")
    if base.ego != str(motion.user_id[0]):
        base = dataclasses.replace(base, ego=str(motion.user_id[0]))
    scene = as_driving_scene(base, drawn, model, seed=draw.seed)
    tags = scene_tags(row["type"], ego_kind=str(motion.user_class[0]), other_kind=row["other_kind"], ego_aside_m=0.0)
    told = {
        "made_by": "trafficdiff scenes failures", "ego_policy": ego, "opponent": row["other"], "touch": row["touch"],
        "type": row["type"], "collision": "the scene ends with it", "failure_weight": f"{row['weight']:.6g}",
        "failure_share": f"{row['share']:.6g}",
    }  # fmt: skip
    return dataclasses.replace(scene, tags=tags, provenance={**scene.provenance, **told})


def _listed(scene: DrivingScene, row: dict[str, Any]) -> FoundScene:
    return FoundScene(
        name=scene.name, type=row["type"], ego=scene.ego, other=row["other"], begin_s=scene.begin_s,
        end_s=scene.end_s, critical_s=row["begin_s"] + row["when_s"], ttc_s=0.0, pet_s=0.0, drac_ms2=np.inf,
        users=len(scene.tracks.user_id), tags=scene.tags,
    )  # fmt: skip
