"""Scenes in SUMO: who is moved stands where he was put, SUMO reacts, both engines agree, crashes are survived."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.av_scenes import write_walking_grid
from trafficdiff.datatypes.boxes import Boxes, separation
from trafficdiff.datatypes.net_shapes import NetLane, read_net_shapes
from trafficdiff.errors import SimulationError
from trafficdiff.simulation.scene_loop import Engine, OwnDriver, Played, Poses, ScenePlayer, Stage, StageUser

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

pytestmark = [pytest.mark.sumo, pytest.mark.slow]

_MOMENTS = 81
_FREE = 11


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_walking_grid(tmp_path_factory.mktemp("grid"))


def _lane(net: Path) -> NetLane:
    lanes = [one for one in read_net_shapes(net).lanes.values() if not one.function and one.width_m >= 3.0]
    return max(lanes, key=lambda one: float(np.hypot(*(one.shape[-1, :2] - one.shape[0, :2]))))


def _case(net: Path, *, ahead_ms: float, driven: bool = True) -> tuple[Stage, Poses]:
    """An ego at 8 m/s, and somebody 25 m ahead of it at another speed; SUMO's driver takes over after a second."""
    lane = _lane(net)
    begin, way = lane.shape[0, :2], lane.shape[-1, :2] - lane.shape[0, :2]
    way = way / np.hypot(*way)
    time_s = 0.1 * np.arange(_MOMENTS)
    along = np.stack([4.0 + 8.0 * time_s, 29.0 + ahead_ms * time_s])
    states = np.empty((2, _MOMENTS, 3))
    states[..., :2] = begin + along[..., None] * way
    states[..., 2] = np.arctan2(way[1], way[0])
    users = tuple(StageUser(name=name, kind="passenger", length_m=5.0, width_m=1.8) for name in ("ego", "ahead"))
    driver = OwnDriver(name="ego", route=(lane.edge_id,), speed_factor=1.0, from_moment=_FREE)
    return (
        Stage(users=users, driver=driver if driven else None),
        Poses(states=states, present=np.ones((2, _MOMENTS), bool)),
    )


def _play(net: Path, folder: Path, cases: list[tuple[Stage, Poses]], engine: Engine = "libsumo") -> list[Played]:
    with ScenePlayer(net, directory=folder, engine=engine) as player:
        return [player.play(stage, poses) for stage, poses in cases]


def test_everybody_is_where_he_was_put(net: Path, tmp_path: Path) -> None:
    stage, poses = _case(net, ahead_ms=8.0, driven=False)
    played = _play(net, tmp_path, [(stage, poses)])[0]
    assert played.away_m < 0.01
    np.testing.assert_allclose(played.states[..., :2], poses.states[..., :2], atol=0.01)
    np.testing.assert_allclose(played.states[:, 2:, 3], 8.0, atol=0.05)


def test_sumos_driver_brakes_behind_somebody_slow_and_the_engines_agree(net: Path, tmp_path: Path) -> None:
    cases = [_case(net, ahead_ms=1.0), _case(net, ahead_ms=8.0), _case(net, ahead_ms=1.0)]
    slow, fast, again = _play(net, tmp_path / "a", cases)
    apart_m = separation(_boxes(slow.states[0]), _boxes(slow.states[1]))
    assert apart_m.min() > 0.5, "it brakes, and then drives around"
    assert slow.states[0, :, 3].min() < 2.5
    assert fast.states[0, 1:61, 3].min() > 7.0
    np.testing.assert_array_equal(slow.states, again.states)
    other = _play(net, tmp_path / "b", cases, engine="traci")
    for one, two in zip((slow, fast, again), other, strict=True):
        np.testing.assert_allclose(one.states, two.states, atol=1e-9)


def _boxes(states: NDArray[np.float64]) -> Boxes:
    return Boxes(x_m=states[:, 0], y_m=states[:, 1], heading_rad=states[:, 2], length_m=5.0, width_m=1.8)


def test_a_crash_and_a_refusal_are_told_and_the_next_scene_is_played(net: Path, tmp_path: Path) -> None:
    stage, poses = _case(net, ahead_ms=1.0)
    strange = Stage(users=stage.users, driver=OwnDriver(name="ego", route=("nowhere",), speed_factor=1, from_moment=3))
    with ScenePlayer(net, directory=tmp_path) as player:
        with pytest.raises(SimulationError, match="SUMO refused a scene"):
            player.play(strange, poses)
        player.play(stage, poses)
        os.kill(_process(tmp_path), signal.SIGSEGV)
        with pytest.raises(SimulationError, match="SUMO crashed"):
            player.play(stage, poses)
        assert np.isfinite(player.play(stage, poses).states).all()


def _process(directory: Path) -> int:
    """Return the process whose working directory this is."""
    from pathlib import Path

    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                here = (entry / "cwd").resolve()
            except OSError:
                continue
            if here == directory.resolve():
                return int(entry.name)
    raise AssertionError("expected a process of SUMO")
