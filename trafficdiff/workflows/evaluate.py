"""Judge demand beside real trips and beside every baseline; the protocol of ``docs/evaluation.md``.

::

    real trips ──draw k──▶ half A (reference)      every row: n trips, measured against A
                    └────▶ half B (floor) ──▶ real OD + shortest path
    net ─────────────────▶ uniform, length-weighted, betweenness, gravity, randomTrips (+ routeSampler with counts)
    net, checkpoints ────▶ model
    files ───────────────▶ generated
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from trafficdiff.datatypes.selection import take_trips
from trafficdiff.demand.gravity import DETERRENCE_PER_S
from trafficdiff.demand.places import find_places
from trafficdiff.errors import InputError
from trafficdiff.workflows.baselines import (
    Weights,
    evenly,
    kind_of,
    on_shortest_paths,
    random_trips_pool,
    routed_to_counts,
)
from trafficdiff.workflows.evaluation_table import FIRST_SEED, City, Evaluation, Row
from trafficdiff.workflows.progress import quiet
from trafficdiff.workflows.randomness import stream

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from trafficdiff.datatypes.counts import Counts
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.diffusion.checkpoint import Checkpoint
    from trafficdiff.workflows.progress import Progress

__all__ = ["FLOOR", "MOST_TRIPS", "SHIPPED_WORD", "evaluate", "judge"]

MOST_TRIPS: Final = 5_000
"""Most trips in a draw."""
FLOOR: Final = "real half B (floor)"
SHIPPED_WORD: Final = "shipped"
"""Names the checkpoint that travels with the package."""
_FRINGE_FACTOR: Final = 5.0


def evaluate(
    network: str,
    *,
    routes: Path,
    generated: Sequence[Path] = (),
    models: Sequence[str] = (),
    counts: Path | None = None,
    type_files: Sequence[Path] = (),
    progress: Progress = quiet,
    **options: Any,
) -> Evaluation:
    """Open the network and the files, and judge.

    Parameters
    ----------
    network
        Whatever names a network.
    routes
        Real trips with routes.
    generated
        Files of generated trips with routes.
    models
        Checkpoints of demand models; `SHIPPED_WORD` is the one that travels with the package.
    counts
        Edge data or CSV; adds the row of randomTrips and routeSampler.
    type_files
        SUMO files with the vehicle types of the real trips.
    progress
        Told what is being done.
    options
        Further options of `judge`.

    Raises
    ------
    InputError
        If a file cannot be used, or there are too few trips.
    """
    from trafficdiff.datatypes.counts import read_counts
    from trafficdiff.datatypes.trip_files import read_trips
    from trafficdiff.roads.load import load_network

    opened = _checkpoints(models)
    progress("opening the network", None)
    graph = load_network(network)
    progress("reading the trips", None)
    real = read_trips(routes, graph, type_files=type_files)
    files = {path.name: read_trips(path, graph, type_files=type_files) for path in generated}
    if len(files) != len(generated):
        raise InputError("expected generated files of different names, got one name twice; rename one")
    counted = None if counts is None else read_counts(counts, graph)
    return judge(real, generated=files, models=opened, counts=counted, progress=progress, **options)


def _checkpoints(models: Sequence[str]) -> dict[str, Checkpoint]:
    """Return the checkpoints by the names of their rows."""
    from trafficdiff.workflows.model_trips import open_checkpoint

    words = {word if word == SHIPPED_WORD else Path(word).name: word for word in models}
    if len(words) != len(models):
        raise InputError("expected checkpoints of different names, got one name twice; rename one")
    return {name: open_checkpoint(None if word == SHIPPED_WORD else Path(word)) for name, word in words.items()}


def judge(
    real: TripSet,
    *,
    generated: Mapping[str, TripSet] | None = None,
    models: Mapping[str, Checkpoint] | None = None,
    counts: Counts | None = None,
    draws: int = 3,
    trips: int = MOST_TRIPS,
    replicates: int = 100,
    deterrence_per_s: float = DETERRENCE_PER_S,
    variants_tried: int = 0,
    sumo_tools: bool = True,
    progress: Progress = quiet,
) -> Evaluation:
    """Measure generated trips and every baseline against real trips.

    Parameters
    ----------
    real
        Real trips.
    generated
        Sets of generated trips on the same net, by name.
    models
        Demand models by name; each draws n trips of one day in every draw.
    counts
        Counted traffic, for the row that is calibrated to it.

    Other Parameters
    ----------------
    draws, trips
        How many draws, and most trips in one.
    replicates
        Bootstrap replicates for the intervals; they are of the first draw.
    deterrence_per_s
        Of the gravity row: for a city that the shipped constant was fitted on, give the fit of the others [1/s].
    variants_tried
        How many variants of the generated demand were tried on this city; printed with the table.
    sumo_tools
        Whether the rows of SUMO's tools are made.
    progress
        Told what is being done.

    Raises
    ------
    InputError
        If there are too few trips for two halves, `draws` is below 1, or the deterrence is not from -1 to 1.
    SimulationError
        If a tool of SUMO fails.
    """
    started_s = _cpu_s()
    if not -1 <= deterrence_per_s <= 1:
        raise InputError(f"expected a deterrence from -1 to 1 [1/s of free-flow time], got {deterrence_per_s}")
    generated, models = generated or {}, models or {}
    count = _trips_in_a_draw(real, generated, draws=draws, trips=trips)
    city = City(real, kind=kind_of(real), count=count, draws=draws, replicates=replicates)
    left_out: dict[str, str] = {}
    rows = list(_baseline_rows(city, deterrence_per_s=deterrence_per_s, progress=progress))
    if sumo_tools:
        rows += _tool_rows(city, counts, left_out=left_out, progress=progress)
    rows += _model_rows(city, models, progress=progress)
    for name, made in generated.items():
        progress(name, None)
        rows.append(_sampled(city, f"generated: {name}", made, asked=len(made), written=len(made)))
    enters = find_places(real.graph, city.kind).enters
    return Evaluation(
        network=real.graph.name or real.graph.net_path.name,
        real_trips=len(real),
        window_s=real.window_s,
        trips=count,
        draws=draws,
        seeds=tuple(FIRST_SEED + draw for draw in range(draws)),
        fringe_origin_share=float(enters[real.edges[real.offsets[:-1]]].mean()),
        deterrence_per_s=deterrence_per_s,
        variants_tried=max(variants_tried, len(generated) + len(models)),
        rows=tuple(rows),
        left_out=left_out,
        cpu_s=_cpu_s() - started_s,
    )


def _cpu_s() -> float:
    return float(sum(os.times()[:4]))


def _trips_in_a_draw(real: TripSet, generated: Mapping[str, TripSet], *, draws: int, trips: int) -> int:
    if draws < 1 or trips < 2:
        raise InputError(f"expected at least one draw of at least two trips, got {draws} of {trips}")
    if len(real) < 4:
        raise InputError(f"expected at least 4 real trips for two halves, got {len(real)}; give more")
    count = min([MOST_TRIPS, trips, len(real) // 2, *map(len, generated.values())])
    if count < 2:
        raise InputError("expected at least two generated trips in every file, got fewer; generate more")
    return count


def _baseline_rows(city: City, *, deterrence_per_s: float, progress: Progress) -> Iterator[Row]:
    """Yield the floor and the baselines of our own."""
    from trafficdiff.roads.centrality import betweenness

    def drawn(name: str, weights: Weights) -> Row:
        progress(name, None)
        return city.row(
            name,
            lambda number: evenly(
                city.graph,
                city.count,
                weights=weights,
                kind=city.kind,
                window_s=city.real.window_s,
                generator=stream(city.seeds[number], f"evaluation: {name}"),
            ),
        )

    progress(FLOOR, None)
    yield city.row(FLOOR, lambda number: city.halves[number][1])
    yield city.row("real OD + shortest path", lambda number: on_shortest_paths(city.halves[number][1]))
    yield drawn("uniform OD + shortest path", Weights())
    yield drawn("length-weighted OD", Weights(by_length=True))
    progress("betweenness", None)
    yield city.flow_row("betweenness", betweenness(city.graph, vehicle_class=city.kind.vehicle_class))
    yield drawn("gravity", Weights(by_length=True, fringe_factor=_FRINGE_FACTOR, deterrence_per_s=deterrence_per_s))


def _tool_rows(city: City, counts: Counts | None, *, left_out: dict[str, str], progress: Progress) -> Iterator[Row]:
    """Yield the rows of SUMO's tools."""
    name = "randomTrips, fringe factor 5"
    progress(name, None)
    needed = city.count * len(city.seeds)
    pool, asked, written = random_trips_pool(
        city.graph, needed, kind=city.kind, window_s=city.real.window_s, seed=FIRST_SEED
    )
    if len(pool) < city.count:
        left_out[name] = f"of {written} pairs only {len(pool)} have a way between them, {city.count} are needed"
        return
    yield _sampled(city, name, pool, asked=asked, written=written)
    if counts is None:
        return
    name = "randomTrips + routeSampler"
    progress(name, None)
    fitted = routed_to_counts(pool, counts=counts, total=len(city.real), seed=FIRST_SEED)
    if len(fitted) < city.count:
        left_out[name] = f"the tool wrote {len(fitted)} trips, {city.count} are needed"
        return
    yield _sampled(city, name, fitted, asked=len(city.real), written=len(fitted))


def _model_rows(city: City, models: Mapping[str, Checkpoint], *, progress: Progress) -> Iterator[Row]:
    """Yield a row for each demand model, on the net as it is opened: with the places around it where they are known."""
    from trafficdiff.workflows.model_trips import city_of, trips_of_one_kind

    if not models:
        return
    seen = city_of(city.graph)

    def row(name: str, checkpoint: Checkpoint) -> Row:
        progress(name, None)
        return city.row(
            name,
            lambda number: trips_of_one_kind(
                seen,
                checkpoint,
                city.count,
                kind=city.kind,
                window_s=city.real.window_s,
                generator=stream(city.seeds[number], f"evaluation: {name}"),
            ),
        )

    for name, checkpoint in models.items():
        yield row(f"model: {name}", checkpoint)


def _sampled(city: City, name: str, trips: TripSet, *, asked: int, written: int) -> Row:
    """Return the row of a larger set, n trips of it at random in each draw."""

    def draw(number: int) -> TripSet:
        generator = stream(city.seeds[number], f"evaluation: {name}")
        return take_trips(trips, generator.permutation(len(trips))[: city.count])

    return replace(city.row(name, draw, asked=asked, written=written), trips_usable=len(trips))
