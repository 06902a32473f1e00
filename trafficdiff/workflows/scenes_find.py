"""Find the critical moments of a run and cut AV scenes out of it, the most critical first, no two alike.

::

    run ─▶ tracks, smoothed ─▶ conflicts ─▶ type, ego, window ─▶ unlike all before ─▶ scene directories, scenes.csv
"""

from __future__ import annotations

import csv
import dataclasses
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.errors import Faults, InputError
from trafficdiff.metrics.scene_types import (
    SCENE_TYPES,
    Encounters,
    distinct,
    encounter_features,
    scene_tags,
    scene_types,
    sideways,
)
from trafficdiff.publish import publishing
from trafficdiff.workflows.progress import quiet

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from trafficdiff.datatypes.driving_scene import DrivingScene
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.tracks import Tracks
    from trafficdiff.store.reading import StoredRun
    from trafficdiff.workflows.progress import Progress

__all__ = ["KIND", "FoundScene", "FoundScenes", "find_scenes"]

KIND: Final = "found scenes"
_TABLE: Final = "scenes.csv"
_NET: Final = "net.xml.gz"
_SHORTEST_S: Final = 8.0
_LONGEST_S: Final = 20.0
_BEFORE_S: Final = 4.0
_AFTER_S: Final = 3.0
"""A scene begins so long before its conflict and ends so long after, if eight seconds are not longer [s]."""
_ON_FOOT: Final = ("pedestrian", "wheelchair")
_MOST: Final = 100_000


@dataclass(frozen=True, kw_only=True)
class FoundScene:
    """Say what one scene is about; times in seconds of the simulated day, numbers as in `metrics.safety_events`."""

    name: str
    type: str
    ego: str
    other: str
    begin_s: float
    end_s: float
    critical_s: float
    ttc_s: float
    pet_s: float
    drac_ms2: float
    users: int
    tags: tuple[str, ...]


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
    stored, graph, tracks = _opened(Path(run))
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
        net = _shared_net(stored, made)
        cutter = _Cutter(stored, graph, tracks, smoothed.as_dict(), net, made, radius_m, copy_net=copy_net)
        scenes, implausible = cutter.cut_all(
            events, encounters, kinds, order=np.flatnonzero(unlike), count=count, progress=progress
        )
        _write_table(scenes, made / _TABLE)
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


def _opened(run: Path) -> tuple[StoredRun, RoadGraph, Tracks]:
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
    return stored, graph, read_tracks_table(run / TRACKS, graph=graph)


def _encounters(tracks: Tracks, graph: RoadGraph, *, overlaps: bool) -> tuple[pd.DataFrame, Encounters]:
    """Return conflicts, the most critical first, each with an ego that drives."""
    from trafficdiff.datatypes.track_cut import sample_at
    from trafficdiff.metrics.safety_events import conflicts
    from trafficdiff.metrics.safety_footways import on_footways

    events = conflicts(tracks, aside=on_footways(tracks, graph))
    if not overlaps:
        events = events[~events["collision"]]
    left_s = np.minimum(events["ttc_s"].to_numpy(np.float64), events["pet_s"].to_numpy(np.float64))
    events = events.iloc[np.lexsort((-events["drac_ms2"].to_numpy(np.float64), left_s))]
    walks = events["user_kind"].isin(_ON_FOOT).to_numpy()
    ego = np.where(walks, events["other"], events["user"])
    other = np.where(walks, events["user"], events["other"])
    driven = ~(walks & events["other_kind"].isin(_ON_FOOT).to_numpy())
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
    return np.asarray(tracks.leave_s[user] - tracks.enter_s[user] >= _SHORTEST_S)


def _window(tracks: Tracks, event: pd.Series[Any], ego: int) -> tuple[float, float]:
    """Return when a scene begins and ends: about its conflict, 8 to 20 s, while the ego is there."""
    begin_s = max(float(event["begin_s"]) - _BEFORE_S, float(event["time_s"]) - _LONGEST_S + _AFTER_S)
    end_s = min(float(event["end_s"]) + _AFTER_S, begin_s + _LONGEST_S)
    short_s = max(_SHORTEST_S - (end_s - begin_s), 0.0)
    begin_s, end_s = begin_s - short_s / 2, end_s + short_s / 2
    enter_s, leave_s = float(tracks.enter_s[ego]), float(tracks.leave_s[ego])
    if begin_s < enter_s:
        begin_s, end_s = enter_s, max(end_s, enter_s + _SHORTEST_S)
    if end_s > leave_s:
        begin_s, end_s = max(min(begin_s, leave_s - _SHORTEST_S), enter_s), leave_s
    return begin_s, end_s


