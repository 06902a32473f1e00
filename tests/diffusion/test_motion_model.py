"""The scene model sees what it should and nothing else; what is drawn keeps what is given, and its budget."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from tests.motion import straight_scene, turned
from trafficdiff.datatypes.boxes import Boxes
from trafficdiff.datatypes.boxes import separation as box_separation
from trafficdiff.datatypes.motion_scene import FINE, KNOTS, SIGNAL_GREEN, SIGNAL_RED, STEPS
from trafficdiff.diffusion import motion_sampler
from trafficdiff.diffusion.motion_checkpoint import read_motion_checkpoint, write_motion_checkpoint
from trafficdiff.diffusion.motion_costs import course_gap, off_road, red_light, separation, ways_apart
from trafficdiff.diffusion.motion_guidance import Guidance, Leader
from trafficdiff.diffusion.motion_herd import Herd
from trafficdiff.diffusion.motion_inputs import batched, prepare
from trafficdiff.diffusion.motion_network import MotionModel
from trafficdiff.diffusion.motion_noise import levels, transition
from trafficdiff.diffusion.motion_rolling import roll_out, roll_out_finely
from trafficdiff.diffusion.motion_sampler import sample_scenes
from trafficdiff.diffusion.motion_settings import MotionNetworkSettings, MotionTraining
from trafficdiff.diffusion.motion_training import MotionTrainer, measure_motion
from trafficdiff.errors import InputError
from trafficdiff.resources import bundled

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from trafficdiff.datatypes.motion_scene import MotionScene

TINY = MotionNetworkSettings(width=32, heads=2, blocks=2, lines=3, pair_width=8)
STEPS_FEW = 6


@pytest.fixture(scope="module")
def model() -> MotionModel:
    """A tiny network with random weights, the last layer's too."""
    torch.manual_seed(0)
    made = MotionModel(TINY)
    for weight in made.parameters():
        torch.nn.init.normal_(weight, std=0.2)
    return made.eval().requires_grad_(requires_grad=False)


@pytest.fixture(scope="module")
def scene() -> MotionScene:
    """An ego, a car ahead of it, one that crosses, and one that enters after two seconds."""
    valid = np.ones((4, KNOTS), bool)
    valid[3, :4] = False
    starts = [(0.0, 0.0, 0.0, 8.0), (20.0, 0.0, 0.0, 6.0), (30.0, -25.0, 1.57, 7.0), (-15.0, 3.5, 0.0, 9.0)]
    controls = np.random.default_rng(0).normal(size=(4, STEPS, 2)).astype(np.float32) * np.float32([0.5, 0.004])
    return straight_scene(starts=starts, valid=valid, controls=controls)


def _predicted(model: MotionModel, scenes: list[MotionScene]) -> torch.Tensor:
    batch = batched([prepare(one, lines=TINY.lines) for one in scenes])
    noisy = torch.randn(1, 4, STEPS, 2, generator=torch.Generator().manual_seed(1)).expand(len(scenes), -1, -1, -1)
    noisy = torch.cat([noisy, noisy.new_ones(len(scenes), batch.there.shape[1] - 4, STEPS, 2)], dim=1)
    known = torch.zeros(*batch.there.shape, STEPS, dtype=torch.bool)
    return model(noisy, torch.full((len(scenes),), 0.7), model.encode(batch), known)


def test_users_who_are_not_there_change_nothing(model: MotionModel, scene: MotionScene) -> None:
    crowd = straight_scene(starts=[(10.0 * n, 9.0, 0.0, 5.0) for n in range(9)])
    alone, filled = _predicted(model, [scene])[0, :4], _predicted(model, [scene, crowd])[0, :4]
    torch.testing.assert_close(alone, filled, atol=1e-5, rtol=1e-4)


def test_turning_and_moving_the_frame_changes_nothing(model: MotionModel, scene: MotionScene) -> None:
    straight, moved = (_predicted(model, [one]) for one in (scene, turned(scene, 2.1, (30.0, -12.0))))
    torch.testing.assert_close(straight, moved, atol=2e-4, rtol=1e-3)


