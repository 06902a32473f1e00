"""Check CommonRoad files: ``python check_commonroad.py RESULT.json FILE...``.

The schema; then commonroad-io reads the file, and the drivability checker says whether the ego can start, and which
road users run into each other.
"""

from __future__ import annotations

import json
import sys
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import commonroad

SCHEMA = Path(commonroad.__file__).parent / "scenario_definition/xml_definition_files/XML_commonRoad_XSD.xsd"


def schema_issues(file: Path) -> list[str]:
    """Return what the schema has against a file."""
    from lxml import etree

    schema = etree.XMLSchema(etree.parse(SCHEMA))
    try:
        content = etree.parse(file)
    except etree.XMLSyntaxError as error:
        return [f"no XML: {error}"]
    return [] if schema.validate(content) else [str(entry) for entry in schema.error_log]


def drivability(file: Path) -> tuple[list[str], dict[str, Any]]:
    """Return what reading and the drivability checker have against a file, and what they counted."""
    import numpy as np
    from commonroad.common.file_reader import CommonRoadFileReader
    from commonroad_dc import pycrcc
    from commonroad_dc.collision.collision_detection.pycrcc_collision_dispatch import create_collision_object

    scenario, problems = CommonRoadFileReader(str(file)).open()
    obstacles = scenario.dynamic_obstacles
    moving = [create_collision_object(obstacle) for obstacle in obstacles]
    pairs = sum(first.collide(other) for place, first in enumerate(moving) for other in moving[place + 1 :])
    issues = []
    lanelets = [lane for lane in scenario.lanelet_network.lanelets if not lane.polygon.shapely_object.is_valid]
    for problem in problems.planning_problem_dict.values():
        start = problem.initial_state
        ego = pycrcc.RectOBB(2.0, 0.8, float(start.orientation), *map(float, start.position))
        hit = sum(first_box(obstacle).collide(ego) for obstacle in obstacles)
        if hit:
            issues.append(f"the ego's initial state collides with {hit} road users")
        if not scenario.lanelet_network.find_lanelet_by_position([np.asarray(start.position)])[0]:
            issues.append("the ego's initial state is on no lanelet")
    facts = {"obstacles": len(obstacles), "lanelets": len(scenario.lanelet_network.lanelets),
             "colliding pairs": int(pairs), "self-crossing lanelets": len(lanelets)}  # fmt: skip
    return issues, facts


def first_box(obstacle: Any) -> Any:
    """Return the box of a road user at time step 0."""
    from commonroad_dc import pycrcc

    shape, state = obstacle.obstacle_shape, obstacle.initial_state
    return pycrcc.RectOBB(shape.length / 2, shape.width / 2, float(state.orientation), *map(float, state.position))


def main(output: str, *files: str) -> None:
    """Check all files and write what was found."""
    warnings.simplefilter("ignore")
    rows: list[dict[str, Any]] = []
    release = version("commonroad-io")
    for name in files:
        found = schema_issues(Path(name))
        rows.append({"file": name, "checker": "CommonRoad XSD 2020a", "version": release, "issues": found})
        try:
            issues, facts = drivability(Path(name))
        except Exception as error:  # whatever the reader raises is a finding about the file
            issues, facts = [f"cannot be read: {type(error).__name__}: {error}"], {}
        checker = "commonroad-drivability-checker"
        rows.append({"file": name, "checker": checker, "version": version(checker), "issues": issues, "facts": facts})
    Path(output).write_text(json.dumps(rows), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