@dataclass(frozen=True, eq=False)
class _Cutter:
    """Hold what all scenes of one run have in common, and cut one."""

    stored: StoredRun
    graph: RoadGraph
    tracks: Tracks
    smoothing: dict[str, Any]
    net: Path
    made: Path
    radius_m: float
    copy_net: bool

    @cached_property
    def impossible(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Who moves as no body can, and when [s]."""
        from trafficdiff.datatypes.track_checks import kinematic_faults

        faults = kinematic_faults(self.tracks)
        place = {name: position for position, name in enumerate(self.tracks.user_id)}
        return np.array([place[name] for name in faults["user_id"]], np.int64), faults["time_s"].to_numpy(np.float64)

    def cut_all(
        self,
        events: pd.DataFrame,
        encounters: Encounters,
        kinds: NDArray[np.object_],
        *,
        order: NDArray[np.intp],
        count: int,
        progress: Progress,
    ) -> tuple[list[FoundScene], int]:
        """Write scenes in an order until there are enough; return them, and how many were left out as impossible."""
        scenes: list[FoundScene] = []
        implausible = 0
        for place in order.tolist():
            if len(scenes) == count:
                break
            progress("cutting scenes", len(scenes) / count)
            found = self.cut(events.iloc[place], encounters, place, kind=str(kinds[place]), number=len(scenes))
            if found is None:
                implausible += 1
            else:
                scenes.append(found)
        return scenes, implausible

    def cut(
        self, event: pd.Series[Any], encounters: Encounters, place: int, *, kind: str, number: int
    ) -> FoundScene | None:
        """Write one scene and say what it is about; None where somebody in it moves as no body can."""
        from trafficdiff.datatypes.driving_scene_files import write_driving_scene
        from trafficdiff.datatypes.track_cut import cut_tracks, users_near

        tracks = self.tracks
        ego, other = int(tracks.user[encounters.ego[place]]), int(tracks.user[encounters.other[place]])
        begin_s, end_s = _window(tracks, event, ego)
        near = users_near(tracks, ego, begin_s=begin_s, end_s=end_s, radius_m=self.radius_m)
        near[other] = True
        who, when_s = self.impossible
        if (near[who] & (when_s >= begin_s) & (when_s <= end_s)).any():
            return None
        part = cut_tracks(tracks, begin_s=begin_s, end_s=end_s, users=near)
        aside_m = float(sideways(tracks, encounters.ego[place : place + 1])[0])
        tags = scene_tags(
            kind, ego_kind=str(tracks.user_kind[ego]), other_kind=str(tracks.user_kind[other]), ego_aside_m=aside_m
        )
        scene = self._scene(f"{kind}_{number:05d}", part, ego=str(tracks.user_id[ego]), tags=tags)
        write_driving_scene(scene, self.made / scene.name, copy_net=self.copy_net)
        return FoundScene(
            name=scene.name, type=kind, ego=scene.ego, other=str(tracks.user_id[other]), begin_s=begin_s, end_s=end_s,
            critical_s=float(event["time_s"]), ttc_s=float(event["ttc_s"]), pet_s=float(event["pet_s"]),
            drac_ms2=float(event["drac_ms2"]), users=len(part.user_id), tags=tags,
        )  # fmt: skip

    def _scene(self, name: str, tracks: Tracks, *, ego: str, tags: tuple[str, ...]) -> DrivingScene:
        from trafficdiff.datatypes.driving_scene import DrivingScene
        from trafficdiff.datatypes.signal_timing import planned_states
        from trafficdiff.workflows.scene_weather import environment_of

        scenario, made = self.stored.scenario, self.stored.provenance
        control = self.stored.directory / "simulation" / "control.add.xml"
        begin_s = float(tracks.time_s.min())
        return DrivingScene(
            name=name, tracks=tracks, edge_id=self.graph.edge_id, ego=ego, net_file=self.net,
            environment=environment_of(scenario, at_s=begin_s), tags=tags,
            signals=planned_states(
                self.stored.net_path, begin_s=begin_s, end_s=float(tracks.time_s.max()),
                control=control if control.is_file() else None,
            ),
            provenance={
                "synthetic": "true", "run_id": self.stored.run_id, "scenario": scenario.name,
                "demand_model": made.demand_model, "demand_data": made.demand_data, "seed": str(scenario.seed),
                "sample": str(made.sample),
                "smoothing": ", ".join(f"{key} {value}" for key, value in self.smoothing.items()),
            },
        )  # fmt: skip


def _shared_net(stored: StoredRun, made: Path) -> Path:
    """Copy the run's net beside the scenes, packed, and return it."""
    import gzip

    from trafficdiff.screening import is_gzip

    content = stored.net_path.read_bytes()
    path = made / _NET
    path.write_bytes(content if is_gzip(content[:2]) else gzip.compress(content, mtime=0))
    return path


def _write_table(scenes: Sequence[FoundScene], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in dataclasses.fields(FoundScene)])
        writer.writeheader()
        for scene in scenes:
            row = dataclasses.asdict(scene) | {"tags": " ".join(scene.tags)}
            writer.writerow({key: "" if value == np.inf else value for key, value in row.items()})
