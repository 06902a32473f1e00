"""How actors of an edge case move: profiles along and across a way, and the poses that follow from them.

All run on a clock of hundredths of a second, so that a moment of contact is found between the samples of a scene.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.boxes import Boxes
from trafficdiff.datatypes.staging import STEP_S, Actor
from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.staging import Line

__all__ = [
    "CAR_M",
    "CHILD_M",
    "CLOCK",
    "CYCLIST_M",
    "LONGEST_S",
    "WALKER_M",
    "Mover",
    "RefusedError",
    "actor_of",
    "braking_way",
    "follow",
    "lateral_duration_s",
    "shifted_across",
    "stand",
    "walked_way",
]

TICK_S: Final = 0.01
LONGEST_S: Final = 20.0
"""No scene is longer [s]."""
CLOCK: Final = np.arange(round(LONGEST_S / TICK_S) + 1) * TICK_S
"""Times of the poses [s of the scene]."""
CLOCK.setflags(write=False)

CAR_M: Final = (4.6, 1.8)
CYCLIST_M: Final = (1.8, 0.65)
WALKER_M: Final = (0.5, 0.5)
CHILD_M: Final = (0.4, 0.4)
"""Length and width [m] of a compact car, of SUMO's bicycle somewhat longer, of an adult and of a child."""

_SET_OFF_M: Final = 1.0
"""A walker has reached full speed after this way [m] (Euro NCAP AEB VRU test protocol)."""
_STILL_MS: Final = 0.02
_RAMP_S: Final = 0.2
"""Time in which braking builds up [s]."""


class RefusedError(InputError):
    """A case cannot be staged as drawn: physically impossible, or it does not fit the place."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Mover:
    """Represent somebody's motion on the common clock; immutable.

    Parameters
    ----------
    name, kind
        Id, and SUMO vehicle class.
    size_m
        Length and width [m].
    line, s, d
        The way, and distances along it and to its left [m], shape (n,).
    x_m, y_m, heading_rad, speed_ms
        Shape (n,), box centres.
    """

    name: str
    kind: str
    size_m: tuple[float, float]
    line: Line
    s: NDArray[np.float64]
    d: NDArray[np.float64]
    x_m: NDArray[np.float64]
    y_m: NDArray[np.float64]
    heading_rad: NDArray[np.float64]
    speed_ms: NDArray[np.float64]

    @property
    def boxes(self) -> Boxes:
        """Its boxes, one a tick."""
        length, width = self.size_m
        return Boxes(x_m=self.x_m, y_m=self.y_m, heading_rad=self.heading_rad, length_m=length, width_m=width)


def follow(
    name: str,
    line: Line,
    *,
    s: NDArray[np.floating[Any]],
    d: NDArray[np.floating[Any]] | float = 0.0,
    kind: str = "passenger",
    size_m: tuple[float, float] = CAR_M,
    standing_rad: float | None = None,
) -> Mover:
    """Return a mover from distances along and beside a line; it points where it goes.

    Parameters
    ----------
    name, line
        Id and way.
    s, d
        Distances on the clock [m].
    kind, size_m
        SUMO vehicle class, and length and width [m].
    standing_rad
        Direction while it stands still; default the line's, or that of its next move.
    """
    s_m: NDArray[np.float64] = np.asarray(s, np.float64)
    d_m = np.asarray(np.broadcast_to(np.asarray(d, np.float64), s_m.shape), np.float64)
    x, y = line.at(s_m, d_m).T
    along, across = np.gradient(s_m, TICK_S), np.gradient(d_m, TICK_S)
    speed = np.hypot(np.gradient(x, TICK_S), np.gradient(y, TICK_S))
    still = line.heading_at(s_m) if standing_rad is None else np.full(len(s_m), standing_rad)
    moving = np.flatnonzero(speed > _STILL_MS)
    heading = still
    if len(moving):  # while it stands it points as it did last, or as it will first
        last = np.searchsorted(moving, np.arange(len(s_m)), side="right") - 1
        heading = np.unwrap((line.heading_at(s_m) + np.arctan2(across, along))[moving])[np.maximum(last, 0)]
    return Mover(
        name=name, kind=kind, size_m=size_m, line=line, s=s_m, d=d_m, x_m=x, y_m=y, heading_rad=heading, speed_ms=speed
    )


def stand(
    name: str,
    line: Line,
    *,
    s_m: float,
    d_m: float,
    turned_rad: float = 0.0,
    kind: str = "passenger",
    size_m: tuple[float, float] = CAR_M,
) -> Mover:
    """Return somebody or something that stands all the time, turned against the line's direction."""
    s = np.full(len(CLOCK), s_m)
    heading = float(line.heading_at(np.array([s_m]))[0]) + turned_rad
    return follow(name, line, s=s, d=d_m, kind=kind, size_m=size_m, standing_rad=heading)


