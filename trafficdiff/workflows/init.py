"""Write a commented scenario file for a place: every key, its meaning and its default."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

import yaml
from pydantic import BaseModel

from trafficdiff.datatypes.scenario import Scenario, scenario_schema
from trafficdiff.errors import StoreError
from trafficdiff.publish import publishing_file

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SCHEMA_NAME", "commented_yaml", "default_scenario", "init"]

SCHEMA_NAME: Final = "scenario.schema.json"
"""Name of the schema that is written beside a scenario file, so that editors complete and check it."""

_WIDTH: Final = 100


def default_scenario(network: str) -> Scenario:
    """Return the default scenario of a place, with its time zone where the place knows it.

    Raises
    ------
    NetworkError
        If the word names no network.
    """
    from trafficdiff.roads.source import summarise

    place = summarise(network)
    name = re.sub(r"[^\w .,()+-]+", " ", place.name).strip(" .,()+-") or "study"
    return Scenario(name=name[:80], network=network, time_zone=place.time_zone or "UTC")


def init(scenario: Scenario, path: Path) -> list[Path]:
    """Write the scenario with comments, and the JSON schema beside it; return both paths.

    Raises
    ------
    StoreError
        If the scenario file exists already: what somebody wrote is never overwritten.
    """
    if path.exists():
        raise StoreError(f"{path}: expected a new file, found one; choose another name or delete it")
    schema = path.with_name(SCHEMA_NAME)
    with publishing_file(schema) as temporary:
        temporary.write_text(json.dumps(scenario_schema(), indent=2) + "\n", encoding="utf-8")
    with publishing_file(path) as temporary:
        temporary.write_text(commented_yaml(scenario), encoding="utf-8")
    return [path, schema]


def commented_yaml(scenario: Scenario) -> str:
    """Return the scenario as YAML in which every key stands under its description."""
    head = [
        f"# yaml-language-server: $schema={SCHEMA_NAME}",
        "# Times are seconds of the simulated day: 25200 is 7:00, 28800 is 8:00.",
        "# Keys may be left out: the values here are the defaults, apart from name, network and time_zone.",
        "",
    ]
    return "\n".join(head + _lines(scenario, indent=0)) + "\n"


def _lines(part: BaseModel, *, indent: int) -> list[str]:
    space = "  " * indent
    lines: list[str] = []
    for key, field in type(part).model_fields.items():
        value = getattr(part, key)
        if field.description:
            lines.append(f"{space}# {field.description}")
        if isinstance(value, BaseModel):
            first_line = (type(value).__doc__ or "").strip().splitlines()[0]
            lines += ["", f"{space}# {first_line}"] if indent == 0 else [f"{space}# {first_line}"]
            lines += [f"{space}{key}:", *_lines(value, indent=indent + 1)]
            if indent == 0:
                lines.append("")
        else:
            lines.append(f"{space}{key}: {_scalar(value)}")
    return lines


def _scalar(value: Any) -> str:
    plain = json.loads(json.dumps(value, default=str))
    text = yaml.safe_dump(plain, default_flow_style=True, width=_WIDTH, allow_unicode=True)
    return text.removesuffix("...\n").strip()
