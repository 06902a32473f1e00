"""Trip numbers against the trips worked out on paper."""

from __future__ import annotations

import numpy as np
import pytest

from tests.metrics.hand_town import hand_counts, hand_trips
from trafficdiff.datatypes.result import VehicleCounts
from trafficdiff.metrics import trips


def test_means_are_over_completed_trips() -> None:
    numbers = trips.trip_numbers(hand_trips())
    assert numbers["mean_trip_time"] == 250.0  # (100 + 200 + 300 + 400) / 4; the car on the road does not count
    assert numbers["mean_trip_time_loss"] == 100.0
    assert numbers["mean_trip_distance"] == 1500.0
    assert numbers["trip_travel_time_index"] == 1.625


def test_distance_and_time_in_all_count_unfinished_trips_too() -> None:
    table = hand_trips()
    numbers = trips.trip_numbers(table)
    assert numbers["trip_hours"] == pytest.approx(np.nansum(table["duration_s"]) / 3_600)
    assert numbers["trip_hours"] > table.loc[table["completed"], "duration_s"].sum() / 3_600
    assert numbers["trip_kilometres"] == pytest.approx(np.nansum(table["route_length_m"]) / 1_000)


def test_the_wait_to_enter_is_over_all_that_entered() -> None:
    assert trips.trip_numbers(hand_trips())["mean_depart_delay"] == 2.0  # (0 + 0 + 0 + 5 + 5) / 5


def test_counts_become_shares() -> None:
    numbers = trips.count_numbers(hand_counts())
    assert numbers["completion_share"] == pytest.approx(4 / 6)
    assert numbers["teleport_share"] == pytest.approx(1 / 5)
    assert numbers["waiting_to_enter"] == 1.0
    assert numbers["trips_asked"] == 6.0


def test_shares_and_means_of_nothing_are_missing() -> None:
    nobody = VehicleCounts(loaded=0, inserted=0, arrived=0, running=0, waiting=0, removed=0, teleports=0, collisions=0)
    numbers = trips.count_numbers(nobody) | trips.trip_numbers(hand_trips().iloc[:0])
    shares = {"completion_share", "teleport_share", "mean_trip_time", "mean_depart_delay", "trip_buffer_index"}
    assert all(np.isnan(numbers[name]) for name in shares)
    assert numbers["trips_completed"] == 0.0
