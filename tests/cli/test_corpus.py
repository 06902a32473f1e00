"""``trafficdiff corpus`` as a user calls it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.commands import trafficdiff
from trafficdiff.datatypes.scene_files import read_scenes

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.sumo
def test_the_card_is_printed_and_the_scenes_are_there(grid_net: Path, tmp_path: Path) -> None:
    said = trafficdiff("corpus", "-o", tmp_path / "corpus", "--net", grid_net, "--crops", 0, "--seed", 3, "--json")
    assert said.returncode == 0, said.stderr
    card = json.loads(said.stdout)
    (scene,) = read_scenes(tmp_path / "corpus")
    assert card["all"]["trips"] == len(scene.trips)
    assert card["seed"] == 3
    again = trafficdiff("corpus", "-o", tmp_path / "corpus", "--net", grid_net)
    assert again.returncode == 2
    assert "expected a new directory" in again.stderr


@pytest.mark.sumo
def test_the_table_has_a_row_for_each_source_and_place(grid_net: Path, tmp_path: Path) -> None:
    said = trafficdiff("corpus", "-o", tmp_path / "corpus", "--net", grid_net, "--crops", 0)
    assert said.returncode == 0, said.stderr
    assert all(word in said.stdout for word in ("randomised", "grid", "all", "licences: not stated"))


def test_nothing_to_build_from_is_invalid_input(tmp_path: Path) -> None:
    said = trafficdiff("corpus", "-o", tmp_path / "corpus")
    assert said.returncode == 2
    assert "got none" in said.stderr