def lateral_duration_s(way_m: float, *, peak_ms: float) -> float:
    """Return how long a smooth move across takes [s], its speed being half a sine wave: pi / 2 x way / peak."""
    return float(np.pi / 2 * abs(way_m) / peak_ms)


def shifted_across(from_m: float, to_m: float, *, peak_ms: float, passes_m: float, at_s: float) -> NDArray[np.float64]:
    """Return offsets of a smooth move across that passes an offset at a given time [m], shape (n,)."""
    duration = lateral_duration_s(to_m - from_m, peak_ms=peak_ms)
    share = np.clip((passes_m - from_m) / (to_m - from_m), 0.0, 1.0)
    begins = at_s - duration * float(np.arccos(1 - 2 * share)) / np.pi
    phase = np.clip((CLOCK - begins) / duration, 0.0, 1.0)
    return np.asarray(from_m + (to_m - from_m) * (1 - np.cos(np.pi * phase)) / 2)


def braking_way(speed_ms: float, *, braking_ms2: float, begins_s: float) -> NDArray[np.float64]:
    """Return the way of a car that brakes to a standstill [m], 0 where it begins; braking builds up in 0.2 s."""
    build_up = np.clip((CLOCK - begins_s) / _RAMP_S, 0.0, 1.0)
    speed = np.maximum(speed_ms - np.cumsum(braking_ms2 * build_up) * TICK_S, 0.0)
    way = np.concatenate([[0.0], np.cumsum((speed[1:] + speed[:-1]) / 2 * TICK_S)])
    return np.asarray(way - np.interp(begins_s, CLOCK, way))


def walked_way(speed_ms: float, *, begins_s: float, length_m: float) -> NDArray[np.float64]:
    """Return the way of a walker [m]: sets off and stops within a metre each, stands before and after."""
    rate = speed_ms**2 / (2 * _SET_OFF_M)
    ramp = speed_ms / rate
    cruise = max(0.0, (length_m - 2 * _SET_OFF_M) / speed_ms)
    time = CLOCK - begins_s
    rising = rate * np.clip(time, 0, ramp) ** 2 / 2
    even = speed_ms * np.clip(time - ramp, 0, cruise)
    left = np.clip(time - ramp - cruise, 0, ramp)
    return np.asarray(rising + even + speed_ms * left - rate * left**2 / 2)


def actor_of(mover: Mover, *, until_s: float) -> Actor:
    """Return a mover's poses at the samples of a scene, up to a time."""
    every = round(STEP_S / TICK_S)
    keep = slice(0, int(np.floor(until_s / STEP_S + 1e-9)) * every + 1, every)
    return Actor(
        name=mover.name, kind=mover.kind, length_m=mover.size_m[0], width_m=mover.size_m[1],
        x_m=mover.x_m[keep], y_m=mover.y_m[keep], heading_rad=mover.heading_rad[keep], speed_ms=mover.speed_ms[keep],
    )  # fmt: skip
