"""What fewer than ten given trips did is in no exported table; synthetic trips stay whole."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from trafficdiff.workflows.shareable import shareable_dataset, shareable_tables

COUNTS = {
    # nobody, a few, many through, many of whom a few begin here
    "entered": [0.0, 4.0, 50.0, 47.0],
    "departed": [0.0, 0.0, 0.0, 3.0],
    "left": [0.0, 4.0, 50.0, 50.0],
    "arrived": [0.0, 0.0, 0.0, 0.0],
}


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "edge_id": list("abcd"),
            "length_m": 100.0,
            "free_flow_time_s": 9.0,
            **COUNTS,
            "speed_ms": [np.nan, 8.0, 9.0, 7.0],
        }
    )


def test_a_few_lose_all_their_numbers_and_few_ends_all_four_counts(table: pd.DataFrame) -> None:
    shown = shareable_tables({"edges": table, "area": table[["edge_id"]]}, synthetic=False)
    edges = shown["edges"]
    assert edges["entered"].isna().tolist() == [False, True, False, True]
    assert edges["left"].isna().tolist() == [False, True, False, True]
    assert edges["speed_ms"].isna().tolist() == [True, True, False, False]
    assert edges[["edge_id", "length_m", "free_flow_time_s"]].equals(table[["edge_id", "length_m", "free_flow_time_s"]])
    assert shown["area"].equals(table[["edge_id"]])


@pytest.mark.parametrize("options", [{"synthetic": True}, {"synthetic": False, "least": 0}])
def test_synthetic_trips_and_those_of_the_house_stay_whole(table: pd.DataFrame, options) -> None:
    assert shareable_tables({"edges": table}, **options)["edges"].equals(table)


def test_cells_of_a_dataset_go_one_interval_at_a_time(table: pd.DataFrame) -> None:
    two = np.stack([table[list(COUNTS)].to_numpy(), 0 * table[list(COUNTS)].to_numpy()], axis=0)
    data = xr.Dataset(
        {name: (("time", "edge"), two[..., place]) for place, name in enumerate(COUNTS)}
        | {"speed": (("time", "edge"), np.ones((2, 4))), "edge_length": ("edge", np.full(4, 100.0))}
    )
    shown = shareable_dataset(data, synthetic=False)
    assert np.isnan(shown["speed"]).values.tolist() == [[False, True, False, False], [False] * 4]
    assert np.isnan(shown["entered"]).values.tolist() == [[False, True, False, True], [False] * 4]
    assert shown["edge_length"].equals(data["edge_length"])
    assert shareable_dataset(data, synthetic=True) is data
