"""Our metrics against the columns that SUMO derives itself, and against its trip table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.metrics.sumo_town import SumoRun, run_sumo
from trafficdiff.metrics import area, congestion

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.sumo

STREAMS = "".join(
    f'<flow id="{a}{b}" from="{a}C" to="C{b}" begin="0" end="900" probability="{share}" departSpeed="max"/>'
    for a, b, share in (("W", "E", 0.15), ("E", "W", 0.1), ("N", "S", 0.12), ("S", "W", 0.05))
)


@pytest.fixture(scope="module")
def crossroads(cross_net: Path, tmp_path_factory: pytest.TempPathFactory) -> SumoRun:
    return run_sumo(cross_net, routes=STREAMS, directory=tmp_path_factory.mktemp("streets"), period_s=300)


@pytest.fixture(scope="module")
def with_junctions(cross_net: Path, tmp_path_factory: pytest.TempPathFactory) -> SumoRun:
    directory = tmp_path_factory.mktemp("junctions")
    return run_sumo(cross_net, routes=STREAMS, directory=directory, period_s=300, internal=True)


def test_travel_time_flow_and_density_are_sumos_own(crossroads: SumoRun) -> None:
    # SUMO divides the flow of the last interval by the part of it that was simulated, so that one is left out.
    data, own = crossroads.data.isel(time=slice(0, -1)), crossroads.own
    assert data.sizes["time"] == 3
    np.testing.assert_allclose(congestion.travel_time(data), own["traveltime"][:-1], rtol=1e-5)
    np.testing.assert_allclose(congestion.flow(data), np.nan_to_num(own["flow"][:-1]), rtol=1e-5)
    np.testing.assert_allclose(congestion.density(data), np.nan_to_num(own["density"][:-1]), rtol=1e-5)


def test_speed_is_sumos_but_for_the_tails_of_vehicles(crossroads: SumoRun) -> None:
    # SUMO's speed also counts what vehicles do while only their tail is still on the edge.
    data = crossroads.data.isel(time=slice(0, -1))
    ratio = congestion.speed(data).to_numpy() / crossroads.own["speed"][:-1]
    assert np.nanmedian(ratio) == pytest.approx(1.0, abs=0.01)
    assert np.nanmax(np.abs(ratio - 1)) < 0.2


def test_sampled_seconds_would_overstate_vehicle_hours(with_junctions: SumoRun) -> None:
    # Every vehicle's front is on one edge at a time, so the edges' vehicle-seconds are the trips' durations, but for
    # up to a step at either end. SUMO's sampledSeconds count a vehicle on every edge that it touches.
    spent = with_junctions.trip_sum("duration")
    assert with_junctions.data["sampled_time"].sum().item() == pytest.approx(spent, rel=0.015)
    assert with_junctions.sampled_seconds.sum() > 1.03 * spent


def test_distance_and_waiting_agree_with_the_trip_table(crossroads: SumoRun, with_junctions: SumoRun) -> None:
    assert len(with_junctions.trips) > 300
    driven = with_junctions.trip_sum("routeLength") / 1000
    assert area.vehicle_kilometres(with_junctions.data).item() == pytest.approx(driven, rel=1e-4)
    assert area.waiting_hours(crossroads.data).item() == pytest.approx(crossroads.trip_sum("waitingTime") / 3600)
    assert area.time_loss_hours(crossroads.data).item() == pytest.approx(
        crossroads.trip_sum("timeLoss") / 3600, rel=0.03
    )


def test_streets_alone_miss_only_the_junctions_interior(crossroads: SumoRun, with_junctions: SumoRun) -> None:
    streets, everything = (area.vehicle_kilometres(run.data).item() for run in (crossroads, with_junctions))
    assert 0.9 * everything < streets < everything


def test_index_of_the_area_agrees_with_the_trips(with_junctions: SumoRun) -> None:
    # Time spent over time needed at the limit, from the trips: every street has the same limit. Inside the junction
    # limits are lower, which the edges know and the trips do not.
    spent = with_junctions.trip_sum("duration")
    needed = with_junctions.trip_sum("routeLength") / 13.89
    assert area.area_travel_time_index(with_junctions.data).item() == pytest.approx(spent / needed, rel=0.03)
