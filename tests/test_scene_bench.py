"""The bench of AV scenes compares what a further scene costs, and cuts ten seconds around an ego."""

from __future__ import annotations

import numpy as np

from tests.test_benches import script
from trafficdiff.datatypes.tracks import Tracks


def test_growth_is_judged_by_what_a_further_scene_costs() -> None:
    bench = script("bench_scenes")

    def costs(*cpu_s: float) -> list:
        sizes = (20, 200, 1000)
        return [bench.Cost("osi", size, cpu, cpu, 300.0, 1.0) for size, cpu in zip(sizes, cpu_s, strict=True)]

    assert bench.verdict(costs(5.0, 14.0, 54.0)).endswith("ok")  # 50 ms, then 50 ms
    assert bench.verdict(costs(5.0, 14.0, 154.0)).endswith("MISSED")
    assert "something" in bench.verdict(costs(5.0, 14.0, 54.0)[:2])


def test_a_scene_holds_whoever_comes_near_the_ego_in_ten_seconds() -> None:
    bench = script("bench_scenes")
    time = np.arange(0, 20.05, 0.1)
    count = len(time)
    x = np.concatenate([10 * time, 10 * time + 50, 10 * time + 500])
    tracks = Tracks(
        user_id=np.array(["ego", "near", "far"], object), user_kind=np.array(["passenger"] * 3, object),
        length_m=np.full(3, 5.0), width_m=np.full(3, 1.8), offsets=np.arange(4) * count, time_s=np.tile(time, 3), x_m=x,
        y_m=np.zeros(3 * count), heading_rad=np.zeros(3 * count), speed_ms=np.full(3 * count, 10.0),
        edge=np.zeros(3 * count, np.int32),
    )  # fmt: skip
    found = bench.cut(tracks, ego=0, begin_s=5.0)
    assert list(found.user_id) == ["ego", "near"]
    assert (found.time_s.min(), found.time_s.max()) == (5.0, 15.0)
