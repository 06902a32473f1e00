"""Hold a plan of charging sites, as ``plan.json`` says it."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from trafficdiff.datatypes.charging_sites import SiteCosts, SiteKind
from trafficdiff.datatypes.part import Latitude, Longitude, Part

__all__ = ["PLAN_FORMAT", "Estimate", "MethodResult", "PlannedSite", "RandomBand", "Simulated", "SitingPlan"]

PLAN_FORMAT: Final = 1
"""Version of ``plan.json``."""

_AtLeast0 = Annotated[float, Field(ge=0)]


class PlannedSite(Part):
    """One station that is to be built."""

    id: str
    kind: SiteKind = Field(description="What is there today.")
    name: str = ""
    lon: Longitude
    lat: Latitude
    edge: str = Field(description="The road that cars turn in from.")
    plugs: Annotated[int, Field(ge=1)]
    power_kw: Annotated[float, Field(gt=0)] = Field(description="Of each plug, from the grid [kW].")
    current: Literal["ac", "dc"]
    cost: _AtLeast0 = Field(description="Site and plugs [money].")


class Estimate(Part):
    """What happens on a day in the planning programme, in the mean over days: a bound on what drivers would lose."""

    loss_kwh: _AtLeast0 = Field(description="What is minimised: unmet energy, and hours at their weight [kWh].")
    unmet_kwh: _AtLeast0 = Field(description="Energy that cars without a plug are missing [kWh].")
    unmet_cars: _AtLeast0
    wait_h: _AtLeast0 = Field(description="All cars' waiting [h].")
    detour_h: _AtLeast0
    plug_h: _AtLeast0
    new_days_unmet_kwh: _AtLeast0 | None = Field(
        None, description="Unmet on days that the search has not seen, drivers choosing for themselves [kWh]."
    )
    new_days_wait_h: _AtLeast0 | None = Field(None, description="Promised waiting on those days [h].")


class MethodResult(Part):
    """What one way of choosing found."""

    method: Literal["greedy", "exact"]
    cost: _AtLeast0
    sites: int
    plugs: int
    estimate: Estimate
    bound_kwh: float = Field(description="No plan within the budget loses less [kWh a day].")
    gap: float = Field(description="(loss - bound) / bound, at most.")
    proven: bool = Field(description="Whether it is proven the best in the programme.")


class RandomBand(Part):
    """What random placement within the same budget gives."""

    draws: Annotated[int, Field(ge=1)]
    loss_mean_kwh: _AtLeast0
    loss_low_kwh: _AtLeast0 = Field(description="5 % of the draws are below.")
    loss_high_kwh: _AtLeast0 = Field(description="5 % of the draws are above.")
    unmet_mean_kwh: _AtLeast0
    wait_mean_h: _AtLeast0
    better: Annotated[float, Field(ge=0, le=1)] = Field(description="Share of the draws that lose less than the plan.")


class Simulated(Part):
    """One number of the simulation before and after, paired by sample."""

    name: str
    unit: str
    samples: int
    before: float | None
    after: float | None
    change: float | None = Field(description="After less before, mean over the samples.")
    low: float | None = Field(description="Of the interval of the change.")
    high: float | None


class SitingPlan(Part):
    """A plan of charging sites."""

    format: Literal[1] = 1
    scenario: str
    budget: _AtLeast0
    cost: _AtLeast0
    currency: str
    method: Literal["greedy", "exact"]
    samples: Annotated[int, Field(ge=1)]
    seed: int
    sites: tuple[PlannedSite, ...]
    today: Estimate
    planned: Estimate
    gap: float = Field(description="Of the plan, see `MethodResult`.")
    methods: tuple[MethodResult, ...] = Field(description="The plan's own method, and the others that were tried.")
    random: RandomBand
    out_of_reach_kwh: _AtLeast0 = Field(description="Energy a day of cars that no station and no site can serve.")
    wanted_kwh: _AtLeast0 = Field(description="Energy a day that is wanted.")
    wanted_cars: _AtLeast0
    simulated: tuple[Simulated, ...] = ()
    costs: SiteCosts
    candidates: int = Field(description="Sites that were offered.")
    considered: int = Field(description="Sites that the programme had, after the others were screened out.")
    settings: dict[str, float] = Field(description="Numbers of the programme, by name.")
    assumptions: tuple[str, ...]
    provenance: dict[str, str]
