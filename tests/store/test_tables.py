"""A trip table comes back as it was, its units in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.store.runs import make_trips
from trafficdiff.datatypes.result import TRIP_COLUMNS
from trafficdiff.errors import IntegrityError
from trafficdiff.store.tables import read_table, write_table

if TYPE_CHECKING:
    from pathlib import Path


def test_a_table_comes_back_equal_with_its_gaps(tmp_path: Path) -> None:
    table = make_trips(9)
    write_table(table, tmp_path / "t.parquet", units=TRIP_COLUMNS, attributes={"synthetic": "true"})
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.parquet"), table, check_dtype=False)
    assert table["arrival_s"].isna().sum() == 2
    assert read_table(tmp_path / "t.parquet")["completed"].dtype == bool


def test_units_and_attributes_stand_in_the_file(tmp_path: Path) -> None:
    write_table(make_trips(9), tmp_path / "t.parquet", units=TRIP_COLUMNS, attributes={"synthetic": "true"})
    schema = pq.read_schema(tmp_path / "t.parquet")
    assert schema.field("route_length_m").metadata == {b"units": b"m"}
    assert schema.field("trip_id").metadata is None
    assert schema.metadata[b"synthetic"] == b"true"


def test_a_cut_table_is_an_integrity_error(tmp_path: Path) -> None:
    write_table(make_trips(9), tmp_path / "t.parquet", units={}, attributes={})
    content = (tmp_path / "t.parquet").read_bytes()
    (tmp_path / "t.parquet").write_bytes(content[:-20])
    with pytest.raises(IntegrityError, match="expected a parquet file"):
        read_table(tmp_path / "t.parquet")
