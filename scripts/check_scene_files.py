"""Record a minute on three nets, export it in every format, and let others judge the files.

The nets: a grid with footways, crossings and signals; bent streets on hills; Helsinki's centre. For each net and format
it prints how far the front bumpers are from where SUMO had them, read back by a reader that knows the standards alone
and shares no code with the exporter (`tests/export/independent_reader.py`), how many pairs overlap that SUMO kept
apart, and what the outside checkers found. Usage, from a checkout whose `make validators` has been run:

    python scripts/check_scene_files.py [--seconds 60] [--cars 60]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.av_scenes import record, write_hills, write_walking_grid
from tests.export.independent_reader import overlaps
from tests.export.test_scene_replay import READERS, errors_m, names_in, replay, source_box
from tests.workflows.test_validate import write_helsinki
from trafficdiff.datatypes.driving_scene_files import write_driving_scene
from trafficdiff.export.opendrive import make_opendrive
from trafficdiff.export.scene_files import SceneFormat
from trafficdiff.export.scene_view import view_scene
from trafficdiff.workflows.export_scene import export_scenes
from trafficdiff.workflows.validate import validate

NETS = {"grid": write_walking_grid, "hills": write_hills, "helsinki": write_helsinki}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seconds", type=int, default=60)
    arguments.add_argument("--cars", type=int, default=60)
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for place in NETS:
            judge_positions(place, folder, seconds=asked.seconds, cars=asked.cars)
        judge_files(folder)


def judge_positions(place: str, folder: Path, *, seconds: int, cars: int) -> None:
    work = folder / "source" / place
    work.mkdir(parents=True)
    recorded = record(NETS[place](work), work, seconds=seconds, cars=cars)
    write_driving_scene(recorded.scene, folder / "scenes" / place)
    view = view_scene(recorded.scene)
    road_file = make_opendrive(recorded.scene.net_file, shapes=view.shapes, name=place)
    source = {user: source_box(recorded, user) for user in recorded.bumpers}
    print(f"{place}: {len(recorded.bumpers)} road users in {seconds} s")
    for scene_format in READERS:
        found = replay(view, road_file, scene_format, work)
        errors = errors_m(recorded, view, scene_format, found)
        names = names_in(view, scene_format, found)
        new = 0
        for second in range(seconds):
            played = {frozenset(names[key] for key in pair) for pair in overlaps(found, second, shrink=0.01)}
            new += len(played - overlaps(source, second))
        print(
            f"  {scene_format.value}: {len(errors):,} positions, p95 {np.quantile(errors, 0.95):.4f} m (at most 0.1), "
            f"largest {errors.max():.4f} m (at most 0.5); {new} overlaps that SUMO did not have (0)"
        )


def judge_files(folder: Path) -> None:
    for scene_format in SceneFormat:
        export_scenes(folder / "scenes", scene_format=scene_format, directory=folder / "out" / scene_format.value)
    found = validate(folder / "out")
    for row in found.table():
        print("{} {}: {} files, {} passed, {} issues".format(*row))
    for missing in found.missing:
        print(f"not asked: {missing}")


if __name__ == "__main__":
    main()
