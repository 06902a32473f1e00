"""Judge expected commuting flows of unseen areas, every model beside the same baselines.

::

    CPC = sum min(T, T') / sum T          own total: 2 sum min(T, T') / (sum T + sum T')

T are the real commuters, T' the expected ones, the diagonal left out. T' is scaled to the total of T but in the column
"own total". Values are means over areas; intervals are 95 % of the bootstrap over areas.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from trafficdiff.datatypes.scene import SceneTrips
from trafficdiff.demand.commuting import flows_of
from trafficdiff.errors import InputError
from trafficdiff.metrics.divergence import common_part_of_commuters
from trafficdiff.workflows.progress import quiet
from trafficdiff.workflows.randomness import stream

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from trafficdiff.datatypes.scene import Scene
    from trafficdiff.workflows.progress import Progress

    ExpectedFlows: TypeAlias = Callable[[Scene], NDArray[np.float64]]

__all__ = ["FLOOR", "LARGE_ZONES", "CommutingRow", "Mean", "commuting_table", "judge_commuting"]

LARGE_ZONES: Final = 50
"""Zones from which on an area counts as large."""
FLOOR: Final = "real flows, drawn again"
"""Row of the real shares themselves: one realisation of them says how much of the rest is chance."""
_COLUMNS: Final = {
    "expected": "expected flows",
    "own_total": "expected flows, own total",
    "sampled": "one realisation",
}
_REPLICATES: Final = 2_000
_ROUNDING: Final = 1e-6
_INTERVAL: Final = (2.5, 97.5)


@dataclass(frozen=True)
class Mean:
    """Hold a mean over areas and the bounds of its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False, kw_only=True)
class CommutingRow:
    """Hold what one model reaches. ``N`` areas.

    Parameters
    ----------
    name
        Of the model.
    expected, sampled, own_total
        Shape (N,): CPC of expected flows, of one realisation with as many commuters as there are, and of expected
        flows with the model's own total.
    large
        Shape (N,), areas with `LARGE_ZONES` and more.
    learn_cpu_s, expect_cpu_s
        Processor time [s] of training (NaN if unknown), and of the flows of all areas.
    """

    name: str
    expected: NDArray[np.float64]
    sampled: NDArray[np.float64]
    own_total: NDArray[np.float64]
    large: NDArray[np.bool_]
    learn_cpu_s: float = float("nan")
    expect_cpu_s: float = float("nan")

    def mean(self, column: str, *, large: bool = False) -> Mean:
        """Return the mean of a column over all areas or the large ones; NaN where there are none.

        Areas are drawn again with replacement (Efron and Tibshirani 1993, "An Introduction to the Bootstrap",
        chapter 6), the same ones for every row.
        """
        values: NDArray[np.float64] = getattr(self, column)
        values = values[self.large] if large else values
        if not len(values):
            return Mean(np.nan, np.nan, np.nan)
        drawn = stream(0, "commuting bootstrap").integers(len(values), size=(_REPLICATES, len(values)))
        low, high = np.percentile(values[drawn].mean(axis=1), _INTERVAL)
        return Mean(float(values.mean()), float(low), float(high))


def judge_commuting(
    scenes: Sequence[Scene],
    models: Mapping[str, ExpectedFlows],
    *,
    learn_cpu_s: Mapping[str, float] | None = None,
    seed: int = 1000,
    progress: Progress = quiet,
) -> list[CommutingRow]:
    """Return one row a model, after the row of the real flows drawn again.

    Parameters
    ----------
    scenes
        Areas that no model has learned from.
    models
        By name: a function from a scene to its expected flows, shape (Z, Z), finite and not negative. It is given
        scenes without their trips. Flows that add up to 1 are shares and have no total of their own.

    Other Parameters
    ----------------
    learn_cpu_s
        Processor time of training by name [s], for the table.
    seed
        Of the realisations.
    progress
        Told how far it is.

    Raises
    ------
    InputError
        If there are no scenes, or a model answers with anything but flows between the scene's zones.
    """
    if not scenes:
        raise InputError("expected commuting areas to judge on, got none; give a file with areas of 2 zones and more")
    learned = learn_cpu_s or {}
    real = [flows_of(scene) for scene in scenes]
    rows = [_row(FLOOR, real, real, scenes, seed=seed)]
    for step, (name, model) in enumerate(models.items()):
        progress(name, step / len(models))
        begin_s = time.process_time()
        expected = [_asked(name, model, scene) for scene in scenes]
        cpu_s = time.process_time() - begin_s
        row = _row(name, expected, real, scenes, seed=seed)
        rows.append(replace(row, learn_cpu_s=learned.get(name, np.nan), expect_cpu_s=cpu_s))
    return rows


