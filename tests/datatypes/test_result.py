"""What a simulation result and metrics promise."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import xarray as xr

from tests.metrics.hand_town import hand_counts, hand_data, hand_result, hand_trips
from trafficdiff.datatypes.result import TRIP_COLUMNS, Metrics, SimulationResult, VehicleCounts
from trafficdiff.errors import InputError, SimulationError


def test_a_result_that_reconciles_is_accepted() -> None:
    assert set(hand_result().trips.columns) == set(TRIP_COLUMNS)


def test_every_vehicle_must_be_accounted_for() -> None:
    with pytest.raises(SimulationError, match=r"expected 7 loaded vehicles to reconcile, got 6 = 4 arrived"):
        dataclasses.replace(hand_counts(), loaded=7)


def test_counts_are_never_negative() -> None:
    # 10 arrived of 6 loaded reconciles only with 4 fewer than none on the road.
    with pytest.raises(SimulationError, match="running"):
        VehicleCounts(loaded=6, inserted=6, arrived=10, running=-4, waiting=0, removed=0, teleports=0, collisions=0)


def test_the_trip_table_has_one_row_a_vehicle() -> None:
    with pytest.raises(SimulationError, match="expected 6 rows in the trip table, got 5"):
        SimulationResult(data=hand_data(), trips=hand_trips().iloc[:5], counts=hand_counts())


def test_arrivals_in_the_trip_table_are_those_counted() -> None:
    trips = hand_trips().assign(completed=[True] * 5 + [False])
    with pytest.raises(SimulationError, match="expected 4 completed trips, the trip table has 5"):
        SimulationResult(data=hand_data(), trips=trips, counts=hand_counts())


def test_missing_trip_columns_are_named() -> None:
    trips = hand_trips().drop(columns=["duration_s", "completed"])
    with pytest.raises(InputError, match=r"missing \['completed', 'duration_s'\]"):
        SimulationResult(data=hand_data(), trips=trips, counts=hand_counts())


def test_data_with_a_foreign_unit_is_refused() -> None:
    data = hand_data()
    data["sampled_time"].attrs["units"] = "h"
    with pytest.raises(InputError, match="simulation result: variable 'sampled_time': expected the unit 's', got 'h'"):
        SimulationResult(data=data, trips=hand_trips(), counts=hand_counts())


def test_metrics_with_an_unknown_name_are_refused() -> None:
    with pytest.raises(InputError, match="metrics: variable 'congestion' is not in"):
        Metrics(data=xr.Dataset({"congestion": ("edge", np.ones(1))}))
