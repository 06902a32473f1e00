"""Describe a study: where, when, which demand, how it is simulated. YAML and JSON, both ways.

Everything is validated at once and unknown keys are refused; the canonical hash names the run.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from trafficdiff.datatypes.plain_text import MalformedError, load_json, load_yaml
from trafficdiff.datatypes.vehicles import VEHICLE_TYPES
from trafficdiff.errors import Faults, ScenarioError

__all__ = [
    "FileDemand",
    "Gates",
    "GravityDemand",
    "RouteChoice",
    "Scenario",
    "SimulationOptions",
    "UniformDemand",
    "Window",
    "read_scenario",
    "scenario_schema",
    "write_scenario",
]

_MAXIMUM_FILE_BYTES = 1_000_000
_DAY_S = 86_400.0
_DEMAND_KINDS = "'uniform', 'gravity', 'file'"
_SHOWN_LENGTH = 100


class _Part(BaseModel):
    """Base of every part: frozen, unknown keys refused, infinities refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, str_max_length=500)


class Window(_Part):
    """When trips depart, and how long the simulation may go on to let them arrive."""

    begin_s: Annotated[float, Field(ge=0, lt=_DAY_S)] = Field(25_200.0, description="First departure [s of the day].")
    end_s: Annotated[float, Field(gt=0, le=2 * _DAY_S)] = Field(28_800.0, description="No departure from here on [s].")
    clear_s: Annotated[float, Field(ge=0, le=_DAY_S)] = Field(
        3_600.0,
        description="Longest time after the end for the trips to arrive [s]; it stops when the roads are empty.",
    )

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.end_s <= self.begin_s:
            raise ValueError(f"expected end_s after begin_s, got {self.begin_s:g} to {self.end_s:g}")
        return self


class RouteChoice(_Part):
    """How drivers choose among routes before they leave."""

    spread: Annotated[float, Field(ge=0, le=1)] = Field(
        0.0, description="Scatter of perceived link times (share of the link time); 0 is the shortest path."
    )
    draws: Annotated[int, Field(ge=1, le=64)] = Field(8, description="Independent perceptions that drivers share.")


class _SampledDemand(_Part):
    trips: Annotated[int, Field(ge=1, le=5_000_000)] = Field(1_000, description="Trips that depart in the window.")
    profile: Literal["flat", "morning_peak", "evening_peak", "day"] = Field(
        "flat", description="Shape of the departures over the day, cut to the window."
    )
    vehicle_mix: dict[str, Annotated[float, Field(gt=0, le=1)]] = Field(
        default_factory=lambda: {"car": 1.0},
        description="Share of each vehicle type; the shares add up to 1.",
    )
    electric_share: Annotated[float, Field(ge=0, le=1)] = Field(0.0, description="Share of cars that are electric.")
    fringe_factor: Annotated[float, Field(ge=0, le=1_000)] = Field(
        5.0, description="Weight of edges at the net's rim against inner ones: through traffic."
    )
    route_choice: RouteChoice = RouteChoice()

    @field_validator("vehicle_mix")
    @classmethod
    def _known_types_that_add_up(cls, mix: dict[str, float]) -> dict[str, float]:
        if unknown := sorted(set(mix) - set(VEHICLE_TYPES)):
            raise ValueError(f"expected vehicle types among {sorted(VEHICLE_TYPES)}, got {unknown}")
        if abs(sum(mix.values()) - 1) > 1e-6:
            raise ValueError(f"expected shares that add up to 1, got {sum(mix.values()):g}")
        return mix


class UniformDemand(_SampledDemand):
    """Origins and destinations drawn evenly over the edges (a baseline)."""

    kind: Literal["uniform"] = "uniform"


class GravityDemand(_SampledDemand):
    """Trip ends by edge length and fringe, destinations by exponential deterrence (a baseline)."""

    kind: Literal["gravity"] = "gravity"
    deterrence_per_s: Annotated[float, Field(ge=0, le=1)] | None = Field(
        None, description="Exponential deterrence [1/s of free-flow time]; left out, the shipped fit is used."
    )


class FileDemand(_Part):
    """Trips with routes from a file."""

    kind: Literal["file"] = "file"
    path: str = Field(min_length=1, description="A .parquet or .rou.xml[.gz] file, relative to the scenario file.")

    @field_validator("path")
    @classmethod
    def _inside(cls, path: str) -> str:
        return _checked_path(path)


Demand = Annotated[UniformDemand | GravityDemand | FileDemand, Field(discriminator="kind")]


