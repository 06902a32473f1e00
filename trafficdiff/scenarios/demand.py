"""Apply the measures that change who travels, when and with what: the one door to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from trafficdiff.datatypes.chance import Chance
from trafficdiff.datatypes.control import Control
from trafficdiff.errors import ScenarioError
from trafficdiff.scenarios.charging import charging_power_cap, charging_site, charging_tariff
from trafficdiff.scenarios.congestion_charge import congestion_charge
from trafficdiff.scenarios.demand_edit import DemandEdit, Means
from trafficdiff.scenarios.events import event
from trafficdiff.scenarios.low_emission import low_emission_zone
from trafficdiff.scenarios.modes import shift_mode
from trafficdiff.scenarios.scaling import scale_demand
from trafficdiff.scenarios.vehicles import automated_share, electric_share
from trafficdiff.scenarios.weather import weather

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    import numpy as np

    from trafficdiff.datatypes.measures import DemandMeasure
    from trafficdiff.datatypes.routing import RouteFinder
    from trafficdiff.datatypes.trips import TripSet

__all__ = ["DEMAND_EDITS", "demand_edits"]


class _Edit(Protocol):
    def __call__(self, measure: Any, trips: TripSet, /, *, means: Means) -> DemandEdit: ...


DEMAND_EDITS: Final[Mapping[str, _Edit]] = {
    "automated_share": automated_share,
    "charging_power_cap": charging_power_cap,
    "charging_site": charging_site,
    "charging_tariff": charging_tariff,
    "congestion_charge": congestion_charge,
    "electric_share": electric_share,
    "event": event,
    "low_emission_zone": low_emission_zone,
    "scale_demand": scale_demand,
    "shift_mode": shift_mode,
    "weather": weather,
}
"""What each kind of measure does."""


def demand_edits(
    measure: DemandMeasure,
    trips: TripSet,
    *,
    generator: np.random.Generator,
    router: RouteFinder,
    control: Control | None = None,
) -> DemandEdit:
    """Return what a measure makes of the trips; nothing that is given is changed.

    Parameters
    ----------
    measure
        What to do.
    trips
        On the roads that the router knows.

    Other Parameters
    ----------------
    generator
        The measure's own stream, the same in every scenario that holds it; 8 bytes are drawn.
    router
        Finds routes on these roads.
    control
        What the measures before this one have set up; tariffs and power caps act on its charging sites.

    Raises
    ------
    ScenarioError
        If the measure chooses nothing, cannot be done, or leaves no trip at all; with all faults.
    """
    means = Means(chance=Chance.drawn(generator), router=router, control=control or Control())
    edit = DEMAND_EDITS[measure.kind](measure, trips, means=means)
    if len(trips) and not len(edit.trips):
        raise ScenarioError(f"expected trips that are left, got none of {len(trips):,}; soften it")
    return edit
