"""``trafficdiff train --sessions`` and ``evaluate --sessions`` as a user calls them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.commands import trafficdiff
from tests.session_towns import write_town

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_sessions_train_a_model_that_is_measured_by_files(tmp_path: Path) -> None:
    files = [write_town(tmp_path, "dundee", weeks=4), write_town(tmp_path, "trondheim", hour=18, weeks=4)]
    words = [word for file in files for word in ("--sessions", file)]
    said = trafficdiff("train", *words, "-o", tmp_path / "model", "--cpu-minutes", 0.01, "--seed", 4, "--json")
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout)["training"]["seed"] == 4
    card = tmp_path / "scorecard.json"
    said = trafficdiff("evaluate", *words, "--cpu-minutes", 0.003, "--bootstrap", 3, "-o", card)
    assert said.returncode == 0, said.stderr
    assert "without dundee" in said.stdout
    assert "±" in said.stdout
    assert "held-out weeks of trondheim" in json.loads(card.read_text(encoding="utf-8"))["folds"]


def test_ways_to_train_and_to_evaluate_are_not_mixed(tmp_path: Path) -> None:
    sessions = write_town(tmp_path, "dundee", weeks=1)
    said = trafficdiff("train", tmp_path, "--sessions", sessions, "--resume", "-o", tmp_path / "model")
    assert said.returncode == 2
    assert "a corpus, --resume of no use here" in said.stderr
    said = trafficdiff("evaluate", "--sites", sessions)
    assert said.returncode == 2
    assert "missing --network, --routes; --sites of no use here" in said.stderr
