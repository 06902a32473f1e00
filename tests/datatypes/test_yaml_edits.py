"""An edit of YAML says what was meant and leaves every other byte as it was."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from trafficdiff.datatypes.plain_text import load_yaml
from trafficdiff.datatypes.yaml_edits import dumped, insert_item, move_item, remove_in, replace_in, set_in

BY_HAND = """\
# yaml-language-server: $schema=scenario.schema.json
# Written by hand.
name: Harbour # for people
network: helsinki

window: {begin_s: 25200, end_s: 28800}   # one hour

measures:
  # The bridge is rotten.
  - kind: close_road
    where:
      streets: [Pitkäsilta]   # both ways
    open_to: [bicycle]
  - kind: speed_limit # as asked by the school
    where: { streets: [Unioninkatu] }
    speed_kmh: 30

  # last
  - kind: weather
    condition: rain
# The end.
"""
MEASURE = {"kind": "one_way", "where": {"edges": ["123", "-4#1"]}}


def lines_lost(before: str, after: str) -> list[str]:
    return [line for line in before.splitlines() if line not in after.splitlines()]


@pytest.mark.parametrize(
    ("place", "value", "lost"),
    [
        (("name",), "Port", ["name: Harbour # for people"]),
        (("measures", 1, "speed_kmh"), 40.0, ["    speed_kmh: 30"]),
        (("window", "begin_s"), 0, ["window: {begin_s: 25200, end_s: 28800}   # one hour"]),
        (("window", "clear_s"), 60, ["window: {begin_s: 25200, end_s: 28800}   # one hour"]),
        (("seed",), 7, []),
        (("gates", "completion_share_min"), 0.5, []),
        (("measures", 0, "during"), {"begin_s": 0, "end_s": 60}, []),
        (("measures", 0, "where", "classes"), ["primary"], []),
    ],
)
def test_a_value_is_set_where_it_stands(place: tuple[int | str, ...], value: object, lost: list[str]) -> None:
    edited = set_in(BY_HAND, place, value)
    assert edited.keeps_comments
    assert lines_lost(BY_HAND, edited.text) == lost
    found = load_yaml(edited.text)
    for key in place:
        found = found[key]  # type: ignore[index]
    assert found == value
    assert edited.text.count("#") == BY_HAND.count("#")


def test_an_entry_that_is_taken_away_takes_its_own_comment_along() -> None:
    edited = remove_in(BY_HAND, ("measures", 0))
    gone = [
        "  # The bridge is rotten.",
        "  - kind: close_road",
        "    where:",
        "      streets: [Pitkäsilta]   # both ways",
    ]
    assert lines_lost(BY_HAND, edited.text) == [*gone, "    open_to: [bicycle]"]
    assert edited.keeps_comments


def test_an_entry_moves_with_its_comments_and_back_to_the_same_bytes() -> None:
    edited = move_item(BY_HAND, ("measures",), 0, 1)
    kinds = [one["kind"] for one in load_yaml(edited.text)["measures"]]  # type: ignore[index]
    assert kinds == ["speed_limit", "close_road", "weather"]
    assert edited.text.index("as asked by the school") < edited.text.index("rotten") < edited.text.index("# last")
    assert lines_lost(BY_HAND, edited.text) == []
    assert move_item(edited.text, ("measures",), 1, 0).text == BY_HAND


@pytest.mark.parametrize("at", [0, 1, 3])
def test_an_entry_is_inserted_and_taken_away_to_the_same_bytes(at: int) -> None:
    edited = insert_item(BY_HAND, ("measures",), at, MEASURE)
    assert edited.keeps_comments
    assert load_yaml(edited.text)["measures"][at] == MEASURE  # type: ignore[index]
    assert lines_lost(BY_HAND, edited.text) == []


def test_the_last_entry_goes_and_the_list_stays_empty() -> None:
    text = "name: a\nmeasures:\n  - kind: weather\n    condition: rain\nseed: 1 # one\n"
    edited = remove_in(text, ("measures", 0))
    assert edited.text == "name: a\nmeasures: []\nseed: 1 # one\n"
    assert insert_item(edited.text, ("measures",), 0, {"kind": "weather", "condition": "rain"}).text == text


def test_a_list_is_made_where_there_is_none() -> None:
    edited = insert_item("name: a", ("measures",), 0, MEASURE)
    assert edited.text == ("name: a\nmeasures:\n  - kind: one_way\n    where:\n      edges: ['123', -4#1]\n")
    assert load_yaml(edited.text) == {"name": "a", "measures": [MEASURE]}


def test_only_what_differs_is_touched() -> None:
    there = load_yaml(BY_HAND)["measures"][0]  # type: ignore[index]
    edited = replace_in(BY_HAND, ("measures", 0), {**there, "open_to": ["bicycle", "bus"]})
    assert lines_lost(BY_HAND, edited.text) == ["    open_to: [bicycle]"]
    edited = replace_in(BY_HAND, ("measures", 0), {key: there[key] for key in ("kind", "where")})
    assert lines_lost(BY_HAND, edited.text) == ["    open_to: [bicycle]"]


def test_a_form_that_cannot_be_edited_in_place_is_written_anew_and_says_so() -> None:
    text = "# head\n{name: a, measures: [{kind: weather, condition: rain}, {kind: one_way, where: {streets: [b]}}]}\n"
    edited = remove_in(text, ("measures", 0))
    assert load_yaml(edited.text) == {"name": "a", "measures": [{"kind": "one_way", "where": {"streets": ["b"]}}]}
    assert not edited.keeps_comments
    assert edited.text.startswith("# head\n")


_texts = some.text(some.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=12)
_scalars = some.none() | some.booleans() | some.integers(-1000, 1000) | some.floats(-1e6, 1e6) | _texts
_values = some.recursive(
    _scalars, lambda inner: some.lists(inner, max_size=3) | some.dictionaries(_texts, inner, max_size=3), max_leaves=6
)


@pytest.mark.slow
@settings(deadline=None)
@given(
    items=some.lists(_values, max_size=4), value=_values, at=some.integers(0, 4), style=some.sampled_from([None, False])
)
def test_whatever_stands_there_the_edited_text_says_what_was_meant(
    items: list[object], value: object, at: int, style: bool | None
) -> None:
    import yaml

    text = yaml.safe_dump({"name": "a", "list": items, "end": 1}, sort_keys=False, default_flow_style=style)
    before = load_yaml(text)
    at = min(at, len(items))
    inserted = insert_item(text, ("list",), at, value)
    meant = load_yaml(dumped({"list": [*items[:at], value, *items[at:]]}))
    assert load_yaml(inserted.text) == {**before, **meant}  # type: ignore[dict-item]
    removed = remove_in(inserted.text, ("list", at))
    assert load_yaml(removed.text) == before
    assert load_yaml(set_in(text, ("new",), value).text)["list"] == before["list"]  # type: ignore[index]
