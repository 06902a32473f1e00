"""Draws that compete are told apart by their scene, in the order given: where scenes lie in memory says nothing."""

from __future__ import annotations

from trafficdiff.diffusion.motion_herd import Herd


def test_groups_come_in_the_order_of_their_scenes() -> None:
    low, high = sorted((object(), object()), key=id)
    for one, other in ((low, high), (high, low)):
        groups = Herd([one, other, one, other], seed=[1]).groups
        assert [group.tolist() for group in groups] == [[0, 2], [1, 3]]
