"""Write a table of trips as parquet with units in the field metadata, and read it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trafficdiff.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

__all__ = ["read_table", "write_table"]


def write_table(table: pd.DataFrame, path: Path, *, units: Mapping[str, str], attributes: Mapping[str, str]) -> None:
    """Write a table without its index.

    Parameters
    ----------
    table
        One row a thing.
    path
        The ``.parquet`` file.
    units
        UDUNITS string by column, kept as ``units`` in the field's metadata; empty ones are left out.
    attributes
        Kept in the schema's metadata, beside what pandas needs.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = pa.Table.from_pandas(table, preserve_index=False)
    fields = [
        field.with_metadata({"units": unit}) if (unit := units.get(field.name, "")) else field
        for field in content.schema
    ]
    metadata = {**(content.schema.metadata or {}), **{key.encode(): text.encode() for key, text in attributes.items()}}
    pq.write_table(content.cast(pa.schema(fields, metadata=metadata)), path, compression="zstd")


def read_table(path: Path) -> pd.DataFrame:
    """Read a table that `write_table` wrote.

    Raises
    ------
    IntegrityError
        If it is not a parquet file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table: pd.DataFrame = pq.read_table(path).to_pandas()
    except (OSError, pa.ArrowException) as error:
        raise IntegrityError(f"{path}: expected a parquet file, got {error}; restore the run from a copy") from error
    return table
