"""Write and read AV scenes as directories, whole or not at all.

::

    NAME/
      scene.json        name, ego, environment, tags, provenance, where the map is and its sha256
      tracks.parquet    box centres over time, a row a sample (see `trafficdiff.datatypes.track_files`)
      signals.parquet   signal_id, time_s, state: a row a change
      net.xml.gz        the map, unless the scene only points to it
      manifest.json     size and sha256 of each file, written last
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeVar, cast

import numpy as np
from pydantic import Field, ValidationError

from trafficdiff.datatypes.driving_scene import DrivingScene
from trafficdiff.datatypes.part import Part
from trafficdiff.datatypes.plain_text import MalformedError, read_plain
from trafficdiff.datatypes.scene_environment import Environment, SignalStates
from trafficdiff.datatypes.track_files import read_tracks_table, write_tracks_table
from trafficdiff.errors import Faults, InputError
from trafficdiff.publish import publishing, scratch
from trafficdiff.screening import is_gzip

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["KIND", "SCENE", "is_driving_scene", "read_driving_scene", "tracks_content", "write_driving_scene"]

KIND: Final = "driving scene"
"""What the manifest of a scene's directory says it holds."""
SCENE: Final = "scene.json"
TRACKS: Final = "tracks.parquet"
SIGNALS: Final = "signals.parquet"
NET: Final = "net.xml.gz"

_Made = TypeVar("_Made")
_MAXIMUM_JSON_BYTES: Final = 10_000_000


class _Net(Part):
    file: str = Field(max_length=4096)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class _Described(Part):
    """Content of ``scene.json``."""

    format: Literal[1]
    name: str
    ego: str
    begin_s: float
    end_s: float
    environment: Environment
    tags: tuple[str, ...] = ()
    net: _Net
    provenance: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True)
class _EdgeNames:
    """The part of a road graph that a table of tracks asks for."""

    edge_id: NDArray[np.object_]

    @property
    def edge_index(self) -> dict[str, int]:
        return {str(name): place for place, name in enumerate(self.edge_id)}


def is_driving_scene(directory: Path) -> bool:
    """Return whether a directory looks like a scene."""
    return (directory / SCENE).is_file() and (directory / TRACKS).is_file()


