"""Sample trips for a network and write them to a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trafficdiff.datatypes.scenario import CalibratedDemand, ModelDemand
from trafficdiff.errors import InputError
from trafficdiff.publish import refuse_unwritable
from trafficdiff.workflows.progress import quiet
from trafficdiff.workflows.randomness import stream
from trafficdiff.workflows.training_range import standing_said, warnings_of

if TYPE_CHECKING:
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.scenario import FileDemand, GravityDemand, UniformDemand
    from trafficdiff.datatypes.training_range import Standing
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.workflows.progress import Progress

__all__ = ["Sample", "draw_trips", "sample"]

_ENDINGS = (".parquet", ".rou.xml", ".rou.xml.gz")


@dataclass(frozen=True)
class Sample:
    """Say what was written.

    Parameters
    ----------
    path
        The file.
    trips
        How many trips are in it.
    mean_route_length_m
        Mean length of the routes [m].
    mean_free_flow_time_s
        Mean time over the routes at the speed limits [s].
    training_range
        Where the place lies among those that the demand model learned from; None without a model.
    """

    path: Path
    trips: int
    mean_route_length_m: float
    mean_free_flow_time_s: float
    training_range: Standing | None = None

    def summary(self) -> dict[str, Any]:
        """Return everything as plain data."""
        standing = self.training_range
        return vars(self) | {
            "training_range": None if standing is None else standing.model_dump(mode="json"),
            "warnings": list(warnings_of(standing)),
        }


def draw_trips(
    graph: RoadGraph,
    demand: ModelDemand | CalibratedDemand | UniformDemand | GravityDemand | FileDemand,
    *,
    window_s: tuple[float, float],
    seed: int,
    sample: int = 0,
    folder: Path = Path(),
) -> TripSet:
    """Draw trips with routes, or read them from the demand's file; the one place where a seed becomes demand.

    The model's demand is put together here and not in `trafficdiff.demand`: steps do not import each other.
    """
    from trafficdiff.demand.generate import generate
    from trafficdiff.workflows.model_trips import model_trips

    if isinstance(demand, CalibratedDemand):
        from trafficdiff.workflows.calibrated_trips import calibrated_trips

        return calibrated_trips(graph, demand, window_s=window_s, seed=seed, sample=sample, folder=folder)
    generator = stream(seed, "demand", sample=sample)
    if isinstance(demand, ModelDemand):
        return model_trips(graph, demand, window_s=window_s, generator=generator, seed=seed, folder=folder)
    return generate(graph, demand, window_s=window_s, generator=generator, seed=seed, folder=folder)


def sample(
    network: str,
    demand: ModelDemand | UniformDemand | GravityDemand,
    *,
    window_s: tuple[float, float],
    seed: int,
    output: Path,
    progress: Progress = quiet,
) -> Sample:
    """Open the network, draw the trips, write them.

    Raises
    ------
    InputError
        If the network, the window, the checkpoint, the file's ending or its place cannot be used; nothing is
        written then.
    """
    from trafficdiff.datatypes.trip_files import write_trips
    from trafficdiff.roads.load import load_network

    if not output.name.endswith(_ENDINGS):
        raise InputError(f"{output}: expected a file name that ends in {', '.join(_ENDINGS)}")
    refuse_unwritable(output)
    progress("opening the network", None)
    graph = load_network(network)
    progress(f"drawing {demand.trips} trips", None)
    trips = draw_trips(graph, demand, window_s=window_s, seed=seed)
    write_trips(trips, output)
    return Sample(
        path=output,
        trips=len(trips),
        mean_route_length_m=float(trips.sum_over_route(graph.length_m).mean()),
        mean_free_flow_time_s=float(trips.sum_over_route(graph.free_flow_time_s).mean()),
        training_range=standing_said(trips.provenance),
    )
