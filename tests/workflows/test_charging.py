"""A scenario with charging leaves its tables and numbers in the run; one that cannot be leaves nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest
import xarray as xr

from trafficdiff.datatypes.charging_options import ChargingOptions
from trafficdiff.datatypes.scenario import Equilibrium, Scenario, SimulationOptions, UniformDemand, Window
from trafficdiff.errors import InputError, ScenarioError
from trafficdiff.workflows.run import run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.sumo

CHARGING = ChargingOptions(stations="stations.csv", low_charge=0.6)


def scenario(net: Path, **changes: object) -> Scenario:
    base: dict[str, object] = {
        "network": str(net),
        "window": Window(begin_s=0, end_s=600, clear_s=1_800),
        "demand": UniformDemand(trips=40, electric_share=1.0),
        "simulation": SimulationOptions(emissions=False),
        "charging": CHARGING,
    }
    return Scenario(name="evs", **(base | changes))


def stations(folder: Path, *rows: str) -> None:
    lines = ["id,edge,plugs,power_kw,bays", *rows]
    (folder / "stations.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_a_run_with_stations_reports_charging(grid_net: Path, tmp_path: Path):
    stations(tmp_path, "s1,B1B2,2x150,,4", "s2,C1C2,2,50,4")
    site = {"kind": "charging_site", "id": "built", "at": "B2C2", "plugs": 2, "power_kw": 50.0}
    outcome = run(scenario(grid_net).with_measures([site]), directory=tmp_path / "run", folder=tmp_path, picture=False)
    numbers = outcome.numbers
    parts = ("served", "waiting", "unmet", "stranded")
    assert sum(numbers[f"charging_{part}"] for part in parts) == numbers["charging_wanted"] > 5
    assert numbers["charging_served"] > 0
    assert numbers["charging_balance_error"] < 0.005
    assert any("got a plug" in row[0] for row in outcome.rows())
    table = pd.read_csv(tmp_path / "run/charging/stations.csv")
    assert table["station"].tolist() == ["s1", "s2", "built"]
    assert len(pd.read_csv(tmp_path / "run/charging/cars.csv")) == numbers["charging_wanted"]
    minutes = xr.open_dataset(tmp_path / "run/charging/stations.nc", engine="h5netcdf")
    assert minutes["station_power"].dims == ("station", "time")
    assert minutes["station_power"].attrs["units"] == "kW"
    minutes.close()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"simulation": SimulationOptions(resolution="meso")}, "resolution micro for charging"),
        ({"equilibrium": Equilibrium()}, "got both"),
        ({"charging": ChargingOptions()}, "expected charging stations, got none"),
    ],
)
def test_what_cannot_be_simulated_is_refused_and_nothing_is_written(
    grid_net: Path, tmp_path: Path, changes: dict[str, object], words: str
):
    stations(tmp_path, "s1,B1B2,2,50,4")
    with pytest.raises(ScenarioError, match=words):
        run(scenario(grid_net, **changes), directory=tmp_path / "run", folder=tmp_path, picture=False)
    assert not (tmp_path / "run").exists()


def test_bad_stations_are_all_named_and_nothing_is_written(grid_net: Path, tmp_path: Path):
    stations(tmp_path, "s1,B1B2,2,-50,4", "s1,B1B2,0,50,4")
    with pytest.raises(InputError) as caught:
        run(scenario(grid_net), directory=tmp_path / "run", folder=tmp_path, picture=False)
    for words in ("got -50", "station number 1", "at least one plug"):
        assert words in str(caught.value)
    assert not (tmp_path / "run").exists()
