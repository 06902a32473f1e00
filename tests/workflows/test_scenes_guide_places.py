"""Guided scenes of a run: egos drive at the place that is asked, nobody is invented, and wrong places are refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.workflows.test_run import write_scenario
from tests.workflows.test_safety import FINE
from trafficdiff.cli.application import application
from trafficdiff.datatypes.driving_scene_files import read_driving_scene
from trafficdiff.datatypes.net_shapes import read_net_shapes
from trafficdiff.errors import Faults, InputError
from trafficdiff.metrics.safety_events import SafetyLimits, conflicts
from trafficdiff.roads.netfile import read_net
from trafficdiff.store.reading import open_run
from trafficdiff.workflows.progress import quiet
from trafficdiff.workflows.run import run_file
from trafficdiff.workflows.scenes_guide_places import Place, is_run, starts_in_run
from trafficdiff.workflows.scenes_guide_starts import of_pair
from trafficdiff.workflows.scenes_guide_wish import Wish

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

    from trafficdiff.workflows.scenes_guide_starts import Start


def asked(*words: str | Path) -> Result:
    return CliRunner().invoke(application, ["scenes", "make", "guided", *map(str, words)])


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (Place(lon=60.17, lat=124.94), "latitude from -90 to 90"),
        (Place(lon=float("nan"), lat=1.0), "longitude from -180 to 180"),
        (Place(lon=1.0, lat=1.0, radius_m=-3.0), "--radius: expected 5 to 5,000 m, got -3"),
    ],
)
def test_places_that_are_none_are_named(place: Place, said: str) -> None:
    faults = Faults("place")
    place.check(faults)
    assert said in " ".join(faults.messages)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--at", "1,2", "--radius", "-3"), ("--at: expected a run", "--radius: expected 5")),
        (("--at", "here"), ("--at: expected LON,LAT in degrees",)),
        (("--at", "1,2,3"), ("--at: expected LON,LAT in degrees",)),
        (("--radius", "40"), ("--radius: expected --at LON,LAT",)),
        (("--ttc", "2:1"), ("--ttc: expected seconds or LOW:HIGH",)),
        (("--budget", "-4", "--draws", "0"), ("budget of 0 nat or more, got -4", "draws a case, got 0")),
    ],
)
def test_the_command_names_every_fault_and_writes_nothing(tmp_path: Path, words: tuple[str], said: tuple[str]) -> None:
    result = asked("--from", tmp_path / "scenes", *words, "-o", tmp_path / "made")
    assert isinstance(result.exception, InputError)
    for one in said:
        assert one in str(result.exception)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"hello", bytes(range(256)) * 40, b""])
def test_a_checkpoint_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file.safetensors").write_bytes(content)
    result = asked("--from", tmp_path, "--checkpoint", tmp_path / "file.safetensors", "-o", tmp_path / "made")
    assert "expected a checkpoint of the scene model" in str(result.exception)
    assert [path.name for path in tmp_path.iterdir()] == ["file.safetensors"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, grid_net: Path) -> Path:
    folder = tmp_path_factory.mktemp("places")
    scenario = write_scenario(
        folder, grid_net, simulation=FINE, demand={"kind": "gravity", "trips": 120},
        window={"begin_s": 0, "end_s": 120, "clear_s": 300},
    )  # fmt: skip
    run_file(scenario, directory=folder / "run", picture=False)
    return folder / "run"


@pytest.fixture(scope="module")
def busy(run: Path) -> Place:
    """The junction in the middle of the town."""
    graph = read_net(open_run(run).net_path)
    middle = graph.node_xy[np.hypot(*(graph.node_xy - graph.node_xy.mean(axis=0)).T).argmin()]
    lon, lat = graph.to_lonlat(middle).tolist()
    return Place(lon=lon, lat=lat, radius_m=40.0)


def starts(run: Path, place: Place | None, *, count: int = 6, seed: int = 1) -> list[Start]:
    return starts_in_run(run, Wish(ttc_s=(0.8, 1.5)), place=place, count=count, seed=seed, progress=quiet)[0]


@pytest.mark.sumo
@pytest.mark.slow
def test_egos_drive_at_the_place_in_the_middle_of_their_eight_seconds(run: Path, busy: Place) -> None:
    graph = read_net(open_run(run).net_path)
    x_m, y_m = graph.from_lonlat(np.array([busy.lon, busy.lat]))
    found = starts(run, busy)
    assert found
    for start in found:
        tracks, ego = start.scene.tracks, start.scene.ego_place
        assert str(tracks.user_kind[ego]) not in {"pedestrian", "bicycle"}
        own = slice(int(tracks.offsets[ego]), int(tracks.offsets[ego + 1]))
        assert tracks.time_s[own][-1] - tracks.time_s[own][0] == pytest.approx(8.0, abs=0.11)
        assert np.hypot(tracks.x_m[own] - x_m, tracks.y_m[own] - y_m).min() <= busy.radius_m
        assert start.scene.provenance["run_id"] == open_run(run).run_id
    anywhere = starts(run, None)
    far = [np.hypot(start.motion.frame[0] - x_m, start.motion.frame[1] - y_m) for start in anywhere]
    assert max(far) > 2 * busy.radius_m


@pytest.mark.sumo
@pytest.mark.slow
def test_the_seed_decides_who_is_drawn(run: Path, busy: Place) -> None:
    drawn = [[(one.scene.ego, one.motion.begin_s) for one in starts(run, busy, seed=seed)] for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]


def beside_the_road(run: Path) -> tuple[float, float, float]:
    """Return a place beside a road, and a radius that reaches the kerb and nobody's middle."""
    graph = read_net(open_run(run).net_path)
    around = graph.node_xy[0] + 4.0 * np.stack(np.meshgrid(np.arange(-15, 16), np.arange(-15, 16)), -1).reshape(-1, 2)
    off_m = read_net_shapes(graph.net_path).distance_from_road(around[:, 0], around[:, 1])
    place = int(np.abs(off_m - 15.0).argmin())
    lon, lat = graph.to_lonlat(around[place]).tolist()
    return lon, lat, round(float(off_m[place]) + 0.3, 2)


