"""Cut ordinary scenes out of a run, at a place or anywhere, for guided ones to go on from.

::

    run ─▶ tracks, smoothed ─▶ who drives there, and when ─▶ eight seconds around one of them ─▶ can it be led? ─▶ start
                                       ▲ another one, drawn at random ─────────────────────────────┘ no
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.motion_scene import KINDS, kind_of
from trafficdiff.errors import Faults, InputError
from trafficdiff.workflows.scene_cutting import SHORTEST_S, SceneCutter

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.tracks import Tracks
    from trafficdiff.workflows.progress import Progress
    from trafficdiff.workflows.scenes_guide_starts import Start
    from trafficdiff.workflows.scenes_guide_wish import Wish

__all__ = ["FARTHEST_M", "NEAREST_M", "RADIUS_M", "Place", "is_run", "starts_in_run"]

RADIUS_M: Final = 50.0
"""How far from a place somebody counts as being there, if nothing else is said [m]."""
NEAREST_M, FARTHEST_M = 5.0, 5_000.0
"""Radii that can be asked for [m]."""
_AROUND_M: Final = 80.0
"""Who comes nearer to the ego is in the scene [m], as in `workflows.scenes_find`."""
_EGOS: Final = ("car", "truck", "bus")
"""Kinds of users that scenes are cut around."""
_DRIVES_MS: Final = 1.0
"""Who is slower at the place is not drawn: most of those stand in a queue [m/s]."""
_TRIES: Final = 8
"""Windows that are looked at for each start that is wanted, and at least so often `_FEWEST`."""
_FEWEST: Final = 5


@dataclass(frozen=True, kw_only=True)
class Place:
    """Name a place.

    Parameters
    ----------
    lon, lat
        Its middle [degrees, WGS 84].
    radius_m
        Who comes nearer is there [m].
    """

    lon: float
    lat: float
    radius_m: float = RADIUS_M

    def __str__(self) -> str:
        return f"{self.lon:.6f},{self.lat:.6f}"

    def check(self, faults: Faults) -> None:
        """Note every fault of the place."""
        if not (math.isfinite(self.lon + self.lat) and abs(self.lon) <= 180 and abs(self.lat) <= 90):
            faults.add(
                f"--at: expected a longitude from -180 to 180 and a latitude from -90 to 90, in this order, got {self}"
            )
        if not NEAREST_M <= self.radius_m <= FARTHEST_M:
            faults.add(f"--radius: expected {NEAREST_M:g} to {FARTHEST_M:,.0f} m, got {self.radius_m:g}")


def is_run(path: Path) -> bool:
    """Return whether a path is a run's directory, with tracks or without."""
    from trafficdiff.store import layout

    return (path / layout.PROVENANCE).is_file() and (path / layout.SCENARIO).is_file()


def starts_in_run(
    run: Path, wish: Wish, *, place: Place | None, count: int, seed: int, progress: Progress
) -> tuple[list[Start], dict[str, str]]:
    """Return scenes of a run that can be led to what is asked, and why others cannot, by name.

    Parameters
    ----------
    run
        Its tracks are fine (see `workflows.safety.records_safety`).
    wish
        What is asked.
    place
        Where egos drive in the middle of their eight seconds; None for anywhere.
    count, seed
        Most scenes, and of the choice of egos and moments.
    progress
        Receives stages and shares.

    Raises
    ------
    InputError
        If it has no tracks, the place is off the map, nobody drives there, or nothing can be led to what is asked.
    IntegrityError
        If it is no complete run.
    """
    from trafficdiff.workflows.randomness import stream
    from trafficdiff.workflows.scenes_guide_starts import refuse_none, start_of

    cutter = _cutter(run, progress)
    moments = _moments(cutter.tracks, _near(run, cutter, place))
    if not len(moments):
        raise InputError(_nobody(run, place))
    starts: list[Start] = []
    skipped: dict[str, str] = {}
    windows = _windows(cutter.tracks, moments, stream(seed, "egos at a place"), most=max(_FEWEST, count) * _TRIES)
    for number, (ego, begin_s) in enumerate(windows):
        progress("looking for scenes to go on from", len(starts) / count)
        name = f"ordinary-{number:04d}"
        scene = cutter.window(name, ego, begin_s=begin_s, end_s=begin_s + SHORTEST_S)
        made = (
            "somebody near moves as no body can" if scene is None
            else start_of(scene, wish)
        )  # fmt: skip
        if isinstance(made, str):
            skipped[name] = made
        else:
            starts.append(made)
        if len(starts) == count:
            break
    if not starts:
        refuse_none(f"{run}{'' if place is None else f' at {place}'}", skipped, wish)
    return starts, skipped


