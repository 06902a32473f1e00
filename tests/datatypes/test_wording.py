"""No word of pydantic reaches a person, whatever is wrong with a scenario."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from trafficdiff.datatypes.scenario import (
    FileDemand,
    Gates,
    GravityDemand,
    ModelDemand,
    RouteChoice,
    Scenario,
    SimulationOptions,
    UniformDemand,
    Window,
)
from trafficdiff.datatypes.scenario_files import parse_scenario
from trafficdiff.datatypes.wording import SENTENCES, in_words, shortened
from trafficdiff.errors import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Iterator

SMALL: dict[str, Any] = {"name": "small", "network": "helsinki"}
WRONG: list[Any] = [
    "", None, True, -1, 0, 0.5, 1e400, float("nan"), 10**400, 2**63, "x", "a" * 600, "1.5", "9" * 5_000, [], [1], {},
    {"a": 1}, {1: 2}, {"a\nb": 1}, {"k" * 999: 1}, "\ud800", dt.date(2024, 1, 1), dt.datetime(2024, 1, 1, 5),
    ["x"] * 200, "2024-10-08T10:00", "2024-13-01", "7:30", "../x", 5e9, b"x",
]  # fmt: skip
PARTS: list[tuple[Any, str, dict[str, Any]]] = [
    (Window, "window", {}),
    (SimulationOptions, "simulation", {}),
    (Gates, "gates", {}),
    (ModelDemand, "demand", {"kind": "model"}),
    (UniformDemand, "demand", {"kind": "uniform"}),
    (GravityDemand, "demand", {"kind": "gravity"}),
    (FileDemand, "demand", {"kind": "file", "path": "a.rou.xml"}),
]
FOREIGN = re.compile(
    r"Input|should|Field|valid |dictionary|instance|unable|parse|tuple|boolean|integer|NoneType|Value error|pydantic"
)


def wrong_scenarios() -> Iterator[object]:
    yield from (value for value in WRONG if value != SMALL)
    for key in (*Scenario.model_fields, "unknown"):
        yield from (SMALL | {key: value} for value in WRONG)
    for part, name, rest in PARTS:
        for key in (*part.model_fields, "unknown"):
            yield from (SMALL | {name: {**rest, key: value}} for value in WRONG)
    for value in WRONG:
        yield SMALL | {"demand": {"kind": "gravity", "vehicle_mix": {"car": value}}}
        yield from (
            SMALL | {"demand": {"kind": "gravity", "route_choice": {key: value}}} for key in RouteChoice.model_fields
        )


def test_every_fault_of_a_scenario_is_said_in_our_words_on_one_short_line_each() -> None:
    said = 0
    for content in wrong_scenarios():
        try:
            parse_scenario(content)
        except ScenarioError as error:
            said += 1
            for line in str(error).splitlines():
                assert not FOREIGN.search(line.split(", got ")[0]), line
                assert len(line) < 500
                assert line.isprintable()
    assert said > 800


def test_every_kind_of_fault_that_a_scenario_can_have_has_its_sentence() -> None:
    kinds = set()
    for content in wrong_scenarios():
        try:
            Scenario.model_validate(content)
        except ValidationError as error:
            kinds |= {str(fault["type"]) for fault in error.errors(include_url=False, include_input=False)}
    assert len(kinds) > 25
    assert kinds - {"value_error"} <= SENTENCES.keys()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (SMALL | {"window": {"end_s": 200_000}}, "window.end_s: expected a number up to 172800, got 200000"),
        (SMALL | {"seed": 2**31}, "seed: expected a number below 2147483648, got 2147483648"),
        (SMALL | {"seed": 1.5}, "seed: expected a whole number, got 1.5"),
        (SMALL | {"simulation": {"emissions": "maybe"}}, "simulation.emissions: expected true or false, got 'maybe'"),
        (SMALL | {"simulation": {"control": "x"}}, "expected 'cli', 'libsumo' or 'traci', got 'x'"),
        (SMALL | {"date": "2024-13-01"}, "date: expected a date such as 2024-10-08, got '2024-13-01'"),
        (SMALL | {"window": [1]}, "window: expected keys with values, got [1]"),
        (SMALL | {"name": "<x>"}, "name: expected text of the form letters, digits, spaces and _ . , ( ) + - that"),
        (SMALL | {"demand": {"trips": 5}}, "demand: expected a `kind` among 'model', 'calibrated', 'uniform',"),
        (SMALL | {"demand": {"kind": "magic"}}, "'uniform', 'gravity', 'file', got 'magic'"),
        (SMALL | {"demand": {"kind": "gravity", "gravity": 1}}, "demand.gravity: unknown key; `trafficdiff schema`"),
        (SMALL | {1: 2}, "1: expected a key that is text"),
        ([1], "scenario: expected keys with values, got [1]"),
    ],
    ids=str,
)
def test_the_sentence_names_the_place_what_was_expected_and_what_came(content: object, said: str) -> None:
    with pytest.raises(ScenarioError) as raised:
        parse_scenario(content)
    assert said in str(raised.value)


def test_a_kind_of_fault_that_is_new_is_still_said_in_our_words() -> None:
    fault = {"type": "of_tomorrow", "input": 7, "msg": "Input should be blue", "ctx": {}}
    assert in_words(fault, place=["a", 0]) == "a.0: expected another value, got 7"


def test_what_came_is_cut_short_and_never_fails() -> None:
    assert len(shortened("a" * 1_000)) < 120
    assert shortened(10**5_000) == "a number of thousands of digits"
