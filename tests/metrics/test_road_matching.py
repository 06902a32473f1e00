"""Roads that only one network has are named, whatever they are called."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.towns import make_town, square_town
from trafficdiff.datatypes.vehicles import class_mask
from trafficdiff.metrics.road_matching import match_roads

NODES = {"A": (0.0, 0.0), "B": (100.0, 0.0), "C": (0.0, 100.0), "D": (100.0, 100.0)}
SIDES = [("A", "B"), ("A", "C"), ("B", "D"), ("C", "D")]
BOTH_WAYS = SIDES + [(b, a) for a, b in SIDES]


def status(base, scenario) -> dict[str, str]:
    return dict(zip(*match_roads(base, scenario)[["edge_id", "status"]].to_numpy().T, strict=True))


def test_the_same_town_is_the_same_in_the_bases_order() -> None:
    town = square_town()
    found = match_roads(town, town)
    assert found["edge_id"].tolist() == town.edge_id.tolist()
    assert set(found["status"]) == {"both"}


def test_new_and_missing_roads_are_named() -> None:
    diagonal = make_town(NODES, [*BOTH_WAYS[1:], ("A", "D")])
    found = status(square_town(), diagonal)
    assert {name: state for name, state in found.items() if state != "both"} == {"A-B": "removed", "A-D": "added"}


@pytest.mark.parametrize("left_open", [[], ["pedestrian"]])
def test_a_road_that_no_vehicle_may_use_any_more_is_removed_and_one_that_opens_is_added(left_open: list[str]) -> None:
    closed = make_town(NODES, BOTH_WAYS, allowed={"A-B": class_mask(left_open)})
    assert status(square_town(), closed)["A-B"] == "removed"
    assert status(closed, square_town())["A-B"] == "added"
    assert status(closed, closed)["A-B"] == "both"


def test_a_road_that_buses_may_still_use_is_compared() -> None:
    assert status(square_town(), make_town(NODES, BOTH_WAYS, allowed={"A-B": class_mask(["bus"])}))["A-B"] == "both"


def test_the_same_id_at_another_place_is_another_road() -> None:
    moved = make_town({**NODES, "D": (100.0, 160.0)}, BOTH_WAYS)
    found = status(square_town(), moved)
    assert {name for name, state in found.items() if state == "unmatched"} == {"B-D", "D-B", "C-D", "D-C"}


def test_another_offset_of_the_net_is_no_other_place() -> None:
    town = square_town()
    by = np.array([500.0, -30.0])
    offset = (town.net_offset[0] + 500.0, town.net_offset[1] - 30.0)
    shifted = replace(town, node_xy=town.node_xy + by, shape_xy=town.shape_xy + by, net_offset=offset)
    assert set(status(town, shifted).values()) == {"both"}


def test_streets_have_their_names() -> None:
    town = replace(square_town(), street_name=np.array(["Mäkelänkatu", *[""] * 7], object))
    assert match_roads(town, town)["street"].tolist()[:2] == ["Mäkelänkatu", "unnamed (edge A-C)"]
