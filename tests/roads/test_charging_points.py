"""The charging stations of an OSM file are found, nodes and areas alike, and stand at roads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trafficdiff.datatypes.charging_matching import match_stations
from trafficdiff.resources import bundled
from trafficdiff.roads.charging_points import charging_points
from trafficdiff.roads.load import load_network

if TYPE_CHECKING:
    from pathlib import Path

MAP = """<?xml version="1.0"?>
<osm version="0.6">
  <bounds minlon="24.9" minlat="60.1" maxlon="25.0" maxlat="60.2"/>
  <node id="1" lon="24.95" lat="60.15" version="1">
    <tag k="amenity" v="charging_station"/><tag k="socket:type2_combo" v="4"/>
    <tag k="socket:type2_combo:output" v="150 kW"/><tag k="opening_hours" v="08:00-20:00"/>
  </node>
  <node id="2" lon="24.96" lat="60.15" version="1">
    <tag k="amenity" v="charging_station"/><tag k="bicycle" v="yes"/>
  </node>
  <node id="3" lon="24.970" lat="60.150" version="1"/><node id="4" lon="24.972" lat="60.150" version="1"/>
  <node id="5" lon="24.972" lat="60.152" version="1"/>
  <way id="9" version="1"><nd ref="3"/><nd ref="4"/><nd ref="5"/><nd ref="3"/>
    <tag k="amenity" v="charging_station"/><tag k="capacity" v="6"/><tag k="maxpower" v="22000"/>
  </way>
</osm>"""


def test_stations_for_cars_are_found_as_points_and_as_areas(tmp_path: Path):
    path = tmp_path / "map.osm"
    path.write_text(MAP, encoding="utf-8")
    point, area = charging_points([path])
    assert (point.id, area.id) == ("osm_n1", "osm_w9")
    assert (point.plug_count, point.plugs[0].power_kw, point.site_type) == (4, 150.0, "rapid")
    assert point.opening == ((28_800.0, 72_000.0),)
    assert (area.plug_count, area.plugs[0].power_kw, area.plugs[0].current) == (6, 22.0, "ac")
    assert 24.970 < area.longitude_deg < 24.972


def test_the_default_city_has_stations_at_its_roads():
    graph = load_network("helsinki")
    stations = match_stations(charging_points([bundled("networks/helsinki/helsinki.osm.pbf")]), graph)
    assert len(stations) == 4
    assert all(graph.drivable()[graph.edge_index[station.edge]] for station in stations)
