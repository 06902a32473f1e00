"""Say what happens in a conflict as an AV engineer names it, from the view of an ego, and how alike two conflicts are.

==========================  ==============================================  ===========================================
type                        conflict, and what the other one does           OpenLABEL terms beside ``MotionDrive``
==========================  ==============================================  ===========================================
``cut_in``                  lane change; the other comes into the lane      ``MotionCutIn``
``lane_change``             lane change; the ego does                       ``MotionLaneChangeLeft`` or ``...Right``
``lead_standing``           following; stands (below 0.5 m/s)               ``MotionStop``
``lead_brake``              following; brakes harder than 2 m/s2            ``MotionDecelerate``
``following``               following; neither                              none
``left_turn_across``        turning across; one turned left                 ``MotionTurnLeft``, ``MotionTowards``
``right_turn_across``       turning across; one turned right                ``MotionTurnRight``, ``MotionTowards``
``crossing``                crossing                                        ``MotionCross``
``merging``                 any other angle                                 ``MotionTowards``
``oncoming``                head-on                                         ``MotionTowards``
``pedestrian_crossing``     pedestrian at more than 30 degrees              ``HumanPedestrian``, ``MotionCross``
``pedestrian_along``        pedestrian in the same or opposite direction    ``HumanPedestrian``, ``MotionWalk``
``cyclist_crossing``        cyclist at more than 30 degrees                 ``VehicleCycle``, ``MotionCross``
``cyclist_along``           cyclist in the same or opposite direction       ``VehicleCycle``, ``MotionTowards``
==========================  ==============================================  ===========================================

Terms are those of ASAM OpenLABEL 1.0.0's ontology of scenario tags.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from trafficdiff.datatypes.track_motion import acceleration, sample_step_s, unwrapped_heading
from trafficdiff.metrics.safety_pairs import PARALLEL_RAD, angle_between
from trafficdiff.metrics.safety_types import earlier

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.tracks import Tracks

__all__ = ["SCENE_TYPES", "Encounters", "distinct", "encounter_features", "scene_tags", "scene_types", "sideways"]

SCENE_TYPES: Final = (
    "cut_in", "lane_change", "lead_standing", "lead_brake", "following", "left_turn_across", "right_turn_across",
    "crossing", "merging", "oncoming", "pedestrian_crossing", "pedestrian_along", "cyclist_crossing", "cyclist_along",
)  # fmt: skip
_TERMS: Final[dict[str, tuple[str, ...]]] = {
    "cut_in": ("MotionCutIn",),
    "lead_standing": ("MotionStop",),
    "lead_brake": ("MotionDecelerate",),
    "left_turn_across": ("MotionTurnLeft", "MotionTowards"),
    "right_turn_across": ("MotionTurnRight", "MotionTowards"),
    "crossing": ("MotionCross",),
    "merging": ("MotionTowards",),
    "oncoming": ("MotionTowards",),
    "pedestrian_crossing": ("HumanPedestrian", "MotionWalk", "MotionCross"),
    "pedestrian_along": ("HumanPedestrian", "MotionWalk"),
    "cyclist_crossing": ("HumanCyclist", "VehicleCycle", "MotionCross"),
    "cyclist_along": ("HumanCyclist", "VehicleCycle", "MotionTowards"),
}
_KINDS: Final = {
    "passenger": "VehicleCar", "taxi": "VehicleCar", "evehicle": "VehicleCar", "hov": "VehicleCar",
    "bus": "VehicleBus", "coach": "VehicleBus", "truck": "VehicleTruck", "trailer": "VehicleTruck",
    "delivery": "VehicleVan", "motorcycle": "VehicleMotorcycle", "moped": "VehicleMotorcycle",
    "emergency": "VehicleEmergency",
}  # fmt: skip
_STANDS_MS: Final = 0.5
_BRAKES_MS2: Final = -2.0
_BEFORE_S: Final = 3.0
_MOMENTS_S: Final = np.arange(-2.0, 2.01, 0.5)
"""When two encounters are compared, about their most critical moment [s]."""


class Encounters(NamedTuple):
    """Hold conflicts as columns: places of the samples of ego and other at the most critical moment, and its type."""

    ego: NDArray[np.int64]
    other: NDArray[np.int64]
    conflict: NDArray[np.object_]


def scene_types(tracks: Tracks, of: Encounters) -> NDArray[np.object_]:
    """Return the type of each encounter, shape (N,)."""
    heading = tracks.heading_rad
    now = angle_between(heading[of.ego], heading[of.other])
    along = (now < PARALLEL_RAD) | (now > np.pi - PARALLEL_RAD)
    stands = tracks.speed_ms[of.other] < _STANDS_MS
    brakes = _hardest(tracks, of.other) < _BRAKES_MS2
    left = np.where(np.abs(_turn(tracks, of.ego)) > np.abs(_turn(tracks, of.other)), _turn(tracks, of.ego),
                    _turn(tracks, of.other)) > 0  # fmt: skip
    other_moves = np.abs(sideways(tracks, of.other)) >= np.abs(sideways(tracks, of.ego))
    choices = [
        ((of.conflict == "pedestrian") & along, "pedestrian_along"),
        (of.conflict == "pedestrian", "pedestrian_crossing"),
        ((of.conflict == "cyclist") & along, "cyclist_along"),
        (of.conflict == "cyclist", "cyclist_crossing"),
        ((of.conflict == "lane_change") & other_moves, "cut_in"),
        (of.conflict == "lane_change", "lane_change"),
        ((of.conflict == "following") & stands, "lead_standing"),
        ((of.conflict == "following") & brakes, "lead_brake"),
        (of.conflict == "following", "following"),
        ((of.conflict == "turning_across") & left, "left_turn_across"),
        (of.conflict == "turning_across", "right_turn_across"),
        (of.conflict == "crossing", "crossing"),
        (of.conflict == "head_on", "oncoming"),
    ]
    names = np.array([name for _, name in choices] + ["merging"], object)
    return names[np.select([fits for fits, _ in choices], range(len(choices)), len(choices)).astype(np.int64)]


def scene_tags(kind: str, *, ego_kind: str, other_kind: str, ego_aside_m: float = 0.0) -> tuple[str, ...]:
    """Return the OpenLABEL terms of a scene, sorted: what happens, and who takes part.

    Parameters
    ----------
    kind
        One of `SCENE_TYPES`.
    ego_kind, other_kind
        SUMO's vehicle classes.
    ego_aside_m
        How far the ego moved across its heading, left positive [m]: the side of its lane change.
    """
    terms = {"MotionDrive", *_TERMS.get(kind, ())}
    if kind == "lane_change":
        terms.add("MotionLaneChangeLeft" if ego_aside_m > 0 else "MotionLaneChangeRight")
    terms |= {_KINDS[one] for one in (ego_kind, other_kind) if one in _KINDS}
    return tuple(sorted(terms))


def encounter_features(tracks: Tracks, of: Encounters) -> NDArray[np.float64]:
    """Return what encounters are compared by, shape (N, 27): the other's way as the ego sees it, and the ego's speed.

    Positions [m] are in the ego's frame at each of nine moments within two seconds of the most critical one (at a
    user's ends, his last known place); speeds [m/s] stand beside them.
    """
    step_s = sample_step_s(tracks)
    shift = np.rint(_MOMENTS_S / step_s).astype(np.int64)
    ego, other = (_held(tracks, place, shift) for place in (of.ego, of.other))
    c, s = np.cos(tracks.heading_rad[ego]), np.sin(tracks.heading_rad[ego])
    dx, dy = tracks.x_m[other] - tracks.x_m[ego], tracks.y_m[other] - tracks.y_m[ego]
    return np.concatenate([dx * c + dy * s, dy * c - dx * s, tracks.speed_ms[ego]], axis=1)


def distinct(features: NDArray[np.float64], kinds: NDArray[np.object_], *, distance: float) -> NDArray[np.bool_]:
    """Return which encounters are unlike all kept before them, in the order given, shape (N,).

    The distance of two of one type is the root mean square of the differences of their features, over the nine moments:
    metres for positions, metres a second for speeds. Of different types nobody is alike.

    Parameters
    ----------
    features, kinds
        From `encounter_features` and `scene_types`.
    distance
        Below this, the later one is left out; 0 keeps all.
    """
    kept = np.zeros(len(features), bool)
    for kind in np.unique(kinds.astype(str)):
        rows = np.flatnonzero(kinds == kind)
        chosen = np.zeros((0, features.shape[1]))
        for row in rows:
            gap = np.sqrt(((chosen - features[row]) ** 2).sum(axis=1) / len(_MOMENTS_S))
            if not len(gap) or gap.min() >= distance:
                kept[row] = True
                chosen = np.concatenate([chosen, features[row][None]])
    return kept


def _hardest(tracks: Tracks, place: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the hardest braking of users in the three seconds before [m/s2]."""
    rates = acceleration(tracks, span_s=0.5)
    around = _held(tracks, place, -np.arange(round(_BEFORE_S / sample_step_s(tracks)) + 1))
    return np.asarray(rates[around].min(axis=1)) if len(place) else np.zeros(0)


def _turn(tracks: Tracks, place: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return by how much users turn around a moment [rad], left positive."""
    heading = unwrapped_heading(tracks)
    later = _held(tracks, place, np.array([round(_BEFORE_S / sample_step_s(tracks))]))[:, 0]
    return np.asarray(heading[later] - heading[earlier(tracks, place, _BEFORE_S)])


def sideways(tracks: Tracks, place: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return how far users moved across their heading in the three seconds before [m], left positive."""
    before = earlier(tracks, place, _BEFORE_S)
    c, s = np.cos(tracks.heading_rad[place]), np.sin(tracks.heading_rad[place])
    return (tracks.y_m[place] - tracks.y_m[before]) * c - (tracks.x_m[place] - tracks.x_m[before]) * s


def _held(tracks: Tracks, place: NDArray[np.int64], shift: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the samples of the same users some steps away, shape (N, M), no further than their ends."""
    user = tracks.user[place]
    first, last = tracks.offsets[user], tracks.offsets[user + 1] - 1
    return np.asarray(np.clip(place[:, None] + shift, first[:, None], last[:, None]), np.int64)