def _cutter(run: Path, progress: Progress) -> SceneCutter:
    from trafficdiff.simulation.track_smoothing import smooth_tracks
    from trafficdiff.workflows.scenes_find import opened_run

    progress("reading the tracks", None)
    stored, graph, tracks = opened_run(run)
    smoothed = smooth_tracks(tracks)
    return SceneCutter(stored, graph, smoothed.tracks, smoothed.as_dict(), stored.net_path, _AROUND_M)


def _near(run: Path, cutter: SceneCutter, place: Place | None) -> NDArray[np.bool_]:
    """Return which samples are at the place, shape (S,)."""
    tracks = cutter.tracks
    if place is None:
        return np.ones(len(tracks.time_s), bool)
    x_m, y_m = _on_map(run, cutter.graph, place)
    return np.asarray(np.hypot(tracks.x_m - x_m, tracks.y_m - y_m) <= place.radius_m)


def _on_map(run: Path, graph: RoadGraph, place: Place) -> tuple[float, float]:
    """Return where a place is in the net [m].

    Raises
    ------
    InputError
        If no road is within its radius.
    """
    from trafficdiff.datatypes.net_shapes import read_net_shapes

    xy = graph.from_lonlat(np.array([[place.lon, place.lat]]))
    known = bool(np.isfinite(xy).all())
    off_m = float(read_net_shapes(graph.net_path).distance_from_road(xy[:, 0], xy[:, 1])[0]) if known else math.inf
    if off_m > place.radius_m:
        (west, south), (east, north) = (np.quantile(graph.to_lonlat(graph.node_xy), share, axis=0) for share in (0, 1))
        raise InputError(
            f"{run}: expected a place on the map, got {place}, {off_m:,.0f} m off every road; it reaches from "
            f"{west:.4f},{south:.4f} to {east:.4f},{north:.4f} (longitude,latitude)"
        )
    return float(xy[0, 0]), float(xy[0, 1])


def _moments(tracks: Tracks, near: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the samples that scenes can be cut around: who drives there, and is in the run for eight seconds."""
    kinds = np.array([KINDS[kind_of(str(kind))] for kind in tracks.user_kind])
    wanted = np.isin(kinds, _EGOS) & (tracks.leave_s - tracks.enter_s >= SHORTEST_S)
    return np.flatnonzero(near & wanted[tracks.user] & (tracks.speed_ms >= _DRIVES_MS))


def _windows(
    tracks: Tracks, moments: NDArray[np.int64], generator: np.random.Generator, *, most: int
) -> list[tuple[int, float]]:
    """Return egos and when their eight seconds begin: everybody who is there in turn, each time at another moment."""
    users, first = np.unique(tracks.user[moments], return_index=True)
    ends = np.append(first[1:], len(moments))
    windows: list[tuple[int, float]] = []
    while len(windows) < most:
        for place in generator.permutation(len(users)).tolist():
            user, at = int(users[place]), int(moments[generator.integers(first[place], ends[place])])
            enter_s, leave_s = float(tracks.enter_s[user]), float(tracks.leave_s[user])
            wanted_s = min(max(float(tracks.time_s[at]) - SHORTEST_S / 2, enter_s), leave_s - SHORTEST_S)
            own = tracks.time_s[tracks.offsets[user] : tracks.offsets[user + 1]]
            windows.append((user, float(own[np.searchsorted(own, wanted_s + 1e-6, side="right") - 1])))
    return list(dict.fromkeys(windows))[:most]


def _nobody(run: Path, place: Place | None) -> str:
    where = "" if place is None else f" within {place.radius_m:g} m of {place}"
    return (
        f"{run}: expected a car, truck or bus that drives{where} and is in the run for {SHORTEST_S:g} s or more, got "
        f"none; {'give it more trips' if place is None else 'choose a busier place, a larger --radius, or more trips'}"
    )
