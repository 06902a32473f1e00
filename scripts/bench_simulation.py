"""Measure what the replay costs over bare SUMO, and how fast its readers are over plain XML parsing.

    python scripts/bench_simulation.py                     a made-up grid, a few seconds
    python scripts/bench_simulation.py --full              and a real city out of TRAFFICDIFF_DATA, minutes
    python scripts/bench_simulation.py --net N --routes R  a city of your own

Processor seconds of whole process trees, in fresh processes, import time included; the least of the repeats counts.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trafficdiff.datatypes.scenario import SimulationOptions, Window
from trafficdiff.datatypes.trip_files import read_trips, write_trips
from trafficdiff.datatypes.trips import TripSet
from trafficdiff.process import Finished, run_program, sumo_environment, sumo_program
from trafficdiff.roads.netfile import read_net
from trafficdiff.simulation.edge_data import interval_begins_s, read_edge_emissions, read_edge_traffic
from trafficdiff.simulation.files import SumoFiles, command_of, final_time_s, write_inputs
from trafficdiff.simulation.run import simulate
from trafficdiff.simulation.summary import read_summary
from trafficdiff.simulation.trip_table import read_trip_table
from trafficdiff.simulation.vehicle_tracks import read_tracks

if TYPE_CHECKING:
    from trafficdiff.datatypes.graph import RoadGraph

SEED = 42
DEADLINE_S = 3_000.0
UTM = "+proj=utm +zone=35 +ellps=WGS84 +datum=WGS84 +units=m +no_defs"


@dataclass(frozen=True)
class Case:
    """One net with trips, in a directory of its own."""

    name: str
    net: Path
    trips: Path
    window: Window
    tracks: bool = False

    def options(self, control: str = "cli") -> SimulationOptions:
        """Return the options, the same for every way to drive SUMO."""
        return SimulationOptions.model_validate({"control": control, "tracks": self.tracks, "deadline_s": DEADLINE_S})


def made_up_case(directory: Path, *, trips: int = 400) -> Case:
    """Make a 6 x 6 grid with signals and trips that turn at random within ten minutes."""
    net = directory / "grid.net.xml"
    command = [sumo_program("netgenerate"), "--grid", "--grid.number", "6", "--grid.length", "200"]
    command += ["--default-junction-type", "traffic_light", "-o", net]
    run_program(command, log=directory / "netgenerate.log", deadline_s=60)
    net.write_text(net.read_text().replace('projParameter="!"', f'projParameter="{UTM}"'))
    graph = read_net(net)
    generator = np.random.default_rng(SEED)
    routes = [_wander(graph, generator) for _ in range(trips)]
    window = Window(begin_s=0, end_s=600, clear_s=1200)
    trip_set = TripSet(
        graph=graph,
        trip_id=np.array([f"t{place}" for place in range(trips)], object),
        depart_s=np.sort(generator.integers(0, 600, trips).astype(float)),
        window_s=(0.0, 600.0),
        offsets=np.cumsum([0, *map(len, routes)]),
        edges=np.concatenate(routes),
    )
    write_trips(trip_set, directory / "trips.parquet")
    return Case("grid", net, directory / "trips.parquet", window, tracks=True)


def _wander(graph: RoadGraph, generator: np.random.Generator) -> Any:
    route = [int(generator.integers(graph.edge_count))]
    for _ in range(14):
        followers = graph.successor_edges[graph.successor_offsets[route[-1]] : graph.successor_offsets[route[-1] + 1]]
        onward = followers[graph.to_node[followers] != graph.from_node[route[-1]]]
        if not len(onward):
            break
        route.append(int(generator.choice(onward)))
    return np.array(route, np.int32)


def real_case(directory: Path, *, name: str, net: Path, routes: Path) -> Case:
    """Take a net with routes; half an hour to clear."""
    trips = read_trips(routes, read_net(net, name=name))
    write_trips(trips, directory / "trips.parquet")
    begin_s, end_s = trips.window_s
    return Case(name, net, directory / "trips.parquet", Window(begin_s=begin_s, end_s=end_s, clear_s=1800))


def load(case: Case) -> tuple[RoadGraph, TripSet]:
    graph = read_net(case.net, name=case.name)
    return graph, read_trips(case.trips, graph)


def replay_here(case: Case, directory: Path, control: str) -> None:
    """Be the fresh process: simulate, and say what reading the net and the trips took."""
    import pandas as pd  # noqa: F401 - its import belongs to the replay's cost
    import xarray as xr  # noqa: F401

    before = time.process_time()
    graph, trips = load(case)
    prepared = time.process_time() - before
    options, window = case.options(control), case.window
    result = simulate(graph, trips, options=options, window=window, seed=SEED, directory=directory)
    print(json.dumps({"prepared_s": prepared, "arrived": result.counts.arrived}))


def measure_ours(case: Case, directory: Path, control: str) -> tuple[float, Finished]:
    """Return the replay's processor seconds without reading net and trips, and how the process ended."""
    place = directory / control
    place.mkdir(exist_ok=True)
    (place / "case.json").write_text(
        json.dumps(
            {"name": case.name, "net": str(case.net), "trips": str(case.trips), "tracks": case.tracks}
            | {"window": case.window.model_dump()}
        )
    )
    environment = sumo_environment() | {"PYTHONPATH": str(Path(__file__).parents[1])}
    finished = run_program(
        [sys.executable, __file__, "--replay", control, place],
        log=place / "replay.log",
        deadline_s=DEADLINE_S,
        environment=environment,
    )
    if finished.returncode:
        raise SystemExit(finished.output)
    return finished.cpu_s - json.loads(finished.output.splitlines()[-1])["prepared_s"], finished


