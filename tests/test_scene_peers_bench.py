"""What is said of speed beside VBD: its shapes are the published ones, and both ways to compute it say the same."""

from __future__ import annotations

import dataclasses
import math
import subprocess
import sys

import numpy as np
import pytest
import torch

from scripts.peer_vbd import VBD, Scene, Shapes, falling, kept, parameters, transition, unseen
from tests.motion import straight_scene
from tests.test_benches import SCRIPTS, script
from trafficdiff.datatypes.motion_files import write_motion_scenes

TINY = Shapes(users=3, lines=4, line_points=5, signals=2, width=16, heads=2, layers=1, waves=4, samples=12, steps=6)


def scene(shapes: Shapes, *, turn: float = 0.0) -> Scene:
    dice = torch.Generator().manual_seed(3)
    users, lines = torch.randn(shapes.users, 8, generator=dice), torch.randn(4, 5, 3, generator=dice)
    signals = torch.tensor([[1.0, 2.0, 3.0], [4.0, 1.0, 0.0]])[: shapes.signals]
    turning = torch.tensor([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    users[:, 3:5] = users[:, 3:5] @ turning
    for places in (users, lines, signals):
        places[..., :2] = places[..., :2] @ turning + 7.0 * turn
    users[:, 2] += turn
    lines[..., 2] += turn
    return Scene(users, torch.ones(shapes.users).long(), lines, torch.ones(4, 2).long(), signals)


@pytest.fixture(scope="module")
def tiny() -> VBD:
    torch.manual_seed(0)
    return VBD(TINY).eval()


def test_the_peer_has_its_published_number_of_parameters() -> None:
    assert parameters(VBD()) / 1e6 == pytest.approx(11.8, abs=0.05)


def test_projecting_once_draws_what_projecting_for_each_user_anew_draws(tiny: VBD) -> None:
    drawn = [tiny.draw(scene(TINY), torch.Generator().manual_seed(1), together=users) for users in (1, 2, 0)]
    assert drawn[0].shape == (3, 12, 5)
    torch.testing.assert_close(drawn[1], drawn[0], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(drawn[2], drawn[0], rtol=1e-4, atol=1e-4)


def test_users_of_the_peer_see_each_other_and_the_lines(tiny: VBD) -> None:
    still = torch.zeros(3, TINY.tokens, 2)
    moved = still.clone()
    moved[1, 0] = 1.0
    with torch.inference_mode():
        seen = tiny.encoder(scene(TINY))
        before, after = (tiny.denoiser(one, 2, seen, together=1) for one in (still, moved))
        elsewhere = tiny.encoder(dataclasses.replace(scene(TINY), lines=torch.ones(4, 5, 3)))
    assert (after[0] - before[0]).abs().max() > 1e-6
    assert (elsewhere.tokens[0] - seen.tokens[0]).abs().max() > 1e-6


def test_the_peer_sees_users_and_lines_the_same_wherever_they_lie(tiny: VBD) -> None:
    some = dataclasses.replace(TINY, signals=0)
    with torch.inference_mode():
        one, two = (tiny.encoder(scene(some, turn=angle)) for angle in (0.0, 0.8))
    torch.testing.assert_close(two.tokens, one.tokens, rtol=1e-3, atol=1e-3)


def test_a_token_sees_all_of_its_own_user_and_of_others_what_is_not_later() -> None:
    hidden = unseen(2, 3)
    assert hidden[0].int().tolist() == [[0, 0, 0, 0, 1, 1], [0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0]]
    assert hidden[1].int().tolist() == [[0, 1, 1, 0, 0, 0], [0, 0, 1, 0, 0, 0], [0, 0, 0, 0, 0, 0]]


def test_the_peer_takes_all_steps_and_arrives_at_what_it_takes_for_clean(tiny: VBD, monkeypatch) -> None:
    asked: list[int] = []
    truth = torch.full((3, TINY.tokens, 2), 0.1)

    def knows(controls, step, seen, *, together):
        asked.append(step)
        return truth

    monkeypatch.setattr(tiny.denoiser, "forward", knows)
    drawn = tiny.draw(scene(TINY), torch.Generator().manual_seed(1))
    assert asked == [5, 4, 3, 2, 1, 0]
    np.testing.assert_allclose(drawn[:, -1, 2], 0.1 * 1.2, atol=1e-5)  # 0.1 rad/s over twelve tenths
    asked.clear()
    tiny.draw(scene(TINY), torch.Generator().manual_seed(1), steps=3)
    assert asked == [level for level, _ in falling(6, 3)]
    assert len(asked) == 3


def test_noise_keeps_its_variance_from_step_to_step() -> None:
    shapes, clean = Shapes(), 0.0
    for step, after in falling(50, 50)[:-1]:
        now, then = kept(step, shapes), kept(after, shapes)
        scale = transition(torch.ones(1), torch.tensor(clean), now, then)
        assert scale[0].item() ** 2 * (1 - now) + scale[1] ** 2 == pytest.approx(1 - then, rel=1e-6)


def test_scenes_are_filled_up_with_others_who_are_far_away() -> None:
    some = straight_scene(starts=[(9.0 * n, 0.0, 0.0, 5.0) for n in range(3)])
    filled = script("bench_scene_peers").filled_up([some, some], users=8)
    assert [len(set(scene.user_id)) for scene in filled] == [8, 8]
    np.testing.assert_array_equal(filled[0].state[:3], some.state)
    assert np.unique(filled[0].start[:, 1]).tolist() == [0.0, 100.0, 200.0]
    np.testing.assert_allclose(filled[0].path[:, 0], filled[0].start[:, :2])


def test_goals_are_judged_at_32_users_by_the_median_of_ratios() -> None:
    bench = script("bench_scene_peers")
    fast = dict.fromkeys(bench.ROWS, 1.0) | {"peak_gflops": 100.0, "ours_gflops": 30.0, "peer_gflops": 60.0}
    fast |= {"peer": 0.03, "peer_once": 0.06, "ours": 30.0, "guided": 2.0}
    text = bench.lines([fast, fast, fast | {"ours": 1.0}], users=32.0, goal=True)
    judged = {line[:8]: line.split()[-1] for line in text if "goal" in line}
    assert judged == {"ours as ": "ok", "ours gui": "MISSED"}
    assert "960.00 [32.00, 960.00]" in next(line for line in text if line.startswith("ours as shipped: 16"))
    assert not any("goal" in line for line in bench.lines([fast], users=5.0, goal=False))
    told = bench.summary([fast], users=32.0)
    assert told["ours_over_peer"]["median"] == pytest.approx(1000.0)
    assert told["ours_over_peer_once"]["median"] == pytest.approx(500.0)


@pytest.mark.slow
def test_the_bench_of_scene_peers_runs_in_small(tmp_path) -> None:
    folder = tmp_path / "corpus"
    write_motion_scenes([straight_scene(starts=[(9.0 * n, 0.0, 0.0, 5.0) for n in range(3)])] * 14, folder, card={})
    few = ["--scenes", "3", "--rounds", "1", "--peer-steps", "1", "--peer-scenes", "1", "--users", "4"]
    command = [sys.executable, str(SCRIPTS / "bench_scene_peers.py"), str(folder), *few]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=280)
    assert "11.8 M parameters" in done.stdout
    assert "3 scenes, 4.0 users on average" in done.stdout
    assert done.stdout.count("goal") == 2
