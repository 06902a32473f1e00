"""Drawn scenes happen: what cannot be asked is refused, plans join without a jump, others react, failures are named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.av_scenes import write_walking_grid
from trafficdiff.datatypes.driving_scene import DrivingScene
from trafficdiff.datatypes.driving_scene_files import read_driving_scene, write_driving_scene
from trafficdiff.datatypes.motion_windows import tracks_of_motion
from trafficdiff.datatypes.net_shapes import read_net_shapes
from trafficdiff.datatypes.track_checks import kinematic_faults
from trafficdiff.datatypes.tracks import Tracks
from trafficdiff.errors import Faults, InputError, SimulationError
from trafficdiff.metrics.safety_events import conflicts
from trafficdiff.workflows import closed_loop
from trafficdiff.workflows.closed_loop import LOOP_REFUSALS, ClosedLoop, LoopedScene, Planning, check_loop
from trafficdiff.workflows.closed_loop_judging import Driving
from trafficdiff.workflows.closed_loop_replan import Happening, replanned
from trafficdiff.workflows.motion_drawing import scene_model
from trafficdiff.workflows.scenes_guide import guide_scenes
from trafficdiff.workflows.scenes_guide_starts import Start, start_of
from trafficdiff.workflows.scenes_guide_wish import Wish

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from trafficdiff.diffusion.motion_guidance import Guidance
    from trafficdiff.diffusion.motion_sampler import DrawnScene


def test_all_that_cannot_be_asked_of_a_loop_is_named(tmp_path: Path) -> None:
    faults = Faults("loop")
    check_loop(faults, ego="fast", replan_s=0.0, engine="gui")
    check_loop(faults, ego="drawn", replan_s=9.0, engine="libsumo")
    check_loop(faults, ego="idm", replan_s=0.7, engine="libsumo")
    text = " ".join(faults.messages)
    for word in ("'fast'", "got 0", "'gui'", "got 9", "expected --ego with it", "got 0.7"):
        assert word in text
    check_loop(clean := Faults("loop"), ego="idm", replan_s=7.0, engine="traci")
    assert not clean
    with pytest.raises(InputError, match="--replan"):
        guide_scenes(tmp_path, tmp_path / "made", count=1, seed=1, driving=Driving(ego="idm", replan_s=0.0))
    assert not list(tmp_path.iterdir())


def _scene(folder: Path, *, ego: str, back_ms: float, front_ms: float, gap_m: float = 20.0) -> DrivingScene:
    """Eight seconds of two cars on one lane, ``gap_m`` between their centres."""
    net = write_walking_grid(folder)
    lanes = [one for one in read_net_shapes(net).lanes.values() if not one.function and one.width_m >= 3.0]
    lane = max(lanes, key=lambda one: float(np.hypot(*(one.shape[-1, :2] - one.shape[0, :2]))))
    begin, way = lane.shape[0, :2], lane.shape[-1, :2] - lane.shape[0, :2]
    way = way / np.hypot(*way)
    time_s = 100.0 + 0.1 * np.arange(81)
    along_m = np.concatenate([4.0 + back_ms * (time_s - 100.0), 4.0 + gap_m + front_ms * (time_s - 100.0)])
    tracks = Tracks(
        user_id=np.array(["back", "front"], object), user_kind=np.array(["passenger"] * 2, object),
        length_m=np.full(2, 5.0), width_m=np.full(2, 1.8), offsets=np.array([0, 81, 162]), time_s=np.tile(time_s, 2),
        x_m=begin[0] + way[0] * along_m, y_m=begin[1] + way[1] * along_m,
        heading_rad=np.full(162, np.arctan2(way[1], way[0])), speed_ms=np.repeat([back_ms, front_ms], 81),
        edge=np.full(162, -1, np.int32),
    )  # fmt: skip
    return DrivingScene(name="pair", tracks=tracks, edge_id=np.array([], object), ego=ego, net_file=net)


def _start(scene: DrivingScene, *, keep_others: bool = False) -> Start:
    made = start_of(scene, Wish(ttc_s=(0.5, 6.0), keep_others=keep_others))
    assert isinstance(made, Start), made
    return made


def _happened(loop: ClosedLoop, start: Start, drawn: DrawnScene, planning: Planning) -> LoopedScene | str:
    foreseen = loop.without_replans(start, drawn)
    return foreseen if isinstance(foreseen, str) else loop.happens(start, foreseen, planning)


def _planning(guidance: Guidance, *, seed: int) -> Planning:
    """Return plans of which each is as good as the others."""
    return Planning(model=scene_model(), guidance=guidance, seed=seed, badness=lambda _: 0.0)


def _drawn(start: Start, *, seed: int) -> tuple[DrawnScene, Guidance]:
    from trafficdiff.diffusion.motion_guidance import Guidance
    from trafficdiff.diffusion.motion_sampler import sample_scenes

    guidance = Guidance(other=start.other, ttc_s=1.0, budget_nats=0.0)
    model = scene_model()
    drawn = sample_scenes(model.members, [start.motion], seed=seed, known=[start.known], guidance=[guidance])
    return drawn[0], guidance


@pytest.mark.sumo
@pytest.mark.slow
def test_others_are_drawn_given_that_sumos_driver_brakes_behind_who_is_slow(tmp_path: Path) -> None:
    start = _start(_scene(tmp_path, ego="back", back_ms=8.0, front_ms=2.0, gap_m=28.0), keep_others=True)
    with ClosedLoop(ego="sumo") as loop:
        expected = loop.expecting(start, scene_model())
        assert isinstance(expected, Start)
        assert expected.known[0].all()
        own = loop.without_replans(expected, drawn := _drawn(expected, seed=2)[0])
    assert not isinstance(own, str)
    assert expected.motion.controls is not None
    np.testing.assert_allclose(drawn.controls[0], expected.motion.controls[0], atol=1e-6)
    assert drawn.controls[0, 2:, 0].min() < -1.0
    assert np.abs(own.fine[0, :, 0] - drawn.fine[0, :, 0]).max() < 1.0, "and so it does"


@pytest.mark.sumo
@pytest.mark.slow
@pytest.mark.parametrize(("survived", "played_in_all", "draws"), [(0, 1, 1), (1, 4, 16)])
def test_a_case_that_sumo_dies_of_is_given_up(
    survived: int, played_in_all: int, draws: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once if it dies of what was recorded, else after three times."""
    from trafficdiff.simulation.scene_loop import ScenePlayer

    usual, played = ScenePlayer.play, []

    def dying(player: ScenePlayer, stage: Any, poses: Any) -> object:
        played.append(1)
        if len(played) <= survived:
            return usual(player, stage, poses)
        raise SimulationError("SUMO crashed while it played a scene")

    monkeypatch.setattr(ScenePlayer, "play", dying)
    scene = _scene(tmp_path, ego="back", back_ms=10.0, front_ms=7.0, gap_m=25.0)
    write_driving_scene(scene, tmp_path / "found" / "one")
    with pytest.raises(InputError, match=rf"none of {draws} draws: SUMO crashed {draws} times"):
        guide_scenes(
            tmp_path / "found", tmp_path / "made", count=1, seed=3, wish=Wish(ttc_s=(2.0, 4.0), draws=64),
            driving=Driving(ego="sumo"),
        )  # fmt: skip
    assert len(played) == played_in_all
    assert not list(tmp_path.glob("made*"))


