"""Say what a road measure comes to: a patch of the net, control over time, and what it did."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from trafficdiff.datatypes.control import Control
from trafficdiff.datatypes.net_patch import NetPatch
from trafficdiff.datatypes.vehicles import ALL_CLASSES, WALKING_CLASSES, class_mask

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from trafficdiff.datatypes.effect import Effect
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.lanes import Lanes

__all__ = ["ON_FOOT", "ON_WHEELS", "RoadEdit", "chosen_ids", "length_in_words", "new_plans", "some"]

_SHOWN: Final = 5

ON_FOOT: Final = class_mask(WALKING_CLASSES)
ON_WHEELS: Final = ALL_CLASSES & ~ON_FOOT
"""Vehicle classes that a road can be closed to."""


@dataclass(frozen=True, kw_only=True)
class RoadEdit:
    """Hold what a road measure comes to.

    Parameters
    ----------
    patch
        Changes of the net that hold for the whole study.
    control
        What acts while the simulation runs.
    effect
        What was done, for people and files.
    """

    effect: Effect
    patch: NetPatch = field(default_factory=NetPatch)
    control: Control = field(default_factory=Control)


def chosen_ids(graph: RoadGraph, chosen: NDArray[np.bool_]) -> tuple[str, ...]:
    """Return the ids of chosen edges, in the graph's order."""
    return tuple(map(str, graph.edge_id[chosen]))


def length_in_words(graph: RoadGraph, chosen: NDArray[np.bool_]) -> str:
    """Return how many edges are chosen and how long they are together: ``3 edges (0.52 km)``."""
    count = int(chosen.sum())
    return f"{count} edge{'s' if count != 1 else ''} ({graph.length_m[chosen].sum() / 1000:.2f} km)"


def new_plans(touched: NDArray[np.bool_], lanes: Lanes) -> str:
    """Return in words which signals get a new plan, because turns at them are built anew; nothing where none does.

    Parameters
    ----------
    touched
        Shape (C,), which turns that is.
    lanes
        The turns with their signals.
    """
    signals = sorted(set(lanes.turn_signal[touched].tolist()) - {""})
    return f"; signals with a new plan: {some(signals)}" if signals else ""


def some(names: Sequence[str]) -> str:
    """Return the first names in words, and how many more there are."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
