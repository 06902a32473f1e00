"""A training range reads back as it was written, to four digits, and what is none is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from trafficdiff.datatypes.training_range import (
    RangeScene,
    Standing,
    TrainingRange,
    TraitStanding,
    read_range,
    write_range,
)
from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

SHA256 = "a" * 64


def trait(name: str, value: float, *, low: float = 1.0, high: float = 2.0, score: float = 0.0) -> TraitStanding:
    return TraitStanding(name=name, value=value, low=low, high=high, score=score)


def standing(**content: Any) -> Standing:
    given = {"level": "outside", "distance": 3.0, "limit": 1.0, "farthest": 2.0, "percentile": 100.0, "places": 5}
    return Standing.model_validate(given | {"checkpoint_sha256": SHA256} | content)


def test_a_range_reads_back_to_four_digits(tmp_path: Path) -> None:
    scenes = (RangeScene(place="Würzburg", values=(123456.0, None)), RangeScene(place="b", values=(0.0001234567, 2.0)))
    found = TrainingRange(checkpoint_sha256=SHA256, made_with="a command", traits=("size", "share"), scenes=scenes)
    write_range(found, tmp_path / "range.json")
    read = read_range(tmp_path / "range.json")
    assert [scene.values for scene in read.scenes] == [(123500.0, None), (0.0001235, 2.0)]
    assert (read.places, read.traits, read.made_with) == (("Würzburg", "b"), ("size", "share"), "a command")


def test_rows_of_another_length_and_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "range.json"
    with pytest.raises(InputError, match="expected a training range, got none"):
        read_range(path)
    path.write_text(
        '{"format": "trafficdiff training range 1", "checkpoint_sha256": "x", "made_with": "", "traits": ["a"],'
        ' "scenes": [{"place": "p", "values": [1, 2]}]}'
    )
    with pytest.raises(InputError, match="checkpoint_sha256"):
        read_range(path)
    path.write_text(path.read_text().replace('"x"', f'"{SHA256}"'))
    with pytest.raises(InputError, match="expected 1 values a scene"):
        read_range(path)


def test_what_is_outside_comes_first_among_what_makes_a_place_strange() -> None:
    traits = (trait("near", 1.5, score=0.1), trait("odd", 1.9, score=-3.0), trait("above", 9.0, score=2.0))
    assert [one.name for one in standing(traits=traits).strangest()] == ["above"]
    inside = standing(traits=traits[:2])
    assert [one.name for one in inside.strangest(1)] == ["odd"]


def test_a_value_at_the_end_of_the_range_is_inside_however_it_was_rounded() -> None:
    assert not trait("a", 2.0009).outside
    assert trait("a", 2.1).outside
    assert trait("a", 0.9).outside
