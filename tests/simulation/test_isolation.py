"""Which sockets a simulation opens, and who can reach them."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import pytest

from tests.simulation.conftest import trips_on
from trafficdiff.datatypes.scenario import SimulationOptions, Window
from trafficdiff.process import sumo_environment
from trafficdiff.simulation.isolation import free_port
from trafficdiff.simulation.run import TraciAccess, simulate

if TYPE_CHECKING:
    from trafficdiff.datatypes.graph import RoadGraph

pytestmark = pytest.mark.sumo

ROOT = Path(__file__).parents[2]


def private_networks_work() -> bool:
    code = "from trafficdiff.simulation.isolation import enter_private_network as e; print(e())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    return done.stdout.strip() == "True"


def listening(pids: set[int]) -> set[tuple[str, int]]:
    """Return the addresses in this network on which any of the processes listens."""
    return {
        (entry.laddr.ip, entry.laddr.port)
        for entry in psutil.net_connections("inet")
        if entry.status == psutil.CONN_LISTEN and entry.pid in pids
    }


class Scan:
    """Look at the sockets of all our children while something runs."""

    def __init__(self) -> None:
        self.seen: set[tuple[str, int]] = set()
        self.looks = 0
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._look)

    def _look(self) -> None:
        while not self.done.is_set():
            children = psutil.Process().children(recursive=True)
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                if any(child.name().startswith(("sumo", "python")) for child in children):
                    self.looks += 1
                    self.seen |= listening({child.pid for child in children})
            time.sleep(0.005)

    def __enter__(self) -> Scan:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.done.set()
        self.thread.join()


def run(graph: RoadGraph, directory: Path, control: str, *, access: TraciAccess | None = None) -> Any:
    trips = trips_on(graph, [["NC", "CS"]] * 100, np.arange(100.0), end_s=120)
    return simulate(
        graph,
        trips,
        options=SimulationOptions(control=control, step_s=0.05, period_s=60, deadline_s=60),  # type: ignore[arg-type]
        window=Window(begin_s=0, end_s=120, clear_s=480),
        seed=2,
        directory=directory,
        access=access,
    )


@pytest.mark.parametrize("control", ["cli", "libsumo"])
def test_no_socket_is_open_while_the_cli_or_libsumo_runs(cross: RoadGraph, tmp_path: Path, control: str) -> None:
    with Scan() as scan:
        run(cross, tmp_path, control)
    assert scan.looks > 3
    assert scan.seen == set()


def test_traci_cannot_be_reached_from_any_interface(cross: RoadGraph, tmp_path: Path) -> None:
    if not private_networks_work():
        pytest.skip("this machine gives no private network; SUMO then warns")
    with Scan() as scan:
        result = run(cross, tmp_path, "traci")
    assert result.counts.arrived == 100
    assert scan.looks > 3
    assert scan.seen == set()
    assert "no private network" not in (tmp_path / "sumo.log").read_text()


@pytest.mark.slow
def test_an_outside_client_takes_part_over_the_loopback_alone(cross: RoadGraph, tmp_path: Path) -> None:
    if not private_networks_work():
        pytest.skip("this machine gives no private network; SUMO then listens on every interface")
    port = free_port()
    code = (
        "import json, sys, time, traci\n"
        "for _ in range(200):\n"
        "    try:\n"
        f"        traci.init({port}, numRetries=0, host='127.0.0.1')\n"
        "        break\n"
        "    except traci.exceptions.FatalTraCIError:\n"
        "        time.sleep(0.05)\n"
        "traci.setOrder(2)\n"
        "seen = 0\n"
        "try:\n"
        "    while True:\n"
        "        traci.simulationStep()\n"
        "        seen = max(seen, traci.vehicle.getIDCount())\n"
        "except traci.exceptions.FatalTraCIError:\n"
        "    pass\n"
        "print(json.dumps(seen))\n"
    )
    client = subprocess.Popen([sys.executable, "-c", code], env=sumo_environment(), stdout=subprocess.PIPE, text=True)
    with Scan() as scan:
        result = run(cross, tmp_path, "traci", access=TraciAccess(clients=1, port=port))
    said, _ = client.communicate(timeout=30)
    assert json.loads(said.splitlines()[-1]) > 0
    assert result.counts.arrived == 100
    assert scan.seen <= {("127.0.0.1", port)}


def test_a_free_port_can_be_listened_on() -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)) as server:
        assert server.getsockname() == ("127.0.0.1", port)
