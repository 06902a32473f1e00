"""``trafficdiff init`` takes any path that a person types."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.commands import trafficdiff
from trafficdiff.datatypes.scenario_files import read_scenario

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.sumo


@pytest.mark.slow
def test_a_path_with_dots_is_resolved_and_the_scenario_runs_from_anywhere(grid_net: Path, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "town.net.xml").write_bytes(grid_net.read_bytes())
    said = trafficdiff("init", "../town.net.xml", "-o", "../studies/a.yaml", directory=tmp_path / "work")
    assert said.returncode == 0, said.stderr
    assert read_scenario(tmp_path / "studies" / "a.yaml").network == str(tmp_path / "town.net.xml")


def test_a_scenario_that_is_there_is_refused_before_the_network_is_opened(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("mine")
    said = trafficdiff("init", "no-such-network", "-o", tmp_path / "a.yaml")
    assert said.returncode == 2
    assert "expected a new file" in said.stderr
    assert (tmp_path / "a.yaml").read_text() == "mine"
