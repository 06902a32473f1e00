"""Put the lanes of outside files together into a map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.datatypes.net_shapes import NetLane, NetShapes, NetTurn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["outside_lane", "outside_map"]


def outside_lane(
    name: str, line: NDArray[np.float64], *, function: str, allowed: int, width_m: float, speed_ms: float
) -> NetLane:
    """Return a lane that is an edge of its own, along a line (P, 2) or (P, 3) [m].

    Raises
    ------
    ValueError
        If a number is not finite, or width or limit are not above 0.
    """
    if not np.isfinite(line).all() or not np.isfinite([width_m, speed_ms]).all() or min(width_m, speed_ms) <= 0:
        raise ValueError(
            f"lane {name}: expected finite points, a width and a limit above 0, got {width_m:g} m, {speed_ms:g} m/s, "
            f"and {int((~np.isfinite(line)).any(axis=1).sum())} points that are not finite"
        )
    return NetLane(
        lane_id=name, edge_id=name, index=0, function=function,
        shape=np.column_stack([line, np.zeros(len(line))])[:, :3], width_m=width_m, speed_ms=speed_ms, allowed=allowed,
        outline=np.zeros((0, 3)),
    )  # fmt: skip


def outside_map(lanes: Sequence[NetLane], leads: Mapping[str, Sequence[str]]) -> NetShapes | None:
    """Return lanes and where each leads as a map without signals and junctions; None where there are no lanes.

    Lanes that lead to lanes which are not there end; so files that are cut out of larger ones are read.
    """
    if not lanes:
        return None
    known = {lane.lane_id: lane for lane in lanes}
    turns = tuple(
        NetTurn(source=source, target=target, via="", direction="", signal="", link=-1)
        for source, targets in leads.items()
        for target in targets
        if target in known
    )
    return NetShapes(
        lanes=known, turns=turns, junctions={}, projection="!", net_offset=(0.0, 0.0), left_hand=False
    )  # fmt: skip
