from __future__ import annotations

import numpy as np
import pytest

from tests.scenarios.demands import edit, grid_town, many_trips, trips_between
from trafficdiff.datatypes.control import Control
from trafficdiff.datatypes.demand_measures import ChargingPowerCap, ChargingSite, ChargingTariff
from trafficdiff.datatypes.part import DAY_S, Period
from trafficdiff.datatypes.vehicles import ALL_CLASSES, class_bit
from trafficdiff.errors import ScenarioError

GRAPH = grid_town()
TRIPS = many_trips(GRAPH, 10)


def built(*measures):
    control = Control()
    for measure in measures:
        control = control.joined(edit(measure, TRIPS, control=control).control)
    return control


def sites(control):
    return {site.id: site for site in control.stations}


SMALL = ChargingSite(id="small", at="00-10", plugs=2, power_kw=50)
LARGE = ChargingSite(id="large", at="10-20", plugs=4, power_kw=150)


def test_a_site_is_built_on_the_nearest_road_for_cars():
    lon, lat = map(float, GRAPH.to_lonlat(np.array([50.0, -3.0])))
    made = edit(ChargingSite(id="a", at=(lon, lat)), TRIPS)
    assert made.control.stations[0].edge in {"00-10", "10-00"}
    assert made.trips is TRIPS
    closed = dict.fromkeys(("00-10", "10-00"), ALL_CLASSES & ~class_bit("passenger"))
    elsewhere = trips_between(grid_town(allowed=closed), [("01-11", "11-21")])
    made = edit(ChargingSite(id="a", at=(lon, lat)), elsewhere)
    assert made.control.stations[0].edge not in closed


def test_a_tariff_all_day_replaces_and_one_for_hours_is_added():
    control = built(SMALL, LARGE, ChargingTariff(price_per_kwh=0.4))
    assert {site.price_per_kwh for site in control.stations} == {0.4}
    evening = ChargingTariff(sites=("large",), price_per_kwh=0.7, during=Period(begin_s=61_200, end_s=72_000))
    control = built(SMALL, LARGE, ChargingTariff(price_per_kwh=0.4), evening)
    assert sites(control)["large"].prices == ((61_200, 72_000, 0.7),)
    assert sites(control)["small"].prices == ()
    control = built(SMALL, LARGE, evening, ChargingTariff(price_per_kwh=0.3))
    assert sites(control)["large"].prices == ()


def test_a_cap_is_shared_by_the_power_of_the_plugs():
    control = built(SMALL, LARGE, ChargingPowerCap(power_kw=350))
    assert sites(control)["small"].caps == ((0.0, 2 * DAY_S, pytest.approx(50.0)),)
    assert sites(control)["large"].caps == ((0.0, 2 * DAY_S, pytest.approx(300.0)),)


def test_tariffs_and_caps_without_sites_are_refused():
    for measure in (ChargingTariff(price_per_kwh=0.4), ChargingPowerCap(power_kw=100)):
        with pytest.raises(ScenarioError, match="build some with charging_site"):
            built(measure)
    with pytest.raises(ScenarioError, match=r"(?s)2 faults.*'x'.*'y'"):
        built(SMALL, ChargingTariff(sites=("x", "y", "small"), price_per_kwh=0.4))


def test_sites_that_cannot_be_built_are_refused():
    with pytest.raises(ScenarioError, match=r"(?s)2 faults.*id of its own.*'nowhere'"):
        built(SMALL, ChargingSite(id="small", at="nowhere"))
    with pytest.raises(ScenarioError, match="m away"):
        built(ChargingSite(id="a", at=(0.0, 0.0)))
    graph = grid_town(allowed={"33-32": ALL_CLASSES & ~class_bit("passenger")})
    with pytest.raises(ScenarioError, match="cars may use"):
        edit(ChargingSite(id="a", at="33-32"), trips_between(graph, [("01-11", "11-21")]))