def commuting_table(rows: Sequence[CommutingRow]) -> str:
    """Return the rows as a table in Markdown: means over areas, and 95 % intervals in brackets."""
    large = int(rows[0].large.sum())
    lines = [
        f"| | {len(rows[0].large)} areas | {large} areas with {LARGE_ZONES} zones and more | learning, CPU s "
        "| answering, CPU s |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        for column, words in _COLUMNS.items():
            mean = row.mean(column)
            if not np.isnan(mean.value) and (row.name != FLOOR or column == "sampled"):
                cells = [f"{row.name}, {words}", _cell(mean), _cell(row.mean(column, large=True))]
                cells += [_seconds(row.learn_cpu_s), _seconds(row.expect_cpu_s)] if column == "expected" else ["", ""]
                lines.append("".join(f"| {cell} " if cell else "| " for cell in cells) + "|")
    return "\n".join(lines)


def _cell(mean: Mean) -> str:
    return "-" if np.isnan(mean.value) else f"{mean.value:.3f} [{mean.low:.3f}, {mean.high:.3f}]"


def _seconds(seconds: float) -> str:
    return "" if np.isnan(seconds) else f"{seconds:.1f}"


def _asked(name: str, model: ExpectedFlows, scene: Scene) -> NDArray[np.float64]:
    flows = np.array(model(replace(scene, trips=SceneTrips.none())), np.float64)
    shape = (len(scene), len(scene))
    if flows.shape != shape or not np.isfinite(flows).all() or (flows < 0).any():
        raise InputError(
            f"{name}, {scene.name}: expected finite flows of shape {shape}, none below 0, got shape {flows.shape}"
        )
    np.fill_diagonal(flows, 0.0)
    if flows.sum() <= 0:
        raise InputError(f"{name}, {scene.name}: expected flows between zones, got none")
    return flows


def _row(
    name: str,
    expected: Sequence[NDArray[np.float64]],
    real: Sequence[NDArray[np.float64]],
    scenes: Sequence[Scene],
    *,
    seed: int,
) -> CommutingRow:
    generator = stream(seed, "commuting realisation")
    pairs = list(zip(expected, real, strict=True))
    drawn = [_realised(one, round(flows.sum()), generator) for one, flows in pairs]
    return CommutingRow(
        name=name,
        expected=np.array([common_part_of_commuters(one, flows) for one, flows in pairs]),
        sampled=np.array([common_part_of_commuters(one, flows) for one, flows in zip(drawn, real, strict=True)]),
        own_total=np.array([_own_total(one, flows) for one, flows in pairs]),
        large=np.array([len(scene) >= LARGE_ZONES for scene in scenes]),
    )


def _realised(expected: NDArray[np.float64], commuters: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """Return so many commuters, drawn one by one from the shares of the flows."""
    share = (expected / expected.sum()).ravel()
    return generator.multinomial(commuters, share).reshape(expected.shape).astype(np.float64)


def _own_total(expected: NDArray[np.float64], real: NDArray[np.float64]) -> float:
    if abs(expected.sum() - 1) < _ROUNDING:
        return np.nan
    return common_part_of_commuters(expected, real, match_totals=False)
