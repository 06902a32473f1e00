"""Rows of the scene model's table say what happened in scenes that one can work out by hand."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.motion import straight_scene
from trafficdiff.datatypes.motion_files import write_motion_scenes
from trafficdiff.datatypes.motion_fine import fine_states
from trafficdiff.datatypes.motion_scene import STEPS
from trafficdiff.diffusion.motion_sampler import DrawnScene
from trafficdiff.errors import InputError
from trafficdiff.metrics.motion_realism import motion_numbers
from trafficdiff.workflows import scenes_guide
from trafficdiff.workflows.motion_judging import Asked, asked_of, judge_recorded
from trafficdiff.workflows.motion_judging_model import HERD, LIKELIEST, _kept_row, _off
from trafficdiff.workflows.scenes_guide_wish import Wish

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from trafficdiff.datatypes.motion_scene import MotionScene

GAPS = (10.4, 30.0, 8.0)
"""Braking at 5 m/s2 from 10 m/s needs 10 m: nearly hit; far; hit."""


def braking(gap_m: float) -> MotionScene:
    """An ego that comes up to somebody who stands, and brakes evenly."""
    controls = np.zeros((2, 16, 2), np.float32)
    controls[0, :, 0] = -5.0
    return straight_scene(starts=[(0, 0, 0, 10.0), (gap_m + 4.5, 0, 0, 0.0)], controls=controls)


def asked(*, ttc_s: float, angle_deg: float) -> Asked:
    """The three scenes, with one time and angle asked of all."""
    scenes = [braking(gap_m) for gap_m in GAPS]
    return Asked(
        scenes=scenes, others=np.ones(3, np.int64), rest=scenes[:1], ttc_s=np.full(3, ttc_s),
        angle_deg=np.full(3, angle_deg), numbers=motion_numbers(scenes), seed=1,
    )  # fmt: skip


def test_what_was_reached_is_told_beside_what_was_asked() -> None:
    least_s = _least_s()
    row = judge_recorded(asked(ttc_s=least_s / 1.15, angle_deg=-175.0))[0]
    assert row.reached["on_course"] == pytest.approx(2 / 3)  # the far one too, the touching one not
    assert (row.reached["ttc_within_10"], row.reached["ttc_within_20"]) == pytest.approx((0.0, 1 / 3))
    assert row.reached["angle_error_median_deg"] == pytest.approx(175.0)
    assert row.as_dict()["near_missed"] == row.as_dict()["ego_collided"] == pytest.approx(1 / 3)
    assert row.types == ("lead_standing",)
    assert row.as_dict()["mean_jsd"] == 0.0


def test_constant_velocity_drives_on_and_is_far_from_what_was_recorded() -> None:
    rows = {row.name: row.as_dict() for row in judge_recorded(asked(ttc_s=1.0, angle_deg=0.0))}
    assert rows["constant velocity"]["ego_collided"] == 1.0
    assert rows["recorded, fitted controls"]["mean_jsd"] < 0.01 < rows["constant velocity"]["mean_jsd"]


def test_the_best_draw_touches_nobody_and_is_nearest_to_what_was_asked() -> None:
    one = asked(ttc_s=0.7, angle_deg=0.0)
    draws = one.at(np.array([0, 0, 0]))
    hit, far, near = (fine_states(braking(gap_m)) for gap_m in (8.0, 30.0, 10.4))
    assert _off(draws, [hit, far, near]).argsort().tolist() == [2, 1, 0]
    assert _off(draws, [hit, far, near])[0] > 1e3 > _off(draws, [hit, far, near])[1]
    turned = near.copy()
    turned[1, :, 2] += np.radians(25.0)
    sideways = dataclasses.replace(one, angle_deg=np.full(3, 80.0)).at(np.array([0, 0]))
    assert _off(sideways, [near, turned]).argmin() == 0
    assert _off(sideways, [near, turned], turned=True).argmin() == 1


def test_herds_go_on_until_one_draw_is_as_asked_and_the_last_leads_somebody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = asked(ttc_s=0.7, angle_deg=0.0)
    three = [straight_scene(starts=[(0, 0, 0, 10.0), (60.0, 0, 0, 0.0), (80.0, 0, 0, 0.0)]) for _ in GAPS]
    one = dataclasses.replace(one, scenes=three, numbers=motion_numbers(three))
    herds: list[tuple[int, list[int]]] = []
    near = fine_states(three[0])
    near[0] = fine_states(braking(GAPS[0]))[0]
    near[1, :, 0], far = 10.4 + 4.5, fine_states(three[0])
    far[0, :, 0] = 0.0
    exact_s = float(_least_s())
    one = dataclasses.replace(one, ttc_s=np.array([exact_s, exact_s, 3.0]))

    def drawn(many: Asked, _: object, *, guidance: object, herd: int) -> tuple[list[DrawnScene], float]:
        herds.append((len(many.scenes) // herd, sorted(set(many.others.tolist()))))
        made = []
        for place, scene in enumerate(many.scenes):
            good = place == 3 and len(herds) == 1
            made.append(_draw(scene, near if good else far, spent=float(len(herds))))
        return made, 1.0

    monkeypatch.setattr("trafficdiff.workflows.motion_judging_model._drawn", drawn)
    row = _kept_row(one, None, name="model", competing=64, budget_nats=40.0, turned=False)
    assert herds == [(3, [1]), (2, [1]), (2, [1]), (2, [2])]
    assert row.name == "model, guided, 40 nat, best of 64"
    assert row.numbers.near_missed == pytest.approx(1 / 3)
    assert row.spent_nats == 1.0  # of equally bad draws the first is kept
    assert row.scenes_per_s == pytest.approx(3 / 4)
    herds.clear()
    assert _kept_row(one, None, name="model", competing=16, budget_nats=None, turned=False).spent_nats is None
    assert herds == [(3, [1])]


def test_herds_are_those_of_the_command() -> None:
    assert (HERD, LIKELIEST) == (scenes_guide.HERD, scenes_guide.LIKELIEST)
    assert Wish().draws % HERD == 0


def _least_s() -> float:
    return min((10.4 - 10 * t + 2.5 * t * t) / (10 - 5 * t) for t in np.arange(0, 1.95, 0.1))


def _draw(scene: MotionScene, fine: NDArray[np.float64], *, spent: float) -> DrawnScene:
    controls = np.zeros((len(scene.user_id), STEPS, 2), np.float32)
    present = np.ones(fine.shape[:2], bool)
    return DrawnScene(
        scene=scene, controls=controls, knots=fine[:, ::5].astype(np.float32), fine=fine.astype(np.float32),
        present=present, spent=spent, reached={},
    )  # fmt: skip


def test_scenes_are_chosen_with_an_opponent_and_wishes_within_bounds(tmp_path: Path) -> None:
    scenes = [braking(gap_m) for gap_m in (20.0, 25.0, 30.0, 35.0)]
    write_motion_scenes([*scenes, straight_scene(starts=[(0, 0, 0, 5.0)])], tmp_path / "c", card={"scenes": 5})
    chosen = asked_of([tmp_path / "c"], scenes=9, ttc_s=(0.9, 1.0))
    assert len(chosen.scenes) == len(chosen.rest) == 2
    assert ((chosen.ttc_s >= 0.9) & (chosen.ttc_s <= 1.0)).all()
    assert np.abs(chosen.angle_deg) == pytest.approx([20.0, 20.0])
    write_motion_scenes([straight_scene(starts=[(0, 0, 0, 5.0)])] * 3, tmp_path / "alone", card={"scenes": 3})
    with pytest.raises(InputError, match="got 0 in 3 scenes"):
        asked_of([tmp_path / "alone"])
