"""What the script about sessions and their drivers prints is what it says."""

from __future__ import annotations

import numpy as np
import pytest

from tests.test_benches import script
from trafficdiff.datatypes.charging_options import ChargingOptions
from trafficdiff.datatypes.scenario import Scenario, UniformDemand, Window

SCENARIO = Scenario(
    name="x", network="x", window=Window(begin_s=0, end_s=60), demand=UniformDemand(trips=1), charging=ChargingOptions()
)


def made_day(bench: object, *, count: int = 40, cars: int = 200) -> object:
    """Return a day on which car k fits session k in everything, and all others by chance."""
    generator = np.random.default_rng(0)
    lacks, arrive_s = generator.uniform(5, 50, cars), generator.uniform(0, 20_000, cars)
    to_end_m = generator.uniform(0, 2_000, cars)
    alike = np.ones((count, 1))
    return bench.Day(  # type: ignore[attr-defined]
        holder=np.arange(count), energy_kwh=0.5 * lacks[:count], dwell_s=20_000 - 10 * to_end_m[:count],
        missing_kwh=lacks[:count], session_s=arrive_s[:count], since_full_km=alike * lacks / 0.175,
        lacks_kwh=alike * lacks, arrive_s=alike * arrive_s, detour_s=np.where(np.eye(count, cars) > 0, 0.0, 60.0),
        to_end_m=alike * to_end_m,
    )  # fmt: skip


def test_sessions_in_the_hands_of_those_that_they_fit_score_best_and_others_by_chance() -> None:
    bench = script("measure_charging_joint")
    day = made_day(bench)
    own = bench.scores([day], [day.holder], scenario=SCENARIO)
    assert own["energy, distance"] == pytest.approx(1)
    assert own["stay, to the end"] == pytest.approx(-1)
    assert [own[name] for name in ("lacking [kWh]", "no room", "detour [s]", "apart [min]")] == [0, 0, 0, 0]
    others = [
        bench.scores([day], [np.random.default_rng(seed).permutation(day.holder)], scenario=SCENARIO)
        for seed in range(60)
    ]
    assert np.mean([one["energy, distance"] for one in others]) == pytest.approx(0, abs=0.1)
    for name, value in own.items():
        sign = bench.BETTER.get(name, -1)
        assert all(sign * one[name] <= sign * value for one in others), name


def test_the_p_value_counts_the_join_itself(capsys: pytest.CaptureFixture[str]) -> None:
    bench = script("measure_charging_joint")
    bench.measure_join([made_day(bench)], scenario=SCENARIO, permutations=19)
    lines = capsys.readouterr().out.splitlines()
    assert next(line for line in lines if line.startswith("detour")).split()[-1] == "0.0500"
