"""Fit the gravity model's deterrence to calibrated demand, per city and pooled.

    python scripts/fit_gravity.py DATA/cities [--fringe-factor 5]

Prints the table that the constant in ``trafficdiff/demand/gravity.py`` comes from.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from trafficdiff.datatypes.trip_files import read_trips
from trafficdiff.demand.gravity import ObservedTrips, fit_deterrence, observe_trips
from trafficdiff.roads.netfile import read_net

CITIES = ("bologna", "wildau", "berlin_doerpfeldstr", "hamburg_tavf", "ingolstadt21")
"""Cities to fit on. ingolstadt7 lies inside ingolstadt21; the other cities are kept for evaluation."""


def observe(folder: Path, *, fringe_factor: float) -> tuple[ObservedTrips, float]:
    graph = read_net(folder / "net.net.xml.gz", name=folder.name)
    trips = read_trips(folder / "cars.rou.xml.gz", graph)
    origin, destination = trips.edges[trips.offsets[:-1]], trips.edges[trips.offsets[1:] - 1]
    observed = observe_trips(graph, origin=origin, destination=destination, fringe_factor=fringe_factor)
    return observed, observed.moments(0.0)[0] / int(observed.trips.sum())


def row(name: str, observed: list[ObservedTrips], unweighted_s: float | None, *, equal_nets: bool = False) -> str:
    fit = fit_deterrence(observed, equal_nets=equal_nets)
    mean_s = sum(trips.observed_s for trips in observed) / fit.trips
    without = f"{unweighted_s:12.1f}" if unweighted_s is not None else " " * 12
    beta, error = 1000 * fit.per_s, 1000 * fit.standard_error_per_s
    return f"{name:22s}{fit.trips:8d}{fit.left_out:10d}{mean_s:12.1f}{without}{beta:12.3f} ± {error:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "cities", type=Path, help="folder of city folders, each with net.net.xml.gz and cars.rou.xml.gz"
    )
    parser.add_argument("--fringe-factor", type=float, default=5.0)
    options = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    print(f"{'city':22s}{'trips':>8s}{'left out':>10s}{'mean t [s]':>12s}{'beta=0 [s]':>12s}{'beta [1/1000 s]':>16s}")
    everything = []
    for name in CITIES:
        observed, unweighted_s = observe(options.cities / name, fringe_factor=options.fringe_factor)
        print(row(name, [observed], unweighted_s))
        everything.append(observed)
    print(row("pooled by trip", everything, None))
    print(row("pooled, cities equal", everything, None, equal_nets=True))


if __name__ == "__main__":
    main()
