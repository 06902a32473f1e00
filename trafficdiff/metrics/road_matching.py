"""Tell which roads of two networks are the same, so that a road that only one has is never shown as no change.

::

    in base only, or closed to all vehicles in the scenario      removed
    in the scenario only, or closed to all vehicles in the base  added
    the same id, but other ends or another length                unmatched
    else                                                         both
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.vehicles import ALL_CLASSES, WALKING_CLASSES, class_mask
from trafficdiff.metrics.streets import street_of_edges

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph

__all__ = ["match_roads"]

_ON_WHEELS: Final = ALL_CLASSES & ~class_mask(WALKING_CLASSES)
_SAME_PLACE_M: Final = 10.0
"""How far an end may move [m]: a junction that gets a new arm is drawn anew, and its roads' ends with it."""
_SAME_LENGTH_M: Final = 10.0
_SAME_LENGTH_SHARE: Final = 0.1


def match_roads(base: RoadGraph, scenario: RoadGraph) -> pd.DataFrame:
    """Return one row an edge of either network: the base's first, in its order, then those of the scenario alone.

    Columns ``edge_id``, ``street``, ``status`` (``both``, ``added``, ``removed``, ``unmatched``). An edge counts as
    closed if nobody but pedestrians may use it; closed in both, it is the same road. Ends are compared in the projected
    coordinates, whatever the nets' offsets.
    """
    import pandas as pd

    here = np.array([scenario.edge_index.get(str(name), -1) for name in base.edge_id], np.int64)
    known = here >= 0
    there = np.where(known, here, 0)
    base_open = (base.allowed_classes & _ON_WHEELS) != 0
    scenario_open = known & ((scenario.allowed_classes[there] & _ON_WHEELS) != 0)
    status = np.full(base.edge_count, "both", object)
    status[known & ~_same(base, scenario, there)] = "unmatched"
    status[base_open & ~scenario_open | ~known] = "removed"
    status[~base_open & scenario_open] = "added"
    new = np.array([str(name) not in base.edge_index for name in scenario.edge_id], bool)
    street = [street_of_edges(graph.street_name, graph.edge_id) for graph in (base, scenario)]
    return pd.DataFrame(
        {
            "edge_id": np.concatenate([base.edge_id, scenario.edge_id[new]]),
            "street": np.concatenate([street[0], street[1][new]]),
            "status": np.concatenate([status, np.full(int(new.sum()), "added", object)]),
        }
    )


def _same(base: RoadGraph, scenario: RoadGraph, there: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return whether each edge of the base has its ends and its length in the scenario, shape (E,)."""
    moved = np.zeros(base.edge_count)
    for ends in ("from_node", "to_node"):
        one, other = (graph.node_xy[getattr(graph, ends)] - np.asarray(graph.net_offset) for graph in (base, scenario))
        moved = np.maximum(moved, np.linalg.norm(one - other[there], axis=1))
    longer = np.abs(base.length_m - scenario.length_m[there])
    return np.asarray((moved <= _SAME_PLACE_M) & (longer <= _SAME_LENGTH_M + _SAME_LENGTH_SHARE * base.length_m))
