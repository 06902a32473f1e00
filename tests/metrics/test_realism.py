"""The columns of the protocol on the square town, worked out by hand, and what must not change them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import towns
from trafficdiff.datatypes.trips import TripSet
from trafficdiff.datatypes.vehicles import VehicleType
from trafficdiff.metrics.realism import (
    COLUMNS,
    HIGHER_IS_BETTER,
    LOWER_IS_BETTER,
    jsd_depart_15min,
    jsd_length,
    length_bins,
    make_yardstick,
    realism,
)

if TYPE_CHECKING:
    from trafficdiff.datatypes.graph import RoadGraph

ROUTES = (("A-B", "B-D"), ("A-C",), ("B-D", "D-C", "C-A"), ("D-B", "B-A"), ("C-D",), ("A-B",))


def trips_on(graph: RoadGraph, kinds: list[int], *, window_s: tuple[float, float] = (0.0, 3600.0)) -> TripSet:
    routes = [ROUTES[kind] for kind in kinds]
    return TripSet(
        graph=graph,
        trip_id=np.arange(len(kinds)).astype(str).astype(object),
        depart_s=np.linspace(*window_s, len(kinds), endpoint=False),
        window_s=window_s,
        offsets=np.concatenate([[0], np.cumsum([len(each) for each in routes])]).astype(np.int64),
        edges=np.array([graph.edge_index[name] for each in routes for name in each], np.int32),
    )


def columns(generated: TripSet, reference: TripSet) -> dict[str, float]:
    return realism(generated, reference, yardstick=make_yardstick(reference))[0]


def test_the_columns_are_those_of_the_protocol_in_its_order(square_town: RoadGraph) -> None:
    trips = trips_on(square_town, [0, 1, 2])
    assert tuple(columns(trips, trips)) == COLUMNS
    assert set(COLUMNS) - HIGHER_IS_BETTER - LOWER_IS_BETTER == {
        "mean_length_ratio", "share_identical_to_a_real_route",
    }  # fmt: skip


def test_equal_trips_agree_in_everything(square_town: RoadGraph) -> None:
    trips = trips_on(square_town, [0, 0, 1, 2, 3, 5])
    found = columns(trips, trips)
    assert all(found[name] == pytest.approx(0.0, abs=1e-12) for name in LOWER_IS_BETTER)
    assert all(found[name] == pytest.approx(1.0) for name in HIGHER_IS_BETTER)
    assert found["mean_length_ratio"] == found["share_identical_to_a_real_route"] == 1.0


def test_a_case_worked_out_by_hand(square_town: RoadGraph) -> None:
    reference, generated = trips_on(square_town, [0, 0, 1, 1]), trips_on(square_town, [0, 5, 5, 4])
    found = columns(generated, reference)
    assert found["mean_length_ratio"] == pytest.approx(500 / 600)
    # origins: real A-B 2, A-C 2; generated A-B 3, C-D 1. Shares (.5, .5, 0) and (.75, 0, .25), M (.625, .25, .125)
    real = 0.5 * np.log2(0.5 / 0.625) + 0.5 * np.log2(0.5 / 0.25)
    made = 0.75 * np.log2(0.75 / 0.625) + 0.25 * np.log2(0.25 / 0.125)
    assert found["jsd_o"] == found["jsd_o_8x8"] == pytest.approx((real + made) / 2)
    assert found["cpc_od"] == pytest.approx(0.25)  # only A-B to B-D is common: 1 of 4 against 2 of 4
    # lengths: real half 100 m and half 200 m, generated 3/4 and 1/4
    middle = np.array([0.625, 0.375])
    real = 0.5 * np.log2(0.5 / middle).sum()
    made = (np.array([0.75, 0.25]) * np.log2(np.array([0.75, 0.25]) / middle)).sum()
    assert found["jsd_length"] == pytest.approx((real + made) / 2)
    # flows on A-B, B-D, A-C, C-D: real (2, 2, 2, 0), generated (3, 1, 0, 1); the other four edges 0
    squares = (np.sqrt(3) - np.sqrt(2)) ** 2 + (1 - np.sqrt(2)) ** 2 + 2 + 1
    assert found["rmse_sqrt_flow"] == pytest.approx(np.sqrt(squares / 8))
    assert found["share_identical_to_a_real_route"] == 0.25
    assert found["share_disconnected"] == 0.0


def test_the_overflow_bin_holds_all_that_is_longer_than_the_percentile() -> None:
    bins_m = length_bins(np.array([100.0, 200.0, 400.0]))
    assert len(bins_m) == 42
    assert bins_m[0] == 0.0
    assert bins_m[-2] == pytest.approx(np.percentile([100, 200, 400], 99.5))
    # the longest real route lies above the percentile: shares (0, 1) and (1/2, 1/2)
    assert jsd_length(np.array([1e6, 2e6]), np.array([100.0, 200.0])) == pytest.approx(0.3112781, abs=1e-6)


def test_departures_count_only_where_they_span_more_than_half_an_hour() -> None:
    assert np.isnan(jsd_depart_15min(np.array([0.0, 5000.0]), np.array([0.0, 1800.0])))
    # quarter hours: real (1, 0, 1), generated (2, 0, 0)
    assert jsd_depart_15min(np.array([0.0, 899.0]), np.array([0.0, 1801.0])) == pytest.approx(0.3112781, abs=1e-6)


def test_edges_closed_to_cars_count_only_if_a_real_trip_uses_them() -> None:
    nodes = {"A": (0.0, 0.0), "B": (100.0, 0.0), "C": (200.0, 0.0)}
    streets = [("A", "B"), ("B", "C"), ("C", "B"), ("B", "A")]
    graph = towns.make_town(nodes, streets, allowed={"B-C": 1 << 20, "C-B": 1 << 20})
    bicycle = (VehicleType("bicycle", vehicle_class="bicycle"),)
    trips = TripSet(
        graph=graph, trip_id=np.array(["0"], object), depart_s=np.zeros(1), window_s=(0.0, 1.0),
        offsets=np.array([0, 1]), edges=np.array([graph.edge_index["B-C"]], np.int32), vehicle_types=bicycle,
    )  # fmt: skip
    drivable = make_yardstick(trips).drivable
    assert graph.edge_id[drivable].tolist() == ["A-B", "B-A", "B-C"]
    assert make_yardstick(trips, vehicle_class="bicycle").drivable.all()


kinds = st.lists(st.integers(0, len(ROUTES) - 1), min_size=6, max_size=6)


@given(kinds, kinds)
def test_names_of_edges_and_the_order_of_trips_do_not_matter(one: list[int], other: list[int]) -> None:
    graph = towns.square_town()
    renamed = replace(graph, edge_id=np.array([f"x{name}" for name in graph.edge_id], object))
    generated, reference = trips_on(graph, one), trips_on(graph, other)
    found = columns(generated, reference)
    again = columns(replace(generated, graph=renamed), replace(reference, graph=renamed))
    turned = columns(trips_on(graph, one[::-1]), trips_on(graph, other[::-1]))
    for name in COLUMNS:
        assert again[name] == pytest.approx(found[name], nan_ok=True)
        assert turned[name] == pytest.approx(found[name], nan_ok=True)


@pytest.mark.slow
@given(kinds, kinds)
def test_shares_and_divergences_stay_within_their_bounds(one: list[int], other: list[int]) -> None:
    graph = towns.square_town()
    found = columns(trips_on(graph, one), trips_on(graph, other))
    for name, value in found.items():
        if name not in {"mean_length_ratio", "rmse_sqrt_flow", "flow_pearson", "flow_spearman"}:
            assert 0.0 <= value <= 1.0 + 1e-12


def test_the_bootstrap_gives_the_error_of_a_share(square_town: RoadGraph) -> None:
    reference, generated = trips_on(square_town, [1] * 100), trips_on(square_town, [1] * 30 + [5] * 70)
    values, errors = realism(
        generated, reference, yardstick=make_yardstick(reference), replicates=400, generator=np.random.default_rng(3)
    )
    # binomial: sqrt(.3 x .7 / 100) = .0458; 400 replicates know it to 1 / sqrt(800) = 3.5 %
    assert values["share_identical_to_a_real_route"] == pytest.approx(0.3)
    assert errors["share_identical_to_a_real_route"] == pytest.approx(0.0458, rel=0.12)
