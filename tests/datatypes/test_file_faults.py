from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from trafficdiff.datatypes.candidates import parse_candidates
from trafficdiff.datatypes.file_faults import raise_with_lines
from trafficdiff.datatypes.scenario_files import parse_scenario
from trafficdiff.errors import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Callable

CLOSE = {"kind": "close_road", "where": {"edges": [7]}}


SCENARIO = {"name": "n", "network": "helsinki", "measures": [CLOSE]}
CANDIDATES = {"currency": "EUR", "candidates": [{"name": "a", "cost": 1, "measures": [CLOSE]}]}


@pytest.mark.parametrize(("parse", "content"), [(parse_scenario, SCENARIO), (parse_candidates, CANDIDATES)])
def test_a_list_with_a_faulty_entry_is_not_called_short_as_well(
    parse: Callable[[object], object], content: dict[str, Any]
):
    with pytest.raises(ScenarioError, match=r"where\.edges\.0: expected text, got 7") as caught:
        parse(content)
    assert "entries" not in str(caught.value)


def test_a_list_that_is_short_is_called_so():
    empty = {"kind": "close_road", "where": {"edges": []}}
    with pytest.raises(ScenarioError, match=r"measures\.0\.where\.edges: expected at least 1 entries"):
        parse_scenario({"name": "n", "network": "helsinki", "measures": [empty]})


def test_faults_come_in_the_order_of_their_lines():
    told = [(["b"], "second"), (["a"], "first"), ([], "of all")]
    with pytest.raises(ScenarioError, match=r"(?s)of all.*line 1: first.*line 2: second"):
        raise_with_lines(told, heading="file", text="a: 1\nb: 2\n")
