"""What flows between the steps; each constructor proves what the type promises."""

from trafficdiff.datatypes.agents import Agents
from trafficdiff.datatypes.graph import RoadGraph
from trafficdiff.datatypes.result import Metrics, SimulationResult, VehicleCounts
from trafficdiff.datatypes.scenario import Scenario
from trafficdiff.datatypes.tracks import Tracks
from trafficdiff.datatypes.trips import TripSet
from trafficdiff.datatypes.vehicles import VehicleType

__all__ = [
    "Agents",
    "Metrics",
    "RoadGraph",
    "Scenario",
    "SimulationResult",
    "Tracks",
    "TripSet",
    "VehicleCounts",
    "VehicleType",
]
