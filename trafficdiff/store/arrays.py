"""Write a dataset as Zarr that any analyst opens with ``xarray.open_zarr``, and read it back unchanged.

Zarr format 3 with consolidated metadata: two files a variable (three in format 2), and one read tells what
is there. Text is stored with variable length, for fixed-length text has no stable place in format 3.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Final, Literal

from trafficdiff.errors import Faults, IntegrityError, StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import xarray as xr

__all__ = ["read_dataset", "write_dataset"]

_MAXIMUM_CHUNK_BYTES: Final = 32_000_000
_TEXT_KINDS: Final = "UT"


def write_dataset(
    dataset: xr.Dataset, path: Path, *, attributes: Mapping[str, str], mode: Literal["w-", "a"] = "w-"
) -> None:
    """Write a dataset as a Zarr directory, `attributes` added to its global ones.

    Chunks span whole variables up to 32 MB; longer ones are cut along their first dimension. Mode ``a`` adds to a
    directory that other arrays are in already.

    Raises
    ------
    StoreError
        Naming every variable that holds an infinite number, or a coordinate that holds NaN.
    """
    _refuse_unreal_numbers(dataset, path.name)
    plain = _with_plain_text(dataset).drop_encoding().assign_attrs({**dataset.attrs, **attributes})
    encoding = {name: {"chunks": _chunks(variable)} for name, variable in plain.variables.items() if variable.ndim}
    with warnings.catch_warnings():
        # Readers that do not know consolidated metadata of format 3 read each variable's own, which is there too.
        warnings.filterwarnings("ignore", message="Consolidated metadata is currently not part", category=UserWarning)
        plain.to_zarr(path, mode=mode, zarr_format=3, consolidated=True, encoding=encoding)


def read_dataset(path: Path) -> xr.Dataset:
    """Open a dataset that `write_dataset` wrote; numbers are read when they are first used.

    Raises
    ------
    IntegrityError
        If it is not a Zarr directory.
    """
    import xarray as xr

    try:
        return _with_plain_text(xr.open_zarr(path, chunks=None, consolidated=True))
    except (OSError, ValueError, KeyError) as error:
        raise IntegrityError(f"{path}: expected a dataset, got {error}; restore the run from a copy") from error


def _with_plain_text(dataset: xr.Dataset) -> xr.Dataset:
    """Return the dataset with text as Python strings, whatever NumPy's text type was."""
    text = [name for name, variable in dataset.variables.items() if variable.dtype.kind in _TEXT_KINDS]
    return dataset.assign({name: dataset[name].astype(object) for name in text})


def _chunks(variable: xr.Variable) -> tuple[int, ...]:
    item_bytes = variable.dtype.itemsize or 8
    row_bytes = item_bytes * (variable.size // max(variable.shape[0], 1))
    rows = max(1, min(variable.shape[0], _MAXIMUM_CHUNK_BYTES // max(row_bytes, 1)))
    return (rows, *(max(length, 1) for length in variable.shape[1:]))


def _refuse_unreal_numbers(dataset: xr.Dataset, name: str) -> None:
    import numpy as np

    faults = Faults(name)
    for key, variable in dataset.variables.items():
        if variable.dtype.kind != "f":
            continue
        if np.isinf(variable.values).any():
            faults.add(f"variable {key!r}: expected finite numbers or NaN, got infinity; mark missing ones with NaN")
        if key in dataset.indexes and np.isnan(variable.values).any():
            faults.add(f"coordinate {key!r}: expected finite numbers, got NaN")
    faults.raise_if_any(StoreError)
