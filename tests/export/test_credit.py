"""OpenStreetMap is thanked for what comes from there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from trafficdiff.export.credit import comes_from_openstreetmap
from trafficdiff.roads.netfile import read_net

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph


def classes(town: RoadGraph, *names: str) -> RoadGraph:
    return replace(town, road_class=np.array(names, object))


def test_edges_that_know_their_way_come_from_openstreetmap(square_town: RoadGraph) -> None:
    town = classes(square_town, *[""] * 8)
    assert not comes_from_openstreetmap(town)
    ways = replace(town, way_offsets=np.array([0, *[1] * 8], np.int64), way_ids=np.array([7], np.int64))
    assert comes_from_openstreetmap(ways)


def test_so_does_a_net_most_of_whose_edges_have_its_classes(square_town: RoadGraph) -> None:
    assert comes_from_openstreetmap(classes(square_town, *["primary_link", "residential"] * 2, *[""] * 4))
    assert not comes_from_openstreetmap(classes(square_town, "residential", *["arterial"] * 7))


@pytest.mark.data
@pytest.mark.parametrize(
    ("city", "from_osm"),
    [("bologna", False), ("ingolstadt21", True), ("wildau", True)],
)
def test_the_cities_at_hand_are_told_apart(data_folder: Path, city: str, *, from_osm: bool) -> None:
    assert comes_from_openstreetmap(read_net(data_folder / "cities" / city / "net.net.xml.gz")) is from_osm
