"""Places on hand-made nets whose lanes, crossings and signals are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests import towns
from trafficdiff.errors import InputError
from trafficdiff.roads.staging_places import find_places

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.sumo


@pytest.fixture(scope="module")
def corridor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return towns.write_corridor_net(tmp_path_factory.mktemp("corridor"), signals=2)


def test_neighbour_lanes_lie_one_lane_aside(corridor: Path) -> None:
    places = find_places(corridor, frozenset({"neighbour"}))["neighbour"]
    assert {round(place.left_m, 1) for place in places if np.isfinite(place.left_m)} == {3.2}
    assert {round(place.right_m, 1) for place in places if np.isfinite(place.right_m)} == {-3.2}
    for place in places:
        at = place.line.at(np.array([place.conflict_m]))[0]
        assert abs(at[1] - 200.0) == pytest.approx(1.6 if np.isfinite(place.right_m) else 4.8, abs=0.2)


def test_ways_follow_the_avenue_through_its_junctions(corridor: Path) -> None:
    place = find_places(corridor, frozenset({"stretch"}))["stretch"][0]
    assert place.line.length_m > 250
    assert np.abs(np.diff(place.line.heading_rad)).max() < 0.05


def test_oncoming_lane_of_a_street_is_found(cross_net: Path) -> None:
    places = find_places(cross_net, frozenset({"oncoming"}))["oncoming"]
    assert {round(place.oncoming_m, 1) for place in places} == {3.2}
    assert {round(place.left_edge_m, 1) for place in places} == {4.8}
    assert {round(place.right_edge_m, 1) for place in places} == {-1.6}


def test_crossing_ways_meet_at_right_angles_and_the_ego_has_green(cross_net: Path) -> None:
    found = find_places(cross_net, frozenset({"crossing", "from-right", "left-turn"}))
    assert len(found["crossing"]) == 8  # four ways straight on, each crossed from two sides
    assert len(found["from-right"]) == 4
    assert len(found["left-turn"]) == 4
    for place in found["crossing"]:
        assert abs(np.degrees(place.angle_rad)) == pytest.approx(90.0, abs=1.0)
        assert place.other is not None
        meets = place.line.at(np.array([place.conflict_m]))[0]
        assert meets == pytest.approx(place.other.at(np.array([place.other_conflict_m]))[0], abs=0.1)
        assert place.signals[0][0] == "C"
    assert all(place.angle_rad > 0 for place in found["from-right"])


def test_a_net_without_a_kind_of_place_is_refused_by_name(tmp_path: Path) -> None:
    road = towns.write_road_net(tmp_path, lanes=1)
    with pytest.raises(InputError, match="crossing, oncoming"):
        find_places(road, frozenset({"stretch", "crossing", "oncoming"}))
