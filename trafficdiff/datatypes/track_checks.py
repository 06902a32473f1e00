"""Check that road users move as bodies can, and name who does not, when, and by how much.

=====================  =================================================  ==========================================
check                  at most                                            why
=====================  =================================================  ==========================================
``speed``              by kind: 4, 20, 70 m/s                             sprinting, racing cyclist, 250 km/h
``acceleration``       9.81 m/s2, either sign                             tyres hold no more than about 1 g
``yaw_rate``           2.5 rad/s                                          a full turn in 2.5 s
``lateral_speed``      4 m/s across the box, by displacement              R157 cut-ins: 3 m/s at most
``displacement``       1.5 times the larger speed, and 0.3 m              position and speed tell the same story
=====================  =================================================  ==========================================

Pedestrians may turn, stop and step aside as they like: acceleration, yaw rate and lateral speed are not theirs. Time
that runs backwards, values that are not finite and boxes without size never get this far: `Tracks` refuses them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.track_motion import rate, yaw_rate
from trafficdiff.datatypes.vehicles import WALKING_CLASSES
from trafficdiff.errors import Faults, InputError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from trafficdiff.datatypes.tracks import Tracks

__all__ = ["check_kinematics", "kinematic_faults"]

_SPEEDS_MS: Final = {"pedestrian": 4.0, "wheelchair": 4.0, "bicycle": 20.0, "scooter": 20.0}
_SPEED_MS: Final = 70.0
_ACCELERATION_MS2: Final = 9.81
_YAW_RATE_RAD_S: Final = 2.5
_LATERAL_MS: Final = 4.0
_DISPLACEMENT: Final = 1.5
_SLACK_M: Final = 0.3
_SHOWN: Final = 5


def kinematic_faults(tracks: Tracks) -> pd.DataFrame:
    """Return every moment at which a road user moves as no body can, in the order of users and times.

    Columns ``user_id``, ``user_kind``, ``time_s``, ``check`` (see above), ``value`` and ``limit`` in the check's unit.
    """
    import pandas as pd

    kind = tracks.user_kind[tracks.user]
    walks = np.isin(kind.astype(str), WALKING_CLASSES)
    step_ms, across_ms = _displacements(tracks)
    limits = np.array([_SPEEDS_MS.get(str(name), _SPEED_MS) for name in tracks.user_kind])[tracks.user]
    rows = []
    for name, value, limit in (
        ("speed", tracks.speed_ms, limits),
        ("acceleration", np.abs(rate(tracks, tracks.speed_ms)), np.where(walks, np.inf, _ACCELERATION_MS2)),
        ("yaw_rate", np.abs(yaw_rate(tracks)), np.where(walks, np.inf, _YAW_RATE_RAD_S)),
        ("lateral_speed", across_ms, np.where(walks, np.inf, _LATERAL_MS)),
        ("displacement", *step_ms),
    ):
        wrong = np.flatnonzero(value > limit)
        rows.append(
            pd.DataFrame(
                {
                    "user_id": tracks.user_id[tracks.user[wrong]],
                    "user_kind": kind[wrong],
                    "time_s": tracks.time_s[wrong],
                    "check": name,
                    "value": value[wrong],
                    "limit": limit[wrong],
                    "_place": wrong,
                }
            )
        )
    table = pd.concat(rows, ignore_index=True).sort_values(["_place", "check"], kind="stable")
    return table.drop(columns="_place").reset_index(drop=True)


def check_kinematics(tracks: Tracks) -> None:
    """Refuse tracks on which a road user moves as no body can.

    Raises
    ------
    InputError
        Naming the first road users, the moment, the check, the value and its limit.
    """
    found = kinematic_faults(tracks)
    faults = Faults("kinematics of tracks")
    for row in found.head(_SHOWN).itertuples():
        check = str(row.check).replace("_", " ")
        faults.add(
            f"user {row.user_id!r} ({row.user_kind}) at {row.time_s:g} s: expected a {check} of at most "
            f"{row.limit:.3g}, got {row.value:.3g}"
        )
    if len(found) > _SHOWN:
        faults.add(f"{len(found) - _SHOWN} more moments of {found['user_id'].nunique()} road users")
    faults.raise_if_any(InputError)


def _displacements(
    tracks: Tracks,
) -> tuple[tuple[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]:
    """Return the speed of each step with its limit, and the speed across the box [m/s]; 0 at a user's first sample."""
    count = len(tracks.time_s)
    speed, limit, across = np.zeros(count), np.full(count, np.inf), np.zeros(count)
    if count > 1:
        later = np.flatnonzero(np.diff(tracks.user) == 0) + 1
        dx, dy, dt = (np.diff(values)[later - 1] for values in (tracks.x_m, tracks.y_m, tracks.time_s))
        mean = np.angle(np.exp(1j * tracks.heading_rad[later]) + np.exp(1j * tracks.heading_rad[later - 1]))
        speed[later] = np.hypot(dx, dy) / dt
        fastest = np.maximum(tracks.speed_ms[later], tracks.speed_ms[later - 1])
        limit[later] = _DISPLACEMENT * fastest + _SLACK_M / dt
        across[later] = np.abs(dy * np.cos(mean) - dx * np.sin(mean)) / dt
    return (speed, limit), across
