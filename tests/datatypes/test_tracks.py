"""What microscopic trajectories promise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from trafficdiff.datatypes.tracks import Tracks
from trafficdiff.errors import InputError


def two_cars(**changes: Any) -> Tracks:
    """Car a drives 10 m/s east for 0.2 s; car b stands for 0.1 s inside a junction."""
    columns: dict[str, Any] = {
        "user_id": np.array(["a", "b"], object),
        "user_kind": np.array(["passenger", "truck"], object),
        "length_m": np.array([5.0, 12.0]),
        "width_m": np.array([1.8, 2.4]),
        "offsets": np.array([0, 3, 5]),
        "time_s": np.array([1.0, 1.1, 1.2, 1.1, 1.2]),
        "x_m": np.array([0.0, 1.0, 2.0, 50.0, 50.0]),
        "y_m": np.zeros(5),
        "heading_rad": np.zeros(5),
        "speed_ms": np.array([10.0, 10.0, 10.0, 0.0, 0.0]),
        "edge": np.array([0, 0, 1, -1, -1], np.int32),
    }
    return Tracks(**(columns | changes))


def test_samples_belong_to_their_user() -> None:
    tracks = two_cars()
    assert tracks.user.tolist() == [0, 0, 0, 1, 1]
    assert tracks.enter_s.tolist() == [1.0, 1.1]
    assert tracks.leave_s.tolist() == [1.2, 1.2]


def test_inside_a_junction_is_on_no_edge() -> None:
    assert two_cars().on_edge.tolist() == [True, True, True, False, False]


def test_nobody_is_fine_too() -> None:
    empty = {name: np.zeros(0) for name in ("length_m", "width_m", "time_s", "x_m", "y_m", "heading_rad", "speed_ms")}
    texts = {name: np.zeros(0, object) for name in ("user_id", "user_kind")}
    tracks = Tracks(**empty, **texts, offsets=np.zeros(1, np.int64), edge=np.zeros(0, np.int32))
    assert len(tracks.enter_s) == 0


@pytest.mark.parametrize("name", ["length_m", "time_s", "x_m", "heading_rad", "speed_ms"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_refused(name: str, value: float) -> None:
    values = np.array(getattr(two_cars(), name))
    values[0] = value
    with pytest.raises(InputError, match=f"expected finite {name}"):
        two_cars(**{name: values})


def test_time_must_rise_within_a_user_but_not_between_users() -> None:
    with pytest.raises(InputError, match="expected rising times"):
        two_cars(time_s=np.array([1.0, 1.1, 1.1, 1.1, 1.2]))


def test_a_teleport_is_refused_and_named() -> None:
    with pytest.raises(InputError, match=r"first: user 'b'"):
        two_cars(x_m=np.array([0.0, 1.0, 2.0, 50.0, 80.0]))  # 30 m in 0.1 s


@pytest.mark.parametrize(
    "changes",
    [
        {"offsets": np.array([0, 3])},
        {"offsets": np.array([0, 3, 4])},
        {"offsets": np.array([1, 3, 5])},
        {"offsets": np.array([0, 6, 5])},
        {"offsets": np.array([0, 5, 5])},
        {"user_kind": np.array(["passenger"], object)},
        {"width_m": np.array([1.8])},
        {"x_m": np.zeros(4)},
        {"edge": np.zeros(4, np.int32)},
    ],
    ids=["too few", "short", "late start", "falling", "user without sample", "kind", "width", "x", "edge"],
)
def test_columns_that_do_not_fit_together_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="tracks: "):
        two_cars(**changes)


def test_tracks_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        two_cars().x_m[0] = 7.0
