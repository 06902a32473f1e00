"""Make a share of the cars electric, or have a share of them drive themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.batteries import batteries_at, charges_at
from trafficdiff.datatypes.effect import Declared, Effect
from trafficdiff.datatypes.vehicles import VEHICLE_TYPES, VehicleType
from trafficdiff.errors import ScenarioError
from trafficdiff.scenarios.declaring import declared_by
from trafficdiff.scenarios.demand_edit import DemandEdit
from trafficdiff.scenarios.trip_choice import AUTOMATED, cars, electric
from trafficdiff.scenarios.trip_edits import retyped
from trafficdiff.scenarios.vehicle_styles import under_weather

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.demand_measures import AutomatedShare, ElectricShare
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.scenarios.demand_edit import Means

__all__ = ["automated_share", "electric_share"]

_ELECTRIC: Final = "electric_"
_DRIVE: Final = ("emissionClass", "mass")

_KESTING: Final = "Kesting, Treiber and Helbing 2010, Phil. Trans. R. Soc. A 368, table 1 (IDM as cruise control)"
_DRIVING: Final = {"accel": 1.4, "decel": 2.0, "minGap": 2.0, "delta": 4.0}
_UNITS: Final = {"accel": "m s-2", "decel": "m s-2", "minGap": "m", "delta": "1"}


def electric_share(measure: ElectricShare, trips: TripSet, *, means: Means) -> DemandEdit:
    """Set the share of the cars that drive by battery.

    Cars that are electric already stay it as far as the share allows. Every other car decides by a number of its own:
    who is electric at 20 % is electric at 40 %, with the same battery and the same charge. A share that the cars have
    already changes nothing.

    Raises
    ------
    ScenarioError
        If there is no car.
    """
    rows, before = _candidates(trips, electric(trips))
    after = _shared(before, means.chance.uniforms(trips.trip_id[rows]), measure.share)
    gained, lost = rows[after & ~before], rows[before & ~after]
    names = trips.trip_id[gained]
    edited = retyped(
        trips,
        gained,
        change={kind.name: _electric(trips, kind) for kind in trips.vehicle_types},
        battery_kwh=batteries_at(means.chance.uniforms(names, "battery")),
        state_of_charge=charges_at(means.chance.uniforms(names, "charge")),
    )
    missing = np.full(len(lost), np.nan)
    edited = retyped(
        edited,
        lost,
        change={kind.name: _burning(kind) for kind in edited.vehicle_types},
        battery_kwh=missing,
        state_of_charge=missing,
    )
    effect = Effect(
        kind=measure.kind,
        summary=f"{int(after.sum()):,} of {len(rows):,} cars are electric, {int(before.sum()):,} were",
        trips={"cars": len(rows), "electric_before": int(before.sum()), "electric": int(after.sum())},
    )
    return DemandEdit(trips=edited, effect=effect)


def automated_share(measure: AutomatedShare, trips: TripSet, *, means: Means) -> DemandEdit:
    """Have a share of the cars drive themselves, as the Intelligent Driver Model does.

    It keeps the time gap of the measure, does not scatter, and wishes for exactly the speed limit. Its other numbers
    are those published for cruise control. Every car decides by a number of its own, so who drives itself at 20 % does
    so at 40 %. Cars that drive themselves already stay so.

    Raises
    ------
    ScenarioError
        If there is no car, or more of them drive themselves already.
    """
    by_type = np.array([kind.name.startswith(AUTOMATED) for kind in trips.vehicle_types], bool)
    rows, before = _candidates(trips, by_type[trips.vehicle_type])
    if before.mean() > measure.share:
        raise ScenarioError(
            f"expected a share of at least {before.mean():.3f}, which drives itself already, got "
            f"{measure.share:g}; raise it, or leave one of the measures out"
        )
    after = _shared(before, means.chance.uniforms(trips.trip_id[rows]), measure.share)
    gained = rows[after & ~before]
    change = {kind.name: _automated(trips, kind, measure.headway_s) for kind in trips.vehicle_types}
    published = {name: Declared(value=value, unit=_UNITS[name], source=_KESTING) for name, value in _DRIVING.items()}
    effect = Effect(
        kind=measure.kind,
        summary=f"{int(after.sum()):,} of {len(rows):,} cars drive themselves, {measure.headway_s:g} s apart",
        trips={"cars": len(rows), "automated_before": int(before.sum()), "automated": int(after.sum())},
        declared=published | declared_by(measure, headway_s="s"),
    )
    return DemandEdit(trips=retyped(trips, gained, change=change), effect=effect)


def _candidates(trips: TripSet, already: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    rows = np.flatnonzero(cars(trips))
    if not len(rows):
        raise ScenarioError(f"expected cars among the trips, got none of {len(trips):,}")
    return rows, already[rows]


def _shared(before: NDArray[np.bool_], uniform: NDArray[np.float64], share: float) -> NDArray[np.bool_]:
    """Return who has it afterwards: those before first, the others by their own number."""
    present = float(before.mean())
    if share >= present:
        missing = (share - present) / (1 - present) if present < 1 else 0.0
        return before | (uniform < missing)
    return before & (uniform < share / present)


def _electric(trips: TripSet, kind: VehicleType) -> VehicleType:
    """Return the electric car that drives as this type does, or the one of its name that the trips have."""
    body = kind.name.removeprefix(AUTOMATED)
    name = kind.name.removesuffix(body) + _ELECTRIC + body
    made = _with_drive(kind, VEHICLE_TYPES["electric_car"], name=name)
    return next((one for one in trips.vehicle_types if one.name == made.name), made)


def _burning(kind: VehicleType) -> VehicleType:
    """Return the petrol car that drives as this type does."""
    name = kind.name.replace(_ELECTRIC, "", 1)
    return _with_drive(kind, VEHICLE_TYPES["car"], name=name if name != kind.name else f"petrol_{kind.name}")


def _with_drive(kind: VehicleType, drive: VehicleType, *, name: str) -> VehicleType:
    style = {key: value for key, value in kind.attributes.items() if key not in _DRIVE}
    return VehicleType(name, kind.vehicle_class, {**drive.attributes, **style}, drive.parameters)


def _automated(trips: TripSet, kind: VehicleType, headway_s: float) -> VehicleType:
    """Return the type that drives itself, in the weather of the trips."""
    style = {
        "carFollowModel": "IDM",
        **{name: f"{value:g}" for name, value in _DRIVING.items()},
        "tau": f"{headway_s:g}",
        "speedFactor": "1",
        "speedDev": "0",
    }
    kept = {key: value for key, value in kind.attributes.items() if key in _DRIVE}
    made = under_weather(trips, replace(kind, name=AUTOMATED + kind.name, attributes={**kept, **style}))
    taken = any(one.name == made.name and one != made for one in trips.vehicle_types)
    return replace(made, name=f"{made.name}.{headway_s:g}s") if taken else made
