"""Turn critical moments of pairs of road users into events: one row a conflict, with its time, place, type and numbers.

::

    tracks ─▶ pairs that are close ─▶ TTC, DRAC a moment ─▶ episodes of a pair ─┬─▶ events
          └─▶ ways that cross or meet ─▶ PET ───────────────────────────────────┘

A collision course is thought on straight ahead. Who turns points at much that he never drives to, so an episode whose
directions differ by more than 30 degrees counts only where the ways of the two did meet within the horizon; what a
swerve avoided so widely that the ways never met is not seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.boxes import separation
from trafficdiff.datatypes.track_motion import velocity
from trafficdiff.errors import InputError
from trafficdiff.metrics.safety_boxes import MovingBoxes
from trafficdiff.metrics.safety_candidates import Candidates, candidate_samples
from trafficdiff.metrics.safety_footways import goes_on_foot, share_traffic
from trafficdiff.metrics.safety_pairs import PARALLEL_RAD, angle_between, drac, headway, time_to_collision
from trafficdiff.metrics.safety_passing import Passings, passings
from trafficdiff.metrics.safety_types import conflict_types

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from trafficdiff.datatypes.tracks import Tracks

__all__ = ["SafetyLimits", "boxes_of", "conflicts", "headways"]

_CHUNK: Final = 500_000
_MOVES_MS: Final = 0.2
"""Slower displacements say nothing of the direction [m/s]; then it is the heading."""
_GAP_S: Final = 1.0
"""An episode ends where the pair was on no collision course for longer [s]."""
_MATCH_S: Final = 3.0
"""A passing belongs to an episode that ends at most so long before it [s]."""
_TOUCH_M: Final = 0.1
"""Boxes that overlap by less have not crashed [m]: positions are good to a decimetre."""


@dataclass(frozen=True, kw_only=True)
class SafetyLimits:
    """Say how close is too close.

    Parameters
    ----------
    ttc_s
        Time to collision of a near miss, at most [s]: 1.5 s (van der Horst 1990; default of FHWA's SSAM).
    drac_ms2
        Braking needed of a near miss, at least [m/s2]: 3.4 m/s2, what most drivers find comfortable at most (AASHTO
        2018, A Policy on Geometric Design, 7th edition, section 3.2.2).
    pet_s
        Post-encroachment time of a near miss, at most [s]: 1.5 s.
    horizon_s
        Conflicts with times above this are not looked at [s].
    """

    ttc_s: float = 1.5
    drac_ms2: float = 3.4
    pet_s: float = 1.5
    horizon_s: float = 3.0

    def __post_init__(self) -> None:
        if not 0 < max(self.ttc_s, self.pet_s) <= self.horizon_s <= 10 or min(self.ttc_s, self.pet_s) < 0:
            raise InputError(
                f"expected times of near misses above 0 and at most the horizon, itself at most 10 s, got {self}"
            )
        if not self.drac_ms2 > 0:
            raise InputError(f"expected a braking above 0 m/s2, got {self.drac_ms2:g}")


def boxes_of(tracks: Tracks) -> MovingBoxes:
    """Return the boxes of all samples, shape (S,) each: recorded speed, in the direction in which the centre moves."""
    user = tracks.user
    moved_x, moved_y = velocity(tracks)
    moves = np.hypot(moved_x, moved_y) > _MOVES_MS
    direction = np.where(moves, np.arctan2(moved_y, moved_x), tracks.heading_rad)
    return MovingBoxes(
        x_m=tracks.x_m,
        y_m=tracks.y_m,
        vx_ms=tracks.speed_ms * np.cos(direction),
        vy_ms=tracks.speed_ms * np.sin(direction),
        heading_rad=tracks.heading_rad,
        length_m=tracks.length_m[user],
        width_m=tracks.width_m[user],
    )


def conflicts(
    tracks: Tracks, *, limits: SafetyLimits | None = None, aside: NDArray[np.bool_] | None = None
) -> pd.DataFrame:
    """Return all conflicts within the horizon, one row each, by time; two people on foot have none.

    Columns: ``time_s`` (the most critical moment), ``begin_s``, ``end_s``; ``user`` and ``other`` (who comes second, or
    behind, stands first) with ``user_kind``, ``other_kind``, ``user_speed_ms``, ``other_speed_ms``; ``type`` (see
    `safety_types`); ``ttc_s`` (smallest, ``inf`` for none), ``drac_ms2`` (largest), ``pet_s`` (``inf`` for none);
    ``closing_ms`` (size of the velocities' difference); ``collision``; ``near_miss`` (beyond a limit, or a collision);
    ``x_m``, ``y_m`` (where they would touch, or meet) and ``edge`` (of who comes second; -1 inside a junction).

    Parameters
    ----------
    tracks
        Sampled at 0.1 or 0.2 s, so that lanes are changed smoothly.
    limits
        How close is too close.
    aside
        Shape (S,), samples of users who are out of traffic just then (`safety_footways.on_footways`); none if left out.
    """
    limits = limits or SafetyLimits()
    boxes = boxes_of(tracks)
    aside = np.zeros(len(tracks.time_s), bool) if aside is None else aside
    courses = _courses(tracks, boxes, horizon_s=limits.horizon_s, aside=aside)
    passed = passings(tracks, boxes, horizon_s=limits.horizon_s, aside=aside)
    found = _joined(tracks, boxes, _episodes(tracks, courses), passed)
    return _table(tracks, boxes, found, limits)


@dataclass(frozen=True, eq=False)
class _Courses:
    """Hold moments at which pairs were on a collision course, or touched: places of samples, and numbers."""

    one: NDArray[np.int64]
    other: NDArray[np.int64]
    ttc_s: NDArray[np.float64]
    drac_ms2: NDArray[np.float64]
    crash: NDArray[np.bool_]


def _courses(tracks: Tracks, boxes: MovingBoxes, *, horizon_s: float, aside: NDArray[np.bool_]) -> _Courses:
    pairs = candidate_samples(tracks, boxes, horizon_s=horizon_s)
    pairs = Candidates(*(places[share_traffic(tracks, *pairs, aside=aside)] for places in pairs))
    parts = []
    for begin in range(0, max(len(pairs.one), 1), _CHUNK):
        one, other = pairs.one[begin : begin + _CHUNK], pairs.other[begin : begin + _CHUNK]
        a, b = boxes.at(one), boxes.at(other)
        ttc_s = time_to_collision(a, b)
        near = ttc_s <= horizon_s
        a, b, ttc_s = a.at(near), b.at(near), ttc_s[near]
        crash = (ttc_s == 0) & (separation(a, b) < -_TOUCH_M)
        parts.append((one[near], other[near], ttc_s, drac(a, b, ttc_s=ttc_s), crash))
    return _Courses(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


@dataclass(frozen=True, eq=False)
class _Found:
    """Hold events as columns; places are those of the samples at the most critical moment, the later user's first."""

    user: NDArray[np.int64]
    other: NDArray[np.int64]
    begin_s: NDArray[np.float64]
    end_s: NDArray[np.float64]
    ttc_s: NDArray[np.float64]
    drac_ms2: NDArray[np.float64]
    pet_s: NDArray[np.float64]
    crash: NDArray[np.bool_]


def _episodes(tracks: Tracks, courses: _Courses) -> _Found:
    """Join the moments of a pair that are close in time, and keep the most critical one of each."""
    user, time_s = tracks.user, tracks.time_s[courses.one]
    pair = user[courses.one] * len(tracks.user_id) + user[courses.other]
    order = np.lexsort((time_s, pair))
    pair, time_s = pair[order], time_s[order]
    start = np.flatnonzero(np.concatenate([[True], (np.diff(pair) != 0) | (np.diff(time_s) > _GAP_S)])[: len(order)])
    if not len(start):
        nobody, nothing = np.zeros(0, np.int64), np.zeros(0)
        return _Found(nobody, nobody, nothing, nothing, nothing, nothing, nothing, np.zeros(0, bool))
    group = np.cumsum(np.isin(np.arange(len(order)), start)) - 1
    ttc_s, needed, crash = courses.ttc_s[order], courses.drac_ms2[order], courses.crash[order]
    worst = np.lexsort((-needed, ttc_s, group))[start]
    end = np.append(start[1:], len(order)) - 1
    finite = np.where(np.isfinite(needed), needed, 0.0)
    return _Found(
        user=courses.one[order][worst],
        other=courses.other[order][worst],
        begin_s=time_s[start],
        end_s=time_s[end],
        ttc_s=ttc_s[worst],
        drac_ms2=np.maximum.reduceat(finite, start),
        pet_s=np.full(len(start), np.inf),
        crash=np.logical_or.reduceat(crash, start),
    )


def _joined(tracks: Tracks, boxes: MovingBoxes, episodes: _Found, passed: Passings) -> _Found:
    """Give episodes their post-encroachment time, leave out those whose ways never met, and add passings alone."""
    first, second, pet_s = passed
    user, count = tracks.user, len(tracks.user_id)

    def key(a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.minimum(user[a], user[b]) * count + np.maximum(user[a], user[b])

    of_episode, of_passing = key(episodes.user, episodes.other), key(first, second)
    order = np.argsort(of_passing, kind="stable")
    place = np.searchsorted(of_passing[order], of_episode)
    taken, pet = np.zeros(len(first), bool), np.array(episodes.pet_s)
    until = np.searchsorted(of_passing[order], of_episode, side="right")
    for ahead in range(int((until - place).max(initial=0))):
        rows = np.flatnonzero(place + ahead < until)
        which = order[(place + ahead)[rows]]
        between_s = (tracks.time_s[first[which]], tracks.time_s[second[which]])
        meets = (between_s[1] >= episodes.begin_s[rows] - _MATCH_S) & (between_s[0] <= episodes.end_s[rows] + _MATCH_S)
        pet[rows[meets]] = np.minimum(pet[rows[meets]], pet_s[which[meets]])
        taken[which[meets]] = True
    angle = angle_between(boxes.heading_rad[episodes.user], boxes.heading_rad[episodes.other])
    kept = (angle < PARALLEL_RAD) | np.isfinite(pet) | episodes.crash
    alone = ~taken
    crash = np.zeros(int(alone.sum()), bool)
    many = np.full(int(alone.sum()), np.inf)
    return _Found(
        user=np.concatenate([episodes.user[kept], second[alone]]),
        other=np.concatenate([episodes.other[kept], first[alone]]),
        begin_s=np.concatenate([episodes.begin_s[kept], tracks.time_s[first[alone]]]),
        end_s=np.concatenate([episodes.end_s[kept], tracks.time_s[second[alone]]]),
        ttc_s=np.concatenate([episodes.ttc_s[kept], many]),
        drac_ms2=np.concatenate([episodes.drac_ms2[kept], np.zeros(len(many))]),
        pet_s=np.concatenate([pet[kept], pet_s[alone]]),
        crash=np.concatenate([episodes.crash[kept], crash]),
    )


def _table(tracks: Tracks, boxes: MovingBoxes, found: _Found, limits: SafetyLimits) -> pd.DataFrame:
    import pandas as pd

    user, other = _later_first(boxes, found)
    a, b = boxes.at(user), boxes.at(other)
    ahead_s = np.where(np.isfinite(found.ttc_s), found.ttc_s, 0.0)
    who, whom = tracks.user[user], tracks.user[other]
    on_course_s = np.maximum(tracks.time_s[user] - found.begin_s, 0.0)
    since_s = np.where(np.isfinite(found.ttc_s), on_course_s, -1.0)
    critical = (
        (found.ttc_s <= limits.ttc_s) | (found.drac_ms2 >= limits.drac_ms2) | (found.pet_s <= limits.pet_s)
    ) | found.crash
    table = pd.DataFrame(
        {
            "time_s": tracks.time_s[user],
            "begin_s": found.begin_s,
            "end_s": found.end_s,
            "user": tracks.user_id[who],
            "other": tracks.user_id[whom],
            "user_kind": tracks.user_kind[who],
            "other_kind": tracks.user_kind[whom],
            "user_speed_ms": a.speed,
            "other_speed_ms": b.speed,
            "type": conflict_types(tracks, user, other, since_s=since_s),
            "ttc_s": found.ttc_s,
            "drac_ms2": found.drac_ms2,
            "pet_s": found.pet_s,
            "closing_ms": np.hypot(a.vx_ms - b.vx_ms, a.vy_ms - b.vy_ms),
            "collision": found.crash,
            "near_miss": critical,
            "x_m": (a.x_m + b.x_m + (a.vx_ms + b.vx_ms) * ahead_s) / 2,
            "y_m": (a.y_m + b.y_m + (a.vy_ms + b.vy_ms) * ahead_s) / 2,
            "edge": tracks.edge[user].astype(np.int64),
        }
    )
    return table.sort_values(["time_s", "user", "other"], kind="stable", ignore_index=True)


def _later_first(boxes: MovingBoxes, found: _Found) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the samples of who is behind, or (where no collision course was) came second, and of the other one."""
    a, b = boxes.at(found.user), boxes.at(found.other)
    ahead = (b.x_m - a.x_m) * np.cos(a.heading_rad) + (b.y_m - a.y_m) * np.sin(a.heading_rad)
    back = (a.x_m - b.x_m) * np.cos(b.heading_rad) + (a.y_m - b.y_m) * np.sin(b.heading_rad)
    swap = np.isfinite(found.ttc_s) & ((ahead < back) | ((ahead == back) & (a.speed < b.speed)))
    return np.where(swap, found.other, found.user), np.where(swap, found.user, found.other)


def headways(tracks: Tracks, *, horizon_s: float = 3.0) -> NDArray[np.float64]:
    """Return by sample the time headway to the vehicle in front [s], shape (S,).

    ``inf`` where it is above the horizon or nobody is there; people on foot neither follow nor are followed.
    """
    boxes = boxes_of(tracks)
    pairs = candidate_samples(tracks, boxes, horizon_s=horizon_s)
    walks = goes_on_foot(tracks)[tracks.user]
    pairs = Candidates(*(places[~(walks[pairs.one] | walks[pairs.other])] for places in pairs))
    found = np.full(len(tracks.time_s), np.inf)
    for begin in range(0, len(pairs.one), _CHUNK):
        one, other = pairs.one[begin : begin + _CHUNK], pairs.other[begin : begin + _CHUNK]
        a, b = boxes.at(one), boxes.at(other)
        time_s = headway(a, b)
        near = time_s <= horizon_s
        ahead = (b.x_m - a.x_m) * np.cos(a.heading_rad) + (b.y_m - a.y_m) * np.sin(a.heading_rad) > 0
        np.minimum.at(found, np.where(ahead, one, other)[near], time_s[near])
    return found
