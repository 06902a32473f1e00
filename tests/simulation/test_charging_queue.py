"""Plugs go to who comes first, bookings hold them, and nobody waits beyond patience or room."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trafficdiff.simulation.charging_queue import HOLD_S, Guest, SiteQueue


def guest(name: str, *, at: float = 0.0, patience: float = 600.0, booked: bool = False) -> Guest:
    return Guest(name, at, at + patience, booked)


def queue(*, plugs: int = 1, bays: int = 2, power: list[float] | None = None) -> SiteQueue:
    return SiteQueue([True] * plugs, power or [50.0] * plugs, bays)


def come(site: SiteQueue, one: Guest, *, wait: float = 0.0) -> int | None:
    return site.come(one, time_s=one.since_s, expected_wait_s=wait)


def test_the_strongest_free_plug_is_given_first():
    site = queue(plugs=3, power=[22.0, 150.0, 50.0])
    assert [come(site, guest(name)) for name in "abc"] == [1, 2, 0]


def test_those_who_wait_are_served_in_the_order_in_which_they_came():
    site = queue(bays=3)
    assert [come(site, guest(name)) for name in "abc"] == [0, -1, -1]
    assert site.admit(1.0) is None
    site.give_back(0)
    admitted = site.admit(1.0)
    assert admitted is not None
    assert (admitted[0].name, admitted[1]) == ("b", 0)
    assert come(site, guest("d")) == -1  # nobody overtakes the queue


def test_a_full_waiting_area_and_too_long_a_wait_turn_away():
    site = queue(bays=1)
    assert [come(site, guest(name)) for name in "abc"] == [0, -1, None]
    assert come(queue(plugs=0), guest("d", patience=100.0), wait=101.0) is None


def test_patience_ends_the_wait():
    site = queue()
    come(site, guest("a"))
    come(site, guest("b", patience=60.0))
    assert site.impatient(59.0) == []
    assert [one.name for one in site.impatient(60.0)] == ["b"]
    assert site.waiting == []


def test_a_plug_is_held_for_a_booking_while_it_is_due():
    site = queue()
    site.due["booked"] = 1_000.0
    assert come(site, guest("early", at=1_000.0 - HOLD_S - 1.0)) == 0
    site.give_back(0)
    assert come(site, guest("walks in", at=900.0)) == -1
    assert come(site, guest("booked", at=950.0, booked=True)) == 0
    site.give_back(0)
    admitted = site.admit(960.0)
    assert admitted is not None
    assert admitted[0].name == "walks in"


def test_a_booking_that_does_not_come_is_forgotten():
    site = queue()
    site.due["late"] = 1_000.0
    assert come(site, guest("a", at=1_000.0 + HOLD_S + 1.0)) == 0
    other = queue()
    other.due["gone"] = 1_000.0
    other.drop("gone")
    assert come(other, guest("a", at=1_000.0)) == 0


@pytest.mark.slow
@given(st.lists(st.sampled_from(["come", "leave", "admit"]), max_size=60), st.integers(1, 4), st.integers(0, 4))
def test_plugs_and_bays_are_never_given_twice(events: list[str], plugs: int, bays: int):
    site, taken = queue(plugs=plugs, bays=bays), set()
    for number, event in enumerate(events):
        if event == "come":
            place = come(site, guest(str(number)))
            if place is not None and place >= 0:
                assert place not in taken
                taken.add(place)
        elif event == "leave" and taken:
            site.give_back(taken.pop())
        elif event == "admit" and (admitted := site.admit(0.0)) is not None:
            assert admitted[1] not in taken
            taken.add(admitted[1])
        assert len(taken) + sum(site.free) == plugs
        assert len(site.waiting) <= bays
