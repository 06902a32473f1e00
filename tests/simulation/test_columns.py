"""Reading SUMO's parquet files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trafficdiff.errors import SimulationError
from trafficdiff.simulation.columns import check_parquet, read_columns

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "x.parquet"
    columns = {
        "edge_id": ["b", "a", None, "b"],
        "edge_speed": [1.5, None, 2.5, 0.0],
        "interval_begin": ["0.000", "0.000", "60.000", None],
        "edge_count": pa.array([1, 2, None, 4], pa.int32()),
    }
    pq.write_table(pa.table(columns), path)
    return path


@pytest.mark.parametrize("labels", [(), ("edge_id", "interval_begin")])
def test_columns_come_back_as_plain_arrays(table: Path, labels: tuple[str, ...]) -> None:
    columns = read_columns(table, ["id", "speed", "interval_begin", "count"], prefix="edge", labels=labels)
    assert columns.text("id").tolist() == ["b", "a", "", "b"]
    assert columns.numbers("speed").tolist() == [1.5, 0.0, 2.5, 0.0]
    assert columns.numbers("count", missing=-1).tolist() == [1, 2, -1, 4]
    np.testing.assert_array_equal(columns.numbers("interval_begin", missing=np.nan), [0, 0, 60, np.nan])


def test_a_column_that_sumo_never_wrote_is_the_missing_value(table: Path) -> None:
    columns = read_columns(table, ["teleported"], prefix="edge")
    assert columns.numbers("teleported").tolist() == [0, 0, 0, 0]
    assert columns.text("teleported").tolist() == [""] * 4


def test_labels_say_which_distinct_value_each_row_has(table: Path) -> None:
    codes, names = read_columns(table, ["id"], prefix="edge").labels("id")
    assert [names[code] if code >= 0 else None for code in codes] == ["b", "a", None, "b"]


@pytest.mark.parametrize("kept", [0, 3, 11, 40, -1, -5])
def test_a_file_that_breaks_off_is_refused(table: Path, kept: int) -> None:
    whole = table.read_bytes()
    table.write_bytes(whole[:kept])
    with pytest.raises(SimulationError, match=r"breaks off|without an end"):
        check_parquet(table)
    with pytest.raises(SimulationError):
        read_columns(table, ["id"], prefix="edge")


def test_a_file_that_is_damaged_inside_is_refused(table: Path) -> None:
    whole = bytearray(table.read_bytes())
    whole[-12:-8] = b"\xff\xff\xff\xff"
    table.write_bytes(whole)
    with pytest.raises(SimulationError, match="cannot be read"):
        read_columns(table, ["id"], prefix="edge")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match=r"edges\.parquet, got No such file"):
        check_parquet(tmp_path / "edges.parquet")


def test_an_empty_table_has_empty_columns(tmp_path: Path) -> None:
    pq.write_table(pa.table({}), tmp_path / "x.parquet")
    columns = read_columns(tmp_path / "x.parquet", ["id"], prefix="edge", labels=("edge_id",))
    assert columns.text("id").tolist() == []
    assert columns.numbers("id").tolist() == []
