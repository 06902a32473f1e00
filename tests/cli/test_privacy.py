"""``trafficdiff privacy`` as a user calls it; what it measures is tested with the workflow."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.commands import trafficdiff
from trafficdiff.datatypes.scorecard import read_scorecard

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def files(grid_net: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two files of trips of the same kind that have nothing to do with each other."""
    folder = tmp_path_factory.mktemp("trips")
    for seed in (1, 2):
        said = trafficdiff(
            "sample", grid_net, "--trips", 400, "--begin", 0, "--end", 3600, "--seed", seed, "--demand", "uniform",
            "-o", folder / f"{seed}.rou.xml.gz",
        )  # fmt: skip
        assert said.returncode == 0, said.stderr
    return folder / "1.rou.xml.gz", folder / "2.rou.xml.gz"


@pytest.mark.sumo
def test_a_file_that_copies_fails_and_the_card_says_so(
    grid_net: Path, files: tuple[Path, Path], tmp_path: Path
) -> None:
    card = tmp_path / "card.json"
    said = trafficdiff(
        "privacy", "--network", grid_net, "--routes", files[0], "--held-out", files[1], "--generated", files[0],
        "--no-control", "-o", card, "--json",
    )  # fmt: skip
    assert said.returncode == 4, said.stderr
    (audit,) = json.loads(said.stdout)["audits"]
    assert not audit["passed"]
    assert audit["controls_fail"]
    rows = {row.key: row for row in read_scorecard(card).rows}
    assert rows["attack_auc"].model == 1.0
    assert rows["attack_auc"].control_fails
    assert str(tmp_path) not in card.read_text()


@pytest.mark.sumo
def test_what_is_missing_and_what_does_not_belong_is_named(grid_net: Path, files: tuple[Path, Path]) -> None:
    said = trafficdiff("privacy", "--network", grid_net)
    assert said.returncode == 2
    assert "missing --routes" in said.stderr
    said = trafficdiff("privacy", "--sessions", files[0], "--network", grid_net)
    assert said.returncode == 2
    assert "--network of no use here" in said.stderr
