"""Any network opens by its word; what must be built is built once."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.roads.mini_osm import write_osm
from tests.roads.test_place import CARD
from trafficdiff.errors import IntegrityError, NetworkError
from trafficdiff.roads.build import build
from trafficdiff.roads.load import cache_folder, load_network, network_directory
from trafficdiff.roads.netconvert import ConvertOptions
from trafficdiff.roads.screen import sha256_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.sumo


class Steps(list[str]):
    """Note what was done."""

    @property
    def converted(self) -> bool:
        return any("netconvert" in step for step in self)


@pytest.fixture
def town(tmp_path: Path) -> Path:
    return write_osm(tmp_path / "town.osm")


def test_osm_file_is_built_once(town: Path, tmp_path: Path) -> None:
    first, second = Steps(), Steps()
    one = load_network(town, cache=tmp_path / "cache", on_step=first.append)
    two = load_network(town, cache=tmp_path / "cache", on_step=second.append)
    assert (first.converted, second.converted) == (True, False)
    assert one.net_path == two.net_path
    assert two.tags is not None


@pytest.mark.slow
def test_other_options_or_content_are_built_anew(town: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    directories = [
        network_directory(town, cache=cache),
        network_directory(town, cache=cache, options=ConvertOptions(left_hand=True)),
    ]
    write_osm(town, restrictions=False)
    directories.append(network_directory(town, cache=cache))
    assert len(set(directories)) == 3


def test_damaged_cache_is_built_again(town: Path, tmp_path: Path) -> None:
    directory = network_directory(town, cache=tmp_path / "cache")
    assert directory is not None
    (directory / "tags.parquet").unlink()
    steps = Steps()
    load_network(town, cache=tmp_path / "cache", on_step=steps.append)
    assert steps.converted


def test_damaged_built_directory_is_an_integrity_error(town: Path, tmp_path: Path) -> None:
    build(town, directory=tmp_path / "built")
    (tmp_path / "built" / "tags.parquet").unlink()
    with pytest.raises(IntegrityError):
        load_network(tmp_path / "built")


def test_place_folder_gives_its_name(town: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mini"
    folder.mkdir()
    shutil.copy(town, folder / "town.osm")
    (folder / "place.toml").write_text(CARD.replace("{sha256}", sha256_of(town)))
    assert load_network(folder, cache=tmp_path / "cache").name == "Mini town"
    (folder / "town.osm").write_text("<osm/>")
    with pytest.raises(NetworkError, match="sha256"):
        load_network(folder, cache=tmp_path / "cache")


def test_bare_net_has_no_directory(grid_net: Path) -> None:
    assert load_network(grid_net).edge_count > 0
    assert network_directory(grid_net) is None


def test_cache_is_where_the_system_keeps_caches(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder().name == "networks"


def test_helsinki_comes_near_the_known_numbers(tmp_path: Path) -> None:
    graph = load_network("helsinki", cache=tmp_path)
    assert graph.name == "Helsinki city centre"
    assert graph.edge_count == pytest.approx(373, abs=20)
    assert graph.node_count == pytest.approx(209, abs=15)
    assert not graph.left_hand
    assert graph.tags is not None
    assert (graph.tags["highway"] == graph.road_class).mean() > 0.99
    from trafficdiff.roads.connectivity import connectivity

    assert connectivity(graph).share > 0.85
