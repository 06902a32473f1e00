"""What the scripts about the demand model print is what they say."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from tests.diffusion.places import made_scene, tiny_model
from tests.test_benches import SCRIPTS, script
from trafficdiff.diffusion.batch import conditions_of
from trafficdiff.diffusion.checkpoint import Checkpoint
from trafficdiff.diffusion.requests import Request, SamplerSettings
from trafficdiff.diffusion.sampler import draw_places


def found(text: str) -> float:
    return float(text.split(maxsplit=1)[0])


def test_independent_trips_vary_by_one_and_days_that_move_together_by_more() -> None:
    bench = script("measure_joint")
    random = np.random.default_rng(0)
    share = random.uniform(0.005, 0.05, 20)
    alone = random.binomial(1_000, share, size=(60, 20))
    assert found(bench.dispersion(alone, trips=1_000)) == pytest.approx(1, abs=0.1)
    together = random.binomial(1_000, share * random.uniform(0.5, 1.5, (60, 1)))
    assert found(bench.dispersion(together, trips=1_000)) > 1.5
    dealt = np.tile(np.round(1_000 * share).astype(int), (60, 1))
    assert found(bench.dispersion(dealt, trips=1_000)) == 0


def test_duplicates_of_independent_trips_are_as_likely_everywhere() -> None:
    bench = script("measure_joint")
    random = np.random.default_rng(1)
    group = np.tile(np.arange(512) // 64, (20, 1))
    inside, outside = bench.duplicates(random.integers(0, 300, (20, 512)), group)
    assert found(inside) == pytest.approx(1, abs=0.1)
    assert found(outside) == pytest.approx(1, abs=0.05)


def test_attraction_in_sets_and_in_days_is_told_apart() -> None:
    bench = script("measure_joint")
    random = np.random.default_rng(2)
    group = np.tile(np.arange(512) // 64, (20, 1))
    of_set = (
        random.integers(0, 300, (20, 8, 8)).repeat(8, axis=2).reshape(20, 512)
    )  # each set has eight trips of a kind
    inside, outside = bench.duplicates(of_set, group)
    assert found(inside) > 20
    assert found(outside) == pytest.approx(1, abs=0.25)
    of_day = 300 * np.arange(20)[:, None] % 600 + random.integers(0, 300, (20, 512))  # days of two kinds
    inside, outside = bench.duplicates(of_day, group)
    assert found(inside) == pytest.approx(2, abs=0.3)
    assert found(outside) == pytest.approx(2, abs=0.2)
    apart = np.tile(np.arange(512) % 64, (20, 1))  # no set has a trip twice
    inside, _ = bench.duplicates(apart, group)
    assert found(inside) == 0


@pytest.mark.parametrize("one_day", [True, False])
def test_the_sets_of_trips_are_those_that_see_each_other(*, one_day: bool) -> None:
    scene = made_scene(zones=7, edges=0, edge_values=np.zeros((0, 6), np.float32), edge_index=np.zeros(0, np.int32))
    model, scaling = tiny_model(scene, seed=2, scale=1.0)
    settings = SamplerSettings(views=1, hidden_columns=0.0, agents=8, sets=3, one_day=one_day, echo=True)
    count, seed = 64, 5
    group = script("measure_joint").set_of_each(Checkpoint((model,), scaling, {}, ""), settings, trips=count, seed=seed)
    assert np.bincount(group).tolist() == [8] * 8

    def drawn(origin: int, destination: int, own: int) -> np.ndarray:
        shown = np.flatnonzero(group == own)[:4]
        ends = np.full((2, count), -1)
        ends[:, shown] = [[origin], [destination]]
        return draw_places(
            [model],
            scene,
            Request(
                vehicle_class=np.zeros(count, np.int64),
                departure_bin=np.full(count, -1),
                origin_zone=ends[0],
                destination_zone=ends[1],
            ),
            scaling=scaling,
            conditions=conditions_of(scene),
            reach={},
            seed=seed,
            settings=settings,
        ).slots

    moved: set[int] = set()
    for own in (0, 3, 7):
        changed = (drawn(0, 1, own) != drawn(5, 6, own)).any(axis=1)
        assert set(group[changed]) == {own}
        moved.add(int(changed.sum()))
    assert max(moved) > 4  # others of the set than those that were shown


@pytest.mark.slow
def test_speed_is_measured_on_what_comes_out_in_a_process_of_its_own(tmp_path) -> None:
    from trafficdiff.diffusion.checkpoint import write_checkpoint

    model, scaling = tiny_model(made_scene())
    path = tmp_path / "tiny.safetensors"
    write_checkpoint(path, members=[model], scaling=scaling, card={})
    command = [sys.executable, str(SCRIPTS / "bench_model.py"), "--checkpoint", str(path), "--alone", "70"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=200)
    measured = json.loads(done.stdout.splitlines()[-1])
    assert measured["trips"] == 70
    assert measured["drawing_s"] > 0
    assert measured["routing_s"] > 0
    assert 100 < measured["peak_mb"] < 4_000


@pytest.mark.parametrize(
    ("drawing_s", "verdict"),
    [(1.0, "ok"), (1.1, "ok"), (1.3, "MISSED"), (5.0, "MISSED")],
)
def test_growth_and_speed_are_judged(drawing_s: float, verdict: str) -> None:
    bench = script("bench_model")
    first = {"trips": 1_000, "opening_s": 9.0, "drawing_s": 1.0, "routing_s": 0.0, "vias": 10, "peak_mb": 600}
    line = bench.line_of(first | {"drawing_s": drawing_s}, first)
    assert line.endswith(verdict)
    assert f"{1_000 / drawing_s:.0f}" in line
    slow = first | {"drawing_s": 4.0}
    assert bench.line_of(slow, slow).endswith("MISSED")  # no growth, but less than 300 a second
