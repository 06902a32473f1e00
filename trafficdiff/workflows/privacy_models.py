"""Draw from a demand model as an attacker would, and ask it how well it knows given trips.

Drawing is the strictest that the model allows: what the network says, with nothing of the declared prior mixed in, no
column hidden, departures its own. What does not come out here comes out in no study.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.metrics.privacy_attack import attack
from trafficdiff.metrics.privacy_gates import Gate, attack_gates

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.scene import Scene
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.datatypes.vehicles import VehicleType
    from trafficdiff.diffusion.checkpoint import Checkpoint
    from trafficdiff.diffusion.requests import SamplerSettings
    from trafficdiff.workflows.model_demand import City

__all__ = ["attacked", "drawn_openly", "open_settings", "scene_of", "trip_loss"]

_VIEWS: Final = 4


def open_settings(checkpoint: Checkpoint) -> SamplerSettings:
    """Return the settings with which everything that a model knows of the city comes out.

    What a tuned one knows stands in factors of its prior, all else in the network.
    """
    from trafficdiff.diffusion.requests import SamplerSettings

    share = 0.0 if checkpoint.local is None else 1.0
    return SamplerSettings(prior_share=share, hidden_columns=0.0, views=_VIEWS, one_day=False)


def drawn_openly(
    city: City,
    checkpoint: Checkpoint,
    count: int,
    *,
    kind: VehicleType,
    window_s: tuple[float, float],
    generator: np.random.Generator,
    settings: SamplerSettings | None = None,
) -> TripSet:
    """Return trips of one vehicle type whose ends and departures the model drew, on shortest paths.

    Parameters
    ----------
    city, checkpoint, count
        Where, by which model, and how many.
    kind, window_s
        The vehicle, and begin and end of the departures [s].
    generator
        Source of randomness.
    settings
        How to draw; `open_settings` if None.

    Raises
    ------
    TripError
        If the vehicle class has no trip that it could make.
    """
    from trafficdiff.datatypes.scenario import RouteChoice
    from trafficdiff.demand.fleet import Fleet
    from trafficdiff.demand.router import route
    from trafficdiff.workflows.model_demand import Travellers, draw_agents

    nothing = np.full(count, np.nan)
    fleet = Fleet((kind,), np.zeros(count, np.int32), nothing, nothing)
    agents = draw_agents(
        city,
        checkpoint,
        Travellers(None, fleet, window_s),
        generator=generator,
        settings=settings or open_settings(checkpoint),
    )
    return route(agents, choice=RouteChoice(), generator=generator)


def scene_of(city: City, *sets: TripSet) -> Scene:
    """Return the scene of a city with the trips of all sets, one after the other."""
    from trafficdiff.roads.scenes import scene_trips
    from trafficdiff.workflows.corpus import fastest_ways
    from trafficdiff.workflows.model_demand import city_zones

    zones = city_zones(city.graph)
    told = [scene_trips(trips, zones=zones, fastest=fastest_ways(trips)) for trips in sets]
    joined = {field.name: np.concatenate([getattr(part, field.name) for part in told]) for field in fields(told[0])}
    return replace(city.scene, trips=type(told[0])(**joined), window_s=sets[0].window_s)


def trip_loss(city: City, checkpoint: Checkpoint, *sets: TripSet, tuned: bool = False) -> list[NDArray[np.float64]]:
    """Return the loss of each trip of each set [nat], all under the same conditions.

    Parameters
    ----------
    city, checkpoint, sets
        The place, the model, and sets of trips.
    tuned
        Whether to ask for the chances that a tuned model draws by, instead of those of its network.
    """
    from trafficdiff.diffusion.likelihood import trip_losses
    from trafficdiff.workflows import trip_chances

    if tuned:
        return [trip_chances.trip_losses(city, checkpoint, trips) for trips in sets]
    losses = trip_losses(checkpoint.members, scene_of(city, *sets), scaling=checkpoint.scaling)
    return np.split(losses, np.cumsum([len(trips) for trips in sets])[:-1])


def attacked(
    city: City, checkpoint: Checkpoint, training: TripSet, held_out: TripSet, *, reference: Checkpoint | None = None
) -> tuple[Gate, ...]:
    """Return the gates about membership attacks by the loss, and beside a second model's where there is one.

    Parameters
    ----------
    city, checkpoint
        The place and the model.
    training, held_out
        Trips that it learned from, and others.
    reference
        A model that has seen neither.
    """
    tuned = checkpoint.local is not None
    members, others = trip_loss(city, checkpoint, training, held_out, tuned=tuned)
    gates = attack_gates(attack(-members, -others))
    if reference is None:
        return gates
    easy_members, easy_others = trip_loss(city, reference, training, held_out, tuned=tuned)
    return (*gates, *attack_gates(attack(easy_members - members, easy_others - others), reference=True))
