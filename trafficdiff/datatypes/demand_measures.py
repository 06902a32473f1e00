"""Measures that change who travels, when and with what: their schemas; `trafficdiff.scenarios` holds what they do."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from trafficdiff.datatypes.edge_choice import Area, EdgeChoice
from trafficdiff.datatypes.part import Part, Period, Point, Share, known_types

__all__ = [
    "AutomatedShare",
    "ChargingPowerCap",
    "ChargingSite",
    "ChargingTariff",
    "CongestionCharge",
    "ElectricShare",
    "Event",
    "LowEmissionZone",
    "ScaleDemand",
    "ShiftMode",
    "Weather",
]

_Types = Annotated[tuple[str, ...], Field(min_length=1)]
_SiteId = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[\w.-]+$")]


class LowEmissionZone(Part):
    """Bar vehicle types from a zone: who passes drives round, who begins or ends there changes vehicle or gives up."""

    kind: Literal["low_emission_zone"] = "low_emission_zone"
    zone: Area
    barred_types: _Types = Field(("truck", "delivery_van", "car"), description="Vehicle types that may not enter.")
    barred_share: Share = Field(
        0.25,
        description="Share of those vehicles that is too old for the zone (declared: 25 % in London's over its first "
        "four months, City Hall 2019; take yours from the vehicle registry).",
    )
    replaced_share: Share = Field(
        0.5,
        description="Share of trips with an end in the zone that change to a clean vehicle; the rest is given up "
        "(declared without a published value: vary it).",
    )
    during: Period | None = Field(None, description="Left out, the whole study.")

    _types = field_validator("barred_types")(known_types)


class CongestionCharge(Part):
    """Charge for driving into a zone. Drivers pay, drive round, or give up by the elasticity of demand."""

    kind: Literal["congestion_charge"] = "congestion_charge"
    cordon: Area
    price: Annotated[float, Field(gt=0, le=1_000)] = Field(description="Charge for each trip that enters [money].")
    value_of_time_per_h: Annotated[float, Field(gt=0, le=1_000)] = Field(
        12.0,
        description="What an hour of travel is worth to a driver [money/h] (declared: about USD 13.60 in euros of "
        "2015, local personal travel, U.S. DOT 2016, Revised Departmental Guidance on Valuation of Travel Time).",
    )
    running_cost_per_km: Annotated[float, Field(ge=0, le=100)] = Field(
        0.2,
        description="What a kilometre costs a driver without the charge [money/km] (declared: fuel and wear; 0.16 in "
        "AAA 2023, Your Driving Costs, more where fuel is dearer).",
    )
    elasticity: Annotated[float, Field(le=0, ge=-5)] = Field(
        -0.5,
        description="Change of demand over change of the trip's whole cost (declared: Lee 2000 finds -0.5 to -1.0 in "
        "the short run, -1.0 to -2.0 in the long; Santos and Shaffer 2004 -1.3 to -2.1 for London's charge).",
    )
    exempt_types: tuple[str, ...] = Field(("bus",), description="Vehicle types that do not pay.")
    during: Period | None = Field(None, description="Left out, the whole study.")

    _types = field_validator("exempt_types")(known_types)


class ScaleDemand(Part):
    """Multiply the trips of some origins, destinations, times or vehicle types."""

    kind: Literal["scale_demand"] = "scale_demand"
    factor: Annotated[float, Field(ge=0, le=20)] = Field(description="Trips after over trips before.")
    origin: EdgeChoice | None = Field(None, description="Only trips that begin here.")
    destination: EdgeChoice | None = Field(None, description="Only trips that end here.")
    during: Period | None = Field(None, description="Only trips that depart then.")
    vehicle_types: _Types | None = Field(None, description="Only these vehicle types.")


class ShiftMode(Part):
    """Move a share of the trips from one mode to another; trips that leave the road are reported."""

    kind: Literal["shift_mode"] = "shift_mode"
    share: Share = Field(description="Share of the trips that change.")
    from_types: _Types = Field(("car", "electric_car"), description="Vehicle types that are left.")
    to: Literal["walk", "bicycle", "public_transport", "bus"] = Field(
        "public_transport",
        description="bus puts riders_per_bus of them into one bus on the road; the others leave the road.",
    )
    riders_per_bus: Annotated[int, Field(ge=1, le=200)] = Field(
        30, description="Trips that one bus replaces (declared)."
    )
    longest_m: Annotated[float, Field(gt=0)] | None = Field(None, description="Only trips up to this length [m].")
    origin: EdgeChoice | None = Field(None, description="Only trips that begin here.")
    destination: EdgeChoice | None = Field(None, description="Only trips that end here.")

    _types = field_validator("from_types")(known_types)


class Event(Part):
    """Bring visitors to a venue and take them home again; all other trips stay untouched."""

    kind: Literal["event"] = "event"
    venue: Point | EdgeChoice = Field(description="A point [longitude, latitude], or the roads beside the venue.")
    parking_within_m: Annotated[float, Field(ge=0, le=2_000)] = Field(
        300.0, description="Cars park on roads within this distance of a venue that is a point [m] (declared)."
    )
    attendance: Annotated[int, Field(ge=1, le=500_000)] = Field(description="Visitors.")
    car_share: Share = Field(
        0.5,
        description="Share of the visitors that comes by car (declared: 48 to 58 % at a stadium in a city centre, "
        "85 to 95 % at one outside, FHWA-OP-04-010, table 5-12).",
    )
    riders_per_car: Annotated[float, Field(ge=1, le=8)] = Field(
        2.0, description="Visitors in one car (declared without a published value: vary it)."
    )
    arrive: Period = Field(description="When they arrive at the venue.")
    leave: Period | None = Field(None, description="When they leave; left out, after the study.")


class Weather(Part):
    """Rain, snow, fog or darkness: slower, with longer headways. Declared by published factors, not learned."""

    kind: Literal["weather"] = "weather"
    condition: Literal["rain", "heavy_rain", "snow", "heavy_snow", "ice", "fog", "dense_fog", "dark"]
    speed_factor: Annotated[float, Field(gt=0, le=1)] | None = Field(None, description="Instead of the published one.")
    headway_factor: Annotated[float, Field(ge=1, le=5)] | None = Field(
        None, description="Instead of the published one."
    )
    friction: Annotated[float, Field(gt=0, le=1)] | None = Field(None, description="Instead of the published one.")
    sight_m: Annotated[float, Field(gt=0, le=5_000)] | None = Field(None, description="Instead of the published one.")


class ElectricShare(Part):
    """Make a share of the cars electric; who is electric at a lower share stays it at a higher one."""

    kind: Literal["electric_share"] = "electric_share"
    share: Share = Field(description="Share of the cars.")


class AutomatedShare(Part):
    """Have a share of the cars drive themselves (declared car-following parameters)."""

    kind: Literal["automated_share"] = "automated_share"
    share: Share = Field(description="Share of the cars.")
    headway_s: Annotated[float, Field(ge=0.3, le=5)] = Field(
        1.2,
        description="Time gap that they keep [s] (declared: cruise control keeps 1 to 2 s, with radio below 1 s, "
        "Nowakowski et al. 2010, Proc. HFES 54; SUMO's human drivers keep 1.0 s).",
    )


class ChargingSite(Part):
    """Build a charging site at a road."""

    kind: Literal["charging_site"] = "charging_site"
    id: _SiteId
    at: Point | str = Field(description="A point [longitude, latitude]: the nearest road for cars; or an edge's id.")
    plugs: Annotated[int, Field(ge=1, le=200)] = Field(2, description="Vehicles that charge at once.")
    power_kw: Annotated[float, Field(gt=0, le=1_000)] = Field(50.0, description="Of each plug [kW].")
    price_per_kwh: Annotated[float, Field(ge=0, le=10)] | None = Field(None, description="Price [money/kWh].")


class ChargingTariff(Part):
    """Set the price at charging sites, all day or for a part of it."""

    kind: Literal["charging_tariff"] = "charging_tariff"
    sites: Annotated[tuple[_SiteId, ...], Field(min_length=1)] | None = Field(None, description="Left out, all.")
    price_per_kwh: Annotated[float, Field(ge=0, le=10)] = Field(description="Price [money/kWh].")
    during: Period | None = Field(None, description="Left out, all day.")


class ChargingPowerCap(Part):
    """Limit the power that charging sites draw together, all day or for a part of it."""

    kind: Literal["charging_power_cap"] = "charging_power_cap"
    sites: Annotated[tuple[_SiteId, ...], Field(min_length=1)] | None = Field(None, description="Left out, all.")
    power_kw: Annotated[float, Field(gt=0, le=1_000_000)] = Field(description="Of all these sites together [kW].")
    during: Period | None = Field(None, description="Left out, all day.")
