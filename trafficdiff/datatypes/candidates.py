"""Describe what a city could build or order: candidates with what they cost, their measures, and what rules what out.

::

    currency: EUR
    windows_per_year: 250              # how often a year the study's window happens
    years: 15                          # how long a candidate serves
    candidates:
      - name: Left turn pocket
        cost: 180000
        measures:
          - { kind: change_lanes, where: { edges: ["123#1"] }, lanes: 1 }
      - name: Turn ban instead
        cost: 15000
        excludes: [Left turn pocket]
        measures: [...]
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import Field, ValidationError

from trafficdiff.datatypes.file_faults import Place, faults_in, raise_with_lines
from trafficdiff.datatypes.measures import KINDS, Measure
from trafficdiff.datatypes.part import Part
from trafficdiff.datatypes.plain_text import MalformedError, read_plain
from trafficdiff.datatypes.wording import shortened
from trafficdiff.errors import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Candidate", "Candidates", "candidates_schema", "parse_candidates", "read_candidates"]

_MAXIMUM_FILE_BYTES: Final = 1_000_000
_MOST: Final = 200

_Name = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[\w][\w .,()+-]*$")]
_PerYear = Annotated[float, Field(gt=0, le=100_000)]
_Years = Annotated[float, Field(gt=0, le=200)]


class Candidate(Part):
    """One thing that could be done: its cost, its measures, and which others it needs or rules out."""

    name: _Name = Field(description="Name for people; letters, digits, spaces and . , ( ) + -")
    cost: Annotated[float, Field(gt=0, le=1e15)] = Field(
        description="All that it costs over its life, built and kept [money, in the file's currency]."
    )
    description: str = Field("", description="What it is.")
    windows_per_year: _PerYear | None = Field(None, description="Instead of the file's.")
    years: _Years | None = Field(None, description="Instead of the file's.")
    requires: tuple[_Name, ...] = Field((), description="Candidates without which it makes no sense.")
    excludes: tuple[_Name, ...] = Field((), description="Candidates that cannot be had with it.")
    measures: Annotated[tuple[Measure, ...], Field(min_length=1, max_length=1_000)] = Field(
        description="What it changes, in this order, after the measures of the scenario."
    )


class Candidates(Part):
    """All candidates of a plan."""

    currency: Annotated[str, Field(min_length=1, max_length=20)] = Field(
        description="Of all costs and of the budget, such as EUR; it is shown and never converted."
    )
    windows_per_year: _PerYear = Field(
        1.0, description="How often a year the study's window happens (declared): 250 for the peak of a working day."
    )
    years: _Years = Field(1.0, description="How many years a candidate serves (declared).")
    candidates: Annotated[tuple[Candidate, ...], Field(min_length=1, max_length=_MOST)]

    def lifetime_windows(self, candidate: Candidate) -> float:
        """Return how often the study's window happens while a candidate serves. Nothing is discounted."""
        per_year, years = candidate.windows_per_year, candidate.years
        return (self.windows_per_year if per_year is None else per_year) * (self.years if years is None else years)

    def pairs(self, kind: Literal["requires", "excludes"]) -> list[tuple[int, int]]:
        """Return who requires, or excludes, whom, by place in the file."""
        at = {one.name: place for place, one in enumerate(self.candidates)}
        return [(place, at[other]) for place, one in enumerate(self.candidates) for other in getattr(one, kind)]

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical form, hexadecimal."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


def parse_candidates(content: object, *, heading: str = "candidates", text: str = "") -> Candidates:
    """Return candidates from plain data (as YAML or JSON gives it).

    Parameters
    ----------
    content
        Keys with values.
    heading
        What the faults stand under.
    text
        What the data were read from: faults then say their lines.

    Raises
    ------
    ScenarioError
        Listing every fault at once: those of each candidate, and names that occur twice, are unknown, or contradict.
    """
    told: list[tuple[Place, str]] = []
    found: Candidates | None = None
    try:
        found = Candidates.model_validate(content)
    except ValidationError as error:
        told += faults_in(error, content, whole="candidates", advice=lambda _: _ADVICE)
    told += _between(content)
    raise_with_lines(told, heading=heading, text=text)
    assert found is not None
    return found


_ADVICE: Final = {
    "extra_forbidden": "; docs/planning.md lists the known ones",
    "union_tag_not_found": f" among {', '.join(map(repr, KINDS))}",
}


def _between(content: object) -> Iterator[tuple[Place, str]]:
    """Find faults between candidates in plain data, of which each may be wrong in itself as well."""
    rows = content.get("candidates") if isinstance(content, dict) else None
    rows = [row if isinstance(row, dict) else {} for row in rows] if isinstance(rows, list) else []
    names = [row.get("name") for row in rows]
    for number, row in enumerate(rows):
        place: Place = ["candidates", number]
        if names[number] is not None and names[number] in names[:number]:
            yield [*place, "name"], f"{_said([*place, 'name'])}: expected every name once, got {names[number]!r} again"
        lists = {key: _names_in(row, key) for key in ("requires", "excludes")}
        for key, others in lists.items():
            for position, other in others:
                where = [*place, key, position]
                if other == names[number]:
                    yield where, f"{_said(where)}: expected another candidate, got itself"
                elif other not in names:
                    yield where, f"{_said(where)}: expected the name of a candidate in this file, got {other!r}"
        ruled_out = {other for _, other in lists["excludes"]}
        for position, other in lists["requires"]:
            if other in ruled_out:
                where = [*place, "requires", position]
                yield where, f"{_said(where)}: expected a candidate that is not excluded as well, got {other!r}"


def _said(place: Place) -> str:
    return ".".join(map(str, place))


def _names_in(row: dict[str, Any], key: str) -> list[tuple[int, str]]:
    others = row.get(key)
    return (
        [(at, other) for at, other in enumerate(others) if isinstance(other, str)] if isinstance(others, list) else []
    )


def read_candidates(path: Path) -> Candidates:
    """Read candidates from a YAML or JSON file.

    Raises
    ------
    ScenarioError
        If the file is missing, a folder, over 1 MB, not YAML or JSON, or does not hold candidates (all faults listed).
    """
    try:
        content = read_plain(path, most_bytes=_MAXIMUM_FILE_BYTES)
    except MalformedError as error:
        raise ScenarioError(f"{path}: {error}; docs/planning.md shows a file of candidates") from error
    if not isinstance(content, dict):
        raise ScenarioError(
            f"{path}: expected keys with values (currency: ..., candidates: ...), got {shortened(content)}; "
            "docs/planning.md shows a file of candidates"
        )
    return parse_candidates(content, heading=f"candidates {path.name}", text=path.read_text(encoding="utf-8-sig"))


def candidates_schema() -> dict[str, Any]:
    """Return the JSON schema of files of candidates (draft 2020-12)."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Candidates.model_json_schema()}
