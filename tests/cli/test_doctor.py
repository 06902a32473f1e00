"""The doctor looks at a network as well: how far it lies from those that the demand model learned from."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest

from tests.commands import trafficdiff
from tests.towns import write_grid_net
from trafficdiff.cli.output import OnlyOnce

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.sumo
def test_a_network_is_placed_in_the_training_range(tmp_path: Path) -> None:
    net = write_grid_net(tmp_path, length_m=3_000.0)
    said = trafficdiff("doctor", net, "--json")
    assert said.returncode == 0, said.stderr
    found = json.loads(said.stdout)
    assert found["training_range"]["level"] == "outside"
    assert "Length of a block" in found["warnings"][0]


def test_a_checkpoint_without_a_network_is_refused(tmp_path: Path) -> None:
    said = trafficdiff("doctor", "--checkpoint", tmp_path / "model.safetensors")
    assert said.returncode == 2
    assert "expected a network beside --checkpoint" in said.stderr


def test_a_warning_is_said_once_and_everything_else_each_time() -> None:
    once = OnlyOnce()

    def passes(level: int, words: str) -> bool:
        return bool(once.filter(logging.LogRecord("x", level, "", 0, words, None, None)))

    assert passes(logging.WARNING, "far")
    assert not passes(logging.WARNING, "far")
    assert passes(logging.WARNING, "near")
    assert passes(logging.INFO, "far")
    assert passes(logging.INFO, "far")
    assert passes(logging.ERROR, "far")
