"""Measure the router against duarouter with contraction hierarchies and against networkx.

    python scripts/bench_routing.py [DATA/cities] [--trips 1000] [--full]

Without the outside cities it measures on Helsinki and on a made-up grid.

One line a method and net: routes per CPU second on one core. Loading the net is in no number: for duarouter the time
of a single trip is taken off, and with it the making of its hierarchy; writing its file stays in. Vias are two edges
of the shortest route, a third and two thirds along it. The last columns: the process's peak memory, and how many
routes take as long as ours over their edges. duarouter also counts the time inside junctions and turn penalties; with
"same costs" it runs once more without both.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import os
import resource
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

import networkx as nx
import numpy as np
from lxml import etree

from trafficdiff.datatypes.agents import Agents
from trafficdiff.datatypes.scenario import RouteChoice, UniformDemand
from trafficdiff.datatypes.trip_files import read_trips
from trafficdiff.datatypes.vehicles import VEHICLE_TYPES
from trafficdiff.demand.router import route
from trafficdiff.demand.successions import succession_costs
from trafficdiff.demand.uniform import uniform_agents
from trafficdiff.process import Finished, run_program, sumo_program
from trafficdiff.roads.load import load_network
from trafficdiff.roads.netfile import read_net
from trafficdiff.screening import open_screened

if TYPE_CHECKING:
    from collections.abc import Callable

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.trips import TripSet

WINDOW_S = (0.0, 3_600.0)
REAL = ("bologna", "wildau", "ingolstadt21")
UNIFORM = ("bad_hersfeld", "braunschweig")
SHORTEST = RouteChoice()
SCATTERED = RouteChoice(spread=0.3, draws=8)
HEAD = f"{'net':14s}{'pairs':9s}{'method':26s}{'routes':>8s}{'CPU s':>8s}{'routes/s':>10s}{'MB':>7s}{'equal cost':>12s}"


@dataclass
class Measured:
    """Hold CPU time [s], peak memory [MB] and the trips, as far as they are needed."""

    cpu_s: float
    peak_mb: float
    trips: TripSet | None = None


def random() -> np.random.Generator:
    return np.random.default_rng(1)


def agents_between(graph: RoadGraph, origin: np.ndarray, destination: np.ndarray) -> Agents:
    depart_s = np.linspace(*WINDOW_S, len(origin), endpoint=False).round(2)
    return Agents(graph=graph, origin=origin, destination=destination, depart_s=depart_s, window_s=WINDOW_S)


def real_agents(graph: RoadGraph, routes: Path, *, trips: int) -> Agents:
    """Draw origin and destination from real trips that a car can make on the shortest path too."""
    real = read_trips(routes, graph)
    cars = np.array([kind.vehicle_class == "passenger" for kind in real.vehicle_types])[real.vehicle_type]
    chosen = random().choice(np.flatnonzero(cars), size=trips)
    return agents_between(graph, real.edges[real.offsets[:-1]][chosen], real.edges[real.offsets[1:] - 1][chosen])


def drawn_agents(graph: RoadGraph, *, trips: int) -> Agents:
    return uniform_agents(
        graph, demand=UniformDemand(trips=trips, fringe_factor=1), window_s=WINDOW_S, generator=random()
    )


def with_vias(agents: Agents, trips: TripSet) -> Agents:
    """Add two vias that lie on the routes."""
    first = trips.offsets[:-1]
    vias = np.stack([trips.edges[first + trips.route_lengths * part // 3] for part in (1, 2)], axis=1)
    return Agents(
        graph=agents.graph,
        origin=agents.origin,
        destination=agents.destination,
        depart_s=agents.depart_s,
        window_s=agents.window_s,
        via_offsets=np.arange(len(agents) + 1, dtype=np.int64) * 2,
        via_edges=vias.ravel().astype(np.int32),
    )


def in_child(work: Callable[[], object]) -> Measured:
    """Run in a forked process, so that its peak memory is its own (what it shares with this one included)."""
    receive, send = multiprocessing.Pipe(duplex=False)

    def child() -> None:
        started = time.process_time()
        work()
        cpu_s = time.process_time() - started
        send.send((cpu_s, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    cpu_s, peak_mb = receive.recv()
    process.join()
    return Measured(cpu_s, peak_mb)


def ours(agents: Agents, choice: RouteChoice = SHORTEST) -> Measured:
    return in_child(lambda: route(agents, choice=choice, generator=random()))


def write_requests(agents: Agents, path: Path) -> None:
    names = agents.graph.edge_id
    with path.open("w") as file:
        file.write('<routes>\n<vType id="car" vClass="passenger" speedFactor="1" speedDev="0" maxSpeed="100"/>\n')
        for place in range(len(agents)):
            ends = [names[agents.origin[place]], names[agents.destination[place]]]
            vias = names[agents.via_edges[agents.via_offsets[place] : agents.via_offsets[place + 1]]]
            via = f" via={quoteattr(' '.join(vias))}" if len(vias) else ""
            file.write(
                f'<trip id="{place}" type="car" depart="{agents.depart_s[place]:.2f}" from={quoteattr(ends[0])} '
                f"to={quoteattr(ends[1])}{via}/>\n"
            )
        file.write("</routes>\n")


def duarouter(net: Path, requests: Path, output: Path, *extra: str) -> Finished:
    command = [
        sumo_program("duarouter"), "-n", net, "-r", requests, "-o", output, "--alternatives-output", "NUL",
        "--routing-algorithm", "CH", "--no-step-log", "--no-warnings", "--ignore-errors", *extra,
    ]  # fmt: skip
    finished = run_program(command, log=output.with_suffix(".log"), deadline_s=900)
    if finished.returncode:
        raise SystemExit(finished.output)
    return finished


def loading_s(agents: Agents, net: Path, folder: Path) -> float:
    """Return what duarouter spends on the net, its hierarchy and one trip [CPU s]."""
    write_requests(agents_between(agents.graph, agents.origin[:1], agents.destination[:1]), folder / "one.xml")
    return min(duarouter(net, folder / "one.xml", folder / "one.rou.xml").cpu_s for _ in range(2))


def theirs(agents: Agents, net: Path, folder: Path, *, loading: float) -> Measured:
    write_requests(agents, folder / "requests.xml")
    finished = duarouter(net, folder / "requests.xml", folder / "routes.rou.xml")
    return Measured(finished.cpu_s - loading, finished.peak_memory_bytes / 1e6)


def equal_to_duarouter(agents: Agents, trips: TripSet, net: Path, folder: Path) -> float:
    """Return the share of trips that duarouter routes at our cost, on a net without junction interiors."""
    plain = folder / "plain.net.xml"
    without_interiors(net, plain)
    write_requests(agents, folder / "requests.xml")
    free = ("--weights.minor-penalty", "0", "--weights.turnaround-penalty", "0")
    duarouter(plain, folder / "requests.xml", folder / "plain.rou.xml", *free)
    return share_equal(trips, folder / "plain.rou.xml")


def share_equal(trips: TripSet, routes: Path) -> float:
    """Return the share of trips whose route in a file takes as long as ours over its edges."""
    other = read_trips(routes, trips.graph, window_s=WINDOW_S)
    time_s = trips.graph.free_flow_time_s
    mine = trips.sum_over_route(time_s)[other.trip_id.astype(int)]
    return float(np.isclose(other.sum_over_route(time_s), mine, rtol=0, atol=1e-5).sum() / len(trips))


def without_interiors(net: Path, target: Path) -> None:
    with open_screened(net) as file:
        root = etree.parse(file).getroot()
    for element in list(root):
        ends = element.get("id", "") + element.get("from", "") + " " + element.get("to", "")
        if (element.tag in {"edge", "connection"} and ":" in ends) or element.get("type") == "internal":
            root.remove(element)
        elif element.tag == "connection":
            element.attrib.pop("via", None)
        elif element.tag == "junction":
            element.set("intLanes", "")
            for request in element.findall("request"):
                element.remove(request)
    etree.ElementTree(root).write(str(target))


def by_networkx(agents: Agents, trips: TripSet, *, pairs: int) -> tuple[int, Measured, float]:
    time_s = agents.graph.free_flow_time_s
    costs = succession_costs(agents.graph, mask=VEHICLE_TYPES["car"].mask, edge_time_s=time_s)
    graph = nx.from_scipy_sparse_array(costs, create_using=nx.DiGraph)
    pairs = min(pairs, len(agents))
    found: list[float] = []
    started = time.process_time()
    for place in range(pairs):
        path = nx.dijkstra_path(graph, int(agents.origin[place]), int(agents.destination[place]))
        found.append(float(time_s[path].sum()))
    cpu_s = time.process_time() - started
    equal = np.isclose(found, trips.sum_over_route(time_s)[:pairs], rtol=0, atol=1e-5).mean()
    return pairs, Measured(cpu_s, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024), float(equal)


def line(net: str, kind: str, method: str, routes: int, measured: Measured, *, equal: float | None = None) -> None:
    """Print one line; below 0.05 CPU s the noise of loading is larger than the routing."""
    speed = f"{routes / measured.cpu_s:10.0f}" if measured.cpu_s >= 0.05 else f"{'-':>10s}"
    share = f"{equal:12.1%}" if equal is not None else ""
    print(
        f"{net:14s}{kind:9s}{method:26s}{routes:8d}{measured.cpu_s:8.2f}{speed}{measured.peak_mb:7.0f}{share}",
        flush=True,
    )


def compare(name: str, kind: str, agents: Agents, net: Path) -> None:
    count = len(agents)
    trips = route(agents, choice=SHORTEST, generator=random())
    vias = with_vias(agents, trips)
    line(name, kind, "ours", count, ours(agents))
    line(name, kind, "ours, two vias", count, ours(vias))
    line(name, kind, "ours, spread 0.3, 8 draws", count, ours(agents, SCATTERED))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        loading = loading_s(agents, net, place)
        measured = theirs(agents, net, place, loading=loading)
        line(name, kind, "duarouter CH", count, measured, equal=share_equal(trips, place / "routes.rou.xml"))
        line(name, kind, "duarouter CH, two vias", count, theirs(vias, net, place, loading=loading))
        equal = equal_to_duarouter(agents, trips, net, place)
        print(f"{name:14s}{kind:9s}{'duarouter, same costs':26s}{count:8d}{'':25s}{equal:12.1%}", flush=True)
    routes, measured, equal = by_networkx(agents, trips, pairs=200)
    line(name, kind, "networkx", routes, measured, equal=equal)


def grow(name: str, graph: RoadGraph, counts: list[int]) -> None:
    print(f"\ngrowth on {name} ({graph.edge_count} edges), uniform pairs, one core")
    heads = ("draw ends CPU s", "route CPU s", "two vias CPU s", "scatter CPU s")
    print(f"{'trips':>8s}" + "".join(f"{head:>17s}" for head in heads) + f"{'MB':>7s}")
    for count in counts:
        drawing = in_child(lambda count=count: drawn_agents(graph, trips=count))
        agents = drawn_agents(graph, trips=count)
        plain, scattered = ours(agents), ours(agents, SCATTERED)
        vias = ours(with_vias(agents, route(agents, choice=SHORTEST, generator=random())))
        peak_mb = max(plain.peak_mb, vias.peak_mb, scattered.peak_mb)
        print(
            f"{count:8d}{drawing.cpu_s:17.2f}{plain.cpu_s:17.2f}{vias.cpu_s:17.2f}{scattered.cpu_s:17.2f}{peak_mb:7.0f}",
            flush=True,
        )


def generated_net(folder: Path) -> Path:
    """Make a grid of 9,800 edges, for machines without the outside data."""
    net = folder / "grid.net.xml"
    command = [sumo_program("netgenerate"), "--grid", "--grid.number", "50", "--grid.length", "120", "-o", net]
    finished = run_program(command, log=folder / "netgenerate.log", deadline_s=300)
    assert finished.returncode == 0, finished.output
    text = net.read_text().replace('projParameter="!"', 'projParameter="+proj=utm +zone=35 +datum=WGS84 +units=m"', 1)
    net.write_text(text)
    return net


def bench_cities(cities: Path, *, trips: int, counts: list[int]) -> None:
    for name in REAL:
        net = cities / name / "net.net.xml.gz"
        graph = read_net(net, name=name)
        compare(name, "real", real_agents(graph, cities / name / "cars.rou.xml.gz", trips=trips), net)
    graphs = {}
    for name in UNIFORM:
        net = cities / name / "net.net.xml.gz"
        graphs[name] = read_net(net, name=name)
        compare(name, "uniform", drawn_agents(graphs[name], trips=trips), net)
    grow("bad_hersfeld", graphs["bad_hersfeld"], counts)


def bench_without_data(*, trips: int, counts: list[int]) -> None:
    helsinki = load_network("helsinki")
    compare("helsinki", "uniform", drawn_agents(helsinki, trips=trips), helsinki.net_path)
    with tempfile.TemporaryDirectory() as folder:
        net = generated_net(Path(folder))
        grid = read_net(net, name="grid")
        compare("grid", "uniform", drawn_agents(grid, trips=trips), net)
        grow("grid", grid, counts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "cities", type=Path, nargs="?", help="folder of city folders (default: TRAFFICDIFF_DATA/cities)"
    )
    parser.add_argument("--trips", type=int, default=2_000, help="pairs a net")
    parser.add_argument("--full", action="store_true", help="10,000 pairs a net")
    options = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    trips = 10_000 if options.full else options.trips
    counts = [1_000, 10_000, 100_000]
    outside = os.environ.get("TRAFFICDIFF_DATA")
    cities = options.cities or (Path(outside) / "cities" if outside else None)
    print(HEAD)
    if cities is not None and cities.is_dir():
        bench_cities(cities, trips=trips, counts=counts)
    else:
        bench_without_data(trips=trips, counts=counts)


if __name__ == "__main__":
    main()
