"""Staged cases in SUMO: actors are where they were put, traffic reacts to them, and nothing touches them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests import towns
from trafficdiff.datatypes.staging import Actor, Staging
from trafficdiff.datatypes.trips import TripSet
from trafficdiff.process import Finished, run_program
from trafficdiff.roads.netfile import read_net
from trafficdiff.simulation import staging
from trafficdiff.simulation.staged_tracks import tracks_of
from trafficdiff.simulation.staging import Recording, StagedTraffic

pytestmark = pytest.mark.sumo

LANE_Y = -1.6
"""Middle of the road's only lane [m] in the frame of its western end."""


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> StagedTraffic:
    """Two cars, two seconds apart, on a straight road of one lane."""
    folder = tmp_path_factory.mktemp("staging")
    graph = read_net(towns.write_road_net(folder, lanes=1), name="road")
    route = np.array([graph.edge_index[name] for name in ("VW", "WM", "ME", "EX")], np.int32)
    trips = TripSet(
        graph=graph, trip_id=np.array(["0", "1"], object), depart_s=np.array([0.0, 2.0]),
        edges=np.tile(route, 2), offsets=np.array([0, 4, 8], np.int64), vehicle_type=np.zeros(2, np.int32),
        window_s=(0.0, 60.0),
    )  # fmt: skip
    return StagedTraffic(graph=graph, trips=trips, moments_s=(10.0,), seed=1, directory=folder / "work", radius_m=400.0)


def standing(name: str, x: float, *, y: float = LANE_Y, kind: str = "passenger", turned: float = 0.0) -> Actor:
    size = (0.5, 0.5) if kind == "pedestrian" else (4.6, 1.8)
    count = 150
    return Actor(
        name=name, kind=kind, length_m=size[0], width_m=size[1], x_m=np.full(count, x), y_m=np.full(count, y),
        heading_rad=np.full(count, turned), speed_ms=np.zeros(count),
    )  # fmt: skip


def staging_of(*actors: Actor) -> Staging:
    return Staging(
        name="case", actors=actors, samples=150, centre_xy=(400.0, 0.0), moment=0, trigger_s=0.0, contact_s=15.0
    )


def first_car(recording: Recording | str) -> tuple[np.ndarray, np.ndarray]:
    assert isinstance(recording, Recording)
    rows = recording.user == recording.user_id.index("0")
    return recording.x_m[rows], recording.speed_ms[rows]


@pytest.fixture(scope="module")
def replayed(traffic: StagedTraffic) -> dict[str, Recording | str]:
    """The probes: what stands in the road's lane, 300 m on."""
    far = standing("ego", 1_500.0)
    probes = {
        "nobody": staging_of(far),
        "car": staging_of(standing("ego", 300.0)),
        "turned car": staging_of(standing("ego", 300.0, turned=np.pi / 2)),
        "walker": staging_of(standing("ego", 300.0, kind="pedestrian")),
        "walker beside the road": staging_of(standing("ego", 300.0, y=LANE_Y - 4.0, kind="pedestrian")),
    }
    return dict(zip(probes, traffic.replay(list(probes.values())), strict=True))


@pytest.mark.parametrize("probe", ["car", "turned car", "walker"])
def test_drivers_stop_before_whoever_stands_in_their_lane(replayed: dict[str, Recording | str], probe: str) -> None:
    x, speed = first_car(replayed[probe])
    assert speed[-1] < 0.5
    assert 285.0 < x[-1] < 300.0


@pytest.mark.parametrize("probe", ["nobody", "walker beside the road"])
def test_drivers_drive_on_where_the_lane_is_free(replayed: dict[str, Recording | str], probe: str) -> None:
    x, speed = first_car(replayed[probe])
    assert x[-1] > 305.0
    assert speed.min() > 8.0


def test_actors_are_where_they_were_put(replayed: dict[str, Recording | str], traffic: StagedTraffic) -> None:
    recording = replayed["turned car"]
    assert isinstance(recording, Recording)
    tracks = tracks_of(recording, actors=("ego",), edge_index=traffic.graph.edge_index)
    rows = slice(*tracks.offsets[list(tracks.user_id).index("ego") :][:2])
    assert tracks.x_m[rows] == pytest.approx(300.0, abs=1e-6)
    assert tracks.y_m[rows] == pytest.approx(LANE_Y, abs=1e-6)
    assert tracks.heading_rad[rows] == pytest.approx(np.pi / 2)
    assert tracks.time_s[rows][0] == pytest.approx(10.1)


def test_who_of_the_traffic_touches_an_actor_is_cleared(
    replayed: dict[str, Recording | str], traffic: StagedTraffic
) -> None:
    x, _ = first_car(replayed["nobody"])
    (recording,) = traffic.replay([staging_of(standing("ego", float(x[0]) - 2.0))])
    assert isinstance(recording, Recording)
    assert recording.cleared == ("0",)
    assert "0" not in recording.user_id


@pytest.mark.slow
def test_a_process_that_falls_over_after_its_last_case_has_played_them_all(
    traffic: StagedTraffic, monkeypatch: pytest.MonkeyPatch
) -> None:
    def falls_over(*words: Any, **options: Any) -> Finished:
        return replace(run_program(*words, **options), returncode=-11)

    monkeypatch.setattr(staging, "run_program", falls_over)
    (recording,) = traffic.replay([staging_of(standing("ego", 1_500.0))])
    assert isinstance(recording, Recording)


def test_the_same_case_comes_out_the_same(traffic: StagedTraffic, replayed: dict[str, Recording | str]) -> None:
    case = staging_of(standing("ego", 300.0))
    (again,) = traffic.replay([replace(case, name="again")])
    assert (first_car(again)[0] == first_car(replayed["car"])[0]).all()