def write_bare(case: Case, directory: Path) -> tuple[SumoFiles, list[str]]:
    graph, trips = load(case)
    files = write_inputs(trips, options=case.options(), directory=directory / "bare", seed=1)
    command = command_of(
        files, graph=graph, options=case.options(), window=case.window, seed=SEED, progress=False
    )  # fmt: skip
    return files, command


def measure_replay(case: Case, directory: Path, *, repeats: int, ways: list[str]) -> list[dict[str, Any]]:
    """Run bare SUMO and the ways to drive it in turn; keep the least time of each, and its largest process."""
    files, command = write_bare(case, directory)
    bare: list[Finished] = []
    ours: dict[str, list[tuple[float, Finished]]] = {way: [] for way in ways}
    for _ in range(repeats):
        bare.append(run_program(command, log=files.log, deadline_s=DEADLINE_S, directory=files.directory))
        for control, runs in ours.items():
            runs.append(measure_ours(case, directory, control))
    base_s, base_bytes = min(run.cpu_s for run in bare), max(run.peak_memory_bytes for run in bare)
    rows = [{"case": case.name, "way": "bare sumo", "cpu_s": base_s, "ratio": 1.0, "memory_mb": base_bytes / 1e6}]
    for control, runs in ours.items():
        cpu_s, peak = min(cpu for cpu, _ in runs), max(run.peak_memory_bytes for _, run in runs)
        row = {"case": case.name, "way": control, "cpu_s": cpu_s, "ratio": cpu_s / base_s, "memory_mb": peak / 1e6}
        rows.append(row)
    return rows


def measure_readers(case: Case, directory: Path) -> list[dict[str, Any]]:
    """Read the same content as parquet with our readers, and as XML with lxml and sumolib."""
    files, command = write_bare(case, directory)
    run_program(command, log=files.log, deadline_s=DEADLINE_S, directory=files.directory)
    additional = files.additional.read_text()
    files.additional.write_text(additional.replace(".parquet", ".xml"))
    words = [word.replace(".parquet", ".xml") for word in command]
    run_program(words, log=files.log, deadline_s=DEADLINE_S, directory=files.directory)
    files.additional.write_text(additional)
    graph, trips = load(case)
    end_s = final_time_s(case.window)
    begins_s = interval_begins_s(begin_s=case.window.begin_s, end_s=end_s, period_s=case.options().period_s)
    readers = {
        files.edges: ("edge", lambda path: read_edge_traffic(path, graph=graph, begins_s=begins_s)),
        files.emissions: ("edge", lambda path: read_edge_emissions(path, graph=graph, begins_s=begins_s)),
        files.trips: ("tripinfo", lambda path: read_trip_table(path, trips=trips)),
        files.summary: ("step", read_summary),
    }
    if case.tracks:
        readers[files.tracks] = ("vehicle", lambda path: read_tracks(path, graph=graph, trips=trips, step_s=1.0))
    rows = []
    for path, (tag, read) in readers.items():
        xml = path.with_suffix(".xml")
        megabytes = xml.stat().st_size / 1e6
        read(path)  # imports and caches are not the reader's
        row = {"case": case.name, "output": path.stem, "xml_mb": megabytes, "parquet_mb": path.stat().st_size / 1e6}
        row |= {"ours_mb_s": megabytes / _cpu_s(lambda path=path, read=read: read(path))}
        row |= {"lxml_mb_s": megabytes / _cpu_s(lambda xml=xml, tag=tag: parse_with_lxml(xml, tag), repeats=1)}
        row |= {"sumolib_mb_s": megabytes / _cpu_s(lambda xml=xml, tag=tag: parse_with_sumolib(xml, tag), repeats=1)}
        rows.append(row)
    return rows


