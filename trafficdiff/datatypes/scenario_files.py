"""Read scenarios from YAML and JSON, with all faults and their lines at once; write them; publish their schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from trafficdiff.datatypes.file_faults import Place, faults_in, raise_with_lines
from trafficdiff.datatypes.measures import KINDS
from trafficdiff.datatypes.plain_text import MalformedError, dump_yaml, plain_from, read_plain
from trafficdiff.datatypes.scenario import Scenario
from trafficdiff.datatypes.wording import shortened
from trafficdiff.errors import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["parse_scenario", "read_scenario", "scenario_from", "scenario_schema", "write_scenario"]

_MAXIMUM_FILE_BYTES: Final = 1_000_000
_ADVICE: Final = "`trafficdiff init NETWORK -o FILE.yaml` writes a scenario to start from"
_DEMAND_KINDS: Final = ("model", "calibrated", "uniform", "gravity", "file")


def _advice(place: Sequence[int | str]) -> dict[str, str]:
    kinds = KINDS if place and place[0] == "measures" else _DEMAND_KINDS
    return {
        "extra_forbidden": "; `trafficdiff schema` lists the known ones",
        "union_tag_not_found": f" among {', '.join(map(repr, kinds))}",
    }


def parse_scenario(content: object, *, heading: str = "scenario", text: str = "", measures_before: int = 0) -> Scenario:
    """Return a scenario from plain data (as YAML or JSON gives it).

    Parameters
    ----------
    content
        Keys with values.
    heading
        What the faults stand under.
    text
        What the data were read from: faults then say their lines.
    measures_before
        How many of the measures stand in another file, the base.

    Raises
    ------
    ScenarioError
        Listing every fault at once.
    """

    def moved(place: Place) -> Place:
        if place[:1] == ["measures"] and len(place) > 1:
            return ["measures", int(place[1]) - measures_before, *place[2:]]
        return place

    try:
        return Scenario.model_validate(content)
    except ValidationError as error:
        told = faults_in(error, content, whole="scenario", advice=_advice, moved=moved)
        raise_with_lines(told, heading=heading, text=text)
        raise  # pragma: no cover - a validation error always has faults


def read_scenario(path: str | Path) -> Scenario:
    """Read a scenario from a YAML or JSON file.

    A file may begin from another one in its folder, ``base: morning_peak.yaml``: its own keys replace those of the
    base, and its measures come after the base's.

    Raises
    ------
    ScenarioError
        If the file is missing, a folder, over 1 MB, not YAML or JSON, or not a scenario (all faults listed).
    """
    path = Path(path)
    content, text = _content(path)
    return _scenario_of(content, text, path)


def scenario_from(text: str, path: str | Path) -> Scenario:
    """Read a scenario from the text that a YAML file would hold; a base is looked for beside that file.

    Raises
    ------
    ScenarioError
        As `read_scenario`.
    """
    path = Path(path)
    if len(text.encode()) > _MAXIMUM_FILE_BYTES:
        raise ScenarioError(f"{path}: expected at most {_MAXIMUM_FILE_BYTES / 1e6:g} MB, got more")
    try:
        content = plain_from(text)
    except MalformedError as error:
        raise ScenarioError(f"{path}: {error}; {_ADVICE}") from error
    return _scenario_of(_keys_of(content, path), text, path)


def _scenario_of(content: dict[str, Any], text: str, path: Path) -> Scenario:
    before = 0
    if "base" in content:
        content, before = _on_base(content, path)
    return parse_scenario(content, heading=f"scenario {path.name}", text=text, measures_before=before)


def _content(path: Path) -> tuple[dict[str, Any], str]:
    try:
        content = read_plain(path, most_bytes=_MAXIMUM_FILE_BYTES)
    except MalformedError as error:
        raise ScenarioError(f"{path}: {error}; {_ADVICE}") from error
    return _keys_of(content, path), path.read_text(encoding="utf-8-sig")


def _keys_of(content: object, path: Path) -> dict[str, Any]:
    if content is None:
        raise ScenarioError(f"{path}: expected a scenario, got an empty file; {_ADVICE}")
    if not isinstance(content, dict):
        came = "a list" if isinstance(content, list) else shortened(content)
        raise ScenarioError(f"{path}: expected keys with values (name: ..., network: ...), got {came}; {_ADVICE}")
    return content


def _on_base(content: dict[str, Any], path: Path) -> tuple[dict[str, Any], int]:
    """Return the base's keys under those of the file, and how many measures are the base's."""
    name = content["base"]
    if not isinstance(name, str) or not name or Path(name).name != name:
        raise ScenarioError(
            f"{path}: base: expected the name of a scenario file in the same folder, got {shortened(name)}"
        )
    base, text = _content(path.with_name(name))
    if "base" in base:
        raise ScenarioError(f"{path}: base: expected a scenario without a base of its own, got {name!r}, which has one")
    parse_scenario(base, heading=f"scenario {name}", text=text)
    before, own = base.get("measures", []), {key: value for key, value in content.items() if key != "base"}
    if isinstance(own.get("measures", []), list):
        own["measures"] = [*before, *own.get("measures", [])]
    return {**base, **own}, len(before)


def write_scenario(scenario: Scenario, path: str | Path) -> None:
    """Write a scenario as YAML, or as JSON if the name ends so; `read_scenario` gives it back unchanged."""
    content = scenario.model_dump(mode="json")
    path = Path(path)
    if path.suffix == ".json":
        path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    else:
        path.write_text(dump_yaml(content), encoding="utf-8")


def scenario_schema() -> dict[str, Any]:
    """Return the JSON schema of scenario files (draft 2020-12)."""
    schema = Scenario.model_json_schema()
    schema["properties"]["base"] = {
        "type": "string",
        "description": "A scenario file in the same folder to start from; its measures come first.",
    }
    schema["required"] = ["name"]
    schema["anyOf"] = [{"required": ["network"]}, {"required": ["base"]}]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
