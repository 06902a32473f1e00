"""Hold eight seconds of road users around an ego, as the scene model reads and draws them.

Everything is in the ego's frame: its box centre at the first moment is the origin, and it looks along +x. Users are
known at *knots* half a second apart; between two knots acceleration and curvature are constant, so that any moment in
between is known exactly (`trafficdiff.diffusion.motion_rolling`)::

    knot      0         1         2                 16
              ├─────────┼─────────┼── ... ──────────┤      8 s
    control        0         1                           acceleration [m/s2], curvature [1/m]
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.errors import Faults, InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "FINE",
    "KINDS",
    "KNOTS",
    "LINE_FEATURES",
    "LINE_POINTS",
    "MOST_USERS",
    "PATH_POINTS",
    "PATH_STEP_M",
    "SIGNAL_GREEN",
    "SIGNAL_RED",
    "SIGNAL_YELLOW",
    "STEPS",
    "STEP_S",
    "WALKS",
    "MotionScene",
    "into_frame",
    "kind_of",
    "out_of_frame",
]

KINDS: Final = ("car", "truck", "bus", "bicycle", "pedestrian")
WALKS: Final = KINDS.index("pedestrian")
STEPS: Final = 16
STEP_S: Final = 0.5
"""Controls, and how long each holds [s]."""
KNOTS: Final = STEPS + 1
FINE: Final = 5
"""Samples a control is rolled out at: every 0.1 s."""
MOST_USERS: Final = 32
PATH_POINTS: Final = 28
PATH_STEP_M: Final = 4.0
"""A user's way ahead: points, and how far apart they are [m]."""
LINE_POINTS: Final = 6
"""Points of a piece of the map."""
LINE_FEATURES: Final = ("lane", "turn", "bike", "walk", "crossing", "width", "limit")
"""What is known of a piece: five flags, width over 4 m, speed limit over 15 m/s."""
SIGNAL_RED, SIGNAL_YELLOW, SIGNAL_GREEN = 1, 2, 3
"""What the beginning of a piece shows; 0 where no signal stands."""

_CLASSES: Final = {
    "truck": "truck", "trailer": "truck", "army": "truck", "bus": "bus", "coach": "bus", "tram": "bus",
    "bicycle": "bicycle", "scooter": "bicycle", "moped": "bicycle", "motorcycle": "bicycle",
    "pedestrian": "pedestrian", "wheelchair": "pedestrian",
}  # fmt: skip


def kind_of(vehicle_class: str) -> int:
    """Return the place in `KINDS` of a SUMO vehicle class; what is not listed moves like a car."""
    return KINDS.index(_CLASSES.get(vehicle_class, "car"))


