"""What is said of speed against peers: shapes are the published ones, ratios and shares are what they are called."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from scripts.peer_difftraj import DiffTraj, Shapes
from tests.test_benches import SCRIPTS, script

TINY = Shapes(points=16, width=32, factors=(1, 2), blocks=1, category_width=4, noise_steps=20, steps=5)


@pytest.mark.slow
def test_the_peer_has_its_published_number_of_parameters_and_its_points_pass_four_levels() -> None:
    model = DiffTraj()
    with torch.inference_mode():
        noise = model.noise(torch.zeros(3, 2, 200), torch.zeros(3), torch.zeros(3, 5), torch.zeros(3, 3).long())
    assert sum(part.numel() for part in model.parameters()) / 1e6 == pytest.approx(16.2, abs=0.05)
    assert noise.shape == (3, 2, 200)
    assert [len(blocks) for blocks in model.unet.down] == [2] * 4
    assert len(model.unet.shrink) == len(model.unet.grow) == 3


def test_a_step_of_the_peer_asks_its_network_twice_and_a_drawing_takes_all_steps(monkeypatch) -> None:
    model, asked = DiffTraj(TINY).eval(), []
    forward = model.unet.forward
    monkeypatch.setattr(model.unet, "forward", lambda *told: (asked.append(told[1][0].item()), forward(*told))[1])
    drawn = model.draw(2, torch.Generator().manual_seed(0))
    assert drawn.shape == (2, 2, 16)
    assert drawn.isfinite().all()
    assert asked == [16, 16, 12, 12, 8, 8, 4, 4, 0, 0]


def test_the_peer_takes_noise_away_as_its_sampler_says(monkeypatch) -> None:
    model = DiffTraj(TINY).eval()
    clean = torch.linspace(-1, 1, 16).expand(2, 2, 16)
    kept = torch.cumprod(1 - torch.linspace(*TINY.noise, TINY.noise_steps), dim=0)

    def true_noise(points, step, *_):
        share = kept[step[0].long()]
        return (points - share.sqrt() * clean) / (1 - share).sqrt()

    monkeypatch.setattr(model, "noise", true_noise)
    torch.testing.assert_close(model.draw(2, torch.Generator().manual_seed(0)), clean, rtol=1e-4, atol=1e-4)


def test_operations_of_products_and_of_attention_are_counted() -> None:
    bench = script("bench_peers")
    one, two = torch.zeros(5, 7), torch.zeros(7, 11)
    assert bench.flops(lambda: one @ two) == 2 * 5 * 7 * 11
    query, key = torch.randn(1, 2, 64, 8), torch.randn(1, 2, 96, 8)
    attention = torch.nn.functional.scaled_dot_product_attention
    with torch.inference_mode():
        assert bench.flops(lambda: attention(query, key, key)) == 2 * 2 * 2 * 64 * 96 * 8


def test_goals_are_judged_by_the_median_of_the_rounds() -> None:
    bench = script("bench_peers")
    fast = bench.Round(
        peer=0.5, places=2_000.0, routed=1_000.0, peer_matched=0.5, ours_matched=100.0,
        peak=100.0, one_dnn=200.0, denoiser=60.0, deciding=40.0, peer_flops=150.0,
    )  # fmt: skip
    slow = fast._replace(routed=100.0, ours_matched=10.0, denoiser=10.0)
    text = bench.lines([fast, fast, slow])
    assert [line.split()[-1] for line in text if "goal" in line] == ["ok"] * 3
    assert "2,000 [200, 2,000]" in next(line for line in text if "routes" in line)
    assert "0.60 [0.10, 0.60]" in next(line for line in text if "as used" in line)
    text = bench.lines([fast, slow, slow])
    assert [line.split()[-1] for line in text if "goal" in line] == ["MISSED"] * 3


@pytest.mark.slow
def test_the_bench_of_peers_runs_in_small() -> None:
    small = ["--trips", "500", "--rounds", "1", "--matched-trips", "64", "--peer-steps", "1"]
    command = [sys.executable, str(SCRIPTS / "bench_peers.py"), *small]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=280)
    assert "16.2 M parameters" in done.stdout
    assert done.stdout.count("goal") == 3
