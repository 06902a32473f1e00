"""Make AV scenes of rare and dangerous kinds on a real network, and keep those that turned out as asked.

::

    ranges ─▶ Sobol points ─▶ choreography at a place ─▶ replay among traffic ─▶ measured ─┬─ as asked ─▶ scene
                   ▲                   ▲ refused: next place, next point                  └─ not ─▶ other place, time
"""

from __future__ import annotations

import csv
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.edge_case import EdgeCase
from trafficdiff.errors import Faults, InputError, TrafficdiffError
from trafficdiff.publish import publishing, real_path, refuse_taken, scratch
from trafficdiff.scenarios.edge_case_drawing import chosen_types, parse_range, ranges_of
from trafficdiff.scenarios.edge_case_sampling import Coverage, coverage_of, random_coverage
from trafficdiff.workflows.progress import quiet
from trafficdiff.workflows.randomness import stream

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from trafficdiff.datatypes.edge_case import EdgeCaseType, ParameterRange
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.workflows.progress import Progress
    from trafficdiff.workflows.scenes_make_staging import Stage

__all__ = ["CASES", "KIND", "MadeScenes", "TypeSummary", "make_scenes"]

KIND: Final = "staged scenes"
CASES: Final = "scenes.json"
_TABLE: Final = "scenes.csv"
_NET: Final = "net.xml.gz"
_MOST: Final = 10_000


@dataclass(frozen=True)
class TypeSummary:
    """Say how the cases of one type turned out.

    Parameters
    ----------
    type
        Its name.
    cases, valid, at_once
        How many were asked for, are kept, and were right at the first attempt.
    error_median, error_largest
        Deviation of what was achieved from what was asked, over kept cases, relative [1].
    coverage, random
        Of the parameter space, by the kept cases and by as many plain random points.
    refused
        Why drawn points or places were given up, and how often.
    """

    type: str
    cases: int
    valid: int
    at_once: int
    error_median: float
    error_largest: float
    coverage: Coverage
    random: Coverage
    refused: dict[str, int]


@dataclass(frozen=True)
class MadeScenes:
    """Say what was made: the directory, all cases, a summary a type, processor time [s]."""

    directory: Path
    cases: tuple[EdgeCase, ...]
    types: tuple[TypeSummary, ...]
    cpu_s: float


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """Hold what a user asks for, checked.

    Parameters
    ----------
    types
        Types to make.
    count
        Cases of each.
    ranges
        Of the parameters, by type.
    varied
        Parameters that the user has set.
    """

    types: tuple[EdgeCaseType, ...]
    count: int
    ranges: dict[str, dict[str, ParameterRange]]
    varied: frozenset[str] = field(default_factory=frozenset)


def make_scenes(
    word: str,
    network: str,
    *,
    count: int,
    seed: int,
    directory: Path,
    vary: Sequence[str] = (),
    demand: str = "model",
    trips_per_hour: int | None = None,
    copy_net: bool = True,
    progress: Progress = quiet,
) -> MadeScenes:
    """Make scenes of one type, or of all, and publish them in one directory, whole or not at all.

    Parameters
    ----------
    word
        A type of the catalogue, or ``all``.
    network
        As `trafficdiff.roads.load.load_network` takes it.

    Other Parameters
    ----------------
    count, seed
        Cases of each type, and of everything random.
    directory
        The directory to make: a scene a folder, ``scenes.csv`` and ``scenes.json``, the net.
    vary
        Ranges, each ``name=low:high`` or ``name=value``.
    demand, trips_per_hour
        Kind of the traffic's demand (``model``, ``uniform`` or ``gravity``), and how much; by default by the length of
        the roads.
    copy_net
        Whether the net travels along; else the scenes point to the network's.
    progress
        Receives stages and shares.

    Raises
    ------
    InputError
        Naming all that cannot be used, before any work: type, ranges, numbers, network, directory.
    SimulationError
        If SUMO failed.
    """
    from trafficdiff.workflows.scenes_make_staging import Stage

    started = time.process_time()
    wishes, graph = _checked(word, network, count=count, seed=seed, directory=directory, vary=vary, progress=progress,
                             demand=demand, trips_per_hour=trips_per_hour)  # fmt: skip
    with publishing(directory, kind=KIND) as made, scratch("staging") as work:
        stage = Stage.open(
            graph, wishes, seed=seed, demand=demand, trips_per_hour=trips_per_hour, work=work, progress=progress
        )
        net_file = _net_of(graph, made) if copy_net else graph.net_path
        cases, summaries, sumo_s = _all_types(stage, wishes, made=made, net_file=net_file, progress=progress)
        _refuse_nothing(cases)
        _write(made, cases, summaries, wishes=wishes, provenance=stage.provenance)
    return MadeScenes(directory, tuple(cases), tuple(summaries), time.process_time() - started + sumo_s)


def _all_types(
    stage: Stage, wishes: Wishes, *, made: Path, net_file: Path, progress: Progress
) -> tuple[list[EdgeCase], list[TypeSummary], float]:
    """Stage the cases of all types; return them, a summary a type, and SUMO's time [s]."""
    from trafficdiff.workflows.scenes_make_staging import cases_of

    cases: list[EdgeCase] = []
    summaries: list[TypeSummary] = []
    sumo_s = 0.0
    for number, kind in enumerate(wishes.types):
        told = _share_of(kind.name, number, len(wishes.types), progress)
        played = cases_of(stage, kind, wishes=wishes, made=made, net_file=net_file, progress=told)
        cases += played.cases
        sumo_s += played.sumo_s
        summaries.append(_summary(kind, played.cases, played.points, played.refused, seed=stage.seed))
    return cases, summaries, sumo_s


