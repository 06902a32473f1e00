"""Write AV scenes in a simulator's format as one zip: what a browser downloads."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

from trafficdiff.publish import scratch
from trafficdiff.workflows.export_scene import export_scenes
from trafficdiff.workflows.progress import quiet

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.export.scene_files import SceneFormat
    from trafficdiff.workflows.progress import Progress

__all__ = ["scene_archive"]


def scene_archive(source: Path, *, scene_format: SceneFormat, progress: Progress = quiet) -> bytes:
    """Return a zip of what `export_scenes` writes of a scene, or of a folder of them; equal scenes, equal bytes.

    Raises
    ------
    TrafficdiffError
        As `export_scenes`.
    """
    packed = io.BytesIO()
    with scratch("export") as folder:
        written = export_scenes(source, scene_format=scene_format, directory=folder / "scenes", progress=progress)
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(written.files):
                name = path.relative_to(written.directory).as_posix()
                entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, path.read_bytes())
    return packed.getvalue()
