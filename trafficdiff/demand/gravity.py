"""Draw trip ends by edge length and destinations by travel time: the gravity model, and its fit.

    P(o) ~ a_o        P(d | o) = b_d exp(-beta t_od) / sum_d' b_d' exp(-beta t_od')

a and b are edge length [m] times the fringe factor at the rim, t the free-flow time [s]. The exponential form is
the one of maximum entropy: Wilson (1967), "A statistical theory of spatial distribution models", Transportation
Research 1(3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.vehicles import VEHICLE_TYPES
from trafficdiff.demand.places import end_weights, find_places
from trafficdiff.demand.successions import succession_costs
from trafficdiff.demand.trip_ends import destination_times, sample_agents
from trafficdiff.errors import TripError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from trafficdiff.datatypes.agents import Agents
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.scenario import GravityDemand
    from trafficdiff.datatypes.vehicles import VehicleType

__all__ = ["DETERRENCE_PER_S", "Deterrence", "ObservedTrips", "fit_deterrence", "gravity_agents", "observe_trips"]

DETERRENCE_PER_S: Final = 0.0077
"""Deterrence beta [1/s of free-flow time] for a fringe factor of 5: maximum likelihood over the calibrated demand of
Bologna, Wildau, Berlin (Doerpfeldstrasse), Hamburg (TAVF) and Ingolstadt, each city counting the same; printed by
``scripts/fit_gravity.py``. Alone they give 0.0079, -0.0005, 0.0081, 0.0185 and 0.0030: these are cut-outs, full of
through traffic, so give your own value where you know it."""

_FIRST_REACH_PER_S: Final = 1e-3
_STEEPEST_PER_S: Final = 1.0


def gravity_agents(
    graph: RoadGraph, *, demand: GravityDemand, window_s: tuple[float, float], generator: np.random.Generator
) -> Agents:
    """Return agents with origins by edge length and destinations by edge length and deterrence.

    Parameters and errors are those of `trafficdiff.demand.trip_ends.sample_agents`; where the demand states no
    deterrence, `DETERRENCE_PER_S` holds.
    """
    beta = DETERRENCE_PER_S if demand.deterrence_per_s is None else demand.deterrence_per_s
    return sample_agents(
        graph,
        demand=demand,
        window_s=window_s,
        generator=generator,
        size=graph.length_m,
        deterrence_per_s=beta,
    )


@dataclass(frozen=True, eq=False)
class ObservedTrips:
    """Hold what the fit needs of observed trips: O distinct origins, E edges.

    Parameters
    ----------
    time_s
        Shape (O, E), float32, time from each origin to each edge [s]; infinite where a trip cannot end.
    weight
        Shape (E,), trip-end weight of each destination.
    trips
        Shape (O,), number of trips from each origin.
    observed_s
        Sum of the observed trips' free-flow times [s].
    left_out
        Trips that the model cannot make: round trips, mere turns, destinations without a way.
    """

    time_s: NDArray[np.float32]
    weight: NDArray[np.float64]
    trips: NDArray[np.int64]
    observed_s: float
    left_out: int

    def moments(self, beta: float) -> tuple[float, float]:
        """Return sum of the expected trip times [s] and of their variances [s2] under a deterrence [1/s]."""
        reachable = np.isfinite(self.time_s) & (self.weight > 0)
        time_s = np.where(reachable, self.time_s, 0.0).astype(np.float64)
        exponent = np.where(reachable, -beta * time_s, -np.inf)
        share = self.weight * np.exp(exponent - exponent.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        mean = (share * time_s).sum(axis=1)
        variance = (share * (time_s - mean[:, None]) ** 2).sum(axis=1)
        return float(self.trips @ mean), float(self.trips @ variance)


@dataclass(frozen=True)
class Deterrence:
    """Hold a fitted deterrence.

    Parameters
    ----------
    per_s
        Maximum likelihood estimate of beta [1/s]; negative where long trips are preferred.
    standard_error_per_s
        From the Fisher information [1/s].
    trips, left_out
        Trips used, and trips that the model cannot make.
    """

    per_s: float
    standard_error_per_s: float
    trips: int
    left_out: int


def observe_trips(
    graph: RoadGraph,
    *,
    origin: NDArray[np.int32],
    destination: NDArray[np.int32],
    fringe_factor: float,
    kind: VehicleType = VEHICLE_TYPES["car"],
) -> ObservedTrips:
    """Return what `fit_deterrence` needs of trips that were observed on a net.

    Parameters
    ----------
    graph
        The roads.
    origin, destination
        Shape (T,), first and last edge of each trip.
    fringe_factor
        Weight of destinations at the rim, as in `gravity_agents`.
    kind
        Vehicle type; its class decides where the trips could have gone.

    Raises
    ------
    TripError
        If the model can make none of the trips.
    """
    places = find_places(graph, kind)
    _, weight = end_weights(places, size=graph.length_m, fringe_factor=fringe_factor)
    costs = succession_costs(graph, mask=kind.mask, edge_time_s=graph.free_flow_time_s)
    sources, row = np.unique(origin, return_inverse=True)
    time_s = destination_times(costs, sources, places).astype(np.float32)
    trip_s = np.where(weight[destination] > 0, time_s[row, destination], np.inf)
    made = np.isfinite(trip_s)
    trips = np.bincount(row[made], minlength=len(sources))
    if not made.any():
        raise TripError("expected observed trips between edges that are connected, got none; check net and trips")
    used = trips > 0
    return ObservedTrips(
        time_s[used], weight, trips[used], float(trip_s[made].sum(dtype=np.float64)), int((~made).sum())
    )


def fit_deterrence(observed: Sequence[ObservedTrips], *, equal_nets: bool = False) -> Deterrence:
    """Return the deterrence of maximum likelihood over one or more nets.

    The log-likelihood of beta is concave, with slope ``sum_i (E[t | o_i, beta] - t_i)`` and curvature
    ``-sum_i Var[t | o_i, beta]``: the best beta makes the expected total time equal to the observed one
    (Hyman 1969, "The calibration of trip distribution models", Environment and Planning 1(1)).

    Parameters
    ----------
    observed
        Trips of one or more nets.
    equal_nets
        Whether each net counts the same, however many trips were observed on it; the standard error then holds
        for these nets, not for others.

    Raises
    ------
    TripError
        If the likelihood has no maximum for beta from -1 to 1: all trips go to the nearest, or the farthest, edge.
    """
    from scipy.optimize import brentq

    counts = np.array([trips.trips.sum() for trips in observed], float)
    weights = counts.mean() / counts if equal_nets else np.ones(len(counts))
    total_s = float(weights @ [trips.observed_s for trips in observed])

    def slope(beta: float) -> float:
        return float(weights @ [trips.moments(beta)[0] for trips in observed]) - total_s

    reach = _FIRST_REACH_PER_S
    while slope(-reach) * slope(reach) > 0:
        reach *= 4
        if reach > _STEEPEST_PER_S:
            raise TripError(
                "expected trips of various lengths, got all to the nearest or all to the farthest edge; fit more trips"
            )
    beta = float(brentq(slope, -reach, reach, xtol=1e-9))
    variances = np.array([trips.moments(beta)[1] for trips in observed])
    error = float(np.sqrt(weights**2 @ variances) / (weights @ variances))
    return Deterrence(beta, error, int(counts.sum()), sum(trips.left_out for trips in observed))
