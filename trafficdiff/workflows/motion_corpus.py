"""Build what the scene model learns from: eight-second scenes of runs, of made or found scenes, of outside tracks.

::

    run with fine tracks ─┐
    folder of AV scenes  ─┼─▶ windows around egos ─▶ controls that were driven ─▶ corpus (motion scenes, card)
    outside track file   ─┘
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

import trafficdiff
from trafficdiff.errors import InputError
from trafficdiff.workflows.progress import quiet
from trafficdiff.workflows.randomness import stream

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from trafficdiff.datatypes.driving_scene import DrivingScene
    from trafficdiff.datatypes.motion_map import LaneMap
    from trafficdiff.datatypes.motion_scene import MotionScene
    from trafficdiff.datatypes.net_shapes import NetShapes
    from trafficdiff.workflows.progress import Progress

__all__ = [
    "build_motion_corpus",
    "fitted",
    "is_staged",
    "lane_map_of",
    "motion_scenes_from",
    "scene_at_start",
    "source_of",
]

_DRIVABLE_M: Final = 1.0
"""Whose fitted controls lead further from the states than this is context, and is not learned from [m]."""
_LATER_S: Final = (0.0, 1.0, 2.0, 3.0)
"""Where windows begin in a scene that somebody made or found [s after its first moment]."""
_TRACKS: Final = "tracks.parquet"
_WORLD: Final = (
    "Runs of SUMO and edge cases staged in it are a simulator's world: drivers follow its car-following, lane-changing "
    "and junction models. They are no recordings of people."
)


def build_motion_corpus(
    sources: Sequence[Path],
    *,
    directory: Path,
    every_s: float = 4.0,
    egos: int = 4,
    licence: str = "",
    seed: int = 0,
    progress: Progress = quiet,
) -> dict[str, Any]:
    """Cut all sources into scenes, fit their controls, publish them, and return the card.

    Parameters
    ----------
    sources
        Runs with tracks every 0.5 s or finer, AV scenes or folders of them, and outside track files
        (see `trafficdiff.datatypes.outside_tracks`).
    directory
        Where to publish.

    Other Parameters
    ----------------
    every_s, egos
        Windows of a long recording: how far apart [s], and around how many users each.
    licence
        Of the sources, for the card.
    seed, progress
        Of the choice of egos; told the source at hand.

    Raises
    ------
    InputError
        If a source cannot be read.
    OutputError
        If the directory is taken.
    """
    from trafficdiff.datatypes.motion_files import write_motion_scenes
    from trafficdiff.store.claim import claiming

    with claiming(directory):
        made: list[MotionScene] = []
        for number, source in enumerate(sources):
            progress(f"reading {source.name}", number / len(sources))
            generator = stream(seed, f"motion corpus {number}")
            made += motion_scenes_from(source, generator=generator, every_s=every_s, egos=egos)
        if not made:
            raise InputError(
                f"expected recordings in which somebody drives for eight seconds or more, got none of "
                f"{len(sources)} ({', '.join(map(str, sources[:5]))}{', ...' if len(sources) > 5 else ''})"
            )
        progress("fitting controls", None)
        made = fitted(made)
        card = _card(made, every_s=every_s, egos=egos, licence=licence, seed=seed)
        write_motion_scenes(made, directory, card=card)
    return card


def motion_scenes_from(
    source: Path, *, generator: np.random.Generator, every_s: float = 4.0, egos: int = 4
) -> list[MotionScene]:
    """Return the motion scenes of one source, see `build_motion_corpus`; controls are not fitted.

    Raises
    ------
    InputError
        If it is none, or cannot be read.
    """
    from trafficdiff.datatypes.driving_scene_files import is_driving_scene
    from trafficdiff.datatypes.motion_map import LaneMap
    from trafficdiff.datatypes.motion_windows import motion_scenes_of
    from trafficdiff.datatypes.outside_tracks import is_track_file, read_outside_tracks

    if is_driving_scene(source):
        return _of_scene(source)
    if (source / _TRACKS).is_file():
        return _of_run(source, generator, every_s=every_s, egos=egos)
    if source.is_dir() and (scenes := sorted(one for one in source.iterdir() if is_driving_scene(one))):
        return [made for scene in scenes for made in _of_scene(scene)]
    if is_track_file(source):
        recording = read_outside_tracks(source)
        lane_map = None if recording.shapes is None else LaneMap(recording.shapes)
        try:
            return motion_scenes_of(
                recording.tracks, lane_map=lane_map, signals=None, generator=generator, every_s=every_s, egos=egos,
                source=source.name,
            )  # fmt: skip
        except InputError as error:
            raise InputError(f"{source}: {error}") from error
    raise InputError(
        f"{source}: expected a run with tracks, an AV scene, a folder of scenes, or an outside track file, found none; "
        "docs/scene_model.md lists what is read"
    )


def fitted(scenes: Sequence[MotionScene]) -> list[MotionScene]:
    """Return scenes with the controls that were driven, and who can be followed by them."""
    from trafficdiff.diffusion.motion_fit import fit_controls

    if not scenes:
        return []
    state, valid, kind = (np.concatenate([getattr(one, name) for one in scenes]) for name in ("state", "valid", "kind"))
    controls, away_m = fit_controls(state, valid, kind)
    drivable = away_m.max(axis=1) <= _DRIVABLE_M
    ends = np.cumsum([len(scene.user_id) for scene in scenes])[:-1]
    return [
        dataclasses.replace(scene, controls=own, drivable=good)
        for scene, own, good in zip(scenes, np.split(controls, ends), np.split(drivable, ends), strict=True)
    ]


def source_of(scene: MotionScene) -> str:
    """Return what cards say that a scene comes from: all made edge cases are one source."""
    return "made edge cases" if scene.staged else scene.source


def scene_at_start(scene: DrivingScene, *, begin_s: float | None = None, staged: bool = False) -> MotionScene:
    """Return the motion scene around the ego of an AV scene from a moment on, its first by default.

    Raises
    ------
    InputError
        If the ego is not there then.
    """
    from trafficdiff.datatypes.motion_windows import motion_scene

    return motion_scene(
        scene.tracks, ego=scene.ego_place, begin_s=scene.begin_s if begin_s is None else begin_s,
        lane_map=lane_map_of(scene.net_file), signals=scene.signals, source=scene.name, staged=staged,
    )  # fmt: skip


def is_staged(scene: DrivingScene) -> bool:
    """Return whether somebody in an AV scene plays a part that was written down."""
    made_by = scene.provenance.get("made_by", "")
    return "edge case" in made_by or "scenes make" in made_by


def lane_map_of(net_file: Path) -> LaneMap:
    """Return the lanes of a net; a net that has not changed since is read once, whatever its path is spelled like."""
    from trafficdiff.datatypes.net_shapes import read_net_shapes

    return _lane_map(read_net_shapes(net_file))


@lru_cache(maxsize=4)
def _lane_map(shapes: NetShapes) -> LaneMap:
    from trafficdiff.datatypes.motion_map import LaneMap

    return LaneMap(shapes)


def _of_scene(directory: Path) -> list[MotionScene]:
    """Return windows of an AV scene, a second apart, in which the ego is there for a second or more."""
    from trafficdiff.datatypes.driving_scene_files import read_driving_scene

    scene = read_driving_scene(directory)
    staged = is_staged(scene)
    leaves_s = float(scene.tracks.leave_s[scene.ego_place])
    enters_s = float(scene.tracks.enter_s[scene.ego_place])
    return [
        scene_at_start(scene, begin_s=enters_s + later_s, staged=staged)
        for later_s in _LATER_S
        if enters_s + later_s + 1.0 <= leaves_s
    ]


def _of_run(directory: Path, generator: np.random.Generator, *, every_s: float, egos: int) -> list[MotionScene]:
    """Return windows of a run; its tracks are smoothed first."""
    from trafficdiff.datatypes.motion_windows import motion_scenes_of
    from trafficdiff.datatypes.signal_timing import planned_states
    from trafficdiff.datatypes.track_files import read_tracks_table
    from trafficdiff.roads.netfile import read_net
    from trafficdiff.simulation.track_smoothing import smooth_tracks
    from trafficdiff.store.reading import open_run

    stored = open_run(directory)
    tracks = read_tracks_table(directory / _TRACKS, graph=read_net(stored.net_path))
    if not len(tracks.time_s):
        raise InputError(f"{directory}: expected a run with tracks, got one in which nobody was recorded")
    tracks = smooth_tracks(tracks).tracks
    control = directory / "simulation" / "control.add.xml"
    signals = planned_states(
        stored.net_path, begin_s=float(tracks.time_s.min()), end_s=float(tracks.time_s.max()),
        control=control if control.is_file() else None,
    )  # fmt: skip
    return motion_scenes_of(
        tracks, lane_map=lane_map_of(stored.net_path), signals=signals, generator=generator, every_s=every_s,
        egos=egos, source=stored.scenario.name,
    )  # fmt: skip


def _card(
    scenes: Sequence[MotionScene], *, every_s: float, egos: int, licence: str, seed: int
) -> dict[str, Any]:  # fmt: skip
    from trafficdiff.datatypes.motion_scene import KINDS

    kinds = Counter(KINDS[kind] for scene in scenes for kind in scene.kind.tolist())
    drivable = np.concatenate([scene.drivable for scene in scenes if scene.drivable is not None])
    return {
        "format": 1,
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "versions": {"trafficdiff": trafficdiff.__version__},
        "scenes": len(scenes),
        "users": dict(kinds),
        "staged": sum(scene.staged for scene in scenes),
        "sources": dict(Counter(map(source_of, scenes))),
        "drivable_share": round(float(drivable.mean()), 4),
        "licence": licence or "not stated",
        "world": _WORLD,
        "windows": {"every_s": every_s, "egos": egos},
        "seed": seed,
    }
