"""Let people walk in a run: footways for its net, walks drawn on the base's roads, who still has a way in the end.

::

    base roads ─▶ footways ─▶ walks (the same for base and scenario)
                                │
    edited roads ─▶ footways ───┴─▶ walks that have a way ─▶ simulation ─▶ pedestrians/walks.csv, numbers
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.workflows.randomness import stream

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.footways import Footways
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.result import SimulationResult
    from trafficdiff.datatypes.scenario import Scenario
    from trafficdiff.datatypes.walks import Walks

__all__ = ["WALKS", "People", "people_of", "walk_numbers", "with_sides", "write_people"]

WALKS: Final = "pedestrians/walks.csv"
"""The walks, by their name in a run: one row each."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False, kw_only=True)
class People:
    """Hold who walks, and where one can.

    Parameters
    ----------
    walks
        Those that have a way.
    sides, crossings
        Sides of streets and crossings of the net.
    without_way
        How many walks the measures left without one.
    """

    walks: Walks
    sides: int
    crossings: int
    without_way: int

    def as_dict(self) -> dict[str, Any]:
        """Return what was made as plain data."""
        return {
            "walks": len(self.walks),
            "walks_without_a_way": self.without_way,
            "sides_of_streets": self.sides,
            "crossings": self.crossings,
            **self.walks.provenance,
        }


def with_sides(scenario: Scenario, graph: RoadGraph, *, directory: Path) -> RoadGraph:
    """Return the roads with footways, if the scenario has people on foot; else as they are."""
    if scenario.pedestrians is None:
        return graph
    from trafficdiff.roads.footways import with_footways

    return with_footways(graph, directory=directory, drivers_yield=scenario.pedestrians.drivers_yield)


def people_of(scenario: Scenario, base: RoadGraph, edited: RoadGraph, *, sample: int) -> People | None:
    """Return who walks; None where the scenario has nobody on foot.

    Parameters
    ----------
    scenario
        Its pedestrians, window and seed.
    base
        The base's roads with footways: walks are drawn on these, so that scenarios share them.
    edited
        The roads that are simulated.
    sample
        Number of the draw in an ensemble.

    Raises
    ------
    NetworkError
        If no two sides of streets are connected on foot.
    """
    if scenario.pedestrians is None:
        return None
    from trafficdiff.datatypes.footways import read_footways
    from trafficdiff.demand.pedestrians import draw_walks
    from trafficdiff.simulation.people import walkable

    drawn_on = read_footways(base.net_path)
    walks = draw_walks(
        drawn_on,
        per_hour=scenario.pedestrians.per_hour,
        window_s=(scenario.window.begin_s, scenario.window.end_s),
        generator=stream(scenario.seed, "pedestrians", sample=sample),
        mean_length_m=scenario.pedestrians.mean_length_m,
    )
    footways = drawn_on if edited is base else read_footways(edited.net_path)
    ways = walkable(walks, footways)
    if not ways.all():
        _logger.warning("measures left %d of %d walks without a way; they are left out", (~ways).sum(), len(walks))
    return People(
        walks=_on_sides(walks.take(ways), footways),
        sides=len(footways),
        crossings=footways.crossings,
        without_way=int((~ways).sum()),
    )


def _on_sides(walks: Walks, footways: Footways) -> Walks:
    """Return the walks with places that lie on their sides, which may have become shorter."""
    from dataclasses import replace

    length_m = dict(zip(footways.edge_id.tolist(), footways.length_m.tolist(), strict=True))
    first, last = (np.array([length_m[edge] for edge in side], float) for side in (walks.origin, walks.destination))
    return replace(
        walks, origin_m=np.minimum(walks.origin_m, first), destination_m=np.minimum(walks.destination_m, last)
    )


def walk_numbers(result: SimulationResult) -> dict[str, float]:
    """Return the numbers of people on foot, by name in `trafficdiff.units`; none where nobody walks."""
    if result.walks is None or result.walk_counts is None:
        return {}
    done = result.walks[result.walks["completed"]]
    return {
        "walks_asked": float(result.walk_counts.loaded),
        "walks_completed": float(result.walk_counts.arrived),
        "mean_walk_time": float(done["duration_s"].mean()),
        "mean_walk_distance": float(done["length_m"].mean()),
        "mean_walk_time_loss": float(done["time_loss_s"].mean()),
    }


def write_people(result: SimulationResult, *, folder: Path) -> dict[str, Path]:
    """Write the table of walks below a folder and return it by its name in a run; nothing where nobody walks."""
    if result.walks is None:
        return {}
    path = folder / WALKS
    path.parent.mkdir(parents=True, exist_ok=True)
    result.walks.round(3).to_csv(path, index=False)
    return {WALKS: path}
