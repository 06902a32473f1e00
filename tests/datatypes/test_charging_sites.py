"""Today's stations can be enlarged by plugs of their own kinds, within what a site can have."""

from __future__ import annotations

import numpy as np

from trafficdiff.datatypes.charging_sites import SiteCosts, enlargements, merged, options_of
from trafficdiff.datatypes.stations import ChargingStation, Plugs

SLOW, RAPID = Plugs(count=20, power_kw=22.0, current="ac"), Plugs(count=2, power_kw=50.0)
TODAY = (
    ChargingStation(id="mixed", plugs=(SLOW, RAPID), site_kw=100.0, caps=((0.0, 3_600.0, 50.0),), name="Depot"),
    ChargingStation(id="full", plugs=(Plugs(count=24, power_kw=22.0, current="ac"),)),
)


def test_a_station_may_get_more_of_each_kind_that_it_has_up_to_24_plugs() -> None:
    (site,) = enlargements(TODAY, most_more=4)
    assert [(group.count, group.power_kw) for group in site.station.plugs] == [(2, 22.0), (2, 50.0)]
    assert not enlargements(TODAY, most_more=0)


def test_new_plugs_join_their_kind_and_the_limit_of_the_site_grows() -> None:
    options = options_of(enlargements(TODAY, most_more=4), SiteCosts())
    assert options.cost(np.array([0, 2])) == 5_000 + 2 * 40_000
    new = ChargingStation(id="new", plugs=(RAPID,))
    station, full, other = merged(TODAY, (*options.chosen(np.array([0, 2])), new))
    assert [(group.count, group.power_kw) for group in station.plugs] == [(20, 22.0), (4, 50.0)]
    assert (station.site_kw, station.caps, station.name) == (200.0, TODAY[0].caps, "Depot")
    assert (full, other) == (TODAY[1], new)
