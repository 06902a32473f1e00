"""Turn the scene model's table into the scorecard that a planner reads: one row a goal.

The table is what ``scripts/evaluate_scene_model.py -o`` writes. "Led" is the best of many draws, of the most in the
table (for angles of the first number); "not led" is the same model left alone, every draw of it.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from trafficdiff.datatypes.scorecard import Scorecard, ScorecardRow

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SCENE_FORMAT", "scene_scorecard"]

SCENE_FORMAT: Final = "trafficdiff scene model scorecard 2"
"""What the file says that it is."""
_TIMES: Final = 10.0
_JSD: Final = 0.05
_OFF_ROAD: Final = 0.01
_PUBLISHED: Final = 0.82
"""Road users a second and core of VBD's published code [1/s]; the goal is a hundred times as many."""
_TIMES_PUBLISHED: Final = 100.0
_Z95: Final = 1.96


class _Rows(NamedTuple):
    """Hold the rows that goals are about."""

    recorded: Mapping[str, Any]
    half: Mapping[str, Any]
    constant: Mapping[str, Any]
    staged: Mapping[str, Any] | None
    free: Mapping[str, Any]
    led: Mapping[str, Any]
    single: Mapping[str, Any]
    chosen: Mapping[str, Any]
    turned: Mapping[str, Any]


def scene_scorecard(document: Mapping[str, Any]) -> Scorecard:
    """Return the scorecard of a table.

    Raises
    ------
    KeyError, ValueError
        If it is something else.
    """
    if document["format"] != SCENE_FORMAT:
        raise ValueError(f"format {document['format']!r}")
    by_name = {str(row["name"]): row for row in document["rows"]}
    rows = _Rows(
        recorded=by_name["recorded"], half=by_name["recorded, other half"], constant=by_name["constant velocity"],
        staged=by_name.get("templates (scenes make)"), free=by_name["model, unguided"],
        led=_named(by_name, r"model, guided, [^,]+ nat, best of (\d+)"),
        single=_named(by_name, r"model, guided, [^,]+ nat()"),
        chosen=_named(by_name, r"model, unguided, best of (\d+)"),
        turned=_named(by_name, r"model, guided, [^,]+ nat, and angle, best of (\d+)"),
    )  # fmt: skip
    return Scorecard(
        subject="scenes", date=str(document["date"]), made_with=(f"python {document['made_with']}",),
        checkpoint_sha256=document["checkpoint_sha256"],
        rows=(*_goals(rows), *_asked(rows), *_shown(rows)),
    )  # fmt: skip


def _named(by_name: Mapping[str, Mapping[str, Any]], pattern: str) -> Mapping[str, Any]:
    """Return the row of a name; of several that of most draws, and of those the one that spent most."""
    found = [(row, int(match[1] or 1)) for name, row in by_name.items() if (match := re.fullmatch(pattern, name))]
    if not found:
        raise KeyError(pattern)
    return max(found, key=lambda one: (one[1], float(one[0]["spent_nats"] or 0.0)))[0]


