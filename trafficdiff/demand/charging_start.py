"""Say how full batteries are when electric cars depart, where a scenario states it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from trafficdiff.datatypes.chance import Chance
    from trafficdiff.datatypes.charging_options import StartCharge
    from trafficdiff.datatypes.trips import TripSet

__all__ = ["with_start_charge"]


def with_start_charge(trips: TripSet, start: StartCharge | None, *, chance: Chance) -> TripSet:
    """Return the trips with electric cars as full as the law says; the same trips without a law.

    Each charge belongs to a trip's name, so another law keeps the order of who is fuller than whom.

    Parameters
    ----------
    trips
        Those with a battery are electric.
    start
        The law: ``low + (high - low) Beta(alpha, beta)``.
    chance
        Random numbers.
    """
    if start is None:
        return trips
    from scipy.special import betaincinv

    electric = trips.battery_kwh > 0
    uniform = chance.uniforms(trips.trip_id, "start charge")
    charge = start.low + (start.high - start.low) * betaincinv(start.alpha, start.beta, uniform)
    return replace(trips, state_of_charge=np.where(electric, np.round(charge, 3), trips.state_of_charge))
