"""A scenario with charging leaves its tables and numbers in the run; one that cannot be leaves nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from tests.simulation.conftest import trips_on
from trafficdiff.datatypes.charging_options import ChargingOptions, JoinOptions
from trafficdiff.datatypes.scenario import Equilibrium, FileDemand, Scenario, SimulationOptions, UniformDemand, Window
from trafficdiff.datatypes.trip_files import write_trips
from trafficdiff.errors import InputError, IntegrityError, NetworkError, ScenarioError
from trafficdiff.roads.load import load_network
from trafficdiff.roads.netfile import read_net
from trafficdiff.store.reading import open_run
from trafficdiff.workflows.charging import stations_of
from trafficdiff.workflows.checking import check
from trafficdiff.workflows.run import run
from trafficdiff.workflows.simulations import Simulations

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


@pytest.mark.slow
def test_a_finished_run_is_not_taken_if_its_table_of_stations_has_changed(grid_net: Path, tmp_path: Path):
    stations(tmp_path, "s1,B1B2,2,50,4")
    short = scenario(grid_net, window=Window(begin_s=0, end_s=120, clear_s=300), demand=UniformDemand(
        trips=6, electric_share=1.0))  # fmt: skip

    def numbers() -> tuple[int, float]:
        with Simulations(tmp_path / "kept", folder=tmp_path, workers=1, expected=1) as made:
            made.run([(short, 0)])
            return made.made, made.number(short.name, 0, "charging_wanted")

    first = numbers()
    assert first[0] == 1
    assert numbers() == (0, first[1])  # it is there
    stations(tmp_path, "s1,B1B2,6,50,4")  # as the scenario's hash sees it, nothing has changed
    with pytest.raises(IntegrityError, match=r"stations\.csv .* changed or gone"):
        numbers()
    stations(tmp_path, "s1,B1B2,2,50,4")
    assert numbers() == (0, first[1])


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


def with_a_footway(net: Path, folder: Path, *, edge: str) -> Path:
    """Return a copy of a net in which one road is for people on foot alone."""
    closed = folder / "foot.net.xml"
    text = net.read_text(encoding="utf-8")
    closed.write_text(text.replace(f'<lane id="{edge}_0"', f'<lane id="{edge}_0" allow="pedestrian"'), encoding="utf-8")
    return closed


def test_everything_that_is_wrong_is_named_at_once_and_nothing_is_written(grid_net: Path, tmp_path: Path):
    net = with_a_footway(grid_net, tmp_path, edge="A1B1")
    stations(tmp_path, "s1,B1B2,2,-50,4", "s2,A1B1,2,50,4", "s2,C1C2,2,50,4", "s3,C1C2,2,50,many")
    trips = replace(
        trips_on(read_net(net), [["B1B2"], ["C1C2"]], [0.0, 1.0], end_s=600.0),
        battery_kwh=np.array([0.0, 58.0]),
        state_of_charge=np.array([0.2, 0.2]),
    )
    write_trips(trips, tmp_path / "trips.parquet")
    given = scenario(net, demand=FileDemand(path="trips.parquet"))
    with pytest.raises(InputError) as caught:
        run(given, directory=tmp_path / "run", folder=tmp_path, picture=False)
    said = str(caught.value)
    for words in (
        "got -50", "'A1B1', which is closed to them", "got that of station number 2", "bays as a number, got 'many'",
        "expected a battery of more than 0 kWh, got 0",
    ):  # fmt: skip
        assert words in said, words
    assert not (tmp_path / "run").exists()
    with pytest.raises(InputError) as checked:
        check(given, tmp_path)
    assert str(checked.value) == said


def test_a_site_that_nobody_drives_to_is_told(grid_net: Path, tmp_path: Path):
    site = {"kind": "charging_site", "id": "built", "at": "B2C2", "plugs": 2, "power_kw": 50.0}
    idle = scenario(grid_net, charging=None, demand=UniformDemand(trips=5)).with_measures([site])
    outcome = run(idle, directory=tmp_path / "run", folder=tmp_path, picture=False)
    assert any("nobody drives to the 1 charging sites" in words for words in outcome.validation.warnings)


def test_a_model_that_is_not_there_matters_only_to_who_asks_for_one(grid_net: Path, tmp_path: Path):
    stations(tmp_path, "s1,B1B2,2,50,4")
    absent = CHARGING.model_copy(update={"joining": JoinOptions(checkpoint="there_is_none.safetensors")})
    assert check(scenario(grid_net, charging=absent), tmp_path).trips > 0
    with pytest.raises(InputError, match=r"expected a trained model of charging, found no file .*there_is_none"):
        check(scenario(grid_net, charging=absent.model_copy(update={"demand": "model"})), tmp_path)


@pytest.mark.slow
def test_a_table_of_stations_is_part_of_the_name_of_a_run(grid_net: Path, tmp_path: Path):
    found = []
    for name, row in (("one", "s1,B1B2,2,50,4"), ("two", "s1,B1B2,2,50,4"), ("other", "s1,B1B2,1,50,4")):
        stations(tmp_path, row)
        outcome = run(scenario(grid_net), directory=tmp_path / name, folder=tmp_path, picture=False)
        found.append((outcome.run_id, outcome.result_hash))
        assert open_run(tmp_path / name).run_id == outcome.run_id
    assert found[0] == found[1]
    assert found[2][0] != found[0][0]
    assert found[2][1] != found[0][1]


@pytest.mark.slow
def test_the_stations_of_the_citys_own_map_are_taken(tmp_path: Path):
    graph = load_network("helsinki")
    options = ChargingOptions(stations="osm")
    found = stations_of(options, graph, folder=tmp_path, network="helsinki")
    assert [station.id for station in found] == [
        "osm_n1685729190", "osm_n1685821074", "osm_n1685871599", "osm_n1831955269",
    ]  # fmt: skip
    assert all(graph.drivable()[graph.edge_index[station.edge]] for station in found)


def test_a_net_without_its_map_has_no_stations_to_take(grid_net: Path, tmp_path: Path):
    with pytest.raises(NetworkError, match="to take charging stations from, got a net"):
        stations_of(ChargingOptions(stations="osm"), read_net(grid_net), folder=tmp_path, network=str(grid_net))
