"""Folders of AV scenes as the commands write them, made by hand on the crossroads town."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from tests.datatypes.test_driving_scene import on_map, scene, two_users
from trafficdiff.datatypes.driving_scene_files import write_driving_scene
from trafficdiff.datatypes.edge_case import EdgeCase
from trafficdiff.datatypes.scene_environment import Environment, Sun
from trafficdiff.publish import publishing

if TYPE_CHECKING:
    from pathlib import Path

MADE, FOUND = "scenes/made", "scenes/found"
_NIGHT = Environment(
    date_time=datetime(2024, 10, 8, 0, 20), fog_visual_range_m=120, precipitation="rain", precipitation_mm_h=0.8,
    sun=Sun(azimuth_rad=6.0, elevation_rad=-0.6, illuminance_lx=1.0), friction=0.7,
)  # fmt: skip


def write_scene_folders(root: Path, net: Path) -> Path:
    """Write two folders: three made scenes, one of them not kept, and two found ones."""
    behind = on_map(two_users(user_id=np.array(["ego", "opponent"], object)), net)
    asked = EdgeCase(name="a", type="lead-brake", question="ttc_s", asked=2.0, achieved=1.95, valid=True, users=2,
                     trigger_s=1.2, duration_s=2.0, place="WC_0@50", parameters={"ego_kmh": 36.0})  # fmt: skip
    cases = (
        asked.model_copy(update={"name": "lead-brake-0000", "scene": "lead-brake-0000"}),
        asked.model_copy(update={"name": "crossing-car-0000", "scene": "crossing-car-0000", "type": "crossing-car",
                                 "question": "impact", "asked": 0.5, "achieved": 0.48}),
        asked.model_copy(update={"name": "lead-brake-0001", "valid": False, "achieved": None, "reason": "no place"}),
    )  # fmt: skip
    with publishing(root / MADE, kind="staged scenes") as made:
        for case in cases:
            if case.scene:
                shown = replace(scene(net, name=case.scene), tracks=behind, environment=_NIGHT)
                write_driving_scene(shown, made / case.scene)
        (made / "scenes.json").write_text(json.dumps({"scenes": [case.model_dump(mode="json") for case in cases]}))
    rows = [
        {"name": f"following_{number:05d}", "type": "following", "ego": "ego", "other": "other", "begin_s": 0.0,
         "end_s": 2.0, "critical_s": 1.5, "ttc_s": ttc_s, "pet_s": "", "drac_ms2": 1.0, "users": 2, "tags": ""}
        for number, ttc_s in enumerate((0.8, 2.5))
    ]  # fmt: skip
    with publishing(root / FOUND, kind="found scenes") as found:
        for row in rows:
            write_driving_scene(scene(net, name=str(row["name"])), found / str(row["name"]))
        with (found / "scenes.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return root
