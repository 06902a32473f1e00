"""The bench of ensembles computes what it prints."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.test_benches import script


def walls(bare: tuple[float, float], ours: tuple[float, float]) -> dict[str, float]:
    kinds = ("bare SUMO, 1 worker", "bare SUMO, 2 workers", "ensemble, 1 worker", "ensemble, 2 workers")
    return dict(zip(kinds, (*bare, *ours), strict=True))


def test_the_speed_up_is_judged_against_that_of_the_bare_loop() -> None:
    bench = script("bench_ensemble")
    said = bench.speed_up_line(walls((20.0, 12.5), (40.0, 26.0)))
    assert "bare SUMO 1.60, ensemble 1.54; ratio 0.96" in said
    assert said.endswith("ok")
    assert bench.speed_up_line(walls((20.0, 10.0), (40.0, 24.0))).endswith("MISSED")


def test_the_memory_of_a_process_and_its_children_is_watched_until_it_ends() -> None:
    bench = script("bench_ensemble")
    code = "import time, subprocess, sys; x = bytearray(80_000_000); time.sleep(0.6)"
    nested = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {code!r}])"
    peak = [0.0]
    with subprocess.Popen([sys.executable, "-c", nested]) as process:
        bench.watch_memory(process.pid, peak)
    assert 80e6 < peak[0] < 400e6
    bench.watch_memory(process.pid, peak)  # it has ended
    assert not os.path.exists(f"/proc/{process.pid}")  # noqa: PTH110
