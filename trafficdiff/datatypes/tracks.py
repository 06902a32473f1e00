"""Hold microscopic trajectories: where every road user was, ten times a second or as often as asked.

Positions are box centres; SUMO's front bumper is converted by the reader in `simulation`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.errors import Faults, InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Tracks"]

_MAXIMUM_SPEED_MS: Final = 100.0
"""No road user is faster; a larger displacement is a fault of the data (360 km/h)."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Tracks:
    """Represent trajectories as one long table sorted by user and time; immutable.

    ``U`` users, ``S`` samples. Coordinates are the net's [m]; headings are mathematical: radians,
    counter-clockwise from the x axis.

    Parameters
    ----------
    user_id, user_kind
        Shape (U,), text; the kind is a SUMO vehicle class.
    length_m, width_m
        Shape (U,), size of the box [m].
    offsets
        Shape (U + 1,), CSR of the samples of each user. Own enter and leave times are a user's first
        and last sample.
    time_s, x_m, y_m, heading_rad, speed_ms
        Shape (S,).
    edge
        Shape (S,), edge position in the road graph, -1 inside junctions (see `on_edge`).

    Raises
    ------
    InputError
        If a value is not finite, a box has no size, times do not rise within a user, or a displacement needs more than
        100 m/s; the first road user at fault is named, and the moment.
    """

    user_id: NDArray[np.object_]
    user_kind: NDArray[np.object_]
    length_m: NDArray[np.float64]
    width_m: NDArray[np.float64]
    offsets: NDArray[np.int64]
    time_s: NDArray[np.float64]
    x_m: NDArray[np.float64]
    y_m: NDArray[np.float64]
    heading_rad: NDArray[np.float64]
    speed_ms: NDArray[np.float64]
    edge: NDArray[np.int32]

    def __post_init__(self) -> None:
        faults = Faults("tracks")
        self._check_shapes(faults)
        faults.raise_if_any(InputError)
        for name in ("length_m", "width_m", "time_s", "x_m", "y_m", "heading_rad", "speed_ms"):
            self._check_finite(name, faults)
        for name in ("length_m", "width_m"):
            if len(small := np.flatnonzero(getattr(self, name) <= 0)):
                got = f"{getattr(self, name)[small[0]]:g} of user {self.user_id[small[0]]!r}"
                faults.add(f"expected {name} above 0, got {got} ({len(small)} in all)")
        faults.raise_if_any(InputError)
        same = self.user[1:] == self.user[:-1]
        step = np.diff(self.time_s)[same]
        if len(back := np.flatnonzero(step <= 0)):
            which = np.flatnonzero(same)[back[0]] + 1
            culprit = f"user {self.user_id[self.user[which]]!r} at {self.time_s[which]:g} s"
            faults.add(f"expected rising times within each user, got equal or falling ones (first: {culprit})")
        else:
            moved = np.hypot(np.diff(self.x_m), np.diff(self.y_m))[same]
            fast = np.flatnonzero(moved / step > _MAXIMUM_SPEED_MS)
            if len(fast):
                culprit = self.user_id[self.user[1:][same][fast[0]]]
                faults.add(
                    f"expected displacements below {_MAXIMUM_SPEED_MS:g} m/s, got {len(fast)} above "
                    f"(first: user {culprit!r}); cut teleports out before making tracks"
                )
        faults.raise_if_any(InputError)
        for values in vars(self).values():
            values.setflags(write=False)

    def _check_shapes(self, faults: Faults) -> None:
        users, samples = len(self.user_id), len(self.time_s)
        for count, names in (
            (users, ("user_kind", "length_m", "width_m")),
            (samples, ("x_m", "y_m", "heading_rad", "speed_ms", "edge")),
        ):
            for name in names:
                if len(getattr(self, name)) != count:
                    faults.add(f"expected {count} values of {name}, got {len(getattr(self, name))}")
        offsets = self.offsets
        if len(offsets) != users + 1 or offsets[0] != 0 or offsets[-1] != samples or (np.diff(offsets) < 1).any():
            faults.add("expected offsets that rise from 0 to the number of samples, one more than users")

    def _check_finite(self, name: str, faults: Faults) -> None:
        values = getattr(self, name)
        if not len(bad := np.flatnonzero(~np.isfinite(values))):
            return
        if len(values) == len(self.user_id) and name in ("length_m", "width_m"):
            culprit = f"user {self.user_id[bad[0]]!r}"
        else:
            culprit = f"user {self.user_id[self.user[bad[0]]]!r}, sample {bad[0] - self.offsets[self.user[bad[0]]]}"
        faults.add(f"expected finite {name}, got NaN or infinity (first: {culprit})")

    @property
    def user(self) -> NDArray[np.int64]:
        """Position of the user of each sample, shape (S,)."""
        return np.repeat(np.arange(len(self.user_id)), np.diff(self.offsets))

    @property
    def on_edge(self) -> NDArray[np.bool_]:
        """Whether each sample lies on an edge and not inside a junction, shape (S,)."""
        return np.asarray(self.edge >= 0)

    @property
    def enter_s(self) -> NDArray[np.float64]:
        """First time of each user [s], shape (U,)."""
        return self.time_s[self.offsets[:-1]]

    @property
    def leave_s(self) -> NDArray[np.float64]:
        """Last time of each user [s], shape (U,)."""
        return self.time_s[self.offsets[1:] - 1]
