"""Measure whether charging sessions belong to the drivers that hold them, and whether the energies of a replay add up.

    python scripts/measure_charging_joint.py [--scenario FILE] [--checkpoint FILE] [--samples N] [--replays N]
                                             [--permutations N] [--use N] [--charge LOW HIGH]

1. The join. For some samples, sessions are drawn for the scenario's stations and joined to its electric trips. What the
   pairs show is put beside two baselines: "permuted", in which the sessions change hands among the drivers who hold
   one (within a sample, hundreds of permutations), and "any EV", in which each goes to some EV of that sample. The
   p-value is the share of permutations that score as well as the join or better, the join itself among them: the least
   is 1 over permutations + 1. Statistics:

   energy, distance   rank correlation of the session's energy and what the driver drove since the battery was last
                      full, which is what it lacks over what a kilometre takes: 0 by chance
   lacking            mean difference of what the session's battery lacks on arrival and what the driver's does [kWh]
   no room            share of pairs in which the energy does not fit into the driver's battery
   detour             mean way over the station beyond the driver's own [s]; a pair without a way counts the worst
   apart              mean difference of the two arrivals [min]
   stay, to the end   rank correlation of dwell and the way on foot from the station to the trip's end: long stays
                      belong to those who end nearby, so below 0
   cost of the stay   the lesser of what passing and walking cost [money]

   The permutations break what the assignment was asked for, so the p-values say that it did its work, not that people
   do so: no file at hand knows both a trip and a session.
2. A replay. Scenarios are simulated in SUMO with these wishes. Of every electric car, held against SUMO's own record:
   charge at the start + charged - driven - charge at the end [Wh]; and wanted = served + waiting + unmet + stranded.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from trafficdiff.datatypes.charging_curves import consumption_kwh_per_km
from trafficdiff.datatypes.charging_options import JoinOptions, StartCharge
from trafficdiff.datatypes.scenario_files import read_scenario
from trafficdiff.demand.charging_access import access_tables
from trafficdiff.demand.charging_joining import join_counts
from trafficdiff.metrics.charging_numbers import car_balance_kwh
from trafficdiff.publish import scratch
from trafficdiff.simulation.columns import read_columns
from trafficdiff.workflows.charging import charge, usable_stations, wishes_of
from trafficdiff.workflows.measures import apply_measures
from trafficdiff.workflows.randomness import sumo_seed
from trafficdiff.workflows.supplies import Supplies

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

    from trafficdiff.datatypes.scenario import Scenario
    from trafficdiff.datatypes.stations import ChargingStation
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.workflows.measures import Changed

WALK_MS = 1.34


@dataclass(frozen=True, eq=False)
class Day:
    """Hold N held sessions of a sample, and what each would mean for each of its D electric cars, shape (N, D)."""

    holder: NDArray[np.int64]
    energy_kwh: NDArray[np.float64]
    dwell_s: NDArray[np.float64]
    missing_kwh: NDArray[np.float64]
    session_s: NDArray[np.float64]
    since_full_km: NDArray[np.float64]
    lacks_kwh: NDArray[np.float64]
    arrive_s: NDArray[np.float64]
    detour_s: NDArray[np.float64]
    to_end_m: NDArray[np.float64]


def day_of(trips: TripSet, held: pd.DataFrame, stations: tuple[ChargingStation, ...], *, temperature_c: float) -> Day:
    """Return what the held sessions mean for each electric car; held by the cars in `holder`, shape (N,)."""
    graph, place = trips.graph, {station.id: number for number, station in enumerate(stations)}
    cars = np.flatnonzero((trips.battery_kwh > 0) & np.isfinite(trips.state_of_charge))
    at = np.array([place[name] for name in held["station"]], np.int64)
    edges = np.array([graph.edge_index[station.edge] for station in stations], np.int64)
    ends = trips.edges[trips.offsets[:-1][cars]], trips.edges[trips.offsets[1:][cars] - 1]
    times_s = graph.free_flow_time_s
    ways = access_tables(graph, edges, edge_time_s=times_s).of(ends)
    direct_s = trips.sum_over_route(times_s)[cars] - times_s[ends[0]]
    detour_s = np.maximum(ways.approach_s + ways.onward_s - direct_s[:, None], 0.0)[:, at].T
    worst_s = detour_s[np.isfinite(detour_s)].max()
    per_km = consumption_kwh_per_km(temperature_c)
    approach_km = np.where(np.isfinite(ways.approach_m), ways.approach_m, 0.0)[:, at].T / 1_000
    lacks_kwh = ((1 - trips.state_of_charge[cars]) * trips.battery_kwh[cars])[None] + approach_km * per_km
    arrive_s = trips.depart_s[cars] + np.where(np.isfinite(ways.approach_s), ways.approach_s, 0.0)[:, at].T
    number = {name: row for row, name in enumerate(trips.trip_id[cars].tolist())}
    last, there = graph.midpoint_xy[ends[1]], graph.midpoint_xy[edges[at]]
    return Day(
        holder=np.array([number[name] for name in held["trip_id"]], np.int64),
        energy_kwh=held["energy_kwh"].to_numpy(), dwell_s=held["dwell_s"].to_numpy(),
        missing_kwh=held["missing_kwh"].to_numpy(), session_s=held["session_s"].to_numpy(),
        since_full_km=lacks_kwh / per_km, lacks_kwh=lacks_kwh, arrive_s=arrive_s,
        detour_s=np.where(np.isfinite(detour_s), detour_s, worst_s),
        to_end_m=np.hypot(*(there[:, None] - last[None]).transpose(2, 0, 1)),
    )  # fmt: skip


def scores(days: list[Day], holders: list[NDArray[np.int64]], *, scenario: Scenario) -> dict[str, float]:
    """Return the statistics of all samples' sessions in the hands of these drivers."""
    assert scenario.charging is not None
    rows = [np.arange(len(holder)) for holder in holders]

    def pairs(of: Callable[[Day], NDArray[np.float64]]) -> NDArray[np.float64]:
        return np.concatenate([of(day)[row, one] for day, row, one in zip(days, rows, holders, strict=True)])

    def sessions(name: str) -> NDArray[np.float64]:
        return np.concatenate([getattr(day, name) for day in days])

    joining, taste = scenario.charging.joining or JoinOptions(), scenario.charging.choice
    to_end_m, lacks = pairs(lambda day: day.to_end_m), pairs(lambda day: day.lacks_kwh)
    passing = taste.charging_factor * sessions("dwell_s")
    walking = joining.walk_factor * 2 * to_end_m / WALK_MS
    return {
        "energy, distance": rank_correlation(sessions("energy_kwh"), pairs(lambda day: day.since_full_km)),
        "lacking [kWh]": float(np.abs(lacks - sessions("missing_kwh")).mean()),
        "no room": float((sessions("energy_kwh") > lacks + 1e-9).mean()),
        "detour [s]": float(pairs(lambda day: day.detour_s).mean()),
        "apart [min]": float(np.abs(pairs(lambda day: day.arrive_s) - sessions("session_s")).mean() / 60),
        "stay, to the end": rank_correlation(sessions("dwell_s"), to_end_m),
        "cost of the stay": float(np.minimum(passing, walking).mean() / 3_600 * taste.value_of_time_per_h),
    }


