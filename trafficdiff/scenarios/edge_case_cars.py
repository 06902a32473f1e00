"""Choreography of edge cases between cars on one road: cut-in, cut-out, braking, obstacle, head-on, crash ahead.

The ego drives its way at constant speed, as if it saw nothing. Where the opponent is, follows from what is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.boxes import corners_of
from trafficdiff.scenarios.edge_case_motion import (
    CAR_M,
    CLOCK,
    TICK_S,
    Mover,
    RefusedError,
    braking_way,
    follow,
    shifted_across,
    stand,
)
from trafficdiff.scenarios.edge_case_solving import lateral_onset_s, overlap_of, solve, ttc_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from trafficdiff.datatypes.staging import Place

__all__ = [
    "KMH", "Choreography", "crash_ahead", "cut_in", "cut_out", "driving_ego", "head_on", "lead_brake", "obstacle",
    "other_side",
]  # fmt: skip

KMH: Final = 1 / 3.6
_LENGTH_M, _WIDTH_M = CAR_M
_TRIGGER_S: Final = 4.0
"""When a case begins for the ego, where that can be chosen [s of the scene]."""
_REACHED_S: Final = 6.0
_CREEP_MS: Final = 5 * KMH
"""A car that moves in traffic is not slower."""
_FARTHEST_CUT_M: Final = 60.0
"""Longest gap at a cut-in [m] (UN R157 ALKS scenario files: 0 to 60 m)."""
_GAPS_M: Final = (10.0, 100.0)
"""Gaps to the stationary car at a cut-out [m] (UN R157 ALKS scenario files)."""
_BUMPER_M: Final = 0.3


@dataclass(frozen=True, eq=False, kw_only=True)
class Choreography:
    """Hold who moves how, and when the case begins for the ego.

    Parameters
    ----------
    ego, opponent
        The two that the case is about.
    others
        Who else belongs to it.
    trigger_s
        See the type's trigger [s of the scene].
    """

    ego: Mover
    opponent: Mover
    others: tuple[Mover, ...] = ()
    trigger_s: float

    @property
    def movers(self) -> tuple[Mover, ...]:
        """All of them, the ego first."""
        return self.ego, self.opponent, *self.others


def driving_ego(place: Place, *, speed_ms: float, reaches_s: float) -> Mover:
    """Return an ego at constant speed whose centre is at the place's conflict at a time."""
    return follow("ego", place.line, s=place.conflict_m + speed_ms * (CLOCK - reaches_s))


def other_side(place: Place, values: Mapping[str, float]) -> float:
    """Return the offset of the neighbour lane that is asked for, or of the one that is there [m]."""
    wanted, spare = (place.right_m, place.left_m) if values["side"] < 0.5 else (place.left_m, place.right_m)
    return wanted if np.isfinite(wanted) else spare


def cut_in(values: Mapping[str, float], place: Place) -> Choreography:
    """Let a slower car come in from a neighbour lane; the gap follows from the time to collision."""
    speed, slower = values["ego_kmh"] * KMH, values["relative_kmh"] * KMH
    own, lane = speed + slower, other_side(place, values)
    if own < _CREEP_MS:
        raise RefusedError("the other car would stand or drive backwards")
    ego = driving_ego(place, speed_ms=speed, reaches_s=_TRIGGER_S)
    across = shifted_across(lane, 0.0, peak_ms=values["lateral_ms"], passes_m=np.sign(lane) * _WIDTH_M, at_s=_TRIGGER_S)
    first = values["ttc_s"] * -slower + _LENGTH_M
    if first - _LENGTH_M > _FARTHEST_CUT_M:
        raise RefusedError(f"the gap would be above {_FARTHEST_CUT_M:g} m")

    def opponent(shift: float) -> Mover:
        return follow("opponent", place.line, s=place.conflict_m + shift + own * (CLOCK - _TRIGGER_S), d=across)

    trigger = lateral_onset_s(ego, opponent(first), begins=True)
    shift = solve(
        lambda shift: ttc_at(ego, opponent(shift), at_s=trigger),
        asked=values["ttc_s"], start=first, slope=-1 / slower, what="the time to collision",
    )  # fmt: skip
    return Choreography(ego=ego, opponent=opponent(shift), trigger_s=trigger)


def cut_out(values: Mapping[str, float], place: Place) -> Choreography:
    """Let the car ahead leave the lane and uncover a stationary one."""
    speed, lane = values["ego_kmh"] * KMH, other_side(place, values)
    ego = driving_ego(place, speed_ms=speed, reaches_s=_TRIGGER_S)
    gap = values["ttc_s"] * speed
    if not _GAPS_M[0] <= gap <= _GAPS_M[1]:
        raise RefusedError(f"the gap would be outside {_GAPS_M[0]:g} to {_GAPS_M[1]:g} m")
    across = shifted_across(0.0, lane, peak_ms=values["lateral_ms"], passes_m=np.sign(lane) * _WIDTH_M, at_s=_TRIGGER_S)
    lead = follow("lead", place.line, s=ego.s + values["headway_s"] * speed + _LENGTH_M, d=across)
    still = stand("opponent", place.line, s_m=place.conflict_m + gap + _LENGTH_M, d_m=0.0)
    uncovered = _leaves_s(ego, lead)
    shift = solve(
        lambda shift: ttc_at(ego, _moved(still, shift), at_s=uncovered),
        asked=values["ttc_s"], start=0.0, slope=1 / speed, what="the time to collision",
    )  # fmt: skip
    return Choreography(ego=ego, opponent=_moved(still, shift), others=(lead,), trigger_s=uncovered)


