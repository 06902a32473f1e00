"""Describe a study: where, when, which demand, how it is simulated. YAML and JSON, both ways.

Everything is validated at once and unknown keys are refused; the canonical hash names the run.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, field_validator, model_validator

from trafficdiff.datatypes.charging_options import ChargingOptions
from trafficdiff.datatypes.demand_options import (
    CalibratedDemand,
    Demand,
    FileDemand,
    GravityDemand,
    ModelDemand,
    RouteChoice,
    UniformDemand,
)
from trafficdiff.datatypes.measures import Measure
from trafficdiff.datatypes.part import DAY_S, Part, checked_path

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "CalibratedDemand",
    "Equilibrium",
    "FileDemand",
    "Gates",
    "GravityDemand",
    "ModelDemand",
    "Pedestrians",
    "RouteChoice",
    "Scenario",
    "SimulationOptions",
    "TrackOptions",
    "UniformDemand",
    "Window",
]


class Window(Part):
    """When trips depart, and how long the simulation may go on to let them arrive."""

    begin_s: Annotated[float, Field(ge=0, lt=DAY_S)] = Field(25_200.0, description="First departure [s of the day].")
    end_s: Annotated[float, Field(gt=0, le=2 * DAY_S)] = Field(28_800.0, description="No departure from here on [s].")
    clear_s: Annotated[float, Field(ge=0, le=DAY_S)] = Field(
        3_600.0,
        description="Longest time after the end for the trips to arrive [s]; it stops when the roads are empty.",
    )

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.end_s <= self.begin_s:
            raise ValueError(f"expected end_s after begin_s, got {self.begin_s:g} to {self.end_s:g}")
        return self


class TrackOptions(Part):
    """Which samples of the vehicles' ways are kept, and how vehicles move across lanes.

    The defaults are enough for a map on which vehicles move, and small. Safety numbers and scenes for automated driving
    need ``step_s: 0.1`` (the simulation's step too) and ``lateral``.
    """

    begin_s: Annotated[float, Field(ge=0, le=3 * DAY_S)] | None = Field(
        None, description="First moment that is kept [s of the day]; left out, the window's begin."
    )
    end_s: Annotated[float, Field(gt=0, le=3 * DAY_S)] | None = Field(
        None, description="Last moment that is kept [s of the day]; left out, the simulation's end."
    )
    step_s: Annotated[float, Field(gt=0, le=600)] = Field(
        2.0, description="Time between two samples [s], a multiple of the simulation's step."
    )
    lateral: Literal["smooth", "sublane"] | None = Field(
        None,
        description="How vehicles change lanes: smooth takes three seconds for it, sublane also lets them pass each "
        "other within a lane; left out, they jump sideways in one step, which no real vehicle does.",
    )

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.begin_s is not None and self.end_s is not None and self.end_s <= self.begin_s:
            raise ValueError(f"expected end_s after begin_s, got {self.begin_s:g} to {self.end_s:g}")
        return self


class SimulationOptions(Part):
    """How SUMO runs."""

    control: Literal["cli", "libsumo", "traci"] = Field("cli", description="How SUMO is driven; results are the same.")
    resolution: Literal["micro", "meso"] = Field(
        "micro", description="meso is faster and biased: it under-reports delay even with junction control."
    )
    step_s: Annotated[float, Field(gt=0, le=1)] = Field(1.0, description="Length of a simulation step [s].")
    period_s: Annotated[float, Field(ge=1, le=DAY_S)] = Field(300.0, description="Aggregation interval [s].")
    threads: Annotated[int, Field(ge=1, le=64)] = Field(1, description="SUMO's threads; rarely faster than one.")
    rerouting_share: Annotated[float, Field(ge=0, le=1)] = Field(
        0.0, description="Share of drivers that look for a faster way on the road."
    )
    rerouting_period_s: Annotated[float, Field(ge=1, le=DAY_S)] = Field(
        300.0, description="How often those drivers look [s]."
    )
    time_to_teleport_s: Annotated[float, Field(ge=-1, le=DAY_S)] = Field(
        300.0, description="Standing time after which SUMO lifts a vehicle out of a jam [s]; -1 never."
    )
    emissions: bool = Field(True, description="Whether emissions are recorded.")
    tracks: bool | TrackOptions = Field(
        False,
        description="Whether every vehicle's position is kept at every step (large), or at which moments it is.",
    )
    deadline_s: Annotated[float, Field(gt=0, le=7 * DAY_S)] = Field(
        3_600.0,
        description="Longest wall-clock time of the simulation [s]; then it is stopped and has failed.",
    )

    @model_validator(mode="after")
    def _lanes_need_micro(self) -> Self:
        if self.resolution == "meso" and isinstance(self.tracks, TrackOptions) and self.tracks.lateral is not None:
            raise ValueError("expected tracks.lateral with resolution micro, got meso, which knows no lanes")
        return self


class Pedestrians(Part):
    """People on foot: walks between sides of streets, drawn by a simple model that is declared and not learned."""

    per_hour: Annotated[float, Field(gt=0, le=200_000)] = Field(
        description="Walks that begin in an hour, over the whole place."
    )
    mean_length_m: Annotated[float, Field(ge=50, le=10_000)] = Field(
        941.0,
        description="Mean length of the walks before the place's rim cuts them [m], exponential; as in a travel survey "
        "if left out.",
    )
    drivers_yield: bool = Field(
        False,
        description="Whether drivers let people cross where no signal stands (zebra crossings); else people wait for a "
        "gap.",
    )


class Equilibrium(Part):
    """How drivers learn from day to day: the same trips are simulated again and again, and some change their routes."""

    iterations: Annotated[int, Field(ge=1, le=50)] = Field(
        10, description="Most simulations; the one with the smallest gap counts."
    )
    gap: Annotated[float, Field(ge=0, le=1)] = Field(
        0.02,
        description="Relative gap at which the iteration stops: time that all drivers together could save by other "
        "routes, as a share of the time they take. Traffic is noisy: below 0.01 it is seldom reached.",
    )


class Gates(Part):
    """What a run must reach to be believed; below it the run is kept, marked, and the command exits with 4."""

    completion_share_min: Annotated[float, Field(ge=0, le=1)] = Field(0.95, description="Completed over asked trips.")
    teleport_share_max: Annotated[float, Field(ge=0, le=1)] = Field(
        0.001, description="Teleports over vehicles; above one in a thousand a run tells more of SUMO than of the city."
    )


class Scenario(Part):
    """One study: base, window, demand, simulation, seed."""

    name: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[\w][\w .,()+-]*$")] = Field(
        description="Name for people; letters, digits, spaces and . , ( ) + -"
    )
    description: str = Field("", description="What the scenario is about.")
    network: str = Field(
        min_length=1,
        description="A bundled city's name, or the path of a place folder, a built directory, an OSM file or a net.",
    )
    date: dt.date = Field(dt.date(2024, 10, 8), description="Day that is simulated (local date).")
    time_zone: str = Field("UTC", description="IANA time zone of the place.")
    window: Window = Window()
    demand: Demand = Field(default_factory=ModelDemand)
    measures: Annotated[tuple[Measure, ...], Field(max_length=1_000)] = Field(
        (), description="What is changed against the base, in this order; the trips are those of the base."
    )
    choose_again: Literal["affected", "all"] = Field(
        "affected",
        description="Who looks for another route once the measures hold: drivers whose route is gone, or all.",
    )
    simulation: SimulationOptions = SimulationOptions()
    pedestrians: Pedestrians | None = Field(
        None, description="People on foot, on footways that the net is given; left out, nobody walks."
    )
    equilibrium: Equilibrium | None = Field(
        None, description="How drivers learn from day to day; left out, they drive the routes they set out with."
    )
    charging: ChargingOptions | None = Field(
        None, description="Electric cars charge on the way, and queue for plugs; left out, nobody stops to charge."
    )
    gates: Gates = Gates()
    samples: Annotated[int, Field(ge=1, le=10_000)] = Field(1, description="Draws of the demand in an ensemble.")
    seed: Annotated[int, Field(ge=0, lt=2**31)] = Field(42, description="The only source of randomness.")

    @field_validator("network")
    @classmethod
    def _inside(cls, network: str) -> str:
        return checked_path(network)

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError(f"expected an IANA time zone such as 'Europe/Helsinki', got {zone!r}")
        return zone

    @model_validator(mode="after")
    def _walking_needs_micro(self) -> Self:
        if self.pedestrians is not None and self.simulation.resolution == "meso":
            raise ValueError(
                "expected simulation.resolution micro with pedestrians, got meso, which knows no footways; leave "
                f"pedestrians out of {self.name!r} or simulate it in micro"
            )
        return self

    @model_validator(mode="after")
    def _one_way_to_react(self) -> Self:
        if self.equilibrium is not None and self.simulation.rerouting_share > 0:
            raise ValueError(
                "expected drivers that learn from day to day (equilibrium) or on the road (simulation.rerouting_share "
                f"above 0), got both; leave equilibrium out or set rerouting_share 0 for {self.name!r}"
            )
        return self

    @property
    def track_step_s(self) -> float:
        """Time between two samples of a vehicle's way [s], where ways are kept."""
        tracks = self.simulation.tracks
        return tracks.step_s if isinstance(tracks, TrackOptions) else self.simulation.step_s

    @property
    def tracks_end_s(self) -> float | None:
        """Last moment of the vehicles' ways [s], or None for the simulation's end."""
        tracks = self.simulation.tracks
        return tracks.end_s if isinstance(tracks, TrackOptions) else None

    @property
    def zone(self) -> ZoneInfo:
        """Time zone of the place."""
        return ZoneInfo(self.time_zone)

    def with_measures(self, measures: Iterable[Measure | Mapping[str, Any]], *, name: str | None = None) -> Scenario:
        """Return the scenario with more measures after its own, and another name if one is given.

        Parameters
        ----------
        measures
            Measures, or what a scenario file would hold of them.
        name
            For people; the runs of a study are told apart by it.

        Raises
        ------
        ScenarioError
            Listing every fault at once.
        """
        more = [dict(one) if isinstance(one, Mapping) else one.model_dump(mode="json") for one in measures]
        from trafficdiff.datatypes.scenario_files import parse_scenario

        content = self.model_dump(mode="json")
        content["measures"] = [*content["measures"], *more]
        return parse_scenario(content if name is None else content | {"name": name}, measures_before=len(self.measures))

    def canonical(self) -> str:
        """Return the scenario as JSON with sorted keys, defaults spelled out but for what is left out (None).

        So a later version's new, unused field changes no hash, and studies of earlier versions still open.
        """
        content = self.model_dump(mode="json", exclude_none=True)
        return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical form, hexadecimal."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()
