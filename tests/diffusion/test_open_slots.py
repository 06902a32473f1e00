"""Slots are open where a drive leads, and vias where they lie on the way."""

from __future__ import annotations

import torch

from trafficdiff.diffusion.inputs import time_bases
from trafficdiff.diffusion.noise import DESTINATION, ORIGIN, TIME, VIA
from trafficdiff.diffusion.open_slots import OpenSlots

TIMES_S = torch.tensor([[15.0, 60, 120, 200], [60, 15, 60, 300], [120, 60, 15, 90], [200, 300, 90, 15]])
PAIRS = torch.tensor(
    [
        [[0, 1, 1, 1], [1, 0, 1, 1], [1, 1, 0, 1], [1, 1, 1, 0]],
        [[0, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 0], [1, 1, 1, 1]],  # a class that cannot come to zone 3 but from itself
    ],
    dtype=torch.bool,
)


def opened(slot: int, *trips: tuple[int, int], kind: int = 0) -> list[list[int]]:
    slots = torch.full((len(trips), 4), -1)
    slots[:, [ORIGIN, DESTINATION]] = torch.tensor(trips)
    found = OpenSlots(PAIRS, time_bases(TIMES_S), detour=1.6).of(slot, slots, torch.full((len(trips),), kind))
    return [torch.nonzero(row)[:, 0].tolist() for row in found]


def test_an_end_is_open_where_a_drive_joins_it_to_the_other() -> None:
    assert opened(DESTINATION, (0, -1), (3, -1), kind=1) == [[1, 2], [0, 1, 2, 3]]
    assert opened(ORIGIN, (-1, 2), (-1, 3), kind=1) == [[0, 1, 3], [3]]


def test_the_first_end_is_open_where_any_drive_begins_or_ends() -> None:
    assert opened(ORIGIN, (-1, -1), kind=1) == [[0, 1, 3]]
    assert opened(DESTINATION, (-1, -1), kind=1) == [[0, 1, 2, 3]]


def test_a_via_lies_on_the_way_and_is_neither_end() -> None:
    none = len(TIMES_S)
    assert opened(VIA, (0, 2), (0, 3), (0, 1)) == [[1, none], [2, none], [none]]  # 120, 210 of 200, 180 of 60 s


def test_departures_are_always_open() -> None:
    assert opened(TIME, (0, 1), (-1, -1)) == [[0], [0]]


def test_no_via_leads_over_a_pair_that_no_drive_joins() -> None:
    assert opened(VIA, (0, 2), (3, 2), kind=1) == [[1, 4], [4]]
