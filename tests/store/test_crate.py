"""The RO-Crate names every file and leads to none that is missing."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
from rocrate.rocrate import ROCrate

from trafficdiff.manifest import files_below
from trafficdiff.store import layout
from trafficdiff.store.crate import write_crate

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.store.content import RunContent


@pytest.fixture(scope="module")
def crate(run_directory: Path) -> Any:
    return ROCrate(run_directory)


def test_every_file_is_described_and_every_description_leads_to_a_file(crate: Any, run_directory: Path) -> None:
    described = {entity.id for entity in crate.data_entities}
    assert all((run_directory / name).exists() for name in described)
    for name in set(files_below(run_directory)) - {layout.CRATE}:
        store, is_zarr, _ = name.partition(".zarr/")
        assert (f"{store}.zarr/" if is_zarr else name) in described
    for entity in crate.data_entities:
        assert entity["encodingFormat"] != "application/octet-stream"
        assert entity["description"]


def test_the_root_says_what_it_is_and_under_which_terms(crate: Any, content: RunContent) -> None:
    root = crate.root_dataset
    assert root["identifier"] == content.provenance.run_id
    assert "Morning peak" in root["name"]
    assert "Synthetic traffic" in root["description"]
    assert root["license"].id == "https://opendatacommons.org/licenses/odbl/1-0/"
    assert root["datePublished"].startswith(content.provenance.finished_utc.isoformat(timespec="seconds"))
    assert root["publisher"]["name"] == "City of Helsinki"


def test_the_action_leads_from_inputs_by_sumo_to_results(crate: Any) -> None:
    action = crate.root_dataset["mentions"]
    action = action[0] if isinstance(action, list) else action
    inputs = {part.id for part in action["object"]}
    outputs = {part.id for part in action["result"]}
    assert {"network/net.net.xml", "demand/trips.parquet", "scenario.json", "simulation/routes.rou.xml"} <= inputs
    assert {"result.zarr/", "metrics.zarr/", "simulation/log.txt"} <= outputs
    assert not inputs & outputs
    assert "https://eclipse.dev/sumo/" in {program.id for program in action["instrument"]}


def test_a_run_without_known_licence_or_organisation_says_so(tmp_path: Path, content: RunContent) -> None:
    write_crate(tmp_path, dataclasses.replace(content, licences=(), organisation=""))
    root = ROCrate(tmp_path).root_dataset
    assert "ask before publishing" in root["license"]
    assert root.get("publisher") is None
