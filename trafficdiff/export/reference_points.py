"""Move box centres to the point of a road user that a format asks for: the one place where formats differ in it.

::

      rear                                   front
      ┌────┬──────────────┬────────────────┬──┐
      │    R              C                │  F ──▶ heading
      └────┴──────────────┴────────────────┴──┘
           └── ahead_m ───┘

    C  box centre         `Tracks`, OSI, CommonRoad, ScenarioNet
    R  rear axle, ground  OpenSCENARIO (1.3, section 6.3.3: origin of a vehicle's coordinate system)
    F  front bumper       SUMO
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.tracks import Tracks

__all__ = ["BODIES", "Body", "Placed", "at_box_centre", "at_rear_axle", "body_of"]


@dataclass(frozen=True)
class Body:
    """Say what a SUMO class does not: how high a road user is, and where its axles are.

    Parameters
    ----------
    height_m
        [m].
    ahead_share, wheelbase_share
        How far the centre lies ahead of the rear axle, and the front axle ahead of the rear one, as shares of the
        length; 0 for who has no axles.
    mass_kg
        Empty [kg].
    """

    height_m: float
    ahead_share: float
    wheelbase_share: float
    mass_kg: float


_CAR: Final = Body(1.5, 0.29, 0.58, 1_500)
_TRUCK: Final = Body(3.2, 0.25, 0.55, 9_000)
_TWO_WHEELS: Final = Body(1.6, 0.3, 0.6, 200)
BODIES: Final[dict[str, Body]] = {
    "pedestrian": Body(1.75, 0.0, 0.0, 80),
    "wheelchair": Body(1.4, 0.0, 0.0, 120),
    "bicycle": Body(1.7, 0.3, 0.6, 95),
    "scooter": Body(1.75, 0.3, 0.6, 100),
    "moped": _TWO_WHEELS,
    "motorcycle": Body(1.5, 0.3, 0.62, 300),
    "bus": Body(3.2, 0.22, 0.5, 12_000),
    "coach": Body(3.6, 0.22, 0.5, 13_500),
    "truck": _TRUCK,
    "trailer": Body(3.9, 0.25, 0.6, 15_000),
    "delivery": Body(2.6, 0.27, 0.56, 2_500),
    "emergency": Body(2.6, 0.27, 0.56, 3_500),
    "army": _TRUCK,
    "tram": Body(3.4, 0.3, 0.6, 40_000),
}
"""Typical bodies: wheelbase and overhangs as in vehicle data sheets, a car's of 4.5 m with 2.6 m between the axles."""


def body_of(kind: str) -> Body:
    """Return the body of a SUMO vehicle class; what is not listed is built like a car."""
    return BODIES.get(kind, _CAR)


@dataclass(frozen=True, eq=False)
class Placed:
    """Hold where a format's reference points are over time.

    Parameters
    ----------
    x_m, y_m
        Shape (S,), net coordinates [m].
    ahead_m
        Shape (U,), how far the box centre lies ahead of the reference point [m].
    """

    x_m: NDArray[np.float64]
    y_m: NDArray[np.float64]
    ahead_m: NDArray[np.float64]


def at_box_centre(tracks: Tracks) -> Placed:
    """Return the centres of the boxes, as tracks hold them: OSI, CommonRoad, ScenarioNet."""
    return Placed(tracks.x_m, tracks.y_m, np.zeros(len(tracks.user_id)))


def at_rear_axle(tracks: Tracks) -> Placed:
    """Return the middles of the rear axles: OpenSCENARIO; of pedestrians the centre."""
    shares = np.array([body_of(str(kind)).ahead_share for kind in tracks.user_kind])
    ahead_m = shares * tracks.length_m
    back_m = ahead_m[tracks.user]
    return Placed(
        tracks.x_m - back_m * np.cos(tracks.heading_rad), tracks.y_m - back_m * np.sin(tracks.heading_rad), ahead_m
    )