def test_users_see_each_other_and_their_ways(model: MotionModel, scene: MotionScene) -> None:
    nearer = scene.state.copy()
    nearer[1, :, 0] -= 8.0
    others = [
        dataclasses.replace(scene, state=nearer),
        dataclasses.replace(scene, path_valid=np.zeros_like(scene.path_valid)),
    ]
    for other in others:
        change = (_predicted(model, [scene]) - _predicted(model, [other]))[0, 0].abs().max()
        assert float(change) > 1e-4


def test_given_controls_come_back_as_they_are_and_the_rest_is_drawn(model: MotionModel, scene: MotionScene) -> None:
    known = np.zeros((4, STEPS), bool)
    known[1], known[:, :2] = True, True
    assert scene.controls is not None
    (drawn,) = sample_scenes([model], [scene], seed=3, steps=STEPS_FEW, known=[known])
    np.testing.assert_allclose(drawn.controls[known], scene.controls[known], atol=1e-5)
    assert np.abs(drawn.controls[~known] - scene.controls[~known]).mean() > 0.05
    assert not drawn.present[3, :20].any()
    assert drawn.present[3, 20:].all()


def test_a_draw_depends_on_its_seed_and_place_and_not_on_who_else_is_drawn(
    model: MotionModel, scene: MotionScene
) -> None:
    crowd = straight_scene(starts=[(10.0 * n, 9.0, 0.0, 5.0) for n in range(9)])
    alone, other = (sample_scenes([model], [scene], seed=seed, steps=STEPS_FEW)[0].fine for seed in (1, 2))
    beside = sample_scenes([model], [scene, crowd], seed=1, steps=STEPS_FEW)[0].fine
    np.testing.assert_allclose(alone, beside, atol=2e-3)
    assert np.abs(alone - other).max() > 0.1


def test_a_step_has_the_marginal_of_less_noise() -> None:
    """Where the prediction is exact, the draws have the variance of the next level."""
    sigma, following = levels(9)[3:5]
    clean = torch.zeros(20_000)
    dice = torch.Generator().manual_seed(0)
    mean, spread = transition(sigma * torch.randn(20_000, generator=dice), clean, sigma=sigma, following=following)
    drawn = mean + spread * torch.randn(20_000, generator=dice)
    assert float(drawn.std()) == pytest.approx(following, rel=0.02)


def test_guidance_spends_no_more_than_its_budget_and_comes_nearer_to_what_is_asked(
    model: MotionModel, scene: MotionScene
) -> None:
    free = sample_scenes([model], [scene], seed=5, steps=STEPS_FEW)[0]
    asked = [Guidance(other=2, gap_m=10.0, budget_nats=budget) for budget in (0.0, 5.0, 2e3)]
    none, little, much = sample_scenes([model], [scene] * 3, seed=5, steps=STEPS_FEW, guidance=asked)
    np.testing.assert_allclose(none.fine, free.fine, atol=2e-3)
    assert none.spent == 0.0
    assert 0 < little.spent <= 5.0
    assert little.spent < much.spent <= 2e3
    asked_by = [abs(gap - 10.0) for gap in (much.reached["gap_m"], _smallest_gap(free.fine))]
    assert asked_by[0] < 0.7 * asked_by[1]
    assert much.reached["gap_m"] == pytest.approx(_smallest_gap(much.fine), abs=1e-3)


