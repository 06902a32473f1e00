"""People on foot in a simulation: checked before, counted apart, and nothing else changed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import pytest

from tests.simulation.conftest import Replay, replay, trips_on, wandering_trips
from tests.towns import write_grid_net, write_walking_net
from trafficdiff.datatypes.control import Control
from trafficdiff.datatypes.footways import read_footways
from trafficdiff.datatypes.scenario import SimulationOptions, TrackOptions, Window
from trafficdiff.datatypes.vehicles import VEHICLE_TYPES
from trafficdiff.datatypes.walks import WALK_COLUMNS, Walks
from trafficdiff.demand.pedestrians import draw_walks
from trafficdiff.errors import SimulationError, TripError
from trafficdiff.roads.footways import with_footways
from trafficdiff.roads.netfile import read_net
from trafficdiff.simulation.people import check_walks, read_people, walkable
from trafficdiff.simulation.result_hash import result_hash
from trafficdiff.simulation.run import simulate
from trafficdiff.simulation.vehicle_tracks import read_tracks

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.trips import TripSet

pytestmark = pytest.mark.sumo


def walks_on(pairs: list[tuple[str, str]], *, depart_s: float = 0.0, prefix: str = "walker") -> Walks:
    """Return walks that begin 60 m along one edge's side and end 10 m along another's."""
    count = len(pairs)
    return Walks(
        walk_id=np.array([f"{prefix}.{place}" for place in range(count)], object),
        depart_s=depart_s + np.arange(count, dtype=float),
        origin=np.array([one for one, _ in pairs], object),
        origin_m=np.full(count, 60.0),
        destination=np.array([other for _, other in pairs], object),
        destination_m=np.full(count, 10.0),
        speed_factor=np.ones(count),
    )


def three_walks() -> Walks:
    """Return two walks and one that sets out too late to arrive."""
    parts = [walks_on([("WC", "CN"), ("WC", "CE")]), walks_on([("CE", "WC")], depart_s=79.0, prefix="late")]
    return Walks(
        walk_id=np.concatenate([part.walk_id for part in parts]),
        depart_s=np.concatenate([part.depart_s for part in parts]),
        origin=np.concatenate([part.origin for part in parts]),
        origin_m=np.concatenate([part.origin_m for part in parts]),
        destination=np.concatenate([part.destination for part in parts]),
        destination_m=np.concatenate([part.destination_m for part in parts]),
        speed_factor=np.concatenate([part.speed_factor for part in parts]),
    )


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> RoadGraph:
    """Crossroads with footways and crossings."""
    return read_net(write_walking_net(tmp_path_factory.mktemp("net")), name="walk")


@pytest.fixture(scope="module")
def walked(graph: RoadGraph, tmp_path_factory: pytest.TempPathFactory) -> Replay:
    """Two cars and three people on foot, the last of whom sets out too late to arrive."""
    trips = trips_on(graph, [["WC", "CE"], ["EC", "CW"]], [0.0, 5.0], end_s=80)
    return run(graph, trips, tmp_path_factory.mktemp("walked"), three_walks())


def run(
    graph: RoadGraph,
    trips: TripSet,
    directory: Path,
    walks: Walks | None,
    control_by: Literal["cli", "libsumo"] = "cli",
) -> Replay:
    """Simulate for 100 s with everybody's tracks."""
    options = SimulationOptions(
        control=control_by, step_s=0.5, emissions=False, tracks=TrackOptions(step_s=0.5), period_s=100
    )
    control = None if walks is None else Control(walks=(walks,))
    return replay(graph, trips, directory, options=options, clear_s=20, control=control)


def test_walks_are_counted_apart_and_reconcile(walked: Replay) -> None:
    result = walked.result
    assert (result.counts.loaded, result.counts.arrived) == (2, 2)
    assert result.trips["trip_id"].tolist() == ["t0", "t1"]
    assert result.walks is not None
    assert list(result.walks.columns) == list(WALK_COLUMNS)
    assert result.walks["completed"].tolist() == [True, True, False]
    assert result.walk_counts is not None
    assert vars(result.walk_counts) == {"loaded": 3, "arrived": 2, "walking": 1, "waiting": 0, "jammed": 0}
    speed_ms = (result.walks["length_m"] / (result.walks["duration_s"] - result.walks["time_loss_s"]))[:2]
    assert speed_ms.to_numpy() == pytest.approx(1.34, rel=0.05)


