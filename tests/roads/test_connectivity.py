"""How roads hang together, on towns whose answer is plain to see."""

from __future__ import annotations

import pytest

from tests.towns import make_town, square_town
from trafficdiff.datatypes.vehicles import class_mask
from trafficdiff.roads.connectivity import connectivity

LINE = {name: (100.0 * place, 0.0) for place, name in enumerate("ABCDEFG")}


def both(*pairs: tuple[str, str]) -> list[tuple[str, str]]:
    return [*pairs, *((b, a) for a, b in pairs)]


def test_square_hangs_together() -> None:
    # without U-turns the two directions around the block never meet: two cores of four edges
    assert connectivity(square_town()).share == pytest.approx(0.5)
    assert connectivity(square_town()).parts == 2


def test_line_with_u_turns_is_one_core() -> None:
    hanging = connectivity(make_town(LINE, both(("A", "B"), ("B", "C")), u_turns=True))
    assert (hanging.share, hanging.parts, hanging.island_share) == (1.0, 1, 0.0)


def test_islands_are_counted() -> None:
    town = make_town(LINE, both(("A", "B"), ("B", "C"), ("C", "D"), ("F", "G")), u_turns=True)
    hanging = connectivity(town)
    assert hanging.share == pytest.approx(6 / 8)
    assert hanging.island_share == pytest.approx(2 / 8)
    assert hanging.parts == 2
    assert [town.edge_id[index] for index in (~hanging.core).nonzero()[0]] == ["F-G", "G-F"]


def test_street_that_only_leads_in_is_outside_the_core() -> None:
    hanging = connectivity(make_town(LINE, [("A", "B"), *both(("B", "C"))], u_turns=True))
    assert hanging.share == pytest.approx(2 / 3)
    assert hanging.parts == 1


def test_edges_closed_to_the_class_do_not_connect() -> None:
    closed = {"B-C": class_mask(["bus"]), "C-B": class_mask(["bus"])}
    town = make_town(LINE, both(("A", "B"), ("B", "C"), ("C", "D")), u_turns=True, allowed=closed)
    assert connectivity(town).parts == 2
    assert connectivity(town, vehicle_class="bus").parts == 1
