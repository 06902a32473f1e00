"""Walks are refused where they cannot be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from trafficdiff.datatypes.walks import Walks
from trafficdiff.errors import TripError


def walks(count: int = 2, **changed: Any) -> Walks:
    """Return walks from a to b."""
    texts = {name: np.array([name[0]] * count, object) for name in ("origin", "destination")}
    numbers = {name: np.ones(count) for name in ("depart_s", "origin_m", "destination_m", "speed_factor")}
    names = np.array([f"walker.{place}" for place in range(count)], object)
    return Walks(**({"walk_id": names} | texts | numbers | changed))


def test_all_faults_come_at_once() -> None:
    with pytest.raises(TripError, match=r"(?s)repeats.*depart_s.*speed_factor"):
        walks(
            walk_id=np.array(["w", "w"], object),
            depart_s=np.array([1.0, np.nan]),
            speed_factor=np.array([-1.0, 1.0]),
        )
    with pytest.raises(TripError, match="2 values of origin_m, got 3"):
        walks(origin_m=np.ones(3))


def test_some_can_be_taken_and_nothing_changes_in_place() -> None:
    all_of_them = walks(3)
    assert all_of_them.take(np.array([False, True, True])).walk_id.tolist() == ["walker.1", "walker.2"]
    with pytest.raises(ValueError, match="read-only"):
        all_of_them.depart_s[0] = 5
