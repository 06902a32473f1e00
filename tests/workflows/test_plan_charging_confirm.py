"""What is simulated of a plan belongs to that plan: another plan beside the same runs gets simulations of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.workflows.test_charging import scenario, stations
from trafficdiff.datatypes.stations import ChargingStation, Plugs
from trafficdiff.workflows.plan_charging_confirm import confirmed
from trafficdiff.workflows.progress import quiet

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.sumo


def planned(count: int, power_kw: float) -> tuple[ChargingStation, ...]:
    """Return today's slow plug and a new station."""
    today = ChargingStation(id="s1", edge="B1B2", plugs=(Plugs(count=1, power_kw=22.0, current="ac"),))
    return today, ChargingStation(id="new", edge="C1C2", plugs=(Plugs(count=count, power_kw=power_kw),))


def told(folder: Path, net: Path, plan: tuple[ChargingStation, ...]) -> dict[str, tuple[float | None, float | None]]:
    numbers = confirmed(
        scenario(net), plan, directory=folder / "plan", folder=folder, first=1, samples=1, workers=1, progress=quiet
    )
    return {one.name: (one.before, one.after) for one in numbers}


@pytest.mark.slow
def test_another_plan_does_not_take_the_runs_of_the_one_before(grid_net: Path, tmp_path: Path):
    stations(tmp_path, "s1,B1B2,1x22ac,,4")
    poor, rich = told(tmp_path, grid_net, planned(1, 50.0)), told(tmp_path, grid_net, planned(12, 150.0))
    assert rich["unmet_energy"][0] == poor["unmet_energy"][0]
    assert rich["unmet_energy"][1] < poor["unmet_energy"][1] < poor["unmet_energy"][0]
    runs = tmp_path / "plan.confirm" / "runs"
    assert len(list(runs.glob("*/*"))) == 3  # before, and after of each
    again = told(tmp_path, grid_net, planned(1, 50.0))
    assert again == poor
    assert len(list(runs.glob("*/*"))) == 3
