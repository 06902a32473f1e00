"""Cut AV scenes out of a run about its conflicts: a window of 8 to 20 s, who is near, the sky, the signals, the map."""

from __future__ import annotations

import csv
import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.metrics.scene_types import scene_tags, sideways

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from trafficdiff.datatypes.control import SignalProgram
    from trafficdiff.datatypes.driving_scene import DrivingScene
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.tracks import Tracks
    from trafficdiff.metrics.scene_types import Encounters
    from trafficdiff.store.reading import StoredRun
    from trafficdiff.workflows.progress import Progress

__all__ = ["SHORTEST_S", "TABLE", "FoundScene", "SceneCutter", "shared_net", "write_table"]

TABLE: Final = "scenes.csv"
"""The list of the scenes beside them."""
SHORTEST_S: Final = 8.0
"""No scene is shorter [s]."""
_NET: Final = "net.xml.gz"
_LONGEST_S: Final = 20.0
_BEFORE_S: Final = 4.0
_AFTER_S: Final = 3.0
"""A scene begins so long before its conflict and ends so long after, if eight seconds are not longer [s]."""


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


@dataclass(frozen=True, eq=False)
class SceneCutter:
    """Hold what all scenes of one run have in common, and cut one; ``made`` is where they are written, if they are."""

    stored: StoredRun
    graph: RoadGraph
    tracks: Tracks
    smoothing: dict[str, Any]
    net: Path
    radius_m: float
    made: Path | None = None
    copy_net: bool = False

    @cached_property
    def impossible(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Who moves as no body can, and when [s]."""
        from trafficdiff.datatypes.track_checks import kinematic_faults

        faults = kinematic_faults(self.tracks)
        place = {name: position for position, name in enumerate(self.tracks.user_id)}
        return np.array([place[name] for name in faults["user_id"]], np.int64), faults["time_s"].to_numpy(np.float64)

    @cached_property
    def plans(self) -> dict[str, SignalProgram]:
        """Plans of the signals as SUMO ran them."""
        from trafficdiff.datatypes.signal_timing import plans_of

        control = self.stored.directory / "simulation" / "control.add.xml"
        return plans_of(self.stored.net_path, control=control if control.is_file() else None)

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

        tracks = self.tracks
        ego, other = int(tracks.user[encounters.ego[place]]), int(tracks.user[encounters.other[place]])
        begin_s, end_s = _window(tracks, event, ego)
        aside_m = float(sideways(tracks, encounters.ego[place : place + 1])[0])
        tags = scene_tags(
            kind, ego_kind=str(tracks.user_kind[ego]), other_kind=str(tracks.user_kind[other]), ego_aside_m=aside_m
        )
        scene = self.window(f"{kind}_{number:05d}", ego, begin_s=begin_s, end_s=end_s, others=(other,), tags=tags)
        if scene is None:
            return None
        assert self.made is not None
        write_driving_scene(scene, self.made / scene.name, copy_net=self.copy_net)
        return FoundScene(
            name=scene.name, type=kind, ego=scene.ego, other=str(tracks.user_id[other]), begin_s=begin_s, end_s=end_s,
            critical_s=float(event["time_s"]), ttc_s=float(event["ttc_s"]), pet_s=float(event["pet_s"]),
            drac_ms2=float(event["drac_ms2"]), users=len(scene.tracks.user_id), tags=tags,
        )  # fmt: skip

    def window(
        self,
        name: str,
        ego: int,
        *,
        begin_s: float,
        end_s: float,
        others: Sequence[int] = (),
        tags: tuple[str, ...] = (),
    ) -> DrivingScene | None:
        """Return some seconds around a user, who is near and some others in it; None where a motion is impossible."""
        from trafficdiff.datatypes.track_cut import cut_tracks, users_near

        near = users_near(self.tracks, ego, begin_s=begin_s, end_s=end_s, radius_m=self.radius_m)
        near[list(others)] = True
        who, when_s = self.impossible
        if (near[who] & (when_s >= begin_s) & (when_s <= end_s)).any():
            return None
        part = cut_tracks(self.tracks, begin_s=begin_s, end_s=end_s, users=near)
        return self._scene(name, part, ego=str(self.tracks.user_id[ego]), tags=tags)

    def _scene(self, name: str, tracks: Tracks, *, ego: str, tags: tuple[str, ...]) -> DrivingScene:
        from trafficdiff.datatypes.driving_scene import DrivingScene
        from trafficdiff.datatypes.signal_timing import states_between
        from trafficdiff.workflows.scene_weather import environment_of

        scenario, made = self.stored.scenario, self.stored.provenance
        begin_s = float(tracks.time_s.min())
        return DrivingScene(
            name=name, tracks=tracks, edge_id=self.graph.edge_id, ego=ego, net_file=self.net,
            environment=environment_of(scenario, at_s=begin_s), tags=tags,
            signals=states_between(self.plans, begin_s=begin_s, end_s=float(tracks.time_s.max())),
            provenance={
                "synthetic": "true", "run_id": self.stored.run_id, "scenario": scenario.name,
                "demand_model": made.demand_model, "demand_data": made.demand_data, "seed": str(scenario.seed),
                "sample": str(made.sample),
                "smoothing": ", ".join(f"{key} {value}" for key, value in self.smoothing.items()),
            },
        )  # fmt: skip


def _window(tracks: Tracks, event: pd.Series[Any], ego: int) -> tuple[float, float]:
    """Return when a scene begins and ends: about its conflict, 8 to 20 s, while the ego is there."""
    begin_s = max(float(event["begin_s"]) - _BEFORE_S, float(event["time_s"]) - _LONGEST_S + _AFTER_S)
    end_s = min(float(event["end_s"]) + _AFTER_S, begin_s + _LONGEST_S)
    short_s = max(SHORTEST_S - (end_s - begin_s), 0.0)
    begin_s, end_s = begin_s - short_s / 2, end_s + short_s / 2
    enter_s, leave_s = float(tracks.enter_s[ego]), float(tracks.leave_s[ego])
    if begin_s < enter_s:
        begin_s, end_s = enter_s, max(end_s, enter_s + SHORTEST_S)
    if end_s > leave_s:
        begin_s, end_s = max(min(begin_s, leave_s - SHORTEST_S), enter_s), leave_s
    return begin_s, end_s


def shared_net(stored: StoredRun, made: Path) -> Path:
    """Copy the run's net beside the scenes, packed, and return it."""
    import gzip

    from trafficdiff.screening import is_gzip

    content = stored.net_path.read_bytes()
    path = made / _NET
    path.write_bytes(content if is_gzip(content[:2]) else gzip.compress(content, mtime=0))
    return path


def write_table(scenes: Sequence[FoundScene], path: Path) -> None:
    """Write a row a scene; a time that is infinite is left empty."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in dataclasses.fields(FoundScene)])
        writer.writeheader()
        for scene in scenes:
            row = dataclasses.asdict(scene) | {"tags": " ".join(scene.tags)}
            writer.writerow({key: "" if value == np.inf else value for key, value in row.items()})
