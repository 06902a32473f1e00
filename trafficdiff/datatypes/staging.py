"""Hold what a staged scene is made of: a place on the roads, actors with their poses, and the whole stage.

A place gives the ego's way through it as a line, and what lies beside that line; lateral offsets are positive to the
left of the ego::

        oncoming lane      <─── oncoming_m (positive)
      ──────────────────
        neighbour lane     ───> left_m
      ──────────────────
        ego's way          ───────────●──────▶  s        ● conflict_m along the way
      ────────────────── kerb: right_edge_m (negative)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.boxes import Boxes

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["STEP_S", "Actor", "Line", "Place", "Staging"]

STEP_S: Final = 0.1
"""Time between two samples of a staged scene [s]."""


@dataclass(frozen=True, eq=False)
class Line:
    """Represent a way as a line of points; immutable.

    Parameters
    ----------
    xy
        Shape (P, 2), net coordinates [m]; no two neighbours are the same.
    """

    xy: NDArray[np.float64]

    @cached_property
    def s(self) -> NDArray[np.float64]:
        """Distance of each point from the beginning [m], shape (P,)."""
        return np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(self.xy, axis=0).T))])

    @property
    def length_m(self) -> float:
        """Length [m]."""
        return float(self.s[-1])

    @cached_property
    def heading_rad(self) -> NDArray[np.float64]:
        """Direction at each point, without jumps of a full turn [rad], shape (P,)."""
        return np.unwrap(np.arctan2(np.gradient(self.xy[:, 1], self.s), np.gradient(self.xy[:, 0], self.s)))

    @cached_property
    def curvature(self) -> NDArray[np.float64]:
        """Change of direction over distance [1/m], positive to the left, shape (P,)."""
        return np.asarray(np.gradient(self.heading_rad, self.s))

    def heading_at(self, s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the direction at distances [rad]."""
        return np.interp(s, self.s, self.heading_rad)

    def at(self, s: NDArray[np.float64], d: NDArray[np.float64] | float = 0.0) -> NDArray[np.float64]:
        """Return points at distances along the way and offsets to its left [m], shape (..., 2).

        Beyond its ends the way goes straight on.
        """
        heading = self.heading_at(s)
        x, y = (np.interp(s, self.s, self.xy[:, axis]) for axis in (0, 1))
        beyond = np.minimum(s, 0.0) + np.maximum(s - self.s[-1], 0.0)
        x, y = x + beyond * np.cos(heading), y + beyond * np.sin(heading)
        return np.stack([x - d * np.sin(heading), y + d * np.cos(heading)], axis=-1)

    def project(self, xy: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return distance along the way and offset to its left [m] of points, shape (...,) each.

        Points beyond the ends are measured against the first or last piece, made longer.
        """
        start, step = self.xy[:-1], np.diff(self.xy, axis=0)
        size = np.hypot(*step.T)
        along = step / size[:, None]
        relative = xy[..., None, :] - start
        ahead = (relative * along).sum(axis=-1)
        low = np.where(np.arange(len(size)) == 0, -np.inf, 0.0)
        high = np.where(np.arange(len(size)) == len(size) - 1, np.inf, size)
        ahead = np.clip(ahead, low, high)
        nearest = np.argmin(np.hypot(*np.moveaxis(relative - ahead[..., None] * along, -1, 0)), axis=-1)
        pick = nearest[..., None]
        s = np.take_along_axis(ahead, pick, -1)[..., 0] + self.s[:-1][nearest]
        side = along[nearest, 0] * np.take_along_axis(relative[..., 1], pick, -1)[..., 0]
        side -= along[nearest, 1] * np.take_along_axis(relative[..., 0], pick, -1)[..., 0]
        return s, side


@dataclass(frozen=True, eq=False, kw_only=True)
class Place:
    """Describe one place where a case can be staged; immutable.

    Parameters
    ----------
    name
        The edge, and how far along.
    line
        The ego's way.
    conflict_m
        Where on it something happens [m].
    speed_limit_ms
        At the conflict [m/s].

    Other Parameters
    ----------------
    left_m, right_m, oncoming_m
        Offsets of the lanes beside the ego's, NaN where there is none [m].
    beside_m
        From which distance to which the lane that the place was found for runs beside the way [m].
    left_edge_m, right_edge_m
        Offsets of the road's edges [m].
    other, other_conflict_m
        Way of a user that crosses, and where on it the ways meet [m].
    angle_rad
        Direction of the other's way against the ego's where they meet [rad].
    radius_m
        Radius of the bend at the conflict [m]; infinite where it is straight.
    signals
        Signals that are held, with the state that they show.
    """

    name: str
    line: Line
    conflict_m: float
    speed_limit_ms: float
    left_m: float = float("nan")
    right_m: float = float("nan")
    oncoming_m: float = float("nan")
    beside_m: tuple[float, float] = (-float("inf"), float("inf"))
    left_edge_m: float = 1.6
    right_edge_m: float = -1.6
    other: Line | None = None
    other_conflict_m: float = 0.0
    angle_rad: float = 0.0
    radius_m: float = float("inf")
    signals: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, eq=False, kw_only=True)
class Actor:
    """Represent somebody or something that a stage moves by itself, pose by pose; immutable.

    Parameters
    ----------
    name, kind
        Id, and SUMO vehicle class.
    length_m, width_m
        Size of the box [m].
    x_m, y_m, heading_rad, speed_ms
        Shape (n,), box centres in net coordinates, from the scene's first sample on, every `STEP_S`.
    """

    name: str
    kind: str
    length_m: float
    width_m: float
    x_m: NDArray[np.float64]
    y_m: NDArray[np.float64]
    heading_rad: NDArray[np.float64]
    speed_ms: NDArray[np.float64]

    @property
    def boxes(self) -> Boxes:
        """Its boxes, one a sample."""
        return Boxes(
            x_m=self.x_m, y_m=self.y_m, heading_rad=self.heading_rad, length_m=self.length_m, width_m=self.width_m
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Staging:
    """Represent one staged case, ready to be replayed among traffic; immutable.

    Parameters
    ----------
    name
        Of the case.
    actors
        The ego first, its opponent second, then what stands around.
    samples
        Length of the scene in samples.
    centre_xy
        Where it happens [m]; traffic around it is recorded.
    moment
        Which of the warmed-up moments of the traffic it begins at.
    trigger_s
        When the case begins for the ego [s of the scene].
    contact_s
        When ego and opponent first touch, by the plan [s of the scene]; the ego is taken away before.
    signals
        Signals that are held, with the state that they show.
    speed_factor, braking_ms2
        How fast the traffic wants to drive against dry daylight, and the most that it can brake [m/s2].
    absent
        Vehicles of the traffic that are left out from the start.
    """

    name: str
    actors: tuple[Actor, ...]
    samples: int
    centre_xy: tuple[float, float]
    moment: int
    trigger_s: float
    contact_s: float = float("nan")
    signals: tuple[tuple[str, str], ...] = ()
    speed_factor: float = 1.0
    braking_ms2: float = 9.0
    absent: tuple[str, ...] = ()
