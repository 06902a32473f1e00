"""Drafts survive, and nobody's file is written over unasked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from trafficdiff.datatypes.scenario_files import read_scenario
from trafficdiff.errors import InputError
from trafficdiff.store.workspace import Workspace
from trafficdiff.workflows.drafts import (
    BUNDLED,
    ChangedFileError,
    checked_file_name,
    draft_of_file,
    keep,
    read,
    recent,
    save,
    upload,
)
from trafficdiff.workflows.editing import AddMeasure, SetField

if TYPE_CHECKING:
    from pathlib import Path

BASE = "# by hand\nname: base\nnetwork: helsinki\n"
CLOSE = AddMeasure(measure={"kind": "close_road", "where": {"streets": ["Kaivokatu"]}})


@pytest.fixture
def folder(tmp_path: Path) -> Workspace:
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "base.yaml").write_text(BASE)
    return Workspace(tmp_path)


def test_a_draft_is_found_again_with_its_steps(folder: Workspace) -> None:
    stored = draft_of_file(folder, "scenarios/base.yaml")
    stored = stored.with_draft(stored.draft.after(CLOSE).after(SetField(place=("seed",), value=7)).undo())
    keep(folder, stored)
    again = read(folder, stored.id)
    assert again == stored
    assert again is not None
    assert again.draft.redo().content()["seed"] == 7
    assert [one[:2] for one in recent(folder)] == [(stored.id, "scenarios/base.yaml")]
    assert folder.scenarios()[0].name == "scenarios/base.yaml"  # drafts are no scenario files


@pytest.mark.parametrize("draft_id", ["../base", "", "0123456789ab", "0123456789AB", "x" * 12])
def test_only_drafts_of_the_folder_are_read(folder: Workspace, draft_id: str) -> None:
    assert read(folder, draft_id) is None


def test_a_draft_that_somebody_tampered_with_reaches_nothing_outside(folder: Workspace) -> None:
    stored = draft_of_file(folder, "scenarios/base.yaml")
    keep(folder, stored)
    path = folder.root / ".drafts" / f"{stored.id}.json"
    path.write_text(path.read_text().replace("scenarios/base.yaml", "../outside.yaml"))
    assert read(folder, stored.id) is None


def test_a_variant_stands_on_its_base_and_a_variant_of_that_beside_it(folder: Workspace) -> None:
    first = draft_of_file(folder, "scenarios/base.yaml", as_variant=True)
    first = save(folder, first.with_draft(first.draft.after(CLOSE)))
    assert first.file == "scenarios/base variant.yaml" or first.file.startswith("scenarios/base")
    scenario = read_scenario(folder.path_of(first.file))
    assert (scenario.name, len(scenario.measures)) == ("base variant", 1)
    second = draft_of_file(folder, first.file, as_variant=True)
    assert second.draft.content()["base"] == "base.yaml"
    assert second.file not in {first.file, "scenarios/base.yaml"}
    second = save(folder, second)
    assert read_scenario(folder.path_of(second.file)).name == "base variant variant"


def test_a_scenario_of_the_package_becomes_a_file_of_the_folder(folder: Workspace) -> None:
    stored = draft_of_file(folder, f"{BUNDLED}helsinki/morning_peak.yaml", as_variant=True)
    saved = save(folder, stored)
    scenario = read_scenario(folder.path_of(saved.file))
    assert scenario.network == "helsinki"
    assert saved.is_saved
    with pytest.raises(InputError):
        draft_of_file(folder, f"{BUNDLED}../secret.yaml")


def test_a_file_that_somebody_changed_is_written_over_only_if_asked(folder: Workspace) -> None:
    stored = draft_of_file(folder, "scenarios/base.yaml")
    stored = stored.with_draft(stored.draft.after(CLOSE))
    assert not stored.is_saved
    path = folder.path_of("scenarios/base.yaml")
    path.write_text(BASE + "seed: 7\n")
    with pytest.raises(ChangedFileError, match="another content"):
        save(folder, stored)
    assert path.read_text() == BASE + "seed: 7\n"
    saved = save(folder, stored, over=True)
    assert path.read_text() == stored.draft.text
    assert saved.is_saved
    assert save(folder, saved.with_draft(saved.draft.undo())).draft.text == BASE


def test_another_file_of_the_same_name_is_written_over_only_if_asked(folder: Workspace) -> None:
    (folder.root / "scenarios" / "other.yaml").write_text("name: other\nnetwork: helsinki\n")
    stored = draft_of_file(folder, "scenarios/base.yaml")
    with pytest.raises(ChangedFileError):
        save(folder, stored, file="scenarios/other.yaml")
    assert save(folder, stored, file="scenarios/new name").file == "scenarios/new name.yaml"


@pytest.mark.parametrize(
    "name", ["../a.yaml", "scenarios/../../a.yaml", "/etc/a.yaml", "scenarios/.a.yaml", "a\x00.yaml"]
)
def test_nothing_is_saved_outside_the_folder(folder: Workspace, name: str) -> None:
    stored = draft_of_file(folder, "scenarios/base.yaml")
    with pytest.raises(InputError):
        save(folder, stored, file=name)


def test_uploads_are_checked_before_anything_is_kept(folder: Workspace) -> None:
    stored = upload(folder, "../../Straße zu.yaml", BASE.encode())
    assert (stored.file, stored.draft.text, stored.is_saved) == ("scenarios/Straße zu.yaml", BASE, False)
    assert (
        upload(folder, "a.json", b'{"name": "a", "network": "helsinki"}').draft.text == "name: a\nnetwork: helsinki\n"
    )
    for content in (b"x" * 1_000_001, b"\xff\xfe", b"name: [", b"a: &a 1\nb: *a"):
        with pytest.raises(InputError):
            upload(folder, "a.yaml", content)
    assert recent(folder) == []


@pytest.mark.parametrize(("name", "file"), [("a", "a.yaml"), ("scenarios/b.yml", "scenarios/b.yml")])
def test_a_file_gets_its_ending(name: str, file: str) -> None:
    assert checked_file_name(name) == file
