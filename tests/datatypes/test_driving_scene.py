"""Scenes with faults are refused by name, all faults at once, and nothing half-written stays."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from trafficdiff.datatypes.driving_scene import DrivingScene
from trafficdiff.datatypes.driving_scene_checks import check_on_roads
from trafficdiff.datatypes.driving_scene_files import read_driving_scene, write_driving_scene
from trafficdiff.datatypes.net_shapes import read_net_shapes
from trafficdiff.datatypes.scene_environment import Environment, SignalStates
from trafficdiff.datatypes.tracks import Tracks
from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.sumo


def two_users(**changed: Any) -> Tracks:
    """A car that drives east on the crossroads' western arm at 10 m/s, and one behind it that comes a second later."""
    time = np.arange(0, 2.05, 0.1)
    later = np.arange(1, 2.05, 0.1)
    columns = {
        "user_id": np.array(["ego", "other"], object), "user_kind": np.array(["passenger", "truck"], object),
        "length_m": np.array([5.0, 7.1]), "width_m": np.array([1.8, 2.4]),
        "offsets": np.array([0, len(time), len(time) + len(later)]), "time_s": np.concatenate([time, later]),
        "x_m": np.concatenate([-100 + 10 * time, -140 + 10 * later]), "y_m": np.full(len(time) + len(later), -1.6),
        "heading_rad": np.zeros(len(time) + len(later)), "speed_ms": np.full(len(time) + len(later), 10.0),
        "edge": np.zeros(len(time) + len(later), np.int32),
    }  # fmt: skip
    return Tracks(**(columns | changed))


def on_map(tracks: Tracks, net: Path) -> Tracks:
    """The same tracks where the net has its western arm."""
    lane = read_net_shapes(net).lanes["WC_0"].shape
    values = {name: np.array(getattr(tracks, name)) for name in vars(tracks)}
    return Tracks(**(values | {"x_m": tracks.x_m + 150 + lane[0, 0], "y_m": tracks.y_m + 1.6 + lane[0, 1]}))


def scene(net: Path, tracks: Tracks | None = None, **changed: Any) -> DrivingScene:
    shown = SignalStates(signal_id=np.array(["C"], object), time_s=np.zeros(1), state=np.array(["G" * 12], object))
    facts: dict[str, Any] = {
        "name": "two", "edge_id": np.array(["WC"], object), "ego": "ego", "net_file": net, "tags": ("RoadTypeMinor",),
        "signals": shown, "provenance": {"seed": "1"},
    }  # fmt: skip
    return DrivingScene(**(facts | {"tracks": on_map(tracks or two_users(), net)} | changed))


def test_a_scene_comes_back_as_it_was_written(cross_net: Path, tmp_path: Path) -> None:
    written = scene(cross_net, environment=Environment(date_time=datetime(2026, 1, 2, 17, 30), fog_visual_range_m=80))
    for copy_net in (True, False):
        place = write_driving_scene(written, tmp_path / str(copy_net), copy_net=copy_net)
        read = read_driving_scene(place)
        for name in vars(written.tracks):
            assert (getattr(read.tracks, name) == getattr(written.tracks, name)).all()
        assert (read.name, read.ego, read.tags, read.environment) == ("two", "ego", written.tags, written.environment)
        assert dict(read.provenance) == {"seed": "1"}
        assert list(read.edge_id) == ["WC"]
        assert list(read.signals.state) == ["G" * 12]
        assert read.net_file.is_file()
        check_on_roads(read)


def test_the_six_seeded_faults_are_refused(cross_net: Path, tmp_path: Path) -> None:
    good = two_users()
    back = np.array(good.time_s)
    back[5] = back[4] - 1
    far = np.array(on_map(good, cross_net).x_m)
    far[21:] += 99_000
    with pytest.raises(InputError, match="ghost"):
        scene(cross_net, ego="ghost")
    with pytest.raises(InputError, match="rising times"):
        two_users(time_s=back)
    with pytest.raises(InputError, match="width"):
        scene(cross_net, two_users(width_m=np.array([1.8, -2.4])))
    with pytest.raises(InputError, match="map"):
        scene(cross_net, net_file=tmp_path / "none.net.xml")
    with pytest.raises(ValueError, match="fog_visual_range_m"):
        Environment(fog_visual_range_m=-5)
    values = {name: np.array(getattr(good, name)) for name in vars(good)}
    lost = scene(cross_net, tracks=Tracks(**(values | {"y_m": np.append(good.y_m[:21], good.y_m[21:] + 99_000)})))
    with pytest.raises(InputError, match=r"'other': expected to be within 25 m of a road.* 9[89],\d{3} m off"):
        write_driving_scene(lost, tmp_path / "lost")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_kind_and_a_position_that_is_no_number_are_refused(cross_net: Path) -> None:
    with pytest.raises(InputError, match=r"'other': expected a kind.*'hovercraft'"):
        scene(cross_net, two_users(user_kind=np.array(["passenger", "hovercraft"], object)))
    lost = np.array(two_users().x_m)
    lost[3] = np.nan
    with pytest.raises(InputError, match="x_m"):
        two_users(x_m=lost)


def test_all_faults_of_a_scene_are_named_at_once(cross_net: Path, tmp_path: Path) -> None:
    place = write_driving_scene(scene(cross_net), tmp_path / "scene")
    described = json.loads((place / "scene.json").read_text())
    described["environment"]["fog_visual_range_m"] = -5
    (place / "scene.json").write_text(json.dumps(described))
    (place / "signals.parquet").write_bytes(b"nothing")
    with pytest.raises(InputError) as caught:
        read_driving_scene(place)
    assert len(caught.value.faults) == 2
    assert "fog_visual_range_m" in str(caught.value)
    assert "signal states" in str(caught.value)


def test_another_map_in_the_same_place_is_found_out(cross_net: Path, tmp_path: Path) -> None:
    place = write_driving_scene(scene(cross_net), tmp_path / "scene")
    (place / "net.xml.gz").write_bytes((place / "net.xml.gz").read_bytes() + b"x")
    with pytest.raises(InputError, match="sha256 differs"):
        read_driving_scene(place)


def test_signals_that_the_map_does_not_have_are_refused(cross_net: Path) -> None:
    strange = SignalStates(
        signal_id=np.array(["C", "nowhere"], object), time_s=np.zeros(2), state=np.array(["G", "GG"], object)
    )
    with pytest.raises(InputError) as caught:
        check_on_roads(scene(cross_net, signals=strange))
    assert "'nowhere'" in str(caught.value)
    assert "'C': expected a letter for each" in str(caught.value)


def test_a_signal_shows_its_last_change() -> None:
    signals = SignalStates(
        signal_id=np.array(["a", "b", "a"], object), time_s=np.array([0.0, 0.0, 5.0]),
        state=np.array(["G", "r", "y"], object),
    )  # fmt: skip
    assert [signals.state_at("a", time) for time in (-1, 0, 4.9, 5, 99)] == ["G", "G", "G", "y", "y"]
    with pytest.raises(InputError, match="letters"):
        replace(signals, state=np.array(["G", "r", "?"], object))
    with pytest.raises(InputError, match="rising"):
        replace(signals, time_s=np.array([0.0, 0.0, 0.0]))


def test_it_rains_only_with_a_rate() -> None:
    with pytest.raises(ValueError, match="precipitation_mm_h"):
        Environment(precipitation="rain")
    with pytest.raises(ValueError, match="precipitation_mm_h"):
        Environment(precipitation_mm_h=2)
