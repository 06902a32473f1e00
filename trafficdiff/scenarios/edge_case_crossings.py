"""Choreography of edge cases in which somebody comes across: walkers, a child, a cyclist, cars at a junction.

The opponent sets off such that, at first contact, it has come as far across the ego's width as asked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.staging import Line
from trafficdiff.scenarios.edge_case_cars import KMH, Choreography, driving_ego
from trafficdiff.scenarios.edge_case_motion import (
    CAR_M,
    CHILD_M,
    CLOCK,
    CYCLIST_M,
    WALKER_M,
    Mover,
    RefusedError,
    follow,
    stand,
    walked_way,
)
from trafficdiff.scenarios.edge_case_solving import impact_of, solve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from trafficdiff.datatypes.staging import Place

__all__ = ["along", "child_hidden", "crossing_car", "cyclist_crossing", "far_side", "near_side"]

_LENGTH_M, _WIDTH_M = CAR_M
_MEETS_S: Final = 6.0
"""When ego and opponent meet [s of the scene]."""
_PAVEMENT_M: Final = 1.0
"""A walker stands this far from the road's edge before and after [m]."""
_NEAR_PARKED_M: Final = 0.6
"""Between a parked car and whoever comes out from behind it [m]."""
_CORNER_M: Final = 7.0
"""From a crossing way to a car that hides it [m]."""
_KERB_M: Final = 2.6
"""A lane whose right edge is nearer to its middle is at the kerb [m]."""
_GUESSES_S: Final = (0.0, -0.15, 0.15, -0.3, 0.3, -0.5, 0.5, -0.8, 0.8, -1.2, 1.2)
_LEAST: Final = 0.02
_RIDES_M: Final = 0.8
"""How far to the right of the lane's middle a cyclist rides [m]."""


def far_side(values: Mapping[str, float], place: Place) -> Choreography:
    """Let an adult run across from the left."""
    return _walker(values, place, starts_m=place.left_edge_m + _PAVEMENT_M, ends_m=place.right_edge_m - _PAVEMENT_M)


def near_side(values: Mapping[str, float], place: Place) -> Choreography:
    """Let an adult step out from the right."""
    return _walker(values, place, starts_m=place.right_edge_m - _PAVEMENT_M, ends_m=place.left_edge_m + _PAVEMENT_M)


def child_hidden(values: Mapping[str, float], place: Place) -> Choreography:
    """Let a child step out from behind two parked cars on the right."""
    _check_at_kerb(place)
    parked_d = -(_WIDTH_M + values["parked_gap_m"])
    outer = parked_d - _WIDTH_M / 2 - 0.5
    made = _walker(values, place, starts_m=outer, ends_m=place.left_edge_m + _PAVEMENT_M, size_m=CHILD_M)
    beside = made.opponent.d < parked_d + _WIDTH_M / 2 + CHILD_M[0]
    nearest = float(made.opponent.s[beside].min()) - CHILD_M[0] - _NEAR_PARKED_M
    cars = tuple(
        stand(f"parked{number}", place.line, s_m=nearest - _LENGTH_M / 2 - number * (_LENGTH_M + 1.0), d_m=parked_d)
        for number in (0, 1)
    )
    return Choreography(ego=made.ego, opponent=made.opponent, others=cars, trigger_s=made.trigger_s)


def along(values: Mapping[str, float], place: Place) -> Choreography:
    """Let an adult walk in the ego's lane, at its right."""
    _check_at_kerb(place)
    own = values["walker_kmh"] * KMH * (1 if values["towards"] < 0.5 else -1)
    ego = driving_ego(place, speed_ms=values["ego_kmh"] * KMH, reaches_s=_MEETS_S)
    touch = place.conflict_m + (_LENGTH_M + WALKER_M[0]) / 2

    def walker(impact: float) -> Mover:
        return follow(
            "opponent", place.line, s=touch + own * (CLOCK - _MEETS_S), d=_WIDTH_M * (impact - 0.5),
            kind="pedestrian", size_m=WALKER_M,
        )  # fmt: skip

    impact = solve(  # in a bend the walker is nearer to one side by the time of contact
        lambda impact: impact_of(ego, walker(impact), from_left=False, front=False),
        asked=values["impact"], start=values["impact"], slope=1.0, what="the impact point",
    )  # fmt: skip
    return Choreography(ego=ego, opponent=walker(impact), trigger_s=_MEETS_S - 4)


def cyclist_crossing(values: Mapping[str, float], place: Place) -> Choreography:
    """Let a cyclist come across from the right, in the open or from behind a parked car."""
    made = _crossing(
        values, place, speed_ms=values["cyclist_kmh"] * KMH, kind="bicycle", size_m=CYCLIST_M, front=False,
        offset_m=-_RIDES_M,
    )  # fmt: skip
    if values["hidden"] <= 0.5:
        return made
    parked = stand(
        "parked0",
        place.line,
        s_m=place.conflict_m - _CORNER_M - _LENGTH_M / 2,
        d_m=min(place.right_edge_m - 0.2, -_WIDTH_M - 0.4),
    )
    return Choreography(ego=made.ego, opponent=made.opponent, others=(parked,), trigger_s=made.trigger_s)


