"""Users see the map where they are and where they go; training shows what it may, and learns from whom it may."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from tests.motion import straight_scene
from trafficdiff.datatypes.motion_scene import (
    KINDS,
    KNOTS,
    LINE_FEATURES,
    LINE_POINTS,
    SIGNAL_RED,
    STEPS,
    MotionScene,
)
from trafficdiff.diffusion.motion_inputs import LINE_WIDTH, batched, prepare, without_paths
from trafficdiff.diffusion.motion_network import MotionModel
from trafficdiff.diffusion.motion_settings import MotionNetworkSettings, MotionTraining
from trafficdiff.diffusion.motion_training import measure_motion, spread_of
from trafficdiff.diffusion.motion_views import beside_path

TINY = MotionNetworkSettings(width=16, heads=2, blocks=1, lines=2, pair_width=8)


def _with_pieces(scene: MotionScene, middles: list[tuple[float, float]]) -> MotionScene:
    """Return a scene with short pieces of lanes at places, the second of which shows red."""
    along = np.linspace(-1, 1, LINE_POINTS)[:, None] * [1.0, 0.0]
    lines = np.array([np.array(middle) + along for middle in middles], np.float32)
    shown = np.zeros((len(lines), KNOTS), np.int8)
    shown[1] = SIGNAL_RED
    return dataclasses.replace(
        scene, lines=lines, line_feature=np.zeros((len(lines), len(LINE_FEATURES)), np.float32), line_signal=shown
    )  # fmt: skip


def test_a_fast_user_sees_the_pieces_ahead_and_a_slow_one_those_around_it() -> None:
    places = [(0.0, 3.0), (30.0, 0.0), (-12.0, 0.0), (90.0, 0.0)]
    scene = _with_pieces(straight_scene(starts=[(0.0, 0.0, 0.0, 15.0), (0.0, 0.0, 0.0, 0.0)]), places)
    seen = prepare(scene, lines=2)["lines"]
    assert seen.shape == (2, 2, LINE_WIDTH)
    middle = 30 * seen[..., : 2 * LINE_POINTS].reshape(2, 2, LINE_POINTS, 2).mean(axis=2)
    np.testing.assert_allclose(sorted(middle[0].tolist()), [[0.0, 3.0], [30.0, 0.0]], atol=1e-4)
    np.testing.assert_allclose(sorted(middle[1].tolist()), [[-12.0, 0.0], [0.0, 3.0]], atol=1e-4)
    red = seen[0, :, -15:].reshape(2, 3, 5)[:, 0]
    assert red.sum(axis=1).tolist() == [5.0, 0.0]  # the nearest first: where it is in two seconds


def test_a_scene_without_a_map_has_no_pieces_that_are_real() -> None:
    scene = straight_scene(starts=[(0.0, 0.0, 0.0, 5.0)])
    bare = dataclasses.replace(
        scene, lines=scene.lines[:0], line_feature=scene.line_feature[:0], line_signal=scene.line_signal[:0]
    )  # fmt: skip
    made = prepare(bare, lines=3)
    assert made["lines"].shape == (1, 3, LINE_WIDTH)
    assert not made["seen"].any()


def test_users_know_whether_somebody_plays_a_part_and_who_is_the_ego() -> None:
    scene = straight_scene(starts=[(0.0, 0.0, 0.0, 5.0), (20.0, 0.0, 0.0, 5.0)])
    plain, staged = (prepare(dataclasses.replace(scene, staged=flag), lines=2)["static"] for flag in (False, True))
    column = np.flatnonzero((plain != staged).all(axis=0))
    assert column.tolist() == [len(KINDS) + 6]
    assert plain[:, column[0] - 1].tolist() == [1.0, 0.0]


def test_hidden_ways_are_hidden_in_all_that_is_seen() -> None:
    batch = batched([prepare(straight_scene(starts=[(0.0, 0.0, 0.0, 5.0), (9.0, 4.0, 1.0, 5.0)]), lines=2)])
    hidden = without_paths(batch, torch.tensor([[True, False]]))
    own = len(KINDS) + 7
    assert not hidden.static[0, 0, own:].any()
    assert not hidden.path_valid[0, 0].any()
    torch.testing.assert_close(hidden.static[0, 1], batch.static[0, 1])
    torch.testing.assert_close(hidden.static[..., :own], batch.static[..., :own])


@pytest.fixture(scope="module")
def crowd() -> MotionScene:
    """A car that is learned from, and one whose controls do not follow its way."""
    controls = np.zeros((2, STEPS, 2), np.float32)
    controls[0, :, 0] = np.tile([1.0, -1.0], STEPS // 2)
    controls[1] = 7.0
    scene = straight_scene(starts=[(0.0, 0.0, 0.0, 9.0), (30.0, 3.0, 0.0, 9.0)])
    return dataclasses.replace(scene, controls=controls, drivable=np.array([True, False]))


def test_the_spread_is_that_of_users_who_can_be_followed(crowd: MotionScene) -> None:
    spread = spread_of([crowd] * 3)
    assert spread[0].tolist() == pytest.approx([1.01, 0.01], abs=0.01)
    assert spread[1].tolist() == pytest.approx([0.4, 0.01])  # no truck: what is least


def test_nothing_is_given_of_users_who_are_not_learned_from(crowd: MotionScene, monkeypatch) -> None:
    torch.manual_seed(0)
    model, batch = MotionModel(TINY), batched([prepare(crowd, lines=2)] * 64)
    told: list[torch.Tensor] = []
    forward = model.forward
    monkeypatch.setattr(model, "forward", lambda *said: (told.append(said[3]), forward(*said))[1])
    losses = measure_motion(model, batch, settings=MotionTraining(), generator=torch.Generator().manual_seed(0))
    assert told[0][:, 0].any()
    assert not told[0][:, 0].all()
    assert not told[0][:, 1].any()
    assert losses.total.isfinite()


def test_a_way_is_seen_from_beside_it_and_not_from_far() -> None:
    path = torch.tensor([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0]])
    places = torch.tensor([[5.0, 1.5, 0.2], [11.0, 5.0, 1.6], [5.0, -7.0, 0.0]])
    aside, askew, near = beside_path(places, path, torch.tensor([True, True, True]))
    assert near.tolist() == [True, True, False]
    torch.testing.assert_close(aside, torch.tensor([1.5, -1.0, 0.0]))
    torch.testing.assert_close(askew, torch.tensor([0.2, 1.6 - np.pi / 2, 0.0]))
    cut = beside_path(places, path, torch.tensor([True, True, False]))
    assert cut[2].tolist() == [True, True, False]
    torch.testing.assert_close(cut[0][1], torch.tensor(5.0))