def _cpu_s(action: Any, *, repeats: int = 3) -> float:
    taken = []
    for _ in range(repeats):
        before = time.process_time()
        action()
        taken.append(time.process_time() - before)
    return max(min(taken), 1e-6)


def parse_with_lxml(path: Path, tag: str) -> int:
    """Take every attribute of every element, as a reader must."""
    from lxml import etree

    rows = []
    for _, element in etree.iterparse(str(path), tag=tag):
        rows.append(dict(element.attrib))
        element.clear()
    return len(rows)


def parse_with_sumolib(path: Path, tag: str) -> int:
    import sumolib

    return sum(1 for _ in sumolib.xml.parse(str(path), tag))


def show(rows: list[dict[str, Any]]) -> None:
    names = list(rows[0])
    print("  ".join(f"{name:>12}" for name in names))
    for row in rows:
        cells = (f"{value:12.2f}" if isinstance(value, float) else f"{value:>12}" for value in row.values())
        print("  ".join(cells))
    print()


def chosen_cases(arguments: argparse.Namespace, directory: Path) -> list[Case]:
    cases = []
    if arguments.net:
        cases.append((arguments.net.resolve().parent.name, arguments.net, arguments.routes))
    if arguments.full:
        data = os.environ.get("TRAFFICDIFF_DATA")
        if not data:
            raise SystemExit("--full needs the outside data folder; set TRAFFICDIFF_DATA")
        city = Path(data) / "cities" / arguments.city
        cases.append((arguments.city, city / "net.net.xml.gz", city / "cars.rou.xml.gz"))
    made = [] if arguments.net else [made_up_case(_folder(directory, "grid"))]
    return made + [real_case(_folder(directory, name), name=name, net=net, routes=r) for name, net, r in cases]


def _folder(directory: Path, name: str) -> Path:
    (directory / name).mkdir()
    return directory / name


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="measure a real city too")
    parser.add_argument("--city", default="ingolstadt21", help="which one")
    parser.add_argument("--net", type=Path, help="a net of your own")
    parser.add_argument("--routes", type=Path, help="routes on it")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--ways", nargs="+", default=["cli", "libsumo", "traci"], help="how to drive SUMO")
    parser.add_argument("--json", action="store_true", help="one object on stdout")
    parser.add_argument("--replay", nargs=2, metavar=("CONTROL", "DIRECTORY"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.replay:
        control, directory = arguments.replay[0], Path(arguments.replay[1])
        stored = json.loads((directory / "case.json").read_text())
        window = Window.model_validate(stored["window"])
        case = Case(stored["name"], Path(stored["net"]), Path(stored["trips"]), window, stored["tracks"])
        replay_here(case, directory, control)
        return
    found: dict[str, list[dict[str, Any]]] = {"replay": [], "readers": []}
    with tempfile.TemporaryDirectory() as temporary:
        for case in chosen_cases(arguments, Path(temporary)):
            found["replay"] += measure_replay(case, case.trips.parent, repeats=arguments.repeats, ways=arguments.ways)
            found["readers"] += measure_readers(case, case.trips.parent)
    if arguments.json:
        print(json.dumps(found))
        return
    print("processor seconds and peak memory of the replay over bare SUMO (goal: ratio 1.15 on a minute or more)")
    show(found["replay"])
    print("readers: MB of XML content a processor second")
    show(found["readers"])


if __name__ == "__main__":
    main()
