"""Write and read a folder of motion scenes: compressed arrays end to end, without pickle.

::

    corpus/
      scenes-000.npz     scenes end to end: all users, all pieces of maps, and where each scene begins
      card.json          what the corpus holds, for people
      manifest.json      checksums; written last
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.motion_scene import STEPS, MotionScene
from trafficdiff.errors import InputError, IntegrityError
from trafficdiff.publish import publishing, verify

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["CARD_FILE", "KIND", "read_motion_scenes", "write_motion_scenes"]

KIND: Final = "motion scenes"
"""What the manifest of such a folder says that it is."""
CARD_FILE: Final = "card.json"
_SHARD: Final = 4096
_BY_LINE: Final = ("lines", "line_feature", "line_signal")
_BY_EDGE: Final = ("area_edges", "area_of")
_BY_SCENE: Final = ("frame", "begin_s", "source", "staged")
_BY_USER: Final = tuple(one.name for one in fields(MotionScene) if one.name not in (*_BY_LINE, *_BY_EDGE, *_BY_SCENE))
_TEXT: Final = ("user_id", "user_class", "source")
_CM: Final = ("path", "lines", "area_edges")
"""Kept as whole centimetres within 327 m; what lies further is cut to that."""


def write_motion_scenes(scenes: Sequence[MotionScene], folder: Path, *, card: Mapping[str, Any]) -> None:
    """Write scenes as a new folder, whole or not at all.

    Raises
    ------
    InputError
        If there is none.
    StoreError
        If the folder is taken or cannot be written.
    """
    if not scenes:
        raise InputError("expected at least one motion scene to write, got none; give tracks of eight seconds or more")
    with publishing(folder, kind=KIND) as temporary:
        for number, begin in enumerate(range(0, len(scenes), _SHARD)):
            packed = _packed(scenes[begin : begin + _SHARD])
            np.savez_compressed(temporary / f"scenes-{number:03}.npz", allow_pickle=False, **packed)
        (temporary / CARD_FILE).write_text(json.dumps(dict(card), indent=2) + "\n", encoding="utf-8")


def read_motion_scenes(folder: Path) -> list[MotionScene]:
    """Read what `write_motion_scenes` wrote.

    Raises
    ------
    InputError
        If the folder is none of motion scenes.
    IntegrityError
        If it is damaged.
    """
    files = sorted(folder.glob("scenes-*.npz"))
    if not files:
        raise InputError(
            f"{folder}: expected a folder of motion scenes, found none; make one with `trafficdiff scenes corpus`"
        )
    verify(folder)
    made: list[MotionScene] = []
    for file in files:
        try:
            with np.load(file, allow_pickle=False) as arrays:
                made += _unpacked({name: arrays[name] for name in arrays.files})
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            if isinstance(error, InputError):
                raise
            raise IntegrityError(
                f"{file}: expected arrays of motion scenes, got {error}; make the corpus again"
            ) from error
    return made


def _packed(scenes: Sequence[MotionScene]) -> dict[str, Any]:
    arrays: dict[str, Any] = {
        "users": np.array([len(scene.user_id) for scene in scenes], np.int32),
        "pieces": np.array([len(scene.lines) for scene in scenes], np.int32),
        "edges": np.array([len(scene.area_edges) for scene in scenes], np.int32),
    }
    for name in (*_BY_USER, *_BY_LINE, *_BY_EDGE):
        values = np.concatenate([_value(scene, name) for scene in scenes])
        arrays[name] = _centimetres(values) if name in _CM else values
    for name in _BY_SCENE:
        arrays[name] = np.array([getattr(scene, name) for scene in scenes])
    for name in _TEXT:
        names, codes = np.unique(arrays[name].astype(str), return_inverse=True)
        arrays[name], arrays[f"{name}_code"] = names, codes.astype(np.int32)
    return arrays


def _value(scene: MotionScene, name: str) -> Any:
    value = getattr(scene, name)
    if value is not None:
        return value
    users = len(scene.user_id)
    return np.zeros((users, STEPS, 2), np.float32) if name == "controls" else np.zeros(users, bool)


def _centimetres(values: Any) -> Any:
    return np.round(np.clip(values, -327.0, 327.0) * 100).astype(np.int16)


def _unpacked(arrays: dict[str, Any]) -> list[MotionScene]:
    if "edges" not in arrays:  # written before scenes had areas
        arrays |= {"edges": 0 * arrays["pieces"], "area_edges": np.zeros((0, 2, 2)), "area_of": np.zeros(0, np.int32)}
    for name in _TEXT:
        arrays[name] = arrays[name].astype(object)[arrays[f"{name}_code"]]
    for name in _CM:
        arrays[name] = arrays[name].astype(np.float32) / 100
    users, pieces, edges = (np.concatenate([[0], np.cumsum(arrays[name])]) for name in ("users", "pieces", "edges"))
    made = []
    for number in range(len(arrays["users"])):
        own = slice(users[number], users[number + 1])
        lines, outlines = (slice(ends[number], ends[number + 1]) for ends in (pieces, edges))
        values = {name: arrays[name][own].copy() for name in _BY_USER}
        values |= {name: arrays[name][lines].copy() for name in _BY_LINE}
        values |= {name: arrays[name][outlines].copy() for name in _BY_EDGE}
        made.append(
            MotionScene(
                **values, frame=arrays["frame"][number].copy(), begin_s=float(arrays["begin_s"][number]),
                source=str(arrays["source"][number]), staged=bool(arrays["staged"][number]),
            )
        )  # fmt: skip
    return made
