"""Hand-made tracks, written as functions of time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from trafficdiff.datatypes.tracks import Tracks

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Path(NamedTuple):
    """One road user: columns by sample, and its box."""

    columns: dict[str, NDArray[Any]]
    length_m: float
    width_m: float
    kind: str


def path(
    time_s: NDArray[np.float64],
    *,
    x: Any = 0.0,
    y: Any = 0.0,
    heading: Any = 0.0,
    speed: Any = 0.0,
    length: float = 5.0,
    width: float = 2.0,
    kind: str = "passenger",
    edge: Any = -1,
) -> Path:
    """Return a road user; single numbers hold for all samples."""
    values = {"x_m": x, "y_m": y, "heading_rad": heading, "speed_ms": speed}
    columns: dict[str, Any] = {name: np.broadcast_to(np.asarray(v, float), time_s.shape) for name, v in values.items()}
    columns |= {"time_s": time_s, "edge": np.broadcast_to(np.asarray(edge, np.int32), time_s.shape)}
    return Path(columns, length, width, kind)


def straight(
    time_s: NDArray[np.float64], *, start: tuple[float, float], heading: float, speed: float, **box: Any
) -> Path:
    """Return a road user at constant velocity from a place at time 0."""
    x, y = (start[axis] + speed * time_s * turn(heading) for axis, turn in ((0, np.cos), (1, np.sin)))
    return path(time_s, x=x, y=y, heading=heading, speed=speed, **box)


def tracks_of(**users: Path) -> Tracks:
    """Return the tracks of some road users, by their names."""
    names = ("time_s", "x_m", "y_m", "heading_rad", "speed_ms", "edge")
    paths = list(users.values())
    return Tracks(
        user_id=np.array(list(users), object),
        user_kind=np.array([one.kind for one in paths], object),
        length_m=np.array([one.length_m for one in paths], float),
        width_m=np.array([one.width_m for one in paths], float),
        offsets=np.cumsum([0, *(len(one.columns["time_s"]) for one in paths)]).astype(np.int64),
        **{name: np.concatenate([one.columns[name] for one in paths]) for name in names},
    )
