"""Rolled-out motion is exact where geometry says what comes out, and never more than bodies can do."""

from __future__ import annotations

import math

import numpy as np
import torch

from tests.motion import straight_scene
from trafficdiff.datatypes.motion_scene import FINE, KINDS, KNOTS, STEPS
from trafficdiff.datatypes.motion_windows import tracks_of_motion
from trafficdiff.datatypes.track_checks import kinematic_faults
from trafficdiff.diffusion.motion_fit import fit_controls
from trafficdiff.diffusion.motion_rolling import limits_of, roll_out, roll_out_finely

CAR = limits_of(torch.tensor(0))


def test_constant_acceleration_on_a_straight_line_has_the_closed_form() -> None:
    controls = torch.tensor([1.5, 0.0]).repeat(STEPS, 1)
    fine = roll_out_finely(torch.tensor([1.0, 2.0, 0.5, 4.0]), controls, CAR)
    t = 0.1 * torch.arange(STEPS * FINE + 1)
    s = 4 * t + 0.75 * t**2
    torch.testing.assert_close(fine[:, 0], 1 + s * math.cos(0.5), atol=1e-3, rtol=1e-5)
    torch.testing.assert_close(fine[:, 1], 2 + s * math.sin(0.5), atol=1e-3, rtol=1e-5)
    torch.testing.assert_close(fine[:, 3], 4 + 1.5 * t, atol=1e-4, rtol=1e-5)


def test_constant_curvature_is_a_circle_at_every_tenth_of_a_second() -> None:
    controls = torch.tensor([0.0, 0.05]).repeat(STEPS, 1)
    fine = roll_out_finely(torch.tensor([0.0, 0.0, 0.0, 5.0]), controls, CAR)
    angle = 0.05 * 5 * 0.1 * torch.arange(STEPS * FINE + 1)
    torch.testing.assert_close(fine[:, 0], 20 * angle.sin(), atol=2e-3, rtol=1e-5)
    torch.testing.assert_close(fine[:, 1], 20 * (1 - angle.cos()), atol=2e-3, rtol=1e-5)
    torch.testing.assert_close(fine[:, 2], angle, atol=1e-4, rtol=1e-5)


def test_knots_are_every_fifth_of_the_fine_samples_and_nobody_drives_backwards() -> None:
    controls = torch.randn(7, STEPS, 2, generator=torch.Generator().manual_seed(0)) * torch.tensor([6.0, 0.3])
    limits, start = limits_of(torch.zeros(7)), torch.tensor([[0.0, 0.0, 0.0, 3.0]]).repeat(7, 1)
    knots, fine = roll_out(start, controls, limits), roll_out_finely(start, controls, limits)
    torch.testing.assert_close(fine[:, ::FINE], knots, atol=1e-4, rtol=1e-4)
    assert bool((fine[..., 3] >= 0).all())


def test_whatever_is_asked_nobody_moves_as_no_body_can() -> None:
    kinds = [kind for kind in KINDS for _ in range(4)]
    wild = torch.randn(len(kinds), STEPS, 2, generator=torch.Generator().manual_seed(1)) * torch.tensor([20.0, 1.0])
    scene = straight_scene(starts=[(40.0 * n, 0.0, 0.0, 3.0) for n in range(len(kinds))], kinds=kinds)
    fine = roll_out_finely(torch.tensor(scene.start), wild, limits_of(torch.tensor(scene.kind)))
    tracks = tracks_of_motion(scene, fine.double().numpy(), np.ones(fine.shape[:2], bool))
    assert kinematic_faults(tracks).empty


def test_a_user_who_enters_later_waits_at_its_start() -> None:
    moves = torch.arange(STEPS) >= 6
    controls = torch.tensor([1.0, 0.02]).repeat(STEPS, 1)
    start = torch.tensor([3.0, 4.0, 0.1, 5.0])
    late = roll_out(start, controls, CAR, moves=moves)
    torch.testing.assert_close(late[:7], start.repeat(7, 1))
    torch.testing.assert_close(late[6:], roll_out(start, controls, CAR)[: STEPS - 5])


def test_the_roll_out_has_the_slope_of_finite_differences() -> None:
    generator = torch.Generator().manual_seed(2)
    controls = (torch.randn(2, STEPS, 2, generator=generator) * torch.tensor([0.3, 0.02])).double()
    start, limits = torch.tensor([[0.0, 0.0, 0.3, 8.0]] * 2).double(), limits_of(torch.zeros(2)).double()
    assert torch.autograd.gradcheck(
        lambda asked: roll_out(start, asked, limits)[:, ::8], controls.requires_grad_(), atol=1e-5
    )


def test_controls_that_were_driven_are_found_again() -> None:
    generator = np.random.default_rng(3)
    steps = generator.normal(size=(6, STEPS, 2)) * [0.8, 0.01]
    scene = straight_scene(starts=[(0.0, 0.0, 0.0, 8.0)] * 6, controls=steps.astype(np.float32))
    controls, away_m = fit_controls(scene.state, scene.valid, scene.kind)
    assert away_m.max() < 0.05
    rolled = roll_out(torch.tensor(scene.start), torch.from_numpy(controls), limits_of(torch.zeros(6)))
    assert np.abs(rolled.numpy()[..., :2] - scene.state[..., :2]).max() < 0.06


def test_who_takes_a_corner_faster_than_tyres_hold_is_fitted_later_on_the_same_line() -> None:
    speed_ms, radius_m = 8.0, 5.0  # 12.8 m/s2 across, where 8.5 are possible
    s = speed_ms * 0.5 * np.arange(KNOTS)
    turn = np.clip((s - 24) / radius_m, 0, np.pi / 2)
    x = np.minimum(s, 24) + radius_m * np.sin(turn)
    y = radius_m * (1 - np.cos(turn)) + np.maximum(s - 24 - radius_m * np.pi / 2, 0)
    state = np.stack([x, y, turn, 0 * s + speed_ms], axis=-1)[None]
    controls, away_m = fit_controls(state, np.ones((1, KNOTS), bool), np.zeros(1, int))
    rolled = roll_out(torch.tensor(state[:, 0]), torch.tensor(controls).double(), CAR.double()).numpy()[0]
    gap = rolled[:, :2] - state[0, :, :2]
    top = np.maximum(rolled[1:, 3], rolled[:-1, 3])
    assert np.abs(top**2 * controls[0, :, 1]).max() < 8.5
    assert np.abs(gap[:, 1] * np.cos(turn) - gap[:, 0] * np.sin(turn)).max() < 0.5
    assert 0.5 < away_m.max() < 1.5


def test_nobody_turns_faster_than_two_radians_a_second() -> None:
    controls = torch.tensor([0.0, 2.5]).repeat(STEPS, 1)
    walks = limits_of(torch.tensor(KINDS.index("pedestrian")))
    knots = roll_out(torch.tensor([0.0, 0.0, 0.0, 1.4]), controls, walks)
    torch.testing.assert_close(knots[1:, 2] - knots[:-1, 2], torch.full((STEPS,), 1.0), atol=1e-4, rtol=0)
