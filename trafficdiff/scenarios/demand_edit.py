"""Say what an edit of the demand may use, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trafficdiff.datatypes.control import Control
from trafficdiff.datatypes.net_patch import NetPatch

if TYPE_CHECKING:
    from trafficdiff.datatypes.chance import Chance
    from trafficdiff.datatypes.effect import Effect
    from trafficdiff.datatypes.routing import RouteFinder
    from trafficdiff.datatypes.trips import TripSet

__all__ = ["DemandEdit", "Means"]


@dataclass(frozen=True, kw_only=True)
class Means:
    """Hold what an edit may use beside the measure and the trips.

    Parameters
    ----------
    chance
        Random numbers of this measure.
    router
        Finds routes on the roads that the trips are on.
    control
        What the measures before this one have set up: charging sites.
    """

    chance: Chance
    router: RouteFinder
    control: Control = field(default_factory=Control)


@dataclass(frozen=True, kw_only=True)
class DemandEdit:
    """Hold what a measure makes of the trips.

    Parameters
    ----------
    trips
        All trips afterwards, on the same roads.
    effect
        What was done, for people and for the run directory.
    control
        What the measure adds to `Control`; join it after what was there.
    patch
        What the measure changes in the net.
    keeps_route
        Ids of trips whose new route is the measure's doing, such as the way round a zone: a driver who looks for the
        fastest way again must not get it back.
    """

    trips: TripSet
    effect: Effect
    control: Control = field(default_factory=Control)
    patch: NetPatch = field(default_factory=NetPatch)
    keeps_route: tuple[str, ...] = ()
