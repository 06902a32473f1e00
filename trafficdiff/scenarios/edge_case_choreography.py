"""Stage one drawn case at one place: choreograph it, check that it is possible, cut it to a scene."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.boxes import boxes_overlap
from trafficdiff.datatypes.staging import STEP_S, Staging
from trafficdiff.scenarios import edge_case_cars as cars
from trafficdiff.scenarios import edge_case_crossings as crossings
from trafficdiff.scenarios.edge_case_motion import CLOCK, LONGEST_S, RefusedError, actor_of, stand
from trafficdiff.scenarios.edge_case_solving import contact_s

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from trafficdiff.datatypes.staging import Place
    from trafficdiff.scenarios.edge_case_cars import Choreography
    from trafficdiff.scenarios.edge_case_motion import Mover

__all__ = ["CHOREOGRAPHIES", "stage"]

_SHORTEST_S: Final = 8.0
_AFTER_S: Final = 3.0
"""A scene goes on this long after the contact, without the ego."""
_COMFORT_MS2: Final = 5.0
"""Nobody takes a bend faster [m/s2]."""
_BEYOND_M: Final = 3.0
_MOSTLY: Final = 0.6
"""Who is further across than this share of a lane's offset uses that lane."""
_WHEELED: Final = ("passenger", "bicycle")
_DEBRIS_M: Final = (0.5, 0.5)

CHOREOGRAPHIES: Final[dict[str, Callable[[Mapping[str, float], Place], Choreography]]] = {
    "cut-in": cars.cut_in,
    "cut-out": cars.cut_out,
    "lead-brake": cars.lead_brake,
    "obstacle": cars.obstacle,
    "pedestrian-far-side": crossings.far_side,
    "child-hidden": crossings.child_hidden,
    "pedestrian-night": crossings.near_side,
    "pedestrian-along": crossings.along,
    "cyclist-crossing": crossings.cyclist_crossing,
    "left-turn": crossings.crossing_car,
    "crossing-car": crossings.crossing_car,
    "head-on": cars.head_on,
    "crash-ahead": cars.crash_ahead,
}
"""How each type is played."""


def stage(
    name: str, type_name: str, *, values: Mapping[str, float], place: Place, grip_ms2: float, moment: int = 0
) -> Staging:
    """Return a drawn case as it is played at a place, if nobody reacts.

    Parameters
    ----------
    name, type_name
        Of the case, and of its type in the catalogue.
    values
        Its parameters in their units.
    place
        Where.
    grip_ms2
        Largest acceleration that tyres hold [m/s2].
    moment
        Of the traffic that it begins at.

    Raises
    ------
    RefusedError
        If it is not possible, or does not fit the place; the message says why.
    """
    made = CHOREOGRAPHIES[type_name]({**values, "grip_ms2": grip_ms2}, place)
    hit_s = contact_s(made.ego, made.opponent)
    if not np.isfinite(hit_s):
        raise RefusedError("ego and opponent never meet")
    end_s = max(_SHORTEST_S, hit_s + _AFTER_S)
    if end_s > LONGEST_S:
        raise RefusedError(f"the scene would be longer than {LONGEST_S:g} s")
    end_s = float(np.ceil(end_s / STEP_S) * STEP_S)
    _check_possible(made, grip_ms2=grip_ms2, hit_s=hit_s, end_s=end_s)
    _check_beside(made, place, end_s=end_s)
    movers = (*made.movers, *_debris(made, place, wanted=values.get("debris", 0.0) > 2 / 3))
    ego_until = np.floor((hit_s - 1e-6) / STEP_S) * STEP_S
    actors = tuple(actor_of(one, until_s=ego_until if one is made.ego else end_s) for one in movers)
    centre = place.line.at(np.array([place.conflict_m]))[0]
    return Staging(
        name=name, actors=actors, samples=round(end_s / STEP_S) + 1, centre_xy=(float(centre[0]), float(centre[1])),
        moment=moment, trigger_s=made.trigger_s, contact_s=hit_s, signals=place.signals,
    )  # fmt: skip


def _check_possible(made: Choreography, *, grip_ms2: float, hit_s: float, end_s: float) -> None:
    """Refuse motions that tyres or the road do not allow, and actors that run into each other before."""
    until = {id(mover): end_s >= CLOCK for mover in made.movers} | {id(made.ego): hit_s > CLOCK}
    for mover in made.movers:
        ticks = until[id(mover)]
        _check_motion(mover, ticks, grip_ms2=grip_ms2)
        s = mover.s[ticks]
        if s.min() < -_BEYOND_M or s.max() > mover.line.length_m + _BEYOND_M:
            raise RefusedError("the road is too short here")
    every = slice(None, None, 5)
    for number, first in enumerate(made.movers):
        for second in made.movers[number + 1 :]:
            if first is made.ego and second is made.opponent:
                continue
            if (boxes_overlap(first.boxes, second.boxes)[every] & until[id(first)][every]).any():
                raise RefusedError(f"{first.name} would hit {second.name}")


def _check_beside(made: Choreography, place: Place, *, end_s: float) -> None:
    """Refuse places whose neighbour or oncoming lane does not reach as far as somebody uses it."""
    left = place.oncoming_m if np.isfinite(place.oncoming_m) else place.left_m
    low, high = place.beside_m
    for mover in (one for one in made.movers if one.line is place.line and one.kind == "passenger"):
        away = (mover.d > _MOSTLY * left) | (mover.d < _MOSTLY * place.right_m)  # never, where there is no lane
        away &= end_s >= CLOCK
        if away.any() and (mover.s[away].min() < low or mover.s[away].max() > high):
            raise RefusedError("the neighbour lane is too short here")


def _check_motion(mover: Mover, ticks: NDArray[np.bool_], *, grip_ms2: float) -> None:
    """Refuse what tyres do not hold."""
    if mover.kind not in _WHEELED or not (mover.speed_ms > 0.1).any():
        return
    speed = mover.speed_ms[ticks]
    along = np.gradient(speed, CLOCK[ticks])[2:-2]
    yaw = np.gradient(np.unwrap(mover.heading_rad[ticks]), CLOCK[ticks])[2:-2]
    bend = np.interp(mover.s[ticks], mover.line.s, np.abs(mover.line.curvature))[2:-2]
    if (speed[2:-2] ** 2 * bend).max(initial=0.0) > _COMFORT_MS2:
        raise RefusedError("a bend is too tight for the speed")
    if np.hypot(along, speed[2:-2] * yaw).max(initial=0.0) > grip_ms2 * 1.05:
        raise RefusedError("tyres would not hold")


def _debris(made: Choreography, place: Place, *, wanted: bool) -> tuple[Mover, ...]:
    """Return something that lies beside the ego's way, where nobody of the case touches it."""
    if not wanted:
        return ()
    for before_m in (12.0, 20.0, -15.0):
        for aside_m in (-1.35, 1.35):
            lying = stand(
                "debris", place.line, s_m=place.conflict_m - before_m, d_m=aside_m, kind="custom1", size_m=_DEBRIS_M
            )
            if not any(boxes_overlap(one.boxes, lying.boxes)[::5].any() for one in made.movers):
                return (lying,)
    return ()
