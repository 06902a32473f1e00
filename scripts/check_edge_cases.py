"""Export made scenes in every format, ask every outside checker, and print how many scenes of each type pass them all.

``trafficdiff scenes make all --network helsinki --count 50 -o scenes/all`` makes them; ``make validators`` builds the
checkers.
"""

from __future__ import annotations

import argparse
import json
import logging
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

from trafficdiff.export.scene_files import SceneFormat
from trafficdiff.workflows.export_scene import export_scenes
from trafficdiff.workflows.validate import validate

FORMATS = (SceneFormat.openscenario, SceneFormat.commonroad, SceneFormat.osi, SceneFormat.scenarionet)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("directory", type=Path)
    options = arguments.parse_args()
    logging.basicConfig(level=logging.ERROR)
    cases = json.loads((options.directory / "scenes.json").read_text(encoding="utf-8"))["scenes"]
    asked = Counter(case["type"] for case in cases)
    kept = {case["scene"]: case["type"] for case in cases if case["valid"]}
    failed = asked_all(options.directory, list(kept), Counter())
    print("\n| type | asked for | kept | pass every checker |\n|---|---|---|---|")
    for name, count in asked.items():
        scenes = [scene for scene, kind in kept.items() if kind == name]
        print(f"| {name} | {count} | {len(scenes)} | {sum(scene not in failed for scene in scenes)} |")
    for scene, reasons in list(failed.items())[:20]:
        print(f"{scene}: {'; '.join(sorted(reasons))}")


def asked_all(directory: Path, kept: list[str], passed: Counter[str]) -> dict[str, set[str]]:
    """Export the scenes of a folder in every format, ask every checker, and return what is wrong with which scene.

    Parameters
    ----------
    directory, kept
        Of the scenes, and their names.
    passed
        Receives by checker how many files it saw (``NAME files``) and passed (``NAME passed``).
    """
    failed: dict[str, set[str]] = defaultdict(set)
    for wanted in FORMATS:
        with tempfile.TemporaryDirectory() as folder:
            exported = export_scenes(directory, scene_format=wanted, directory=Path(folder) / "out")
            found = validate(exported.directory)
        for row in found.table():
            print("{} {}: {} files, {} passed, {} issues".format(*row), flush=True)
            passed[f"{row[0]} {row[1]} files"] += int(row[2])
            passed[f"{row[0]} {row[1]} passed"] += int(row[3])
        for missing in found.missing:
            print(f"not asked: {missing}")
        for finding in found.findings:
            if finding.issues:
                names = [name for name in kept if name in str(finding.file)] or list(kept)  # a map is everybody's
                for name in names:
                    failed[name].add(f"{finding.checker}: {finding.issues[0]}")
    return failed


if __name__ == "__main__":
    main()
