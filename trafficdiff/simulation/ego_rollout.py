"""Let a policy drive an ego among users whose motion is given: eight seconds in a few milliseconds, without SUMO.

Others do not react here. What the policy asks for is cut off at what bodies can do and rolled out as the scene model
rolls out its own controls: for 0.1 s the speed is linear and the way an arc.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

from trafficdiff.datatypes.boxes import Boxes, boxes_overlap
from trafficdiff.datatypes.ego_view import CONTROL_S, EgoPolicy, EgoView, OtherUsers
from trafficdiff.datatypes.motion_scene import FINE, KINDS, SIGNAL_RED, SIGNAL_YELLOW, into_frame, out_of_frame
from trafficdiff.errors import SimulationError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.motion_scene import MotionScene

__all__ = ["EGO_LIMITS", "EgoDrive", "OthersMotion", "drive", "drive_drawn"]

EGO_LIMITS: Final[dict[str, tuple[float, float, float, float, float]]] = {
    "car": (-9.0, 6.0, 50.0, 0.25, 8.5),
    "truck": (-9.0, 4.0, 30.0, 0.2, 7.0),
    "bus": (-9.0, 4.0, 30.0, 0.15, 7.0),
    "bicycle": (-7.0, 4.0, 15.0, 0.7, 7.0),
    "pedestrian": (-5.0, 4.0, 3.9, 2.5, 5.0),
}
"""Hardest braking, accelerating [m/s2], highest speed [m/s], largest curvature [1/m], acceleration across [m/s2]: those
of the scene model (`trafficdiff.diffusion.motion_rolling.LIMITS`)."""
_YAW_RAD_S: Final = 2.0
_STRAIGHT_M: Final = 100.0
_STRAIGHT_MS: Final = 50 / 3.6
"""An ego without a way goes straight on, at most as fast as this or as it is [m/s]."""


class _Drawn(Protocol):
    """Say what is needed of a drawn scene, see `trafficdiff.diffusion.motion_sampler.DrawnScene`."""

    @property
    def scene(self) -> MotionScene:
        """What it was drawn for."""

    @property
    def fine(self) -> NDArray[np.floating]:
        """Shape (A, T, 4), every 0.1 s."""

    @property
    def present(self) -> NDArray[np.bool_]:
        """Shape (A, T)."""


@dataclass(frozen=True, eq=False, kw_only=True)
class OthersMotion:
    """Hold what all but the ego do; ``n`` users at ``T`` moments, `CONTROL_S` apart.

    Parameters
    ----------
    user_id, kind
        Shape (n,): names and SUMO's vehicle classes.
    size
        Shape (n, 2), length and width [m].
    fine
        Shape (n, T, 4): x, y of the box centre [m], heading [rad], speed [m/s].
    present
        Shape (n, T), who is there when.
    """

    user_id: NDArray[np.object_]
    kind: NDArray[np.object_]
    size: NDArray[np.float64]
    fine: NDArray[np.float64]
    present: NDArray[np.bool_]


@dataclass(frozen=True, eq=False, kw_only=True)
class EgoDrive:
    """Hold what an ego did.

    Parameters
    ----------
    fine
        Shape (T, 4): x, y, heading, speed every 0.1 s.
    controls
        Shape (T - 1, 2): acceleration and curvature that were driven, cut off at what bodies can do.
    collided_with
        Place of the first other whose box met the ego's, -1 for nobody; it drives on, through it.
    when_s
        Time of that, from the first moment on [s]; NaN for nobody.
    """

    fine: NDArray[np.float64]
    controls: NDArray[np.float64]
    collided_with: int
    when_s: float


def drive(
    policy: EgoPolicy,
    *,
    ego_start: tuple[float, float, float, float],
    ego_size: tuple[float, float],
    others: OthersMotion,
    way_xy: NDArray[np.float64],
    limit_ms: NDArray[np.float64],
    stop_line_m: float = math.inf,
    red: NDArray[np.bool_] | None = None,
    begin_s: float = 0.0,
    kind: str = "car",
) -> EgoDrive:
    """Return how a policy drives among others whose motion is given.

    Parameters
    ----------
    policy
        Who drives.
    ego_start, ego_size
        x, y of the box centre, heading, speed at the first moment; length and width.
    others
        Everybody else, from the first moment on.
    way_xy, limit_ms
        Shape (P, 2) and (P,): middle of the lanes ahead, from about the ego on, and limits there.

    Other Parameters
    ----------------
    stop_line_m, red
        How far from the ego's box centre its first signal's line is, along the way, and shape (T,) whether that shows
        red or yellow.
    begin_s
        Time of the first moment [s of the simulated day].
    kind
        Of the ego, one of `EGO_LIMITS`.

    Raises
    ------
    SimulationError
        If the policy fails, or answers anything but two finite numbers.
    """
    moments = others.fine.shape[1]
    limits = EGO_LIMITS[kind]
    way_xy, limit_ms = _way(way_xy, limit_ms, ego_start)
    seen = _moments(others)
    x, y, heading, speed = map(float, ego_start)
    fine, controls = np.empty((moments, 4)), np.empty((moments - 1, 2))
    fine[0] = x, y, heading, speed
    length, width = map(float, ego_size)
    driven_m = 0.0
    shown = np.zeros(moments, bool) if red is None else red
    for moment in range(moments - 1):
        left_m = stop_line_m - driven_m - length / 2
        view = EgoView(
            begin_s + moment * CONTROL_S, x, y, heading, speed, length, width, seen[moment], way_xy, limit_ms,
            left_m if shown[moment] and left_m > 0 else math.inf,
        )  # fmt: skip
        if moment == 0:
            _asked(policy, policy.begin, view)
        gas, curvature = _two_numbers(policy, _asked(policy, policy.control, view))
        x, y, heading, faster, curvature = _moved((x, y, heading, speed), gas, curvature, limits)
        driven_m += CONTROL_S * (speed + faster) / 2
        controls[moment] = (faster - speed) / CONTROL_S, curvature
        speed = faster
        fine[moment + 1] = x, y, heading, speed
    hit, when = _collision(fine, ego_size, others)
    return EgoDrive(fine=fine, controls=controls, collided_with=hit, when_s=when)


def drive_drawn(policy: EgoPolicy, drawn: _Drawn, *, from_s: float = 1.0) -> EgoDrive:
    """Return how a policy drives the ego of a drawn scene from a moment on; before it the ego does as drawn.

    The policy sees the net's coordinates; what comes back is in the scene's frame as `drawn.fine` is, so that
    ``drawn.fine[0]`` can be replaced by it. ``collided_with`` counts as the scene does: 1 and up.

    Parameters
    ----------
    policy, drawn
        Who drives, and what everybody else does.
    from_s
        When it begins to drive, a whole number of `CONTROL_S` [s after the scene's first knot].
    """
    scene, first = drawn.scene, round(from_s / CONTROL_S)
    fine = drawn.fine.astype(np.float64)
    at_net = fine[:, first:].copy()
    at_net[..., :2] = out_of_frame(at_net[..., :2], scene.frame)
    at_net[..., 2] += scene.frame[2]
    others = OthersMotion(
        user_id=scene.user_id[1:], kind=scene.user_class[1:], size=scene.size[1:].astype(np.float64), fine=at_net[1:],
        present=drawn.present[1:, first:],
    )  # fmt: skip
    on_lane = scene.path_valid[0]
    way_xy = scene.path[0][on_lane].astype(np.float64)
    before_m = float(np.hypot(*np.diff(fine[0, : first + 1, :2], axis=0).T).sum())
    knot = np.minimum(np.arange(first, fine.shape[1]) // FINE, scene.path_signal.shape[1] - 1)
    shown = scene.path_signal[0][knot]
    made = drive(
        policy, ego_start=tuple(at_net[0, 0].tolist()), ego_size=tuple(scene.size[0].tolist()), others=others,
        way_xy=out_of_frame(way_xy, scene.frame), limit_ms=scene.path_limit[0][on_lane],
        stop_line_m=float(scene.stop_m[0]) - before_m if scene.stop_m[0] > 0 else math.inf,
        red=(shown == SIGNAL_RED) | (shown == SIGNAL_YELLOW), begin_s=scene.begin_s + from_s,
        kind=KINDS[int(scene.kind[0])],
    )  # fmt: skip
    whole = np.concatenate([fine[0, :first], _into_frame(made.fine, scene.frame)])
    hit = made.collided_with + 1 if made.collided_with >= 0 else -1
    return EgoDrive(fine=whole, controls=made.controls, collided_with=hit, when_s=made.when_s + from_s)


def _way(
    way_xy: NDArray[np.float64], limit_ms: NDArray[np.float64], start: tuple[float, float, float, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the way, straight on where there is none."""
    if len(way_xy) > 1 and np.ptp(way_xy, axis=0).max() > 1e-3:
        return np.ascontiguousarray(way_xy, np.float64), np.maximum(limit_ms, 0.1)
    x, y, heading, speed = start
    s = np.array([0.0, _STRAIGHT_M])
    line = np.column_stack([x + s * math.cos(heading), y + s * math.sin(heading)])
    return line, np.full(2, max(speed, _STRAIGHT_MS))


def _moments(others: OthersMotion) -> list[OtherUsers]:
    """Return who is seen at each moment."""
    columns = np.ascontiguousarray(others.fine.transpose(1, 2, 0))
    length, width = others.size[:, 0].copy(), others.size[:, 1].copy()
    made: list[OtherUsers] = []
    groups: dict[bytes, tuple[Any, ...]] = {}
    for moment in range(len(columns)):
        there = others.present[:, moment]
        key = there.tobytes()
        if key not in groups:
            kept = slice(None) if there.all() else np.flatnonzero(there)
            groups[key] = (kept, others.user_id[kept], others.kind[kept], length[kept], width[kept])
        kept, names, kinds, own_length, own_width = groups[key]
        x, y, heading, speed = columns[moment][:, kept]
        made.append(OtherUsers(names, kinds, x, y, heading, speed, own_length, own_width))
    return made


def _moved(
    state: tuple[float, float, float, float], gas: float, curvature: float, limits: tuple[float, ...]
) -> tuple[float, float, float, float, float]:
    """Return x, y, heading and speed 0.1 s later, and the curvature that was driven."""
    x, y, heading, speed = state
    brake, most, fastest, tightest, across = limits
    gas = min(max(gas, brake), most)
    faster = min(max(speed + CONTROL_S * gas, 0.0), max(fastest, speed))
    top = max(speed, faster, 0.1)
    bound = min(tightest, across / (top * top), _YAW_RAD_S / top)
    curvature = min(max(curvature, -bound), bound)
    way_m = CONTROL_S * (speed + faster) / 2
    half = curvature * way_m / 2
    chord = way_m * (math.sin(half) / half if abs(half) > 1e-9 else 1.0)
    middle = heading + half
    return x + chord * math.cos(middle), y + chord * math.sin(middle), heading + 2 * half, faster, curvature


def _asked(policy: EgoPolicy, function: Any, view: EgoView) -> Any:
    """Call a policy; what it raises is said with its name."""
    try:
        return function(view)
    except Exception as error:  # the border to code of others
        raise SimulationError(
            f"ego {policy.name!r}: expected an answer at {view.time_s:g} s, got {type(error).__name__}: {error}"
        ) from error


def _two_numbers(policy: EgoPolicy, answer: Any) -> tuple[float, float]:
    try:
        gas, curvature = (float(one) for one in answer)
    except (TypeError, ValueError):
        gas = curvature = math.nan
    if not (math.isfinite(gas) and math.isfinite(curvature)):
        raise SimulationError(
            f"ego {policy.name!r}: expected acceleration and curvature, two finite numbers, got {answer!r}"
        )
    return gas, curvature


def _collision(
    fine: NDArray[np.float64], size: tuple[float, float], others: OthersMotion
) -> tuple[int, float]:  # fmt: skip
    """Return who is met first, and when [s]; -1 and NaN for nobody."""
    own = Boxes(x_m=fine[:, 0], y_m=fine[:, 1], heading_rad=fine[:, 2], length_m=size[0], width_m=size[1])
    theirs = Boxes(
        x_m=others.fine[..., 0], y_m=others.fine[..., 1], heading_rad=others.fine[..., 2],
        length_m=others.size[:, :1], width_m=others.size[:, 1:],
    )  # fmt: skip
    met = boxes_overlap(own, theirs) & others.present
    when = met.any(axis=0)
    if not when.any():
        return -1, math.nan
    moment = int(when.argmax())
    return int(met[:, moment].argmax()), moment * CONTROL_S


def _into_frame(fine: NDArray[np.float64], frame: NDArray[np.float64]) -> NDArray[np.float64]:
    made = fine.copy()
    made[:, :2] = into_frame(fine[:, :2], frame)
    made[:, 2] -= frame[2]
    return made