@pytest.fixture(scope="module")
def follower(tmp_path_factory: pytest.TempPathFactory) -> Start:
    """An ego that somebody follows."""
    folder = tmp_path_factory.mktemp("follower")
    return _start(_scene(folder, ego="front", back_ms=9.0, front_ms=8.0, gap_m=30.0))


@pytest.mark.sumo
@pytest.mark.slow
def test_another_plan_begins_where_the_last_one_has_led(follower: Start) -> None:
    drawn, guidance = _drawn(follower, seed=3)
    first = Happening.of(follower, drawn)
    second = replanned(first, scene_model(), guidance, at=30, seed=5)[0]
    np.testing.assert_array_equal(second.fine[:, :31], first.fine[:, :31])
    tracks = tracks_of_motion(follower.motion, second.fine, second.present)
    faults = kinematic_faults(tracks)
    assert not len(faults[faults["user_id"] == "back"])
    step_m = np.hypot(*np.diff(second.fine[1, :, :2], axis=0).T)
    assert np.abs(np.diff(step_m)).max() < 0.1
    assert np.abs(second.fine[1, 31:] - first.fine[1, 31:]).max() > 0.05, "it is another draw"
    assert second.replans == 1


@pytest.mark.sumo
@pytest.mark.slow
def test_who_is_drawn_again_reacts_to_an_ego_that_brakes(follower: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closed_loop, "PLANS", 1)
    touched = {1.0: 0, 7.0: 0}
    for replan_s in touched:
        with ClosedLoop(ego="tests.ego_scenes:Braker", replan_s=replan_s) as loop:
            for seed in range(3):
                drawn, guidance = _drawn(follower, seed=seed)
                happened = _happened(loop, follower, drawn, _planning(guidance, seed=seed))
                assert isinstance(happened, LoopedScene)
                assert happened.replans == (6 if replan_s == 1.0 else 0)
                tracks = tracks_of_motion(follower.motion, happened.drawn.fine.astype(float), happened.drawn.present)
                touched[replan_s] += bool(conflicts(tracks)["collision"].any())
    assert touched[7.0] >= 2, "who does not see it brake runs into it"
    assert touched[1.0] <= touched[7.0] // 2


@pytest.mark.sumo
@pytest.mark.slow
def test_new_plans_never_lead_further_from_what_is_asked(follower: Start) -> None:
    drawn, guidance = _drawn(follower, seed=4)

    def badness(fine: NDArray[np.float32]) -> float:
        return float(np.abs(np.hypot(*(fine[0, :, :2] - fine[1, :, :2]).T).min() - 9.0))

    planning = Planning(model=scene_model(), guidance=guidance, seed=2, badness=badness)
    with ClosedLoop(ego="idm", replan_s=2.0) as loop:
        before = loop.without_replans(follower, drawn)
        happened = _happened(loop, follower, drawn, planning)
    assert isinstance(happened, LoopedScene)
    assert not isinstance(before, str)
    assert happened.replans >= 1
    assert badness(happened.drawn.fine) < badness(before.fine)


