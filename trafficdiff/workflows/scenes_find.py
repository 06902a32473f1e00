"""Find the critical moments of a run, the most critical first, no two alike, and have AV scenes cut out of it there.

::

    run ─▶ tracks, smoothed ─▶ conflicts ─▶ type, ego, window ─▶ unlike all before ─▶ scene directories, scenes.csv
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.errors import Faults, InputError
from trafficdiff.metrics.scene_types import (
    SCENE_TYPES,
    Encounters,
    distinct,
    encounter_features,
    scene_types,
)
from trafficdiff.publish import publishing
from trafficdiff.workflows.progress import quiet
from trafficdiff.workflows.scene_cutting import SHORTEST_S, TABLE, FoundScene, SceneCutter, shared_net, write_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.tracks import Tracks
    from trafficdiff.store.reading import StoredRun
    from trafficdiff.workflows.progress import Progress

__all__ = ["KIND", "FoundScenes", "find_scenes", "opened_run"]

KIND: Final = "found scenes"
_MOST: Final = 100_000


@dataclass(frozen=True)
class FoundScenes:
    """Say what was found.

    Parameters
    ----------
    directory, scenes
        Where, and what.
    conflicts
        How many conflicts of the types asked for there were.
    alike, implausible
        How many of them were like an earlier one, and how many were left out because somebody near moves as no body
        can (at a seam of the net that could not be mended).
    smoothing
        What was done to the tracks.
    """

    directory: Path
    scenes: tuple[FoundScene, ...]
    conflicts: int
    alike: int
    implausible: int
    smoothing: dict[str, Any]


def find_scenes(
    run: str | Path,
    directory: Path,
    *,
    types: Sequence[str] = (),
    count: int = 100,
    distance: float = 2.0,
    radius_m: float = 80.0,
    overlaps: bool = False,
    copy_net: bool = False,
    progress: Progress = quiet,
) -> FoundScenes:
    """Cut scenes out of a run into a new directory, whole or not at all.

    Parameters
    ----------
    run
        A run whose tracks are fine (see `workflows.safety.records_safety`).
    directory
        The directory to make: a scene a folder, ``scenes.csv``, and the net that they all lie on.

    Other Parameters
    ----------------
    types
        Only these, see `metrics.scene_types`; empty for all.
    count
        Most scenes.
    distance
        How unlike scenes of one type must be, see `metrics.scene_types.distinct` [m].
    radius_m
        Who comes nearer to the ego than this is in the scene [m].
    overlaps
        Whether conflicts count in which boxes overlap: without a staged crash they are faults of lanes that lie too
        close.
    copy_net
        Whether each scene has the net of its own, or all point to the one beside them.
    progress
        Receives stages and shares.

    Raises
    ------
    InputError
        Naming all that cannot be used.
    """
    _check(types, count=count, distance=distance, radius_m=radius_m)
    from trafficdiff.simulation.track_smoothing import smooth_tracks

    progress("reading the tracks", None)
    stored, graph, tracks = opened_run(Path(run))
    smoothed = smooth_tracks(tracks)
    tracks = smoothed.tracks
    progress("looking for conflicts", None)
    events, encounters = _encounters(tracks, graph, overlaps=overlaps)
    kinds = scene_types(tracks, encounters)
    wanted = np.isin(kinds.astype(str), list(types or SCENE_TYPES)) & _long_enough(tracks, encounters.ego)
    events, kinds = events[wanted].reset_index(drop=True), kinds[wanted]
    encounters = Encounters(encounters.ego[wanted], encounters.other[wanted], encounters.conflict[wanted])
    unlike = distinct(encounter_features(tracks, encounters), kinds, distance=distance)
    with publishing(directory, kind=KIND) as made:
        net = shared_net(stored, made)
        cutter = SceneCutter(stored, graph, tracks, smoothed.as_dict(), net, radius_m, made, copy_net=copy_net)
        scenes, implausible = cutter.cut_all(
            events, encounters, kinds, order=np.flatnonzero(unlike), count=count, progress=progress
        )
        write_table(scenes, made / TABLE)
    return FoundScenes(
        directory, tuple(scenes), len(events), int((~unlike).sum()), implausible, smoothed.as_dict()
    )  # fmt: skip


def _check(types: Sequence[str], *, count: int, distance: float, radius_m: float) -> None:
    faults = Faults("scenes find")
    if strange := sorted(set(types) - set(SCENE_TYPES)):
        faults.add(f"expected types among {', '.join(SCENE_TYPES)}, got {', '.join(strange)}")
    if not 1 <= count <= _MOST:
        faults.add(f"expected a count from 1 to {_MOST:,}, got {count}")
    if not (np.isfinite(distance) and distance >= 0):
        faults.add(f"expected a distance of 0 or more [m], got {distance:g}")
    if not (np.isfinite(radius_m) and radius_m > 0):
        faults.add(f"expected a radius above 0 [m], got {radius_m:g}")
    faults.raise_if_any(InputError)


def opened_run(run: Path) -> tuple[StoredRun, RoadGraph, Tracks]:
    """Return a run, its roads and its tracks as they were recorded.

    Raises
    ------
    InputError
        If its tracks are not fine enough, or nobody is in them.
    IntegrityError
        If it is no complete run.
    """
    from trafficdiff.datatypes.track_files import read_tracks_table
    from trafficdiff.roads.netfile import read_net
    from trafficdiff.store.reading import open_run
    from trafficdiff.workflows.gathering import TRACKS
    from trafficdiff.workflows.safety import records_safety

    stored = open_run(run)
    if not records_safety(stored.scenario):
        raise InputError(
            f"{run}: expected a run with tracks every 0.2 s or less and smooth lane changes, got one without; give its "
            "scenario `simulation: {step_s: 0.1, tracks: {step_s: 0.1, lateral: smooth}}` and run it again"
        )
    graph = read_net(stored.net_path)
    tracks = read_tracks_table(run / TRACKS, graph=graph)
    if not len(tracks.time_s):
        raise InputError(f"{run}: expected a run with tracks, got one in which nobody was recorded; give it more trips")
    return stored, graph, tracks


def _encounters(tracks: Tracks, graph: RoadGraph, *, overlaps: bool) -> tuple[pd.DataFrame, Encounters]:
    """Return conflicts, the most critical first, each with an ego that drives."""
    from trafficdiff.datatypes.track_cut import sample_at
    from trafficdiff.datatypes.vehicles import WALKING_CLASSES
    from trafficdiff.metrics.safety_events import conflicts
    from trafficdiff.metrics.safety_footways import on_footways

    events = conflicts(tracks, aside=on_footways(tracks, graph))
    if not overlaps:
        events = events[~events["collision"]]
    left_s = np.minimum(events["ttc_s"].to_numpy(np.float64), events["pet_s"].to_numpy(np.float64))
    events = events.iloc[np.lexsort((-events["drac_ms2"].to_numpy(np.float64), left_s))]
    walks = events["user_kind"].isin(WALKING_CLASSES).to_numpy()
    ego = np.where(walks, events["other"], events["user"])
    other = np.where(walks, events["user"], events["other"])
    driven = ~(walks & events["other_kind"].isin(WALKING_CLASSES).to_numpy())
    events = events.assign(ego=ego, opponent=other)[driven].reset_index(drop=True)
    place = {name: position for position, name in enumerate(tracks.user_id)}
    at = [
        (sample_at(tracks, place[one], time_s), sample_at(tracks, place[whom], time_s))
        for one, whom, time_s in zip(events["ego"], events["opponent"], events["time_s"].tolist(), strict=True)
    ]
    pairs = np.array(at, np.int64).reshape(-1, 2)
    return events, Encounters(pairs[:, 0], pairs[:, 1], events["type"].to_numpy(object))


def _long_enough(tracks: Tracks, ego: NDArray[np.int64]) -> NDArray[np.bool_]:
    user = tracks.user[ego]
    return np.asarray(tracks.leave_s[user] - tracks.enter_s[user] >= SHORTEST_S)
