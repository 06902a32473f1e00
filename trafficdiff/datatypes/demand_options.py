"""Describe a study's demand: who goes where, drawn by a model or a baseline, pulled to data, or given in a file."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from trafficdiff.datatypes.part import Part, checked_path
from trafficdiff.datatypes.vehicles import VEHICLE_TYPES

__all__ = [
    "CalibratedDemand",
    "Demand",
    "FileDemand",
    "GravityDemand",
    "ModelDemand",
    "RouteChoice",
    "UniformDemand",
]


class RouteChoice(Part):
    """How drivers choose among routes before they leave."""

    spread: Annotated[float, Field(ge=0, le=1)] = Field(
        0.0, description="Scatter of perceived link times (share of the link time); 0 is the shortest path."
    )
    draws: Annotated[int, Field(ge=1, le=64)] = Field(8, description="Independent perceptions that drivers share.")


class _SampledDemand(Part):
    trips: Annotated[int, Field(ge=1, le=5_000_000)] = Field(1_000, description="Trips that depart in the window.")
    vehicle_mix: dict[str, Annotated[float, Field(gt=0, le=1)]] = Field(
        default_factory=lambda: {"car": 1.0},
        description="Share of each vehicle type; the shares add up to 1.",
    )
    electric_share: Annotated[float, Field(ge=0, le=1)] = Field(0.0, description="Share of cars that are electric.")
    route_choice: RouteChoice = RouteChoice()

    @field_validator("vehicle_mix")
    @classmethod
    def _known_types_that_add_up(cls, mix: dict[str, float]) -> dict[str, float]:
        if unknown := sorted(set(mix) - set(VEHICLE_TYPES)):
            raise ValueError(f"expected vehicle types among {sorted(VEHICLE_TYPES)}, got {unknown}")
        if abs(sum(mix.values()) - 1) > 1e-6:
            raise ValueError(f"expected shares that add up to 1, got {sum(mix.values()):g}")
        return mix


class _LearnedDemand(_SampledDemand):
    kind: Literal["model", "calibrated"]
    profile: Literal["flat", "morning_peak", "evening_peak", "day", "learned"] = Field(
        "flat",
        description="Shape of the departures over the day, cut to the window; learned has the model draw them.",
    )
    checkpoint: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="A trained model (.safetensors), relative to the scenario file; left out, the shipped one."
    )
    fringe_share: Annotated[float, Field(ge=0, le=1)] | None = Field(
        None,
        description="Share of trips that begin, and that end, at the net's rim; left out, the model judges.",
    )
    one_day: bool = Field(
        True, description="Whether all trips share the chances of one day; else they are drawn from the mean over days."
    )
    steps: Annotated[int, Field(ge=3, le=64)] = Field(8, description="Steps of the reverse diffusion process.")
    guidance: Annotated[float, Field(ge=0, le=5)] = Field(
        1.0,
        description="How much the place's conditions count (classifier-free guidance); 1 leaves the model as it is.",
    )
    prior_share: Annotated[float, Field(ge=0, le=1)] = Field(
        1.0, description="How much of the prior's trip ends is mixed in, on the scale of logarithms."
    )

    @field_validator("checkpoint")
    @classmethod
    def _inside(cls, path: str | None) -> str | None:
        return None if path is None else checked_path(path)


class ModelDemand(_LearnedDemand):
    """Who goes where, drawn by the learned demand model; departures and vehicles as they are asked for."""

    kind: Literal["model"] = "model"


class CalibratedDemand(_LearnedDemand):
    """The learned model's demand, pulled to what was counted or observed in the place; see docs/calibration.md."""

    kind: Literal["calibrated"] = "calibrated"
    counts: Annotated[str, Field(min_length=1)] | None = Field(
        None,
        description="Counted traffic: a CSV file (edge, begin, end, count) or SUMO edge data, relative to the scenario "
        "file.",
    )
    totals: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="Trips that begin and end in zones, or a matrix between them, relative to the scenario file."
    )
    zones: Annotated[str, Field(min_length=1)] | None = Field(
        None,
        description="Zones of the totals: GeoJSON polygons, SUMO districts or a CSV file (zone, edge), relative to the "
        "scenario file.",
    )
    observed: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="A few hundred observed trips with routes: .parquet or .rou.xml[.gz], as the others."
    )
    type_files: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(max_length=100)] = Field(
        (), description="SUMO files with vehicle types that the file of observed trips names, as the others."
    )

    @field_validator("counts", "totals", "zones", "observed")
    @classmethod
    def _data_inside(cls, path: str | None) -> str | None:
        return None if path is None else checked_path(path)

    @field_validator("type_files")
    @classmethod
    def _types_inside(cls, paths: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(checked_path, paths))

    @model_validator(mode="after")
    def _pulled_to_something(self) -> Self:
        if self.counts is None and self.totals is None and self.observed is None:
            raise ValueError("expected counts, totals or observed trips to calibrate to, got none; name a file")
        if self.zones is not None and self.totals is None:
            raise ValueError("expected totals beside zones, got zones alone; name the file of totals")
        return self


class _BaselineDemand(_SampledDemand):
    profile: Literal["flat", "morning_peak", "evening_peak", "day"] = Field(
        "flat", description="Shape of the departures over the day, cut to the window."
    )
    fringe_factor: Annotated[float, Field(ge=0, le=1_000)] = Field(
        5.0, description="Weight of edges at the net's rim against inner ones: through traffic."
    )


class UniformDemand(_BaselineDemand):
    """Origins and destinations drawn evenly over the edges (a baseline)."""

    kind: Literal["uniform"] = "uniform"


class GravityDemand(_BaselineDemand):
    """Trip ends by edge length and fringe, destinations by exponential deterrence (a baseline)."""

    kind: Literal["gravity"] = "gravity"
    deterrence_per_s: Annotated[float, Field(ge=0, le=1)] | None = Field(
        None, description="Exponential deterrence [1/s of free-flow time]; left out, the shipped fit is used."
    )


class FileDemand(Part):
    """Trips with routes from a file."""

    kind: Literal["file"] = "file"
    path: str = Field(min_length=1, description="A .parquet or .rou.xml[.gz] file, relative to the scenario file.")
    type_files: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(max_length=100)] = Field(
        (),
        description="SUMO files with vehicle types that the .rou.xml[.gz] file names, relative to the scenario file.",
    )
    only_inside_window: bool = Field(
        False,
        description="Whether trips that depart outside the window are left out and counted; else they are faults.",
    )

    @field_validator("path")
    @classmethod
    def _inside(cls, path: str) -> str:
        return checked_path(path)

    @field_validator("type_files")
    @classmethod
    def _all_inside(cls, paths: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(checked_path, paths))

    @model_validator(mode="after")
    def _types_beside_routes(self) -> Self:
        if self.type_files and not self.path.endswith((".xml", ".xml.gz")):
            raise ValueError(f"expected type_files beside a .rou.xml[.gz] file only, got them beside {self.path!r}")
        return self


Demand = Annotated[
    ModelDemand | CalibratedDemand | UniformDemand | GravityDemand | FileDemand, Field(discriminator="kind")
]
