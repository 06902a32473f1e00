"""List every measure that a scenario can hold, as one union told apart by `kind`."""

from __future__ import annotations

from typing import Annotated, Final, get_args

from pydantic import Field

from trafficdiff.datatypes.demand_measures import (
    AutomatedShare,
    ChargingPowerCap,
    ChargingSite,
    ChargingTariff,
    CongestionCharge,
    ElectricShare,
    Event,
    LowEmissionZone,
    ScaleDemand,
    ShiftMode,
    Weather,
)
from trafficdiff.datatypes.road_measures import (
    ActuateSignals,
    BanTurn,
    ChangeLanes,
    CloseLanes,
    CloseRoad,
    CoordinateSignals,
    FixSignals,
    Incident,
    NewRoad,
    OneWay,
    ReserveLane,
    SpeedLimit,
)

__all__ = ["KINDS", "DemandMeasure", "Measure", "RoadMeasure"]

RoadMeasure = (
    CloseRoad
    | CloseLanes
    | SpeedLimit
    | ChangeLanes
    | ReserveLane
    | OneWay
    | NewRoad
    | BanTurn
    | Incident
    | FixSignals
    | ActuateSignals
    | CoordinateSignals
)
"""What changes the roads, their signals, or who may pass when."""

DemandMeasure = (
    LowEmissionZone
    | CongestionCharge
    | ScaleDemand
    | ShiftMode
    | Event
    | Weather
    | ElectricShare
    | AutomatedShare
    | ChargingSite
    | ChargingTariff
    | ChargingPowerCap
)
"""What changes the trips, or how they are driven."""

Measure = Annotated[RoadMeasure | DemandMeasure, Field(discriminator="kind")]

KINDS: Final = tuple(
    member.model_fields["kind"].default for member in (*get_args(RoadMeasure), *get_args(DemandMeasure))
)
"""The words that tell measures apart."""
