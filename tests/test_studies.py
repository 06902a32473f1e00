"""The policy studies in ``scripts/studies`` are short, use the public names alone, and run on Helsinki."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import trafficdiff
from trafficdiff.datatypes.candidates import read_candidates
from trafficdiff.datatypes.scenario import GravityDemand
from trafficdiff.datatypes.scenario_files import read_scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
STUDIES = sorted(path for path in (ROOT / "scripts" / "studies").glob("*.py") if path.stem != "asking")
SAID = {
    "bridge_out": "roads whose traffic changes",
    "city_30": "% longer",
    "congestion_charge": "trips given up",
    "school_street": "roads whose traffic changes",
    "signal_timing": "new samples",
}


def names_used(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "trafficdiff":
            yield node.attr


def test_every_study_is_known_here() -> None:
    assert {path.stem for path in STUDIES} == set(SAID)


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_a_study_is_under_sixty_lines_over_the_public_names(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 60
    tree = ast.parse(text)
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported == {"trafficdiff", "asking"}
    assert set(names_used(tree)) <= set(trafficdiff.__all__)
    assert f"python scripts/studies/{path.name} " in (ast.get_docstring(tree) or "")


@pytest.mark.slow
@pytest.mark.sumo
@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_a_study_runs_on_helsinki_in_small_and_says_what_is_noise(path: Path, tmp_path: Path) -> None:
    command = [sys.executable, path, "--small", "--samples", "2", "--workers", "2", "-o", tmp_path / "study"]
    finished = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert SAID[path.stem] in finished.stdout
    assert any(word in finished.stdout for word in ("noise", "exactly the same", "better", "worse"))
    assert "failed" not in finished.stderr
    assert (tmp_path / "study" / "runs").is_dir()


@pytest.mark.slow
@pytest.mark.sumo
def test_every_bundled_candidate_acts_on_the_bundled_city(tmp_path: Path) -> None:
    from trafficdiff.roads.load import load_network
    from trafficdiff.workflows.measures import apply_measures
    from trafficdiff.workflows.sample import draw_trips

    base = read_scenario(ROOT / "networks" / "helsinki" / "morning_peak.yaml")
    base = base.model_copy(update={"demand": GravityDemand(trips=100)})
    graph = load_network("helsinki")
    window_s = (base.window.begin_s, base.window.end_s)
    trips = draw_trips(graph, base.demand, window_s=window_s, seed=1, sample=0, folder=tmp_path)
    for place, one in enumerate(read_candidates(ROOT / "networks" / "helsinki" / "candidates.yaml").candidates):
        scenario = base.model_copy(update={"measures": one.measures})
        changed = apply_measures(scenario, graph, trips, sample=0, directory=tmp_path / str(place))
        assert all(effect.edges or effect.trips for effect in changed.effects), one.name