def test_people_are_among_the_tracks(walked: Replay) -> None:
    tracks = read_tracks(walked.files.tracks, graph=walked.graph, trips=walked.trips, step_s=0.5)
    kinds = dict(zip(tracks.user_id, tracks.user_kind, strict=True))
    people = dict.fromkeys(("walker.0", "walker.1", "late.0"), "pedestrian")
    assert kinds == {"t0": "passenger", "t1": "passenger", **people}


def test_the_same_walks_give_the_same_result_whoever_drives_sumo_and_no_walks_another(
    walked: Replay, tmp_path: Path
) -> None:
    walks = three_walks()
    again = run(walked.graph, walked.trips, tmp_path / "again", walks, "libsumo")
    assert again.files.walks.read_bytes() == walked.files.walks.read_bytes()
    assert result_hash(again.result) == result_hash(walked.result)
    without = run(walked.graph, walked.trips, tmp_path / "without", None)
    assert result_hash(without.result) != result_hash(walked.result)
    assert not without.files.walks.exists()
    assert b"walks" not in b"".join(path.read_bytes() for path in without.files.inputs)


def test_impossible_walks_are_refused_before_sumo_starts_all_at_once(graph: RoadGraph, tmp_path: Path) -> None:
    trips = trips_on(graph, [["WC", "CE"]], [0.0], end_s=80)
    wrong = replace(
        walks_on([("WC", "nowhere"), ("WC", "CE")], depart_s=79.0),
        walk_id=np.array(["walker.0", "t0"], object),
        origin_m=np.array([60.0, 1_000.0]),
    )
    with pytest.raises(TripError, match=r"(?s)no way.*beyond the end.*80 s, got 1 outside.*rename the trips"):
        simulate(
            graph, trips, options=SimulationOptions(), window=Window(begin_s=0, end_s=80, clear_s=20), seed=1,
            directory=tmp_path / "run", control=Control(walks=(wrong,)),
        )  # fmt: skip
    assert not (tmp_path / "run").exists()
    with pytest.raises(TripError, match="meso, which knows no footways"):
        check_walks(
            walks_on([("WC", "CE")]), graph, trips=trips, options=SimulationOptions(resolution="meso"),
            window=Window(begin_s=0, end_s=80),
        )  # fmt: skip
    assert walkable(wrong, read_footways(graph.net_path)).tolist() == [False, True]


def test_a_table_that_breaks_off_or_lacks_somebody_is_refused(walked: Replay, tmp_path: Path) -> None:
    walks = three_walks()
    text = walked.files.people.read_bytes()
    cut = tmp_path / "cut.xml"
    cut.write_bytes(text[:-300])
    with pytest.raises(SimulationError, match="whole information"):
        read_people(cut, walks=walks)
    with pytest.raises(SimulationError, match="expected 2 people, got 3"):
        read_people(walked.files.people, walks=walks.take(np.array([0, 1])))


def test_a_bicycle_is_measured_against_its_riders_own_speed(graph: RoadGraph, tmp_path: Path) -> None:
    trips = trips_on(graph, [["WC", "CE"]], [0.0], end_s=80, vehicle_type=VEHICLE_TYPES["bicycle"])
    row = run(graph, trips, tmp_path, None).result.trips.iloc[0]
    assert row["route_length_m"] / row["free_flow_time_s"] == pytest.approx(5.56, rel=0.01)
    assert row["duration_s"] / row["free_flow_time_s"] == pytest.approx(1.0, abs=0.35)


@pytest.mark.slow
def test_people_wait_for_cars_or_cars_for_people_as_asked(tmp_path: Path) -> None:
    grid = read_net(write_grid_net(tmp_path, side=2, junctions="priority"), name="grid")
    lost_s = {}
    for drivers_yield in (False, True):
        folder = tmp_path / str(drivers_yield)
        roads = with_footways(grid, directory=folder / "net", drivers_yield=drivers_yield)
        trips = wandering_trips(roads, 120, end_s=300)
        walks = draw_walks(
            read_footways(roads.net_path), per_hour=2_400, window_s=(0, 300), generator=np.random.default_rng(0)
        )
        options = SimulationOptions(emissions=False, period_s=300)
        result = replay(roads, trips, folder, options=options, control=Control(walks=(walks,))).result
        assert result.walks is not None
        lost_s[drivers_yield] = result.trips["time_loss_s"].mean(), result.walks["time_loss_s"].mean()
    assert lost_s[True][0] > 1.1 * lost_s[False][0]
    assert lost_s[True][1] < 0.9 * lost_s[False][1]
