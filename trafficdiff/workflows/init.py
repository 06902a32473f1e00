"""Write a commented scenario file for a place: every key, its meaning and a value to start from."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import available_timezones

from pydantic import BaseModel

from trafficdiff.datatypes.plain_text import dump_yaml
from trafficdiff.datatypes.scenario_files import scenario_schema
from trafficdiff.errors import OutputError
from trafficdiff.publish import publishing_file
from trafficdiff.workflows.progress import quiet

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.scenario import Scenario
    from trafficdiff.workflows.progress import Progress

__all__ = [
    "SCHEMA_NAME",
    "commented_yaml",
    "default_scenario",
    "init",
    "refuse_existing",
    "suggested_trips",
    "trips_note",
]

SCHEMA_NAME: Final = "scenario.schema.json"
"""Name of the schema that is written beside a scenario file, so that editors complete and check it."""

_WIDTH: Final = 100

_CLEARING_KM: Final = 67.0
"""Vehicle-kilometres per lane-kilometre and hour that still clear: 2,750 trips an hour of 0.84 km on the 34.5 lane-km
of bundled Helsinki, measured with ``scripts/find_capacity.py`` on its morning peak; one city, so a rough guide.
"""
_SUGGESTED_SHARE: Final = 0.5
"""Half of that: busy, and with room for networks that are worse than Helsinki's."""
_PROBED_TRIPS: Final = 300
_HOUR_S: Final = 3_600.0

_COUNTS_NOTE: Final = (
    "With counted traffic at hand: kind: calibrated, and beside it counts: FILE.csv (edge, begin, end, count)."
)

_DRIVERS: Final[dict[str, Any]] = {
    "demand": {"kind": "model", "route_choice": {"spread": 0.3}},
    "simulation": {"rerouting_share": 0.5, "rerouting_period_s": 120.0},
}
"""How drivers choose their way in the demand that `_CLEARING_KM` was measured with."""


def default_scenario(network: str, *, path: Path, progress: Progress = quiet) -> Scenario:
    """Return a scenario to start from: the place's name, time zone and a number of trips that its roads can carry.

    The network is opened for that, and so built once into the cache where it must be built.

    Parameters
    ----------
    network
        As typed: a bundled city, or a path from the working directory.
    path
        The scenario file to be; the network is written relative to it, or absolute where that would need ``..``.
    progress
        Receives stages.

    Raises
    ------
    NetworkError
        If the word names no network.
    ScenarioError
        If the network's path cannot stand in a scenario.
    """
    from trafficdiff.datatypes.scenario_files import parse_scenario
    from trafficdiff.roads.load import load_network
    from trafficdiff.roads.source import summarise, word_beside

    place = summarise(network)
    progress("opening the network", None)
    graph = load_network(network, on_step=lambda step: progress(step, None))
    name = re.sub(r"[^\w .,()+-]+", " ", place.name).strip(" .,()+-") or "study"
    content = {
        "name": name[:80],
        "network": word_beside(network, path.parent),
        "time_zone": place.time_zone or _time_zone(graph),
        **_DRIVERS,
    }
    scenario = parse_scenario(content, heading=f"scenario of {network}")
    progress("estimating the trips", None)
    content["demand"] = {**_DRIVERS["demand"], "trips": suggested_trips(graph, scenario)}
    return parse_scenario(content, heading=f"scenario of {network}")


def _time_zone(graph: RoadGraph) -> str:
    """Return the time zone in the middle of the roads; UTC on the open sea."""
    import numpy as np

    from trafficdiff.roads.locality import time_zone_at

    lon, lat = np.median(graph.to_lonlat(graph.node_xy), axis=0)
    zone = time_zone_at(float(lon), float(lat))
    return zone if zone in available_timezones() else "UTC"


def suggested_trips(graph: RoadGraph, scenario: Scenario) -> int:
    """Return half of the trips that should still clear in the scenario's window, to two digits.

    Trips = share x rate [veh-km / lane-km / h] x lane-kilometres x hours / mean trip length. The length is that of
    300 of the model's trips on these roads, so a wide network gets fewer trips a lane-kilometre than a small one.
    """
    from trafficdiff.datatypes.scenario import ModelDemand
    from trafficdiff.workflows.sample import draw_trips

    window = scenario.window
    probe = draw_trips(
        graph, ModelDemand(trips=_PROBED_TRIPS), window_s=(window.begin_s, window.end_s), seed=scenario.seed
    )
    length_km = float(probe.sum_over_route(graph.length_m).mean()) / 1_000
    cars = graph.drivable()
    lane_km = float((graph.length_m * graph.lanes)[cars].sum()) / 1_000
    hours = (window.end_s - window.begin_s) / _HOUR_S
    trips = _SUGGESTED_SHARE * _CLEARING_KM * lane_km * hours / length_km
    return min(max(int(float(f"{trips:.2g}")), 1), 5_000_000)


def trips_note() -> str:
    """Return in one sentence how the number of trips was estimated."""
    return (
        "Estimated, not counted: half of the load that still cleared in our Helsinki runs (67 veh-km per lane-km and "
        "hour, scripts/find_capacity.py), times this network's lane-km, over its mean trip length."
    )


def init(scenario: Scenario, path: Path) -> list[Path]:
    """Write the scenario with comments, and the JSON schema beside it; return both paths.

    Raises
    ------
    OutputError
        If the scenario file exists already: what somebody wrote is never overwritten.
    """
    refuse_existing(path)
    schema = path.with_name(SCHEMA_NAME)
    with publishing_file(schema) as temporary:
        temporary.write_text(json.dumps(scenario_schema(), indent=2) + "\n", encoding="utf-8")
    with publishing_file(path) as temporary:
        temporary.write_text(commented_yaml(scenario), encoding="utf-8")
    return [path, schema]


def refuse_existing(path: Path) -> None:
    """Refuse a path where a file is.

    Raises
    ------
    OutputError
        If there is one.
    """
    if path.exists():
        raise OutputError(f"{path}: expected a new file, found one; choose another name or delete it")


def commented_yaml(scenario: Scenario) -> str:
    """Return the scenario as YAML in which every key stands under its description."""
    head = [
        f"# yaml-language-server: $schema={SCHEMA_NAME}",
        "# Times are seconds of the simulated day: 25200 is 7:00, 28800 is 8:00.",
        "# Keys may be left out: then the defaults count, which are the values here but for name, network, time_zone,",
        "# trips, spread and rerouting.",
        "",
    ]
    notes = {"trips": trips_note(), "kind": _COUNTS_NOTE}
    return "\n".join(head + _lines(scenario, indent=0, notes=notes)) + "\n"


def _lines(part: BaseModel, *, indent: int, notes: Mapping[str, str]) -> list[str]:
    space = "  " * indent
    lines: list[str] = []
    for key, field in type(part).model_fields.items():
        value = getattr(part, key)
        lines += [f"{space}# {text}" for text in (field.description, notes.get(key)) if text]
        if isinstance(value, BaseModel):
            first_line = (type(value).__doc__ or "").strip().splitlines()[0]
            lines += ["", f"{space}# {first_line}"] if indent == 0 else [f"{space}# {first_line}"]
            lines += [f"{space}{key}:", *_lines(value, indent=indent + 1, notes=notes)]
            if indent == 0:
                lines.append("")
        else:
            lines.append(f"{space}{key}: {_scalar(value)}")
    return lines


def _scalar(value: Any) -> str:
    plain = json.loads(json.dumps(value, default=str))
    text = dump_yaml(plain, flow=True, width=_WIDTH)
    return text.removesuffix("...\n").strip()
