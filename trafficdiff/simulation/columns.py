"""Open SUMO's column files and refuse the ones that break off.

SUMO marks its parquet files as experimental: every column carries the tag as a prefix, most times are text, a
column is missing when nothing was ever written to it, and a value that a row does not have is null. All of that
is undone here, so that the readers see plain arrays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.errors import SimulationError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Columns", "check_parquet", "prefix_of", "read_columns"]

_MARK: Final = b"PAR1"
_MINIMUM_BYTES: Final = 12


def check_parquet(path: Path) -> None:
    """Check that a parquet file is there and has its footer, without opening it.

    Raises
    ------
    SimulationError
        If it is missing or breaks off.
    """
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(0, size - len(_MARK)))
            whole = size >= _MINIMUM_BYTES and stream.read() == _MARK
    except OSError as error:
        raise SimulationError(f"expected SUMO's output {path.name}, got {error.strerror}; run it again") from error
    if not whole:
        raise SimulationError(
            f"expected the whole of SUMO's output {path.name}, got {size} bytes without an end; "
            "the disk may be full, or SUMO died: see its log and run it again"
        )


class Columns:
    """Hold some columns of one SUMO output; see `read_columns`."""

    def __init__(self, table: Any, prefix: str) -> None:
        self._table = table
        self._prefix = prefix

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def _find(self, name: str) -> Any:
        for full in (f"{self._prefix}_{name}", name):
            if full in self._table.column_names:
                return self._table.column(full)
        return None

    def numbers(self, name: str, *, missing: float = 0.0) -> NDArray[np.float64]:
        """Return a column as numbers, shape (rows,); text is parsed, what is not there is `missing`."""
        import pyarrow as pa
        import pyarrow.compute as pc

        column = self._find(name)
        if column is None or pa.types.is_null(column.type):
            return np.full(len(self), missing)
        if pa.types.is_dictionary(column.type):
            codes, values = _codes(column)
            parsed = np.array([float(value) if value else missing for value in values] + [missing])
            return np.asarray(parsed[codes])
        if column.null_count:
            column = pc.fill_null(column, str(missing) if pa.types.is_string(column.type) else missing)
        return np.asarray(column.cast(pa.float64()).combine_chunks().to_numpy(zero_copy_only=False))

    def text(self, name: str) -> NDArray[np.object_]:
        """Return a column as text, shape (rows,); what is not there is ``""``."""
        codes, values = self.labels(name)
        return np.asarray(np.array([*values, ""], object)[codes])

    def labels(self, name: str) -> tuple[NDArray[np.intp], list[str]]:
        """Return a text column as positions (shape (rows,), -1 where null) in a list of distinct values."""
        column = self._find(name)
        if column is None:
            return np.full(len(self), -1, np.intp), []
        return _codes(column)


def _codes(column: Any) -> tuple[NDArray[np.intp], list[str]]:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    encoded = column.unify_dictionaries().combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):  # an empty column stays chunked
        return np.zeros(0, np.intp), []
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    return codes.astype(np.intp), [str(value) for value in encoded.dictionary.to_pylist()]


def prefix_of(path: Path, tags: Sequence[str]) -> str:
    """Return which tag SUMO has named a file's columns after: the one that it wrote first, else the first of `tags`.

    Raises
    ------
    SimulationError
        If the file is missing, breaks off or is not parquet.
    """
    import pyarrow.parquet as pq

    check_parquet(path)
    present = set(pq.read_schema(path).names)
    return next((tag for tag in tags if f"{tag}_id" in present), tags[0])


def read_columns(path: Path, names: Sequence[str], *, prefix: str, labels: Sequence[str] = ()) -> Columns:
    """Read columns of one of SUMO's parquet outputs.

    Parameters
    ----------
    path
        The file.
    names
        Attributes to read, as SUMO's XML names them; those that it never wrote are left out.
    prefix
        The tag that SUMO puts before the names (``"edge"``, ``"tripinfo"``, ...). Full names are taken too.
    labels
        Which of `names` repeat few values and are read as such, without expanding them (by full name).

    Raises
    ------
    SimulationError
        If the file is missing, breaks off or is not parquet.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    check_parquet(path)
    wanted = {*names, *(f"{prefix}_{name}" for name in names)}
    try:
        present = [name for name in pq.read_schema(path).names if name in wanted]
        with pq.ParquetFile(path, read_dictionary=[name for name in labels if name in present]) as file:
            table = file.read(columns=present, use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise SimulationError(
            f"expected SUMO's output {path.name} to be parquet, got a file that cannot be read ({error}); run it again"
        ) from error
    return Columns(table, prefix)
