"""Say whether a touch is the ego's failure, and by how much it missed others where there was none.

Touches are told apart as in nuPlan's metric "no at-fault collisions" (Karnchanachari et al. 2024, "Towards
learning-based planning: the nuPlan benchmark"), the first row that applies; rows 1, 5 and 6 are our own, because others
do not react to the ego here, and may be drawn where nobody drives:

=================  =======================================================================  ===================
``appeared``       the other is there for the first time, on top of the ego                 not the ego's
``ego stands``     the ego is slower than 0.05 m/s: others drive into it                    not the ego's
``other stands``   the other is slower than that                                            failed
``from behind``    the other's centre lies behind the ego's rear                            not the ego's
``other strays``   the other's centre is more than 1 m from the middle of its own way       not the ego's
``overtaken``      along the ego's axis, the other is less than 1 m/s slower                not the ego's
``front``          the ego's front bumper is inside the other's box                         failed
``side``           anything else: failed where the ego's centre is more than 1 m from the   failed, or not the
                   middle of its way                                                        ego's
=================  =======================================================================  ===================

The **margin** is a post-encroachment time (Allen et al. 1978) over whole boxes: the least time by which ego and another
miss each other at one place. It is 0 where they touch, and infinite where nobody uses the ego's way. Who follows the
ego at the first moment does not count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.boxes import Boxes, separation

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["TOUCHES", "is_failure", "kind_of_touch", "margin_s"]

TOUCHES: Final = (
    "appeared", "ego stands", "other stands", "from behind", "other strays", "overtaken", "front", "side",
)  # fmt: skip
_STANDS_MS: Final = 0.05
_KEEPS_M: Final = 1.0
_CLOSING_MS: Final = 1.0
"""Who is nearly as fast as the ego is not run into, but has changed lanes against its side [m/s]."""
_STRIDE: Final = 2
_SAMPLE_S: Final = 0.1
_BESIDE_M: Final = 2.0
"""Who begins behind the ego's rear and within so much of its axis follows it [m]."""


def kind_of_touch(
    ego: NDArray[np.float64],
    other: NDArray[np.float64],
    *,
    ego_size_m: NDArray[np.float64],
    other_size_m: NDArray[np.float64],
    other_off_way_m: float = 0.0,
    appeared: bool = False,
) -> str:
    """Return which of `TOUCHES` two who touch are.

    Parameters
    ----------
    ego, other
        Shape (4,): x, y [m], heading [rad], speed [m/s] when they touch.
    ego_size_m, other_size_m
        Shape (2,), length and width.
    other_off_way_m
        How far the other's centre is from the middle of its own way; 0 where it has none [m].
    appeared
        Whether the other was not there the moment before.
    """
    ahead = np.array([np.cos(ego[2]), np.sin(ego[2])])
    bumper = np.array([[*(ego[:2] + ego_size_m[0] / 2 * ahead), ego[2], 0.0]])
    line = np.array([[0.0, ego_size_m[1]]])
    applies = {
        "appeared": appeared,
        "ego stands": ego[3] < _STANDS_MS,
        "other stands": other[3] < _STANDS_MS,
        "from behind": float((other[:2] - ego[:2]) @ ahead) < -ego_size_m[0] / 2,
        "other strays": other_off_way_m > _KEEPS_M,
        "overtaken": ego[3] - other[3] * np.cos(other[2] - ego[2]) < _CLOSING_MS,
        "front": separation(_boxes(bumper, line), _boxes(other[None], other_size_m[None]))[0] <= 0,
    }
    return next((kind for kind, does in applies.items() if does), "side")


def is_failure(touch: str, *, off_way_m: float) -> bool:
    """Return whether a touch is the ego's failure; ``off_way_m``: its centre from the middle of its way [m]."""
    return touch in {"other stands", "front"} or (touch == "side" and off_way_m > _KEEPS_M)


def margin_s(
    ego: NDArray[np.float64],
    others: NDArray[np.float64],
    present: NDArray[np.bool_],
    *,
    ego_size_m: NDArray[np.float64],
    sizes_m: NDArray[np.float64],
) -> float:
    """Return the least time by which the ego and others miss each other at one place [s], see above.

    Parameters
    ----------
    ego, others
        Shape (T, 4) and (n, T, 4), every 0.1 s: x, y [m], heading [rad], speed [m/s].
    present
        Shape (n, T), who is there when.
    ego_size_m, sizes_m
        Shape (2,) and (n, 2), length and width.
    """
    counted = ~_follows(ego[0], others, present, length_m=float(ego_size_m[0]))
    at = np.arange(0, len(ego), _STRIDE)
    one, many, there = ego[at], others[counted][:, at], present[counted][:, at]
    if not there.any():
        return float("inf")
    reach = (np.hypot(*ego_size_m) + np.hypot(*sizes_m[counted].T)) / 2
    gap = many[:, None, :, :2] - one[None, :, None, :2]
    near = (np.square(gap).sum(-1) < np.square(reach)[:, None, None]) & there[:, None, :]
    user, own, theirs = np.nonzero(near)
    if not len(user):
        return float("inf")
    apart = separation(
        _boxes(one[own], np.broadcast_to(ego_size_m, (len(own), 2))),
        _boxes(many[user, theirs], sizes_m[counted][user]),
    )
    touch = apart <= 0
    return float(np.abs(own - theirs)[touch].min() * _STRIDE * _SAMPLE_S) if touch.any() else float("inf")


def _follows(
    ego: NDArray[np.float64], others: NDArray[np.float64], present: NDArray[np.bool_], *, length_m: float
) -> NDArray[np.bool_]:
    first = others[:, 0]
    dx, dy = first[:, 0] - ego[0], first[:, 1] - ego[1]
    along = dx * np.cos(ego[2]) + dy * np.sin(ego[2])
    aside = dy * np.cos(ego[2]) - dx * np.sin(ego[2])
    same = np.cos(first[:, 2] - ego[2]) > np.sqrt(0.5)
    return np.asarray(present[:, 0] & same & (along < -length_m / 2) & (np.abs(aside) < _BESIDE_M))


def _boxes(state: NDArray[np.float64], size_m: NDArray[np.float64]) -> Boxes:
    return Boxes(x_m=state[:, 0], y_m=state[:, 1], heading_rad=state[:, 2], length_m=size_m[:, 0], width_m=size_m[:, 1])