def _goals(rows: _Rows) -> tuple[ScorecardRow, ...]:
    """Return what has a goal."""
    led, free = rows.led, rows.free
    times, low, high = _ratio(led, free)
    alone, *bounds = _ratio(rows.single, free)
    return (
        ScorecardRow(key="criticality", name="Scenes with a near miss, led against not led, times as many", model=times,
                     low=low, high=high, aim=_TIMES, better="high"),
        ScorecardRow(key="criticality_single", name="The same of single draws, with the largest budget", model=alone,
                     low=bounds[0], high=bounds[1], better="high"),
        ScorecardRow(key="near_missed", name="Scenes with a near miss", model=led["near_missed"],
                     before=free["near_missed"], floor=rows.recorded["near_missed"], better="high", unit="share",
                     **_staged(rows, "near_missed")),
        ScorecardRow(key="mean_jsd", name="Led: how people drive there, distance of the distributions",
                     model=led["mean_jsd"], before=free["mean_jsd"], floor=rows.half["mean_jsd"], aim=_JSD,
                     better="low", noise=0.005, **_staged(rows, "mean_jsd")),
        ScorecardRow(key="off_road", name="Led: off the road", model=led["off_road"], before=free["off_road"],
                     floor=rows.recorded["off_road"], aim=_OFF_ROAD, better="low", unit="share",
                     **_staged(rows, "off_road")),
        ScorecardRow(key="off_road_driving", name="Led: off the road, who drives", model=led["off_road_driving"],
                     before=free["off_road_driving"], floor=rows.recorded["off_road_driving"], better="low",
                     unit="share"),
        ScorecardRow(key="kinematic_faults", name="Led: moments at which somebody moves as no body can",
                     model=float(led["kinematic_faults"]), before=float(free["kinematic_faults"]), aim=0.0,
                     better="low"),
        ScorecardRow(key="users_per_s", name="Not led: road users drawn in a second on one core",
                     model=free["users_per_s"], baseline=_PUBLISHED, baseline_name="VBD as published",
                     aim=_PUBLISHED * _TIMES_PUBLISHED, better="high"),
    )  # fmt: skip


def _asked(rows: _Rows) -> tuple[ScorecardRow, ...]:
    """Return how near what was reached came to what was asked."""
    shares = [
        ScorecardRow(key=key, name=f"Led: time to collision within {percent} % of the one asked", model=rows.led[key],
                     before=rows.free[key], better="high", unit="share", **_staged(rows, key))
        for key, percent in (("ttc_within_10", 10), ("ttc_within_20", 20))
    ]  # fmt: skip
    key = "angle_within_10_deg"
    turned = ScorecardRow(key=key, name="Led: angle within 10 degrees of the one asked", model=rows.turned[key],
                          before=rows.free[key], better="high", unit="share")  # fmt: skip
    return (*shares, turned)


def _shown(rows: _Rows) -> tuple[ScorecardRow, ...]:
    """Return what has no goal."""
    led, free = rows.led, rows.free
    return (
        ScorecardRow(key="chosen_near_missed", name="Not led, the best of as many draws: scenes with a near miss",
                     model=rows.chosen["near_missed"], before=free["near_missed"],
                     floor=rows.recorded["near_missed"], better="high", unit="share"),
        ScorecardRow(key="collided", name="Not led: road users who touch another", model=free["collided"],
                     floor=rows.recorded["collided"], baseline=rows.constant["collided"],
                     baseline_name="constant velocity", better="low", unit="share"),
        ScorecardRow(key="led_collided", name="Led: road users who touch another", model=led["collided"],
                     before=free["collided"], floor=rows.recorded["collided"], better="low", unit="share"),
        ScorecardRow(key="interaction_types", name="Led: kinds of critical encounters",
                     model=float(led["interaction_types"]), before=float(free["interaction_types"]),
                     floor=float(rows.recorded["interaction_types"]), better="high",
                     **_staged(rows, "interaction_types")),
    )  # fmt: skip


def _staged(rows: _Rows, key: str) -> dict[str, Any]:
    """Return the staged cases as the other method, where they were judged."""
    if rows.staged is None or rows.staged.get(key) is None:
        return {}
    return {"baseline": float(rows.staged[key]), "baseline_name": "staged cases"}


def _ratio(led: Mapping[str, Any], free: Mapping[str, Any]) -> tuple[float, float | None, float | None]:
    """Return how many times as often near misses come, and its 95 % interval (Katz et al. 1978, on the logarithm)."""
    one, other = float(led["near_missed"]), float(free["near_missed"])
    hits, base = one * led["scenes"], other * free["scenes"]
    if hits == 0 or base == 0:
        return (0.0 if hits == 0 else one * free["scenes"]), None, None
    spread = _Z95 * math.sqrt(1 / hits - 1 / led["scenes"] + 1 / base - 1 / free["scenes"])
    return one / other, one / other * math.exp(-spread), one / other * math.exp(spread)
