"""A run's name depends on what went in and on nothing else."""

from __future__ import annotations

import datetime as dt
import gzip
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from tests.store.runs import NET, STARTED
from trafficdiff.datatypes.calibration_facts import CalibrationFacts
from trafficdiff.datatypes.scenario import Scenario
from trafficdiff.errors import NetworkError
from trafficdiff.store.provenance import Provenance, collect_provenance, installed_versions, network_hash, run_id

if TYPE_CHECKING:
    from pathlib import Path

SCENARIO = Scenario(name="Base", network="helsinki", time_zone="Europe/Helsinki")


@pytest.fixture
def net(tmp_path: Path) -> Path:
    path = tmp_path / "a.net.xml"
    path.write_text(NET.format(when="today", where="/here"))
    return path


def _collect(net: Path, *, scenario: Scenario = SCENARIO) -> Provenance:
    return collect_provenance(
        scenario,
        net=net,
        trips_source="gravity",
        result_hash="ab" * 32,
        demand_model="the gravity baseline",
        demand_data="OpenStreetMap",
        started_utc=STARTED,
        commands=[["sumo", net]],
    )


def test_the_network_hash_ignores_the_header_and_the_compression(net: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "b.net.xml.gz"
    elsewhere.write_bytes(gzip.compress(NET.format(when="tomorrow", where="/there").encode()))
    assert network_hash(net) == network_hash(elsewhere)
    misnamed = tmp_path / "c.net.xml"  # compressed, whatever its name says
    misnamed.write_bytes(elsewhere.read_bytes())
    assert network_hash(misnamed) == network_hash(net)
    net.write_text(net.read_text().replace('to="B"', 'to="C"'))
    assert network_hash(net) != network_hash(elsewhere)


CUT_NET = gzip.compress(b"<net " + bytes(10_000), mtime=0)[:-9]


@pytest.mark.parametrize("content", [b"", b"<routes/>", CUT_NET], ids=["empty", "routes", "cut"])
def test_what_is_no_net_has_no_hash(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.net.xml.gz").write_bytes(content)
    with pytest.raises(NetworkError, match="again"):
        network_hash(tmp_path / "a.net.xml.gz")


def test_the_run_id_follows_every_input() -> None:
    base = {"network_sha256": "0" * 64, "trips_source": "gravity"}
    names = {
        run_id(SCENARIO, **base),
        run_id(SCENARIO.model_copy(update={"seed": 7}), **base),
        run_id(SCENARIO, network_sha256="1" * 64, trips_source="gravity"),
        run_id(SCENARIO, network_sha256="0" * 64, trips_source="uniform"),
        run_id(SCENARIO, **base, sample=1),
        run_id(SCENARIO, **base, version="99"),
        run_id(SCENARIO, **base, stations_sha256="2" * 64),
    }
    assert len(names) == 7
    assert run_id(SCENARIO, **base) == run_id(SCENARIO.model_copy(), **base)
    assert all(len(name) == 12 and int(name, 16) >= 0 for name in names)


def test_the_time_of_day_and_the_machine_do_not_change_the_run_id(net: Path) -> None:
    assert _collect(net).run_id == _collect(net).run_id
    assert _collect(net).run_id != _collect(net, scenario=SCENARIO.model_copy(update={"seed": 1})).run_id


def test_times_are_kept_in_utc(net: Path) -> None:
    provenance = Provenance.model_validate_json(_collect(net).model_dump_json())
    assert STARTED.utcoffset() == dt.timedelta(hours=3)
    assert provenance.started_utc == STARTED
    assert provenance.started_utc.utcoffset() == dt.timedelta(0)
    assert provenance.time_zone == "Europe/Helsinki"


def test_a_record_that_cannot_be_true_is_refused(net: Path) -> None:
    record = _collect(net).model_dump()
    for wrong in (
        {"synthetic": False},
        {"started_utc": dt.datetime(2024, 1, 1)},
        {"finished_utc": STARTED - dt.timedelta(seconds=1)},
        {"network_sha256": "abc"},
        {"surprise": 1},
    ):
        with pytest.raises(ValidationError):
            Provenance.model_validate({**record, **wrong})


def test_the_statement_names_model_data_and_seed(net: Path) -> None:
    statement = _collect(net).statement
    for part in ("Synthetic", "the gravity baseline", "OpenStreetMap", "seed 42", "SUMO 1.28"):
        assert part in statement


def test_the_statement_says_what_demand_was_calibrated_to(net: Path) -> None:
    facts = CalibrationFacts(counts=23, share_geh5=0.96)
    calibrated = _collect(net).model_copy(update={"calibration": facts})
    assert "by the gravity baseline, calibrated to 23 counts (GEH < 5 on 96%), from OpenStreetMap" in (
        calibrated.statement
    )
    assert Provenance.model_validate_json(calibrated.model_dump_json()).calibration == facts


def test_only_trips_from_a_file_can_be_given_and_the_statement_says_so(net: Path) -> None:
    record = _collect(net).model_dump() | {"trips_source": f"file {'ab' * 32}", "demand_data": "the file trips.rou.xml"}
    given = Provenance.model_validate({**record, "synthetic": False})
    assert given.statement.startswith("Given trips, replayed by trafficdiff")
    assert "from the file trips.rou.xml" in given.statement
    assert "ynthetic" not in given.statement
    assert Provenance.model_validate(record).statement.startswith("Synthetic traffic, simulated by")


def test_versions_name_python_and_sumo() -> None:
    assert {"trafficdiff", "python", "eclipse-sumo", "numpy", "zarr"} <= set(installed_versions())
