"""What charging did in a study is stacked over scenario, sample, station and minute, and has bands."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from trafficdiff.datatypes.charging_options import ChargingOptions
from trafficdiff.datatypes.scenario import Scenario, SimulationOptions, UniformDemand, Window
from trafficdiff.errors import InputError, ScenarioError
from trafficdiff.publish import is_complete
from trafficdiff.store.stack import open_study
from trafficdiff.workflows.charging_study import charging_bands, feeder_bands, open_charging
from trafficdiff.workflows.compare import compare_numbers, pair_of
from trafficdiff.workflows.ensemble import ensemble

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.sumo, pytest.mark.slow]

SITE = {"kind": "charging_site", "id": "built", "at": "B2C2", "plugs": 4, "power_kw": 150.0}
PARTS = ("served", "waiting", "unmet", "stranded")


def scenarios(net: Path, folder: Path) -> list[Scenario]:
    """Return a town without charging on the way, one with two small stations, and the same with a third."""
    rows = ["id,edge,plugs,power_kw,bays,feeder", "s1,B1B2,1,50,2,north", "s2,C1C2,1,22,2,south"]
    (folder / "stations.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    few = Scenario(
        name="few",
        network=str(net),
        window=Window(begin_s=0, end_s=600, clear_s=1_500),
        demand=UniformDemand(trips=60, electric_share=1.0),
        simulation=SimulationOptions(emissions=False),
        charging=ChargingOptions(stations=str(folder / "stations.csv"), low_charge=0.6, patience_s=300),
    )
    return [
        few,
        few.model_copy(update={"name": "more"}).with_measures([SITE]),
        few.model_copy(update={"name": "none", "charging": None}),
    ]


@pytest.fixture(scope="module")
def study(grid_net: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three scenarios, two samples, one worker; tests leave it as it is."""
    folder = tmp_path_factory.mktemp("charging_study")
    ensemble(scenarios(grid_net, folder), directory=folder / "study", samples=2, workers=1)
    return folder / "study"


def test_the_stack_holds_the_numbers_of_each_run_by_station_and_minute(study: Path):
    data = open_charging(study)
    assert data["station_power"].dims == ("scenario", "sample", "station", "time")
    assert data["station_mean_wait"].dims == ("scenario", "sample", "station")
    assert data["station"].to_numpy().tolist() == ["s1", "s2", "built"]
    assert data["station_feeder"].to_numpy().tolist() == ["north", "south", ""]
    assert data["station_power"].attrs["units"] == "kW"
    for name in ("few", "more"):
        for sample in (0, 1):
            path = open_study(study).run_directory(name, sample) / "charging/stations.nc"
            own = xr.load_dataset(path, engine="h5netcdf")
            stacked = data.sel(scenario=name, sample=sample, station=own["station"].to_numpy())
            for variable in own.data_vars:
                np.testing.assert_array_equal(stacked[variable], own[variable], err_msg=str(variable))
    np.testing.assert_array_equal(np.isnan(data["station_plugs"]), [[False, False, True], [False] * 3, [True] * 3])
    assert data["station_power"].sel(scenario="few", station="built").isnull().all()
    assert data["station_power"].sel(scenario="none").isnull().all()


def test_a_part_of_the_stack_is_the_same_part_of_all_of_it(study: Path):
    data = open_charging(study)
    whole = data["station_power"].to_numpy()
    np.testing.assert_array_equal(data["station_power"].isel(scenario=1, sample=1).to_numpy(), whole[1, 1])
    np.testing.assert_array_equal(data["station_power"][0:2, :, 1, 3:7].to_numpy(), whole[0:2, :, 1, 3:7])
    np.testing.assert_array_equal(data["station_power"].isel(station=[2, 0], time=5).to_numpy(), whole[..., [2, 0], 5])


def test_who_wanted_to_charge_is_counted_in_every_run_of_the_stack(study: Path):
    data = open_charging(study)
    parts = sum(data[f"charging_{part}"] for part in PARTS)
    charging = data.sel(scenario=["few", "more"])
    xr.testing.assert_equal(parts.sel(scenario=["few", "more"]), charging["charging_wanted"])
    assert (charging["charging_wanted"] > 5).all()
    assert (charging["charging_balance_error"] < 0.005).all()
    gained = charging["station_energy"].sum(["station", "time"])
    np.testing.assert_allclose(gained, charging["charged_energy"], rtol=1e-9)