@pytest.mark.sumo
@pytest.mark.slow
@pytest.mark.parametrize(("ego", "replan_s"), [("Wavering", 7.0), ("Tiring", 2.0)])
def test_an_ego_that_does_something_else_in_the_same_scene_is_refused(
    ego: str, replan_s: float, follower: Start
) -> None:
    """Be it without another plan, or only where one is tried."""
    drawn, guidance = _drawn(follower, seed=3)
    with (
        ClosedLoop(ego=f"tests.ego_scenes:{ego}", replan_s=replan_s) as loop,
        pytest.raises(SimulationError, match=rf"{ego}.*expected the same way in the same scene"),
    ):
        _happened(loop, follower, drawn, _planning(guidance, seed=3))


@pytest.mark.sumo
@pytest.mark.slow
def test_sumos_driver_brakes_behind_a_drawn_leader_that_is_slow(tmp_path: Path) -> None:
    start = _start(_scene(tmp_path, ego="back", back_ms=8.0, front_ms=2.0, gap_m=28.0), keep_others=True)
    drawn, guidance = _drawn(start, seed=1)
    with ClosedLoop(ego="sumo", replan_s=4.0) as loop:
        happened = _happened(loop, start, drawn, _planning(guidance, seed=1))
        again = _happened(loop, start, drawn, _planning(guidance, seed=1))
    assert isinstance(happened, LoopedScene)
    assert isinstance(again, LoopedScene)
    np.testing.assert_array_equal(happened.drawn.fine, again.drawn.fine)
    tracks = tracks_of_motion(start.motion, happened.drawn.fine.astype(float), happened.drawn.present)
    assert not conflicts(tracks)["collision"].any()
    assert not len(kinematic_faults(tracks))
    assert happened.drawn.fine[0, :, 3].min() < 5.0
    assert happened.drawn.fine[0, 5, 3] == pytest.approx(8.0, abs=0.1)


@pytest.mark.sumo
@pytest.mark.slow
def test_a_policy_that_fails_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    scene = _scene(tmp_path, ego="back", back_ms=10.0, front_ms=7.0, gap_m=25.0)
    write_driving_scene(scene, tmp_path / "found" / "one")
    with pytest.raises(SimulationError, match=r"ego 'broken'.*KeyError"):
        guide_scenes(
            tmp_path / "found", tmp_path / "made", count=1, seed=3, wish=Wish(ttc_s=(2.0, 4.0), draws=64),
            driving=Driving(ego="tests.ego_scenes:Broken"),
        )  # fmt: skip
    assert not list(tmp_path.glob("made*"))


@pytest.mark.sumo
@pytest.mark.slow
def test_guided_scenes_say_who_drove_and_hold_what_happened(tmp_path: Path) -> None:
    scene = _scene(tmp_path, ego="back", back_ms=10.0, front_ms=7.0, gap_m=25.0)
    write_driving_scene(scene, tmp_path / "found" / "one")
    made = guide_scenes(
        tmp_path / "found", tmp_path / "made", count=1, seed=3, wish=Wish(ttc_s=(2.0, 4.0), draws=32),
        driving=Driving(ego="tests.ego_scenes:Steady", replan_s=3.0),
    )  # fmt: skip
    kept = [case for case in made.cases if case.valid]
    assert kept
    assert made.drawn == len(kept) + sum(made.refused.values())
    for case in kept:
        assert case.driven_by == "tests.ego_scenes:Steady"
        assert case.replans in {0, 1, 2}
        told = read_driving_scene(made.directory / case.scene).provenance
        assert told["ego_driven_by"] == "tests.ego_scenes:Steady"
        assert told["played_in"] == "SUMO, libsumo"
        assert told["replans"] == str(case.replans)
        assert case.nats is not None
        assert case.nats <= case.budget_nats


@pytest.mark.sumo
@pytest.mark.slow
def test_a_scene_that_sumo_dies_of_is_refused_and_the_next_one_happens(
    follower: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trafficdiff.simulation.scene_loop import ScenePlayer

    drawn, guidance = _drawn(follower, seed=1)
    usual = ScenePlayer.play

    def dying(player: ScenePlayer, stage: object, poses: object) -> object:
        player._end()
        raise SimulationError("SUMO crashed while it played a scene")

    with ClosedLoop(ego="idm") as loop:
        monkeypatch.setattr(ScenePlayer, "play", dying)
        assert _happened(loop, follower, drawn, _planning(guidance, seed=1)) == LOOP_REFUSALS[0]
        monkeypatch.setattr(ScenePlayer, "play", usual)
        assert isinstance(_happened(loop, follower, drawn, _planning(guidance, seed=1)), LoopedScene)