def crossing_car(values: Mapping[str, float], place: Place) -> Choreography:
    """Let a car cross the ego's way, straight or oncoming as the place has it."""
    return _crossing(
        values, place, speed_ms=values["other_kmh"] * KMH, kind="passenger", size_m=CAR_M, front=True, offset_m=0.0
    )


def _check_at_kerb(place: Place) -> None:
    if place.right_edge_m < -_KERB_M:
        raise RefusedError("another lane lies between the ego and the kerb")


def _walker(
    values: Mapping[str, float],
    place: Place,
    *,
    starts_m: float,
    ends_m: float,
    size_m: tuple[float, float] = WALKER_M,
) -> Choreography:
    """Let somebody walk straight across the road, from one offset to another, at an angle."""
    speed, angle = values["walker_kmh"] * KMH, np.radians(values["angle_deg"])
    ego = driving_ego(place, speed_ms=values["ego_kmh"] * KMH, reaches_s=_MEETS_S)
    path = _straight_across(place, starts_m=starts_m, ends_m=ends_m, angle_rad=angle)
    reaches = abs(starts_m) / np.sin(angle) / speed + 1 / speed
    from_left = starts_m > 0

    def walker(begins_s: float) -> Mover:
        way = walked_way(speed, begins_s=begins_s, length_m=path.length_m)
        heading = float(path.heading_rad[0])
        return follow("opponent", path, s=way, kind="pedestrian", size_m=size_m, standing_rad=heading)

    begins = _timed(
        walker, ego, asked=values["impact"], start=_MEETS_S - reaches,
        across_ms=speed * float(np.sin(angle)), from_left=from_left, front=False,
    )  # fmt: skip
    return Choreography(ego=ego, opponent=_along_road(walker(begins), place), trigger_s=max(0.0, begins))


def _along_road(walker: Mover, place: Place) -> Mover:
    """Return a walker whose distances are measured along the road."""
    ticks, every = np.arange(len(CLOCK)), slice(None, None, 20)
    s, d = place.line.project(np.stack([walker.x_m, walker.y_m], axis=-1)[every])
    return replace(walker, line=place.line, s=np.interp(ticks, ticks[every], s), d=np.interp(ticks, ticks[every], d))


def _straight_across(place: Place, *, starts_m: float, ends_m: float, angle_rad: float) -> Line:
    """Return a straight way across the road that meets the ego's way where the ego's front will be."""
    meets = place.conflict_m + _LENGTH_M / 2 + WALKER_M[0] / 2
    here = np.array([meets])
    heading = float(place.line.heading_at(here)[0])
    sign = 1.0 if ends_m > starts_m else -1.0
    direction = heading + sign * angle_rad
    unit = np.array([np.cos(direction), np.sin(direction)])
    centre = place.line.at(here)[0]
    ends = [centre + unit * sign * offset / np.sin(angle_rad) for offset in (starts_m, ends_m)]
    return Line(np.linspace(ends[0], ends[1], 20))


def _crossing(
    values: Mapping[str, float],
    place: Place,
    *,
    speed_ms: float,
    kind: str,
    size_m: tuple[float, float],
    front: bool,
    offset_m: float,
) -> Choreography:
    """Let somebody drive its own way through the ego's."""
    if place.other is None:
        raise RefusedError("nobody's way crosses here")
    other = place.other
    ego = driving_ego(place, speed_ms=values["ego_kmh"] * KMH, reaches_s=_MEETS_S)
    turn = np.angle(np.exp(1j * place.angle_rad))

    def opponent(begins_s: float) -> Mover:
        s = place.other_conflict_m + speed_ms * (CLOCK - begins_s)
        return follow("opponent", other, s=s, d=offset_m, kind=kind, size_m=size_m)

    begins = _timed(
        opponent, ego, asked=values["impact"], start=_MEETS_S, across_ms=speed_ms * abs(float(np.sin(turn))),
        from_left=bool(turn < 0), front=front,
    )  # fmt: skip
    return Choreography(ego=ego, opponent=opponent(begins), trigger_s=_MEETS_S - 2)


def _timed(
    opponent: Callable[[float], Mover],
    ego: Mover,
    *,
    asked: float,
    start: float,
    across_ms: float,
    from_left: bool,
    front: bool,
) -> float:
    """Return when the opponent sets off such that it has come across the ego's width as far as asked at contact."""
    slope = -across_ms / ego.size_m[1]  # later means less far

    def measured(begins_s: float) -> float:
        return impact_of(ego, opponent(begins_s), from_left=from_left, front=front)

    for early in _GUESSES_S:  # a guess may miss the ego, or hit its side, where the measure does not move
        if measured(start + early) > _LEAST:
            return solve(measured, asked=asked, start=start + early, slope=slope, what="the impact point")
    raise RefusedError("the two do not meet")
