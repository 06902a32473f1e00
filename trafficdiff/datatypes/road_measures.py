"""Measures that change the roads and the signals: their schemas; `trafficdiff.scenarios` holds what they do."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from trafficdiff.datatypes.edge_choice import EdgeChoice
from trafficdiff.datatypes.part import Part, Period, Point
from trafficdiff.datatypes.vehicles import VEHICLE_CLASSES

__all__ = [
    "ActuateSignals",
    "BanTurn",
    "ChangeLanes",
    "CloseLanes",
    "CloseRoad",
    "CoordinateSignals",
    "FixSignals",
    "Incident",
    "NewRoad",
    "OneWay",
    "ReserveLane",
    "SpeedLimit",
]

_SpeedKmh = Annotated[float, Field(gt=0, le=200)]
_Cycle = Annotated[float, Field(ge=20, le=300)]


def _known_classes(names: tuple[str, ...]) -> tuple[str, ...]:
    if unknown := sorted(set(names) - set(VEHICLE_CLASSES)):
        raise ValueError(f"expected SUMO's vehicle classes such as bus or bicycle, got {unknown}")
    return names


class CloseRoad(Part):
    """Close roads to all vehicles, or to all but some classes; for good or for a part of the day."""

    kind: Literal["close_road"] = "close_road"
    where: EdgeChoice
    open_to: tuple[str, ...] = Field((), description="SUMO vehicle classes that may still pass, such as bus, bicycle.")
    during: Period | None = Field(None, description="Left out, the whole study.")

    _classes = field_validator("open_to")(_known_classes)


class CloseLanes(Part):
    """Close some lanes of roads, the rightmost first; at least one lane stays open."""

    kind: Literal["close_lanes"] = "close_lanes"
    where: EdgeChoice
    lanes: Annotated[int, Field(ge=1, le=10)] = Field(1, description="Lanes that are closed, from the right.")
    during: Period | None = Field(None, description="Left out, the whole study.")


class SpeedLimit(Part):
    """Set the speed limit of roads."""

    kind: Literal["speed_limit"] = "speed_limit"
    where: EdgeChoice
    speed_kmh: _SpeedKmh = Field(description="The new limit [km/h].")
    only_lower: bool = Field(False, description="Whether roads that are slower already stay as they are.")
    during: Period | None = Field(None, description="Left out, the whole study.")


class ChangeLanes(Part):
    """Add lanes to roads, or take some away, for all vehicles."""

    kind: Literal["change_lanes"] = "change_lanes"
    where: EdgeChoice
    lanes: Annotated[int, Field(ge=-5, le=5)] = Field(description="How many more, or fewer if below 0.")

    @field_validator("lanes")
    @classmethod
    def _some(cls, lanes: int) -> int:
        if lanes == 0:
            raise ValueError("expected lanes above or below 0, got 0")
        return lanes


class ReserveLane(Part):
    """Give a lane to buses or bicycles: the rightmost, or a new one."""

    kind: Literal["reserve_lane"] = "reserve_lane"
    where: EdgeChoice
    for_class: Literal["bus", "bicycle"] = Field("bus", description="Who may use the lane.")
    new_lane: bool = Field(False, description="Whether the road grows by the lane; else the others lose it.")


class OneWay(Part):
    """Keep one direction of streets: the chosen edges stay, those the other way between the same nodes are closed."""

    kind: Literal["one_way"] = "one_way"
    where: EdgeChoice


class NewRoad(Part):
    """Build a road between two junctions."""

    kind: Literal["new_road"] = "new_road"
    id: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[\w.-]+$")] = Field(
        description="Id of the new edge; the way back gets a minus before it."
    )
    start: Point | str = Field(description="A junction's id, or a point [longitude, latitude]: the nearest junction.")
    end: Point | str = Field(description="As start.")
    through: tuple[Point, ...] = Field((), description="Points in between, from start to end.")
    lanes: Annotated[int, Field(ge=1, le=8)] = Field(1, description="Lanes in each direction.")
    speed_kmh: _SpeedKmh = Field(50.0, description="Speed limit [km/h].")
    both_ways: bool = Field(True, description="Whether it can be driven back as well.")
    street: Annotated[str, Field(max_length=200)] = Field("", description="Name of the street.")
    road_class: Annotated[str, Field(min_length=1, max_length=50)] = Field(
        "tertiary", description="Class as in OpenStreetMap; the more important road goes first at junctions."
    )


class BanTurn(Part):
    """Forbid turns from some roads into others."""

    kind: Literal["ban_turn"] = "ban_turn"
    out_of: EdgeChoice
    into: EdgeChoice


class Incident(Part):
    """Block lanes at a place for some time: a crash, a breakdown, works. The other lanes pass slowly."""

    kind: Literal["incident"] = "incident"
    where: EdgeChoice
    lanes: Annotated[int, Field(ge=1, le=10)] = Field(1, description="Lanes that are blocked, from the right.")
    during: Period
    passing_speed_kmh: _SpeedKmh = Field(20.0, description="Speed on the lanes beside it [km/h].")


class _Signals(Part):
    junctions: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)] | None = Field(
        None, description="Ids of junctions or signals; left out, those at the ends of the roads in `where`."
    )
    where: EdgeChoice | None = Field(None, description="Roads whose signals are meant.")

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if self.junctions is None and self.where is None:
            raise ValueError("expected junctions or where, got neither; say which signals are meant")
        return self


class FixSignals(_Signals):
    """Give signals a fixed plan of another cycle time; the greens share it as before."""

    kind: Literal["fix_signals"] = "fix_signals"
    cycle_s: _Cycle = Field(90.0, description="Time for all phases together [s].")
    offset_s: Annotated[float, Field(ge=0, lt=300)] | None = Field(None, description="Start of the cycle [s].")


class ActuateSignals(_Signals):
    """Let detectors extend the greens of signals."""

    kind: Literal["actuate_signals"] = "actuate_signals"
    green_min_s: Annotated[float, Field(ge=3, le=60)] = Field(5.0, description="Shortest green [s].")
    green_max_s: Annotated[float, Field(ge=5, le=180)] = Field(50.0, description="Longest green [s].")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.green_max_s < self.green_min_s:
            raise ValueError(
                f"expected green_max_s from green_min_s up, got {self.green_min_s:g}, {self.green_max_s:g}"
            )
        return self


class CoordinateSignals(Part):
    """Set the offsets of signals along a street so that greens follow each other: a green wave."""

    kind: Literal["coordinate_signals"] = "coordinate_signals"
    where: EdgeChoice = Field(description="The street's roads in the direction that is favoured.")
    speed_kmh: _SpeedKmh = Field(40.0, description="Speed that the wave is made for [km/h].")
    cycle_s: _Cycle = Field(90.0, description="Common time for all phases [s].")
