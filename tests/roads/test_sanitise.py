"""Impossible tag values are left out and counted; possible ones pass unchanged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trafficdiff.roads.findings import MEANINGS, Findings
from trafficdiff.roads.sanitise import node_tags, oneway_direction, way_tags


@pytest.mark.parametrize(
    ("key", "value", "finding"),
    [
        ("lanes", "999999", "lanes_refused"),
        ("lanes", "20000", "lanes_refused"),
        ("lanes", "17", "lanes_refused"),
        ("lanes", "0", "lanes_refused"),
        ("lanes", "-2", "lanes_refused"),
        ("lanes", "many", "lanes_refused"),
        ("lanes:forward", "400", "lanes_refused"),
        ("turn:lanes", "|".join(["left"] * 40), "lanes_refused"),
        ("maxspeed", "9999", "maxspeed_refused"),
        ("maxspeed", "0", "maxspeed_refused"),
        ("maxspeed", "150 mph", "maxspeed_refused"),
        ("maxspeed", "50;30", "maxspeed_refused"),
        ("width", "5000", "width_refused"),
        ("width", "-1", "width_refused"),
        ("layer", "400", "layer_refused"),
        ("layer", "1e9", "layer_refused"),
    ],
)
def test_absurd_value_is_left_out_and_named(key: str, value: str, finding: str) -> None:
    findings = Findings()
    assert way_tags([(key, value)], way=7, findings=findings) == {}
    assert findings.counts == {finding: 1}
    assert "way 7" in findings.examples[finding][0]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("lanes", "2"), ("lanes", "1.5"), ("lanes", "2;3"), ("lanes:bus", "0"), ("lanes", "16"),
        ("turn:lanes", "left|through;right"), ("maxspeed", "30"), ("maxspeed", "30 mph"), ("maxspeed", "none"),
        ("maxspeed", "DE:urban"), ("maxspeed", "FI:zone:30"), ("maxspeed", "walk"), ("width", "3.5"), ("width", "3 m"),
        ("layer", "-1"), ("name", "Mannerheimintie"),
    ],
)  # fmt: skip
def test_real_value_passes(key: str, value: str) -> None:
    findings = Findings()
    assert way_tags([(key, value)], way=7, findings=findings) == {key: value}
    assert not findings.counts


def test_tags_that_make_no_net_are_dropped() -> None:
    assert way_tags([("note", "hello"), ("source", "survey")], way=1, findings=Findings()) == {}
    assert node_tags([("highway", "traffic_signals"), ("note", "x")], node=1, findings=Findings()) == {
        "highway": "traffic_signals"
    }


def test_long_or_unprintable_text_is_shortened() -> None:
    findings = Findings()
    kept = way_tags([("name", "a\x01b" + "c" * 400)], way=1, findings=findings)
    assert kept["name"].startswith("a bc")
    assert len(kept["name"]) == 255
    assert findings.counts == {"text_shortened": 1}


@given(key=st.sampled_from(["lanes", "maxspeed", "width", "layer", "turn:lanes", "name"]), value=st.text())
def test_no_text_breaks_it(key: str, value: str) -> None:
    findings = Findings()
    kept = way_tags([(key, value)], way=1, findings=findings)
    assert kept or findings.counts
    assert len(kept.get(key, "")) <= 255
    assert not any(ord(character) < 32 for character in kept.get(key, ""))


@pytest.mark.parametrize(
    ("tags", "direction"),
    [
        ({"highway": "residential"}, 0),
        ({"highway": "residential", "oneway": "yes"}, 1),
        ({"highway": "residential", "oneway": "-1"}, -1),
        ({"highway": "motorway"}, 1),
        ({"highway": "motorway", "oneway": "no"}, 0),
        ({"highway": "primary", "junction": "roundabout"}, 1),
    ],
)
def test_oneway_follows_the_wiki(tags: dict[str, str], direction: int) -> None:
    assert oneway_direction(tags) == direction


def test_findings_know_only_named_faults() -> None:
    findings = Findings()
    with pytest.raises(KeyError):
        findings.add("surprise", "way 1")
    for name in MEANINGS:
        findings.add(name, "way 1", count=2)
    assert {entry["count"] for entry in findings.as_dict().values()} == {2}
    assert len(findings.sentences()) == len(MEANINGS)