@pytest.mark.sumo
@pytest.mark.slow
def test_wrong_places_and_runs_without_tracks_are_refused_and_nothing_is_written(
    run: Path, busy: Place, tmp_path: Path, grid_net: Path
) -> None:
    made = tmp_path / "made"
    result = asked("--from", run, "--at", f"{busy.lon + 1},{busy.lat}", "-o", made)
    assert "expected a place on the map" in str(result.exception)
    assert "it reaches from" in str(result.exception)
    lon, lat, radius_m = beside_the_road(run)
    result = asked("--from", run, "--at", f"{lon},{lat}", "--radius", f"{radius_m}", "-o", made)
    assert f"expected a car, truck or bus that drives within {radius_m:g} m" in str(result.exception)
    result = asked("--from", run, "--opponent", "nobody", "-o", made)
    assert "no 'nobody' there; beside the ego there are" in str(result.exception)
    coarse = write_scenario(
        tmp_path, grid_net, demand={"kind": "gravity", "trips": 5}, window={"begin_s": 0, "end_s": 30}
    )
    run_file(coarse, directory=tmp_path / "coarse", picture=False)
    result = asked("--from", tmp_path / "coarse", "-o", made)
    assert "expected a run with tracks every 0.2 s or less" in str(result.exception)
    assert not made.exists()
    assert not list(tmp_path.glob("made*"))


@pytest.mark.sumo
@pytest.mark.slow
def test_scenes_of_a_place_are_made_as_asked_and_say_where_they_come_from(
    run: Path, busy: Place, tmp_path: Path
) -> None:
    made = tmp_path / "made"
    result = asked("--from", run, "--at", str(busy), "--radius", "60", "--count", "4", "--ttc", "1:3", "--seed", "2",
                   "-o", made, "--json")  # fmt: skip
    assert result.exception is None, result.exception
    assert is_run(run)
    assert not is_run(made)
    told = json.loads((made / "scenes.json").read_text())
    assert told["provenance"]["place"] == str(busy)
    kept = [case for case in told["scenes"] if case["valid"]]
    assert kept
    for case in kept:
        scene = read_driving_scene(made / case["scene"])
        found = of_pair(conflicts(scene.tracks, limits=SafetyLimits(horizon_s=10.0)), scene.ego, case["other"])
        assert float(found["ttc_s"].min()) == pytest.approx(case["asked"], rel=0.1)
        assert scene.provenance["run_id"] == open_run(run).run_id
        off_m = read_net_shapes(scene.net_file).distance_from_road(scene.tracks.x_m, scene.tracks.y_m)
        assert off_m.max() < 1.5
