"""Streets against the town worked out on paper, and their sums against the area's."""

from __future__ import annotations

import numpy as np
import pytest

from tests.metrics.hand_town import hand_data
from trafficdiff.metrics import area
from trafficdiff.metrics.streets import street_of_edges, streets

CLASSES = np.array(["primary", "residential", "primary"], object)


def test_edges_of_one_name_are_one_street_and_unnamed_edges_are_each_their_own() -> None:
    given = np.array(["東大路通", "", " ", "東大路通"], object)
    names = street_of_edges(given, np.array(["a", "b#1", "c", "d"], object))
    assert names.tolist() == ["東大路通", "unnamed (edge b#1)", "unnamed (edge c)", "東大路通"]


def test_the_worst_street_of_the_hand_made_town_comes_first() -> None:
    found = streets(hand_data(), street=np.array(["Long Road", "Side Lane", "Side Lane"], object), road_class=CLASSES)
    assert found["street"].tolist() == ["Long Road", "Side Lane"]
    worst, other = found.to_dict("records")
    assert worst["delay_hours"] == pytest.approx(4_400 / 3_600)
    assert worst["vehicle_kilometres"] == pytest.approx(30.0)
    assert worst["mean_speed_ms"] == pytest.approx(30_000 / 7_400)
    assert worst["travel_time_index"] == pytest.approx(7_400 / 3_000)
    assert other["edges"] == 2
    assert other["length_m"] == pytest.approx(700.0)
    assert other["road_class"] == "residential"  # 500 m of it, 200 m are primary
    assert other["delay_hours"] == pytest.approx(300 / 3_600)


def test_the_order_is_by_delay_and_not_by_name_or_traffic() -> None:
    found = streets(hand_data(), street=np.array(["Z", "A", "B"], object), road_class=CLASSES)
    assert found["street"].tolist() == ["Z", "A", "B"]


def test_a_street_that_nobody_uses_has_no_speed() -> None:
    found = streets(hand_data(), street=np.array(["A", "B", "Empty"], object), road_class=CLASSES).set_index("street")
    assert found.loc["Empty", "vehicle_hours"] == 0
    assert np.isnan(found.loc["Empty", "mean_speed_ms"])
    assert np.isnan(found.loc["Empty", "travel_time_index"])


def test_streets_add_up_to_the_area() -> None:
    data = hand_data()
    found = streets(data, street=np.array(["A", "B", "A"], object), road_class=CLASSES)
    assert found["delay_hours"].sum() == pytest.approx(area.delay_hours(data).item())
    assert found["vehicle_kilometres"].sum() == pytest.approx(area.vehicle_kilometres(data).item())
    assert found["vehicle_hours"].sum() == pytest.approx(area.vehicle_hours(data).item())
