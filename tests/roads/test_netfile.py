"""A net is read by its content, whatever its name says."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from tests import towns
from trafficdiff.errors import NetworkError
from trafficdiff.roads.netfile import read_net

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.sumo


def test_the_first_bytes_tell_whether_a_net_is_compressed(cross_net: Path, tmp_path: Path) -> None:
    plain = cross_net.read_bytes()
    (tmp_path / "plain.net.xml.gz").write_bytes(plain)
    (tmp_path / "packed.net.xml").write_bytes(gzip.compress(plain))
    expected = read_net(cross_net).edge_id.tolist()
    for name in ("plain.net.xml.gz", "packed.net.xml"):
        assert read_net(tmp_path / name).edge_id.tolist() == expected


def test_a_net_without_a_telling_name_is_called_after_its_folder(cross_net: Path, tmp_path: Path) -> None:
    (tmp_path / "kotka").mkdir()
    (tmp_path / "kotka" / "net.net.xml").write_bytes(cross_net.read_bytes())
    assert read_net(tmp_path / "kotka" / "net.net.xml").name == "kotka"
    assert read_net(cross_net).name == "cross"
    assert read_net(cross_net, name="Mine").name == "Mine"


@pytest.mark.parametrize("packed", [True, False])
def test_a_net_that_is_cut_or_no_net_is_refused_under_either_name(
    cross_net: Path, tmp_path: Path, packed: bool
) -> None:
    content = cross_net.read_bytes()
    for number, part in enumerate((content[: len(content) // 2], b"<osm/>", b"not XML")):
        for suffix in (".net.xml", ".net.xml.gz"):
            path = tmp_path / f"bad{number}{suffix}"
            path.write_bytes(gzip.compress(part) if packed else part)
            with pytest.raises(NetworkError, match=rf"bad{number}\.\S+: expected") as caught:
                read_net(path)
            assert str(caught.value).count(": expected") == 1


@pytest.mark.parametrize(
    ("kind", "road_class"),
    [
        ("highway.residential", "residential"),
        ("highway.motorway_link", "motorway_link"),
        ("highway.residential|railway.tram", "residential"),
        ("railway.tram|highway.residential", "residential"),
        ("cycleway.track|highway.secondary", "secondary"),
        ("highway.secondary|cycleway.lane|busway.lane", "secondary"),
        ("railway.tram", "tram"),
        ("arterial", "arterial"),
        ("highway", "highway"),
        ("", ""),
    ],
)
def test_a_compound_type_gives_the_class_of_its_road(tmp_path: Path, kind: str, road_class: str) -> None:
    net = towns.write_cross_net(tmp_path)
    text = net.read_text()
    assert 'id="NC" from="N"' in text
    net.write_text(text.replace('id="NC" from="N"', f'id="NC" type="{kind}" from="N"'))
    graph = read_net(net)
    assert graph.road_class[graph.edge_index["NC"]] == road_class
