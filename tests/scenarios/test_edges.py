"""Roads are chosen by all that is given, and nothing is chosen in silence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.towns import make_town
from trafficdiff.datatypes.edge_choice import Area, EdgeChoice
from trafficdiff.errors import ScenarioError
from trafficdiff.scenarios.edges import choose

NODES = {"A": (0.0, 0.0), "B": (100.0, 0.0), "C": (100.0, 100.0)}
STREETS = [("A", "B"), ("B", "A"), ("B", "C")]


def town():
    roads = make_town(NODES, STREETS)
    names = np.array(["Hämeentie", "Hämeentie", "Kaisaniemenkatu"], object)
    return replace(roads, street_name=names, road_class=np.array(["primary", "primary", "residential"], object))


def chosen(**choice) -> list[str]:
    roads = town()
    return roads.edge_id[choose(roads, EdgeChoice(**choice))].tolist()


def box_around(edge: str, *, size_m: float = 20.0) -> tuple[float, float, float, float]:
    roads = town()
    x, y = roads.midpoint_xy[roads.edge_index[edge]]
    corners = roads.to_lonlat(np.array([[x - size_m, y - size_m], [x + size_m, y + size_m]]))
    return tuple(corners.ravel())


def test_each_way_to_choose_finds_its_roads():
    assert chosen(edges=("A-B",)) == ["A-B"]
    assert chosen(streets=("HÄMEENTIE",)) == ["A-B", "B-A"]
    assert chosen(classes=("residential",)) == ["B-C"]
    assert chosen(box=box_around("B-C")) == ["B-C"]
    west, south, east, north = box_around("B-C")
    assert chosen(polygon=((west, south), (east, south), (east, north), (west, north))) == ["B-C"]


def test_an_area_chooses_by_the_middle_of_the_road():
    roads = town()
    assert roads.edge_id[choose(roads, Area(box=box_around("A-B")))].tolist() == ["A-B", "B-A"]


def test_all_that_is_given_must_hold():
    assert chosen(streets=("Hämeentie",), edges=("B-A", "B-C")) == ["B-A"]
    with pytest.raises(ScenarioError, match="no edge fulfils classes and streets"):
        chosen(streets=("Hämeentie",), classes=("residential",))


def test_unknown_names_are_all_told_with_those_that_look_like_them():
    with pytest.raises(ScenarioError) as caught:
        chosen(edges=("A-X",), streets=("Hameentie", "Mannerheimintie"), classes=("primry",))
    said = str(caught.value)
    assert "did you mean 'A-B'" in said
    assert "did you mean 'Hämeentie'" in said
    assert "'Mannerheimintie'; none looks like it" in said
    assert "did you mean 'primary'" in said


def test_a_polygon_that_crosses_itself_is_refused():
    with pytest.raises(ScenarioError, match="sides do not cross"):
        chosen(polygon=((24.9, 60.1), (25.0, 60.2), (25.0, 60.1), (24.9, 60.2)))
