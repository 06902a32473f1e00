"""Who crosses, joins or leads the ego's way is its likely opponent; who drives beside it or towards it is not."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.motion import straight_scene
from trafficdiff.datatypes.motion_scene import KNOTS
from trafficdiff.metrics.likely_opponent import likely_opponent, likely_opponents

EGO = (0.0, 0.0, 0.0, 10.0)
AHEAD = (22.0, 0.0, 0.0, 10.0)
BESIDE = (2.0, 3.6, 0.0, 10.0)
TOWARDS = (40.0, 3.6, np.pi, 10.0)
CROSSES = (30.0, -33.0, np.pi / 2, 10.0)
AWAY = (-60.0, 50.0, np.pi / 2, 10.0)


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ([BESIDE, AHEAD], 2),
        ([TOWARDS, CROSSES], 2),
        ([CROSSES, AWAY], 1),
        ([AHEAD, CROSSES, TOWARDS], 2),  # it comes to the crossing as the ego does; the one ahead would have to brake
        ([BESIDE], 1),
    ],
)
def test_the_likely_opponent_is_who_must_change_least(
    others: list[tuple[float, float, float, float]], expected: int
) -> None:
    assert likely_opponent(straight_scene(starts=[EGO, *others])) == expected


def test_others_are_ranked_behind_and_the_ego_is_none_of_them() -> None:
    assert likely_opponents(straight_scene(starts=[EGO, AWAY, BESIDE, CROSSES]))[:2] == [3, 2]
    assert 0 not in likely_opponents(straight_scene(starts=[EGO, AWAY, BESIDE, CROSSES]))


def test_who_is_not_there_or_overlaps_the_ego_is_nobody() -> None:
    assert likely_opponent(straight_scene(starts=[EGO])) is None
    assert likely_opponent(straight_scene(starts=[EGO, (1.0, 0.5, 0.0, 10.0)])) is None
    late = np.ones((2, KNOTS), bool)
    late[1, :4] = False
    assert likely_opponent(straight_scene(starts=[EGO, AHEAD], valid=late)) is None


def test_without_a_way_users_are_thought_straight_on() -> None:
    scene = straight_scene(starts=[EGO, BESIDE, CROSSES])
    blind = dataclasses.replace(scene, path_valid=np.zeros_like(scene.path_valid))
    assert likely_opponent(blind) == likely_opponent(scene) == 2
