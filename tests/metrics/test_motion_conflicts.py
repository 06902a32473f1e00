"""Near misses of drawn scenes are those that one can work out by hand, and touching is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.motion import straight_scene
from trafficdiff.datatypes.motion_fine import fine_states
from trafficdiff.metrics.motion_conflicts import least_times_to_collision, motion_conflicts, near_missed

if TYPE_CHECKING:
    import pandas as pd

    from trafficdiff.datatypes.motion_scene import MotionScene


def braking(*, gap_m: float, brakes_ms2: float, also: tuple[float, float, float, float] = (0, 60, 0, 5)) -> MotionScene:
    """An ego at 10 m/s that comes up to somebody who stands, and brakes evenly; a third one is far away."""
    controls = np.zeros((3, 16, 2), np.float32)
    controls[0, :, 0] = -brakes_ms2
    return straight_scene(starts=[(0, 0, 0, 10.0), (gap_m + 4.5, 0, 0, 0.0), also], controls=controls)


def found_in(scenes: list[MotionScene]) -> pd.DataFrame:
    """The conflicts of scenes as they were recorded."""
    return motion_conflicts(scenes, [fine_states(scene) for scene in scenes])


def test_who_brakes_late_is_nearly_hit_and_who_brakes_early_or_touches_is_not() -> None:
    # braking by a from 10 m/s over a gap g: the time to collision (g - 10 t + a t^2 / 2) / (10 - a t) has a least value
    late, early = braking(gap_m=10.4, brakes_ms2=5.0), braking(gap_m=30.0, brakes_ms2=2.0)
    touching, passing = braking(gap_m=8.0, brakes_ms2=5.0), straight_scene(starts=[(0, 0, 0, 10.0), (30, 3.5, 0, 0.0)])
    scenes = [late, early, touching, passing]
    found = found_in(scenes)
    assert near_missed(found, scenes=4).tolist() == [True, False, False, False]
    least_s = least_times_to_collision(found, np.ones(4, np.int64))
    at_s = np.arange(0, 1.95, 0.1)
    by_hand = ((10.4 - 10 * at_s + 2.5 * at_s**2) / (10 - 5 * at_s)).min()
    assert least_s[0] == pytest.approx(by_hand, abs=0.05)
    assert least_s[1] > 1.5
    assert np.isinf(least_s[2:]).all()
    assert found.loc[found["scene"] == 2, "collision"].all()


def test_only_the_egos_near_misses_count_and_they_have_a_type() -> None:
    others = straight_scene(starts=[(0, 60, 0, 5.0), (0, 0, 0, 10.0), (14.9, 0, 0, 0.0)],
                            controls=np.stack([np.zeros((16, 2)), np.tile([-5.0, 0.0], (16, 1)), np.zeros((16, 2))]
                                              ).astype(np.float32))  # fmt: skip
    found = found_in([others, braking(gap_m=10.4, brakes_ms2=5.0)])
    assert found["ttc_s"].min() < 1.5
    assert near_missed(found, scenes=2).tolist() == [False, True]
    assert found["scene_type"].tolist() == ["", "lead_standing"]
    assert found[["one", "two"]].to_numpy().tolist() == [[1, 2], [0, 1]]
    assert found["time_s"].between(0, 8).all()


def test_scenes_without_anybody_near_have_no_conflicts() -> None:
    alone = straight_scene(starts=[(0, 0, 0, 10.0)])
    assert not len(found_in([alone]))
    assert not near_missed(found_in([]), scenes=0).any()
    assert near_missed(found_in([alone]), scenes=1).tolist() == [False]