def rank_correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return float(np.corrcoef(rankdata(one), rankdata(other))[0, 1])


BETTER = {"energy, distance": 1}
"""Which statistics are better when larger; the others are better when smaller."""


def measure_join(days: list[Day], *, scenario: Scenario, permutations: int) -> None:
    """Print the statistics of the join, of permuted sessions and of any EV."""
    generator = np.random.default_rng(0)
    join = scores(days, [day.holder for day in days], scenario=scenario)
    permuted = [
        scores(days, [generator.permutation(day.holder) for day in days], scenario=scenario)
        for _ in range(permutations)
    ]
    anybody = [
        scores(
            days,
            [generator.choice(day.lacks_kwh.shape[1], len(day.holder), replace=False) for day in days],
            scenario=scenario,
        )
        for _ in range(permutations)
    ]
    print(f"{'statistic':18}{'join':>9}{'permuted':>10}{'95 % of them':>19}{'p':>8}{'any EV':>9}{'p':>8}")
    for name, value in join.items():
        sign = BETTER.get(name, -1)
        line = f"{name:18}{value:9.3f}"
        for number, others in enumerate((permuted, anybody)):
            found = np.array([one[name] for one in others])
            p = (1 + (sign * found >= sign * value).sum()) / (1 + len(found))
            band = f"{np.quantile(found, 0.025):9.3f} to{np.quantile(found, 0.975):7.3f}" if number == 0 else ""
            line += f"{found.mean():{10 if number == 0 else 9}.3f}{band}{p:8.4f}"
        print(line)


