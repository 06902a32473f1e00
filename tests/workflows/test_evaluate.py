"""The protocol on towns with known demand: what is better must come out better."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.diffusion.places import tiny_model
from trafficdiff.datatypes.counts import Counts
from trafficdiff.datatypes.selection import take_trips
from trafficdiff.datatypes.trip_files import write_trips
from trafficdiff.datatypes.vehicles import VEHICLE_TYPES, VehicleType
from trafficdiff.diffusion.checkpoint import write_checkpoint
from trafficdiff.errors import InputError
from trafficdiff.metrics.realism import COLUMNS, FLOW_COLUMNS, HIGHER_IS_BETTER, LOWER_IS_BETTER
from trafficdiff.workflows.baselines import Weights, evenly, kind_of
from trafficdiff.workflows.evaluate import FLOOR, evaluate, judge
from trafficdiff.workflows.model_demand import open_city

if TYPE_CHECKING:
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.trips import TripSet

BASELINES = [
    FLOOR, "real OD + shortest path", "uniform OD + shortest path", "length-weighted OD", "betweenness", "gravity",
]  # fmt: skip


PAGE = Path(__file__).parents[2] / "docs" / "evaluation.md"


def test_the_page_on_evaluation_names_every_column_and_row() -> None:
    page = PAGE.read_text(encoding="utf-8")
    rows = (*BASELINES, "randomTrips, fringe factor 5", "randomTrips + routeSampler", "model: CHECKPOINT")
    assert [name for name in COLUMNS if f"`{name}`" not in page] == []
    assert [name for name in rows if f"| {name} |" not in page] == []


def demand(graph: RoadGraph, count: int, *, seed: int, fringe_factor: float = 40.0) -> TripSet:
    """Trips that mostly cross the grid, over an hour."""
    return evenly(
        graph, count, weights=Weights(fringe_factor=fringe_factor), kind=VEHICLE_TYPES["car"], window_s=(0.0, 3600.0),
        generator=np.random.default_rng(seed),
    )  # fmt: skip


@pytest.fixture(scope="module")
def real(grid_graph: RoadGraph) -> TripSet:
    return demand(grid_graph, 1_000, seed=1)


@pytest.mark.sumo
def test_the_rows_come_in_the_order_of_the_protocol_and_the_right_model_beats_the_baselines(real: TripSet) -> None:
    alike, unlike = demand(real.graph, 700, seed=2), demand(real.graph, 600, seed=3, fringe_factor=0.01)
    found = judge(real, generated={"alike": alike, "unlike": unlike}, draws=2, replicates=20, sumo_tools=False)
    rows = {row.name: row for row in found.rows}
    assert list(rows) == [*BASELINES, "generated: alike", "generated: unlike"]
    assert found.trips == 500
    assert found.seeds == (1000, 1001)
    assert found.variants_tried == 2
    good, floor = rows["generated: alike"], rows[FLOOR]
    for name in ("uniform OD + shortest path", "length-weighted OD", "generated: unlike"):
        for column in ("flow_pearson", "rmse_sqrt_flow", "cpc_od", "jsd_o"):
            better = good.values[column] - rows[name].values[column]
            assert (better > 0) == (column in HIGHER_IS_BETTER), (name, column)
    assert good.values["flow_pearson"] == pytest.approx(floor.values["flow_pearson"], abs=0.03)
    assert good.trips_written == 700
    assert good.margins["flow_pearson"] > 0


@pytest.mark.sumo
def test_the_real_routes_are_shortest_paths_here_so_that_routing_them_again_costs_almost_nothing(
    real: TripSet,
) -> None:
    floor, routed = judge(real, draws=1, replicates=0, sumo_tools=False).rows[:2]
    for column in ("jsd_o", "jsd_d", "jsd_od", "cpc_od"):
        assert routed.values[column] == floor.values[column]
    assert routed.values["flow_pearson"] == pytest.approx(floor.values["flow_pearson"], abs=1e-6)
    assert np.isnan(floor.margins["jsd_o"])


@pytest.mark.sumo
def test_betweenness_has_columns_about_flows_only(real: TripSet) -> None:
    row = judge(real, draws=1, replicates=5, sumo_tools=False).rows[4]
    assert {name for name in COLUMNS if np.isfinite(row.values[name])} == set(FLOW_COLUMNS)


@pytest.mark.sumo
def test_counts_add_sumos_route_sampler_and_bring_it_closer_to_the_flows(real: TripSet) -> None:
    flow = np.bincount(real.edges, minlength=real.graph.edge_count)
    edge = np.flatnonzero(flow)[::3].astype(np.int32)
    begin_s = np.zeros(len(edge))
    counts = Counts(graph=real.graph, edge=edge, begin_s=begin_s, end_s=begin_s + 3600, count=flow[edge].astype(float))
    found = judge(real, counts=counts, draws=1, replicates=0)
    rows = {row.name: row for row in found.rows}
    drawn, fitted = rows["randomTrips, fringe factor 5"], rows["randomTrips + routeSampler"]
    assert drawn.trips_asked == 650
    assert drawn.trips_usable <= drawn.trips_written <= drawn.trips_asked
    assert fitted.values["flow_pearson"] > drawn.values["flow_pearson"]
    assert not found.left_out


@pytest.mark.sumo
def test_the_same_input_gives_the_same_table(real: TripSet) -> None:
    one, other = (judge(real, draws=1, replicates=3, sumo_tools=False) for _ in range(2))
    assert [repr(row) for row in one.rows] == [repr(row) for row in other.rows]


@pytest.mark.sumo
def test_a_demand_model_has_a_row_of_its_own_with_another_day_in_each_draw(real: TripSet, tmp_path: Path) -> None:
    model, scaling = tiny_model(open_city(real.graph).scene)
    paths = [tmp_path / "one.safetensors", tmp_path / "other" / "one.safetensors"]
    for path in paths:
        write_checkpoint(path, members=[model], scaling=scaling, card={})
    routes = tmp_path / "real.parquet"
    write_trips(real, routes)
    options = {"routes": routes, "draws": 2, "trips": 200, "replicates": 0, "sumo_tools": False}
    found = evaluate(str(real.graph.net_path), models=[str(paths[0])], **options)
    row = found.rows[-1]
    assert row.name == "model: one.safetensors"
    assert (row.trips_asked, row.trips_usable) == (400, 400)
    assert row.values["share_disconnected"] == 0
    assert row.values["jsd_depart_15min"] < 0.01
    assert 0 < row.values["flow_pearson"] < 1
    assert found.variants_tried == 1
    again = evaluate(str(real.graph.net_path), models=[str(paths[0])], **options)
    assert repr(again.rows) == repr(found.rows)
    with pytest.raises(InputError, match="checkpoints of different names"):
        evaluate(str(real.graph.net_path), models=list(map(str, paths)), **options)
    with pytest.raises(InputError, match="found none"):
        evaluate("no network is opened before", models=["none.safetensors"], **options)


@pytest.mark.sumo
def test_n_is_limited_by_the_generated_trips(real: TripSet) -> None:
    few = take_trips(real, np.arange(40))
    assert judge(real, generated={"few": few}, draws=1, replicates=0, sumo_tools=False).trips == 40


@pytest.mark.sumo
def test_too_few_trips_no_draws_and_a_deterrence_that_is_no_number_are_refused(real: TripSet) -> None:
    with pytest.raises(InputError, match="at least 4 real trips"):
        judge(take_trips(real, np.arange(3)))
    with pytest.raises(InputError, match="at least one draw"):
        judge(real, draws=0)
    with pytest.raises(InputError, match="deterrence from -1 to 1"):
        judge(real, deterrence_per_s=float("nan"))
    with pytest.raises(InputError, match="at least two generated trips"):
        judge(real, generated={"one": take_trips(real, np.array([5]))})


@pytest.mark.sumo
def test_the_class_of_most_trips_decides_but_never_the_one_that_ignores_permissions(real: TripSet) -> None:
    types = (VehicleType("a", "ignoring"), VehicleType("b", "bus"), VehicleType("c", "passenger"))
    kinds = np.repeat([0, 1, 2], [600, 100, 300]).astype(np.int32)
    assert kind_of(replace(real, vehicle_types=types, vehicle_type=kinds)).vehicle_class == "passenger"


@pytest.mark.sumo
def test_files_of_one_name_are_refused(real: TripSet, tmp_path: Path) -> None:
    path = tmp_path / "real.parquet"
    write_trips(real, path)
    with pytest.raises(InputError, match="one name twice"):
        evaluate(str(real.graph.net_path), routes=path, generated=[path, path])


@pytest.mark.data
@pytest.mark.sumo
@pytest.mark.slow
def test_on_a_real_town_the_floor_is_best_and_real_ends_beat_every_baseline(data_folder: Path) -> None:
    folder = data_folder / "cities" / "wildau"
    found = evaluate(
        str(folder / "net.net.xml.gz"),
        routes=folder / "cars.rou.xml.gz",
        counts=folder / "counts.edgedata.xml",
        draws=2,
        replicates=0,
    )
    floor, routed, *baselines = found.rows
    assert found.trips == 1778
    assert [row.name for row in baselines] == [
        *BASELINES[2:], "randomTrips, fringe factor 5", "randomTrips + routeSampler",
    ]  # fmt: skip
    # Even departures, as some baselines draw them, lie closer to a half of evenly spaced ones than its other half.
    columns = (HIGHER_IS_BETTER | LOWER_IS_BETTER) - {"jsd_depart_15min", "share_disconnected"}
    for column in columns:
        sign = 1 if column in HIGHER_IS_BETTER else -1
        assert sign * floor.values[column] >= sign * routed.values[column] - 0.003, column
        for row in baselines:
            if np.isfinite(row.values[column]):
                assert sign * routed.values[column] > sign * row.values[column], (row.name, column)
    assert floor.values["flow_pearson"] > 0.99
    assert floor.values["geh5_used"] > 0.99
    assert all(row.values["share_disconnected"] == 0 for row in found.rows if row.name != "betweenness")
