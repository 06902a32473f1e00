"""Decide who gets a plug: first come first served, with bookings, limited waiting places and limited patience.

Nothing here knows SUMO: cars come, are given a plug, wait, or are sent on; somebody else moves them.

::

    comes ─┬─ a plug is free, and not held for a booking ─▶ plug
           ├─ a waiting place is free, and the wait promises to be shorter than the patience ─▶ waits ─▶ plug
           │                                                                  patience ends ─▶ sent on ◀─┘
           └─ else ─▶ sent on
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

__all__ = ["HOLD_S", "Guest", "SiteQueue"]

HOLD_S: Final = 600.0
"""A plug is held for a booking from this long before it is due to this long after [s]; declared."""


@dataclass
class Guest:
    """Be a car at a station: its name, since when it waits [s], until when [s], and whether it has booked."""

    name: str
    since_s: float
    until_s: float
    booked: bool = False


@dataclass
class SiteQueue:
    """Keep the plugs and the queue of one station.

    Parameters
    ----------
    free
        Whether each plug is free.
    power_kw
        Power of each plug; the strongest free one is given first.
    bays
        Waiting places.
    due
        Bookings that have not come yet: when they are due [s], by name.
    waiting
        In the order of coming.
    """

    free: list[bool]
    power_kw: list[float]
    bays: int
    due: dict[str, float] = field(default_factory=dict)
    waiting: list[Guest] = field(default_factory=list)

    def take_plug(self, *, booked: bool, time_s: float) -> int | None:
        """Take the strongest free plug and return its place; None if none is free, or all that are free are held."""
        held = 0 if booked else sum(abs(due_s - time_s) <= HOLD_S for due_s in self.due.values())
        if sum(self.free) <= held:
            return None
        plug = max((place for place, free in enumerate(self.free) if free), key=lambda place: self.power_kw[place])
        self.free[plug] = False
        return plug

    def give_back(self, plug: int) -> None:
        """Note that a plug is free again."""
        self.free[plug] = True

    def come(self, guest: Guest, *, time_s: float, expected_wait_s: float) -> int | None:
        """Take in a car that comes: return its plug, -1 if it waits, None if it must go on."""
        self.due.pop(guest.name, None)
        if not self.waiting or guest.booked:
            plug = self.take_plug(booked=guest.booked, time_s=time_s)
            if plug is not None:
                return plug
        if len(self.waiting) < self.bays and time_s + expected_wait_s <= guest.until_s:
            self.waiting.append(guest)
            return -1
        return None

    def admit(self, time_s: float) -> tuple[Guest, int] | None:
        """Give a free plug to the next who waits, bookings first; None if there is no plug or nobody."""
        if not any(self.free):
            return None
        for guest in sorted(self.waiting, key=lambda one: not one.booked):
            plug = self.take_plug(booked=guest.booked, time_s=time_s)
            if plug is not None:
                self.waiting.remove(guest)
                return guest, plug
        return None

    def impatient(self, time_s: float) -> list[Guest]:
        """Take out and return those whose patience has ended."""
        gone = [guest for guest in self.waiting if guest.until_s <= time_s]
        self.waiting = [guest for guest in self.waiting if guest.until_s > time_s]
        return gone

    def next_look_s(self) -> float:
        """Return when something may change of itself [s]: patience ends, or a plug that is held becomes free."""
        if any(self.free):
            return -math.inf
        return min((guest.until_s for guest in self.waiting), default=math.inf)

    def drop(self, name: str) -> None:
        """Forget a car that will not come, or that is gone."""
        self.due.pop(name, None)
        self.waiting = [guest for guest in self.waiting if guest.name != name]
