"""Gates judge what they say they judge; where reality copies itself, being without copies does not decide."""

from __future__ import annotations

import numpy as np

from trafficdiff.metrics.intervals import Interval
from trafficdiff.metrics.privacy_attack import Attack, attack
from trafficdiff.metrics.privacy_copies import Copies
from trafficdiff.metrics.privacy_gates import LIMITS, NAMES, attack_gates, cell_gate, copy_gates


def test_no_copy_passes_where_unseen_trips_copy_nothing():
    absolute, over = copy_gates(Copies(0, 5_000), Copies(0, 5_000))
    assert absolute.passed
    assert absolute.decides
    assert over.passed


def test_one_copy_fails_where_unseen_trips_copy_nothing():
    absolute, over = copy_gates(Copies(1, 5_000), Copies(0, 5_000))
    assert absolute.decides
    assert not absolute.passed
    assert over.passed  # one of 5,000 is no more than chance


def test_as_many_copies_as_unseen_trips_pass_over_the_floor_only():
    absolute, over = copy_gates(Copies(1_500, 5_000), Copies(1_500, 5_000))
    assert not absolute.decides
    assert not absolute.passed
    assert over.passed


def test_few_trips_cannot_pass_by_being_few():
    _, over = copy_gates(Copies(0, 30), Copies(0, 30))
    assert not over.passed


def test_no_route_that_is_long_enough_is_no_pass():
    absolute, over = copy_gates(Copies(0, 0), Copies(0, 0))
    assert not absolute.passed
    assert not over.passed


def test_the_area_is_judged_by_its_upper_bound_and_the_finds_by_their_share():
    found = Attack(0.54, Interval(0.5, 0.58, "delong"), 0.015, Interval(0.005, 0.04, "wilson"), 100, 100)
    area, hits = attack_gates(found)
    assert not area.passed
    assert hits.passed


def test_chance_passes_with_enough_people():
    scores = np.random.default_rng(0).normal(size=(2, 3_000))
    assert [gate.passed for gate in attack_gates(attack(*scores), reference=True)] == [True, True]


def test_small_cells_are_counted_but_not_those_left_out():
    assert cell_gate(np.array([np.nan, 0.0, 10])).passed
    assert cell_gate(np.array([9.0, 0.0, 10])).value == 1


def test_every_gate_has_a_limit_and_a_name():
    assert LIMITS.keys() == NAMES.keys()
