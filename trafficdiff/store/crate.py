"""Describe a run for machines outside this project: RO-Crate 1.1 with the Process Run Crate profile 0.5.

Sources: https://w3id.org/ro/crate/1.1, https://w3id.org/ro/wfrun/process/0.5.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from trafficdiff.manifest import MANIFEST, files_below
from trafficdiff.store import layout

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.store.content import Licence, RunContent
    from trafficdiff.store.provenance import Provenance

__all__ = ["write_crate"]

_PROCESS_RUN: Final = "https://w3id.org/ro/wfrun/process/0.5"
_INPUTS: Final = ("scenario", "network/", "demand/", "simulation/")
_PROGRAMS: Final = {
    "trafficdiff": ("trafficdiff", "https://pypi.org/project/trafficdiff/"),
    "eclipse-sumo": ("Eclipse SUMO", "https://eclipse.dev/sumo/"),
}
_SCENARIO_AS_GIVEN: Final = "Scenario as given, byte for byte"


def write_crate(directory: Path, content: RunContent) -> None:
    """Write ``ro-crate-metadata.json`` about everything that lies in the directory already."""
    from rocrate.rocrate import ROCrate

    crate = ROCrate(version="1.1")
    _describe_root(crate, content)
    parts = [_add_part(crate, directory, name) for name in (*_names(directory), MANIFEST)]
    action = _add_action(crate, content.provenance, parts)
    if content.organisation:
        _add_organisation(crate, content.organisation, action)
    text = json.dumps(crate.metadata.generate(), indent=1, ensure_ascii=False, default=str)
    (directory / layout.CRATE).write_text(text + "\n", encoding="utf-8")


def _names(directory: Path) -> list[str]:
    """Return every file, a Zarr directory counting as one (with a slash at its end), sorted."""
    names = set()
    for name in files_below(directory):
        store, is_zarr, _ = name.partition(".zarr/")
        names.add(f"{store}.zarr/" if is_zarr else name)
    return sorted(names)


def _describe_root(crate: Any, content: RunContent) -> None:
    provenance, scenario = content.provenance, content.scenario
    licences = [_add(crate, licence.url, _licence(licence)) for licence in content.licences]
    profile = {
        "@type": ["CreativeWork", "Profile"],
        "name": "Process Run Crate",
        "version": _PROCESS_RUN.rpartition("/")[2],
    }
    root = crate.root_dataset
    root["name"] = f"Traffic simulation: {scenario.name} (run {provenance.run_id})"
    root["description"] = f"{scenario.description} {provenance.statement}".strip()
    root["identifier"] = provenance.run_id
    root["datePublished"] = provenance.finished_utc.isoformat(timespec="seconds")
    root["temporalCoverage"] = str(provenance.date)
    data = "synthetic data" if provenance.synthetic else "given trips"
    root["keywords"] = f"traffic simulation, {data}, congestion, SUMO"
    root["creditText"] = "; ".join(licence.attribution for licence in content.licences)
    root["conformsTo"] = _add(crate, _PROCESS_RUN, profile)
    if licences:
        root["license"] = licences[0] if len(licences) == 1 else licences
    else:
        root["license"] = "Not stated by the source of the network; ask before publishing"


def _licence(licence: Licence) -> dict[str, str]:
    return {
        "@type": "CreativeWork",
        "name": licence.name,
        "description": f"Covers {licence.covers}. {licence.attribution}",
        "url": licence.url,
    }


def _add(crate: Any, identifier: str, properties: dict[str, Any]) -> Any:
    from rocrate.model import ContextEntity

    return crate.add(ContextEntity(crate, identifier, properties=properties))


def _add_part(crate: Any, directory: Path, name: str) -> Any:
    bare = name.rstrip("/")
    properties: dict[str, Any] = {
        "name": bare,
        "encodingFormat": layout.encoding_format(bare),
        "description": layout.MEANINGS.get(bare) or _meaning(bare),
    }
    if name.endswith("/"):
        return crate.add_dataset(dest_path=name, properties=properties)
    if (path := directory / name).exists():
        properties["contentSize"] = str(path.stat().st_size)
    return crate.add_file(dest_path=name, properties=properties)


def _meaning(name: str) -> str:
    if name.startswith("scenario_as_given"):
        return _SCENARIO_AS_GIVEN
    if name.startswith(f"{layout.NETWORK}/"):
        return "SUMO network that was simulated" if ".net.xml" in name else "Part of the network's description"
    return "Input of the simulation" if name.startswith(f"{layout.INPUTS}/") else "Further file of the run"


def _add_action(crate: Any, provenance: Provenance, parts: list[Any]) -> Any:
    programs = [
        _add(
            crate,
            url,
            {
                "@type": "SoftwareApplication",
                "name": name,
                "url": url,
                "softwareVersion": provenance.versions.get(key, "unknown"),
            },
        )
        for key, (name, url) in _PROGRAMS.items()
    ]
    inputs = [part for part in parts if str(part.id).startswith(_INPUTS) and part.id != layout.LOG]
    outputs = [part for part in parts if part not in inputs]
    action = crate.add_action(
        programs,
        identifier=f"#{provenance.run_id}",
        object=inputs,
        result=outputs,
        properties={
            "name": f"Simulation {provenance.run_id}",
            "description": provenance.statement,
            "startTime": provenance.started_utc.isoformat(timespec="seconds"),
            "endTime": provenance.finished_utc.isoformat(timespec="seconds"),
            "actionStatus": "http://schema.org/CompletedActionStatus",
        },
    )
    crate.root_dataset["mentions"] = action
    return action


def _add_organisation(crate: Any, name: str, action: Any) -> None:
    organisation = _add(crate, "#organisation", {"@type": "Organization", "name": name})
    action["agent"] = organisation
    crate.root_dataset["author"] = organisation
    crate.root_dataset["publisher"] = organisation
