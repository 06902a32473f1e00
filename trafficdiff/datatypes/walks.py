"""Hold walks: who sets out on foot, when, from which side of which street to which other."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

from trafficdiff.datatypes.vehicles import VehicleType
from trafficdiff.errors import Faults, TripError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["FREE_SPEED_MS", "WALKER", "WALK_COLUMNS", "WalkCounts", "Walks"]

FREE_SPEED_MS: Final = 1.34
"""Mean free speed of people on foot [m/s]: Weidmann (1993), "Transporttechnik der Fussgaenger"."""

WALKER: Final = VehicleType("walker", "pedestrian", {"desiredMaxSpeed": f"{FREE_SPEED_MS:g}", "speedFactor": "1"})
"""People on foot as SUMO is told of them; each has a speed factor of his own."""

WALK_COLUMNS: Final[dict[str, str]] = {
    "walk_id": "",
    "depart_s": "s",
    "arrival_s": "s",
    "duration_s": "s",
    "length_m": "m",
    "time_loss_s": "s",
    "completed": "1",
}
"""Columns of the table of walks and their units; NaN where somebody has not set out, or has not arrived."""

_COLUMNS: Final = ("depart_s", "origin", "origin_m", "destination", "destination_m", "speed_factor")


@dataclass(frozen=True, eq=False, kw_only=True)
class Walks:
    """Represent walks in order of departure; immutable. ``W`` walks.

    Parameters
    ----------
    walk_id
        Shape (W,), text, each once.
    depart_s
        Shape (W,), when they set out [s of the day].
    origin, destination
        Shape (W,), ids of the edges along which they begin and end.
    origin_m, destination_m
        Shape (W,), where on the side of that edge [m from its beginning].
    speed_factor
        Shape (W,), free speed of each over `FREE_SPEED_MS`.
    provenance
        What made them; they are synthetic.

    Raises
    ------
    TripError
        Listing every fault.
    """

    walk_id: NDArray[np.object_]
    depart_s: NDArray[np.float64]
    origin: NDArray[np.object_]
    origin_m: NDArray[np.float64]
    destination: NDArray[np.object_]
    destination_m: NDArray[np.float64]
    speed_factor: NDArray[np.float64]
    provenance: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        faults = Faults("walks")
        for name in _COLUMNS:
            if len(getattr(self, name)) != len(self.walk_id):
                faults.add(f"expected {len(self.walk_id)} values of {name}, got {len(getattr(self, name))}")
        faults.raise_if_any(TripError)
        if len(set(self.walk_id.tolist())) != len(self.walk_id):
            faults.add("expected each id once, got repeats")
        for name in ("depart_s", "origin_m", "destination_m", "speed_factor"):
            values = getattr(self, name)
            if bad := int((~(np.isfinite(values) & (values >= 0))).sum()):
                faults.add(f"expected finite {name} of 0 or more, got {bad} others")
        faults.raise_if_any(TripError)
        for values in vars(self).values():
            if isinstance(values, np.ndarray):
                values.setflags(write=False)

    def __len__(self) -> int:
        return len(self.walk_id)

    def take(self, rows: NDArray[Any]) -> Self:
        """Return some of the walks: positions or a mask, shape (W,)."""
        return replace(self, **{name: getattr(self, name)[rows] for name in ("walk_id", *_COLUMNS)})


@dataclass(frozen=True)
class WalkCounts:
    """Say where everybody on foot ended up: ``loaded = arrived + walking + waiting``.

    `jammed` counts how often SUMO had somebody squeeze through a crowd.
    """

    loaded: int
    arrived: int
    walking: int
    waiting: int
    jammed: int
