from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.towns import make_town
from trafficdiff.roads.fringe import find_fringe, hull_area_m2, hull_distance_m

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph


def cut_town(*, u_turns: bool = False) -> RoadGraph:
    """Return a block with a blind alley inside and three streets that the crop has cut.

    ::

        C ───────── D            all two-way, but H -> D one-way in and D -> I one-way out;
        │   F       ├─◀─ H       G lies on the rim, F in the middle of the block
        │   │       ├─▶─ I
        A ──E────── B ── G
    """
    nodes = {
        "A": (0, 0), "B": (1000, 0), "C": (0, 1000), "D": (1000, 1000), "E": (500, 0), "F": (500, 500),
        "G": (1300, 0), "H": (1300, 1000), "I": (1300, 900),
    }  # fmt: skip
    both = [("A", "E"), ("E", "B"), ("B", "D"), ("D", "C"), ("C", "A"), ("E", "F"), ("B", "G")]
    streets = [*both, *((b, a) for a, b in both), ("H", "D"), ("D", "I")]
    return make_town({name: (float(x), float(y)) for name, (x, y) in nodes.items()}, streets, u_turns=u_turns, lanes=2)


def named(town: RoadGraph, flag: NDArray[np.bool_]) -> set[str]:
    return set(town.edge_id[flag])


@pytest.mark.parametrize("u_turns", [False, True])
def test_cut_streets_are_fringe_and_blind_alleys_are_not(u_turns: bool) -> None:
    town = cut_town(u_turns=u_turns)
    fringe = find_fringe(town)
    assert named(town, fringe.enters) == {"G-B", "H-D"}
    assert named(town, fringe.leaves) == {"B-G", "D-I"}
    assert named(town, fringe.dead_end) == {"E-F"}


def test_what_cars_may_not_use_is_no_fringe() -> None:
    from trafficdiff.datatypes.vehicles import class_mask

    nodes = {"A": (0.0, 0.0), "B": (1000.0, 0.0), "C": (500.0, 900.0)}
    rail = {"C-B": class_mask(["rail"])}
    town = make_town(nodes, [("A", "B"), ("B", "A"), ("C", "B")], allowed=rail)
    assert "C-B" not in named(town, find_fringe(town).enters)
    assert hull_area_m2(town) < 10_000


def test_distance_and_area_are_those_of_the_hull() -> None:
    town = cut_town()
    assert hull_area_m2(town) == pytest.approx(1300 * 1000)
    assert hull_distance_m(town, np.array([[650.0, 400.0], [0.0, 300.0]])) == pytest.approx([400, 0])
