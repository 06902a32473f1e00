"""Who drives an ego: by name, by module; the planted faults are faults, and nothing else is."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from tests.ego_scenes import line, moving
from trafficdiff.errors import InputError
from trafficdiff.simulation.ego_policies import BlindPlanner, LatePlanner, ego_policy
from trafficdiff.simulation.ego_rollout import OthersMotion, drive


def _hits(name: str, others: OthersMotion) -> bool:
    policy = ego_policy(name)
    assert policy is not None
    way = line(200.0)
    made = drive(
        policy, ego_start=(0, 0, 0, 13.0), ego_size=(5, 1.8), others=others, way_xy=way,
        limit_ms=np.full(len(way), 14.0),
    )  # fmt: skip
    return made.collided_with >= 0


def test_the_faulty_one_hits_who_comes_from_its_left_and_not_who_comes_from_its_right() -> None:
    from_left, from_right = moving(40.0, 24.0, -math.pi / 2, 8.0), moving(40.0, -24.0, math.pi / 2, 8.0)
    assert [_hits("faulty", one) for one in (from_left, from_right)] == [True, False]
    assert [_hits("idm", one) for one in (from_left, from_right)] == [False, False]


def test_the_late_one_hits_who_brakes_ahead_and_the_other_does_not() -> None:
    braking = moving(20.0, 0.0, 0.0, 13.0)
    speed = np.maximum(0.0, 13.0 - 0.9 * np.maximum(0, np.arange(81) - 10))
    braking.fine[0, :, 3] = speed
    braking.fine[0, 1:, 0] = 20.0 + np.cumsum(0.1 * (speed[1:] + speed[:-1]) / 2)
    assert _hits("late", braking)
    assert not _hits("idm", braking)


def test_names_give_planners_and_two_are_no_policies() -> None:
    assert isinstance(ego_policy("faulty"), BlindPlanner)
    assert isinstance(ego_policy("late"), LatePlanner)
    assert ego_policy("drawn") is None
    assert ego_policy("sumo") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fast", "expected drawn, sumo, idm, faulty, late or module.path:Name, got 'fast'"),
        ("no_such_module:Ego", "No module named 'no_such_module'"),
        ("math:Ego", "no attribute 'Ego'"),
        ("own_egos:Needy", "missing 1 required positional argument"),
        ("own_egos:Empty", "expected a function begin"),
        ("own_egos:Empty", "expected a name, a text"),
        ("own_egos:", "module.path:Name"),
    ],
)
def test_what_is_no_policy_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str) -> None:
    (tmp_path / "own_egos.py").write_text(
        "class Needy:\n    def __init__(self, what):\n        pass\n\n\n"
        "class Empty:\n    def control(self, view):\n        return 0.0, 0.0\n"
    )
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        ego_policy(text)
    assert said in str(caught.value)


def test_the_example_of_the_docs_is_a_policy_that_keeps_its_distance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "ego_policies.md").read_text(encoding="utf-8")
    (tmp_path / "my_ego.py").write_text(page.split("```python\n")[1].split("```")[0], encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    policy = ego_policy("my_ego:KeepDistance")
    assert policy is not None
    way = line(200.0)
    made = drive(
        policy, ego_start=(0, 0.5, 0.1, 6.0), ego_size=(5, 1.8), others=moving(60.0, 0.0, 0.0, 0.0), way_xy=way,
        limit_ms=np.full(len(way), 14.0),
    )  # fmt: skip
    assert made.collided_with == -1
    assert made.fine[-1, 0] > 35.0
    assert abs(made.fine[-1, 1]) < 0.2
