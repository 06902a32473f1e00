"""Tables hold what the data say, under names with units."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from tests.metrics.hand_town import hand_data, hand_result
from tests.towns import make_town
from trafficdiff.export.tables import area_table, column_of, edge_table, interval_table, street_table
from trafficdiff.metrics import compute
from trafficdiff.metrics.whole_window import whole_window
from trafficdiff.units import QUANTITIES

if TYPE_CHECKING:
    from trafficdiff.datatypes.graph import RoadGraph

STREET = np.array(["High Street", "High Street", "unnamed (edge c)"], object)


@pytest.fixture
def town() -> RoadGraph:
    """The roads of the town worked out on paper: a, b, c."""
    nodes = {"A": (0.0, 0.0), "B": (1_000.0, 0.0), "C": (1_000.0, 500.0), "D": (1_200.0, 500.0)}
    made = make_town(nodes, [("A", "B"), ("B", "C"), ("C", "D")])
    return replace(
        made,
        edge_id=np.array(["a", "b", "c"], object),
        way_offsets=np.array([0, 2, 2, 3], np.int64),
        way_ids=np.array([7, 8, 9], np.int64),
    )


def test_every_quantity_has_a_column_and_no_two_share_one() -> None:
    columns = [column_of(name) for name in QUANTITIES]
    assert len(set(columns)) == len(columns)
    assert column_of("speed") == "speed_ms"
    assert column_of("delay") == "delay_s"
    assert column_of("vehicle_hours") == "vehicle_hours"
    assert column_of("travel_time_index") == "travel_time_index"


def test_an_edge_says_what_it_is_where_it_is_and_what_happened_there(town: RoadGraph) -> None:
    table = edge_table(town, whole_window(hand_data()), street=STREET)
    a, _, c = table.to_dict("records")
    assert (a["edge_id"], a["street"], a["road_class"]) == ("a", "High Street", "residential")
    assert (a["length_m"], a["lanes"], a["osm_way_ids"]) == (1_000.0, 1, "7 8")
    assert a["delay_s"] == pytest.approx(4_400.0)
    assert a["speed_ms"] == pytest.approx(30_000 / 7_400, rel=1e-5)
    assert a["street_level_of_service"] == "D"  # 4.05 of 10 m/s
    assert pd.isna(c["street_level_of_service"])
    assert np.isnan(c["speed_ms"])
    assert table.crs is not None
    middle = town.to_lonlat(np.array([[500.0, 0.0]]))[0]
    assert (a["lon"], a["lat"]) == pytest.approx(tuple(middle), abs=1e-6)
    assert table.to_crs("EPSG:4326").geometry[0].interpolate(0.5, normalized=True).x == pytest.approx(middle[0])


def test_intervals_without_a_vehicle_are_left_out() -> None:
    table = interval_table(compute(hand_result()).data, street=STREET)
    assert table[["edge_id", "begin_s"]].to_numpy().tolist() == [
        ["a", 0.0], ["b", 0.0], ["a", 600.0], ["b", 600.0], ["a", 1_200.0],
    ]  # fmt: skip
    assert table["end_s"].tolist() == [600.0, 600.0, 1_200.0, 1_200.0, 1_800.0]
    assert table["delay_s"].tolist() == pytest.approx([0.0, 300.0, 2_000.0, 0.0, 2_400.0])
    assert table["street"].tolist() == ["High Street", "High Street"] * 2 + ["High Street"]


def test_a_street_has_the_lines_of_all_its_edges(town: RoadGraph) -> None:
    streets = pd.DataFrame({"street": ["unnamed (edge c)", "High Street"], "delay_hours": [1.23456789, 0.0]})
    table = street_table(town, streets, street=STREET)
    assert table["street"].tolist() == ["unnamed (edge c)", "High Street"]
    assert table.geometry.length.tolist() == pytest.approx([200.0, 1_500.0])
    assert table["delay_hours"].tolist() == [1.23457, 0.0]


def test_the_areas_numbers_say_what_they_are_taken_over() -> None:
    data = compute(hand_result()).data
    table = area_table(data).set_index("name")
    assert table.loc["vehicle_kilometres", ["over", "value", "unit"]].tolist() == ["edges", 39.0, "km"]
    assert table.loc["trip_kilometres", "over"] == "trips that entered"
    assert set(table.index) == {str(name) for name, array in data.data_vars.items() if array.ndim == 0}
    assert (table["over"] != "").all()


def test_written_digits_are_rounded_and_missing_values_stay_missing() -> None:
    array = xr.DataArray([1234567.891, 0.000123456789, 0.0, np.nan, -2.0], dims="edge")
    nodes = {str(place): (100.0 * place, 0.0) for place in range(6)}
    town = make_town(nodes, [(str(place), str(place + 1)) for place in range(5)])
    table = edge_table(town, xr.Dataset({"delay": array}), street=town.street_name)
    np.testing.assert_array_equal(table["delay_s"], [1_234_570.0, 0.000123457, 0.0, np.nan, -2.0])
