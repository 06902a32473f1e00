"""The scene model's scorecard says what its table says, and judges it by the goals."""

from __future__ import annotations

from typing import Any

import pytest

from trafficdiff.workflows.scene_scorecard import SCENE_FORMAT, scene_scorecard


def table(**led: Any) -> dict[str, Any]:
    """A table with the rows that are needed; the model comes to 10 near misses in 20 scenes led, to 2 in 80 not led."""
    plain: dict[str, Any] = {
        "scenes": 20, "near_missed": 0.05, "collided": 0.01, "off_road": 0.002, "off_road_driving": 0.001,
        "mean_jsd": 0.02,
        "kinematic_faults": None, "users_per_s": None, "ttc_within_10": 0.0, "ttc_within_20": 0.01,
        "angle_within_10_deg": 0.1, "interaction_types": 3, "spent_nats": None,
    }  # fmt: skip
    model = plain | {"kinematic_faults": 0, "users_per_s": 500.0}
    rows = [
        plain | {"name": "recorded"}, plain | {"name": "recorded, other half"}, plain | {"name": "constant velocity"},
        plain | {"name": "templates (scenes make)", "near_missed": 0.7},
        model | {"name": "model, unguided", "scenes": 80, "near_missed": 0.025},
        model | {"name": "model, guided, 5 nat", "spent_nats": 4.0, "near_missed": 0.1},
        model | {"name": "model, guided, 80 nat", "spent_nats": 50.0, "near_missed": 0.2, "mean_jsd": 0.09},
        model | {"name": "model, unguided, best of 16", "near_missed": 0.15},
        model | {"name": "model, guided, 40 nat, best of 16", "spent_nats": 30.0, "near_missed": 0.5} | led,
        model | {"name": "model, guided, 40 nat, and angle, best of 16", "angle_within_10_deg": 0.6},
        model | {"name": "no map, guided, 80 nat", "spent_nats": 60.0, "near_missed": 0.9},
    ]  # fmt: skip
    rows.append(rows[8] | {"name": "model, guided, 40 nat, best of 4", "spent_nats": 35.0, "near_missed": 0.3})
    rows.append(rows[7] | {"name": "model, unguided, best of 4", "near_missed": 0.11})
    return {
        "format": SCENE_FORMAT, "date": "2026-01-02", "made_with": "x", "checkpoint_sha256": "0" * 64, "rows": rows,
    }  # fmt: skip


def test_goals_are_judged_on_the_best_of_most_draws() -> None:
    rows = {row.key: row for row in scene_scorecard(table()).rows}
    assert rows["criticality"].model == pytest.approx(20.0)
    assert rows["criticality"].low == pytest.approx(20 / 4.21, rel=0.01)  # exp(1.96 sqrt(1/10 - 1/20 + 1/2 - 1/80))
    assert rows["criticality_single"].model == pytest.approx(8.0)
    assert rows["chosen_near_missed"].model == 0.15
    assert rows["near_missed"].baseline == 0.7
    assert rows["angle_within_10_deg"].model == 0.6
    assert all(
        rows[key].meets_aim for key in ("criticality", "mean_jsd", "off_road", "kinematic_faults", "users_per_s")
    )


@pytest.mark.parametrize(
    ("key", "led"),
    [
        ("criticality", {"near_missed": 0.2}), ("mean_jsd", {"mean_jsd": 0.051}), ("off_road", {"off_road": 0.011}),
        ("kinematic_faults", {"kinematic_faults": 1}),
    ],
)  # fmt: skip
def test_each_goal_can_be_missed(key: str, led: dict[str, float]) -> None:
    rows = {row.key: row for row in scene_scorecard(table(**led)).rows}
    assert rows[key].meets_aim is False


def test_other_tables_are_refused() -> None:
    with pytest.raises(ValueError, match="scorecard 1"):
        scene_scorecard(table() | {"format": "trafficdiff scene model scorecard 1"})
    with pytest.raises(KeyError, match="recorded"):
        scene_scorecard(table() | {"rows": []})
