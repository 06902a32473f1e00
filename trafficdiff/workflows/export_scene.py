"""Write AV scenes in the formats of simulators and planners: one scene, or a folder of them.

::

    a scene  -o OUT             a folder of scenes  -o OUT
      NAME.xosc                   NAME/NAME.xosc ...
      MAP.xodr                    MAP.xodr            once a map, shared

A format without a map of its own (CommonRoad, ScenarioNet, OSI, parquet) has all in its own file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trafficdiff.datatypes.driving_scene_files import is_driving_scene, read_driving_scene
from trafficdiff.errors import InputError
from trafficdiff.export.scene_files import MAP_FORMATS, SceneFormat, scene_files
from trafficdiff.publish import publishing, read_manifest, refuse_taken
from trafficdiff.workflows.progress import quiet

if TYPE_CHECKING:
    from trafficdiff.export.opendrive import RoadFile
    from trafficdiff.export.scene_view import SceneView
    from trafficdiff.workflows.progress import Progress

__all__ = ["KIND", "ExportedScenes", "export_scenes", "scenes_in"]

KIND = "exported scenes"
"""What the manifest of an exported directory says it holds."""


@dataclass(frozen=True)
class ExportedScenes:
    """Say what was written: the new directory, its files without the manifest, and the scenes in it by name."""

    directory: Path
    files: tuple[Path, ...]
    scenes: tuple[str, ...]


def scenes_in(source: Path) -> tuple[Path, ...]:
    """Return the scenes that a path holds: itself, or the scenes that lie in it; none if there are none."""
    if is_driving_scene(source):
        return (source,)
    return tuple(path for path in sorted(source.glob("*")) if path.is_dir() and is_driving_scene(path))


def export_scenes(
    source: str | Path, *, scene_format: SceneFormat, directory: str | Path, progress: Progress = quiet
) -> ExportedScenes:
    """Write a scene, or all scenes in a folder, into a new directory, whole or not at all.

    Parameters
    ----------
    source
        A scene's directory, or a folder of such.
    scene_format
        What to write.
    directory
        New or empty.
    progress
        Receives stages.

    Raises
    ------
    InputError
        If there is no scene, or one has faults: each is checked before it is written, and nothing stays if one fails.
    SimulationError
        If netconvert cannot write a map.
    StoreError
        If the directory is taken or cannot be written.
    """
    place, target = Path(source), Path(directory)
    refuse_taken(target)
    found = scenes_in(place)
    if not found:
        raise InputError(
            f"{place}: expected an AV scene or a folder of scenes, found none; `trafficdiff scenes` makes them"
        )
    maps = _Maps()
    names: set[str] = set()
    with publishing(target, kind=KIND) as temporary:
        for done, path in enumerate(found):
            progress(f"scene {path.name}", done / len(found))
            names.add(_write(path, temporary, scene_format=scene_format, maps=maps, alone=len(found) == 1, names=names))
    files = tuple(target / entry.path for entry in read_manifest(target, kind=KIND).files)
    return ExportedScenes(target, files, tuple(sorted(names)))


class _Maps:
    """Make each map once: scenes of one net share it."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, RoadFile]] = {}

    def of(self, view: SceneView) -> tuple[str, RoadFile, bool]:
        """Return the name of a scene's map, the map, and whether it is new."""
        from trafficdiff.export.opendrive import make_opendrive

        net = view.scene.net_file
        digest = _digest(net)
        if digest in self._known:
            return *self._known[digest], False
        name = f"map-{digest[:8]}"
        self._known[digest] = (f"{name}.xodr", make_opendrive(net, shapes=view.shapes, name=name))
        return *self._known[digest], True


def _digest(net: Path) -> str:
    """Return the sha256 of a net's text, compressed or not."""
    import hashlib

    from trafficdiff.screening import open_screened

    digest = hashlib.sha256()
    with open_screened(net) as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _write(path: Path, folder: Path, *, scene_format: SceneFormat, maps: _Maps, alone: bool, names: set[str]) -> str:
    from trafficdiff.export.scene_view import view_scene

    view = view_scene(read_driving_scene(path))
    name = view.scene.name
    if name in names:
        raise InputError(
            f"{path}: expected scenes of different names, got {name!r} twice; rename one in its scene.json"
        )
    own = folder if alone else folder / name
    road_file, map_file = None, ""
    if scene_format in MAP_FORMATS:
        map_file, road_file, is_new = maps.of(view)
        if is_new and scene_format is not SceneFormat.osi:
            (folder / map_file).write_bytes(road_file.content)
    named = map_file if alone else f"../{map_file}"
    contents = scene_files(view, scene_format, road_file=road_file, map_file=named)
    for file, content in contents.items():
        own.mkdir(exist_ok=True)
        (own / file).write_bytes(content)
    return name