def replay(scenario: Scenario, changed: Changed, *, sample: int, folder: Path, what: str) -> None:
    """Simulate a sample and print who ended how, and the energies of every electric car."""
    with tempfile.TemporaryDirectory() as work:
        done = charge(
            scenario, changed, sample=sample, seed=sumo_seed(scenario.seed, sample=sample), folder=folder,
            directory=Path(work),
        )  # fmt: skip
        wanted = ("actualBatteryCapacity", "totalEnergyConsumed", "totalEnergyRegenerated")
        columns = read_columns(
            Path(work) / "tripinfo.parquet", ("id", *(f"battery_{name}" for name in wanted)), prefix="tripinfo"
        )
        left, used, regained = (columns.numbers(f"battery_{name}", missing=np.nan) for name in wanted)
        names = columns.text("id")
    trips, result = done.plan.trips, done.result
    charged_wh = result.sessions.groupby("trip_id")["energy_kwh"].sum() * 1_000
    number = {name: row for row, name in enumerate(trips.trip_id.tolist())}
    row = np.array([number[name] for name in names.tolist()], np.int64)
    start_wh = (trips.state_of_charge * trips.battery_kwh)[row] * 1_000
    error = start_wh + charged_wh.reindex(names, fill_value=0.0).to_numpy() - (used - regained) - left
    error = error[np.isfinite(error)]
    counts, cars = result.counts(), result.cars
    print(
        f"{what}, sample {sample}: wanted {len(cars)} = "
        + " + ".join(f"{n} {name}" for name, n in counts.items())
        + f"; {result.sessions['energy_kwh'].sum():.0f} kWh charged, {cars['unmet_kwh'].sum():.0f} kWh unmet; "
        f"start + charged - driven - end of {len(error)} EVs: worst {np.abs(error).max():.1f} Wh, of those that wanted "
        f"to charge {car_balance_kwh(cars).abs().max() * 1_000:.1f} Wh"
    )
    if (drawn := done.plan.wishes.sessions) is not None:
        held = drawn[(drawn["origin"] == "session") & (drawn["trip_id"] != "")].set_index("trip_id")
        stays = result.sessions.set_index("trip_id").reindex(held.index)
        over = stays["unplugged_s"].notna().to_numpy()
        stayed_s = (stays["unplugged_s"] - stays["plugged_s"]).to_numpy()[over]
        print(
            f"  of {held['energy_kwh'].sum():.1f} kWh drawn {stays['energy_kwh'].sum():.1f} kWh were charged by those "
            f"who hold them; {(stays['station'] == held['station']).sum()} of {len(held)} at the session's station; "
            f"{over.sum()} were over by the end, after {stayed_s.mean() / 3_600:.2f} h of "
            f"{held['dwell_s'].to_numpy()[over].mean() / 3_600:.2f} h drawn"
        )
    assert sum(counts.values()) == len(cars)


def with_model(scenario: Scenario, *, checkpoint: str | None, use: float | None) -> Scenario:
    """Return the scenario with charging that the model draws."""
    assert scenario.charging is not None
    joining = (scenario.charging.joining or JoinOptions()).model_copy(
        update={"checkpoint": checkpoint, "sessions_a_plug_week": use}
    )
    return scenario.model_copy(
        update={"charging": scenario.charging.model_copy(update={"demand": "model", "joining": joining})}
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", type=Path, default=Path("networks/helsinki/ev_morning.yaml"))
    parser.add_argument("--checkpoint", type=Path, help="a charging model; the shipped one if left out")
    parser.add_argument("--samples", type=int, default=10, help="samples whose sessions are joined")
    parser.add_argument("--replays", type=int, default=1, help="of these, how many are simulated")
    parser.add_argument("--permutations", type=int, default=999)
    parser.add_argument("--use", type=float, help="sessions a plug and week; what the model expects if left out")
    parser.add_argument("--charge", type=float, nargs=2, help="charge on departure, evenly between two; the scenario's")
    given = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    folder = given.scenario.resolve().parent
    threshold = read_scenario(given.scenario)
    assert threshold.charging is not None
    if given.charge is not None:
        law = StartCharge(low=given.charge[0], high=given.charge[1], alpha=1, beta=1)
        threshold = threshold.model_copy(
            update={"charging": threshold.charging.model_copy(update={"start_charge": law})}
        )
    checkpoint = None if given.checkpoint is None else str(given.checkpoint.resolve())
    model = with_model(threshold, checkpoint=checkpoint, use=given.use)
    assert model.charging is not None
    supplies, days, total, changes, at_home = Supplies(), [], {}, [], []
    graph = supplies.roads(model.network, folder)
    for sample in range(given.samples):
        trips = supplies.trips(model, graph, sample=sample, folder=folder)
        with scratch("joint") as work:
            changed = apply_measures(model, graph, trips, sample=sample, directory=work)
        stations = usable_stations(model, changed, folder=folder)
        started = time.process_time()
        trips, wishes, _ = wishes_of(model, changed, sample=sample, stations=stations, folder=folder)
        spent_s = time.process_time() - started
        assert wishes.sessions is not None
        counts = join_counts(wishes.sessions)
        total = {name: total.get(name, 0) + count for name, count in counts.items()}
        print(f"sample {sample}: " + ", ".join(f"{n} {name}" for name, n in counts.items()) + f" ({spent_s:.2f} CPU s)")
        held = wishes.sessions[(wishes.sessions["origin"] == "session") & (wishes.sessions["trip_id"] != "")]
        at_home += held["charges_at_home"].tolist()
        if len(held):
            days.append(day_of(trips, held, stations, temperature_c=model.charging.temperature_c))
        changes.append(changed)
    print(f"model: {trips.provenance['charging_model']}")
    print("together: " + ", ".join(f"{n} {name}" for name, n in total.items()))
    share = (model.charging.joining or JoinOptions()).home_share
    print(f"who charges at home: {np.mean(at_home):.2f} of those who hold a session, {share:.2f} of all drivers")
    measure_join(days, scenario=model, permutations=given.permutations)
    for sample in range(given.replays):
        for what, scenario in (("model", model), ("threshold", threshold)):
            replay(scenario, changes[sample], sample=sample, folder=folder, what=what)


if __name__ == "__main__":
    main()
