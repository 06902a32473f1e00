"""The hash follows the simulated numbers, all of them and nothing else."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from trafficdiff.datatypes.result import TRIP_COLUMNS, SimulationResult, VehicleCounts
from trafficdiff.simulation.result_hash import result_hash
from trafficdiff.units import with_attributes

if TYPE_CHECKING:
    from collections.abc import Callable


def made_up(speed_up: float = 1.0) -> SimulationResult:
    generator = np.random.default_rng(1)
    data = xr.Dataset(
        {
            "sampled_time": (("time", "edge"), generator.uniform(0, 1e4, (3, 4)) * speed_up),
            "pmx_mass": (("time", "edge"), generator.uniform(0, 1e-7, (3, 4))),
            "entered": (("time", "edge"), generator.integers(0, 9, (3, 4))),
            "vehicles_running": (("clock",), generator.integers(0, 9, 5)),
        },
        coords={
            "time": [0.0, 60.0, 120.0],
            "edge": np.array(list("abcd"), object),
            "clock": np.arange(5.0),
            "edge_length": ("edge", [10.0, 20.0, 30.0, 40.0]),
        },
    )
    columns: dict[str, object] = {name: generator.uniform(0, 900, 6) for name in TRIP_COLUMNS}
    columns |= {"trip_id": [f"t{i}" for i in range(6)], "vehicle_type": ["car"] * 6, "completed": [True] * 5 + [False]}
    trips = pd.DataFrame(columns)
    trips.loc[5, "arrival_s"] = np.nan
    counts = VehicleCounts(loaded=6, inserted=6, arrived=5, running=1, waiting=0, removed=0, teleports=0, collisions=0)
    return SimulationResult(data=with_attributes(data), trips=trips, counts=counts)


def with_cell(name: str, change: Callable[[float], float]) -> SimulationResult:
    result = made_up()
    data = result.data.copy(deep=True)
    data[name][dict.fromkeys(data[name].dims, 1)] = change(data[name].to_numpy()[(1,) * data[name].ndim])
    return dataclasses.replace(result, data=data)


def test_equal_numbers_have_equal_hashes() -> None:
    assert result_hash(made_up()) == result_hash(made_up())


@pytest.mark.parametrize("name", ["sampled_time", "pmx_mass", "entered", "vehicles_running"])
def test_any_changed_number_changes_the_hash(name: str) -> None:
    assert result_hash(with_cell(name, lambda value: value * (1 + 1e-8) if name[0] in "sp" else value + 1)) != (
        result_hash(made_up())
    )


@pytest.mark.parametrize("column", sorted(TRIP_COLUMNS))
def test_any_changed_trip_changes_the_hash(column: str) -> None:
    result = made_up()
    trips = result.trips.copy()
    if column == "completed":
        trips[column] = trips[column].to_numpy()[::-1]
    elif trips[column].dtype.kind == "f":
        trips.loc[2, column] += 0.001
    else:
        trips.loc[2, column] = "other"
    assert result_hash(dataclasses.replace(result, trips=trips)) != result_hash(result)


def test_counts_enter() -> None:
    result = made_up()
    counts = dataclasses.replace(result.counts, teleports=1)
    assert result_hash(dataclasses.replace(result, counts=counts)) != result_hash(result)


def test_what_was_not_simulated_does_not_enter() -> None:
    result = made_up()
    data = result.data.assign_coords(edge_length=("edge", [9.0, 9.0, 9.0, 9.0]))
    data = data.assign_attrs(history="another day")
    data["edge_length"].attrs = result.data["edge_length"].attrs
    trips = result.trips.sample(frac=1, random_state=1)
    assert result_hash(dataclasses.replace(result, data=data, trips=trips)) == result_hash(result)


def test_noise_of_the_twelfth_digit_does_not_enter() -> None:
    assert result_hash(with_cell("sampled_time", lambda value: value * (1 + 1e-15))) == result_hash(made_up())


def test_the_sign_of_zero_and_the_kind_of_nan_do_not_enter() -> None:
    zero, minus = (with_cell("sampled_time", lambda _, sign=sign: sign * 0.0) for sign in (1.0, -1.0))
    assert result_hash(zero) == result_hash(minus)
    assert result_hash(zero) != result_hash(with_cell("sampled_time", lambda _: np.nan))


@settings(max_examples=20, deadline=None)
@given(factor=st.floats(1e-3, 1e3).filter(lambda value: abs(value - 1) > 1e-8))
def test_scaling_changes_the_hash(factor: float) -> None:
    assert result_hash(made_up(factor)) != result_hash(made_up())
