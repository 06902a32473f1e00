"""Measure what tuning to a city's own trips brings, beside its floor, drawing the given trips again, and privacy.

    python scripts/evaluate_fine_tuning.py --network NET --routes REAL [--checkpoint FILE] [--learned 100 500 0]
        [--epsilon 8 3 1] [--draws 1] [--trips 5000] [-o TABLE.json]

Every draw splits the real trips as `trafficdiff evaluate` does: half A is what rows are measured against, and only of
half B trips are learned, as many as `--learned` says (0 for all of them). Rows are drawn on shortest paths. With
`--epsilon` the rows of differential privacy follow, each learned from as many trips. Give a checkpoint that has not
seen the city; the network sees it without points of interest.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trafficdiff.datatypes.selection import take_trips
from trafficdiff.datatypes.trip_files import read_trips
from trafficdiff.diffusion.tuning_settings import PrivacySettings, TuningSettings
from trafficdiff.errors import InputError
from trafficdiff.roads.load import load_network
from trafficdiff.workflows.baselines import kind_of, on_shortest_paths
from trafficdiff.workflows.evaluation_table import City as Bench
from trafficdiff.workflows.fine_tune import tuned
from trafficdiff.workflows.model_demand import City, open_city
from trafficdiff.workflows.model_trips import open_checkpoint, trips_of_one_kind
from trafficdiff.workflows.randomness import stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.diffusion.checkpoint import Checkpoint

COLUMNS = ("flow_pearson", "flow_spearman", "rmse_sqrt_flow", "cpc_od_8x8", "cpc_od", "jsd_length", "geh5_used",
           "share_identical_to_a_real_route")  # fmt: skip


class Judge:
    """Hold a city, its draws, and the model that is tuned."""

    def __init__(self, real: TripSet, checkpoint: Checkpoint, *, draws: int, trips: int) -> None:
        self.real, self.checkpoint, self.kind = real, checkpoint, kind_of(real)
        count = min(trips, len(real) // 2)
        self.bench = Bench(real, kind=self.kind, count=count, draws=draws, replicates=0)
        self.city = open_city(real.graph)
        self.rows: list[dict[str, Any]] = []

    def given(self, draw: int, learned: int) -> TripSet:
        """Return trips of half B."""
        _, half = self.bench.halves[draw]
        chosen = stream(self.bench.seeds[draw], "fine-tuning: given").permutation(len(half))
        return take_trips(half, chosen[: learned or None])

    def row(self, name: str, make: Callable[[int], TripSet]) -> None:
        """Measure and print a row."""
        started_s = time.process_time()
        found = self.bench.row(name, make)
        values = {column: found.values[column] for column in COLUMNS}
        self.rows.append({"name": name, **values, "cpu_s": round(time.process_time() - started_s, 1)})
        print(f"| {name} | " + " | ".join(f"{value:.3f}" for value in values.values()) + " |", flush=True)

    def drawn(self, draw: int, checkpoint: Checkpoint, city: City | None = None) -> TripSet:
        """Return trips that a model draws."""
        return trips_of_one_kind(
            city or self.city, checkpoint, self.bench.count, kind=self.kind, window_s=self.real.window_s,
            generator=stream(self.bench.seeds[draw], "fine-tuning: drawn"),
        )  # fmt: skip

    def again(self, draw: int, learned: int) -> TripSet:
        """Return the given trips, drawn with replacement."""
        generator = stream(self.bench.seeds[draw], "fine-tuning: again")
        return drawn_again(self.given(draw, learned), self.bench.count, generator)

    def tuned(self, draw: int, learned: int, privacy: PrivacySettings | None) -> TripSet:
        """Return trips of the model tuned to the given ones."""
        settings = TuningSettings()
        local, about = tuned(self.city, self.checkpoint, self.given(draw, learned), settings=settings, privacy=privacy)
        print(f"  {about.get('stopped') or about.get('privacy')}", flush=True)
        return self.drawn(
            draw, self.checkpoint, City(self.city.graph, replace(self.city.scene, local=local), self.city.ways)
        )


def drawn_again(trips: TripSet, count: int, generator: np.random.Generator) -> TripSet:
    """Return trips drawn from others with replacement."""
    rows = np.sort(generator.integers(len(trips), size=count))
    lengths = trips.route_lengths[rows]
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    along = np.repeat(trips.offsets[:-1][rows] - offsets[:-1], lengths) + np.arange(offsets[-1])
    return replace(
        trips, trip_id=np.array([f"again_{place}" for place in range(count)], trips.trip_id.dtype),
        depart_s=trips.depart_s[rows], offsets=offsets, edges=trips.edges[along],
        vehicle_type=trips.vehicle_type[rows], state_of_charge=trips.state_of_charge[rows],
        battery_kwh=trips.battery_kwh[rows], charging_stops=None,
    )  # fmt: skip


def main() -> None:
    """Open, tune, measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", required=True)
    parser.add_argument("--routes", required=True, type=Path)
    parser.add_argument("--types", action="append", default=[], type=Path)
    parser.add_argument("--checkpoint", type=Path, help="the shipped one if left out")
    parser.add_argument("--learned", nargs="+", type=int, default=[100, 500, 0])
    parser.add_argument("--epsilon", nargs="*", type=float, default=[])
    parser.add_argument("--draws", type=int, default=1)
    parser.add_argument("--trips", type=int, default=5_000)
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args()
    real = read_trips(options.routes, load_network(options.network), type_files=options.types)
    judge = Judge(real, open_checkpoint(options.checkpoint), draws=options.draws, trips=options.trips)
    print("| | " + " | ".join(COLUMNS) + " |\n|---" + "|---" * len(COLUMNS) + "|")
    judge.row("real half B (floor)", lambda draw: judge.bench.halves[draw][1])
    judge.row("real OD + shortest path", lambda draw: on_shortest_paths(judge.bench.halves[draw][1]))
    judge.row("never tuned", lambda draw: judge.drawn(draw, judge.checkpoint))
    for learned in options.learned:
        name = f"{learned} trips" if learned else "half of the trips"
        judge.row(f"{name}: drawn again", partial(judge.again, learned=learned))
        for epsilon in (None, *options.epsilon):
            privacy = None if epsilon is None else PrivacySettings(epsilon=epsilon)
            label = f"{name}: tuned" + ("" if epsilon is None else f", epsilon {epsilon:g}")
            try:
                judge.row(label, partial(judge.tuned, learned=learned, privacy=privacy))
            except InputError as error:
                print(f"  {label}: {error}", flush=True)
    if options.output:
        table = {"network": options.network, "trips": judge.bench.count, "draws": options.draws, "rows": judge.rows}
        options.output.write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
