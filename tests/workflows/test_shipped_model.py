"""What is shown of the demand model is what was shipped: its header."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from trafficdiff.errors import InputError
from trafficdiff.resources import bundled
from trafficdiff.workflows.shipped_model import shipped_model

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


def test_files_that_are_something_else_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with pytest.raises(InputError, match="expected a checkpoint"):
        shipped_model(path)
    path.write_text(json.dumps({"format": 2}))
    with pytest.raises(InputError, match="expected a checkpoint"):
        shipped_model(path)