def test_watched_draws_are_the_models_own_and_their_weights_those_of_a_density(
    model: MotionModel, scene: MotionScene
) -> None:
    """The mean over the model's draws of q / p is 1, whatever guidance does; and p / q over guided draws too."""
    asked = Guidance(other=2, gap_m=0.0, budget_nats=0.4)
    many = [scene] * 150
    free = sample_scenes([model], many[:1], seed=7, steps=3)[0]
    watched = sample_scenes([model], many, seed=7, steps=3, watch=asked)
    guided = sample_scenes([model], many, seed=8, steps=3, guidance=asked)
    np.testing.assert_allclose(watched[0].fine, free.fine, atol=2e-3)
    for draws, sign in ((watched, -1.0), (guided, 1.0)):
        weights = np.exp(sign * np.array([one.log_ratio for one in draws]))
        assert weights.mean() == pytest.approx(1.0, abs=4 * weights.std() / len(weights) ** 0.5)
        assert weights.std() > 0.2
        assert all(one.spent <= 0.4 + 1e-6 for one in draws)
    with pytest.raises(InputError, match="guidance or watch"):
        sample_scenes([model], many[:1], seed=7, guidance=asked, watch=asked)


def test_a_way_weighs_the_same_led_and_watched(
    model: MotionModel, scene: MotionScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Noise with the shifts of a guided draw in it draws that scene unguided, and watching it gives its weight."""
    asked, moved = Guidance(other=2, gap_m=0.0, budget_nats=5.0), []
    shift = Leader.shift

    def noted(self: Leader, *arguments: torch.Tensor, spread: float, **others: Any) -> torch.Tensor:
        found = shift(self, *arguments, spread=spread, **others)
        moved.append(found[0].numpy() / spread)
        return found

    monkeypatch.setattr(Leader, "shift", noted)
    (guided,) = sample_scenes([model], [scene], seed=3, steps=STEPS_FEW, guidance=asked)
    added = [np.zeros_like(moved[0])] * (STEPS_FEW - len(moved)) + moved
    normal = motion_sampler._normal
    monkeypatch.setattr(motion_sampler, "_normal", lambda *told: normal(*told) + torch.from_numpy(added.pop(0)))
    (watched,) = sample_scenes([model], [scene], seed=3, steps=STEPS_FEW, watch=asked)
    np.testing.assert_allclose(watched.fine, guided.fine, atol=2e-2)
    assert guided.log_ratio < -0.5
    assert watched.log_ratio == pytest.approx(guided.log_ratio, abs=2e-2)
    assert watched.spent == pytest.approx(guided.spent, abs=2e-2)


def test_guidance_moves_nobody_but_who_may_deviate_and_nothing_that_is_given(scene: MotionScene) -> None:
    batch = batched([prepare(scene, lines=TINY.lines)])
    free = torch.ones(1, 4, STEPS, 1)
    free[:, :, :3] = 0.0
    scale = torch.tensor([1.0, 0.05]).expand(1, 4, 1, 2)
    leader = Leader([Guidance(other=2, gap_m=0.0, may_deviate=(0, 2))], batch, free=free, scale=scale)
    looked = leader.looked_at(lambda noisy: noisy, batch.controls / scale, sigma=1.0)
    assert looked is not None
    moved = leader.shift(looked[1], sigma=1.0, following=0.5, spread=0.4, spent=torch.zeros(1))[0]
    assert moved.abs().amax((1, 2))[[0, 2]].min() > 0
    assert not moved[[1, 3]].any()
    assert not moved[:, :3].any()


def _smallest_gap(fine: NDArray[np.float32]) -> float:
    """Return the smallest gap between ego and user 2, by `datatypes.boxes`."""
    boxes = [
        Boxes(x_m=one[:, 0], y_m=one[:, 1], heading_rad=one[:, 2], length_m=4.5, width_m=1.8)
        for one in fine[[0, 2]].astype(float)
    ]
    return float(box_separation(*boxes).min())


def test_separation_is_that_of_boxes() -> None:
    generator = np.random.default_rng(0)
    states = generator.normal(size=(2, 50, 4)) * [8, 8, 2, 1]
    sizes = generator.uniform(0.5, 9, size=(2, 50, 2))
    boxes = [
        Boxes(x_m=one[:, 0], y_m=one[:, 1], heading_rad=one[:, 2], length_m=size[:, 0], width_m=size[:, 1])
        for one, size in zip(states, sizes, strict=True)
    ]
    found = separation(*(torch.from_numpy(values) for values in (*states, *sizes)))
    np.testing.assert_allclose(found.numpy(), box_separation(*boxes), atol=1e-9)


def test_the_slope_of_the_cost_is_that_of_finite_differences(scene: MotionScene) -> None:
    batch = batched([prepare(scene, lines=TINY.lines)])
    asked = Guidance(other=2, ttc_s=1.5, gap_m=0.5, angle_deg=80, bearing_deg=-10, end_speed_ms={1: 3.0})
    batch = dataclasses.replace(batch, start=batch.start.double(), limits=batch.limits.double())
    cost = Leader([asked], batch, free=torch.ones(1, 4, STEPS, 1), scale=torch.ones(1, 4, 1, 2)).cost
    at = batch.controls.double().requires_grad_()
    (slope,) = torch.autograd.grad(cost(at).sum(), at)
    way = torch.randn(at.shape, generator=torch.Generator().manual_seed(0)).double() * at.new_tensor([1.0, 0.01])
    tiny = 1e-5
    differences = (cost(at + tiny * way) - cost(at - tiny * way)) / (2 * tiny)
    assert float((slope * way).sum()) == pytest.approx(float(differences.detach()), rel=1e-3, abs=1e-4)


def test_the_course_gap_is_what_is_left_when_both_have_gone_straight_on(scene: MotionScene) -> None:
    """The ego at 8 m/s, 15.5 m behind one at 6 m/s, going straight: what is left is smallest at the last moment."""
    batch = batched([prepare(scene, lines=TINY.lines)])
    fine = roll_out_finely(batch.start, 0 * batch.controls, batch.limits, moves=batch.moves)
    left_m = 20.0 - 4.5 - 2.0 * (7.0 + 1.5)
    found = course_gap(fine, batch, torch.tensor([1]), ttc_s=torch.tensor([1.5]))
    assert float(found) == pytest.approx(left_m, abs=0.5)  # a soft least of all moments
    assert float(ways_apart(fine, batch, torch.tensor([1]))) < -1.0
    aside = dataclasses.replace(
        scene, state=scene.state + np.float32([0, 9, 0, 0]) * (np.arange(4) == 1)[:, None, None]
    )
    batch = batched([prepare(aside, lines=TINY.lines)])
    fine = roll_out_finely(batch.start, 0 * batch.controls, batch.limits, moves=batch.moves)
    assert float(ways_apart(fine, batch, torch.tensor([1]))) == pytest.approx(9.0 - 1.8, abs=0.3)


def test_who_leaves_its_way_and_the_map_is_off_the_road(scene: MotionScene) -> None:
    batch = batched([prepare(scene, lines=TINY.lines)])
    straight = 0 * batch.controls
    turning = straight.clone()
    turning[0, 1, :, 1] = 0.05
    for controls, astray in ((straight, False), (turning, True)):
        knots = roll_out(batch.start, controls, batch.limits, moves=batch.moves)
        ahead = torch.zeros_like(batch.there)
        ahead[0, 1] = True
        assert (float(off_road(knots, batch, whom=ahead)) > 1.0) == astray
        assert float(off_road(knots, batch, whom=torch.zeros_like(ahead))) == 0.0


def test_draws_that_compete_come_out_in_proportion_to_their_weight_each_within_its_scene() -> None:
    """Standard normal numbers whose promise is themselves become normal numbers about 1."""
    values = torch.randn(6000, generator=torch.Generator().manual_seed(0))
    scenes = [object()] * 4000 + [object()] * 2000
    herd = Herd(scenes, seed=[1])
    promise = torch.where(torch.arange(6000) < 4000, values, 0.0)
    chosen = herd.chosen(promise, torch.zeros(6000))
    assert float(values[chosen][:4000].mean()) == pytest.approx(1.0, abs=0.1)
    assert chosen[:4000].max() < 4000
    assert torch.equal(chosen[4000:], torch.arange(4000, 6000))
    again = herd.chosen(promise[chosen], torch.zeros(6000))
    assert torch.equal(again, torch.arange(6000))  # nothing new is known


def test_draws_that_compete_keep_their_budget_and_their_model(model: MotionModel, scene: MotionScene) -> None:
    asked = Guidance(other=2, gap_m=10.0, budget_nats=0.5)
    herd = sample_scenes([model], [scene] * 8, seed=4, steps=STEPS_FEW, guidance=asked, compete=True)
    assert all(0 < one.spent <= 0.5 + 1e-6 for one in herd)
    assert np.isfinite([one.log_ratio for one in herd]).all()
    assert len({one.fine.tobytes() for one in herd}) == 8


def test_who_crosses_its_stop_line_at_red_is_counted(scene: MotionScene) -> None:
    signal = np.full((4, KNOTS), SIGNAL_GREEN, np.int8)
    signal[:2, :9] = SIGNAL_RED  # the ego drives 24 m and the car ahead 18 m in the first three seconds
    stops = dataclasses.replace(scene, stop_m=np.float32([20, 60, 10, 0]), path_signal=signal)
    batch = batched([prepare(stops, lines=TINY.lines)])
    knots = roll_out(batch.start, 0 * batch.controls, batch.limits, moves=batch.moves)
    assert float(red_light(knots, batch, whom=batch.there)) == pytest.approx(1.0, abs=0.05)
    assert float(red_light(knots, batch, whom=~batch.there)) == 0.0


def test_what_cannot_be_asked_is_refused_all_at_once(model: MotionModel, scene: MotionScene) -> None:
    with pytest.raises(InputError, match=r"(?s)another user.*time to collision.*angle_deg.*budget"):
        Guidance(other=0, ttc_s=0.01, angle_deg=400, budget_nats=-1)
    with pytest.raises(InputError, match="users of the scene, 0 to 3"):
        sample_scenes([model], [scene], seed=0, steps=2, guidance=Guidance(other=7, gap_m=1.0))


def test_what_does_not_fit_the_scenes_is_refused_all_at_once(model: MotionModel, scene: MotionScene) -> None:
    bare = dataclasses.replace(scene, controls=None, drivable=None)
    known, asked = np.ones((4, STEPS), bool), Guidance(other=2, gap_m=1.0)
    said = r"(?s)noise level.*guidance for each of 2.*scene 0: .*shape.*scene 1: .*controls"
    with pytest.raises(InputError, match=said):
        sample_scenes([model], [scene, bare], seed=-1, steps=0, known=[known[:2], known], guidance=[asked])


def test_the_shipped_weights_say_whose_world_they_know() -> None:
    card = read_motion_checkpoint(bundled("data/scene_model.safetensors")).card
    assert "no recordings of people" in card["world"]
    assert not any("anchang" in text for text in (*card["sources"], *card["licences"]))


def test_training_makes_the_loss_small_and_a_checkpoint_draws_the_same(tmp_path: Path, scene: MotionScene) -> None:
    trainer = MotionTrainer([scene] * 4, MotionTraining(cpu_minutes=1.0, users=64, learning_rate=5e-3), TINY)
    batch = batched([prepare(scene, lines=TINY.lines)] * 32)

    def loss() -> float:
        dice = torch.Generator().manual_seed(0)
        return float(
            measure_motion(trainer.model.eval(), batch, settings=trainer.settings, generator=dice).total.detach()
        )

    before = loss()
    trainer.spent_s = 6.0  # past the warming up
    for _ in range(40):
        trainer.step()
    assert loss() < 0.8 * before
    path = tmp_path / "model.safetensors"
    write_motion_checkpoint(path, members=trainer.members, card={"steps": 40})
    kept = read_motion_checkpoint(path)
    drawn = [
        sample_scenes(members, [scene], seed=1, steps=STEPS_FEW)[0].fine for members in (trainer.members, kept.members)
    ]
    np.testing.assert_allclose(*drawn, atol=0.3)
    assert kept.card == {"steps": 40}
    assert drawn[0].shape == (4, STEPS * FINE + 1, 4)
