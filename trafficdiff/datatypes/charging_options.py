"""Say how drivers of electric cars charge on the way: who wants to, how they choose, how long they wait. Declared."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from trafficdiff.datatypes.charging_smart import SmartCharging, StationLimit, Tariff
from trafficdiff.datatypes.part import DAY_S, Part, Share, checked_path

__all__ = ["FROM_OSM", "ChargingOptions", "JoinOptions", "StartCharge", "StationChoice"]

FROM_OSM: Final = "osm"
"""What `ChargingOptions.stations` says for the stations of the network's own OSM file."""

_Path = Annotated[str, Field(min_length=1)]


class StationChoice(Part):
    """What a driver weighs: the cost of a station in money, and how far chance moves it.

    A station costs the time of detour, wait and charging and what the energy costs; a driver takes the one that is
    cheapest after chance, which is a logit model of choice.
    """

    value_of_time_per_h: Annotated[float, Field(gt=0, le=1_000)] = Field(
        12.0,
        description="What an hour of detour is worth [money/h] (declared: about USD 13.60 in euros of 2015, local "
        "personal travel, U.S. DOT 2016, Revised Departmental Guidance on Valuation of Travel Time).",
    )
    wait_factor: Annotated[float, Field(ge=0, le=10)] = Field(
        1.5,
        description="Weight of waiting against driving (declared; that it weighs more than driving is what reviews "
        "find: Wardman, Chintakayala and de Jong 2016, Transportation Research Part A 94, 93-111).",
    )
    charging_factor: Annotated[float, Field(ge=0, le=10)] = Field(
        0.5,
        description="Weight of the time at the plug against driving (declared without a published value: it can be "
        "used for something else; vary it).",
    )
    running_cost_per_km: Annotated[float, Field(ge=0, le=100)] = Field(0.05, description="Of the detour [money/km].")
    usual_price_per_kwh: Annotated[float, Field(ge=0, le=10)] = Field(
        0.45, description="Price at stations that state none [money/kWh] (declared)."
    )
    scatter: Annotated[float, Field(ge=0, le=100)] = Field(
        1.0,
        description="Scale of chance [money]: the standard deviation of what is not known is 1.28 times this "
        "(declared; 0 lets everybody take the cheapest).",
    )


class StartCharge(Part):
    """How full batteries are on departure: a beta law between two charges, whatever the trips carried before."""

    low: Share = Field(0.1, description="Least charge (share of the battery).")
    high: Share = Field(1.0, description="Largest charge.")
    alpha: Annotated[float, Field(gt=0, le=100)] = Field(4.0, description="First parameter of the beta law.")
    beta: Annotated[float, Field(gt=0, le=100)] = Field(2.0, description="Second parameter of the beta law.")

    @model_validator(mode="after")
    def _between(self) -> Self:
        if self.high <= self.low:
            raise ValueError(f"expected high above low, got {self.low:g} to {self.high:g}")
        return self


class JoinOptions(Part):
    """How the sessions that the model of charging draws are joined to drivers. Declared; the sessions are learned.

    What joining a session to a driver costs is money as in `StationChoice`: detour, stay and walk at the value of time,
    the difference in time and in charge, and the price over that at home.
    """

    checkpoint: _Path | None = Field(
        None,
        description="A trained model of charging (.safetensors), relative to the scenario file; left out, the one that "
        "travels with the package.",
    )
    sessions_a_plug_week: Annotated[float, Field(gt=0, le=1_000)] | None = Field(
        None,
        description="How much stations are used [sessions a plug and week]; left out, what the model expects of such "
        "sites.",
    )
    home_share: Share = Field(
        0.6, description="Share of drivers that can charge at home (declared without a published value: vary it)."
    )
    home_price_per_kwh: Annotated[float, Field(ge=0, le=10)] = Field(
        0.25, description="What a kWh costs at home [money/kWh] (declared)."
    )
    most_shift_s: Annotated[float, Field(ge=0, le=DAY_S)] = Field(
        1_800.0, description="How far a driver's arrival may be from the session's [s] (declared)."
    )
    shift_factor: Annotated[float, Field(ge=0, le=10)] = Field(
        0.5, description="Weight of that difference against driving (declared)."
    )
    walk_factor: Annotated[float, Field(ge=0, le=10)] = Field(
        2.0,
        description="Weight of walking from the station to the trip's end and back against driving (declared; the "
        "usual rule in appraisal).",
    )
    charge_per_kwh: Annotated[float, Field(ge=0, le=10)] = Field(
        0.2,
        description="What a kWh costs by which the battery lacks more or less on arrival than the session's "
        "[money/kWh] (declared: it says how closely charges must fit).",
    )
    most_cost: Annotated[float, Field(gt=0, le=10_000)] = Field(
        15.0, description="A session that costs every driver more than this stays without one [money] (declared)."
    )

    @field_validator("checkpoint")
    @classmethod
    def _inside(cls, path: str | None) -> str | None:
        return None if path is None else checked_path(path)


