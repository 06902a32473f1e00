"""Flows with road lists, as the City Brain Challenge writes them."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from trafficdiff.datatypes.trip_files import read_trips
from trafficdiff.errors import TripError

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph

TEXT = "2\n5 15 5\n2\nA-B B-D\n0 9 7\n1\nC-D"


@pytest.mark.parametrize("packed", [False, True])  # told by the content, not by the name
@pytest.mark.parametrize("name", ["flow.txt", "flow.txt.gz"])
def test_a_flow_sends_a_vehicle_every_headway(square_town: RoadGraph, tmp_path: Path, name: str, packed: bool) -> None:
    file = tmp_path / name
    file.write_bytes(gzip.compress(TEXT.encode()) if packed else TEXT.encode())
    trips = read_trips(file, square_town)
    assert list(zip(trips.trip_id, trips.depart_s, strict=True)) == [
        ("1.0", 0.0), ("0.0", 5.0), ("1.1", 7.0), ("0.1", 10.0), ("0.2", 15.0),
    ]  # fmt: skip
    assert trips.route_lengths.tolist() == [1, 2, 1, 2, 2]
    assert trips.window_s == (0.0, 16.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2\n5 15 5\n2\nA-B B-D\n", "three lines a flow"),
        ("1\n5 15 5\n3\nA-B B-D\n", "expected 3 roads, got 2"),
        ("1\n5 15 5\n2\nA-B Z-Z\n", "'Z-Z' is not in the net"),
        ("1\n5 1 5\n2\nA-B B-D\n", "first and last departure"),
        ("1\n0 1e15 1\n2\nA-B B-D\n", "first and last departure"),
        ("1\n5 15 5\n2\nA-B D-C\n", "follows"),
    ],
)
def test_faults_are_named(square_town: RoadGraph, tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "flow.txt"
    file.write_text(text)
    with pytest.raises(TripError, match=said):
        read_trips(file, square_town)
