"""What is shown of the demand model is what was shipped: its header, and figures that belong to it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from trafficdiff.errors import InputError
from trafficdiff.resources import bundled
from trafficdiff.workflows.shipped_model import Row, card_text, read_scorecard, shipped_model

if TYPE_CHECKING:
    from pathlib import Path


def test_the_header_says_what_the_checkpoint_itself_says() -> None:
    from trafficdiff.workflows.model_trips import open_checkpoint

    path = bundled("data/demand_model.safetensors")
    checkpoint, model = open_checkpoint(path), shipped_model()
    assert model.sha256 == checkpoint.sha256
    assert model.size_bytes == path.stat().st_size
    assert (model.parameters, model.steps) == (checkpoint.card["parameters"], checkpoint.card["steps"])
    assert {source.name for source in model.sources} == set(checkpoint.card["corpus"]["sources"])
    assert all(source.licences for source in model.sources)


def test_the_scorecard_belongs_to_the_shipped_model() -> None:
    assert read_scorecard().checkpoint_sha256 == shipped_model().sha256


def test_the_scorecard_and_the_model_card_say_the_same() -> None:
    said = card_text("model")
    for row in read_scorecard().rows:
        plain = [f"{value:.3f}" for value in (row.model, row.baseline) if value is not None and row.unit != "share"]
        assert all(text in said or text.removeprefix("0") in said for text in plain), row.key


@pytest.mark.parametrize(
    ("row", "verdict", "met"),
    [
        ({"model": 0.6, "baseline": 0.5, "better": "high", "noise": 0.03}, "ahead", None),
        ({"model": 0.4, "baseline": 0.5, "better": "high", "noise": 0.03}, "behind", None),
        ({"model": 0.4, "baseline": 0.5, "better": "low", "noise": 0.03}, "ahead", None),
        ({"model": 0.51, "baseline": 0.5, "better": "high", "noise": 0.03}, "level", None),
        ({"model": 0.5, "better": "high", "aim": 0.5}, "none", True),
        ({"model": 0.5, "better": "low", "aim": 0.04}, "none", False),
    ],
)
def test_a_figure_is_judged_by_its_direction_and_its_noise(
    row: dict[str, object], verdict: str, met: bool | None
) -> None:
    judged = Row.model_validate({"key": "x", "name": "X", **row})
    assert (judged.verdict, judged.meets_aim) == (verdict, met)


def test_files_that_are_something_else_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with pytest.raises(InputError, match="expected a checkpoint"):
        shipped_model(path)
    path.write_text(json.dumps({"format": 2}))
    with pytest.raises(InputError, match="expected a checkpoint"):
        shipped_model(path)
    with pytest.raises(InputError, match="expected a scorecard"):
        read_scorecard(path)
