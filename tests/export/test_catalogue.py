"""The catalogue says the same things in every language, and has a word for all that reports show."""

from __future__ import annotations

import string
from typing import get_args

import pytest

from trafficdiff.datatypes.measures import KINDS, DemandMeasure, RoadMeasure
from trafficdiff.datatypes.vehicles import VEHICLE_TYPES
from trafficdiff.errors import InputError
from trafficdiff.export.catalogue import Catalogue, catalogue, languages
from trafficdiff.export.shown_numbers import CARDS, SHOWN_NUMBERS
from trafficdiff.units import QUANTITIES
from trafficdiff.workflows.report_measures import _PLACES

OTHERS = languages()[1:]


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_english_comes_first_and_is_not_alone() -> None:
    assert languages()[0] == "en"
    assert "de" in OTHERS


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_says_everything_with_the_same_values(language: str) -> None:
    english, other = catalogue("en").texts, catalogue(language).texts
    assert sorted(english) == sorted(other)
    assert {key: fields(text) for key, text in english.items()} == {key: fields(text) for key, text in other.items()}


def test_every_measure_and_each_of_its_numbers_has_words() -> None:
    words = catalogue()
    assert not [kind for kind in KINDS if f"report.measure_{kind}" not in words]
    named = {
        name
        for model in (*get_args(RoadMeasure), *get_args(DemandMeasure))
        for name in model.model_fields
        if name not in _PLACES
    }
    assert not [name for name in sorted(named) if f"report.field_{name}" not in words]
    assert not [name for name in VEHICLE_TYPES if f"report.value_{name}" not in words]


def test_every_shown_number_is_a_quantity_with_a_name_and_a_meaning() -> None:
    words = catalogue()
    for number in SHOWN_NUMBERS:
        assert number.name in QUANTITIES
        assert words.word(f"report.number_{number.name}") != words.word(f"report.about_{number.name}")
    assert set(CARDS) <= {number.name for number in SHOWN_NUMBERS}


def test_what_a_language_lacks_is_said_in_english() -> None:
    words = Catalogue("xx", {"a.b": "{count} x"}, {"a.b": "{count} y", "a.b_one": "one y", "a.c": "z"})
    assert words.word("a.c") == "z"
    assert words.word("a.b", count=2) == "2 x"
    assert words.word("a.b", count=1) == "one y"
    with pytest.raises(KeyError):
        words.word("a.d")


def test_numbers_are_written_as_the_language_does() -> None:
    assert catalogue("en").number(-12_345.678, 1) == "\N{MINUS SIGN}12,345.7"
    assert catalogue("de").number(-12_345.678, 1) == "\N{MINUS SIGN}12\N{NARROW NO-BREAK SPACE}345,7"
    assert catalogue("en").number(-0.04, 1) == "0.0"


def test_an_unknown_language_is_named_with_those_there_are() -> None:
    with pytest.raises(InputError, match=r"en, .*got 'tlh'"):
        catalogue("tlh")
