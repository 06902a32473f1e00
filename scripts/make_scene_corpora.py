"""Make the corpora that the shipped scene model learned from, and those that it is judged on.

    python scripts/make_scene_corpora.py CITIES -o FOLDER [--only NAME ...] [--show]

CITIES holds a folder a city, with its net and routes (`net.net.xml.gz`, `cars.rou.xml.gz`, `bikes.rou.xml.gz` where
there are some); Helsinki needs none. Runs, staged cases and corpora are made one after the other by the commands that
`--show` prints; what is there already is kept, so a stopped script goes on. About half an hour on one core. Corpora
whose names begin with ``test_`` are never learned from: a city apart, another hour, other people on foot.
"""

from __future__ import annotations

import argparse
import gzip
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final, NamedTuple

_OSM: Final = "roads: (c) OpenStreetMap contributors, ODbL 1.0"
_HELSINKI: Final = f"Helsinki: {_OSM}; demand by the shipped demand model"
_CARS: Final = "car: 0.83, delivery_van: 0.06, truck: 0.06, bus: 0.05"
_BIKES: Final = "car: 0.70, delivery_van: 0.06, truck: 0.04, bus: 0.05, bicycle: 0.15"
_EXIT_OF_GATES: Final = 4
"""A run whose gates say no is kept and marked; its tracks are good."""


class Run(NamedTuple):
    """Say what is simulated: a city with its own routes, or Helsinki with drawn trips."""

    begin_s: int
    lasts_s: int
    recorded_s: int
    city: str = ""
    seed: int = 42
    trips: int = 0
    mix: str = _CARS
    walkers: int = 0


class Corpus(NamedTuple):
    """Say how recordings are cut."""

    every_s: float
    egos: int
    licence: str
    seed: int = 2


_RUNS: Final = {
    "helsinki42": Run(27_000, 480, 360, seed=42, trips=260), "helsinki43": Run(27_000, 480, 360, seed=43, trips=260),
    "helsinki54": Run(30_600, 480, 360, seed=54, trips=320), "helsinki55": Run(50_400, 480, 360, seed=55, trips=200),
    "walkers51": Run(27_000, 480, 360, seed=51, trips=240, mix=_BIKES, walkers=3_000),
    "walkers52": Run(43_200, 480, 360, seed=52, trips=180, mix=_BIKES, walkers=4_000),
    "walkers53": Run(54_000, 480, 360, seed=53, trips=240, mix=_BIKES, walkers=3_000),
    "wildau": Run(56_000, 420, 240, city="wildau"), "berlin": Run(51_500, 600, 420, city="berlin_doerpfeldstr"),
    "bologna": Run(1_200, 420, 240, city="bologna"), "hamburg": Run(1_200, 420, 240, city="hamburg_tavf"),
    "test_helsinki": Run(61_200, 480, 360, seed=44, trips=260),
    "test_walkers": Run(61_200, 480, 360, seed=61, trips=240, mix=_BIKES, walkers=3_000),
    "test_ingolstadt": Run(58_800, 420, 240, city="ingolstadt21"),
}  # fmt: skip
_MADE: Final = {"made": (12, 5), "made6": (12, 6), "test_made": (3, 7)}
"""Staged cases: how many of each type, and the seed."""
_CORPORA: Final = {
    "helsinki42": Corpus(1.25, 6, _HELSINKI), "helsinki43": Corpus(1.25, 6, _HELSINKI),
    "helsinki54": Corpus(1.25, 6, _HELSINKI), "helsinki55": Corpus(1.25, 6, _HELSINKI),
    "walkers51": Corpus(1.25, 8, _HELSINKI), "walkers52": Corpus(1.25, 8, _HELSINKI),
    "walkers53": Corpus(1.25, 8, _HELSINKI),
    "wildau": Corpus(1.0, 6, f"Wildau: DLR-TS/sumo-scenarios, EPL-2.0; {_OSM}"),
    "berlin": Corpus(1.25, 6, f"Berlin: DLR-TS/sumo-scenarios, EPL-2.0; {_OSM}"),
    "bologna": Corpus(1.25, 6, "Bologna: DLR-TS/sumo-scenarios, EPL-2.0"),
    "hamburg": Corpus(1.25, 6, f"Hamburg: DLR-TS/sumo-scenarios, EPL-2.0; {_OSM}"),
    "made": Corpus(3.0, 4, f"{_HELSINKI}; cases staged"), "made6": Corpus(3.0, 4, f"{_HELSINKI}; cases staged"),
    "test_helsinki": Corpus(5.0, 4, _HELSINKI, seed=1), "test_walkers": Corpus(5.0, 5, _HELSINKI),
    "test_ingolstadt": Corpus(4.0, 4, f"Ingolstadt: Pi-Star-Lab/RESCO, GPL-3.0; {_OSM}", seed=1),
}  # fmt: skip


