"""Draw made scenes as small maps: one of each type, everybody's way, boxes at the moment before contact."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

from trafficdiff.datatypes.boxes import Boxes, corners_of
from trafficdiff.datatypes.driving_scene_files import read_driving_scene

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.collections import LineCollection, PolyCollection

REACH_M = 38.0
COLOURS = {"ego": "#1f6feb", "opponent": "#d1242f"}
STAGED = "#8250df"
TRAFFIC = "#6e7781"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("directory", type=Path, help="what `trafficdiff scenes make all` made")
    arguments.add_argument("-o", "--output", type=Path, required=True)
    options = arguments.parse_args()
    cases = json.loads((options.directory / "scenes.json").read_text())["scenes"]
    shown: dict[str, Any] = {}
    for case in cases:
        if case["valid"]:
            shown.setdefault(case["type"], case)
    figure, axes = plt.subplots(3, 5, figsize=(15, 9.6))
    for axis in axes.flat:
        axis.set_axis_off()
    lanes = lanes_of(options.directory / "net.xml.gz")
    for axis, case in zip(axes.flat, shown.values(), strict=False):
        draw(axis, case, options.directory, lanes)
    figure.tight_layout()
    figure.savefig(options.output, dpi=110)
    print(f"wrote {options.output}")


def lanes_of(net_file: Path) -> list[tuple[np.ndarray, float]]:
    import sumolib

    net = sumolib.net.readNet(str(net_file), withInternal=True)
    return [
        (np.asarray(lane.getShape(), float)[:, :2], lane.getWidth())
        for edge in net.getEdges()
        for lane in edge.getLanes()
    ]


def draw(axis: Any, case: dict[str, Any], directory: Path, lanes: list[tuple[np.ndarray, float]]) -> None:
    scene = read_driving_scene(directory / case["scene"])
    tracks, ego = scene.tracks, scene.ego_place
    last = tracks.offsets[ego + 1] - 1
    centre, moment = np.array([tracks.x_m[last], tracks.y_m[last]]), tracks.time_s[last]
    near = [(shape - centre, width) for shape, width in lanes if np.abs(shape - centre).min() < 3 * REACH_M]
    scale = 1_000 / 15 / (2 * REACH_M) * 3.0
    axis.add_collection(
        LineCollection([shape for shape, _ in near], linewidths=[width * scale * 0.72 for _, width in near],
                       color="#eaeef2", capstyle="round", zorder=0)
    )  # fmt: skip
    axis.add_collection(LineCollection([shape for shape, _ in near], linewidths=0.5, color="#ffffff", zorder=1))
    for user in range(len(tracks.user_id)):
        rows = slice(tracks.offsets[user], tracks.offsets[user + 1])
        name = str(tracks.user_id[user])
        staged = name in COLOURS or not name.partition("~")[0].isdigit()
        colour = COLOURS.get(name, STAGED if staged else TRAFFIC)
        x, y = tracks.x_m[rows] - centre[0], tracks.y_m[rows] - centre[1]
        axis.plot(x, y, color=colour, lw=1.2 if name in COLOURS else 0.5, alpha=0.8, zorder=2)
        here = np.flatnonzero(np.isclose(tracks.time_s[rows], moment, rtol=0, atol=1e-6))
        if len(here):
            place = tracks.offsets[user] + here[:1]
            box = Boxes(x_m=tracks.x_m[place] - centre[0], y_m=tracks.y_m[place] - centre[1],
                        heading_rad=tracks.heading_rad[place], length_m=float(tracks.length_m[user]),
                        width_m=float(tracks.width_m[user]))  # fmt: skip
            axis.add_collection(PolyCollection(corners_of(box), color=colour, zorder=3))
    what = {"ttc_s": "TTC {:.2f} s", "impact": "impact {:.0%}", "overlap": "overlap {:.0%}"}[case["question"]]
    speed = case["parameters"]["ego_kmh"]
    axis.set_title(f"{case['type']}\n{what.format(case['achieved'])}, ego {speed:.0f} km/h", fontsize=10)
    axis.set_xlim(-REACH_M, REACH_M)
    axis.set_ylim(-REACH_M, REACH_M)
    axis.set_aspect("equal")


if __name__ == "__main__":
    main()
