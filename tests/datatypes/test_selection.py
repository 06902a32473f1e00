"""Taking some of the trips keeps all that belongs to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from trafficdiff.datatypes.selection import cut_to_window, take_trips
from trafficdiff.datatypes.trips import TripSet
from trafficdiff.errors import TripError

if TYPE_CHECKING:
    from trafficdiff.datatypes.graph import RoadGraph


def test_trips_keep_their_routes_charges_and_stops(square_town: RoadGraph) -> None:
    place = square_town.edge_index
    trips = TripSet(
        graph=square_town,
        trip_id=np.array(["a", "b", "c"], object),
        depart_s=np.array([0.0, 1.0, 2.0]),
        window_s=(0.0, 10.0),
        offsets=np.array([0, 1, 3, 5]),
        edges=np.array([place[name] for name in ("C-D", "A-B", "B-D", "D-B", "B-A")], np.int32),
        state_of_charge=np.array([0.1, 0.2, 0.3]),
        battery_kwh=np.array([10.0, 20.0, 30.0]),
        charging_stops=pd.DataFrame(
            {
                "trip": [2, 1],
                "edge": [0, 1],
                "station": ["s", "t"],
                "duration_s": [60.0, 30.0],
                "energy_kwh": [1.0, 2.0],
            }
        ),
    )
    taken = take_trips(trips, np.array([2, 0]))
    assert taken.trip_id.tolist() == ["a", "c"]
    assert taken.offsets.tolist() == [0, 1, 3]
    assert square_town.edge_id[taken.edges].tolist() == ["C-D", "D-B", "B-A"]
    assert taken.state_of_charge.tolist() == [0.1, 0.3]
    assert taken.charging_stops is not None
    assert taken.charging_stops[["trip", "station"]].to_numpy().tolist() == [[1, "s"]]


def test_a_cut_to_a_window_says_what_is_left_out_and_refuses_an_empty_window(
    square_town: RoadGraph, caplog: pytest.LogCaptureFixture
) -> None:
    trips = TripSet(
        graph=square_town,
        trip_id=np.array(["a", "b", "c"], object),
        depart_s=np.array([0.0, 1.0, 2.0]),
        window_s=(0.0, 10.0),
        offsets=np.array([0, 1, 2, 3]),
        edges=np.array([0, 1, 2], np.int32),
    )
    cut = cut_to_window(trips, (1.0, 2.0))
    assert cut.trip_id.tolist() == ["b"]
    assert cut.window_s == (1.0, 2.0)
    assert "2 of 3 trips were left out" in caplog.text
    for window_s in ((3.0, 9.0), (2.0, 1.0)):
        with pytest.raises(TripError, match="only departures from 0 to 2 s"):
            cut_to_window(trips, window_s)