def lead_brake(values: Mapping[str, float], place: Place) -> Choreography:
    """Let the car ahead brake as hard as asked, or as the road holds."""
    speed, braking = values["ego_kmh"] * KMH, min(values["braking_ms2"], values["grip_ms2"])
    ego = driving_ego(place, speed_ms=speed, reaches_s=_TRIGGER_S)
    way = braking_way(speed, braking_ms2=braking, begins_s=_TRIGGER_S - 1)
    first = values["ttc_s"] * braking + braking / 2 + _LENGTH_M - speed

    def opponent(shift: float) -> Mover:
        return follow("opponent", place.line, s=place.conflict_m + shift + way, d=values["offset_m"])

    shift = solve(
        lambda shift: ttc_at(ego, opponent(shift), at_s=_TRIGGER_S),
        asked=values["ttc_s"], start=first, slope=1 / braking, what="the time to collision",
    )  # fmt: skip
    return Choreography(ego=ego, opponent=opponent(shift), trigger_s=_TRIGGER_S)


def obstacle(values: Mapping[str, float], place: Place) -> Choreography:
    """Put a stationary car so that it covers a share of the ego's width."""
    speed = values["ego_kmh"] * KMH
    ego = driving_ego(place, speed_ms=speed, reaches_s=_REACHED_S)
    side = -1.0 if values["side"] < 0.5 else 1.0

    def opponent(covered: float) -> Mover:
        return stand("opponent", place.line, s_m=place.conflict_m + _LENGTH_M, d_m=side * _WIDTH_M * (1 - covered))

    covered = solve(  # on a bend the two stand at an angle
        lambda covered: overlap_of(ego, opponent(covered)),
        asked=values["overlap"], start=values["overlap"], slope=1.0, what="the overlap",
    )  # fmt: skip
    return Choreography(ego=ego, opponent=opponent(covered), trigger_s=_REACHED_S - 4)


def head_on(values: Mapping[str, float], place: Place) -> Choreography:
    """Let an oncoming car drift into the ego's lane."""
    speed, own = values["ego_kmh"] * KMH, values["other_kmh"] * KMH
    ego = driving_ego(place, speed_ms=speed, reaches_s=_TRIGGER_S)
    across = shifted_across(
        place.oncoming_m, _WIDTH_M * (1 - values["overlap"]), peak_ms=values["lateral_ms"], passes_m=_WIDTH_M,
        at_s=_TRIGGER_S,
    )  # fmt: skip
    first = values["ttc_s"] * (speed + own) + _LENGTH_M

    def opponent(shift: float) -> Mover:
        return follow("opponent", place.line, s=place.conflict_m + shift - own * (CLOCK - _TRIGGER_S), d=across)

    trigger = lateral_onset_s(ego, opponent(first), begins=True)
    shift = solve(
        lambda shift: ttc_at(ego, opponent(shift), at_s=trigger),
        asked=values["ttc_s"], start=first, slope=1 / (speed + own), what="the time to collision",
    )  # fmt: skip
    return Choreography(ego=ego, opponent=opponent(shift), trigger_s=trigger)


def crash_ahead(values: Mapping[str, float], place: Place) -> Choreography:
    """Block lanes with a wreck, and let the car ahead come to rest at it."""
    speed, braking = values["ego_kmh"] * KMH, min(values["braking_ms2"], values["grip_ms2"])
    lane = other_side(place, values)
    ego = driving_ego(place, speed_ms=speed, reaches_s=_TRIGGER_S)
    stopped = place.conflict_m + values["ttc_s"] * speed + _LENGTH_M
    way = _way_to_rest(speed, braking_ms2=braking, rests_s=_TRIGGER_S)

    def opponent(shift: float) -> Mover:
        return follow("opponent", place.line, s=stopped + shift + way)

    shift = solve(
        lambda shift: ttc_at(ego, opponent(shift), at_s=_TRIGGER_S),
        asked=values["ttc_s"], start=0.0, slope=1 / speed, what="the time to collision",
    )  # fmt: skip
    turned = np.radians(values["wreck_deg"]) * np.sign(lane)
    wreck = stand("wreck", place.line, s_m=stopped + shift + 3 * _LENGTH_M, d_m=lane / 2, turned_rad=turned)
    nearest = float(place.line.project(corners_of(wreck.boxes)[0])[0].min())
    wreck = _moved(wreck, stopped + shift + _LENGTH_M / 2 + _BUMPER_M - nearest)
    behind = stand("stopped", place.line, s_m=float(wreck.s[0]) - _LENGTH_M - 2.5, d_m=lane)
    return Choreography(ego=ego, opponent=opponent(shift), others=(wreck, behind), trigger_s=_TRIGGER_S)


def _way_to_rest(speed_ms: float, *, braking_ms2: float, rests_s: float) -> NDArray[np.float64]:
    """Return the way of a car that comes to rest at a time [m], 0 at the end."""
    speed = np.clip((rests_s - CLOCK) * braking_ms2, 0.0, speed_ms)
    way = np.concatenate([[0.0], np.cumsum((speed[1:] + speed[:-1]) / 2 * TICK_S)])
    return np.asarray(way - way[-1])


def _moved(mover: Mover, shift_m: float) -> Mover:
    """Return somebody who stands, moved along the line; it keeps its angle against the line."""
    line, s = mover.line, float(mover.s[0])
    turned = float(mover.heading_rad[0] - line.heading_at(np.array([s]))[0])
    return stand(
        mover.name, line, s_m=s + shift_m, d_m=float(mover.d[0]), turned_rad=turned, kind=mover.kind,
        size_m=mover.size_m,
    )  # fmt: skip


def _leaves_s(ego: Mover, lead: Mover) -> float:
    """Return when the car ahead is out of the ego's way; it was in it from the beginning."""
    return lateral_onset_s(ego, lead, begins=False)
