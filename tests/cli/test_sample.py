"""``trafficdiff sample`` as a user calls it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.commands import trafficdiff
from trafficdiff.datatypes.trip_files import read_trips
from trafficdiff.resources import bundled
from trafficdiff.roads.load import load_network
from trafficdiff.workflows.model_trips import SHIPPED, open_checkpoint

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

pytestmark = pytest.mark.sumo


def sample(network: str | Path, output: str | Path, *, directory: Path) -> subprocess.CompletedProcess[str]:
    options = ("--trips", "20", "--begin", "0", "--end", "600", "--seed", "1")
    return trafficdiff("sample", network, *options, "-o", output, directory=directory)


@pytest.mark.slow
def test_a_path_may_lead_upwards(grid_net: Path, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "grid.net.xml").write_bytes(grid_net.read_bytes())
    said = sample("../grid.net.xml", "../trips.parquet", directory=tmp_path / "work")
    assert said.returncode == 0, said.stderr
    assert (tmp_path / "trips.parquet").exists()
    missing = sample("../none.net.xml", "../more.parquet", directory=tmp_path / "work")
    assert missing.returncode == 2
    assert "../none.net.xml: expected a place" in missing.stderr


@pytest.mark.slow
def test_a_file_is_replaced_and_a_place_that_cannot_be_written_is_refused_before_the_work(
    grid_net: Path, tmp_path: Path
) -> None:
    (tmp_path / "old.parquet").write_text("old")
    assert sample(grid_net, "old.parquet", directory=tmp_path).returncode == 0
    assert (tmp_path / "old.parquet").read_bytes().startswith(b"PAR1")
    (tmp_path / "folder.parquet").mkdir()
    said = sample(grid_net, "folder.parquet", directory=tmp_path)
    assert said.returncode == 2
    assert "expected a file that can be written, got a folder" in said.stderr
    assert "drawing" not in said.stderr


@pytest.mark.slow
def test_the_shipped_model_is_the_default(tmp_path: Path) -> None:
    output = tmp_path / "trips.rou.xml.gz"
    said = trafficdiff(
        "sample", "helsinki", "--trips", 500, "--begin", 25200, "--end", 28800, "--seed", 3, "-o", output,
        "--electric-share", 0.2, "--json",
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout)["trips"] == 500
    trips = read_trips(output, load_network("helsinki"))
    assert len(trips) == 500
    assert trips.provenance["checkpoint_sha256"] == open_checkpoint(bundled(SHIPPED)).sha256
    assert trips.provenance["synthetic"].startswith("yes: drawn by the learned demand model")
    names = [trips.vehicle_types[kind].name for kind in trips.vehicle_type]
    assert names.count("electric_car") == 100


@pytest.mark.slow
def test_no_trips_a_window_back_in_time_and_a_faulty_checkpoint_are_invalid_input(
    grid_net: Path, tmp_path: Path
) -> None:
    whole = bundled(SHIPPED).read_bytes()
    (tmp_path / "bad.safetensors").write_bytes(whole[:-3] + bytes([whole[-3] ^ 1]) + whole[-2:])
    right = {"--trips": 5, "--begin": 0, "--end": 600, "--seed": 1, "-o": tmp_path / "trips.parquet"}
    for wrong, word in (
        ({"--trips": 0}, "trips: expected a number from 1 up, got 0"),
        ({"--begin": 700}, "expected end_s after begin_s"),
        ({"--checkpoint": tmp_path / "bad.safetensors"}, "expected content of SHA-256"),
        ({"--checkpoint": tmp_path / "none.safetensors"}, "found none"),
        ({"--demand": "gravity", "--fringe-share": 0.5}, "fringe_share: unknown key"),
        ({"--demand": "uniform", "--profile": "learned"}, "got 'learned'"),
    ):
        words = [word for pair in (right | wrong).items() for word in pair]
        said = trafficdiff("sample", grid_net, *words)
        assert said.returncode == 2, said.stderr
        assert word in said.stderr
        assert not (tmp_path / "trips.parquet").exists()