def write_driving_scene(scene: DrivingScene, directory: Path, *, copy_net: bool = True) -> Path:
    """Write a scene to a new directory, whole or not at all, and return the directory.

    Parameters
    ----------
    scene
        What to write.
    directory
        New or empty.
    copy_net
        Whether the map travels in the directory; otherwise the scene points to it by its path and sha256, which
        suits a thousand scenes on one map.

    Raises
    ------
    InputError
        If somebody is off the road or the map is no net (see `trafficdiff.datatypes.driving_scene_checks`).
    StoreError
        If the directory is taken or cannot be written.
    """
    from trafficdiff.datatypes.driving_scene_checks import check_on_roads

    check_on_roads(scene)
    with publishing(directory, kind=KIND) as temporary:
        _write_tracks(scene, temporary / TRACKS)
        _write_signals(scene.signals, temporary / SIGNALS)
        if copy_net:
            _copy_net(scene.net_file, temporary / NET)
        net = _Net(
            file=NET if copy_net else os.path.relpath(scene.net_file.resolve(), directory.resolve()),
            sha256=_sha256(temporary / NET if copy_net else scene.net_file),
        )
        described = _Described(
            format=1, name=scene.name, ego=scene.ego, begin_s=scene.begin_s, end_s=scene.end_s,
            environment=scene.environment, tags=scene.tags, net=net, provenance=dict(scene.provenance),
        )  # fmt: skip
        (temporary / SCENE).write_text(described.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return directory


def _write_tracks(scene: DrivingScene, path: Path) -> None:
    graph = cast("RoadGraph", _EdgeNames(scene.edge_id))
    write_tracks_table(scene.tracks, path, graph=graph, provenance=scene.provenance)


def tracks_content(scene: DrivingScene) -> bytes:
    """Return a scene's tracks as the content of a parquet file (see `trafficdiff.datatypes.track_files`)."""
    with scratch("tracks") as folder:
        _write_tracks(scene, folder / TRACKS)
        return (folder / TRACKS).read_bytes()


def read_driving_scene(directory: Path) -> DrivingScene:
    """Read what `write_driving_scene` wrote.

    Raises
    ------
    InputError
        Listing all faults: of the description, of the tracks, of the signals, of the map.
    """
    faults = Faults(f"scene {directory}")
    if not is_driving_scene(directory):
        raise InputError(f"{directory}: expected an AV scene ({SCENE} and {TRACKS}), found none; "
                         "`trafficdiff scenes find` makes them")  # fmt: skip
    described = _collected(lambda: _read_described(directory / SCENE), faults)
    edges = _collected(lambda: _edge_names(directory / TRACKS), faults)
    tracks = None
    if edges is not None:
        names = cast("RoadGraph", _EdgeNames(edges))
        tracks = _collected(lambda: read_tracks_table(directory / TRACKS, graph=names), faults)
    signals = _collected(lambda: _read_signals(directory / SIGNALS), faults)
    if described is not None:
        _check_net(directory / described.net.file, described.net.sha256, faults, tracks_are_there=tracks is not None)
    faults_so_far = bool(faults)
    if described is None or edges is None or tracks is None or signals is None:
        faults.raise_if_any(InputError)
        raise AssertionError("what could not be read has left a fault")
    scene = _collected(
        lambda: DrivingScene(
            name=described.name, tracks=tracks, edge_id=edges, ego=described.ego,
            net_file=directory / described.net.file, environment=described.environment, signals=signals,
            tags=described.tags, provenance=described.provenance,
        ),
        faults,
    )  # fmt: skip
    if scene is None or faults_so_far:
        faults.raise_if_any(InputError)
    return cast("DrivingScene", scene)


def _check_net(net_file: Path, sha256: str, faults: Faults, *, tracks_are_there: bool) -> None:
    """Note a map that is gone (unless the scene itself will say so) or that is another one."""
    if net_file.is_file():
        if _sha256(net_file) != sha256:
            faults.add(f"{net_file}: expected the map that the scene was made on, got another (its sha256 differs)")
    elif not tracks_are_there:
        faults.add(f"expected the map at {net_file}, found no file")


def _collected(step: Callable[[], _Made], faults: Faults) -> _Made | None:
    """Return what a step gives, or note all its faults and return None."""
    try:
        return step()
    except InputError as error:
        for fault in error.faults or (str(error),):
            faults.add(fault)
        return None


def _read_described(path: Path) -> _Described:
    try:
        return _Described.model_validate(read_plain(path, most_bytes=_MAXIMUM_JSON_BYTES))
    except MalformedError as error:
        raise InputError(f"{path}: expected JSON, got {error}") from error
    except ValidationError as error:
        faults = Faults(str(path))
        for fault in error.errors(include_url=False):
            place = ".".join(map(str, fault["loc"]))
            faults.add(f"{SCENE}: {place}: {fault['msg']}, got {str(fault['input'])[:80]!r}")
        faults.raise_if_any(InputError)
        raise


def _edge_names(path: Path) -> NDArray[np.object_]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        column = pq.read_table(path, columns=["edge"])["edge"]
    except (OSError, pa.ArrowInvalid, KeyError) as error:
        raise InputError(f"{path}: expected a table of tracks, got {error}") from error
    return np.array(sorted({str(name) for name in column.to_pylist() if name is not None}), object)


def _write_signals(signals: SignalStates, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {
        "signal_id": pa.array(signals.signal_id, pa.string()),
        "time_s": pa.array(signals.time_s, pa.float64()),
        "state": pa.array(signals.state, pa.string()),
    }
    pq.write_table(pa.table(columns), path, compression="zstd")


def _read_signals(path: Path) -> SignalStates:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
        text = {name: np.array(table[name].to_pylist(), object) for name in ("signal_id", "state")}
        time_s = np.array(table["time_s"].to_numpy(), np.float64)
    except (OSError, pa.ArrowInvalid, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: expected a table of signal states, got {error}") from error
    return SignalStates(time_s=time_s, **text)


def _copy_net(source: Path, target: Path) -> None:
    with source.open("rb") as content, target.open("wb") as raw:
        first = content.read(2)
        content.seek(0)
        if is_gzip(first):
            shutil.copyfileobj(content, raw)
        else:
            with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed:
                shutil.copyfileobj(content, packed)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
