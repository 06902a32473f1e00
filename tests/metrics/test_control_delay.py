"""The estimate of control delay against the truth: the same trips with the junction's control, less without it.

::

              n
              │
    a ──150, 800 m──▶ b ──800 m──▶ c      b: a signal (nobody crosses), a priority road or a stop sign (n to s
              │                           crosses), or stop signs on all ways; limits of 30 and 50 km/h
              s
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.metrics.sumo_town import SumoRun, run_sumo
from trafficdiff.metrics.level_of_service import control_delay
from trafficdiff.process import run_program, sumo_program

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.sumo, pytest.mark.slow]

KINDS = {
    "traffic_light": [(0.05, 0.0), (0.16, 0.0)],
    "priority": [(0.05, 0.15), (0.1, 0.2)],
    "priority_stop": [(0.05, 0.15), (0.1, 0.15)],
    "allway_stop": [(0.05, 0.15), (0.1, 0.2)],
}
"""Arrivals a second on the approach and across, by kind of junction."""

LENGTHS_M = (150, 800)
LIMITS_MS = (8.33, 13.89)


@dataclass(frozen=True)
class Approach:
    truth_s: float
    estimate_s: float
    time_loss_s: float
    standing_s: float


def write_net(directory: Path, *, kind: str, length_m: int, limit_ms: float) -> Path:
    places = {"a": (-length_m, 0), "b": (0, 0), "c": (800, 0), "n": (0, 300), "s": (0, -300)}
    types = {"b": f' type="{kind}"'}
    nodes = "".join(f'<node id="{n}" x="{x}" y="{y}"{types.get(n, "")}/>' for n, (x, y) in places.items())
    edges = "".join(
        f'<edge id="{a}{b}" from="{a}" to="{b}" numLanes="1" priority="{rank}" speed="{limit_ms}"/>'
        for a, b, rank in (("a", "b", 1), ("b", "c", 1), ("n", "b", 9), ("b", "s", 9))
    )
    (directory / "n.nod.xml").write_text(f"<nodes>{nodes}</nodes>")
    (directory / "e.edg.xml").write_text(f"<edges>{edges}</edges>")
    net = directory / f"{kind}.net.xml"
    command = [sumo_program("netconvert"), "-n", directory / "n.nod.xml", "-e", directory / "e.edg.xml", "-o", net]
    finished = run_program(command, log=directory / "netconvert.log", deadline_s=60)
    assert finished.returncode == 0, finished.output
    return net


def stream(name: str, start: str, end: str, share: float) -> str:
    """Cars that come at random seconds of an hour, each with its own desired speed."""
    draw = np.random.default_rng(len(name))
    seconds = np.flatnonzero(draw.random(3600) < share)
    factors = np.clip(draw.normal(1.0, 0.1, len(seconds)), 0.7, 1.3)
    return "".join(
        f'<vehicle id="{name}{second}" depart="{second}" departSpeed="desired" departPos="0" '
        f'speedFactor="{factor:.4f}"><route edges="{start} {end}"/></vehicle>'
        for second, factor in zip(seconds, factors, strict=True)
    )


def durations(run: SumoRun) -> dict[str, float]:
    return {trip["id"]: float(trip["duration"]) for trip in run.trips if trip["id"].startswith("w")}


def measure(directory: Path, *, kind: str, length_m: int, limit_ms: float, arrivals: tuple[float, float]) -> Approach:
    along, across = arrivals
    free_net = write_net(directory, kind="priority", length_m=length_m, limit_ms=limit_ms)
    net = write_net(directory, kind=kind, length_m=length_m, limit_ms=limit_ms)
    cars, others = stream("w", "ab", "bc", along), stream("cross", "nb", "bs", across)
    free = durations(run_sumo(free_net, routes=cars, directory=directory / "free", period_s=10_000))
    run = run_sumo(net, routes=in_order(cars + others), directory=directory / "held", period_s=10_000)
    held = durations(run)
    edge = run.data.sel(edge="ab").isel(time=0)
    return Approach(
        truth_s=float(np.mean([held[trip] - free[trip] for trip in free])),
        estimate_s=control_delay(run.data).sel(edge="ab").item(),
        time_loss_s=(edge["time_loss"] / edge["left"]).item(),
        standing_s=(edge["waiting_time"] / edge["left"]).item(),
    )


def in_order(vehicles: str) -> str:
    """SUMO drops vehicles that do not come in order of departure."""
    lines = vehicles.replace("</vehicle>", "</vehicle>\n").splitlines()
    return "".join(sorted(lines, key=lambda line: int(line.split('depart="')[1].split('"')[0])))


@pytest.fixture(scope="module")
def approaches(tmp_path_factory: pytest.TempPathFactory) -> list[Approach]:
    return [
        measure(tmp_path_factory.mktemp(kind), kind=kind, length_m=length_m, limit_ms=limit_ms, arrivals=arrivals)
        for kind, length_m, limit_ms in itertools.product(KINDS, LENGTHS_M, LIMITS_MS)
        for arrivals in KINDS[kind]
    ]


def mean_error(approaches: list[Approach], values: list[float]) -> float:
    return float(np.mean([abs(value - approach.truth_s) for approach, value in zip(approaches, values, strict=True)]))


def test_the_estimate_is_close_to_the_truth(approaches: list[Approach]) -> None:
    errors = np.array([approach.estimate_s - approach.truth_s for approach in approaches])
    allowed = [max(4.0, 0.15 * approach.truth_s) for approach in approaches]
    assert max(approach.truth_s for approach in approaches) > 200
    assert np.mean(np.abs(errors) <= allowed) >= 0.9
    assert abs(errors.mean()) < 1.0
    assert np.abs(errors).mean() < 3.0


def test_it_is_closer_than_time_loss_and_than_the_stopped_delay_rule(approaches: list[Approach]) -> None:
    estimate = mean_error(approaches, [approach.estimate_s for approach in approaches])
    assert estimate < 0.5 * mean_error(approaches, [approach.time_loss_s for approach in approaches])
    assert estimate < 0.5 * mean_error(approaches, [1.3 * approach.standing_s for approach in approaches])
