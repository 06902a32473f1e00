"""YAML and JSON as plain data."""

from __future__ import annotations

import datetime as dt

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from trafficdiff.datatypes.plain_text import MalformedError, dump_yaml, load_json, load_yaml

leaves = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=10) | st.from_regex(
    r"[-+]?[0-9.:_]{1,4}([eE][-+]?[0-9])?|true|no|~|null|2024-10-08", fullmatch=True
)
trees = st.recursive(
    leaves | texts, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=8
)


@given(tree=trees, flow=st.booleans())
def test_what_is_written_is_read_back(tree: object, flow: bool) -> None:
    assert load_yaml(dump_yaml(tree, flow=flow)) == tree


@pytest.mark.parametrize("end", ["\x85", "\u2028", "\u2029"])
def test_line_ends_of_unicode_stay_what_they_are(end: str) -> None:
    for text in (end, f"a{end}b", f"{end} {end}"):
        assert load_yaml(dump_yaml({text: [text]})) == {text: [text]}


def test_what_occurs_twice_is_written_twice() -> None:
    part = [1, 2]
    assert load_yaml(dump_yaml({"a": part, "b": part})) == {"a": part, "b": part}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7:30", "7:30"),  # 450 in YAML 1.1
        ("010", "010"),  # 8
        ("no", "no"),  # false
        ("2024-10-08", "2024-10-08"),  # a date
        ("1_000", "1_000"),
        ("true", True),
        ("-12", -12),
        ("1.5", 1.5),
        ("1.5e+3", 1500.0),
        ("1e3", "1e3"),  # text for PyYAML too, which writes it without quotes
        ("~", None),
    ],
)
def test_only_what_json_calls_a_number_is_one(text: str, value: object) -> None:
    loaded = load_yaml(text)
    assert loaded == value
    assert type(loaded) is type(value)


def test_pyyaml_alone_would_have_surprised() -> None:
    assert yaml.safe_load("[7:30, 010, no]") == [450, 8, False]
    assert isinstance(yaml.safe_load("2024-10-08"), dt.date)


@pytest.mark.parametrize(
    ("load", "text"), [(load_yaml, "a: 1\nb: {c: 1, c: 2}"), (load_json, '{"b": {"c": 1, "c": 2}}')]
)
def test_a_key_that_occurs_twice_is_named(load, text: str) -> None:
    with pytest.raises(MalformedError, match="expected every key once, got c more than once"):
        load(text)


def test_anchors_are_refused_before_they_can_multiply() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{new}: &{new} [*{old}, *{old}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    with pytest.raises(MalformedError, match="anchors and aliases"):
        load_yaml(bomb)


def test_objects_are_refused() -> None:
    with pytest.raises(yaml.YAMLError, match="could not determine a constructor"):
        load_yaml("!!python/object/apply:os.getcwd []")
