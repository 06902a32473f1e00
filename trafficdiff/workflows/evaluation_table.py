"""Draw halves of the real trips, and measure every row of the evaluation against them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.selection import take_trips
from trafficdiff.metrics.edge_flow import trips_over_edges
from trafficdiff.metrics.realism import COLUMNS, FLOW_COLUMNS, flow_realism, make_yardstick, realism
from trafficdiff.workflows.randomness import stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.datatypes.vehicles import VehicleType
    from trafficdiff.metrics.realism import Yardstick

__all__ = ["FIRST_SEED", "City", "Evaluation", "Row"]

FIRST_SEED: Final = 1000
"""Draw k has the seed 1000 + k."""
_CONFIDENCE: Final = 1.96  # of the normal distribution: 95 %


@dataclass(frozen=True, kw_only=True)
class Row:
    """Hold one row of the table.

    Parameters
    ----------
    name
        What was measured.
    values
        Mean over the draws, by column; NaN where the column does not apply.
    margins
        Half of the 95 % interval of one draw, from the bootstrap over trips.
    trips_asked, trips_written, trips_usable
        How many trips were asked for, came, and could be driven, in all draws together.
    """

    name: str
    values: dict[str, float]
    margins: dict[str, float]
    trips_asked: int
    trips_written: int
    trips_usable: int


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Hold the table of one city and what it was made with.

    Parameters
    ----------
    network, real_trips, window_s
        Name of the net, how many real trips there are, and their window [s].
    trips, draws, seeds
        Trips in a draw (n), how many draws, and their seeds.
    fringe_origin_share
        Share of real trips that begin where traffic enters the net.
    deterrence_per_s
        Of the gravity row [1/s].
    variants_tried
        How many variants of the generated demand were tried on this city.
    rows, left_out
        The table, floor first; and rows that could not be made, with the reason.
    cpu_s
        Processor time, tools included [s].
    """

    network: str
    real_trips: int
    window_s: tuple[float, float]
    trips: int
    draws: int
    seeds: tuple[int, ...]
    fringe_origin_share: float
    deterrence_per_s: float
    variants_tried: int
    rows: tuple[Row, ...]
    left_out: dict[str, str] = field(default_factory=dict)
    cpu_s: float = np.nan


class City:
    """Hold the draws of real trips, and measure rows against them.

    Parameters
    ----------
    real
        All real trips.
    kind
        Vehicle type of the baselines; flows are compared on the edges open to its class.
    count, draws
        Trips in a draw, and how many draws.
    replicates
        Bootstrap replicates for the margins, of the first draw.
    """

    def __init__(self, real: TripSet, *, kind: VehicleType, count: int, draws: int, replicates: int) -> None:
        self.real, self.kind, self.count, self.replicates = real, kind, count, replicates
        self.yardstick: Yardstick = make_yardstick(real, vehicle_class=kind.vehicle_class)
        self.seeds = [FIRST_SEED + draw for draw in range(draws)]
        self.halves = [_halves(real, count, seed) for seed in self.seeds]

    @property
    def graph(self) -> RoadGraph:
        """The roads."""
        return self.real.graph

    def row(
        self, name: str, draw: Callable[[int], TripSet], *, asked: int | None = None, written: int | None = None
    ) -> Row:
        """Return the row of something that gives n trips for the number of a draw.

        Parameters
        ----------
        name
            Name of the row.
        draw
            Gives n trips for the number of a draw, 0, 1, ...
        asked, written
            How many trips were asked for and came; left out, as many as are measured.
        """
        measured: list[dict[str, float]] = []
        errors: dict[str, float] = {}
        for number, (reference, _) in enumerate(self.halves):
            first = number == 0
            values, spread = realism(
                draw(number),
                reference,
                yardstick=self.yardstick,
                replicates=self.replicates if first else 0,
                generator=stream(self.seeds[number], "bootstrap"),
            )
            measured.append(values)
            errors = spread if first else errors
        total = self.count * len(self.seeds)
        return _row(name, measured, errors, trips=(asked or total, written or total, total))

    def flow_row(self, name: str, shares: NDArray[np.float64]) -> Row:
        """Return the row of expected flows, up to a factor; only the columns about flows apply."""
        measured, replicated = [], []
        for number, (reference, _) in enumerate(self.halves):
            measured.append(self._flows(shares, reference, None))
            if number == 0:
                generator = stream(self.seeds[0], "bootstrap")
                for _ in range(self.replicates):
                    times = np.bincount(generator.integers(self.count, size=self.count), minlength=self.count)
                    replicated.append(self._flows(shares, reference, times.astype(float)))
        errors = {name: float(np.std([each[name] for each in replicated], ddof=1)) if len(replicated) > 1 else np.nan
                  for name in FLOW_COLUMNS}  # fmt: skip
        return _row(name, measured, errors, trips=(0, 0, 0))

    def _flows(
        self, shares: NDArray[np.float64], reference: TripSet, weight: NDArray[np.float64] | None
    ) -> dict[str, float]:
        edge_count = self.graph.edge_count
        observed = trips_over_edges(reference.edges, reference.offsets, edge_count=edge_count, weight=weight)
        inside = np.where(self.yardstick.drivable, shares, 0.0)
        return flow_realism(inside * observed.sum() / inside.sum(), observed, yardstick=self.yardstick)


def _halves(real: TripSet, count: int, seed: int) -> tuple[TripSet, TripSet]:
    """Return n trips of a random half A of the real trips, and n of the other half B."""
    order = np.random.default_rng(seed).permutation(len(real))
    half = len(real) // 2
    return take_trips(real, order[:count]), take_trips(real, order[half : half + count])


def _row(name: str, measured: list[dict[str, float]], errors: dict[str, float], *, trips: tuple[int, int, int]) -> Row:
    return Row(
        name=name,
        values={key: float(np.mean([each.get(key, np.nan) for each in measured])) for key in COLUMNS},
        margins={key: _CONFIDENCE * errors.get(key, np.nan) for key in COLUMNS},
        trips_asked=trips[0],
        trips_written=trips[1],
        trips_usable=trips[2],
    )
