"""Zones and totals are read from what cities have, and everything wrong with them is named at once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.towns import square_town
from trafficdiff.datatypes.zone_files import read_totals, read_zones
from trafficdiff.datatypes.zone_totals import ANY, ZoneTotals
from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph


@pytest.fixture(scope="module")
def town() -> RoadGraph:
    return square_town()


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def halves(town: RoadGraph, folder: Path, **properties: Any) -> Path:
    """The southern and the northern half of the square town as polygons."""
    features = []
    for name, (low, high) in {"south": (-10, 40), "north": (60, 110)}.items():
        ring = [(-10, low), (110, low), (110, high), (-10, high), (-10, low)]
        shape = {"type": "Polygon", "coordinates": [town.to_lonlat(np.array(ring, float)).tolist()]}
        own = {"zone": name, **{key: values[name] for key, values in properties.items()}}
        features.append({"type": "Feature", "properties": own, "geometry": shape})
    return written(folder / "zones.geojson", json.dumps({"type": "FeatureCollection", "features": features}))


def by_zone(town: RoadGraph, names: tuple[str, ...], zone: np.ndarray) -> dict[str, set[str]]:
    return {name: set(town.edge_id[zone == place]) for place, name in enumerate(names)}


def test_edges_belong_to_the_polygon_of_their_middle(town: RoadGraph, tmp_path: Path) -> None:
    names, zone = read_zones(halves(town, tmp_path), town)
    assert by_zone(town, names, zone) == {"south": {"A-B", "B-A"}, "north": {"C-D", "D-C"}}
    assert (zone[[town.edge_index["A-C"], town.edge_index["B-D"]]] == ANY).all()


def test_districts_and_tables_name_edges(town: RoadGraph, tmp_path: Path) -> None:
    districts = written(
        tmp_path / "z.taz.xml",
        '<tazs><taz id="s" edges="A-B B-A"/>'
        '<taz id="n"><tazSource id="C-D" weight="1"/><tazSink id="D-C"/></taz></tazs>',
    )
    expected = {"s": {"A-B", "B-A"}, "n": {"C-D", "D-C"}}
    assert by_zone(town, *read_zones(districts, town)) == expected
    table = written(tmp_path / "z.csv", "zone,edge\ns,A-B\ns,B-A\nn,C-D\nn,D-C\n")
    assert by_zone(town, *read_zones(table, town)) == expected


def test_totals_stand_in_a_table_in_a_matrix_or_beside_the_polygons(town: RoadGraph, tmp_path: Path) -> None:
    zones = halves(town, tmp_path)
    table = written(tmp_path / "t.csv", "zone,origins,destinations\nsouth,30,\nnorth,10,40\n")
    totals = read_totals(table, town, zones=zones)
    assert [totals.said(row) for row in range(3)] == [
        "trips from zone 'south'", "trips from zone 'north'", "trips to zone 'north'",
    ]  # fmt: skip
    assert totals.trips.tolist() == [30, 10, 40]
    assert np.isinf(totals.begin_s).all()
    matrix = written(tmp_path / "m.csv", "origin,destination,trips,begin,end\nsouth,north,7.5,0,3600\n")
    cell = read_totals(matrix, town, zones=zones)
    assert (cell.trips[0], cell.begin_s[0], cell.end_s[0]) == (7.5, 0, 3600)
    assert cell.said(0) == "trips from zone 'south' to 'north'"
    own = read_totals(halves(town, tmp_path, origins={"south": 3, "north": 4}), town)
    assert own.trips.tolist() == [3, 4]
    edges = read_totals(written(tmp_path / "e.csv", "zone,origins\nA-B,5\n"), town)
    assert edges.names[edges.origin[0]] == "A-B"


def test_a_matrix_of_other_zones_and_bad_numbers_are_named_together(town: RoadGraph, tmp_path: Path) -> None:
    rows = "south,west,1\nsouth,north,-2\neast,north,nan\nsouth,south,few\n"
    matrix = written(tmp_path / "m.csv", "origin,destination,trips\n" + rows)
    with pytest.raises(InputError) as caught:
        read_totals(matrix, town, zones=halves(town, tmp_path))
    said = str(caught.value)
    assert "5 faults" in said
    for word in ("zone 'west' is not among the 2 zones", "'-2'", "zone 'east'", "'nan'", "'few'"):
        assert word in said


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("z.csv", "zone,edge\na,A-B\nb,A-B\na,X\n", "2 faults"),
        ("z.csv", "area,edge\na,A-B\n", "expected the columns zone, edge"),
        ("z.taz.xml", "<tazs/>", "expected zones with edges"),
        ("z.taz.xml", "<tazs>", "broken XML"),
        ("z.geojson", "{}", "expected GeoJSON"),
        ("z.geojson", '{"features": [{"properties": {"zone": "far"}, "geometry": {"type": "Point", '
                      '"coordinates": [0, 0]}}, {"properties": {}, "geometry": null}]}', "no edge of the net"),
    ],
)  # fmt: skip
def test_zones_that_are_none_are_refused(town: RoadGraph, tmp_path: Path, name: str, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_zones(written(tmp_path / name, text), town)


def test_a_table_of_other_columns_is_refused(town: RoadGraph, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="origin, destination, trips"):
        read_totals(written(tmp_path / "t.csv", "from,to,trips\na,b,1\n"), town)
    with pytest.raises(InputError, match="got none"):
        read_totals(written(tmp_path / "t.csv", "zone,origins\n"), town)


def test_totals_check_themselves(town: RoadGraph) -> None:
    with pytest.raises(InputError, match="3 faults"):
        ZoneTotals(
            graph=town, names=("a",), zone=np.zeros(town.edge_count, np.int32), origin=np.array([0, ANY], np.int32),
            destination=np.array([ANY, ANY], np.int32), begin_s=np.array([0.0, 9]), end_s=np.array([10.0, 9]),
            trips=np.array([-1.0, 2]),
        )  # fmt: skip
