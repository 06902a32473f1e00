"""A plan of charging sites is published whole, can be run as it is, and says how good it is; faults leave nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.workflows.test_charging import scenario, stations
from trafficdiff.datatypes.scenario import UniformDemand
from trafficdiff.datatypes.scenario_files import read_scenario, write_scenario
from trafficdiff.datatypes.station_files import read_stations
from trafficdiff.errors import InputError, OutputError
from trafficdiff.workflows.charging import plan_of
from trafficdiff.workflows.measures import apply_measures
from trafficdiff.workflows.plan_charging import plan_charging, read_plan
from trafficdiff.workflows.plan_charging_study import Settings
from trafficdiff.workflows.supplies import Supplies

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.sumo

SITES = ("near,B1B2,4x50dc 6x22ac,,shop", "far,C3D3,4x150dc,,fuel", "s1,C1C2,2x22ac,,street")


def study(net: Path, folder: Path, **changes: object) -> Path:
    """Write a scenario with one station of one slow plug, and candidates; one has the station's name."""
    stations(folder, "s1,A1A2,1x22ac,,0")
    rows = "\n".join(("id,edge,plugs,power_kw,kind", *SITES))
    (folder / "sites.csv").write_text(rows + "\n", encoding="utf-8")
    path = folder / "evs.yaml"
    write_scenario(scenario(net, **({"demand": UniformDemand(trips=80, electric_share=1.0)} | changes)), path)
    return path


@pytest.mark.slow
def test_the_plan_is_published_whole_and_its_scenario_plans_stops_with_less_unmet(grid_net: Path, tmp_path: Path):
    path = study(grid_net, tmp_path)
    plan = plan_charging(
        path, budget=200_000, directory=tmp_path / "plan", candidates=tmp_path / "sites.csv", samples=2, method="exact"
    )
    assert plan == read_plan(tmp_path / "plan") == read_plan(tmp_path / "plan" / "plan.json")
    assert plan.sites
    assert plan.cost == sum(site.cost for site in plan.sites) <= 200_000
    assert plan.planned.loss_kwh < plan.today.loss_kwh
    assert plan.planned.unmet_kwh <= plan.today.unmet_kwh <= plan.wanted_kwh
    assert plan.planned.new_days_unmet_kwh < plan.today.new_days_unmet_kwh
    assert {result.method for result in plan.methods} == {"greedy", "exact"}
    assert plan.gap <= 1e-4
    assert plan.methods[0].proven
    assert plan.random.loss_low_kwh <= plan.random.loss_mean_kwh <= plan.random.loss_high_kwh
    assert plan.random.loss_low_kwh >= plan.planned.loss_kwh - 1e-6
    built = read_stations(tmp_path / "plan" / "stations.csv")
    assert [station.id for station in built] == ["s1", *(site.id for site in plan.sites if site.kind != "enlarged")]
    added = sum(site.plugs for site in plan.sites)
    assert sum(station.plug_count for station in built) == 1 + added
    points = json.loads((tmp_path / "plan" / "sites.geojson").read_text("utf-8"))["features"]
    assert [point["geometry"]["coordinates"] for point in points] == [[site.lon, site.lat] for site in plan.sites]

    after = read_scenario(tmp_path / "plan" / "scenario.yaml")
    supplies, folder = Supplies(), tmp_path / "plan"
    graph = supplies.roads(after.network, folder)
    trips = supplies.trips(after, graph, sample=0, folder=folder)
    changed = apply_measures(after, graph, trips, sample=0, directory=tmp_path / "edited")
    stops = plan_of(after, changed, sample=0, folder=folder)
    before = plan_of(read_scenario(path), changed, sample=0, folder=tmp_path)
    assert (stops.choices[:, 0] >= 0).sum() > (before.choices[:, 0] >= 0).sum()


@pytest.mark.slow
def test_the_same_call_gives_the_same_plan(grid_net: Path, tmp_path: Path):
    path = study(grid_net, tmp_path)
    plans = [
        plan_charging(path, budget=90_000, directory=tmp_path / name, candidates=tmp_path / "sites.csv", samples=1)
        for name in ("one", "other")
    ]
    assert plans[0] == plans[1]
    assert (tmp_path / "one/plan.json").read_bytes() == (tmp_path / "other/plan.json").read_bytes()


