"""Tell a joint sample from independent draws: days that differ, trips that are alike, and what some say of the others.

    python scripts/measure_joint.py [--network NET ...] [--checkpoint FILE] [--ablation FILE ...] [--routes FILE ...]

Each model draws days (seeds) of trips and routes them. Three statistics:

1. Corridors. The variance over days of the number of trips on each of the 20 busiest edges, and between each of the 20
   busiest pairs of zones, over that of independent trips, N p (1 - p); the mean over corridors. 1 where trips are
   independent, above it where a day moves many trips together, below it where trips keep out of each other's way.
2. Duplicates. The share of pairs of trips with the same two zones (and: with the same two edges) inside one set over
   the share among trips of different days; and the same for trips of one day in different sets. Above 1 alike trips
   attract each other, below 1 they repel.

3. Completion, where real trips of the networks are given (`--routes`). A quarter of them is shown to the model as
   observed trips, the others are drawn. How much of the others' origins, destinations and pairs of zones the drawn
   ones share (common part, 0 to 1), and the correlation of flows on fastest ways. "blind" has not seen the shown
   ones, "resampled" draws them again: a baseline for places of few pairs.

Brackets hold 95 % intervals from a bootstrap over days. "single trips" are sets of one trip without a day, thus
independent by construction (of the mean day); "shuffled" are the trips of the first row, dealt out over days and sets
by chance: both show what the estimator makes of independence. "as it is" shows the place unturned and with all columns;
the sampler's default takes turns in 16 views, and these make days differ as well.
"""

from __future__ import annotations

import argparse
import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from trafficdiff.datatypes.agents import Agents
from trafficdiff.datatypes.scenario import RouteChoice
from trafficdiff.datatypes.trip_files import read_trips
from trafficdiff.datatypes.vehicles import VEHICLE_TYPES
from trafficdiff.demand.reachability import find_reach
from trafficdiff.demand.router import route
from trafficdiff.diffusion.batch import conditions_of
from trafficdiff.diffusion.day import MOMENTS
from trafficdiff.diffusion.requests import Request, SamplerSettings
from trafficdiff.diffusion.sampler import draw_places
from trafficdiff.roads.load import load_network
from trafficdiff.workflows.baselines import kind_of
from trafficdiff.workflows.model_demand import class_number
from trafficdiff.workflows.model_trips import city_of, open_checkpoint

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.diffusion.checkpoint import Checkpoint
    from trafficdiff.workflows.model_demand import City

WINDOW_S = (25_200.0, 28_800.0)
BUSIEST = 20
SHOWN = 0.25
MOST_COMPLETED = 3_000
ROUNDS = 1_000
AS_IT_IS = {"views": 1, "hidden_columns": 0.0}


@dataclass
class Days:
    """Hold D days of N trips: zones and edges of their ends, shape (D, N, 2), set of each, and trips by edge (D, E)."""

    zones: NDArray[np.int64]
    edges: NDArray[np.int64]
    group: NDArray[np.int64]
    passed: NDArray[np.int64]


def set_of_each(checkpoint: Checkpoint, settings: SamplerSettings, *, trips: int, seed: int) -> NDArray[np.int64]:
    """Return which set each trip was drawn in, as `draw_places` deals them out; whole sets only."""
    dice = torch.Generator().manual_seed(seed)
    if settings.one_day and checkpoint.members[0].days is not None:
        torch.randn(MOMENTS, generator=dice)
    order = torch.randperm(trips, generator=dice).numpy()
    group = np.empty(trips, np.int64)
    group[order] = np.arange(trips) // settings.agents
    return group


