"""A built directory is whole, checked, the same every time, and says where it comes from."""

from __future__ import annotations

import gzip
import json
import random
from typing import TYPE_CHECKING

import pytest

from tests.roads.mini_osm import DUBLIN, STREETS, positions, with_tags, write_osm
from trafficdiff.errors import DeadlineError, IntegrityError, NetworkError, StoreError
from trafficdiff.publish import verify
from trafficdiff.roads.area import area_of_box
from trafficdiff.roads.build import KIND, build, open_built
from trafficdiff.roads.netconvert import ConvertOptions
from trafficdiff.roads.netfile import read_net

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.sumo

FROM_OSM = {
    "net.net.xml.gz", "tags.parquet", "background.geojson", "pois.parquet", "buildings.parquet", "build.json",
    "netconvert.log", "manifest.json",
}  # fmt: skip


@pytest.fixture(scope="module")
def mini(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The mini town, built."""
    folder = tmp_path_factory.mktemp("mini")
    build(write_osm(folder / "town.osm.gz"), directory=folder / "built", name="Mini town", time_zone="Europe/Helsinki")
    return folder / "built"


def test_directory_holds_all_that_a_study_needs(mini: Path) -> None:
    assert {path.name for path in mini.iterdir()} == FROM_OSM
    verify(mini, kind=KIND)


def test_graph_comes_back_with_its_tags(mini: Path) -> None:
    graph = open_built(mini)
    assert graph.name == "Mini town"
    assert graph.net_path == mini / "net.net.xml.gz"
    assert graph.tags is not None
    assert graph.tags.index.tolist() == graph.edge_id.tolist()
    assert (graph.tags["joined"] == "way_id").all()
    assert graph.tags["name"].tolist() == graph.street_name.tolist()
    middle = graph.tags["name"] == "Middle Street"
    assert set(graph.tags.loc[middle, "surface"]) == {"sett"}
    assert all(value is None for value in graph.tags.loc[~middle, "surface"])
    assert graph.edges["osm_surface"].notna().sum() == middle.sum()


def test_built_and_opened_graph_are_equal(tmp_path: Path) -> None:
    built = build(write_osm(tmp_path / "town.osm"), directory=tmp_path / "built").graph
    opened = open_built(tmp_path / "built")
    assert built.tags is not None
    assert opened.tags is not None
    assert built.net_path == opened.net_path
    assert built.edge_id.tolist() == opened.edge_id.tolist()
    assert built.tags.equals(opened.tags)
    assert built.tags.dtypes.equals(opened.tags.dtypes)


def test_record_says_where_it_comes_from(mini: Path) -> None:
    record = json.loads((mini / "build.json").read_text())
    assert record["sources"][0]["file"] == "town.osm.gz"
    assert len(record["sources"][0]["sha256"]) == 64
    assert record["data_date"] == "2024-05-01T12:00:00Z"
    assert "Open Database License" in record["licence_notice"]
    assert "OpenStreetMap contributors" in record["attribution"]
    assert record["netconvert"]["command"][0].startswith("$SUMO_HOME")
    assert record["joined_share"] == {"way_id": 1.0, "geometry": 0.0, "none": 0.0}
    assert record["graph"]["signalised_nodes"] == 1
    assert record["versions"]["eclipse-sumo"].startswith("1.28")
    assert str(mini.parent) not in (mini / "build.json").read_text()


def test_equal_inputs_give_equal_bytes(mini: Path, tmp_path: Path) -> None:
    source = write_osm(tmp_path / "town.osm.gz")
    source.write_bytes((mini.parent / "town.osm.gz").read_bytes())
    build(source, directory=tmp_path / "again", name="Mini town", time_zone="Europe/Helsinki")
    assert (tmp_path / "again" / "manifest.json").read_bytes() == (mini / "manifest.json").read_bytes()


def test_changed_file_is_noticed_at_open(tmp_path: Path) -> None:
    build(write_osm(tmp_path / "town.osm"), directory=tmp_path / "built")
    content = bytearray((tmp_path / "built" / "tags.parquet").read_bytes())
    content[100] ^= 1
    (tmp_path / "built" / "tags.parquet").write_bytes(content)
    with pytest.raises(IntegrityError, match=r"tags\.parquet"):
        open_built(tmp_path / "built")


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("packed", [True, False])
def test_net_cut_at_a_random_byte_is_an_input_error(mini: Path, tmp_path: Path, seed: int, packed: bool) -> None:
    content = (mini / "net.net.xml.gz").read_bytes()
    if not packed:
        content = gzip.decompress(content)
    path = tmp_path / ("cut.net.xml.gz" if packed else "cut.net.xml")
    path.write_bytes(content[: random.Random(seed).randrange(1, len(content) - 8)])
    with pytest.raises(NetworkError, match=r"cut\.net\.xml"):
        build(path, directory=tmp_path / "built")
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_net_and_osm_beside_it_are_joined_by_id(mini: Path, tmp_path: Path) -> None:
    osm = write_osm(tmp_path / "town.osm", ways=with_tags(101, surface="asphalt"))
    record = build(mini / "net.net.xml.gz", directory=tmp_path / "built", osm=[osm]).record
    assert record["joined_share"]["way_id"] == 1.0
    graph = open_built(tmp_path / "built")
    assert graph.tags is not None
    assert set(graph.tags.loc[graph.street_name == "Main Street", "surface"]) == {"asphalt"}
    assert {path.name for path in (tmp_path / "built").iterdir()} == FROM_OSM - {"netconvert.log"}


def test_foreign_net_is_joined_by_geometry_to_the_same_streets(mini: Path, tmp_path: Path) -> None:
    text = gzip.decompress((mini / "net.net.xml.gz").read_bytes()).decode().replace("origId", "noId")
    (tmp_path / "foreign.net.xml").write_text(text)
    osm = write_osm(tmp_path / "town.osm")
    built = build(tmp_path / "foreign.net.xml", directory=tmp_path / "built", osm=[osm])
    assert built.record["joined_share"] == {"way_id": 0.0, "geometry": 1.0, "none": 0.0}
    assert built.graph.tags is not None
    assert built.graph.tags["name"].tolist() == built.graph.street_name.tolist()


def test_net_alone_stays_as_it_is(mini: Path, tmp_path: Path) -> None:
    built = build(mini / "net.net.xml.gz", directory=tmp_path / "built")
    assert built.graph.tags is None
    assert {path.name for path in (tmp_path / "built").iterdir()} == {"net.net.xml.gz", "build.json", "manifest.json"}
    assert (tmp_path / "built" / "net.net.xml.gz").read_bytes() == (mini / "net.net.xml.gz").read_bytes()
    assert built.record["licence_notice"] == "as its source"


def test_dublin_drives_on_the_left_unless_told_otherwise(tmp_path: Path) -> None:
    town = write_osm(tmp_path / "town.osm", nodes=positions(DUBLIN))
    assert build(town, directory=tmp_path / "left").graph.left_hand
    told = build(town, directory=tmp_path / "right", options=ConvertOptions(left_hand=False))
    assert not told.graph.left_hand
    assert told.record["decided"]["left_hand"] == "asked for"


def test_island_is_reported_and_kept(tmp_path: Path) -> None:
    nodes = positions() | {21: (24.96, 60.18), 22: (24.965, 60.18)}
    ways = {**STREETS, 120: ([21, 22], {"highway": "residential", "name": "Island"})}
    built = build(write_osm(tmp_path / "town.osm", nodes=nodes, ways=ways), directory=tmp_path / "built")
    assert "Island" in set(built.graph.street_name)
    assert built.record["graph"]["parts"] == 2
    assert any(warning.startswith("islands: ") for warning in built.record["warnings"])


def test_sanitising_is_reported(tmp_path: Path) -> None:
    town = write_osm(tmp_path / "town.osm", ways=with_tags(101, lanes="999999"))
    record = build(town, directory=tmp_path / "built").record
    assert record["findings"]["lanes_refused"]["examples"] == ["way 101: lanes=999999"]
    assert any(warning.startswith("lanes_refused: 1 ") for warning in record["warnings"])


def test_box_is_kept_in_the_record(tmp_path: Path) -> None:
    box = area_of_box([24.93, 60.16, 24.96, 60.1722])
    built = build(write_osm(tmp_path / "town.osm"), directory=tmp_path / "built", area=box)
    assert built.record["area"]["bounds"] == list(box.bounds)
    assert "North Street" not in set(built.graph.street_name)


def test_wrong_combinations_are_refused(mini: Path, tmp_path: Path) -> None:
    net = mini / "net.net.xml.gz"
    with pytest.raises(NetworkError, match="no box or polygon with a SUMO net"):
        build(net, directory=tmp_path / "built", area=area_of_box([24, 60, 25, 61]))
    with pytest.raises(NetworkError, match="one net only"):
        build(net, directory=tmp_path / "built", osm=[net])
    assert not (tmp_path / "built").exists()


def test_directory_that_is_taken_is_not_touched(mini: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="complete one"):
        build(write_osm(tmp_path / "town.osm"), directory=mini)
    verify(mini, kind=KIND)


def test_the_log_of_a_failed_build_is_kept_until_one_goes_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    town, kept = write_osm(tmp_path / "town.osm"), tmp_path / "built.failed.log"
    with monkeypatch.context() as patched:
        patched.setattr("trafficdiff.roads.netconvert._type_maps", lambda _: ["nowhere.typ.xml"])
        with pytest.raises(NetworkError, match="netconvert to make a net") as caught:
            build(town, directory=tmp_path / "built")
    assert "nowhere.typ.xml" in kept.read_text()
    assert caught.value.log == kept
    assert str(kept) in str(caught.value)
    kept.write_text("old")
    with pytest.raises(DeadlineError, match=r"built\.failed\.log"):
        build(town, directory=tmp_path / "built", deadline_s=0)
    assert kept.read_text() != "old"
    build(town, directory=tmp_path / "built")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["built", "town.osm"]


def test_a_build_that_fails_before_netconvert_leaves_no_log(tmp_path: Path) -> None:
    with pytest.raises(NetworkError):
        build(tmp_path / "none.osm", directory=tmp_path / "built")
    assert list(tmp_path.iterdir()) == []


def test_steps_are_told(tmp_path: Path) -> None:
    steps: list[str] = []
    build(write_osm(tmp_path / "town.osm"), directory=tmp_path / "built", on_step=steps.append)
    assert steps[0] == "checking town.osm"
    assert any("netconvert" in step for step in steps)


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "left_hand", "least_edges"),
    [
        ("andorra.osm.pbf", False, 2_000), ("baltimore.osm.pbf", False, 5_000),
        ("berlin_adlershof.osm.xml.gz", False, 800), ("campo_grande.osm.xml.gz", False, 20_000),
        ("dublin_docklands.osm.xml.gz", True, 700), ("harrisburg.osm.pbf", False, 9_000),
        ("helsinki.osm.pbf", False, 350), ("krems.osm.xml.gz", False, 700), ("kyoto.osm.xml.gz", True, 5_000),
        ("liechtenstein.osm.pbf", False, 4_000), ("moscow.osm.xml.gz", False, 300),
        ("north_bayreuth.osm.xml.gz", False, 1_500), ("riyadh.osm.xml.gz", False, 13_000),
        ("sophia_antipolis.osm.xml.gz", False, 800), ("wildau.osm.xml.gz", False, 600),
    ],
)  # fmt: skip
def test_real_extract_is_built(data_folder: Path, tmp_path: Path, name: str, left_hand: bool, least_edges: int) -> None:
    built = build(data_folder / "osm" / name, directory=tmp_path / "built")
    assert built.graph.edge_count >= least_edges
    assert built.graph.left_hand is left_hand
    assert built.record["joined_share"]["way_id"] == 1.0
    assert built.record["graph"]["largest_strongly_connected_share"] > 0.8


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize(
    "city",
    [
        "bad_hersfeld", "berlin_doerpfeldstr", "bologna", "braunschweig", "hamburg_tavf", "ingolstadt21", "ingolstadt7",
        "nanchang", "wildau",
    ],
)  # fmt: skip
def test_real_net_is_opened(data_folder: Path, city: str) -> None:
    graph = read_net(data_folder / "cities" / city / "net.net.xml.gz")
    assert graph.drivable().any()


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize(
    ("city", "osm", "least_joined"),
    [
        ("wildau", "osm/wildau.osm.xml.gz", 0.98),
        ("berlin_doerpfeldstr", "osm/berlin_adlershof.osm.xml.gz", 0.6),  # the extract covers half of the net
        ("bad_hersfeld", "cities/bad_hersfeld/extract.osm.xml.gz", 0.98),
    ],
)
def test_real_net_is_joined_with_the_osm_beside_it(
    data_folder: Path, tmp_path: Path, city: str, osm: str, least_joined: float
) -> None:
    net = data_folder / "cities" / city / "net.net.xml.gz"
    built = build(net, directory=tmp_path / "built", osm=[data_folder / osm])
    assert 1 - built.record["joined_share"]["none"] >= least_joined
