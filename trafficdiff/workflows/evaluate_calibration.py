"""Judge demand that was calibrated to sparse data, beside SUMO's routeSampler; the protocol of ``docs/evaluation.md``.

::

    real trips ─┬─ half A: reference ──▶ counts on 5 % of its used edges ──┐
                └─ half B: floor ──────▶ 500 observed trips, zone totals ──┼──▶ rows, n trips each, measured against A
    checkpoint that has never seen the city ───────────────────────────────┘

Counts come from A, as a counter counts the very traffic that is to be met. Observed trips and totals come from B: none
of the trips that are measured against was shown to anybody.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.selection import take_trips
from trafficdiff.errors import InputError, TrafficdiffError
from trafficdiff.metrics.calibration_scores import CALIBRATION_COLUMNS, calibration_scores
from trafficdiff.metrics.edge_flow import trips_over_edges
from trafficdiff.workflows.baselines import kind_of, on_shortest_paths, random_trips_pool, routed_to_counts
from trafficdiff.workflows.calibration_evidence import counted_trips, totals_of
from trafficdiff.workflows.evaluate import FLOOR, MOST_TRIPS
from trafficdiff.workflows.evaluation_table import City
from trafficdiff.workflows.progress import quiet
from trafficdiff.workflows.randomness import stream

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from trafficdiff.datatypes.counts import Counts
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.workflows.calibrate import CalibrationData
    from trafficdiff.workflows.progress import Progress

__all__ = [
    "CALIBRATED", "FROM_FILE", "MODEL_SAMPLED", "ROUTE_SAMPLER", "ZERO_SHOT", "CalibrationRow", "CalibrationTable",
    "judge_calibration",
]  # fmt: skip

ZERO_SHOT: Final = "model, no data (zero-shot)"
ROUTE_SAMPLER: Final = "randomTrips + routeSampler"
MODEL_SAMPLED: Final = "model + routeSampler"
FROM_FILE: Final = "a file"
"""Says where counts come from that were really counted."""
CALIBRATED: Final = {
    "counts": "calibrated: counts",
    "observed": "calibrated: observed trips",
    "both": "calibrated: counts and observed trips",
    "totals": "calibrated: zone totals",
}
"""Names of the calibrated rows by what they were calibrated to."""

_SHORTEST: Final = "real OD + shortest path"


@dataclass(frozen=True, kw_only=True)
class CalibrationRow:
    """Hold one row of the table.

    Parameters
    ----------
    name
        What was measured.
    values
        Mean over the draws, by column; NaN where the column does not apply.
    draws
        The values of each draw.
    margins
        Half of the 95 % interval of the first draw, from the bootstrap over trips; NaN where there is none.
    cpu_s
        Processor time of one draw, tools included [s].
    """

    name: str
    values: dict[str, float]
    draws: tuple[dict[str, float], ...]
    margins: dict[str, float]
    cpu_s: float


@dataclass(frozen=True, kw_only=True)
class CalibrationTable:
    """Hold the table of one city and what it was made with.

    Parameters
    ----------
    network, real_trips, trips, window_s, seeds
        Name of the net, real trips, trips in a draw (n), their window [s], and the seed of each draw.
    counted_edges, used_edges, counts_from
        How many edges are counted and used, and where the counts come from.
    observed
        How many observed trips are shown.
    rows, left_out
        The table, floor first; and rows that could not be made, with the reason.
    cpu_s
        Processor time, tools included [s].
    """

    network: str
    real_trips: int
    trips: int
    window_s: tuple[float, float]
    seeds: tuple[int, ...]
    counted_edges: int
    used_edges: int
    counts_from: str
    observed: int
    rows: tuple[CalibrationRow, ...]
    left_out: dict[str, str] = field(default_factory=dict)
    cpu_s: float = np.nan

    def row(self, name: str) -> CalibrationRow | None:
        """Return the row of a name, or None."""
        return next((row for row in self.rows if row.name == name), None)


def judge_calibration(
    real: TripSet,
    *,
    checkpoint: Path | None = None,
    counts: Counts | None = None,
    draws: int = 3,
    trips: int = MOST_TRIPS,
    counted_share: float = 0.05,
    busiest: bool = False,
    observed: int = 500,
    only: frozenset[str] = frozenset(CALIBRATED),
    replicates: int = 100,
    progress: Progress = quiet,
) -> CalibrationTable:
    """Measure calibrated demand and its baselines against real trips.

    Parameters
    ----------
    real
        Real trips.
    checkpoint
        Demand model that has never seen the city (default: the one that travels with the package).
    counts
        What was really counted in the city: then all rows make as many trips as there are real ones, and n of them
        are measured. Left out, `counted_share` of the edges that half A uses are counted, others in each draw.

    Other Parameters
    ----------------
    draws, trips, replicates
        How many draws, most trips in one, and bootstrap replicates (of the first draw).
    busiest
        Whether the busiest edges are counted, as people who choose places do, and not random ones.
    observed
        Trips of half B that are shown.
    only
        Which calibrated rows are made, by the keys of `CALIBRATED`.
    progress
        Told what is being done.

    Raises
    ------
    InputError
        If there are too few trips for two halves, or the share is not above 0 and at most 1.
    """
    if len(real) < 4 or draws < 1 or not 0 < counted_share <= 1:
        raise InputError(
            f"expected at least 4 real trips, 1 draw, and a counted share above 0 and at most 1, got {len(real)}, "
            f"{draws} and {counted_share:g}"
        )
    started_s = _cpu_s()
    count = min(MOST_TRIPS, trips, len(real) // 2)
    city = City(real, kind=kind_of(real), count=count, draws=draws, replicates=replicates)
    judge = _Judge(city, counts=counts, counted_share=counted_share, busiest=busiest, observed=observed,
                   checkpoint=checkpoint)  # fmt: skip
    rows, left_out = [], {}
    for name, make in judge.rows(only).items():
        progress(name, None)
        try:
            rows.append(judge.row(name, make))
        except TrafficdiffError as error:
            left_out[name] = str(error)
    return CalibrationTable(
        network=real.graph.name or real.graph.net_path.name,
        real_trips=len(real),
        trips=count,
        window_s=real.window_s,
        seeds=tuple(city.seeds),
        counted_edges=len(np.unique(judge.shown[0].edge)),
        used_edges=len(np.unique(city.halves[0][0].edges)),
        counts_from=FROM_FILE
        if counts is not None
        else f"{counted_share:.0%} of the edges that half A uses{', the busiest' if busiest else ''}",
        observed=min(observed, count),
        rows=tuple(rows),
        left_out=left_out,
        cpu_s=_cpu_s() - started_s,
    )


class _Judge:
    """Hold what each draw shows, and make and measure rows."""

    def __init__(
        self, city: City, *, counts: Counts | None, counted_share: float, busiest: bool, observed: int,
        checkpoint: Path | None,
    ) -> None:  # fmt: skip
        self.city, self.given, self.checkpoint, self.observed = city, counts, checkpoint, observed
        self.asked = city.count if counts is None else len(city.real)
        self.shown = [
            counts if counts is not None else counted_trips(reference, share=counted_share, seed=seed, busiest=busiest)
            for (reference, _), seed in zip(city.halves, city.seeds, strict=True)
        ]
        self.zero_shot: dict[int, TripSet] = {}

    def rows(self, only: frozenset[str]) -> Mapping[str, Callable[[int], TripSet]]:
        """Return what makes each row, by name; zero-shot last, as calibration draws it on its way."""
        own = {name: self._calibrated(key) for key, name in CALIBRATED.items() if key in only}
        return {
            FLOOR: self._real,
            _SHORTEST: lambda number: on_shortest_paths(self._real(number)),
            ROUTE_SAMPLER: self._sampled_routes,
            MODEL_SAMPLED: self._sampled_model_routes,
            **own,
            ZERO_SHOT: self._zero_shot,
        }

    def _real(self, number: int) -> TripSet:
        """Return half B; where counts are of a whole city, all trips, of which `_some` measures half B."""
        return self.city.halves[number][1] if self.given is None else self.city.real

    @property
    def window_s(self) -> tuple[float, float]:
        """Window of the real trips [s]; wide enough for counts that begin seconds before the first of them."""
        begin_s, end_s = self.city.real.window_s
        if self.given is None:
            return begin_s, end_s
        return min(begin_s, float(self.given.begin_s.min())), max(end_s, float(self.given.end_s.max()))

    def row(self, name: str, make: Callable[[int], TripSet]) -> CalibrationRow:
        """Return a row over all draws.

        Raises
        ------
        InputError
            If fewer trips came than are measured.
        """
        measured: list[dict[str, float]] = []
        errors: dict[str, float] = {}
        spent_s = 0.0
        for number, (reference, _) in enumerate(self.city.halves):
            began_s = _cpu_s()
            made = make(number)
            spent_s += _cpu_s() - began_s
            values, spread = calibration_scores(
                made if len(made) == self.city.count else self._some(made, number, name),
                reference,
                yardstick=self.city.yardstick,
                counts=self.shown[number],
                counted=trips_over_edges(made.edges, made.offsets, edge_count=self.city.graph.edge_count),
                replicates=self.city.replicates if number == 0 else 0,
                generator=stream(self.city.seeds[number], "bootstrap"),
            )
            measured.append(values)
            errors = errors or spread
        table = {key: np.array([each.get(key, np.nan) for each in measured]) for key in CALIBRATION_COLUMNS}
        return CalibrationRow(
            name=name,
            values={key: float(values.mean()) for key, values in table.items()},
            draws=tuple(measured),
            margins={key: 1.96 * errors.get(key, np.nan) for key in table},
            cpu_s=spent_s / len(measured),
        )

    def _some(self, made: TripSet, number: int, name: str) -> TripSet:
        if len(made) < self.city.count:
            raise InputError(f"only {len(made)} trips came, {self.city.count} are measured")
        if name in {FLOOR, _SHORTEST}:
            return take_trips(
                made, np.flatnonzero(np.isin(self.city.real.trip_id, self.city.halves[number][1].trip_id))
            )
        generator = stream(self.city.seeds[number], f"measured: {name}")
        return take_trips(made, generator.permutation(len(made))[: self.city.count])

    def _sampled_routes(self, number: int) -> TripSet:
        """Return what routeSampler makes of as many random trips as are asked for.

        Of 1, 3 and 10 times as many candidates, plain, ``--weighted``, ``--optimize``, ``--min-count`` and
        ``--minimize-vehicles``, this served the tool best in the mean flow correlation of three cities.
        """
        city, seed = self.city, self.city.seeds[number]
        pool, _, _ = random_trips_pool(city.graph, self.asked, kind=city.kind, window_s=city.real.window_s, seed=seed)
        return routed_to_counts(pool, counts=self.shown[number], total=self.asked, seed=seed)

    def _sampled_model_routes(self, number: int) -> TripSet:
        pool, seed = self._drawn(number), self.city.seeds[number]
        return routed_to_counts(pool, counts=self.shown[number], total=self.asked, seed=seed, weighted=True)

    def _zero_shot(self, number: int) -> TripSet:
        """Return what calibration drew before it looked at any data, or a draw of the model where nothing was."""
        return self.zero_shot[number] if number in self.zero_shot else self._drawn(number)

    def _drawn(self, number: int) -> TripSet:
        from trafficdiff.workflows.model_trips import city_of, open_checkpoint, trips_of_one_kind

        city = self.city
        return trips_of_one_kind(
            city_of(city.graph),
            open_checkpoint(self.checkpoint),
            self.asked,
            kind=city.kind,
            window_s=city.real.window_s,
            generator=stream(city.seeds[number], "evaluation: model"),
        )

    def _calibrated(self, key: str) -> Callable[[int], TripSet]:
        from trafficdiff.datatypes.scenario import ModelDemand
        from trafficdiff.workflows.calibrate import calibrate

        def make(number: int) -> TripSet:
            made = calibrate(
                self.city.graph,
                trips=self.asked,
                window_s=self.window_s,
                data=self._data(key, number),
                seed=self.city.seeds[number],
                demand=ModelDemand(trips=self.asked),
                checkpoint=self.checkpoint,
            )
            self.zero_shot[number] = made.uncalibrated
            return made.trips

        return make

    def _data(self, key: str, number: int) -> CalibrationData:
        """Return what one row of one draw is calibrated to."""
        from trafficdiff.workflows.calibrate import CalibrationData

        other = self.city.halves[number][1]
        parts: dict[str, Any] = {}
        if key in {"counts", "both"}:
            parts["counts"] = self.shown[number]
        if key in {"observed", "both"}:
            parts["observed"] = take_trips(other, np.arange(len(other))[: min(self.observed, len(other))])
        if key == "totals":
            parts["totals"] = totals_of(other)
        return CalibrationData(**parts)


def _cpu_s() -> float:
    return float(sum(os.times()[:4]))
