"""Describe the fields of every measure as a form needs them: what to ask for, in which unit, between which bounds.

All of it is read from the JSON schema of the measures, so a new measure or field has its form at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from pydantic import TypeAdapter, ValidationError

from trafficdiff.datatypes.file_faults import faults_in
from trafficdiff.datatypes.measures import DemandMeasure, Measure, RoadMeasure
from trafficdiff.datatypes.vehicles import VEHICLE_CLASSES, VEHICLE_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["GROUPS", "Asked", "FormField", "about", "fields_of", "measure_faults", "tidy"]

Asked = Literal["roads", "area", "point", "points", "period", "number", "whole", "share", "truth", "one_of", "some_of",
                "text"]  # fmt: skip
"""What a field asks for."""

GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "roads": ("close_road", "speed_limit", "reserve_lane", "one_way", "close_lanes", "change_lanes", "ban_turn",
              "new_road", "incident"),
    "signals": ("fix_signals", "actuate_signals", "coordinate_signals"),
    "trips": ("scale_demand", "shift_mode", "event", "congestion_charge", "low_emission_zone"),
    "vehicles": ("electric_share", "automated_share", "weather"),
    "charging": ("charging_site", "charging_tariff", "charging_power_cap"),
}  # fmt: skip
"""Kinds of measures as people look for them; a kind that stands nowhere is among the roads or the trips."""

_UNIT: Final = re.compile(r"\[([^\]]+)\]")
_SUFFIXES: Final = {"_kmh": "km/h", "_s": "s", "_m": "m", "_kw": "kW"}
_KNOWN_TEXTS: Final[dict[str, tuple[str, ...]]] = {
    "open_to": VEHICLE_CLASSES,
    "barred_types": tuple(VEHICLE_TYPES),
    "exempt_types": tuple(VEHICLE_TYPES),
    "vehicle_types": tuple(VEHICLE_TYPES),
    "from_types": tuple(VEHICLE_TYPES),
}
_POINTS: Final = frozenset({"start", "end", "at", "venue"})


@dataclass(frozen=True, kw_only=True)
class FormField:
    """Say what one field of a measure asks for.

    Parameters
    ----------
    name
        As in the file.
    asks
        What it asks for.
    required
        Whether there is no default.
    optional
        Whether it may be left out to mean something of its own (``None``), and not only its default.
    default
        Plain data, None where there is none.
    lowest, highest
        Bounds of a number, both allowed.
    above, below
        Bounds that are not allowed themselves.
    unit
        Behind a number; empty for none.
    choices
        Texts to choose from, empty where any will do.
    fewest
        Least number of entries.
    description
        As in the schema, English.
    """

    name: str
    asks: Asked
    required: bool
    optional: bool
    default: Any = None
    lowest: float | None = None
    highest: float | None = None
    above: float | None = None
    below: float | None = None
    unit: str = ""
    choices: tuple[str, ...] = ()
    fewest: int = 0
    description: str = ""


@cache
def _kinds() -> dict[str, type[Any]]:
    members = (*get_args(RoadMeasure), *get_args(DemandMeasure))
    return {member.model_fields["kind"].default: member for member in members}


def about(kind: str) -> str:
    """Return what a kind of measure does, one or two sentences, English."""
    return " ".join((_kinds()[kind].__doc__ or "").split())


@cache
def fields_of(kind: str) -> tuple[FormField, ...]:
    """Return the fields of a kind of measure in the order of the schema, those that must be given first.

    Raises
    ------
    KeyError
        If there is no such kind.
    """
    schema = _kinds()[kind].model_json_schema()
    required = set(schema.get("required", ()))
    found = [
        _field(name, content, required=name in required)
        for name, content in schema["properties"].items()
        if name != "kind"
    ]
    return tuple(sorted(found, key=lambda one: (not one.required, one.asks == "period")))


def measure_faults(measure: Mapping[str, Any]) -> tuple[str, ...]:
    """Return everything that is wrong with a measure, in words; nothing if it is sound."""
    try:
        TypeAdapter(Measure).validate_python(dict(measure))
    except ValidationError as error:
        told = faults_in(error, dict(measure), whole="measure", advice=lambda _: {})
        return tuple(words for _, words in told)
    return ()


def tidy(measure: Mapping[str, Any]) -> dict[str, Any]:
    """Return a sound measure as a file holds it: its kind first, defaults left out."""
    sound = TypeAdapter(Measure).validate_python(dict(measure))
    return {"kind": sound.kind, **_short(sound.model_dump(mode="json", exclude_defaults=True, exclude={"kind"}))}


def _short(value: Any) -> Any:
    """Return plain data with whole numbers written as such."""
    if isinstance(value, dict):
        return {name: _short(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_short(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _field(name: str, content: Mapping[str, Any], *, required: bool) -> FormField:
    options = [one for one in content.get("anyOf", [content]) if one.get("type") != "null"]
    optional = any(one.get("type") == "null" for one in content.get("anyOf", ()))
    kind = options[0]
    description = str(content.get("description", ""))
    choices = tuple(kind.get("enum", ())) or _KNOWN_TEXTS.get(name, ())
    return FormField(
        name=name,
        asks=_asked(name, kind),
        required=required,
        optional=optional,
        default=content.get("default"),
        lowest=kind.get("minimum"),
        highest=kind.get("maximum"),
        above=kind.get("exclusiveMinimum"),
        below=kind.get("exclusiveMaximum"),
        unit=_unit(name, description) if kind.get("type") in {"number", "integer"} else "",
        choices=choices,
        fewest=int(kind.get("minItems", 0)),
        description=description,
    )


def _asked(name: str, kind: Mapping[str, Any]) -> Asked:
    reference = str(kind.get("$ref", "")).rpartition("/")[2]
    by_reference: dict[str, Asked] = {"EdgeChoice": "roads", "Area": "area", "Period": "period"}
    if reference:
        return by_reference[reference]
    if name in _POINTS:
        return "point"
    if "enum" in kind:
        return "one_of"
    plain: dict[str, Asked] = {"boolean": "truth", "integer": "whole", "string": "text"}
    if kind["type"] == "number":
        is_share = kind.get("minimum") == 0 and kind.get("maximum") == 1
        return "share" if is_share else "number"
    if kind["type"] == "array":
        return "points" if "prefixItems" in kind["items"] else "some_of"
    return plain[kind["type"]]


def _unit(name: str, description: str) -> str:
    if found := _UNIT.search(description):
        return found[1]
    return next((unit for suffix, unit in _SUFFIXES.items() if name.endswith(suffix)), "")