def draw_days(city: City, checkpoint: Checkpoint, settings: SamplerSettings, *, days: int, trips: int) -> Days:
    """Draw days of trips and route them."""
    scene = replace(city.scene, window_s=WINDOW_S)
    reach = {0: find_reach(city.graph, VEHICLE_TYPES["car"], edge_index=scene.edge_index)}
    zones, edges, groups, passed = [], [], [], []
    for seed in range(days):
        drawn = draw_places(
            checkpoint.members,
            scene,
            Request(vehicle_class=np.zeros(trips, np.int64), departure_bin=np.arange(trips) * 16 // trips),
            scaling=checkpoint.scaling,
            conditions=conditions_of(scene, trips_per_hour=float(trips)),
            reach=reach,
            seed=seed,
            settings=settings,
            ways=city.ways,
        )
        ends = scene.edge_index[np.stack([drawn.origin_edge, drawn.destination_edge], axis=1)]
        zones.append(drawn.slots[:, :2])
        edges.append(ends)
        groups.append(set_of_each(checkpoint, settings, trips=trips, seed=seed))
        passed.append(passed_by(city, ends))
    return Days(np.stack(zones), np.stack(edges).astype(np.int64), np.stack(groups), np.stack(passed))


def passed_by(city: City, ends: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return how many trips pass each edge on the fastest ways."""
    agents = Agents(
        graph=city.graph,
        origin=ends[:, 0].astype(np.int32),
        destination=ends[:, 1].astype(np.int32),
        depart_s=np.linspace(*WINDOW_S, len(ends), endpoint=False),
        window_s=WINDOW_S,
    )
    trips = route(agents, choice=RouteChoice(), generator=np.random.default_rng(0))
    return np.bincount(trips.edges, minlength=city.graph.edge_count)


def shuffled(days: Days, city: City) -> Days:
    """Return the same trips, dealt out by chance."""
    shape = days.group.shape
    order = np.random.default_rng(0).permutation(days.group.size)
    edges, zones = (ends.reshape(-1, 2)[order].reshape(*shape, 2) for ends in (days.edges, days.zones))
    return Days(zones, edges, days.group, np.stack([passed_by(city, ends) for ends in edges]))


def interval(values: list[float]) -> str:
    if np.isnan(values).all():
        return "-"
    low, high = np.nanquantile(values, [0.025, 0.975])
    return f"[{low:.2f}, {high:.2f}]"


def resampled(days: int) -> list[NDArray[np.int64]]:
    random = np.random.default_rng(0)
    return [np.bincount(random.integers(days, size=days), minlength=days) for _ in range(ROUNDS)]


def dispersion(counts: NDArray[np.int64], *, trips: int) -> str:
    """Return the variance over days over that of independent trips, mean over corridors, of counts (D, C)."""

    def ratio(weight: NDArray[np.int64]) -> float:
        mean = np.average(counts, axis=0, weights=weight)
        variance = np.average((counts - mean) ** 2, axis=0, weights=weight) * len(counts) / (len(counts) - 1)
        share = np.clip(mean / trips, 1e-9, 1 - 1e-9)
        return float((variance / (trips * share * (1 - share))).mean())

    found = ratio(np.ones(len(counts), np.int64))
    rounds = [ratio(weight) for weight in resampled(len(counts))]
    mended = len(counts) / (len(counts) - 1)  # a resample repeats days, so its variance is too small by 1 - 1 / D
    return f"{found:6.2f} {interval([value * mended for value in rounds]):15s}"


def duplicates(keys: NDArray[np.int64], group: NDArray[np.int64]) -> tuple[str, str]:
    """Return how much likelier equal trips are inside a set, and inside a day in different sets, than over days."""
    days, trips = keys.shape
    _, keys = np.unique(keys, return_inverse=True)
    keys = keys.reshape(days, trips)
    counts = np.stack([np.bincount(row, minlength=int(keys.max()) + 1) for row in keys]).astype(np.float64)
    alike = counts @ counts.T
    width = int(keys.max()) + 1
    inside, pairs = np.zeros(days), np.zeros(days)
    for day in range(days):
        _, same = np.unique(group[day] * width + keys[day], return_counts=True)
        size = np.bincount(group[day])
        inside[day], pairs[day] = (same * (same - 1) / 2).sum(), (size * (size - 1) / 2).sum()
    outside = (np.diag(alike) - trips) / 2 - inside
    rest = trips * (trips - 1) / 2 - pairs

    def ratios(weight: NDArray[np.int64]) -> tuple[float, float]:
        crossed = np.outer(weight, weight) * (1 - np.eye(days))
        over = (crossed * alike).sum() / max(crossed.sum() * trips**2, 1)
        likely = [
            (weight * same).sum() / (weight * count).sum() if count.any() and over else np.nan
            for same, count in ((inside, pairs), (outside, rest))
        ]
        return likely[0] / (over or 1), likely[1] / (over or 1)

    found = ratios(np.ones(days, np.int64))
    drawn = np.array([ratios(weight) for weight in resampled(days)])
    return tuple(  # type: ignore[return-value]
        f"{value:6.2f} {interval(column.tolist()):15s}" for value, column in zip(found, drawn.T, strict=True)
    )


def variants(checkpoint: Checkpoint, ablations: dict[str, Checkpoint]) -> dict[str, tuple[Checkpoint, SamplerSettings]]:
    """Return what is compared, by name."""
    shipped = SamplerSettings()
    found = {
        "as shipped, one day": (checkpoint, shipped),
        "as shipped, mean day": (checkpoint, replace(shipped, one_day=False)),
        "as it is, one day": (checkpoint, replace(shipped, **AS_IT_IS)),
        "as it is, mean day": (checkpoint, replace(shipped, one_day=False, **AS_IT_IS)),
        "single trips": (checkpoint, replace(shipped, one_day=False, agents=1, sets=1_024, **AS_IT_IS)),
    }
    for name, other in ablations.items():
        found[f"{name}, one day"] = (other, replace(shipped, **AS_IT_IS))
    return found


def report(city: City, drawn: dict[str, Days]) -> None:
    """Print the table of one place; all rows are measured on the same corridors."""
    zones = len(city.scene)
    passed = sum(days.passed.mean(axis=0) for days in drawn.values())
    tables = {name: days.zones[..., 0] * zones + days.zones[..., 1] for name, days in drawn.items()}
    pairs = sum(np.bincount(table.ravel(), minlength=zones**2) for table in tables.values())
    busy_edges, busy_pairs = np.argsort(-passed)[:BUSIEST], np.argsort(-pairs)[:BUSIEST]
    heads = ("edges", "zone pairs", "zones, in a set", "zones, in a day", "edges, in a set", "edges, in a day")
    print(f"{'':24s}" + "".join(f"{head:>23s}" for head in heads))
    for name, days in drawn.items():
        trips = days.group.shape[1]
        pair_counts = np.stack([np.bincount(row, minlength=zones**2)[busy_pairs] for row in tables[name]])
        edge_keys = days.edges[..., 0] * city.graph.edge_count + days.edges[..., 1]
        cells = [dispersion(days.passed[:, busy_edges], trips=trips), dispersion(pair_counts, trips=trips)]
        cells += [*duplicates(tables[name], days.group), *duplicates(edge_keys, days.group)]
        print(f"{name:24s}" + "".join(f"{cell:>23s}" for cell in cells), flush=True)


def completed(city: City, checkpoint: Checkpoint, real: TripSet, *, seen: bool) -> list[NDArray[np.int32]]:
    """Return the ends of trips that were not shown, real ones, drawn ones and resampled ones, shape (N, 2) each."""
    random = np.random.default_rng(0)
    trips = random.permutation(len(real))[:MOST_COMPLETED]
    ends = np.stack([real.edges[real.offsets[:-1]], real.edges[real.offsets[1:] - 1]], axis=1)[trips]
    scene = replace(city.scene, window_s=real.window_s)
    kind = kind_of(real)
    reach = find_reach(city.graph, kind, edge_index=scene.edge_index)
    zone_of = np.empty(city.graph.edge_count, np.int64)
    zone_of[scene.edge_index] = scene.edge_zone
    zones = zone_of[ends]
    shown = (np.arange(len(trips)) < SHOWN * len(trips)) & reach.zone_pairs(scene.edge_offsets)[tuple(zones.T)]
    given = np.where((shown & seen)[:, None], zones, -1)
    drawn = draw_places(
        checkpoint.members,
        scene,
        Request(
            vehicle_class=np.full(len(trips), class_number(kind)),
            departure_bin=np.arange(len(trips)) % 16,
            origin_zone=given[:, 0],
            destination_zone=given[:, 1],
        ),
        scaling=checkpoint.scaling,
        conditions=conditions_of(scene, trips_per_hour=len(real) / np.ptp(real.window_s) * 3_600),
        reach={class_number(kind): reach},
        seed=0,
        settings=SamplerSettings(one_day=False),
        ways=city.ways,
    )
    found = scene.edge_index[np.stack([drawn.origin_edge, drawn.destination_edge], axis=1)][~shown]
    again = ends[random.choice(np.flatnonzero(shown), size=int((~shown).sum()))]
    return [ends[~shown], found, again]


def report_completion(city: City, real: TripSet, models: dict[str, Checkpoint]) -> None:
    """Print what shown trips tell of the others, by model."""
    zone_of = np.empty(city.graph.edge_count, np.int64)
    zone_of[city.scene.edge_index] = city.scene.edge_zone
    zones = len(city.scene)

    def line(name: str, truth: NDArray[np.int32], made: NDArray[np.int32]) -> None:
        cells = []
        for width, keys in ((zones, 0), (zones, 1), (zones**2, slice(None))):
            tables = []
            for ends in (truth, made):
                key = zone_of[ends[:, keys]] @ [zones, 1] if isinstance(keys, slice) else zone_of[ends[:, keys]]
                tables.append(np.bincount(key, minlength=width) / len(ends))
            cells.append(np.minimum(*tables).sum())
        drivable = city.graph.drivable()
        flows = [passed_by(city, ends)[drivable] for ends in (truth, made)]
        cells.append(np.corrcoef(*flows)[0, 1])
        print(f"{name:24s}" + "".join(f"{cell:14.3f}" for cell in cells), flush=True)

    heads = ("origins", "destinations", "pairs of zones", "flow r")
    print(f"\n{SHOWN:.0%} of the trips shown\n{'':24s}" + "".join(f"{head:>14s}" for head in heads))
    for name, checkpoint in models.items():
        for seen in (False, True):
            truth, made, again = completed(city, checkpoint, real, seen=seen)
            line(f"{name}, {'seen' if seen else 'blind'}", truth, made)
    line("resampled", truth, again)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", nargs="+", default=["helsinki"], help="bundled networks, folders or net files")
    parser.add_argument("--checkpoint", type=Path, help="default: the shipped one")
    parser.add_argument("--ablation", type=Path, nargs="*", default=[], help="models without set attention or day")
    parser.add_argument("--routes", type=Path, nargs="*", default=[], help="real trips of each network, in its order")
    parser.add_argument("--types", type=Path, nargs="*", default=[], help="files with the vehicle types of real trips")
    parser.add_argument("--days", type=int, default=20)
    parser.add_argument("--trips", type=int, default=1_024, help="a day; a multiple of 64")
    options = parser.parse_args()
    if options.routes and len(options.routes) != len(options.network):
        parser.error(f"expected routes of each network, got {len(options.routes)} of {len(options.network)}")
    if options.trips % SamplerSettings().agents:
        parser.error(f"expected a multiple of {SamplerSettings().agents} trips, got {options.trips}")
    logging.basicConfig(level=logging.ERROR)
    torch.set_num_threads(1)
    checkpoint = open_checkpoint(options.checkpoint)
    ablations = {path.stem: open_checkpoint(path) for path in options.ablation}
    compared = variants(checkpoint, ablations)
    for number, network in enumerate(options.network):
        city = city_of(load_network(network))
        print(f"\n{network}: {options.days} days of {options.trips} trips, model {checkpoint.sha256[:16]}")
        drawn = {
            name: draw_days(city, model, settings, days=options.days, trips=options.trips)
            for name, (model, settings) in compared.items()
        }
        drawn["shuffled"] = shuffled(next(iter(drawn.values())), city)
        report(city, drawn)
        if options.routes:
            real = read_trips(options.routes[number], city.graph, type_files=options.types)
            report_completion(city, real, {"as shipped": checkpoint, **ablations})


if __name__ == "__main__":
    main()
