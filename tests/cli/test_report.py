"""``trafficdiff report`` keeps the contract: what it wrote, exit codes, nothing left where the input is wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.commands import trafficdiff
from tests.workflows.test_run import write_scenario
from trafficdiff.workflows.run import run_file

if TYPE_CHECKING:
    from pathlib import Path


def test_mistakes_are_said_with_exit_code_2_and_nothing_is_written(tmp_path: Path) -> None:
    for words, expected in ((("none",), "expected a run or a study"), (("none", "--language", "tlh"), "language")):
        said = trafficdiff("report", *words, "-o", "r.html", "--json", directory=tmp_path)
        fault = json.loads(said.stdout)
        assert said.returncode == fault["exit_code"] == 2
        assert expected in fault["message"]
    assert trafficdiff("report", "-o", tmp_path / "r.html").returncode == 2
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.sumo
def test_a_run_becomes_a_page_and_json_says_where(tmp_path: Path, grid_net: Path) -> None:
    run_file(write_scenario(tmp_path, grid_net), directory=tmp_path / "run", picture=False)
    said = trafficdiff("report", "run", "-o", "r.html", "--language", "de", "--json", directory=tmp_path)
    assert said.returncode == 0, said.stderr
    told = json.loads(said.stdout)
    assert (told["language"], told["sections"], told["pdf"]) == ("de", ["grid"], None)
    assert (tmp_path / "r.html").stat().st_size == told["size_bytes"]
