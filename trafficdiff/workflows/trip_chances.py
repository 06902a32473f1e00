"""Say how likely a demand model holds the ends of given trips: what it learns by, and what gives a trip away.

The chances are those that trips are drawn by: p(origin) p(destination | origin) and the edges inside both zones, for
the most frequent vehicle class, on the mean over days.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trafficdiff.workflows.model_demand import class_number, tuned_scene

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from trafficdiff.datatypes.scene import Scene, SceneTrips
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.datatypes.vehicles import VehicleType
    from trafficdiff.diffusion.checkpoint import Checkpoint
    from trafficdiff.diffusion.local_model import Place
    from trafficdiff.workflows.model_demand import City

__all__ = ["believed_place", "scene_trips_of", "trip_losses"]


def trip_losses(city: City, checkpoint: Checkpoint, trips: TripSet) -> NDArray[np.float64]:
    """Return the negative logarithm of each trip's chances, shape (N,) [nat].

    Parameters
    ----------
    city, checkpoint
        The place and the model, tuned or not.
    trips
        On the city's graph.
    """
    from trafficdiff.diffusion.local_model import LocalModel
    from trafficdiff.workflows.baselines import kind_of

    place = believed_place(city, checkpoint, kind=kind_of(trips), scene=tuned_scene(city, checkpoint))
    return LocalModel(place).losses(scene_trips_of(city, trips))


def scene_trips_of(city: City, trips: TripSet) -> SceneTrips:
    """Return trips as the model sees them in a city, in their order."""
    from trafficdiff.roads.scenes import scene_trips
    from trafficdiff.workflows.model_demand import city_zones

    return scene_trips(trips, zones=city_zones(city.graph))


def believed_place(
    city: City,
    checkpoint: Checkpoint,
    *,
    kind: VehicleType,
    scene: Scene,
    also_open: SceneTrips | None = None,
) -> Place:
    """Return what prior and network say of a scene of the city.

    Parameters
    ----------
    city, checkpoint
        The place and the model.
    kind
        Who drives.
    scene
        The city's, with or without what is known of it.
    also_open
        Trips between zones that somebody drove, whatever the net says.
    """
    from trafficdiff.demand.reachability import find_reach
    from trafficdiff.diffusion.batch import conditions_of
    from trafficdiff.diffusion.believed_pairs import believed_pairs
    from trafficdiff.diffusion.edge_chances import edge_chances
    from trafficdiff.diffusion.local_model import place_of_scene
    from trafficdiff.diffusion.requests import SamplerSettings

    reach = find_reach(city.graph, kind, edge_index=city.scene.edge_index)
    open_ = reach.zone_pairs(city.scene.edge_offsets)
    if also_open is not None:
        open_[also_open.origin_zone, also_open.destination_zone] = True
    edge = edge_chances(
        checkpoint.members,
        scene,
        scaling=checkpoint.scaling,
        conditions=conditions_of(scene),
        vehicle_class=class_number(kind),
    )
    return place_of_scene(scene, pair=believed_pairs(scene, city.ways, SamplerSettings()), open_=open_, edge=edge)
