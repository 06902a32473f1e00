"""The IDM planner against what its equations say: equilibrium gap, free road, bends, red lights, who crosses."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.ego_scenes import line, moving, nobody
from trafficdiff.simulation.ego_idm import IdmConstants, IdmPlanner, idm_acceleration
from trafficdiff.simulation.ego_rollout import EgoDrive, OthersMotion, drive

_IDM = IdmConstants()


def test_the_equilibrium_gap_is_that_of_the_paper() -> None:
    for speed_ms in (2.0, 8.0, 12.0):
        gap_m = (_IDM.gap_m + speed_ms * _IDM.headway_s) / math.sqrt(1 - (speed_ms / 14.0) ** 4)
        assert idm_acceleration(speed_ms, wished_ms=14.0, gap_m=gap_m, ahead_ms=speed_ms) == pytest.approx(0, abs=1e-9)


def test_behind_somebody_it_comes_to_the_equilibrium_gap() -> None:
    driven = _follows(ahead_ms=8.0, behind_m=30.0, moments=601)
    gap_m = 30.0 + 8.0 * 60.0 - 5.0 - driven[-1, 0]  # bumper to bumper
    expected_m = (_IDM.gap_m + 8.0 * _IDM.headway_s) / math.sqrt(1 - (8.0 / 14.0) ** 4)
    assert driven[-1, 3] == pytest.approx(8.0, abs=0.05)
    assert gap_m == pytest.approx(expected_m, abs=0.3)


def test_on_a_free_road_it_comes_to_the_limit_and_not_above() -> None:
    driven = _alone(speed_ms=5.0, limit_ms=14.0, moments=601)
    assert driven[:, 3].max() <= 14.0 + 1e-6
    assert driven[-1, 3] > 13.5
    first = (driven[2, 3] - driven[0, 3]) / 0.2
    assert first == pytest.approx(_IDM.gas_ms2 * (1 - (5 / 14) ** 4), rel=0.02)


def test_it_slows_down_for_a_bend_as_acceleration_across_allows() -> None:
    angle = np.linspace(0, np.pi / 2, 40)
    bend = 60.0 + 20.0 * np.sin(angle), 20.0 - 20.0 * np.cos(angle)
    way = np.concatenate([line(60.0)[:-1], np.column_stack(bend)])
    made = drive(
        IdmPlanner(), ego_start=(0, 0, 0, 13.0), ego_size=(5, 1.8), others=nobody(201), way_xy=way,
        limit_ms=np.full(len(way), 14.0),
    ).fine  # fmt: skip
    within = (made[:, 2] > 0.2) & (made[:, 2] < 1.3)
    assert within.any()
    assert (made[within, 3] ** 2 / 20.0).max() < _IDM.across_ms2 * 1.15
    away = np.abs(np.hypot(made[within, 0] - 60.0, made[within, 1] - 20.0) - 20.0)
    assert away.max() < 0.6


def test_it_stops_before_red_and_goes_on_at_green() -> None:
    red = np.arange(401) < 200
    made = drive(
        IdmPlanner(), ego_start=(0, 0, 0, 12.0), ego_size=(5, 1.8), others=nobody(401), way_xy=line(200.0),
        limit_ms=np.full(len(line(200.0)), 14.0), stop_line_m=60.0, red=red,
    ).fine  # fmt: skip
    assert made[199, 3] < 0.3
    assert 52.0 < made[199, 0] + 2.5 < 60.0
    assert made[-1, 0] > 80.0


def test_it_brakes_for_whoever_crosses_and_not_for_whoever_is_gone_by_then() -> None:
    crossing = moving(40.0, -24.0, math.pi / 2, 8.0)
    gone = moving(40.0, -4.0, math.pi / 2, 8.0)
    hit, clear = (_among(one) for one in (crossing, gone))
    assert hit.controls[:, 0].min() < -2.0
    assert hit.collided_with == -1
    assert clear.controls[:20, 0].min() > -0.5
    straight = drive(
        _Constant(), ego_start=(0, 0, 0, 13.0), ego_size=(5, 1.8), others=crossing, way_xy=line(200.0),
        limit_ms=np.full(len(line(200.0)), 14.0),
    )  # fmt: skip
    assert straight.collided_with == 0, "without braking they would have met"


class _Constant(IdmPlanner):
    def control(self, view: object) -> tuple[float, float]:
        return 0.0, 0.0


def _among(others: OthersMotion) -> EgoDrive:
    return drive(
        IdmPlanner(), ego_start=(0, 0, 0, 13.0), ego_size=(5, 1.8), others=others, way_xy=line(200.0),
        limit_ms=np.full(len(line(200.0)), 14.0),
    )  # fmt: skip


def _alone(*, speed_ms: float, limit_ms: float, moments: int) -> np.ndarray:
    way = line(900.0)
    return drive(
        IdmPlanner(), ego_start=(0, 0, 0, speed_ms), ego_size=(5, 1.8), others=nobody(moments), way_xy=way,
        limit_ms=np.full(len(way), limit_ms),
    ).fine  # fmt: skip


def _follows(*, ahead_ms: float, behind_m: float, moments: int) -> np.ndarray:
    way = line(900.0)
    others = moving(behind_m, 0.0, 0.0, ahead_ms, moments=moments)
    return drive(
        IdmPlanner(), ego_start=(0, 0, 0, 8.0), ego_size=(5, 1.8), others=others, way_xy=way,
        limit_ms=np.full(len(way), 14.0),
    ).fine  # fmt: skip
