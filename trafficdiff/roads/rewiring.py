"""Work out which lane turns into which when a road gets more lanes, fewer, or one at the kerb, and when roads are new.

All is arithmetic on tuples (from, from lane, to, to lane). Two rules keep trajectories of one road from crossing: lanes
further from the kerb never turn nearer to it than their neighbours, and what is taken away falls to the neighbour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Turn", "add_kerb_lane", "add_lanes", "drop_lanes", "join_road"]

_SIDE_DEG: Final = 45.0
"""Turns of more than this leave from the outermost lane, as netconvert's guesses do."""


class Turn(NamedTuple):
    """Lead from a lane of one edge to a lane of another; lanes count from the kerb."""

    source: str
    source_lane: int
    target: str
    target_lane: int


def drop_lanes(turns: Iterable[Turn], edge: str, *, lanes: int) -> set[Turn]:
    """Return the turns once an edge has only so many lanes; turns of the others fall to the last that remains."""
    kept = {turn for turn in turns if not _beyond(turn, edge, lanes)}
    served = {(turn.source, turn.source_lane, turn.target) for turn in kept}
    for turn in sorted(set(turns) - kept):
        moved = turn
        if turn.source == edge:
            moved = moved._replace(source_lane=min(turn.source_lane, lanes - 1))
        if turn.target == edge:
            moved = moved._replace(target_lane=min(turn.target_lane, lanes - 1))
        key = (moved.source, moved.source_lane, moved.target)
        if key not in served:
            served.add(key)
            kept.add(moved)
    return kept


def _beyond(turn: Turn, edge: str, lanes: int) -> bool:
    return (turn.source == edge and turn.source_lane >= lanes) or (turn.target == edge and turn.target_lane >= lanes)


def add_lanes(
    turns: Iterable[Turn],
    edge: str,
    *,
    before: int,
    lanes: int,
    lanes_of: Callable[[str], int],
    angle: Callable[[str, str], float],
) -> set[Turn]:
    """Return the turns once an edge has more lanes on the side away from the kerb.

    Each new lane takes over the turn furthest from the kerb of the lane beside it and shares the next one; where two
    lanes of another road had to merge into the old last lane, the outer one goes into the new lane.

    Parameters
    ----------
    turns, edge
        As they are, and the edge that grows.
    before, lanes
        How many lanes it has and gets.
    lanes_of
        How many lanes an edge has.
    angle
        How far one turns from one edge into another [degrees], negative towards the kerb, up to 180.
    """
    changed = set(turns)
    for new in range(before, lanes):
        beside = sorted(
            (turn for turn in changed if turn.source == edge and turn.source_lane == new - 1),
            key=lambda turn: (angle(edge, turn.target), turn.target_lane),
        )
        targets = list(dict.fromkeys(turn.target for turn in beside))
        for target in targets[-2:]:
            last = max(turn.target_lane for turn in beside if turn.target == target)
            changed.add(Turn(edge, new, target, min(last + 1, lanes_of(target) - 1)))
        if len(targets) > 1:
            changed -= {turn for turn in beside if turn.target == targets[-1]}
        for source in {turn.source for turn in changed if turn.target == edge}:
            merging = sorted(turn for turn in changed if turn[0] == source and turn[2:] == (edge, new - 1))
            if len(merging) > 1:
                changed.remove(merging[-1])
                changed.add(merging[-1]._replace(target_lane=new))
    return changed


def add_kerb_lane(turns: Iterable[Turn], edge: str) -> set[Turn]:
    """Return the turns once an edge has a new lane at the kerb; it leads where the old first lane leads.

    Who turns to the kerb's side from the lanes beside it gives way to who goes straight on in it: SUMO knows this
    conflict from bicycle lanes.
    """
    changed = set()
    for turn in turns:
        moved = turn
        if turn.source == edge:
            moved = moved._replace(source_lane=turn.source_lane + 1)
            if turn.source_lane == 0:
                changed.add(turn)
        if turn.target == edge:
            moved = moved._replace(target_lane=turn.target_lane + 1)
            if turn.target_lane == 0:
                changed.add(turn)
        changed.add(moved)
    return changed


def join_road(
    turns: Iterable[Turn],
    new: str,
    *,
    sources: dict[str, list[int]],
    lanes: int,
    angle: Callable[[str, str], float],
) -> set[Turn]:
    """Return the turns with those into a new road added.

    Parameters
    ----------
    turns
        As they are.
    new
        The new road's id.
    sources
        Edges that end where it begins, with their lanes for cars.
    lanes
        How many lanes it has.
    angle
        As for `add_lanes`.
    """
    changed = set(turns)
    for source, usable in sources.items():
        if not usable:
            continue
        way = angle(source, new)
        own = [turn for turn in changed if turn.source == source and turn.source_lane in usable]
        if not own:
            used = usable
        elif abs(way) > _SIDE_DEG:
            used = [usable[-1] if way > 0 else usable[0]]
        else:
            near = min({turn.target for turn in own}, key=lambda target: (abs(angle(source, target) - way), target))
            beside = sorted(turn.source_lane for turn in own if turn.target == near)
            used = [beside[-1] if way > angle(source, near) else beside[0]]
        for place, lane in enumerate(used):
            changed.add(Turn(source, lane, new, min(place, lanes - 1)))
    return changed
