"""A dataset comes back as it was, for us and for an analyst with plain xarray."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import xarray as xr

from tests.store.runs import make_dataset
from trafficdiff.errors import IntegrityError, StoreError
from trafficdiff.manifest import files_below
from trafficdiff.store import arrays
from trafficdiff.store.arrays import read_dataset, write_dataset

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ["sampled_time", "entered", "speed", "vehicles_running", "mean_speed"]


@pytest.fixture
def dataset() -> xr.Dataset:
    return make_dataset(names=NAMES, edges=6, intervals=3)


def test_a_dataset_comes_back_identical_with_its_attributes(tmp_path: Path, dataset: xr.Dataset) -> None:
    write_dataset(dataset, tmp_path / "a.zarr", attributes={"Conventions": "CF-1.11"})
    read = read_dataset(tmp_path / "a.zarr")
    xr.testing.assert_identical(read, dataset.assign_attrs(Conventions="CF-1.11"))
    assert {name: v.dtype for name, v in read.variables.items()} == {n: v.dtype for n, v in dataset.variables.items()}
    assert all(type(name) is str for name in read["edge"].values)


def test_plain_xarray_opens_it_without_a_warning_and_with_units(tmp_path: Path, dataset: xr.Dataset) -> None:
    write_dataset(dataset, tmp_path / "a.zarr", attributes={})
    read = xr.open_zarr(tmp_path / "a.zarr")
    xr.testing.assert_identical(read.load(), dataset)
    assert read["speed"].attrs["units"] == "m s-1"
    assert read["sampled_time"].dtype == np.float64, "seconds are numbers, not a calendar's durations"


@pytest.mark.parametrize("text", ["U", np.dtypes.StringDType()])
def test_text_of_any_type_is_stored(tmp_path: Path, dataset: xr.Dataset, text: object) -> None:
    typed = dataset.assign_coords(edge=("edge", dataset["edge"].values.astype(text), dataset["edge"].attrs))
    write_dataset(typed, tmp_path / "a.zarr", attributes={})
    xr.testing.assert_identical(read_dataset(tmp_path / "a.zarr"), dataset)


def test_what_was_read_can_be_written_again(tmp_path: Path, dataset: xr.Dataset) -> None:
    write_dataset(dataset, tmp_path / "a.zarr", attributes={})
    write_dataset(read_dataset(tmp_path / "a.zarr"), tmp_path / "b.zarr", attributes={})
    xr.testing.assert_identical(read_dataset(tmp_path / "b.zarr"), dataset)


def test_empty_dimensions_are_stored(tmp_path: Path, dataset: xr.Dataset) -> None:
    empty = dataset.isel(time=slice(0, 0), clock=slice(0, 0))
    write_dataset(empty, tmp_path / "a.zarr", attributes={})
    xr.testing.assert_identical(read_dataset(tmp_path / "a.zarr"), empty)


def test_a_variable_is_at_most_two_files_until_it_is_large(
    tmp_path: Path, dataset: xr.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_dataset(dataset, tmp_path / "a.zarr", attributes={})
    assert len(files_below(tmp_path / "a.zarr")) <= 1 + 2 * len(dataset.variables)
    monkeypatch.setattr(arrays, "_MAXIMUM_CHUNK_BYTES", 8 * 6 * 2)  # two intervals of six edges
    write_dataset(dataset, tmp_path / "b.zarr", attributes={})
    chunks = [name for name in files_below(tmp_path / "b.zarr") if name.startswith("speed/c/")]
    assert sorted(chunks) == ["speed/c/0/0", "speed/c/1/0"]
    xr.testing.assert_identical(read_dataset(tmp_path / "b.zarr"), dataset)


def test_infinite_numbers_and_missing_coordinates_are_named_at_once(tmp_path: Path, dataset: xr.Dataset) -> None:
    bad = dataset.copy(deep=True)
    bad["speed"][1, 2] = -np.inf
    bad["mean_speed"][...] = np.inf
    bad = bad.assign_coords(time=[0.0, np.nan, 2.0])
    with pytest.raises(StoreError) as caught:
        write_dataset(bad, tmp_path / "a.zarr", attributes={})
    for name in ("'speed'", "'mean_speed'", "coordinate 'time'"):
        assert name in str(caught.value)
    assert not (tmp_path / "a.zarr").exists()


def test_something_else_is_no_dataset(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match="expected a dataset"):
        read_dataset(tmp_path)
    (tmp_path / "zarr.json").write_text("{")
    with pytest.raises(IntegrityError, match="expected a dataset"):
        read_dataset(tmp_path)
