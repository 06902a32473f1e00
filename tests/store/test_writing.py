"""A run is written whole or not at all, and contradictions are refused before it is."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq
import pytest
import xarray as xr

from tests.store.runs import make_content
from trafficdiff.datatypes.result import Metrics
from trafficdiff.errors import StoreError
from trafficdiff.publish import verify
from trafficdiff.store import layout
from trafficdiff.store.writing import write_run

if TYPE_CHECKING:
    from trafficdiff.store.content import RunContent


def test_a_run_holds_what_an_audit_needs(run_directory: Path, content: RunContent) -> None:
    files = {entry.path for entry in verify(run_directory, kind="run").files}
    whole = {name for name in layout.MEANINGS if not name.endswith(".zarr")} - {
        layout.MODEL_CARD,
        layout.MEASURES,
        "manifest.json",
    }
    assert whole | {layout.CRATE, "network/net.net.xml", "scenario_as_given.yaml", "simulation/routes.rou.xml"} <= files
    assert (run_directory / "scenario_as_given.yaml").read_bytes() == (content.scenario_file or Path()).read_bytes()
    assert (run_directory / "network/net.net.xml").read_bytes() == content.net.read_bytes()
    assert (run_directory / layout.LOG).read_bytes() == content.log.read_bytes()
    assert json.loads((run_directory / layout.BUILD).read_bytes()) == content.build


def test_every_file_of_numbers_says_that_it_is_synthetic_and_from_what(
    run_directory: Path, content: RunContent
) -> None:
    expected = content.provenance.statement
    for name in (layout.RESULT, layout.METRICS):
        attributes = xr.open_zarr(run_directory / name).attrs
        assert (attributes["synthetic"], attributes["source"]) == ("true", expected)
        assert attributes["Conventions"] == "CF-1.11"
        assert "OpenStreetMap contributors" in attributes["licence"]
    metadata = pq.read_schema(run_directory / layout.RESULT_TRIPS).metadata
    assert metadata[b"synthetic"] == b"true"
    assert metadata[b"source"].decode() == expected
    notice = (run_directory / layout.NOTICE).read_text(encoding="utf-8")
    assert expected in notice
    assert "No row describes a real person's trip." in notice
    assert "Open Database License" in notice


def test_all_contradictions_are_named_at_once_and_nothing_is_written(tmp_path: Path, content: RunContent) -> None:
    wrong = content.provenance.model_copy(update={"run_id": "0" * 12, "scenario_hash": "0" * 64, "seed": 1})
    counts = content.validation.model_copy(update={"counts": {**content.validation.counts, "arrived": 0}})
    with pytest.raises(StoreError) as caught:
        write_run(tmp_path / "run", dataclasses.replace(content, provenance=wrong, validation=counts))
    for part in ("scenario hash", "run id", "seed", "counts"):
        assert part in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_the_net_that_is_stored_must_be_the_one_that_was_simulated(tmp_path: Path, content: RunContent) -> None:
    other = tmp_path / "other.net.xml"
    other.write_text("<net ><edge/></net>")
    with pytest.raises(StoreError, match="network hash"):
        write_run(tmp_path / "run", dataclasses.replace(content, net=other))


def test_missing_files_and_names_that_are_taken_are_named_at_once(tmp_path: Path, content: RunContent) -> None:
    wrong = dataclasses.replace(
        content,
        log=tmp_path / "nowhere.log",
        extras={
            "../outside.png": content.log,
            "manifest.json": content.log,
            "metrics.zarr/zarr.json": content.log,
            "simulation/routes.rou.xml": content.log,
        },
    )
    with pytest.raises(StoreError) as caught:
        write_run(tmp_path / "run", wrong)
    for part in (
        "simulation/log.txt: expected the file",
        "../outside.png: expected a path inside",
        "manifest.json: expected another name",
        "metrics.zarr/zarr.json: expected another name",
        "simulation/routes.rou.xml: expected one file of this name",
    ):
        assert part in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_an_infinite_metric_leaves_no_run(tmp_path: Path, content: RunContent) -> None:
    data = content.metrics.data.copy(deep=True)
    data["mean_speed"][...] = np.inf
    with pytest.raises(StoreError, match="mean_speed"):
        write_run(tmp_path / "run", dataclasses.replace(content, metrics=Metrics(data)))
    assert list(tmp_path.iterdir()) == []


def test_a_second_run_in_the_same_place_is_refused(run_directory: Path, content: RunContent) -> None:
    with pytest.raises(StoreError, match="found a complete one"):
        write_run(run_directory, content)
    verify(run_directory)


_WRITE_UNDER_A_LIMIT = """
import resource, sys
from pathlib import Path
from tests.store.runs import make_content
from trafficdiff.store.writing import write_run
content = make_content(Path(sys.argv[1]) / "work", edges=500, intervals=24, trips=50)
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, hard))
write_run(Path(sys.argv[1]) / "runs" / "run", content)
"""


@pytest.mark.slow
def test_zarr_on_a_full_disk_is_an_error_and_no_run(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _WRITE_UNDER_A_LIMIT, str(tmp_path)], check=False, capture_output=True, text=True
    )
    assert ended.returncode == 1
    assert "no space left" in ended.stderr.splitlines()[-1]
    assert list((tmp_path / "runs").iterdir()) == []


_WRITE_ENDLESSLY = """
import itertools, sys
from pathlib import Path
from tests.store.runs import make_content
from trafficdiff.store.writing import write_run
content = make_content(Path(sys.argv[1]) / "work")
write_run(Path(sys.argv[1]) / "warm", content)
print("ready", flush=True)
for turn in itertools.count():
    write_run(Path(sys.argv[1]) / f"run{turn}", content)
"""


@pytest.mark.slow
def test_runs_killed_while_they_are_written_are_complete_or_absent(tmp_path: Path) -> None:
    import random
    import time

    generator = random.Random(3)
    interrupted = 0
    for turn in range(5):
        folder = tmp_path / str(turn)
        folder.mkdir()
        with subprocess.Popen([sys.executable, "-c", _WRITE_ENDLESSLY, str(folder)], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(generator.uniform(0.0, 1.0))
            writer.kill()
        interrupted += len(list(folder.glob(".run*.partial")))
        for run in folder.glob("run*"):
            verify(run, kind="run")
    assert interrupted >= 1


def test_a_compressed_net_keeps_its_suffix(tmp_path: Path) -> None:
    import gzip

    from tests.store.runs import NET

    net = tmp_path / "city.net.xml.gz"
    net.write_bytes(gzip.compress(NET.format(when="", where="").encode()))
    write_run(tmp_path / "run", make_content(tmp_path / "work", net=net))
    assert (tmp_path / "run/network/net.net.xml.gz").read_bytes() == net.read_bytes()
