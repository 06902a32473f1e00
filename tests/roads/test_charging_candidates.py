"""Candidate sites of the bundled city stand at roads that cars reach; what OSM says of places is understood."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pytest

from trafficdiff.datatypes.charging_matching import match_stations, reachable_edges
from trafficdiff.resources import bundled
from trafficdiff.roads.charging_candidates import charging_candidates, kind_of_tags

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph

OSM = """<?xml version="1.0"?>
<osm version="0.6">
 <bounds minlat="60.1640" minlon="24.9350" maxlat="60.1791" maxlon="24.9535"/>
 {nodes}
</osm>
"""


@pytest.fixture(scope="module")
def helsinki_graph() -> RoadGraph:
    from trafficdiff.roads.load import load_network

    return load_network("helsinki")


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"amenity": "parking"}, "parking"),
        ({"amenity": "parking", "access": "private"}, None),
        ({"amenity": "fuel"}, "fuel"),
        ({"amenity": "charging_station"}, None),
        ({"shop": "mall"}, "shop"),
        ({"shop": "kiosk"}, None),
    ],
)
def test_tags_say_what_is_at_a_site(tags: dict[str, str], kind: str | None):
    assert kind_of_tags(tags) == kind


@pytest.mark.sumo
def test_helsinki_offers_car_parks_shops_and_street_sides_at_roads(helsinki_graph: RoadGraph):
    sites = charging_candidates([bundled("networks/helsinki/helsinki.osm.pbf")], helsinki_graph)
    kinds = Counter(site.kind for site in sites)
    assert min(kinds["parking"], kinds["shop"], kinds["street"]) >= 10
    stations = match_stations([site.station for site in sites], helsinki_graph)
    assert len({station.id for station in stations}) == len(sites)
    edges = [helsinki_graph.edge_index[station.edge] for station in stations]
    assert reachable_edges(helsinki_graph)[edges].all()


@pytest.mark.sumo
def test_places_far_from_roads_are_left_out_close_ones_are_one_and_spaces_limit_plugs(
    helsinki_graph: RoadGraph, tmp_path: Path
):
    def node(number: int, lon: float, lat: float, **tags: str) -> str:
        told = "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())
        return f'<node id="{number}" version="1" lon="{lon}" lat="{lat}">{told}</node>'

    path = tmp_path / "places.osm"
    nodes = [
        node(1, 24.9420, 60.1706, amenity="parking", capacity="2"),
        node(2, 24.9421, 60.1706, amenity="parking"),
        node(3, 24.9420, 60.1706, amenity="fuel"),
        node(4, 24.9352, 60.1780, amenity="parking", access="private"),
    ]
    path.write_text(OSM.format(nodes="\n".join(nodes)), encoding="utf-8")
    sites = charging_candidates([path], helsinki_graph)
    assert [site.station.id for site in sites] == ["fuel_n3", "parking_n1"]
    assert [group.count for group in sites[1].station.plugs] == [2, 2]
    assert all(np.isfinite(site.station.position_m) for site in sites)
