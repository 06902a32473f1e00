"""Every field of every measure has a form, and what a form makes of defaults is a sound measure."""

from __future__ import annotations

from typing import Any

import pytest

from trafficdiff.datatypes.measures import KINDS
from trafficdiff.workflows.form_fields import GROUPS, about, fields_of, measure_faults, tidy

EXAMPLES: dict[str, Any] = {
    "roads": {"streets": ["Main Street"]},
    "area": {"box": [24.9, 60.1, 25.0, 60.2]},
    "point": [24.9, 60.1],
    "period": {"begin_s": 25_200, "end_s": 28_800},
    "number": 1.0,
    "whole": 1,
    "share": 0.5,
    "text": "new_1",
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_must_be_given_is_enough_for_a_sound_measure(kind: str) -> None:
    measure: dict[str, Any] = {"kind": kind}
    for field in fields_of(kind):
        if field.required:
            measure[field.name] = field.choices[0] if field.asks == "one_of" else EXAMPLES[field.asks]
    if kind in {"fix_signals", "actuate_signals"}:
        measure["where"] = EXAMPLES["roads"]
    assert measure_faults(measure) == ()
    assert tidy(measure) == measure
    assert about(kind)


@pytest.mark.parametrize("kind", KINDS)
def test_defaults_lie_inside_their_bounds(kind: str) -> None:
    for field in fields_of(kind):
        if field.asks in {"number", "whole", "share"} and field.default is not None:
            assert field.lowest is None or field.default >= field.lowest
            assert field.highest is None or field.default <= field.highest
        if field.choices and isinstance(field.default, list):
            assert set(field.default) <= set(field.choices)


def test_every_kind_stands_in_one_group() -> None:
    assert sorted(kind for kinds in GROUPS.values() for kind in kinds) == sorted(KINDS)


def test_units_come_from_the_schema() -> None:
    units = {field.name: field.unit for kind in KINDS for field in fields_of(kind) if field.unit}
    assert units["speed_kmh"] == "km/h"
    assert units["cycle_s"] == "s"
    assert units["price"] == "money"
    assert units["sight_m"] == "m"


def test_all_faults_of_a_measure_are_told() -> None:
    told = measure_faults({"kind": "speed_limit", "where": {}, "speed_kmh": 900})
    assert len(told) == 2
    assert "up to 200" in " ".join(told)
