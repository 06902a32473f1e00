"""Write and read a folder of scenes: a few compressed array files, without pickle.

::

    corpus/
      scenes.json          one line a scene: name, place, source, licence, window, where it lies
      scenes-000.npz       scenes of one source with equal columns, end to end
      card.json            what the corpus holds, for people (if given)
      manifest.json        checksums; written last

Travel times and columns are kept to 11 bits (a relative error of at most 1/2048): each column is scaled by a power
of two into the range of half precision, so that flags, small counts and infinities stay exact.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.scene import Scene, SceneTrips
from trafficdiff.errors import InputError, IntegrityError
from trafficdiff.publish import publishing, verify

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["CARD_FILE", "KIND", "read_scenes", "write_scenes"]

KIND: Final = "scenes"
"""What the manifest of such a folder says that it is."""
CARD_FILE: Final = "card.json"
_INDEX: Final = "scenes.json"
_SHARD_BYTES: Final = 200_000_000
_LARGEST_HALF: Final = 32_768.0
_TRIP_COLUMNS: Final = (
    "origin_zone", "destination_zone", "via_zone", "origin_edge", "destination_edge", "depart_share",
    "vehicle_class", "weight", "day",
)  # fmt: skip
_TRIP_TYPES: Final = (
    np.int32, np.int32, np.int32, np.int32, np.int32, np.float32, np.int8, np.float32, np.int16,
)  # fmt: skip


def write_scenes(scenes: Sequence[Scene], folder: Path, *, card: Mapping[str, Any] | None = None) -> None:
    """Write scenes as a new folder, whole or not at all.

    Parameters
    ----------
    scenes
        What to write; names must be unique.
    folder
        Where to publish; it must not exist or be empty.
    card
        What the corpus holds, written beside the scenes as ``card.json``.

    Raises
    ------
    InputError
        If two scenes have one name, or there is none.
    StoreError
        If the folder is taken or cannot be written.
    """
    names = [scene.name for scene in scenes]
    if not names or len(set(names)) != len(names):
        raise InputError("expected at least one scene, and scenes of different names, got none or one name twice")
    with publishing(folder, kind=KIND) as temporary:
        index: list[dict[str, Any]] = []
        for number, shard in enumerate(_shards(scenes)):
            file = f"scenes-{number:03}.npz"
            np.savez_compressed(temporary / file, allow_pickle=False, **_packed(shard))
            index += [_entry(scene, file, place) for place, scene in enumerate(shard)]
        (temporary / _INDEX).write_text(json.dumps({"format": 1, "scenes": index}, indent=1), encoding="utf-8")
        if card is not None:
            (temporary / CARD_FILE).write_text(json.dumps(card, indent=2, sort_keys=True), encoding="utf-8")


def read_scenes(
    folder: Path, *, sources: Iterable[str] | None = None, leave_out_places: Iterable[str] = ()
) -> list[Scene]:
    """Read the scenes of a folder.

    Parameters
    ----------
    folder
        As `write_scenes` wrote it.
    sources
        Only scenes of these sources; all if None.
    leave_out_places
        Places whose scenes stay out, whatever their source.

    Raises
    ------
    IntegrityError
        If a file is missing or changed, or it is no folder of scenes.
    InputError
        If a place to be left out is not there.
    """
    verify(folder, kind=KIND)
    left_out = set(leave_out_places)
    wanted_sources = None if sources is None else set(sources)
    try:
        index = json.loads((folder / _INDEX).read_text(encoding="utf-8"))["scenes"]
        unknown = left_out - {entry["place"] for entry in index}
        wanted = [
            entry
            for entry in index
            if entry["place"] not in left_out and (wanted_sources is None or entry["source"] in wanted_sources)
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise IntegrityError(
            f"{folder}: expected an index of scenes, got another file; make the corpus again"
        ) from error
    if unknown:
        raise InputError(f"{folder}: expected places of the corpus to leave out, got {', '.join(sorted(unknown))}")
    scenes = []
    for file in sorted({entry["file"] for entry in wanted}):
        with np.load(folder / file, allow_pickle=False) as archive:
            shard = _Shard({name: archive[name] for name in archive.files})
        scenes += [shard.scene(entry) for entry in wanted if entry["file"] == file]
    return scenes


def _entry(scene: Scene, file: str, row: int) -> dict[str, Any]:
    return {
        "name": scene.name,
        "place": scene.place,
        "source": scene.source,
        "licence": scene.licence,
        "window_s": [None if value != value else value for value in scene.window_s],  # noqa: PLR0124 - NaN
        "file": file,
        "row": row,
    }


def _shards(scenes: Sequence[Scene]) -> Iterator[list[Scene]]:
    """Yield scenes of equal columns and one source, about `_SHARD_BYTES` of arrays at once."""
    groups: dict[tuple[Any, ...], list[Scene]] = {}
    for scene in scenes:
        key = (scene.source, scene.zone_columns, scene.edge_columns, scene.scene_columns, scene.directional)
        groups.setdefault(key, []).append(scene)
    for group in groups.values():
        shard: list[Scene] = []
        size = 0
        for scene in group:
            shard.append(scene)
            size += 2 * (scene.edge_values.size + scene.travel_time_s.size + scene.zone_values.size)
            if size >= _SHARD_BYTES:
                yield shard
                shard, size = [], 0
        if shard:
            yield shard


def _packed(shard: list[Scene]) -> dict[str, NDArray[Any]]:
    first = shard[0]
    packed: dict[str, NDArray[Any]] = {
        "zone_columns": np.array(first.zone_columns, np.str_),
        "scene_columns": np.array(first.scene_columns, np.str_),
        "edge_columns": np.array(first.edge_columns, np.str_),
        "directional": np.array(first.directional, np.str_).reshape(-1, 2),
        "zones": np.array([len(scene) for scene in shard], np.int64),
        "edges": np.array([len(scene.edge_values) for scene in shard], np.int64),
        "trips": np.array([len(scene.trips) for scene in shard], np.int64),
        "zone_xy_m": np.concatenate([scene.zone_xy_m for scene in shard]),
        "scene_values": np.stack([scene.scene_values for scene in shard]),
        "travel_time_s": np.concatenate([scene.travel_time_s.ravel() for scene in shard]).astype(np.float32),
        "zone_edges": np.concatenate([np.diff(scene.edge_offsets) for scene in shard]).astype(np.int32),
        "edge_index": np.concatenate([scene.edge_index for scene in shard]),
    }
    packed["travel_time_s"], packed["travel_time_scale"] = _halved(packed["travel_time_s"][:, None])
    for what in ("zone_values", "edge_values"):
        packed[what], packed[f"{what}_scale"] = _halved(np.concatenate([getattr(scene, what) for scene in shard]))
    for column in _TRIP_COLUMNS:
        packed[f"trip_{column}"] = np.concatenate([getattr(scene.trips, column) for scene in shard])
    return packed


def _halved(values: NDArray[np.float32]) -> tuple[NDArray[np.float16], NDArray[np.float32]]:
    """Return columns in half precision, and the power of two that each was divided by."""
    finite = np.where(np.isfinite(values), np.abs(values), 0)
    largest = np.maximum(finite.max(axis=0, initial=0.0), np.finfo(np.float32).tiny)
    exponent = np.ceil(np.log2(largest / _LARGEST_HALF)).clip(-100, 100)
    scale = np.exp2(exponent).astype(np.float32)
    return (values / scale).astype(np.float16), scale


class _Shard:
    """Hold one file's arrays, and cut scenes out of them."""

    def __init__(self, arrays: dict[str, NDArray[Any]]) -> None:
        self.arrays = arrays
        self.columns = {
            name: tuple(arrays[name].tolist()) for name in ("zone_columns", "scene_columns", "edge_columns")
        }
        self.directional = tuple((str(east), str(north)) for east, north in arrays["directional"])
        sizes = {name: arrays[name] for name in ("zones", "edges", "trips")} | {"pairs": arrays["zones"] ** 2}
        self.starts = {name: np.concatenate([[0], np.cumsum(size)]) for name, size in sizes.items()}

    def scene(self, entry: Mapping[str, Any]) -> Scene:
        """Return the scene of one line of the index."""
        arrays, row = self.arrays, int(entry["row"])
        zones, edges, trips, pairs = (
            slice(int(self.starts[name][row]), int(self.starts[name][row + 1]))
            for name in ("zones", "edges", "trips", "pairs")
        )
        count = zones.stop - zones.start
        begin_s, end_s = (float("nan") if value is None else float(value) for value in entry["window_s"])
        times = arrays["travel_time_s"][pairs].astype(np.float32) * arrays["travel_time_scale"]
        return Scene(
            name=entry["name"],
            place=entry["place"],
            source=entry["source"],
            licence=entry["licence"],
            window_s=(begin_s, end_s),
            zone_xy_m=arrays["zone_xy_m"][zones],
            zone_columns=self.columns["zone_columns"],
            zone_values=arrays["zone_values"][zones].astype(np.float32) * arrays["zone_values_scale"],
            scene_columns=self.columns["scene_columns"],
            scene_values=arrays["scene_values"][row],
            travel_time_s=times.reshape(count, count),
            edge_offsets=np.concatenate([[0], np.cumsum(arrays["zone_edges"][zones])]).astype(np.int64),
            edge_columns=self.columns["edge_columns"],
            edge_values=arrays["edge_values"][edges].astype(np.float32) * arrays["edge_values_scale"],
            edge_index=arrays["edge_index"][edges],
            directional=self.directional,
            trips=SceneTrips(
                **{
                    column: arrays[f"trip_{column}"][trips].astype(kind)
                    for column, kind in zip(_TRIP_COLUMNS, _TRIP_TYPES, strict=True)
                }
            ),
        )
