"""Keep drafts of scenarios in the folder that all work in, and save them as scenario files.

::

    root/.drafts/3f2a9c41d07b.json    a draft with its undo steps: a reload loses nothing, a link opens it
    root/scenarios/NAME.yaml          what was saved, in one step; never over a file that somebody else changed
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trafficdiff.datatypes.plain_text import MalformedError, plain_from
from trafficdiff.datatypes.scenario_files import read_scenario
from trafficdiff.datatypes.yaml_edits import dumped
from trafficdiff.errors import InputError, OutputError
from trafficdiff.publish import publishing_file, real_path
from trafficdiff.store.claim import holding
from trafficdiff.workflows.editing import Command, Draft, normal, variant_of
from trafficdiff.workflows.job_kinds import fitting_name

if TYPE_CHECKING:
    from trafficdiff.store.workspace import Workspace

__all__ = [
    "FOLDER",
    "ChangedFileError",
    "StoredDraft",
    "draft_of_file",
    "is_draft_id",
    "keep",
    "read",
    "save",
    "upload",
]

FOLDER: Final = "scenarios"
"""Where new scenario files go."""

BUNDLED: Final = "bundled:"
"""Begins the names of scenarios that travel with the package."""

_DRAFTS: Final = ".drafts"
_ID: Final = re.compile(r"[0-9a-f]{12}")
_KEPT_S: Final = 60 * 86_400.0
"""Drafts that nobody touched for so long are removed when another is made."""
_MOST_BYTES: Final = 30_000_000
_LONGEST_FILE_NAME: Final = 80


class ChangedFileError(OutputError):
    """The file was changed since the draft began from it, or it is another's."""


class _DraftFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Annotated[int, Field(ge=1, le=1)] = 1
    file: str
    saved_hash: str = ""
    start: str
    commands: tuple[Command, ...] = ()
    done: int = 0


@dataclass(frozen=True)
class StoredDraft:
    """Represent a draft with its place.

    Parameters
    ----------
    id
        12 hexadecimal digits.
    file
        Scenario file that it is of, or is to be, relative to the folder that all work in.
    saved_hash
        SHA-256 of that file as it was read or saved last; empty for a new one.
    draft
        The draft.
    """

    id: str
    file: str
    saved_hash: str
    draft: Draft

    @property
    def is_saved(self) -> bool:
        """Whether the file holds what the draft says, as far as this draft knows."""
        return self.saved_hash == _hash(self.draft.text.encode())

    def with_draft(self, draft: Draft) -> StoredDraft:
        """Return it with another state of the draft."""
        return StoredDraft(self.id, self.file, self.saved_hash, draft)


def is_draft_id(text: str) -> bool:
    """Return whether a text is the id of a draft and not the name of a file."""
    return _ID.fullmatch(text) is not None


def draft_of_file(folder: Workspace, name: str, *, as_variant: bool = False) -> StoredDraft:
    """Return a new draft of a scenario file, to edit it or to begin a variant on it.

    Parameters
    ----------
    folder
        That all work in.
    name
        Of a file in it, or of a scenario that travels with the package (``bundled:helsinki/morning_peak.yaml``).
    as_variant
        Whether it becomes a new scenario with the file as its base; where that cannot be (the file has a base itself,
        or lies elsewhere), with a copy of its content.

    Raises
    ------
    InputError
        If there is no such scenario, or a variant is asked of one with faults.
    """
    bundled = name.startswith(BUNDLED)
    path = _bundled_path(name) if bundled else folder.path_of(name)
    text = _text_of(path)
    if not (as_variant or bundled):
        return StoredDraft(_new_id(), name, _hash(path.read_bytes()), Draft(text))
    scenario = read_scenario(path)
    has_base = "base" in _keys(text)
    variant = None if bundled else variant_of(path.name, scenario, has_base=has_base)
    if variant is None and bundled and has_base:
        variant = dumped(scenario.model_dump(mode="json", exclude_defaults=True))
    home = FOLDER if bundled else name.rpartition("/")[0]
    stem = path.stem if bundled and not as_variant else f"{path.stem}_variant"
    file = _free_name(folder.root, home, fitting_name(stem) or "scenario")
    if variant is None:
        from trafficdiff.datatypes.yaml_edits import set_in

        variant = set_in(_without_schema(text), ("name",), f"{scenario.name[:70]} variant").text
    return StoredDraft(_new_id(), file, "", Draft(variant))


def upload(folder: Workspace, file_name: str, content: bytes) -> StoredDraft:
    """Return a new draft of an uploaded scenario file, faults and all; nothing is saved.

    Raises
    ------
    InputError
        If it is larger than 1 MB, no text, or no YAML or JSON.
    """
    if len(content) > 1_000_000:
        raise InputError(f"expected a scenario file of at most 1 MB, got {len(content) / 1e6:.1f} MB")
    try:
        text = content.decode("utf-8-sig")
        is_json = file_name.lower().endswith(".json")
        data = plain_from(text, is_json=is_json)
    except UnicodeDecodeError as error:
        raise InputError("expected text in UTF-8, got a binary file or another encoding") from error
    except MalformedError as error:
        raise InputError(str(error)) from error
    text = dumped(data) if is_json else normal(text)
    stem = fitting_name(Path(file_name.replace("\\", "/")).stem) or "uploaded"
    return StoredDraft(_new_id(), _free_name(folder.root, FOLDER, stem), "", Draft(text))


