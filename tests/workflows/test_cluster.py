"""A Dask cluster makes the same study, survives its workers, and can die itself."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.workflows.ensembles import (
    finished,
    finished_runs,
    long_scenario,
    started,
    sumos_below,
    wait_for,
    write_pair,
)
from trafficdiff.errors import InputError
from trafficdiff.workflows.ensemble import ensemble

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest.importorskip("distributed")
pytestmark = [pytest.mark.sumo, pytest.mark.slow]

DASK = Path(sys.executable).with_name("dask")
LOOPBACK = ("--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0")


class Cluster:
    """A scheduler and workers on loopback, each a process that can be killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.scheduler = self._start("scheduler", "--port", "0", "--scheduler-file", folder / "scheduler.json")
        self.address: str = wait_for(self._address)
        self.workers: list[subprocess.Popen[bytes]] = []

    def _address(self) -> str:
        with contextlib.suppress(OSError, ValueError):
            return str(json.loads((self.folder / "scheduler.json").read_text())["address"])
        return ""

    def add_worker(self) -> None:
        # without a nanny, so that a killed worker stays away
        words = ("--nthreads", "1", "--no-nanny", "--local-directory", self.folder)
        self.workers.append(self._start("worker", self.address, *words))

    def _start(self, kind: str, *words: str | Path) -> subprocess.Popen[bytes]:
        with (self.folder / f"{kind}.log").open("ab") as log:
            command = [DASK, kind, *LOOPBACK, *words]
            return subprocess.Popen(list(map(str, command)), stdout=log, stderr=log, cwd=self.folder)

    def close(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    folder = tmp_path / "dask"
    folder.mkdir()
    made = Cluster(folder)
    try:
        made.add_worker()
        made.add_worker()
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory, grid_net: Path) -> str:
    """The hash that the processes of this machine give."""
    scenarios = [long_scenario(grid_net), long_scenario(grid_net, "more", trips=1_000)]
    return ensemble(scenarios, directory=tmp_path_factory.mktemp("local") / "study", samples=3).outcome.study_hash


@pytest.fixture
def files(tmp_path: Path, grid_net: Path) -> list[Path | str]:
    return [
        *write_pair(tmp_path, long_scenario(grid_net), long_scenario(grid_net, "more", trips=1_000)),
        "--samples",
        "3",
    ]


def test_a_cluster_gives_the_same_hash_though_a_worker_is_killed(
    cluster: Cluster, expected: str, files: list[Path | str], tmp_path: Path
) -> None:
    study = tmp_path / "study"
    with started(study, *files, "--scheduler", cluster.address) as leader:
        victim = cluster.workers[0]
        (sumo, *_) = wait_for(lambda: sumos_below(victim.pid))
        victim.kill()
        victim.wait()
        wait_for(lambda: not sumo.is_running() or sumo.status() == psutil.STATUS_ZOMBIE, seconds=20)
        stdout, stderr = leader.communicate(timeout=400)
    assert leader.returncode == 0, stderr
    assert json.loads(stdout)["study_hash"] == expected


def test_a_killed_scheduler_ends_the_call_and_the_next_goes_on(
    cluster: Cluster, expected: str, files: list[Path | str], tmp_path: Path
) -> None:
    study = tmp_path / "study"
    with started(study, *files, "--scheduler", cluster.address) as leader:
        wait_for(lambda: finished_runs(study))
        cluster.scheduler.kill()
        stdout, _ = leader.communicate(timeout=400)
    assert leader.returncode == 1
    assert "scheduler" in json.loads(stdout)["message"]
    wait_for(lambda: not any(sumos_below(worker.pid) for worker in cluster.workers if worker.poll() is None))
    before = finished_runs(study)
    assert before
    assert finished(study, *files, "--workers", "2")["study_hash"] == expected
    after = finished_runs(study)
    assert {name: after[name] for name in before} == before


def test_a_killed_leader_lets_the_runs_on_the_cluster_go(
    cluster: Cluster, expected: str, files: list[Path | str], tmp_path: Path
) -> None:
    study = tmp_path / "study"
    with started(study, *files, "--scheduler", cluster.address) as leader:
        wait_for(lambda: finished_runs(study))
        wait_for(lambda: [sumo for worker in cluster.workers for sumo in sumos_below(worker.pid)])
        leader.kill()
    begun = time.monotonic()
    wait_for(lambda: not any(sumos_below(worker.pid) for worker in cluster.workers), seconds=30)
    assert time.monotonic() - begun < 30
    before = finished_runs(study)
    assert finished(study, *files, "--scheduler", cluster.address)["study_hash"] == expected
    after = finished_runs(study)
    assert {name: after[name] for name in before} == before


def test_only_loopback_is_listened_on(cluster: Cluster) -> None:
    time.sleep(3)
    places = {
        connection.laddr.ip
        for process in (cluster.scheduler, *cluster.workers)
        for connection in psutil.Process(process.pid).net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert places == {"127.0.0.1"}


def test_tls_without_certificates_is_refused_at_once(grid_net: Path, tmp_path: Path) -> None:
    begun = time.monotonic()
    with pytest.raises(InputError, match="no certificates for TLS"):
        ensemble([long_scenario(grid_net)], directory=tmp_path / "study", samples=1, scheduler="tls://127.0.0.1:9")
    assert time.monotonic() - begun < 15


def test_an_address_where_nobody_answers_is_an_input_error(grid_net: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a Dask scheduler"):
        ensemble([long_scenario(grid_net)], directory=tmp_path / "study", samples=1, scheduler="tcp://127.0.0.1:9")
    assert [path.name for path in (tmp_path / "study").iterdir()] == ["study.json"]