def main() -> int:
    """Make what is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cities", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--only", nargs="*", default=[*_RUNS, *_MADE])
    parser.add_argument("--show", action="store_true", help="print the commands, and make nothing")
    asked = parser.parse_args()
    for name in asked.only:
        if name in _RUNS and not asked.show:
            _prepare(name, cities=asked.cities, folder=asked.output)
        for command, made in _commands(name, folder=asked.output):
            sys.stdout.write(f"{shlex.join(command)}\n")
            if not asked.show and not made.exists():
                _carry_out(command)
    return 0


def _commands(name: str, *, folder: Path) -> list[tuple[list[str], Path]]:
    """Return the commands that make a corpus, each with what it makes."""
    source = folder / ("runs" if name in _RUNS else "scenes") / name
    if name in _RUNS:
        first = ["trafficdiff", "run", str(folder / "scenarios" / f"{name}.yaml"), "-o", str(source)]
    else:
        count, seed = _MADE[name]
        words = f"scenes make all --network helsinki --count {count} --seed {seed} -o"
        first = ["trafficdiff", *words.split(), str(source)]
    commands = [(first, source)]
    if name in _CORPORA:
        cut, made = _CORPORA[name], folder / "corpora" / name
        options = f"--every {cut.every_s:g} --egos {cut.egos} --seed {cut.seed}".split()
        cutting = ["trafficdiff", "scenes", "corpus", str(source), *options, "--licence", cut.licence, "-o", str(made)]
        commands.append((cutting, made))
    return commands


def _carry_out(command: list[str]) -> None:
    program = str(Path(sys.executable).with_name(command[0]))
    code = subprocess.run([program, *command[1:]], check=False, stdout=subprocess.DEVNULL).returncode
    if code not in {0, _EXIT_OF_GATES}:
        raise SystemExit(f"{shlex.join(command)}: ended with {code}")


def _prepare(name: str, *, cities: Path, folder: Path) -> None:
    """Write a run's scenario file, and lay a city's net and routes beside it."""
    scenarios = folder / "scenarios"
    scenarios.mkdir(parents=True, exist_ok=True)
    run = _RUNS[name]
    if run.city:
        place = scenarios / run.city
        place.mkdir(exist_ok=True)
        shutil.copy(cities / run.city / "net.net.xml.gz", place)
        _copy_routes(cities / run.city, place / "all.rou.xml.gz")
    (scenarios / f"{name}.yaml").write_text(_scenario(name, run), encoding="utf-8")


def _copy_routes(city: Path, target: Path) -> None:
    """Copy a city's routes of cars, and of bicycles where there are some, in the order of departure."""
    bikes = city / "bikes.rou.xml.gz"
    if not bikes.is_file():
        shutil.copy(city / "cars.rou.xml.gz", target)
        return
    found: list[str] = []
    for path in (city / "cars.rou.xml.gz", bikes):
        found += re.findall(r"<vehicle .*?</vehicle>", gzip.decompress(path.read_bytes()).decode(), flags=re.DOTALL)
    found.sort(key=lambda vehicle: float(re.findall(r'depart="([\d.]+)"', vehicle)[0]))
    body = "\n".join(['<vType id="bicycle" vClass="bicycle"/>', *found])
    target.write_bytes(gzip.compress(f"<routes>\n{body}\n</routes>\n".encode()))


def _scenario(name: str, run: Run) -> str:
    """Return the scenario file of a run."""
    end_s = run.begin_s + run.lasts_s
    network = f"{run.city}/net.net.xml.gz" if run.city else "helsinki"
    demand = (
        f"kind: file\n  path: {run.city}/all.rou.xml.gz\n  only_inside_window: true"
        if run.city
        else f"kind: model\n  trips: {run.trips}\n  vehicle_mix: {{{run.mix}}}"
    )
    lateral = "sublane" if run.walkers else "smooth"
    lines = [
        f"name: {name}", f"network: {network}", "date: 2024-10-08",
        f"time_zone: Europe/{'Berlin' if run.city else 'Helsinki'}",
        f"window: {{begin_s: {run.begin_s}, end_s: {end_s}, clear_s: 600}}", f"demand:\n  {demand}",
        *([f"pedestrians:\n  per_hour: {run.walkers}"] if run.walkers else []),
        f"simulation:\n  step_s: 0.1\n  emissions: false\n  tracks: {{step_s: 0.1, lateral: {lateral}, "
        f"begin_s: {end_s - run.recorded_s}, end_s: {end_s}}}",
        f"seed: {run.seed}",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