def keep(folder: Workspace, stored: StoredDraft) -> None:
    """Write a draft, so that a reload finds it.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    draft = stored.draft
    content = _DraftFile(
        file=stored.file, saved_hash=stored.saved_hash, start=draft.start, commands=draft.commands, done=draft.done
    )
    path = folder.root / _DRAFTS / f"{stored.id}.json"
    is_new = not path.exists()
    with publishing_file(path, durable=False) as temporary:
        temporary.write_text(content.model_dump_json(indent=1) + "\n", encoding="utf-8")
    if is_new:
        _sweep(path.parent)


def read(folder: Workspace, draft_id: str) -> StoredDraft | None:
    """Return a draft, or None if there is none of that id, or it cannot be read."""
    if not is_draft_id(draft_id):
        return None
    path = folder.root / _DRAFTS / f"{draft_id}.json"
    try:
        if real_path(path) != path or path.stat().st_size > _MOST_BYTES:
            return None
        content = _DraftFile.model_validate_json(path.read_bytes())
        draft = Draft(content.start, content.commands, content.done)
        folder.path_of(content.file)
    except (OSError, ValidationError, InputError):
        return None
    return StoredDraft(draft_id, content.file, content.saved_hash, draft)


def recent(folder: Workspace, *, most: int = 8) -> list[tuple[str, str, float]]:
    """Return the drafts that were touched last: id, file and when [s since 1970]."""
    paths = [(path.stat().st_mtime, path) for path in (folder.root / _DRAFTS).glob("*.json") if path.is_file()]
    found = []
    for moment, path in sorted(paths, reverse=True)[:most]:
        stored = read(folder, path.stem)
        if stored is not None:
            found.append((stored.id, stored.file, moment))
    return found


def save(folder: Workspace, stored: StoredDraft, *, file: str | None = None, over: bool = False) -> StoredDraft:
    """Write the draft as a scenario file in one step, and return it as saved.

    Parameters
    ----------
    folder
        That all work in.
    stored
        The draft.
    file
        Name of the file, if it is to be another than the draft's.
    over
        Whether a file that holds something else than this draft knows is written over: somebody was asked.

    Raises
    ------
    ChangedFileError
        If the file is there and holds something else than what this draft read or saved last.
    OutputError, InputError
        If the name is none, or cannot be written.
    """
    name = checked_file_name(stored.file if file is None else file)
    path = folder.path_of(name)
    content = stored.draft.text.encode()
    with holding(path):
        there = path.read_bytes() if path.exists() else None
        known = stored.saved_hash if name == stored.file else ""
        if there is not None and not over and _hash(there) not in {known, _hash(content)}:
            when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(path.stat().st_mtime))
            raise ChangedFileError(
                f"{name}: expected the file as this draft knows it, found another content of {when}; save under "
                "another name, or say that it may be written over"
            )
        with publishing_file(path) as temporary:
            temporary.write_bytes(content)
    return StoredDraft(stored.id, name, _hash(content), stored.draft)


def checked_file_name(name: str) -> str:
    """Return the name of a scenario file with its ending; folder and file, nothing else.

    Raises
    ------
    InputError
        If it is no name that a file can have here.
    """
    home, _, file = name.rpartition("/")
    stem = re.sub(r"\.ya?ml$", "", file, flags=re.IGNORECASE)
    if not re.fullmatch(r"[\w][\w ,()+.-]*", stem) or ".." in stem or len(stem) > _LONGEST_FILE_NAME:
        raise InputError(
            f"expected a file name of at most {_LONGEST_FILE_NAME} letters, digits, spaces and .,()+-, got {file!r}"
        )
    kept = file if file.lower().endswith((".yaml", ".yml")) else f"{stem}.yaml"
    return f"{home}/{kept}" if home else kept


def _new_id() -> str:
    return secrets.token_hex(6)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _bundled_path(name: str) -> Path:
    from trafficdiff.resources import bundled

    place, _, file = name.removeprefix(BUNDLED).partition("/")
    if not re.fullmatch(r"[\w-]+", place) or not re.fullmatch(r"[\w-]+\.yaml", file):
        raise InputError(f"expected a scenario that travels with the package, got {name[:80]!a}")
    return bundled("networks") / place / file


def _text_of(path: Path) -> str:
    """Return a scenario file as YAML text."""
    try:
        if path.stat().st_size > 1_000_000:
            raise InputError(f"{path.name}: expected a scenario file of at most 1 MB, got a larger one")
        text = path.read_text(encoding="utf-8-sig")
        return normal(dumped(plain_from(text, is_json=True)) if path.suffix == ".json" else text)
    except (OSError, UnicodeDecodeError, MalformedError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{path.name}: expected a scenario file, got {said}") from error


def _keys(text: str) -> dict[str, object]:
    content = plain_from(text)
    return content if isinstance(content, dict) else {}


def _without_schema(text: str) -> str:
    return re.sub(r"\A# yaml-language-server:[^\n]*\n", "", text)


def _free_name(root: Path, home: str, stem: str) -> str:
    """Return a file name that is not taken."""
    number, prefix = 1, f"{home}/" if home else ""
    while (root / (name := f"{prefix}{stem}{'' if number == 1 else f'_{number}'}.yaml")).exists():
        number += 1
    return name


def _sweep(folder: Path) -> None:
    for path in folder.glob("*.json"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _KEPT_S:
                path.unlink()
