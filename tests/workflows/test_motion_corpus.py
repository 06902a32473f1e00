"""What a corpus is built from and trained on is there, or is asked for by name; a stopped training goes on."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.motion import straight_scene
from trafficdiff.datatypes.motion_files import read_motion_scenes, write_motion_scenes
from trafficdiff.diffusion.motion_checkpoint import read_motion_checkpoint
from trafficdiff.errors import InputError, OutputError
from trafficdiff.workflows import train_motion as training
from trafficdiff.workflows.motion_corpus import build_motion_corpus, fitted
from trafficdiff.workflows.train_motion import CHECKPOINT_FILE, train_motion

if TYPE_CHECKING:
    from pathlib import Path


def _recording(path: Path, *, seconds: float = 12.0, step_s: float = 0.1, speed_ms: float = 10.0) -> Path:
    """Write a car that drives straight on."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    time_s = np.arange(0, seconds, step_s)
    still = np.zeros(len(time_s))
    columns: dict[str, Any] = {
        "user_id": ["a"] * len(time_s), "user_kind": ["passenger"] * len(time_s), "length_m": still + 4.5,
        "width_m": still + 1.8, "time_s": time_s, "x_m": speed_ms * time_s, "y_m": still, "heading_rad": still,
        "speed_ms": still + speed_ms,
    }  # fmt: skip
    pq.write_table(pa.table(columns), path)
    return path


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Scenes of two sources, one of which was staged."""
    folder = tmp_path_factory.mktemp("scenes") / "corpus"
    starts = [(0.0, 0.0, 0.0, 5.0), (20.0, 3.0, 0.0, 5.0)]
    scenes = [straight_scene(starts=starts, source="recorded")] * 3
    scenes.append(dataclasses.replace(scenes[0], staged=True, source="cut_in_00000"))
    write_motion_scenes(scenes, folder, card={"world": "by hand", "licence": "none"})
    return folder


def test_a_recording_in_which_nobody_drives_long_enough_makes_no_corpus(tmp_path: Path) -> None:
    short = _recording(tmp_path / "short.parquet", seconds=7.0)
    stands = _recording(tmp_path / "stands.parquet", speed_ms=0.0)
    for source in (short, stands):
        with pytest.raises(InputError, match=f"drives for eight seconds or more.*{source.name}"):
            build_motion_corpus([source], directory=tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_a_recording_that_is_too_coarse_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"coarse.parquet.*at most 0.5 s apart, got 1 s"):
        build_motion_corpus([_recording(tmp_path / "coarse.parquet", step_s=1.0)], directory=tmp_path / "c")


def test_a_recording_of_one_user_is_a_corpus(tmp_path: Path) -> None:
    card = build_motion_corpus([_recording(tmp_path / "one.parquet")], directory=tmp_path / "c", egos=1)
    assert card["drivable_share"] == 1.0
    scenes = read_motion_scenes(tmp_path / "c")
    assert [len(scene.user_id) for scene in scenes] == [1] * card["scenes"]
    assert scenes[0].controls is not None
    np.testing.assert_allclose(scenes[0].controls, 0.0, atol=0.01)


def test_only_sources_that_are_there_can_be_left_out(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="got recorder; it has made edge cases, recorded"):
        train_motion([corpus], directory=tmp_path / "m", leave_out=["recorder"])
    with pytest.raises(InputError, match="learn from, got 0 scenes"):
        train_motion([corpus], directory=tmp_path / "m", leave_out=["recorded", "made edge cases"])
    scenes = read_motion_scenes(corpus)
    assert [scene.staged for scene in training._without(scenes, ["made edge cases"])] == [False] * 3
    assert len(training._without(scenes, ["cut_in_00000"])) == 3
    assert len(training._without(scenes, ["recorded"])) == 1


@pytest.mark.parametrize("cpu_minutes", [0.0, -1.0, float("nan"), float("inf")])
def test_training_needs_time(corpus: Path, tmp_path: Path, cpu_minutes: float) -> None:
    with pytest.raises(InputError, match="CPU minutes above 0"):
        train_motion([corpus], directory=tmp_path / "m", cpu_minutes=cpu_minutes)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_stopped_training_goes_on_where_it_was_and_of_nothing_else(corpus: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(training, "_SAVE_EVERY_S", 0.0)
    monkeypatch.setattr(training, "_TELL_EVERY_STEPS", 1)
    told: list[tuple[str, float | None]] = []

    def stops(what: str, share: float | None) -> None:
        told.append((what, share))
        if what.startswith("step 2"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_motion([corpus], directory=tmp_path / "m", cpu_minutes=0.03, progress=stops)
    assert not (tmp_path / "m").exists()
    with pytest.raises(OutputError, match="resume"):
        train_motion([corpus], directory=tmp_path / "m", cpu_minutes=0.03)
    with pytest.raises(InputError, match="left_out"):
        train_motion([corpus], directory=tmp_path / "m", cpu_minutes=0.03, leave_out=["made edge cases"], resume=True)
    told.clear()
    monkeypatch.setattr(training, "_SAVE_EVERY_S", 60.0)
    card = train_motion(
        [corpus], directory=tmp_path / "m", cpu_minutes=0.03, resume=True, progress=lambda *one: told.append(one)
    )
    assert next(what for what, _ in told if what.startswith("step")).startswith("step 2")  # the last that was kept
    assert card["steps"] > 2
    assert read_motion_checkpoint(tmp_path / "m" / CHECKPOINT_FILE).card["steps"] == card["steps"]
    assert [one.name for one in tmp_path.iterdir()] == ["m"]


def test_who_drives_as_no_controls_can_is_seen_and_not_learned_from() -> None:
    straight = straight_scene(starts=[(0.0, 0.0, 0.0, 9.0), (0.0, 5.0, 0.0, 9.0)])
    state = straight.state.copy()
    state[1, :, 1] += np.where(np.arange(state.shape[1]) % 2, 4.0, 0.0)  # four metres aside and back, every half second
    (made,) = fitted([dataclasses.replace(straight, state=state)])
    assert made.drivable is not None
    assert made.drivable.tolist() == [True, False]
