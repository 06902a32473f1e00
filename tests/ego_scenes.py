"""Make plain surroundings for an ego: a straight way along x, others who go straight on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.simulation.ego_rollout import OthersMotion

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.ego_view import EgoView

PASSENGER: Final = "passenger"


def line(length_m: float) -> NDArray[np.float64]:
    """Return a way from the origin along x, a point every 4 m."""
    return np.column_stack([np.arange(0.0, length_m + 1, 4.0), np.zeros(int(length_m // 4) + 1)])


def nobody(moments: int = 81) -> OthersMotion:
    """Return nobody, for so many moments."""
    return OthersMotion(
        user_id=np.zeros(0, object), kind=np.zeros(0, object), size=np.zeros((0, 2)),
        fine=np.zeros((0, moments, 4)), present=np.zeros((0, moments), bool),
    )  # fmt: skip


def moving(x: float, y: float, heading: float, speed_ms: float, *, moments: int = 81) -> OthersMotion:
    """Return one car of 5 m by 1.8 m that goes straight on."""
    way_m = 0.1 * speed_ms * np.arange(moments)
    fine = np.column_stack([
        x + way_m * math.cos(heading), y + way_m * math.sin(heading), np.full(moments, heading),
        np.full(moments, speed_ms),
    ])  # fmt: skip
    return OthersMotion(
        user_id=np.array(["other"], object), kind=np.array([PASSENGER], object), size=np.array([[5.0, 1.8]]),
        fine=fine[None], present=np.ones((1, moments), bool),
    )  # fmt: skip


class Braker:
    """Drive on, and brake after a second."""

    name = "braker"

    def __init__(self) -> None:
        self._begun_s = 0.0

    def begin(self, view: EgoView) -> None:
        """Remember when it began."""
        self._begun_s = view.time_s

    def control(self, view: EgoView) -> tuple[float, float]:
        """Return what it does."""
        return (-2.0 if view.time_s > self._begun_s + 1.0 else 0.0), 0.0


class Broken:
    """Fail when asked."""

    name = "broken"

    def begin(self, view: EgoView) -> None:
        """Do nothing."""

    def control(self, view: EgoView) -> tuple[float, float]:
        """Fail."""
        raise KeyError("no plan")


class Steady:
    """Keep speed and heading."""

    name = "steady"

    def begin(self, view: EgoView) -> None:
        """Do nothing."""

    def control(self, view: EgoView) -> tuple[float, float]:
        """Return nothing but zeros."""
        return 0.0, 0.0


class Wavering:
    """Drive otherwise each time."""

    name = "wavering"
    times = 0

    def begin(self, view: EgoView) -> None:
        """Think of something else."""
        Wavering.times += 1

    def control(self, view: EgoView) -> tuple[float, float]:
        """Return what it does this time."""
        return 1.0 - 2.0 * (Wavering.times % 2), 0.0


class Tiring:
    """Drive the same twice, and then slower."""

    name = "tiring"

    def __init__(self) -> None:
        self._times = 0

    def begin(self, view: EgoView) -> None:
        """Count, and forget nothing."""
        self._times += 1

    def control(self, view: EgoView) -> tuple[float, float]:
        """Return what it still does."""
        return (0.0 if self._times <= 2 else -2.0), 0.0