def _checked(
    word: str,
    network: str,
    *,
    count: int,
    seed: int,
    directory: Path,
    vary: Sequence[str],
    demand: str,
    trips_per_hour: int | None,
    progress: Progress,
) -> tuple[Wishes, RoadGraph]:
    """Return wishes and roads, or raise with every fault of all of them."""
    from trafficdiff.roads.load import load_network

    faults = Faults("scenes make")
    types = chosen_types(word, faults)
    if not 1 <= count <= _MOST:
        faults.add(f"expected a count from 1 to {_MOST:,}, got {count}")
    if seed < 0:
        faults.add(f"expected a seed of at least 0, got {seed}")
    if demand not in {"model", "uniform", "gravity"}:
        faults.add(f"expected demand model, uniform or gravity, got {demand!r}")
    if trips_per_hour is not None and not 1 <= trips_per_hour <= 1_000_000:
        faults.add(f"expected 1 to 1,000,000 trips an hour, got {trips_per_hour}")
    parsed = [one for text in vary if (one := parse_range(text, faults)) is not None]
    names = [name for name, _, _ in parsed]
    for name in sorted({name for name in names if names.count(name) > 1}):
        faults.add(f"{name}: expected one range, got {names.count(name)}")
    wanted = {name: (low, high) for name, low, high in parsed}
    ranges = ranges_of(types, wanted, faults) if types else {}
    graph = None
    progress("opening the network", None)
    for step in (lambda: refuse_taken(real_path(directory)), lambda: load_network(network)):
        try:
            graph = step()
        except TrafficdiffError as error:
            for fault in error.faults or (str(error),):
                faults.add(fault)
    if graph is not None and graph.left_hand:
        faults.add("expected a network where traffic keeps right, got one where it keeps left; choose another")
    faults.raise_if_any(InputError)
    assert graph is not None
    return Wishes(types=types, count=count, ranges=ranges, varied=frozenset(wanted)), graph


def _share_of(name: str, number: int, types: int, progress: Progress) -> Callable[[float], None]:
    """Return a function that turns the share of one type into that of all."""
    progress(f"staging {name}", number / types)
    return lambda share: progress(f"staging {name}", (number + share) / types)


def _refuse_nothing(cases: Sequence[EdgeCase]) -> None:
    """Refuse to publish a directory without a single scene."""
    if not any(case.valid for case in cases):
        reasons = sorted({case.reason for case in cases})
        raise InputError(
            f"expected scenes that are possible, got none of {len(cases)}: {'; '.join(reasons[:3])}. Move the "
            "ranges, or choose another network"
        )


def _net_of(graph: RoadGraph, made: Path) -> Path:
    """Put the net beside the scenes and return its path."""
    import gzip

    from trafficdiff.screening import open_screened

    target = made / _NET
    with (
        open_screened(graph.net_path, error=InputError) as source,
        target.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed,
    ):
        while block := source.read(1 << 20):
            packed.write(block)
    return target


def _summary(
    kind: EdgeCaseType, cases: Sequence[EdgeCase], points: NDArray[np.float64], refused: Mapping[str, int], *, seed: int
) -> TypeSummary:
    kept = [case for case in cases if case.valid]
    errors = np.array([case.error for case in kept]) if kept else np.array([np.nan])
    generator = stream(seed, f"coverage {kind.name}")
    count, dimensions = max(len(points), 2), points.shape[1]
    return TypeSummary(
        type=kind.name, cases=len(cases), valid=len(kept),
        at_once=sum(case.valid and case.attempts == 1 for case in cases),
        error_median=float(np.median(errors)), error_largest=float(errors.max()),
        coverage=coverage_of(points) if len(points) > 1 else Coverage(float("nan"), float("nan")),
        random=random_coverage(count, dimensions=dimensions, generator=generator), refused=dict(refused),
    )  # fmt: skip


def _write(
    made: Path,
    cases: Sequence[EdgeCase],
    summaries: Sequence[TypeSummary],
    *,
    wishes: Wishes,
    provenance: Mapping[str, str],
) -> None:
    import dataclasses

    content: dict[str, Any] = {
        "format": 1, "provenance": dict(provenance),
        "types": [dataclasses.asdict(one) for one in summaries],
        "ranges": {name: {key: one.model_dump() for key, one in ranges.items()}
                   for name, ranges in wishes.ranges.items()},
        "scenes": [case.model_dump(mode="json") | {"error": None if case.achieved is None else case.error}
                   for case in cases],
    }  # fmt: skip
    text = json.dumps(_finite(content), indent=1, ensure_ascii=False, allow_nan=False)
    (made / CASES).write_text(text + "\n", encoding="utf-8")
    names = sorted({name for case in cases for name in case.parameters})
    plain = [name for name in EdgeCase.model_fields if name not in {"parameters", "refused"}]
    with (made / _TABLE).open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow([*plain, *names])
        for case in cases:
            row = case.model_dump()
            table.writerow([row[name] for name in plain] + [case.parameters.get(name, "") for name in names])


def _finite(value: Any) -> Any:
    """Return plain content in which what is not finite is null."""
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
