"""Tracks that are written and read are the same tracks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.towns import make_town
from trafficdiff.datatypes.track_files import read_tracks_table, write_tracks_table
from trafficdiff.datatypes.tracks import Tracks
from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph


def two_cars() -> Tracks:
    return Tracks(
        user_id=np.array(["a", "b"], object),
        user_kind=np.array(["passenger", "truck"], object),
        length_m=np.array([5.0, 12.0]),
        width_m=np.array([1.8, 2.5]),
        offsets=np.array([0, 3, 5]),
        time_s=np.array([0.0, 1.0, 2.0, 1.5, 2.5]),
        x_m=np.array([0.0, 10.0, 20.0, 5.0, 6.0]),
        y_m=np.array([0.0, 0.0, 1.0, 3.0, 3.0]),
        heading_rad=np.array([0.0, 0.0, 0.1, -1.0, -1.0]),
        speed_ms=np.array([10.0, 10.0, 10.0, 1.0, 1.0]),
        edge=np.array([0, -1, 1, 2, 2], np.int32),
    )


def test_a_round_trip_changes_nothing(square_town: RoadGraph, tmp_path: Path) -> None:
    write_tracks_table(two_cars(), tmp_path / "t.parquet", graph=square_town)
    again = read_tracks_table(tmp_path / "t.parquet", graph=square_town)
    for name, values in vars(two_cars()).items():
        np.testing.assert_array_equal(getattr(again, name), values, err_msg=name)


def test_edges_of_another_town_are_refused(square_town: RoadGraph, tmp_path: Path) -> None:
    write_tracks_table(two_cars(), tmp_path / "t.parquet", graph=square_town)
    other = make_town({"X": (0.0, 0.0), "Y": (50.0, 0.0)}, [("X", "Y"), ("Y", "X")])
    with pytest.raises(InputError, match="own network"):
        read_tracks_table(tmp_path / "t.parquet", graph=other)


@pytest.mark.parametrize("content", [b"", b"PAR1 and no more"])
def test_a_damaged_file_is_refused(square_town: RoadGraph, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.parquet").write_bytes(content)
    with pytest.raises(InputError, match="expected a table of tracks"):
        read_tracks_table(tmp_path / "t.parquet", graph=square_town)


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [("x_m", ["a", "b", "c", "d", "e"], "expected numbers in"), ("user_id", ["a", "a", "a", None, "b"], "in each row")],
)
def test_columns_of_another_kind_are_refused_by_name(
    square_town: RoadGraph, tmp_path: Path, column: str, values: list[str | None], said: str
) -> None:
    write_tracks_table(two_cars(), tmp_path / "t.parquet", graph=square_town)
    table = pq.read_table(tmp_path / "t.parquet")
    changed = table.set_column(table.column_names.index(column), column, pa.array(values, pa.string()))
    pq.write_table(changed, tmp_path / "t.parquet")
    with pytest.raises(InputError, match=said):
        read_tracks_table(tmp_path / "t.parquet", graph=square_town)
