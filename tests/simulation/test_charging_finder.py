"""SUMO's own station finder can be watched: everybody is counted once, and the energies agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from tests.charging_town import EVENING, charging_grid, grid_stations, low_trips
from trafficdiff.datatypes.chance import Chance
from trafficdiff.datatypes.charging_options import ChargingOptions
from trafficdiff.datatypes.charging_smart import SmartCharging
from trafficdiff.datatypes.scenario import SimulationOptions, Window
from trafficdiff.demand.charging_stops import unplanned_stops
from trafficdiff.demand.charging_wishes import declared_wishes, with_batteries
from trafficdiff.metrics.charging_numbers import balance_error, car_balance_kwh
from trafficdiff.simulation.charging_finder import finder_options
from trafficdiff.simulation.charging_run import simulate_charging

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
@pytest.mark.sumo
def test_what_sumos_station_finder_does_is_counted_as_ours_is(tmp_path: Path):
    graph = charging_grid(tmp_path, side=4)
    options = EVENING.model_copy(update={"steering": "sumo", "patience_s": 1_800.0})
    trips = with_batteries(low_trips(graph, count=20, low=16, end_s=600.0), temperature_c=20.0)
    wishes = declared_wishes(trips, options=options, chance=Chance("a"))
    plan = unplanned_stops(trips, wishes, grid_stations(graph, ("B2C2", "C1C2")))
    traffic, found = simulate_charging(
        plan, charging=options, options=SimulationOptions(emissions=False), seed=1, directory=tmp_path / "run",
        window=Window(begin_s=0, end_s=600, clear_s=5_400),
    )  # fmt: skip
    assert sum(found.counts().values()) == len(wishes) == 16
    assert found.counts()["served"] == found.sessions["trip_id"].nunique() >= 4
    assert len(traffic.trips) == 20
    assert found.sessions["charge_out"].max() <= 0.81
    assert balance_error(found) < 0.005
    assert car_balance_kwh(found.cars).abs().max() < 0.03
    gave_up = found.cars[found.cars["outcome"] == "unmet"]
    assert gave_up["reason"].str.contains("station finder").all()
    assert (gave_up["charged_kwh"] == 0).all()
    options_of_it = dict(finder_options(plan, options))
    assert len(options_of_it["device.stationfinder.explicit"].split(",")) == 16


def test_sumos_station_finder_leaves_no_room_for_smart_charging():
    with pytest.raises(ValidationError, match="expected steering planned with smart charging"):
        ChargingOptions(steering="sumo", smart=SmartCharging(stay_s={"work": 60.0}))
