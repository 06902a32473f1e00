"""Say how charging follows the clock: tariffs and limits of stations, who charges in cheap minutes, who gives back.

All of it is declared. Tariffs and limits hold at every station, wherever it comes from: a file, OSM or a measure.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from trafficdiff.datatypes.part import DAY_S, Part, Period, Share
from trafficdiff.datatypes.stations import SiteType

__all__ = ["SmartCharging", "StationLimit", "Tariff", "VehicleToGrid"]

_Names = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]


class Tariff(Part):
    """What a kWh costs at stations, all day or for a part of it; of tariffs that overlap the last one holds."""

    price_per_kwh: Annotated[float, Field(ge=0, le=10)] = Field(description="Price [money/kWh].")
    during: Period | None = Field(None, description="Left out, all day: then earlier prices no longer hold.")
    stations: _Names | None = Field(None, description="Ids; left out, all stations.")
    site_types: Annotated[tuple[SiteType, ...], Field(min_length=1)] | None = Field(
        None, description="Only at such places; left out, at all."
    )


class StationLimit(Part):
    """Most that stations draw from the grid, each by itself, all day or for a part of it."""

    power_kw: Annotated[float, Field(ge=0, le=1_000_000)] = Field(description="Of each station [kW].")
    during: Period | None = Field(None, description="Left out, all day.")
    stations: _Names | None = Field(None, description="Ids; left out, all stations.")


class VehicleToGrid(Part):
    """Cars at plugs give energy back while it is dear: a rule, not a market.

    In a minute whose price is at least `from_price`, a car gives power back if after that minute it still holds
    `least_charge`, and can still reach its target before its stay is over, in minutes so much cheaper that what is lost
    to and fro is paid for.
    """

    from_price: Annotated[float, Field(ge=0, le=100)] = Field(description="Least price [money/kWh]; no default.")
    power_kw: Annotated[float, Field(gt=0, le=1_000)] = Field(
        10.0, description="Power out of the battery at most [kW] (declared: a three-phase plug)."
    )
    least_charge: Share = Field(0.5, description="Reserve below which no car gives (declared).")


class SmartCharging(Part):
    """Cars that stand longer than they charge, and when they charge meanwhile."""

    stay_s: dict[SiteType, Annotated[float, Field(ge=0, le=DAY_S)]] = Field(
        min_length=1,
        description="Least time at the plug by kind of place [s]; at other places cars leave at their target.",
    )
    charge: Literal["at_once", "cheapest"] = Field(
        "cheapest",
        description="At once, or in the cheapest minutes of the stay that suffice, the earliest of equal ones first.",
    )
    vehicle_to_grid: VehicleToGrid | None = Field(None, description="Giving energy back; left out, nobody does.")

    @model_validator(mode="after")
    def _somebody_stays(self) -> Self:
        if not any(self.stay_s.values()):
            raise ValueError("expected a stay above 0 s at some kind of place, got none; leave smart out")
        return self
