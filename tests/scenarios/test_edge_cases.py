"""Choreography on straight roads, where every asked number can be checked with a formula."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from trafficdiff.datatypes.staging import Line, Place, Staging
from trafficdiff.errors import Faults, InputError
from trafficdiff.scenarios.edge_case_catalogue import CATALOGUE
from trafficdiff.scenarios.edge_case_choreography import CHOREOGRAPHIES, stage
from trafficdiff.scenarios.edge_case_drawing import chosen_types, parse_range, ranges_of, values_of
from trafficdiff.scenarios.edge_case_motion import RefusedError

GRIP_MS2 = 9.81
CAR_M, WIDTH_M = 4.6, 1.8
EAST = Line(np.stack([np.arange(0.0, 601.0, 2.0), np.zeros(301)], axis=-1))
NORTH = Line(np.stack([np.full(301, 300.0), np.arange(-300.0, 302.0, 2.0)], axis=-1))
ROAD = Place(name="road", line=EAST, conflict_m=300.0, speed_limit_ms=14.0, left_m=3.2, left_edge_m=4.8)
CROSSROADS = replace(ROAD, other=NORTH, other_conflict_m=300.0, angle_rad=np.pi / 2)
PLACES = {"oncoming": replace(ROAD, left_m=float("nan"), oncoming_m=3.2)} | dict.fromkeys(
    ("crossing", "from-right", "left-turn"), CROSSROADS
)


def middle(type_name: str, **given: float) -> dict[str, float]:
    return {one.name: one.at(0.5) for one in CATALOGUE[type_name].parameters} | given


def played(type_name: str, *, place: Place | None = None, grip_ms2: float = GRIP_MS2, **given: float) -> Staging:
    place = place or PLACES.get(CATALOGUE[type_name].place, ROAD)
    return stage("case", type_name, values=middle(type_name, **given), place=place, grip_ms2=grip_ms2)


def at(staging: Staging, actor: int, time_s: float, column: str) -> float:
    one = staging.actors[actor]
    return float(np.interp(time_s, np.arange(len(one.x_m)) * 0.1, getattr(one, column)))


def gap_m(staging: Staging, time_s: float) -> float:
    return at(staging, 1, time_s, "x_m") - at(staging, 0, time_s, "x_m") - CAR_M


def test_every_type_has_a_choreography_that_plays() -> None:
    assert set(CHOREOGRAPHIES) == set(CATALOGUE)
    assert len(CATALOGUE) == 13
    for name in CATALOGUE:
        staging = played(name)
        assert 8.0 <= (staging.samples - 1) * 0.1 <= 20.0
        assert len(staging.actors[0].x_m) <= staging.contact_s / 0.1 + 1


def test_lead_brake_gap_follows_from_braking_and_ttc() -> None:
    staging = played("lead-brake", ego_kmh=36.0, braking_ms2=6.0, ttc_s=2.0, offset_m=0.0)
    closing = 10.0 - at(staging, 1, 4.0, "speed_ms")
    assert closing == pytest.approx(6.0 * 0.9, abs=0.05)  # braking builds up in 0.2 s
    assert gap_m(staging, 4.0) / closing == pytest.approx(2.0, rel=5e-3)


def test_ice_lets_the_car_ahead_brake_no_harder_than_tyres_hold() -> None:
    staging = played("lead-brake", grip_ms2=2.0, ego_kmh=36.0, braking_ms2=6.0, ttc_s=2.0, offset_m=0.0)
    assert np.gradient(staging.actors[1].speed_ms, 0.1).min() == pytest.approx(-2.0, abs=0.02)


def test_cut_out_uncovers_the_stationary_car_at_ttc_times_speed() -> None:
    staging = played("cut-out", ego_kmh=36.0, ttc_s=3.0, headway_s=1.0)
    assert gap_m(staging, staging.trigger_s) == pytest.approx(30.0, rel=2e-3)


def test_head_on_closes_with_both_speeds() -> None:
    staging = played("head-on", ego_kmh=36.0, other_kmh=54.0, ttc_s=2.0)
    assert gap_m(staging, staging.trigger_s) == pytest.approx(2.0 * 25.0, rel=0.02)  # it is turned a little


@pytest.mark.parametrize("impact", [0.1, 0.25, 0.5, 0.75, 0.9])
def test_walker_from_the_far_side_has_come_as_far_as_asked(impact: float) -> None:
    staging = played("pedestrian-far-side", ego_kmh=36.0, walker_kmh=8.0, impact=impact, angle_deg=90.0)
    assert at(staging, 1, staging.contact_s, "y_m") == pytest.approx(WIDTH_M * (0.5 - impact), abs=0.01)
    assert at(staging, 0, 5.0, "x_m") + CAR_M / 2 + 10.0 * (staging.contact_s - 5.0) == pytest.approx(302.3, abs=0.01)


def test_walker_sets_off_within_a_metre() -> None:
    walker = played("pedestrian-far-side", walker_kmh=8.0).actors[1]
    assert np.gradient(walker.speed_ms, 0.1).max() <= (8 / 3.6) ** 2 / 2 + 0.01


def test_crossing_car_has_come_as_far_as_asked() -> None:
    staging = played("crossing-car", ego_kmh=36.0, other_kmh=36.0, impact=0.3, angle_deg=90.0)
    front_y = at(staging, 1, staging.contact_s, "y_m") + CAR_M / 2
    assert front_y == pytest.approx(-WIDTH_M / 2 + 0.3 * WIDTH_M, abs=0.02)


def test_obstacle_covers_the_share_asked() -> None:
    staging = played("obstacle", overlap=0.4, side=0.0)
    assert staging.actors[1].y_m[0] == pytest.approx(-0.6 * WIDTH_M, abs=2e-3)


def test_the_wreck_touches_nobody_and_the_car_ahead_rests_at_it() -> None:
    staging = played("crash-ahead", ttc_s=2.0, ego_kmh=36.0)
    assert [actor.name for actor in staging.actors] == ["ego", "opponent", "wreck", "stopped"]
    assert at(staging, 1, 4.05, "speed_ms") < 0.1
    assert gap_m(staging, 4.0) == pytest.approx(20.0, rel=5e-3)


@pytest.mark.parametrize(
    ("type_name", "given", "reason"),
    [
        ("cut-in", {"ego_kmh": 30.0, "relative_kmh": -28.0}, "backwards"),
        ("cut-in", {"ego_kmh": 60.0, "relative_kmh": -50.0, "ttc_s": 5.0}, "gap"),
        ("cut-out", {"ttc_s": 2.0, "headway_s": 2.0, "ego_kmh": 36.0}, "would hit lead"),
        ("left-turn", {"ego_kmh": 200.0}, "short"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(type_name: str, given: dict[str, float], reason: str) -> None:
    with pytest.raises(RefusedError, match=reason):
        played(type_name, **given)


def test_a_tight_bend_is_refused() -> None:
    angle = np.linspace(0.0, np.pi, 400)
    bend = Line(np.stack([25.0 * np.sin(angle), 25.0 * (1 - np.cos(angle))], axis=-1))
    with pytest.raises(RefusedError, match="bend"):
        played("lead-brake", place=replace(ROAD, line=bend, conflict_m=50.0), ego_kmh=60.0)


def test_a_lane_that_ends_is_refused() -> None:
    with pytest.raises(RefusedError, match="neighbour lane"):
        played("cut-in", place=replace(ROAD, beside_m=(320.0, 600.0)))


def test_bad_wishes_are_all_named_at_once() -> None:
    faults = Faults("wishes")
    assert chosen_types("cut-inn", faults) == ()
    assert parse_range("ttc_s=3:1", faults) is None
    assert parse_range("ttc_s=nan", faults) is None
    ranges_of(chosen_types("cut-in", faults), {"ttc_s": (-1.0, 2.0), "impact": (0.2, 0.4)}, faults)
    with pytest.raises(InputError) as caught:
        faults.raise_if_any(InputError)
    assert len(caught.value.faults) == 5
    for word in ("cut-inn", "3:1", "nan", "-1 to 2", "impact"):
        assert word in str(caught.value)


def test_a_slow_ego_is_cut_in_by_a_car_that_still_moves() -> None:
    faults = Faults("wishes")
    ranges = ranges_of(chosen_types("cut-in", faults), {}, faults)["cut-in"]
    values = values_of(dict.fromkeys(ranges, 0.0), ranges)
    assert values["ego_kmh"] + values["relative_kmh"] == pytest.approx(5.0)


def test_a_wish_moves_a_range_and_says_so() -> None:
    faults = Faults("wishes")
    ranges = ranges_of(chosen_types("all", faults), {"ttc_s": (1.5, 1.5)}, faults)
    assert not faults
    assert ranges["head-on"]["ttc_s"].at(0.7) == 1.5
    assert ranges["head-on"]["ttc_s"].source == "asked for"
    assert "ttc_s" not in ranges["crossing-car"]