@dataclass(frozen=True, eq=False, kw_only=True)
class MotionScene:
    """Represent one scene; immutable. ``A`` users, ``L`` pieces of the map.

    Parameters
    ----------
    user_id, user_class, kind
        Shape (A,): text, SUMO vehicle class, and place in `KINDS`. The ego is user 0.
    size
        Shape (A, 2), length and width of the box [m].
    state
        Shape (A, KNOTS, 4): x, y of the box centre [m], heading [rad], speed [m/s]; where not valid, zeros.
    valid
        Shape (A, KNOTS), whether a user is there; without gaps, at least at two knots.
    path, path_valid
        Shape (A, PATH_POINTS, 2) and (A, PATH_POINTS): the way ahead along the lanes from where a user enters [m].
    path_limit
        Shape (A, PATH_POINTS), speed limit there [m/s]; 0 where not valid.
    stop_m, path_signal
        Shape (A,) and (A, KNOTS): how far along the path its first signal stands [m], 0 and all zeros for none, and
        what it shows.
    lines, line_feature, line_signal
        Shape (L, LINE_POINTS, 2), (L, len(LINE_FEATURES)) and (L, KNOTS): centre lines of pieces of lanes, footways
        and crossings [m], what they are, and what the signal before them shows.
    frame
        Shape (3,): x, y, heading of the ego's frame in the coordinates of the net.
    begin_s
        Time of the first knot [s of the simulated day].
    source
        Where it comes from, with its licence, for cards.
    staged
        Whether somebody in it plays a part (a made edge case).
    area_edges, area_of
        Shape (E, 2, 2) and (E,): edges of the outlines of what only people on foot may use beside footways (SUMO's
        walking areas and crossings) [m], and which area each belongs to. The model does not see them; measures do.
    controls, drivable
        Shape (A, STEPS, 2) and (A,): accelerations and curvatures that were driven, and whose roll-out follows the
        states; None where they were not fitted (see `trafficdiff.diffusion.motion_fit`).

    Raises
    ------
    InputError
        If shapes do not fit, numbers are not finite, or somebody has a gap.
    """

    user_id: NDArray[np.object_]
    user_class: NDArray[np.object_]
    kind: NDArray[np.int8]
    size: NDArray[np.float32]
    state: NDArray[np.float32]
    valid: NDArray[np.bool_]
    path: NDArray[np.float32]
    path_valid: NDArray[np.bool_]
    path_limit: NDArray[np.float32]
    stop_m: NDArray[np.float32]
    path_signal: NDArray[np.int8]
    lines: NDArray[np.float32]
    line_feature: NDArray[np.float32]
    line_signal: NDArray[np.int8]
    frame: NDArray[np.float64]
    begin_s: float
    source: str = ""
    staged: bool = False
    area_edges: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 2, 2), np.float32))
    area_of: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    controls: NDArray[np.float32] | None = None
    drivable: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        faults = Faults("motion scene")
        users, pieces, edges = len(self.user_id), len(self.lines), len(self.area_edges)
        shapes = {
            "user_class": (users,), "kind": (users,), "size": (users, 2), "state": (users, KNOTS, 4),
            "valid": (users, KNOTS), "path": (users, PATH_POINTS, 2), "path_valid": (users, PATH_POINTS),
            "path_limit": (users, PATH_POINTS), "stop_m": (users,), "path_signal": (users, KNOTS),
            "lines": (pieces, LINE_POINTS, 2), "line_feature": (pieces, len(LINE_FEATURES)),
            "line_signal": (pieces, KNOTS), "frame": (3,), "area_edges": (edges, 2, 2), "area_of": (edges,),
        }  # fmt: skip
        if self.controls is not None:
            shapes |= {"controls": (users, STEPS, 2), "drivable": (users,)}
        for name, shape in shapes.items():
            if (got := np.shape(getattr(self, name))) != shape:
                faults.add(f"expected {name} of shape {shape}, got {got}")
        if not 1 <= users <= MOST_USERS:
            faults.add(f"expected 1 to {MOST_USERS} users, got {users}")
        faults.raise_if_any(InputError)
        self._check_values(faults)
        faults.raise_if_any(InputError)
        for one in fields(self):
            if isinstance(value := getattr(self, one.name), np.ndarray):
                value.setflags(write=False)

    def _check_values(self, faults: Faults) -> None:
        for name in ("size", "state", "path", "path_limit", "stop_m", "lines", "line_feature", "frame", "area_edges"):
            if not np.isfinite(getattr(self, name)).all():
                faults.add(f"expected finite {name}, got NaN or infinity")
        if ((self.kind < 0) | (self.kind >= len(KINDS))).any():
            faults.add(f"expected kinds from 0 to {len(KINDS) - 1}, got others")
        if (self.size <= 0).any():
            faults.add("expected boxes with a size above 0, got others")
        changes = np.abs(np.diff(self.valid.astype(np.int8), axis=1, prepend=0, append=0)).sum(axis=1)
        if (changes != 2).any() or (self.valid.sum(axis=1) < 2).any():
            faults.add("expected everybody at two knots or more and without gaps, got others")

    @property
    def enter(self) -> NDArray[np.int64]:
        """First knot of each user, shape (A,)."""
        return np.asarray(self.valid.argmax(axis=1))

    @property
    def start(self) -> NDArray[np.float32]:
        """State of each user at its first knot, shape (A, 4)."""
        return np.asarray(self.state[np.arange(len(self.user_id)), self.enter])


def into_frame(xy: NDArray[np.float64], frame: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return points of the net in a frame (x, y, heading), shape (..., 2) [m]."""
    dx, dy = xy[..., 0] - frame[0], xy[..., 1] - frame[1]
    cosine, sine = np.cos(frame[2]), np.sin(frame[2])
    return np.stack([dx * cosine + dy * sine, dy * cosine - dx * sine], axis=-1)


def out_of_frame(xy: NDArray[np.float64], frame: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return points of a frame (x, y, heading) in the net's coordinates, shape (..., 2) [m]."""
    cosine, sine = np.cos(frame[2]), np.sin(frame[2])
    x, y = xy[..., 0], xy[..., 1]
    return np.stack([frame[0] + x * cosine - y * sine, frame[1] + x * sine + y * cosine], axis=-1)