def test_bands_are_the_means_of_the_runs_and_hold_them(study: Path):
    data = open_charging(study)
    bands = charging_bands(data).set_index(["scenario", "kpi"])
    assert set(bands.index.get_level_values("scenario")) == {"few", "more"}
    for kpi in ("charging_served", "charging_unmet", "unmet_energy", "mean_charging_wait", "peak_charging_power"):
        row, each = bands.loc[("few", kpi)], data[kpi].sel(scenario="few").to_numpy()
        assert row["mean"] == pytest.approx(each.mean())
        assert row["low"] <= row["mean"] <= row["high"]
        assert each.min() <= row["day_low"] <= row["day_high"] <= each.max()
    with pytest.raises(InputError, match="confidence between"):
        charging_bands(data, confidence=95)


def test_what_cannot_be_below_zero_has_no_bound_there(study: Path):
    data = open_charging(study)
    rare = data["unmet_energy"].load().copy()
    rare[:] = 90.0 * (rare["sample"] == 0)
    bands = charging_bands(data.assign(unmet_energy=rare, charging_grid_energy=-rare)).set_index(["scenario", "kpi"])
    assert bands.loc[("few", "unmet_energy"), "low"] == 0.0
    assert bands.loc[("few", "charging_grid_energy"), "low"] < -45.0  # cars may give more than they take


def test_feeders_see_the_sum_of_their_stations_in_every_minute(study: Path):
    data = open_charging(study)
    table = feeder_bands(data)
    assert np.diff(np.unique(table["time_s"])).tolist() == [60.0] * (data.sizes["time"] - 1)
    mean = data["station_power"].sel(scenario="more").mean("sample")
    for feeder, station in (("north", "s1"), ("south", "s2"), ("", "built")):
        own = table[(table["scenario"] == "more") & (table["feeder"] == feeder)]
        np.testing.assert_allclose(own["mean"], mean.sel(station=station))
        assert (own["day_low"] <= own["mean"] + 1e-9).all()
        assert (own["mean"] <= own["day_high"] + 1e-9).all()
    assert "" not in set(table.loc[table["scenario"] == "few", "feeder"])


def test_comparing_scenarios_says_what_a_station_changes(study: Path):
    opened = open_study(study)
    found = compare_numbers(opened, pair_of(opened, base="few", scenario="more")).set_index("name")
    data = open_charging(study)
    for kpi in (*(f"charging_{part}" for part in PARTS), "unmet_energy", "mean_charging_wait", "peak_charging_power"):
        change = (data[kpi].sel(scenario="more") - data[kpi].sel(scenario="few")).mean().item()
        assert found.loc[kpi, "difference"] == pytest.approx(change)
    assert found.loc["charging_served", "difference"] > 0


def test_a_run_opens_as_a_study_of_one(study: Path):
    directory = open_study(study).run_directory("more", 1)
    alone, data = open_charging(directory), open_charging(study)
    assert alone.sizes["scenario"] == alone.sizes["sample"] == 1
    assert alone["sample"].item() == 1
    one = data.sel(scenario="more", sample=1, station=alone["station"])
    np.testing.assert_array_equal(alone["station_queue"][0, 0], one["station_queue"])
    assert alone["charging_served"].item() == one["charging_served"].item()
    assert charging_bands(alone)["low"].isna().all()


def test_where_nobody_charges_there_is_nothing_to_open(study: Path):
    with pytest.raises(InputError, match="cars charge on the way, got none"):
        open_charging(open_study(study).run_directory("none", 0))


def test_workers_and_interruptions_change_no_number(study: Path, grid_net: Path, tmp_path: Path):
    again = ensemble(scenarios(grid_net, study.parent)[:2], directory=tmp_path / "two", samples=2, workers=2)
    first = {(run.scenario, run.sample): run.result_hash for run in open_study(study).outcome.runs}
    assert {(run.scenario, run.sample): run.result_hash for run in again.outcome.runs}.items() <= first.items()
    lost = tmp_path / "two" / "runs"
    folder = next(path for path in sorted(lost.glob("*/*")) if is_complete(path))
    shutil.rmtree(folder)
    (tmp_path / "two" / "outcome.json").unlink()
    resumed = ensemble(scenarios(grid_net, study.parent)[:2], directory=tmp_path / "two", samples=2, workers=1)
    assert resumed.outcome.study_hash == again.outcome.study_hash
    pd.testing.assert_frame_equal(charging_bands(open_charging(tmp_path / "two")), charging_bands(open_charging(study)))


def test_stations_that_cannot_be_used_are_told_before_anything_is_written(grid_net: Path, tmp_path: Path):
    few, more, _ = scenarios(grid_net, tmp_path)
    (tmp_path / "stations.csv").write_text("id,edge,plugs,power_kw\ns1,B1B2,1,-50\ns2,Z9Z9,1,50\n", encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        ensemble([few, more], directory=tmp_path / "study", samples=2, workers=1)
    for words in ("few: charging: ", "more: charging: ", "got -50", "'Z9Z9'"):
        assert words in str(caught.value)
    assert not (tmp_path / "study").exists()
