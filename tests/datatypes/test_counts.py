"""Counts from SUMO edge data and from CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from trafficdiff.datatypes.counts import read_counts, write_edge_data
from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph


def test_a_table_and_edge_data_say_the_same(square_town: RoadGraph, tmp_path: Path) -> None:
    table, data = tmp_path / "counts.csv", tmp_path / "counts.xml"
    table.write_text("edge,begin,end,count\nA-B,0,3600,120\nC-D,3600,7200,7\n")
    counts = read_counts(table, square_town)
    write_edge_data(counts, data)
    again = read_counts(data, square_town)
    assert square_town.edge_id[again.edge].tolist() == ["A-B", "C-D"]
    assert again.count.tolist() == counts.count.tolist() == [120.0, 7.0]
    assert again.begin_s.tolist() == [0.0, 3600.0]
    assert again.end_s.tolist() == [3600.0, 7200.0]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("c.csv", "edge,begin,count\nA-B,0,1\n", "missing.*end"),
        ("c.csv", "edge;begin;end;count\nA-B;0;1;1\n", "separator a comma"),
        ("C.CSV", "edge,begin,end,count\nA-Z,0,1,1\n", "not in the net"),
        ("c.csv", "edge,begin,end,count\nA-B,5,1,1\n", "begin before end"),
        ("c.csv", "edge,begin,end,count\nA-B,0,1,nan\n", "count from 0"),
        ("c.csv", "edge,begin,end,count\nA-B,0,inf,1\n", "begin before end"),
        ("c.xml", "<data><interval begin='0' end='1'><edge id='A-B' speed='3'/></interval></data>", "got none"),
        ("c.xml", "<data><interval begin='0' end='1'>", "cut"),
    ],
)
def test_faults_are_named(square_town: RoadGraph, tmp_path: Path, name: str, text: str, said: str) -> None:
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(InputError, match=said):
        read_counts(file, square_town)
