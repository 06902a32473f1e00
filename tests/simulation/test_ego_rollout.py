"""An ego drives among given others: exact arcs, limits, collisions, and answers that are none."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.ego_scenes import line, moving, nobody
from trafficdiff.diffusion.motion_rolling import LIMITS
from trafficdiff.errors import SimulationError
from trafficdiff.simulation.ego_rollout import EGO_LIMITS, EgoDrive, drive

if TYPE_CHECKING:
    from trafficdiff.datatypes.ego_view import EgoView


class _Fixed:
    """Answer the same always."""

    name = "fixed"

    def __init__(self, gas: object, curvature: object) -> None:
        self.answer = (gas, curvature)

    def begin(self, view: EgoView) -> None:
        """Do nothing."""

    def control(self, view: EgoView) -> tuple[float, float]:
        return self.answer  # type: ignore[return-value]


def _drive(policy: _Fixed, speed_ms: float = 10.0) -> EgoDrive:
    way = line(200.0)
    return drive(
        policy, ego_start=(0, 0, 0, speed_ms), ego_size=(5, 1.8), others=nobody(), way_xy=way,
        limit_ms=np.full(len(way), 14.0),
    )  # fmt: skip


def test_a_constant_curvature_is_driven_as_a_circle() -> None:
    fine = _drive(_Fixed(0.0, 0.05)).fine
    angle = 0.05 * 10.0 * 0.1 * np.arange(81)
    np.testing.assert_allclose(fine[:, 0], 20.0 * np.sin(angle), atol=1e-9)
    np.testing.assert_allclose(fine[:, 1], 20.0 * (1 - np.cos(angle)), atol=1e-9)
    np.testing.assert_allclose(fine[:, 2], angle, atol=1e-9)


def test_what_bodies_cannot_do_is_cut_off_and_nobody_drives_backwards() -> None:
    made = _drive(_Fixed(-99.0, 9.0))
    assert made.controls[0, 0] == pytest.approx(-9.0)
    assert np.abs(made.fine[:-1, 3] ** 2 * made.controls[:, 1]).max() <= 8.5 + 1e-9
    assert made.fine[-1, 3] == 0.0
    assert made.fine[:, 3].min() == 0.0


def test_limits_are_those_of_the_scene_model() -> None:
    assert EGO_LIMITS == LIMITS


def test_a_collision_is_told_with_whom_and_when() -> None:
    way = line(200.0)
    made = drive(
        _Fixed(0.0, 0.0), ego_start=(0, 0, 0, 10.0), ego_size=(5, 1.8), others=moving(35.0, 0.0, 0.0, 0.0),
        way_xy=way, limit_ms=np.full(len(way), 14.0),
    )  # fmt: skip
    assert made.collided_with == 0
    assert made.when_s == pytest.approx(3.0)  # 30 m between the bumpers, at 10 m/s
    assert math.isnan(_drive(_Fixed(0.0, 0.0)).when_s)


@pytest.mark.parametrize("answer", [(math.nan, 0.0), (0.0, math.inf), ("fast", 0.0), (None, None)])
def test_an_answer_that_is_no_control_is_refused_by_name(answer: tuple[object, object]) -> None:
    with pytest.raises(SimulationError, match="ego 'fixed': expected acceleration and curvature"):
        _drive(_Fixed(*answer))
