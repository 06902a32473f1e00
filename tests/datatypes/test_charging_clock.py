"""Tariffs and limits by the clock hold at stations of any origin, and are read from station files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from trafficdiff.datatypes.charging_clock import by_the_clock
from trafficdiff.datatypes.charging_smart import SmartCharging, StationLimit, Tariff
from trafficdiff.datatypes.part import Period
from trafficdiff.datatypes.station_files import read_stations, write_stations
from trafficdiff.datatypes.stations import ChargingStation, Plugs
from trafficdiff.errors import Faults, InputError

if TYPE_CHECKING:
    from pathlib import Path

HOUR = 3_600.0
TWO = tuple(
    ChargingStation(id=name, plugs=(Plugs(count=2, power_kw=50.0),), price_per_kwh=0.5, site_type=kind)
    for name, kind in (("a", "work"), ("b", "rapid"))
)


def test_the_last_tariff_that_holds_is_paid_and_one_for_the_whole_day_ends_earlier_ones():
    night = Period(begin_s=22 * HOUR, end_s=30 * HOUR)  # until six in the morning
    tariffs = [
        Tariff(price_per_kwh=0.3),
        Tariff(price_per_kwh=0.1, during=night),
        Tariff(price_per_kwh=0.9, during=Period(begin_s=5 * HOUR, end_s=7 * HOUR), site_types=("rapid",)),
    ]
    faults = Faults("charging")
    work, rapid = by_the_clock(TWO, tariffs=tariffs, faults=faults)
    assert [work.price_at(hour * HOUR) for hour in (4, 5, 6, 12, 23, 29)] == [0.1, 0.1, 0.3, 0.3, 0.1, 0.1]
    assert [rapid.price_at(hour * HOUR) for hour in (4, 5, 6, 12, 23, 29)] == [0.1, 0.9, 0.9, 0.3, 0.1, 0.9]
    assert not faults


def test_limits_hold_for_each_station_and_unknown_names_are_told_all_at_once():
    faults = Faults("charging")
    limits = [StationLimit(power_kw=30.0, stations=("a", "x"), during=Period(begin_s=0, end_s=HOUR))]
    first, second = by_the_clock(
        TWO, limits=limits, tariffs=[Tariff(price_per_kwh=1, stations=("y",))], faults=faults
    )  # fmt: skip
    assert [first.limit_kw(0.0), first.limit_kw(HOUR), second.limit_kw(0.0)] == [30.0, 100.0, 100.0]
    assert len(faults.messages) == 2
    assert "'x'" in str(faults.messages)
    assert "'y'" in str(faults.messages)


def test_prices_and_caps_of_a_file_survive_writing(tmp_path: Path):
    path = tmp_path / "stations.csv"
    path.write_text(
        "id,edge,plugs,power_kw,prices,caps\n"
        "a,e,2,50,07:00-20:00 0.6; 20:00-07:00 0.2,17:00-20:00 30\n"
        "b,e,2,50,,\n"
    )  # fmt: skip
    found = read_stations(path)
    assert [found[0].price_at(hour * HOUR) for hour in (6, 7, 19, 20, 23)] == [0.2, 0.6, 0.6, 0.2, 0.2]
    assert found[0].limit_kw(18 * HOUR) == 30.0
    assert found[0].limit_kw(21 * HOUR) == 100.0
    assert found[1].prices == found[1].caps == ()
    write_stations(found, tmp_path / "again.csv")
    assert [one.prices for one in read_stations(tmp_path / "again.csv")] == [one.prices for one in found]
    path.write_text("id,edge,plugs,power_kw,prices,caps\na,e,2,50,7-20 cheap; 08:00-08:00 1,25:00-26:00 3\n")
    with pytest.raises(InputError) as refused:
        read_stations(path)
    assert str(refused.value).count("expected prices such as") == 2
    assert "expected caps such as" in str(refused.value)


def test_smart_charging_without_a_stay_is_refused():
    with pytest.raises(ValueError, match="expected a stay above 0 s"):
        SmartCharging(stay_s={"work": 0.0})