class ChargingOptions(Part):
    """Who charges on the way, where, and how long they wait."""

    stations: _Path | None = Field(
        None,
        description="Stations as .csv or .geojson, relative to the scenario file, or osm for those of the network's "
        "OSM file; those that measures build come on top.",
    )
    demand: Literal["threshold", "model"] = Field(
        "threshold",
        description="Who wants to charge: drivers below a charge (threshold, declared), or a model of charging.",
    )
    joining: JoinOptions | None = Field(
        None, description="How the model's sessions are joined to drivers; left out, as its defaults say."
    )
    start_charge: StartCharge | None = Field(
        None, description="How full batteries are on departure; left out, as the trips carry it."
    )
    low_charge: Share = Field(
        0.3, description="Charge on departure at which half of the drivers want to charge on the way (declared)."
    )
    low_charge_spread: Annotated[float, Field(gt=0, le=1)] = Field(
        0.05, description="Width of that threshold over drivers: scale of a logistic law (declared)."
    )
    target: Annotated[float, Field(gt=0, le=1)] = Field(
        0.8, description="Charge at which drivers unplug (declared: above it charging is slow)."
    )
    patience_s: Annotated[float, Field(ge=0, le=DAY_S)] = Field(
        1_800.0, description="Longest wait for a plug [s] (declared without a published value: vary it)."
    )
    reserving_share: Share = Field(0.0, description="Share of drivers that book a plug before they leave.")
    reserve_charge: Share = Field(0.02, description="Charge below which no driver plans to arrive anywhere (declared).")
    alternatives: Annotated[int, Field(ge=1, le=10)] = Field(
        3, description="Stations that a driver tries before giving up."
    )
    temperature_c: Annotated[float, Field(ge=-40, le=55)] = Field(20.0, description="Of the air.")
    feeder_caps_kw: dict[str, Annotated[float, Field(ge=0)]] = Field(
        default_factory=dict, description="Most that the stations of a feeder draw together [kW], by its name."
    )
    tariffs: tuple[Tariff, ...] | None = Field(
        None, description="Prices by the clock, at stations of any origin; left out, as the stations say."
    )
    limits: tuple[StationLimit, ...] | None = Field(
        None, description="Most that stations draw, by the clock; left out, as the stations say."
    )
    smart: SmartCharging | None = Field(
        None, description="Stays beyond the target, and when cars charge then; left out, all charge at once and go."
    )
    steering: Literal["planned", "sumo"] | None = Field(
        None,
        description="planned (the default): drivers choose stations and queue off the road; sumo: SUMO's own station "
        "finder, for comparison.",
    )
    choice: StationChoice = StationChoice()

    @model_validator(mode="after")
    def _finder_alone(self) -> Self:
        if self.steering == "sumo" and (self.smart is not None or self.demand == "model"):
            raise ValueError(
                "expected steering planned with smart charging or demand model, got sumo: SUMO's station finder "
                "decides itself where cars charge and when they leave; leave steering out"
            )
        return self

    @field_validator("stations")
    @classmethod
    def _inside(cls, path: str | None) -> str | None:
        return None if path is None else checked_path(path)
