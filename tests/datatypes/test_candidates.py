"""Files of candidates: everything that is wrong is said at once, with its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from trafficdiff.datatypes.candidates import Candidates, candidates_schema, parse_candidates, read_candidates
from trafficdiff.errors import ScenarioError
from trafficdiff.resources import bundled

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """\
currency: EUR
windows_per_year: 250
years: 10
candidates:
  - name: Slow street
    cost: 20000
    measures:
      - kind: speed_limit
        where: { streets: [Mannerheimintie] }
        speed_kmh: 30
  - name: Wide street
    cost: 1000000
    years: 40
    requires: [Slow street]
    measures:
      - { kind: change_lanes, where: { streets: [Mannerheimintie] }, lanes: 1 }
"""

BAD = """\
currency: EUR
colour: blue
candidates:
  - name: Slow street
    cost: -1
    requires: [Slow street, Nowhere]
    measures:
      - kind: speed_limits
        speed_kmh: 30
  - name: Slow street
    cost: 5
    excludes: [Third]
    requires: [Third]
    measures: []
  - name: Third
    measures:
      - kind: speed_limit
        where: {}
        speed_kmh: 900
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "candidates.yaml"
    path.write_text(text)
    return path


def test_a_file_gives_costs_measures_and_lifetimes(tmp_path: Path) -> None:
    found = read_candidates(written(tmp_path, GOOD))
    slow, wide = found.candidates
    assert (found.currency, slow.cost, wide.requires) == ("EUR", 20_000, ("Slow street",))
    assert found.lifetime_windows(slow) == 250 * 10
    assert found.lifetime_windows(wide) == 250 * 40
    assert wide.measures[0].kind == "change_lanes"


def test_every_fault_is_said_at_once_in_the_order_of_the_lines(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as said:
        read_candidates(written(tmp_path, BAD))
    lines = str(said.value).splitlines()
    assert lines[0] == "candidates candidates.yaml: 11 faults"
    expected = [
        ("line 2: colour", "unknown key"),
        ("line 5: candidates.0.cost", "above 0"),
        ("line 6: candidates.0.requires.0", "itself"),
        ("line 6: candidates.0.requires.1", "'Nowhere'"),
        ("line 8: candidates.0.measures.0", "'speed_limits'"),
        ("line 10: candidates.1.name", "again"),
        ("line 13: candidates.1.requires.0", "excluded as well"),
        ("line 14: candidates.1.measures", "at least"),
        ("line 15: candidates.2.cost", "missing"),
        ("line 18: candidates.2.measures.0.where", "at least one of"),
        ("line 19: candidates.2.measures.0.speed_kmh", "up to 200"),
    ]
    for line, (place, words) in zip(lines[1:], expected, strict=True):
        assert place in line
        assert words in line


def test_the_faults_of_a_file_that_is_none_are_one_line(tmp_path: Path) -> None:
    for text in ("", "- 1\n", "currency: [", "just words"):
        with pytest.raises(ScenarioError, match=r"docs/planning\.md") as said:
            read_candidates(written(tmp_path, text))
        assert len(str(said.value).splitlines()) == 1
    with pytest.raises(ScenarioError, match="No such file"):
        read_candidates(tmp_path / "nothing.yaml")


def test_the_hash_depends_on_content_and_not_on_spelling() -> None:
    plain = {
        "currency": "EUR",
        "candidates": [{"name": "A", "cost": 1, "measures": [{"kind": "one_way", "where": {"streets": ["X"]}}]}],
    }
    same = parse_candidates({**plain, "years": 1.0})
    assert parse_candidates(plain).hash == same.hash
    assert parse_candidates({**plain, "years": 2}).hash != same.hash


def test_the_bundled_candidates_of_helsinki_are_valid() -> None:
    found = read_candidates(bundled("networks/helsinki/candidates.yaml"))
    assert isinstance(found, Candidates)
    assert len(found.candidates) >= 5


def test_the_schema_knows_measures_and_costs() -> None:
    schema = candidates_schema()
    assert set(schema["required"]) == {"currency", "candidates"}
    assert "CloseRoad" in schema["$defs"]
