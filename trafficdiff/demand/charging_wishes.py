"""Decide who wants to charge on the way, and give electric cars batteries as the simulation needs them.

The rule here is declared. A learned model of charging draws the same `ChargingWishes`, and nothing else changes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.datatypes.charging_curves import CURVE_LEVELS, curve_w, heating_w
from trafficdiff.datatypes.charging_demand import ChargingWishes
from trafficdiff.datatypes.vehicles import VehicleType

if TYPE_CHECKING:
    from trafficdiff.datatypes.chance import Chance
    from trafficdiff.datatypes.charging_options import ChargingOptions
    from trafficdiff.datatypes.trips import TripSet

__all__ = ["declared_wishes", "with_batteries"]


def declared_wishes(trips: TripSet, *, options: ChargingOptions, chance: Chance) -> ChargingWishes:
    """Return the wishes of electric cars that depart with little charge.

    A driver wants to charge on the way if the charge on departure is below a threshold of that driver, logistic over
    drivers. Numbers belong to a trip's name: another trip, or another station, moves nobody's wish.

    Parameters
    ----------
    trips, options
        Who drives, and the rule.
    chance
        Random numbers.
    """
    electric = np.flatnonzero((trips.battery_kwh > 0) & np.isfinite(trips.state_of_charge))
    names = trips.trip_id[electric]
    uniform = np.clip(chance.uniforms(names, "low charge"), 1e-9, 1 - 1e-9)
    threshold = options.low_charge + options.low_charge_spread * np.log(uniform / (1 - uniform))
    wants = trips.state_of_charge[electric] < np.minimum(threshold, options.target)
    books = chance.uniforms(names, "reserves") < options.reserving_share
    return ChargingWishes(
        trip=electric[wants].astype(np.int64),
        target=np.full(int(wants.sum()), options.target),
        patience_s=np.full(int(wants.sum()), options.patience_s),
        reserves=books[wants],
    )


def with_batteries(trips: TripSet, *, temperature_c: float) -> TripSet:
    """Return the trips with a vehicle type for each kind and size of battery: its charge curve, and the weather.

    The types are called ``electric_car_58kwh``. Other trips stay as they are.
    """
    electric = trips.battery_kwh > 0
    if not electric.any():
        return trips
    sizes = np.round(np.where(electric, trips.battery_kwh, 0.0), 3)
    keys, place = np.unique(np.stack([trips.vehicle_type.astype(float), sizes]), axis=1, return_inverse=True)
    kinds = [
        _with_battery(trips.vehicle_types[int(kind)], float(size), temperature_c)
        if size
        else trips.vehicle_types[int(kind)]
        for kind, size in keys.T
    ]
    return replace(trips, vehicle_types=tuple(kinds), vehicle_type=place.ravel().astype(np.int32))


def _with_battery(kind: VehicleType, battery_kwh: float, temperature_c: float) -> VehicleType:
    """Return the type with SUMO's battery device, its curve (charge as a share, power in W) and the cabin's heating."""
    driving_w = float(kind.parameters.get("constantPowerIntake", "0")) + heating_w(temperature_c)
    battery = {
        "has.battery.device": "true",
        "constantPowerIntake": f"{driving_w:g}",
        "device.battery.chargeLevelTable": " ".join(f"{level:g}" for level in CURVE_LEVELS),
        "device.battery.chargeCurveTable": " ".join(f"{watt:.1f}" for watt in curve_w(battery_kwh, temperature_c)),
    }
    name = f"{kind.name}_{battery_kwh:g}kwh"
    return VehicleType(name, kind.vehicle_class, kind.attributes, dict(kind.parameters) | battery)