class SimulationOptions(_Part):
    """How SUMO runs."""

    control: Literal["cli", "libsumo", "traci"] = Field("cli", description="How SUMO is driven; results are the same.")
    resolution: Literal["micro", "meso"] = Field(
        "micro", description="meso is faster and biased: it under-reports delay even with junction control."
    )
    step_s: Annotated[float, Field(gt=0, le=1)] = Field(1.0, description="Length of a simulation step [s].")
    period_s: Annotated[float, Field(ge=1, le=_DAY_S)] = Field(300.0, description="Aggregation interval [s].")
    threads: Annotated[int, Field(ge=1, le=64)] = Field(1, description="SUMO's threads; rarely faster than one.")
    rerouting_share: Annotated[float, Field(ge=0, le=1)] = Field(
        0.0, description="Share of drivers that look for a faster way on the road."
    )
    rerouting_period_s: Annotated[float, Field(ge=1, le=_DAY_S)] = Field(
        300.0, description="How often those drivers look [s]."
    )
    time_to_teleport_s: Annotated[float, Field(ge=-1, le=_DAY_S)] = Field(
        300.0, description="Standing time after which SUMO lifts a vehicle out of a jam [s]; -1 never."
    )
    emissions: bool = Field(True, description="Whether emissions are recorded.")
    tracks: bool = Field(False, description="Whether every vehicle's position is recorded at every step (large).")
    deadline_s: Annotated[float, Field(gt=0, le=7 * _DAY_S)] = Field(
        3_600.0,
        description="Longest wall-clock time of the simulation [s]; then it is stopped and has failed.",
    )


class Gates(_Part):
    """What a run must reach to be believed; below it the run is kept, marked, and the command exits with 4."""

    completion_share_min: Annotated[float, Field(ge=0, le=1)] = Field(0.95, description="Completed over asked trips.")
    teleport_share_max: Annotated[float, Field(ge=0, le=1)] = Field(0.01, description="Teleports over vehicles.")


class Scenario(_Part):
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
    demand: Demand = Field(default_factory=GravityDemand)
    simulation: SimulationOptions = SimulationOptions()
    gates: Gates = Gates()
    samples: Annotated[int, Field(ge=1, le=10_000)] = Field(1, description="Draws of the demand in an ensemble.")
    seed: Annotated[int, Field(ge=0, lt=2**31)] = Field(42, description="The only source of randomness.")

    @field_validator("network")
    @classmethod
    def _inside(cls, network: str) -> str:
        return _checked_path(network)

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError(f"expected an IANA time zone such as 'Europe/Helsinki', got {zone!r}")
        return zone

    @property
    def zone(self) -> ZoneInfo:
        """Time zone of the place."""
        return ZoneInfo(self.time_zone)

    def canonical(self) -> str:
        """Return the scenario as JSON with sorted keys, defaults spelled out."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical form, hexadecimal."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()


def _checked_path(path: str) -> str:
    if ".." in PurePosixPath(path.replace("\\", "/")).parts:
        raise ValueError(f"expected a path without '..', got {path!r}; give an absolute path or a city's name")
    return path


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}..."


def _in_words(error: dict[str, Any]) -> str:
    place = ".".join(str(part) for part in error["loc"]) or "scenario"
    if error["type"] == "extra_forbidden":
        return f"{place}: unknown key; `trafficdiff schema` lists the known ones"
    if error["type"] == "missing":
        return f"{place}: missing"
    if error["type"] in {"union_tag_not_found", "union_tag_invalid"}:
        return f"{place}: expected a `kind` among {error['ctx'].get('expected_tags', _DEMAND_KINDS)}"
    message = str(error["msg"]).removeprefix("Value error, ")
    came = "" if isinstance(error.get("input"), dict) or "got" in message else f", got {_short(error.get('input'))}"
    return f"{place}: {message}{came}"


def parse_scenario(content: object, *, heading: str = "scenario") -> Scenario:
    """Return a scenario from plain data (as YAML or JSON gives it).

    Raises
    ------
    ScenarioError
        Listing every fault at once.
    """
    try:
        return Scenario.model_validate(content)
    except ValidationError as error:
        faults = Faults(heading)
        for fault in error.errors(include_url=False):
            faults.add(_in_words(dict(fault)))
        faults.raise_if_any(ScenarioError)
        raise  # pragma: no cover - a validation error always has faults


def read_scenario(path: Path) -> Scenario:
    """Read a scenario from a YAML or JSON file.

    Raises
    ------
    ScenarioError
        If the file is missing, over 1 MB, not YAML, or not a scenario (all faults listed).
    """
    try:
        size = path.stat().st_size
        if size > _MAXIMUM_FILE_BYTES:
            raise ScenarioError(f"{path}: expected a scenario of at most 1 MB, got {size / 1e6:.1f} MB")
        text = path.read_text(encoding="utf-8")
        content = load_json(text) if path.suffix == ".json" else load_yaml(text)
    except OSError as error:
        raise ScenarioError(
            f"{path}: expected a scenario file, got {error.strerror}; see `trafficdiff init`"
        ) from error
    except MalformedError as error:
        raise ScenarioError(f"{path}: {error}") from error
    except (yaml.YAMLError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: expected YAML or JSON in UTF-8, got {error}") from error
    except RecursionError as error:
        raise ScenarioError(f"{path}: expected a scenario a few levels deep, got endless nesting") from error
    if not isinstance(content, dict):
        raise ScenarioError(f"{path}: expected a mapping of keys to values, got {type(content).__name__}")
    return parse_scenario(content, heading=f"scenario {path.name}")


def write_scenario(scenario: Scenario, path: Path) -> None:
    """Write a scenario as YAML, or as JSON if the name ends so; `read_scenario` gives it back unchanged."""
    content = scenario.model_dump(mode="json")
    if path.suffix == ".json":
        path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    else:
        path.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")


def scenario_schema() -> dict[str, Any]:
    """Return the JSON schema of scenario files (draft 2020-12)."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Scenario.model_json_schema()}
