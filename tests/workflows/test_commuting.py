"""The table of commuting flows: who is compared with what."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.demand.areas import commuting_scene
from trafficdiff.demand.commuting import flows_of
from trafficdiff.demand.commuting_baselines import uniform_flows
from trafficdiff.errors import InputError
from trafficdiff.workflows.commuting import FLOOR, commuting_table, judge_commuting

if TYPE_CHECKING:
    from trafficdiff.datatypes.scene import Scene


def area(name: str, flows: list[list[float]] | np.ndarray) -> Scene:
    table = np.array(flows, float)
    count = len(table)
    xy_km = np.stack([np.arange(count), np.zeros(count)], axis=1)
    return commuting_scene(table, xy_km=xy_km, population=np.ones(count), name=name)


@pytest.fixture
def scenes(generator: np.random.Generator) -> list[Scene]:
    small = area("small", [[0, 300, 0], [100, 0, 0], [0, 0, 0]])
    large = area("large", generator.integers(0, 20, (50, 50)) * (1 - np.eye(50)))
    return [small, large]


def test_values_are_those_of_the_definition(scenes: list[Scene]) -> None:
    answers = {"small": np.array([[9, 100, 100], [100, 0, 0], [100, 0, 9]], float), "large": flows_of(scenes[1])}
    _, row = judge_commuting(scenes, {"model": lambda scene: answers[scene.name]})
    # shares 1/4, 1/4, 1/4, 1/4 against 3/4, 1/4: overlap 1/2; own total: 2 (100 + 100) / (400 + 400)
    np.testing.assert_allclose(row.expected, [0.5, 1.0])
    np.testing.assert_allclose(row.own_total, [0.5, 1.0])
    assert row.mean("expected").value == pytest.approx(0.75)
    assert row.mean("expected", large=True).value == pytest.approx(1.0)


def test_models_do_not_see_the_trips(scenes: list[Scene]) -> None:
    seen = []

    def model(scene: Scene) -> np.ndarray:
        seen.append(len(scene.trips))
        return uniform_flows(scene)

    judge_commuting(scenes, {"model": model})
    assert seen == [0, 0]


def test_one_realisation_has_as_many_commuters_and_costs_agreement(scenes: list[Scene]) -> None:
    floor, row = judge_commuting(scenes, {"truth": lambda scene: flows_of({s.name: s for s in scenes}[scene.name])})
    np.testing.assert_allclose(floor.expected, 1.0)
    assert 0.95 < floor.sampled[0] < 1.0  # 400 commuters on two pairs
    assert 0.75 < floor.sampled[1] < 0.95  # about 10 on each of 2,450 pairs
    np.testing.assert_array_equal(floor.sampled, row.sampled)  # the same dice for all rows
    (again, _) = judge_commuting(scenes, {"uniform": uniform_flows}, seed=1001)
    assert (again.sampled != floor.sampled).any()


def test_shares_have_no_total_of_their_own(scenes: list[Scene]) -> None:
    _, row = judge_commuting(scenes, {"uniform": uniform_flows})
    assert np.isnan(row.own_total).all()
    assert "own total" not in commuting_table([row])


def test_the_interval_is_that_of_the_mean_over_areas() -> None:
    generator = np.random.default_rng(3)
    many = [area(f"area {k}", generator.integers(1, 100, (3, 3)) * (1 - np.eye(3))) for k in range(200)]
    _, row = judge_commuting(many, {"uniform": uniform_flows})
    mean = row.mean("expected")
    error = row.expected.std(ddof=1) / np.sqrt(200)
    assert mean.high - mean.low == pytest.approx(2 * 1.96 * error, rel=0.1)
    assert np.isnan(row.mean("expected", large=True).value)  # no large area here


def test_the_table_has_each_number_in_its_own_row(scenes: list[Scene]) -> None:
    rows = judge_commuting(scenes, {"uniform": uniform_flows}, learn_cpu_s={"uniform": 12.3})
    lines = commuting_table(rows).splitlines()
    assert lines[0].split("|")[2:4] == [" 2 areas ", " 1 areas with 50 zones and more "]
    assert [line.split("|")[1].strip() for line in lines[2:]] == [
        f"{FLOOR}, one realisation", "uniform, expected flows", "uniform, one realisation",
    ]  # fmt: skip
    assert " 12.3 " in lines[3]
    assert len({line.count("|") for line in lines}) == 1


@pytest.mark.parametrize("answer", [np.ones((2, 2)), np.full((3, 3), np.nan), -np.ones((3, 3)), np.eye(3)], ids=str)
def test_answers_that_are_no_flows_are_refused(answer: np.ndarray) -> None:
    with pytest.raises(InputError, match=r"model, small: expected .*flows"):
        judge_commuting([area("small", [[0, 1, 1], [1, 0, 1], [1, 1, 0]])], {"model": lambda _: answer})


def test_no_areas_are_refused() -> None:
    with pytest.raises(InputError, match="areas to judge"):
        judge_commuting([], {"uniform": uniform_flows})


@pytest.mark.data
@pytest.mark.slow
def test_the_script_prints_the_rows_of_the_documentation(data_folder: Path) -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "scripts/evaluate_commuting.py", str(data_folder / "commuting"), "--no-trees"]
    found = subprocess.run(
        command, cwd=root, capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": str(root)}
    )
    page = (root / "docs" / "evaluation.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1:4] for line in found.stdout.splitlines() if "[" in line]
    assert len(rows) == 7
    for row in rows:
        assert f"|{'|'.join(row)}|" in page
