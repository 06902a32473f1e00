"""``trafficdiff sample`` as a user calls it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.test_application import trafficdiff

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

pytestmark = pytest.mark.sumo


def sample(network: str | Path, output: str | Path, *, directory: Path) -> subprocess.CompletedProcess[str]:
    options = ("--trips", "20", "--begin", "0", "--end", "600", "--seed", "1")
    return trafficdiff("sample", network, *options, "-o", output, directory=directory)


def test_a_path_may_lead_upwards(grid_net: Path, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "grid.net.xml").write_bytes(grid_net.read_bytes())
    said = sample("../grid.net.xml", "../trips.parquet", directory=tmp_path / "work")
    assert said.returncode == 0, said.stderr
    assert (tmp_path / "trips.parquet").exists()
    missing = sample("../none.net.xml", "../more.parquet", directory=tmp_path / "work")
    assert missing.returncode == 2
    assert "../none.net.xml: expected a place" in missing.stderr


def test_a_file_is_replaced_and_a_place_that_cannot_be_written_is_refused_before_the_work(
    grid_net: Path, tmp_path: Path
) -> None:
    (tmp_path / "old.parquet").write_text("old")
    assert sample(grid_net, "old.parquet", directory=tmp_path).returncode == 0
    assert (tmp_path / "old.parquet").read_bytes().startswith(b"PAR1")
    (tmp_path / "folder.parquet").mkdir()
    for place in ("folder.parquet", "old.parquet/new.parquet", "/proc/new.parquet"):
        said = sample(grid_net, place, directory=tmp_path)
        assert said.returncode == 2
        assert "expected a file" in said.stderr or "expected to write" in said.stderr
        assert "drawing" not in said.stderr
