"""Say what an ego under test sees, and what it answers: the interface that planners of an AV team are plugged into.

Net coordinates [m], headings counterclockwise from east [rad], seconds; positions are those of box centres. An ego is
asked every 0.1 s; what it answers is held until it is asked again::

    scene ─▶ EgoView ─▶ EgoPolicy.control ─▶ acceleration, curvature ─▶ arc within what bodies can do ─▶ scene
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["CONTROL_S", "EgoPolicy", "EgoView", "OtherUsers"]

CONTROL_S: Final = 0.1
"""How often an ego is asked [s]."""


@dataclass(frozen=True, eq=False, slots=True)
class OtherUsers:
    """Hold who else is there now: one entry a user. What it is given is not checked, for it is made every 0.1 s.

    Parameters
    ----------
    user_id, kind
        Shape (n,): names, and SUMO's vehicle classes (``passenger``, ``bicycle``, ``pedestrian``, ...).
    x_m, y_m, heading_rad, speed_ms, length_m, width_m
        Shape (n,): box centres, headings, speeds and sizes.
    """

    user_id: NDArray[np.object_]
    kind: NDArray[np.object_]
    x_m: NDArray[np.float64]
    y_m: NDArray[np.float64]
    heading_rad: NDArray[np.float64]
    speed_ms: NDArray[np.float64]
    length_m: NDArray[np.float64]
    width_m: NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class EgoView:
    """Hold what an ego sees at one moment; everything is true, nothing is hidden or late.

    Parameters
    ----------
    time_s
        Time of the simulated day [s].
    x_m, y_m, heading_rad, speed_ms, length_m, width_m
        The ego itself.
    others
        Everybody else.
    way_xy
        Shape (P, 2), middle of the lanes ahead, from about the ego on [m]; the same array while the way is the same.
    limit_ms
        Shape (P,), speed limit there [m/s].
    stop_m
        Way from the ego's front to the next stop line that shows red or yellow [m]; infinite for none.
    """

    time_s: float
    x_m: float
    y_m: float
    heading_rad: float
    speed_ms: float
    length_m: float
    width_m: float
    others: OtherUsers
    way_xy: NDArray[np.float64]
    limit_ms: NDArray[np.float64]
    stop_m: float


@runtime_checkable
class EgoPolicy(Protocol):
    """Drive an ego.

    One object drives many scenes, one after another; `begin` is called before each.
    """

    name: str

    def begin(self, view: EgoView) -> None:
        """Forget the scene before, and get ready for one that begins like this."""

    def control(self, view: EgoView) -> tuple[float, float]:
        """Return acceleration [m/s2] and curvature of the way [1/m], positive to the left, held for `CONTROL_S`."""
