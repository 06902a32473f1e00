"""netconvert makes the net that the options ask for; equal roads give equal bytes."""

from __future__ import annotations

import gzip
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.roads.mini_osm import STREETS, positions, with_tags, write_osm
from trafficdiff.errors import DeadlineError, NetworkError
from trafficdiff.roads.extract import extract, piece_id
from trafficdiff.roads.netconvert import Converted, ConvertOptions, convert, pack_net
from trafficdiff.roads.netfile import read_net
from trafficdiff.roads.screen import screen_source

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.sumo

PLAIN = ConvertOptions(left_hand=False, urban_speeds=True)


def run(folder: Path, *, options: ConvertOptions = PLAIN, deadline_s: float = 60, **town: object) -> Converted:
    """Extract the mini town and convert it to ``plain.net.xml``."""
    source = screen_source(write_osm(folder / "town.osm", **town))
    extract([source], crop=folder / "crop.osm", paths=options.needs_paths)
    return convert(
        folder / "crop.osm",
        net=folder / "plain.net.xml",
        log=folder / "log.txt",
        options=options,
        deadline_s=deadline_s,
    )


def test_net_carries_way_ids_names_lanes_and_the_signal(tmp_path: Path) -> None:
    run(tmp_path)
    graph = read_net(tmp_path / "plain.net.xml")
    assert set(graph.way_ids) == set(STREETS) - {107}
    assert {"Main Street", "Middle Street"} <= set(graph.street_name)
    assert graph.node_signalised.sum() == 1
    main = graph.street_name == "Main Street"
    assert graph.lanes[main].tolist() == [1] * int(main.sum())  # two lanes, one a direction
    assert graph.speed_limit_ms[main] == pytest.approx(50 / 3.6, abs=0.01)
    assert not graph.left_hand
    assert "utm +zone=35" in graph.crs


def test_command_tells_nothing_about_the_folder(tmp_path: Path) -> None:
    converted = run(tmp_path)
    assert str(tmp_path) not in " ".join(converted.command)
    assert str(tmp_path).encode() not in (tmp_path / "plain.net.xml").read_bytes()
    assert (tmp_path / "log.txt").read_text() == converted.output
    assert "proj.db" not in converted.output


def test_left_hand_net_says_so(tmp_path: Path) -> None:
    run(tmp_path, options=replace(PLAIN, left_hand=True))
    assert read_net(tmp_path / "plain.net.xml").left_hand


def test_urban_speeds_halve_the_limit_of_unsigned_main_roads(tmp_path: Path) -> None:
    ways = {**STREETS, 101: (STREETS[101][0], {"highway": "primary", "name": "Main Street"})}
    limits = []
    for urban in (True, False):
        run(tmp_path, options=replace(PLAIN, urban_speeds=urban), ways=ways)
        graph = read_net(tmp_path / "plain.net.xml")
        limits.append(graph.speed_limit_ms[graph.street_name == "Main Street"].max() * 3.6)
    assert limits == pytest.approx([50, 100], abs=0.1)


def test_sidewalks_and_crossings_are_made_on_request(tmp_path: Path) -> None:
    run(tmp_path)
    assert b'function="crossing"' not in (tmp_path / "plain.net.xml").read_bytes()
    run(tmp_path, options=replace(PLAIN, sidewalks=True, crossings=True))
    text = (tmp_path / "plain.net.xml").read_bytes()
    assert b'function="crossing"' in text
    assert b'allow="pedestrian"' in text


def test_bicycles_and_further_classes_keep_their_ways(tmp_path: Path) -> None:
    ways = {**STREETS, 108: ([3, 5], {"highway": "cycleway"})}
    run(tmp_path, options=replace(PLAIN, bicycles=True, keep_classes=("passenger", "bicycle")), ways=ways)
    assert 108 in set(read_net(tmp_path / "plain.net.xml").way_ids)


def test_million_lanes_do_not_keep_it_busy(tmp_path: Path) -> None:
    assert run(tmp_path, ways=with_tags(101, lanes="999999")).cpu_s < 20
    assert read_net(tmp_path / "plain.net.xml").lanes.max() <= 2


def test_deadline_is_kept(tmp_path: Path) -> None:
    with pytest.raises(DeadlineError):
        run(tmp_path, deadline_s=-1.0)  # over before it begins: no machine is fast enough


def test_failure_is_reported_with_its_words(tmp_path: Path) -> None:
    (tmp_path / "crop.osm").write_text("<osm><node")
    with pytest.raises(NetworkError, match="expected netconvert to make a net"):
        convert(tmp_path / "crop.osm", net=tmp_path / "n.xml", log=tmp_path / "log", options=PLAIN)


def test_packed_net_is_the_same_every_time_and_names_the_cut_way(tmp_path: Path) -> None:
    nodes = {node: place for node, place in positions().items() if node != 5} | {
        10: (24.9425, 60.1718), 11: (24.9460, 60.1718), 12: (24.9472, 60.1718)
    }  # fmt: skip
    ways = {**STREETS, 102: ([4, 10, 5, 11, 12, 6], STREETS[102][1])}
    packed = []
    for run_number in range(2):
        run(tmp_path, nodes=nodes, ways=ways)
        pack_net(tmp_path / "plain.net.xml", packed=tmp_path / "n.net.xml.gz", origin_of={piece_id(102, 1): 102})
        packed.append((tmp_path / "n.net.xml.gz").read_bytes())
        assert run_number == 0 or packed[0] == packed[1]
    assert b"generated on" not in gzip.decompress(packed[0])[:3000]
    assert str(piece_id(102, 1)).encode() in (tmp_path / "plain.net.xml").read_bytes()
    assert piece_id(102, 1) not in set(read_net(tmp_path / "n.net.xml.gz").way_ids)
    assert 102 in set(read_net(tmp_path / "n.net.xml.gz").way_ids)
