"""A stored run comes back as it was written, or not at all."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from trafficdiff.errors import IntegrityError
from trafficdiff.manifest import files_below
from trafficdiff.store import layout
from trafficdiff.store.reading import open_run
from trafficdiff.store.writing import write_run

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.store.content import RunContent


def _own_attributes(dataset: xr.Dataset, like: xr.Dataset) -> xr.Dataset:
    """Drop what the store adds; what the dataset came with must still be there."""
    return dataset.drop_attrs(deep=False).assign_attrs({name: dataset.attrs[name] for name in like.attrs})


def test_everything_comes_back_as_it_was_written(run_directory: Path, content: RunContent) -> None:
    stored = open_run(run_directory)
    assert stored.scenario == content.scenario
    assert stored.provenance == content.provenance
    assert stored.validation == content.validation
    assert stored.build == content.build
    assert stored.run_id == content.provenance.run_id
    assert stored.result.counts == content.result.counts
    for read, written in (
        (stored.result.data, content.result.data),
        (stored.metrics.data, content.metrics.data),
    ):
        xr.testing.assert_identical(_own_attributes(read, written), written)
    pd.testing.assert_frame_equal(stored.result.trips, content.result.trips, check_dtype=False)
    assert stored.log == content.log.read_text(encoding="utf-8")
    assert stored.net_path.read_bytes() == content.net.read_bytes()
    assert stored.trips_path.is_file()
    assert stored.scenario_path == run_directory / "scenario_as_given.yaml"


def test_nothing_large_is_read_before_it_is_asked_for(run_directory: Path) -> None:
    stored = open_run(str(run_directory))  # a string will do
    assert stored.directory == run_directory
    assert not {"result", "metrics", "scenario"} & set(vars(stored))
    assert stored.metrics is stored.metrics


def test_a_run_can_be_moved(run_directory: Path, tmp_path: Path) -> None:
    shutil.copytree(run_directory, tmp_path / "elsewhere")
    assert open_run(tmp_path / "elsewhere").result.counts == open_run(run_directory).result.counts


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_flipped_bit_or_a_deleted_file_is_found_at_open(run_directory: Path, data: st.DataObject) -> None:
    files = files_below(run_directory)
    name = data.draw(st.sampled_from(sorted(files)))
    content = files[name].read_bytes()
    bit = data.draw(st.one_of(st.none(), st.integers(0, 8 * len(content) - 1)))
    try:
        if bit is None:
            files[name].unlink()
        else:
            changed = bytearray(content)
            changed[bit // 8] ^= 1 << (bit % 8)
            files[name].write_bytes(changed)
        with pytest.raises(IntegrityError, match=name.rpartition("/")[2]):
            open_run(run_directory)
    finally:
        files[name].write_bytes(content)


def test_a_chunk_that_is_added_or_deleted_is_found_at_open(run_directory: Path, tmp_path: Path) -> None:
    shutil.copytree(run_directory, tmp_path / "run")
    chunk = next((tmp_path / "run" / layout.RESULT / "entered" / "c").rglob("0"))
    while chunk.is_dir():
        chunk = chunk / "0"
    chunk.rename(chunk.with_name("1"))
    assert int(xr.open_zarr(tmp_path / "run" / layout.RESULT)["entered"].sum()) == 0, "plain Zarr reads zeros"
    with pytest.raises(IntegrityError) as caught:
        open_run(tmp_path / "run")
    assert "c/0/0: missing" in str(caught.value)
    assert "c/0/1: not in the manifest" in str(caught.value)


def test_what_the_types_refuse_is_refused_even_without_the_check(run_directory: Path, tmp_path: Path) -> None:
    shutil.copytree(run_directory, tmp_path / "run")
    counts = json.loads((tmp_path / "run" / layout.COUNTS).read_bytes())
    (tmp_path / "run" / layout.COUNTS).write_text(json.dumps({**counts, "arrived": counts["arrived"] - 1}))
    stored = open_run(tmp_path / "run", check=False)
    with pytest.raises(IntegrityError, match="reconcile"):
        _ = stored.result
    (tmp_path / "run" / layout.PROVENANCE).write_text("{}")
    with pytest.raises(IntegrityError, match=r"provenance\.json"):
        open_run(tmp_path / "run", check=False)


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match="never completed"):
        open_run(tmp_path)


def test_the_same_content_gives_the_same_files(tmp_path: Path, run_directory: Path, content: RunContent) -> None:
    again = write_run(tmp_path / "again", content)
    assert again.files == open_run(run_directory).manifest.files
