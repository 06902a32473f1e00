"""The folder of a dashboard: what is in it is found, and nothing outside it can be reached."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trafficdiff.errors import InputError
from trafficdiff.store.workspace import Workspace

SCENARIO = "name: Bridge\nnetwork: helsinki\n"
HOSTILE = [
    "..",
    "../secret",
    "runs/../../secret",
    "a/./b",
    "/etc/passwd",
    "//server/share",
    "C:/Windows",
    "C:\\Windows",
    "runs\\..\\secret",
    "",
    ".",
    "a//b",
    "a/",
    "secret\0.yaml",
    "a\nb",
    ".streamlit/secrets.toml",
    "runs/.hidden",
    "x" * 2_000,
    "\u202egnp.exe",
    "a\u200b/b",
    "~\r",
]


def published(folder: Path, kind: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(f'{{\n "kind": "{kind}",\n "format": 1\n}}\n')
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "work"
    (root / "scenarios").mkdir(parents=True)
    (root / "base.yaml").write_text("# comment\n" + SCENARIO)
    (root / "scenarios" / "closed.yml").write_text("base: base.yaml\nname: Closed\n")
    (root / "scenarios" / "made.json").write_text('{"name": "Made", "network": "helsinki"}')
    published(root / "helsinki", "built network")
    published(root / "runs" / "first", "run")
    published(root / "compared", "comparison")
    (root / "studies" / "bridge" / "runs").mkdir(parents=True)
    (root / "studies" / "bridge" / "study.json").write_text('{"base": "Bridge", "network": "x"}')
    return root


def names(root: Path, kind: str) -> list[str]:
    return sorted(entry.name for entry in Workspace(root).entries(kind))  # type: ignore[arg-type]


def test_each_kind_is_found_on_two_levels(root: Path) -> None:
    assert names(root, "scenario") == ["base.yaml", "scenarios/closed.yml", "scenarios/made.json"]
    assert names(root, "network") == ["helsinki"]
    assert names(root, "run") == ["runs/first"]
    assert names(root, "comparison") == ["compared"]
    assert names(root, "study") == ["studies/bridge"]
    folder = Workspace(root)
    assert [folder.scenarios(), folder.networks(), folder.runs(), folder.studies(), folder.comparisons()] == [
        folder.entries(kind) for kind in ("scenario", "network", "run", "study", "comparison")
    ]


def test_what_is_no_scenario_is_not_listed_as_one(root: Path) -> None:
    (root / "candidates.yaml").write_text("currency: EUR\ncandidates:\n  - name: A\n    base: 3\n")
    (root / "scenario.schema.json").write_text('{"$schema": "x", "properties": {"network": {}}}')
    (root / "bridge.job.json").write_text('{"request": {"base": "x"}}')
    (root / "bridge.status.json").write_text('{"base": 1}')
    (root / "notes.yaml").write_text("text: the network: is slow\n")
    (root / "picture.png").write_bytes(b"network: x")
    assert len(names(root, "scenario")) == 3


def test_what_lies_deeper_or_inside_a_result_or_is_hidden_is_not_listed(root: Path) -> None:
    (root / "runs" / "first" / "scenario.json").write_text('{"network": "x"}')
    (root / "compared" / "runs").mkdir()
    published(root / "studies" / "bridge" / "runs" / "0000", "run")
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "deep.yaml").write_text(SCENARIO)
    (root / ".hidden.yaml").write_text(SCENARIO)
    published(root / ".first.partial", "run")
    assert len(names(root, "scenario")) == 3
    assert names(root, "run") == ["runs/first"]


def test_the_newest_comes_first(root: Path) -> None:
    old = time.time() - 1_000
    os.utime(root / "base.yaml", (old, old))
    (root / "new.yaml").write_text(SCENARIO)
    later = time.time() + 10
    os.utime(root / "new.yaml", (later, later))
    listed = [entry.name for entry in Workspace(root).scenarios()]
    assert (listed[0], listed[-1]) == ("new.yaml", "base.yaml")


def test_every_listed_name_leads_back_to_its_path(root: Path) -> None:
    folder = Workspace(root)
    for kind in ("scenario", "network", "run", "study", "comparison"):
        for entry in folder.entries(kind):  # type: ignore[arg-type]
            assert folder.path_of(entry.name) == entry.path
            assert entry.modified.tzinfo is not None


def test_a_name_that_is_not_there_yet_has_a_path(root: Path) -> None:
    assert Workspace(root).path_of("scenarios/größe 2.yaml") == root / "scenarios" / "größe 2.yaml"


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_leads_outside(root: Path, name: str) -> None:
    (root.parent / "secret").write_text("x")
    with pytest.raises(InputError, match="expected a name inside the folder"):
        Workspace(root).path_of(name)


def test_the_message_shows_no_character_that_a_terminal_would_obey(root: Path) -> None:
    with pytest.raises(InputError) as caught:
        Workspace(root).path_of("\x1b[31m../\u202e")
    assert str(caught.value).isprintable()


def test_links_that_lead_outside_are_neither_listed_nor_followed(root: Path) -> None:
    outside = root.parent / "outside"
    published(outside / "run", "run")
    (outside / "their.yaml").write_text(SCENARIO)
    (root / "their.yaml").symlink_to(outside / "their.yaml")
    (root / "outside").symlink_to(outside)
    (root / "runs" / "stolen").symlink_to(outside / "run")
    (root / "loop").symlink_to(root / "loop")
    (root / "up").symlink_to(root.parent)
    (root / "self").symlink_to(root)
    assert len(names(root, "scenario")) == 3
    assert names(root, "run") == ["runs/first"]
    for name in ("their.yaml", "outside/their.yaml", "runs/stolen", "up/secret", "self", "outside/new.yaml"):
        with pytest.raises(InputError, match="a link in it leads elsewhere"):
            Workspace(root).path_of(name)


def test_links_inside_the_folder_and_to_the_folder_itself_are_fine(root: Path, tmp_path: Path) -> None:
    (root / "again.yaml").symlink_to(root / "base.yaml")
    link = tmp_path / "link"
    link.symlink_to(root)
    assert "again.yaml" in names(link, "scenario")
    assert Workspace(link).path_of("again.yaml") == root / "again.yaml"


def test_a_folder_that_cannot_be_read_or_is_not_there_is_empty(root: Path, tmp_path: Path) -> None:
    (root / "fifo.yaml").symlink_to(root / "nothing.yaml")
    os.mkfifo(root / "pipe.yaml")  # opening it would wait for ever
    assert len(names(root, "scenario")) == 3
    assert names(tmp_path / "none", "run") == []


@given(st.text(max_size=60))
def test_whatever_is_asked_for_stays_below_the_root(name: str) -> None:
    folder = Workspace(Path(__file__).parent)
    try:
        path = folder.path_of(name)
    except InputError:
        return
    assert Path(os.path.realpath(path)).is_relative_to(folder.root)
    assert path != folder.root