def test_todays_station_can_be_enlarged_and_a_search_without_time_ends_with_a_plan_and_a_bound(
    grid_net: Path, tmp_path: Path
):
    path = study(grid_net, tmp_path)
    (tmp_path / "far.csv").write_text("id,edge,plugs,power_kw,fixed_cost\nfar,C3D3,1,11,1000000\n", encoding="utf-8")
    plan = plan_charging(
        path, budget=17_000, directory=tmp_path / "plan", candidates=tmp_path / "far.csv", samples=1,
        settings=Settings(limit_s=0.01),
    )  # fmt: skip
    (site,) = plan.sites
    assert (site.id, site.kind, site.plugs, site.cost) == ("s1", "enlarged", 2, 5_000 + 2 * 6_000)
    (station,) = read_stations(tmp_path / "plan" / "stations.csv")
    assert [(group.count, group.power_kw) for group in station.plugs] == [(3, 22.0)]
    assert plan.planned.loss_kwh < plan.today.loss_kwh
    assert 0 <= plan.methods[0].bound_kwh <= plan.planned.loss_kwh
    with pytest.raises(InputError, match="time limit"):
        plan_charging(path, budget=1e4, directory=tmp_path / "other", settings=Settings(limit_s=0.0))


def test_faults_are_said_all_at_once_and_nothing_is_written(grid_net: Path, tmp_path: Path):
    path = study(grid_net, tmp_path, charging=None)
    with pytest.raises(InputError) as said:
        plan_charging(path, budget=-1, directory=tmp_path / "plan", samples=0)
    assert all(words in str(said.value) for words in ("3 faults", "section charging", "budget", "samples"))
    path = study(grid_net, tmp_path)
    with pytest.raises(InputError, match="cheapest site"):
        plan_charging(path, budget=10, directory=tmp_path / "plan", candidates=tmp_path / "sites.csv", samples=1)
    with pytest.raises(InputError, match="file of candidates"):
        plan_charging(path, budget=1e5, directory=tmp_path / "plan", samples=1)  # a net has no extract
    (tmp_path / "sites.csv").write_text("id,edge,plugs,power_kw\na,nowhere,2,50\nb,B1B2,2,-5\n", encoding="utf-8")
    with pytest.raises(InputError, match="plug's power"):
        plan_charging(path, budget=1e5, directory=tmp_path / "plan", candidates=tmp_path / "sites.csv", samples=1)
    assert not (tmp_path / "plan").exists()
    (tmp_path / "plan").mkdir()
    (tmp_path / "plan" / "mine.txt").write_text("keep")
    with pytest.raises(OutputError):
        plan_charging(path, budget=1e5, directory=tmp_path / "plan", candidates=tmp_path / "sites.csv", samples=1)


def test_what_is_no_plan_is_said(tmp_path: Path):
    with pytest.raises(InputError, match="make one with plan-charging"):
        read_plan(tmp_path)
    (tmp_path / "plan.json").write_text('{"format": 2}')
    with pytest.raises(InputError) as said:
        read_plan(tmp_path)
    assert "format" in str(said.value)
    assert "budget" in str(said.value)


@pytest.mark.slow
def test_the_plan_is_confirmed_by_simulations_in_pairs(grid_net: Path, tmp_path: Path):
    path = study(grid_net, tmp_path)
    plan = plan_charging(
        path, budget=200_000, directory=tmp_path / "plan", candidates=tmp_path / "sites.csv", samples=1, confirm=2,
        workers=1,
    )  # fmt: skip
    told = {one.name: one for one in plan.simulated}
    unmet, served = told["unmet_energy"], told["charging_served"]
    assert unmet.samples == 2
    assert unmet.change == pytest.approx(unmet.after - unmet.before)
    assert unmet.change < 0 < served.change
    assert told["charging_wanted"].change == 0
    assert len(list((tmp_path / "plan.confirm" / "runs").glob("*/*"))) == 4
    assert read_plan(tmp_path / "plan").simulated == plan.simulated
