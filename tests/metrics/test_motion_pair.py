"""How two meet, and how unlike scenes are, in numbers that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tests.motion import straight_scene
from trafficdiff.datatypes.motion_fine import fine_states
from trafficdiff.metrics.motion_conflicts import motion_conflicts
from trafficdiff.metrics.motion_diversity import interaction_types, nearest_distance
from trafficdiff.metrics.motion_pair import angle_when_closest, boxes_apart, relative_way


def test_angles_are_the_others_heading_against_the_egos_when_closest() -> None:
    right, oncoming = (0.0, -30.0, np.pi / 2, 5.0), (60.0, 3.5, np.pi, 8.0)
    scene = straight_scene(starts=[(0, 0, 0, 5.0), right, oncoming])
    fine = fine_states(scene)
    assert angle_when_closest(scene, fine, 1) == pytest.approx(90.0)
    assert abs(angle_when_closest(scene, fine, 2)) == pytest.approx(180.0)
    apart = boxes_apart(scene, fine, first=np.array([0]), second=np.array([2]))[0]
    assert apart.min() == pytest.approx(1.7, abs=1e-3)  # lanes 3.5 m apart, boxes 1.8 m wide
    assert apart[0] == pytest.approx(55.5, abs=1e-3)


def test_who_is_away_is_endlessly_far_and_his_way_stays_where_it_was() -> None:
    there = np.ones((2, 17), bool)
    there[1, 5:] = False
    scene = straight_scene(starts=[(0, 0, np.pi / 2, 2.0), (0, 10.0, np.pi / 2, 2.0)], valid=there)
    fine = fine_states(scene)
    apart = boxes_apart(scene, fine, first=np.array([0]), second=np.array([1]))[0]
    assert np.isfinite(apart).tolist() == [True] * 21 + [False] * 60
    assert relative_way(scene, fine, 1) == pytest.approx(np.tile([10.0, 0.0], (17, 1)), abs=1e-4)


def test_recorded_states_between_knots_follow_the_circle_that_is_driven() -> None:
    controls = np.zeros((1, 16, 2), np.float32)
    controls[..., 1] = 0.1
    scene = straight_scene(starts=[(0, 0, 0, 5.0)], controls=controls)
    fine = fine_states(scene)[0]
    turned = 0.05 * np.arange(81)
    assert fine[:, :2] == pytest.approx(10 * np.stack([np.sin(turned), 1 - np.cos(turned)], axis=-1), abs=0.02)
    assert np.cos(fine[:, 2] - turned) == pytest.approx(np.ones(81), abs=1e-5)


def test_the_nearest_scene_is_as_far_as_by_hand_and_copies_are_no_distance_away() -> None:
    ways = np.zeros((3, 17, 2))
    ways[1, :, 0], ways[2, :, 1] = 3.0, 7.0
    generator = np.random.default_rng(0)
    assert nearest_distance(ways, among=3, generator=generator) == pytest.approx((3 + 3 + 7) / 3)
    assert nearest_distance(np.repeat(ways, 2, axis=0), among=6, generator=generator) == pytest.approx(0.0, abs=1e-6)
    assert np.isnan(nearest_distance(ways, among=4, generator=generator))
    few, many = (nearest_distance(np.random.default_rng(1).normal(size=(200, 17, 2)), among=n, generator=generator)
                 for n in (5, 100))  # fmt: skip
    assert few > many


def test_each_type_of_interaction_counts_once() -> None:
    scenes = [straight_scene(starts=[(0, 0, 0, 10.0), (x, 0, 0, 0.0)]) for x in (20.0, 30.0)]
    scenes.append(straight_scene(starts=[(0, 0, 0, 8.0), (30.0, -30.0, np.pi / 2, 8.0)]))
    found = motion_conflicts(scenes, [fine_states(scene) for scene in scenes])
    assert interaction_types(found) == ("crossing", "lead_standing")
