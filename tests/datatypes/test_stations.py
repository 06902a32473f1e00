"""Stations come from tables and from OpenStreetMap, stand at roads for cars, and all their faults are said at once."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.towns import make_town
from trafficdiff.datatypes.charging_matching import match_stations, reachable_edges
from trafficdiff.datatypes.charging_tags import station_of_tags
from trafficdiff.datatypes.control import Station
from trafficdiff.datatypes.station_files import read_stations, write_stations
from trafficdiff.datatypes.stations import AC_LIMIT_KW, ChargingStation, Plugs, check_stations, from_control
from trafficdiff.datatypes.vehicles import class_bit
from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph

FAST = (Plugs(count=2, power_kw=50.0),)
HEAD = "id,lon,lat,edge,plugs,power_kw,site_kw,price_per_kwh,site_type,opening,bays,feeder"


def named(**tags: str) -> ChargingStation | None:
    return station_of_tags("n1", {"amenity": "charging_station"} | tags, longitude_deg=24.9, latitude_deg=60.2)


def test_plugs_without_a_power_get_what_their_socket_usually_gives():
    station = named(**{"socket:type2_combo": "2", "socket:chademo": "1", "socket:type2": "1"})
    assert station is not None
    assert [(one.count, one.power_kw, one.current) for one in station.plugs] == [
        (2, 50.0, "dc"), (1, 50.0, "dc"), (1, 22.0, "ac"),
    ]  # fmt: skip
    assert station.site_type == "rapid"


def test_no_more_cars_charge_at_once_than_fit():
    station = named(
        **{"socket:type2_combo": "2", "socket:type2_combo:output": "150 kW", "socket:type2": "4", "capacity": "3"}
    )
    assert station is not None
    assert [(one.count, one.power_kw) for one in station.plugs] == [(2, 150.0), (1, 22.0)]


@pytest.mark.parametrize(
    ("tags", "power_kw"),
    [
        ({"maxpower": "22000"}, 22.0),
        ({"charging_station:output": "11 kW"}, 11.0),
        ({}, 22.0),
        ({"maxpower": "much"}, 22.0),
    ],
)
def test_a_power_is_read_with_and_without_its_unit(tags: dict[str, str], power_kw: float):
    station = named(**tags)
    assert station is not None
    assert station.plugs[0].power_kw == power_kw


@pytest.mark.parametrize("tags", [{"access": "private"}, {"bicycle": "yes"}, {"motorcar": "no"}, {"amenity": "fuel"}])
def test_what_is_not_for_the_cars_of_the_public_is_no_station(tags: dict[str, str]):
    assert named(**tags) is None


def test_a_car_draws_from_alternating_current_what_its_own_charger_takes():
    assert Plugs(count=1, power_kw=22.0, current="ac").usable_kw * 0.95 == pytest.approx(AC_LIMIT_KW)
    assert Plugs(count=1, power_kw=22.0).usable_kw == 22.0


def test_limits_prices_and_hours_hold_by_the_clock():
    station = ChargingStation(
        id="S", plugs=FAST, site_kw=80.0, caps=((100.0, 200.0, 30.0),), price_per_kwh=0.4, prices=((0.0, 50.0, 0.2),),
        opening=((0.0, 1000.0),),
    )  # fmt: skip
    assert [station.limit_kw(time_s) for time_s in (0.0, 150.0, 200.0)] == [80.0, 30.0, 80.0]
    assert [station.price_at(time_s) for time_s in (0.0, 60.0, 86_410.0)] == [0.2, 0.4, 0.2]
    assert (station.is_open(999.0), station.is_open(1000.0)) == (True, False)


def test_every_fault_of_every_station_is_said_at_once(tmp_path: Path):
    path = tmp_path / "s.csv"
    path.write_text(
        f"{HEAD}\nA,24.9,60.2,,2,-50,,,,,,\nA,24.9,60.2,,2,50,,,,,,\nB,24.9,60.2,,0,50,,,,,,\nC,24.9,60.2,,2,fast,,,,,,\n"
        "D,24.9,60.2,,2,50,-3,,moon,,-1,\n",
        encoding="utf-8",
    )
    with pytest.raises(InputError) as caught:
        read_stations(path)
    said = str(caught.value)
    for words in ("got -50", "got that of station number 1", "at least one plug", "power_kw as a number, got 'fast'",
                  "site_kw of at least 0", "site type among", "0 waiting bays"):  # fmt: skip
        assert words in said, words


def test_a_table_is_written_and_read_again(tmp_path: Path):
    stations = (
        ChargingStation(
            id="S", plugs=(Plugs(count=2, power_kw=150.0), Plugs(count=4, power_kw=22.0, current="ac")),
            longitude_deg=24.9, latitude_deg=60.2, site_kw=200.0, price_per_kwh=0.5, site_type="rapid",
            opening=((28_800.0, 64_800.0),), bays=2, feeder="north", name="Säntis, east",
        ),
        ChargingStation(id="T", plugs=FAST, edge="A-B", position_m=40.0),
    )  # fmt: skip
    write_stations(stations, tmp_path / "s.csv")
    again = read_stations(tmp_path / "s.csv")
    assert again[0] == stations[0]
    assert (again[1].edge, again[1].position_m, again[1].plugs) == ("A-B", 40.0, FAST)
    assert math.isnan(again[1].longitude_deg)


def test_points_of_a_geojson_are_stations(tmp_path: Path):
    feature = {
        "type": "Feature", "id": "p1", "geometry": {"type": "Point", "coordinates": [24.9, 60.2]},
        "properties": {"plugs": 4, "power_kw": 50, "site_type": "rapid"},
    }  # fmt: skip
    path = tmp_path / "s.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    (station,) = read_stations(path)
    assert (station.id, station.plug_count, station.longitude_deg, station.site_type) == ("p1", 4, 24.9, "rapid")
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="FeatureCollection"):
        read_stations(path)


def at(graph: RoadGraph, x: float, y: float, name: str = "S") -> ChargingStation:
    longitude, latitude = graph.to_lonlat(np.array([x, y]))
    return ChargingStation(id=name, plugs=FAST, longitude_deg=float(longitude), latitude_deg=float(latitude))


@pytest.fixture
def town_with_a_path() -> RoadGraph:
    """A square of streets for all, a footpath across, and a street that leads nowhere."""
    nodes = {"A": (0.0, 0.0), "B": (200.0, 0.0), "C": (0.0, 200.0), "D": (200.0, 200.0), "E": (900.0, 0.0)}
    sides = [("A", "B"), ("B", "D"), ("D", "C"), ("C", "A"), ("A", "D"), ("D", "A"), ("B", "E")]
    return make_town(nodes, sides, allowed={"A-D": class_bit("pedestrian"), "D-A": class_bit("pedestrian")})


def test_a_station_stands_at_the_nearest_road_that_cars_can_leave_again(town_with_a_path: RoadGraph):
    graph = town_with_a_path
    assert sorted(graph.edge_id[reachable_edges(graph)]) == ["A-B", "B-D", "C-A", "D-C"]
    (station,) = match_stations([at(graph, 60.0, 40.0)], graph)  # beside the path, 40 m from the street
    assert (station.edge, round(station.position_m)) == ("A-B", 60)
    with pytest.raises(InputError, match="within 150 m"):
        match_stations([at(graph, 800.0, 0.0)], graph)


def test_a_station_on_a_footway_is_refused_with_all_other_faults(town_with_a_path: RoadGraph):
    stations = [
        ChargingStation(id="foot", plugs=FAST, edge="A-D"),
        ChargingStation(id="gone", plugs=FAST, edge="X-Y"),
        ChargingStation(id="none", plugs=()),
        ChargingStation(id="weak", plugs=(Plugs(count=1, power_kw=-1.0),), edge="A-B"),
        at(town_with_a_path, 100.0, 0.0, "weak"),
    ]
    with pytest.raises(InputError) as caught:
        match_stations(stations, town_with_a_path)
    said = str(caught.value)
    for words in ("'A-D', which is closed", "edge of the net, got 'X-Y'", "'none': expected an edge, or longitude",
                  "got -1", "got that of station"):  # fmt: skip
        assert words in said, words


def test_stations_that_measures_build_are_the_same_kind(town_with_a_path: RoadGraph):
    site = Station(id="S", edge="A-B", plugs=3, power_kw=50.0, price_per_kwh=0.3, caps=((0.0, 9.0, 60.0),))
    (station,) = from_control([site], town_with_a_path)
    assert (station.plug_count, station.position_m, station.limit_kw(1.0)) == (3, 100.0, 60.0)
    check_stations([station], town_with_a_path)
