"""Today's stations of a plan may come from the place's OSM extract, and the planned scenario keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from trafficdiff.datatypes.charging_options import ChargingOptions
from trafficdiff.datatypes.scenario import GravityDemand, Scenario, Window
from trafficdiff.datatypes.station_files import read_stations
from trafficdiff.workflows.plan_charging import plan_charging
from trafficdiff.workflows.plan_charging_study import Settings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
@pytest.mark.sumo
def test_stations_of_osm_are_todays_stations_and_stay_in_the_planned_scenario(tmp_path: Path):
    scenario = Scenario(
        name="evs",
        network="helsinki",
        window=Window(begin_s=0, end_s=1_800, clear_s=1_800),
        demand=GravityDemand(trips=60, electric_share=1.0),
        charging=ChargingOptions(stations="osm", low_charge=0.8),
    )
    plan = plan_charging(
        scenario, budget=100_000, directory=tmp_path / "plan", samples=1,
        settings=Settings(most_sites=4, draws=2, new_days=1),
    )  # fmt: skip
    names = [station.id for station in read_stations(tmp_path / "plan" / "stations.csv")]
    assert names[:4] == ["osm_n1685729190", "osm_n1685821074", "osm_n1685871599", "osm_n1831955269"]
    assert names[4:] == [site.id for site in plan.sites] != []
