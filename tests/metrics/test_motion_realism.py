"""What is counted of drawn motion is what one can count by hand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.motion import straight_scene
from trafficdiff.datatypes.motion_fine import fine_states
from trafficdiff.datatypes.motion_scene import KINDS
from trafficdiff.metrics.motion_realism import DISTRIBUTIONS, motion_divergences, motion_numbers


def test_who_drives_into_another_is_counted_with_the_other_and_once() -> None:
    scene = straight_scene(starts=[(0, 0, 0, 10.0), (30, 0, 0, 2.0), (0, 50, 0, 5.0)])
    numbers = motion_numbers([scene])
    assert (numbers.users, numbers.scenes) == (3, 1)
    assert numbers.collided == pytest.approx(2 / 3)
    assert numbers.scenes_collided == numbers.ego_collided == 1.0
    assert numbers.near_missed == 0.0  # who touches has not missed


def test_boxes_that_overlap_from_the_first_are_no_collision() -> None:
    assert motion_numbers([straight_scene(starts=[(0, 0, 0, 5.0), (1, 0, 0, 5.0)])]).collided == 0.0


def test_headways_are_times_to_the_bumper_ahead() -> None:
    scene = straight_scene(starts=[(0, 0, 0, 10.0), (24.5, 0.3, 0, 10.0)])
    found = motion_numbers([scene]).values["headway"]
    assert found.tolist() == pytest.approx([2.0] * 17, abs=1e-3)  # 24.5 m less 4.5 m of box, at 10 m/s


def test_who_leaves_every_lane_is_off_the_road_and_others_have_an_offset() -> None:
    scene = straight_scene(starts=[(0, 0, 0, 1.0)])
    width = scene.line_feature.copy()
    width[:, 5] = 3.2 / 4
    scene = dataclasses.replace(scene, line_feature=width)
    aside = fine_states(scene)
    aside[0, :, 1] = np.where(np.arange(81) < 45, 0.7, 2.2)
    numbers = motion_numbers([scene], [aside])
    assert numbers.off_road == numbers.off_road_driving == pytest.approx(8 / 17)
    walker = dataclasses.replace(scene, kind=np.full(1, KINDS.index("pedestrian"), np.int8))
    both = motion_numbers([walker, scene], [aside, fine_states(scene)])
    assert both.off_road == pytest.approx(4 / 17)
    assert both.off_road_driving == 0.0
    assert numbers.values["lateral_offset"].tolist() == pytest.approx([0.7] * 9)


def _outlines(*corners: list[tuple[float, float]]) -> dict[str, np.ndarray]:
    """Return closed outlines as scenes hold them."""
    points = [np.array(one, np.float32) for one in corners]
    return {
        "area_edges": np.concatenate([np.stack([one, np.roll(one, -1, axis=0)], axis=1) for one in points]),
        "area_of": np.repeat(np.arange(len(points)), [len(one) for one in points]).astype(np.int32),
    }


@pytest.mark.parametrize(
    ("corners", "expected"),
    [
        ([(-9.0, 4.0), (99.0, 4.0), (99.0, 9.0), (-9.0, 9.0)], 0.0),
        ([(-9.0, 9.0), (99.0, 9.0), (99.0, 4.0), (-9.0, 4.0)], 0.0),  # the other way round
        ([(-9.0, 4.0), (4.1, 4.0), (4.1, 9.0), (-9.0, 9.0)], 8 / 17),  # from 4.5 m on
        ([(-9.0, 4.0), (99.0, 4.0), (99.0, 9.0), (-9.0, 9.0)] * 2, 0.0),  # round it twice
        ([(-9.0, 6.2), (99.0, 6.2), (99.0, 9.0), (-9.0, 9.0)], 0.0),  # 0.2 m beside it
        ([(-9.0, 6.4), (99.0, 6.4), (99.0, 9.0), (-9.0, 9.0)], 1.0),
    ],
)
def test_walking_areas_are_road_for_who_walks_and_for_nobody_else(
    corners: list[tuple[float, float]], expected: float
) -> None:
    scene = straight_scene(starts=[(0, 0, 0, 1.0)], kinds=["pedestrian"])
    scene = dataclasses.replace(scene, **_outlines([(50.0, 50.0), (60.0, 50.0), (60.0, 60.0)], corners))
    beside = fine_states(scene)
    beside[0, :, 1] = 6.0
    assert motion_numbers([scene], [beside]).off_road == pytest.approx(expected)
    car = dataclasses.replace(scene, kind=np.zeros(1, np.int8))
    assert motion_numbers([car], [beside]).off_road == motion_numbers([car], [beside]).off_road_driving == 1.0


def test_a_scene_is_no_distance_from_itself_and_some_from_another() -> None:
    scenes = [straight_scene(starts=[(0, 0, 0, speed), (20, 0, 0, speed)]) for speed in (5.0, 12.0)]
    one, other = (motion_numbers([scene]) for scene in scenes)
    assert set(motion_divergences(one, one).values()) == {0.0}
    assert motion_divergences(one, other)["speed"] == pytest.approx(1.0)
    assert set(motion_divergences(one, other)) == set(DISTRIBUTIONS)
