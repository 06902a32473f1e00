"""Judge demand that was calibrated to sparse data, on cities that the model has not seen.

    python scripts/evaluate_calibration.py CITIES --checkpoint CITY=FILE... [--city NAME...] [-o SCORECARD.json]

CITIES is a folder of city folders, each with ``net.net.xml.gz`` and ``cars.rou.xml.gz`` (or ``flow0.txt.gz``), if need
be ``vtypes.add.xml`` and ``counts.edgedata.xml``. A city without a checkpoint is judged with the shipped one. Every
goal that is missed is printed as such; docs/evaluation.md has the protocol.
"""

from __future__ import annotations

import argparse
import logging
import shlex
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING

from trafficdiff.datatypes.counts import read_counts
from trafficdiff.datatypes.scorecard import write_scorecard
from trafficdiff.datatypes.trip_files import read_trips
from trafficdiff.roads.load import load_network
from trafficdiff.workflows.calibration_scorecard import goals_of, scorecard, shown
from trafficdiff.workflows.evaluate_calibration import CALIBRATED, judge_calibration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trafficdiff.datatypes.counts import Counts
    from trafficdiff.workflows.evaluate_calibration import CalibrationTable

CITIES = ("bologna", "wildau", "berlin_doerpfeldstr", "hamburg_tavf", "ingolstadt21", "nanchang")


def options_of() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cities", type=Path, help="folder of city folders")
    parser.add_argument("--checkpoint", action="append", default=[], metavar="CITY=FILE", help="of a city left out")
    parser.add_argument("--city", nargs="+", default=CITIES, help="which cities")
    parser.add_argument("--rows", nargs="*", default=list(CALIBRATED), choices=CALIBRATED, help="calibrated rows")
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--trips", type=int, default=5_000, help="most trips in a draw")
    parser.add_argument("--counted-share", type=float, default=0.05, help="of the used edges")
    parser.add_argument("--busiest", action="store_true", help="count the busiest edges, not random ones")
    parser.add_argument("--observed", type=int, default=500, help="trips that are shown")
    parser.add_argument("--bootstrap", type=int, default=100)
    parser.add_argument("--variants", type=int, default=0, help="variants of calibration tried on these cities")
    parser.add_argument("--workers", type=int, default=1, help="cities at once")
    parser.add_argument("-o", "--output", type=Path)
    return parser.parse_args()


def judged(city: str, options: argparse.Namespace) -> list[tuple[str, CalibrationTable]]:
    """Return a city's tables by name: counts drawn at random, then the file of counts where there is one."""
    logging.basicConfig(level=logging.ERROR)
    checkpoints = {name: Path(file) for name, _, file in (word.partition("=") for word in options.checkpoint)}
    folder = options.cities / city
    graph = load_network(str(folder / "net.net.xml.gz"))
    types = [path for path in (folder / "vtypes.add.xml",) if path.exists()]
    routes = next(path for path in (folder / "cars.rou.xml.gz", folder / "flow0.txt.gz") if path.exists())
    real = read_trips(routes, graph, type_files=types)

    def told(step: str, _: float | None) -> None:
        print(f"  {city}: {step}", file=sys.stderr, flush=True)

    def table(rows: frozenset[str], counts: Counts | None = None) -> CalibrationTable:
        return judge_calibration(
            real, counts=counts, checkpoint=checkpoints.get(city), draws=options.draws, trips=options.trips,
            counted_share=options.counted_share, busiest=options.busiest, observed=options.observed,
            replicates=options.bootstrap, only=rows, progress=told,
        )  # fmt: skip

    found = [(city, table(frozenset(options.rows)))]
    file = folder / "counts.edgedata.xml"
    if file.exists():
        rows = frozenset(options.rows) & {"counts", "both"}
        found.append((f"{city}, its count file", table(rows, read_counts(file, graph))))
    return found


def tables(options: argparse.Namespace) -> Iterator[tuple[str, CalibrationTable]]:
    """Yield the tables of all cities by name, so many cities at once."""
    if options.workers == 1:
        for city in options.city:
            yield from judged(city, options)
        return
    with ProcessPoolExecutor(options.workers) as pool:
        for done in as_completed([pool.submit(judged, city, options) for city in options.city]):
            yield from done.result()


def main() -> None:
    """Judge, print, write; the scorecard is there as soon as the first city is."""
    logging.basicConfig(level=logging.ERROR)
    options = options_of()
    found: dict[str, CalibrationTable] = {}
    for name, table in tables(options):
        found[name] = table
        print(f"\n{shown(name, table)}\n", flush=True)
        for goal in goals_of(name, table):
            print(goal.sentence, flush=True)
        if not options.rows:
            continue  # baselines alone
        card = scorecard(found, command=shlex.join(["python", *sys.argv]), variants_tried=options.variants)
        goals = card.details["goals"]
        print(f"\n{card.details['goals_met']} of {len(goals)} goals met in {len(found)} tables", flush=True)
        if options.output is not None:
            write_scorecard(card, options.output)


if __name__ == "__main__":
    main()
