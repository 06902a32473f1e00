"""Put together the files that a format wants of one AV scene."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trafficdiff.export.opendrive import RoadFile
    from trafficdiff.export.scene_view import SceneView

__all__ = ["MAP_FORMATS", "SceneFormat", "scene_files"]


class SceneFormat(StrEnum):
    """In which format a scene is written."""

    openscenario = "openscenario"
    opendrive = "opendrive"
    commonroad = "commonroad"
    osi = "osi"
    scenarionet = "scenarionet"
    parquet = "parquet"


MAP_FORMATS = frozenset({SceneFormat.openscenario, SceneFormat.opendrive, SceneFormat.osi})
"""Formats that need the map as OpenDRIVE."""


def scene_files(
    view: SceneView, scene_format: SceneFormat, *, road_file: RoadFile | None, map_file: str
) -> dict[str, bytes]:
    """Return the contents of a scene's files by name; the map beside an OpenSCENARIO file is not among them.

    Parameters
    ----------
    view
        The scene, checked.
    scene_format
        What is wanted.
    road_file
        The map, for `MAP_FORMATS`.
    map_file
        Path of the map as the scenario is to name it.

    Raises
    ------
    InputError
        If the format cannot hold the scene.
    """
    name = view.scene.name
    match scene_format:
        case SceneFormat.openscenario:
            from trafficdiff.export.openscenario import make_openscenario

            assert road_file is not None
            return {f"{name}.xosc": make_openscenario(view, map_file=map_file, signals=road_file.signals)}
        case SceneFormat.commonroad:
            from trafficdiff.export.commonroad import make_commonroad

            return {f"{name}.xml": make_commonroad(view)}
        case SceneFormat.osi:
            from trafficdiff.export.osi import make_osi_recording

            assert road_file is not None
            return {f"{name}.mcap": make_osi_recording(view, map_content=road_file.content)}
        case SceneFormat.scenarionet:
            from trafficdiff.export.scenarionet import make_scenarionet

            return make_scenarionet(view)
        case SceneFormat.parquet:
            from trafficdiff.datatypes.driving_scene_files import tracks_content

            return {f"{name}.parquet": tracks_content(view.scene)}
        case _:
            return {}
