"""A scenario file becomes one run directory that can be opened, audited and made again."""

from __future__ import annotations

import gzip
import json
import signal
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import yaml
from PIL import Image

from tests.commands import trafficdiff
from tests.simulation.test_run import signalling
from trafficdiff.datatypes.track_files import read_tracks_table
from trafficdiff.datatypes.trip_files import read_trips, write_trips
from trafficdiff.errors import DeadlineError, OutputError, SimulationError
from trafficdiff.roads.netfile import read_net
from trafficdiff.simulation.files import write_inputs
from trafficdiff.simulation.run import MESO_BIAS
from trafficdiff.store.reading import open_run
from trafficdiff.workflows.run import run_file

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.scenario import SimulationOptions
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.simulation.files import SumoFiles
    from trafficdiff.store.reading import StoredRun
    from trafficdiff.workflows.outcome import Outcome

pytestmark = pytest.mark.sumo


def write_scenario(folder: Path, net: Path, **changes: object) -> Path:
    content = {
        "name": "grid",
        "network": str(net),
        "window": {"begin_s": 0, "end_s": 300, "clear_s": 900},
        "demand": {"kind": "gravity", "trips": 60},
        "simulation": {"period_s": 60},
        **changes,
    }
    path = folder / "scenario.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory, grid_net: Path) -> Outcome:
    folder = tmp_path_factory.mktemp("run")
    return run_file(write_scenario(folder, grid_net), directory=folder / "run")


def test_every_trip_is_accounted_for(outcome: Outcome) -> None:
    assert outcome.numbers["trips_asked"] == 60
    assert outcome.numbers["completion_share"] == 1
    assert outcome.validation.passed


def test_the_run_opens_with_what_was_reported(outcome: Outcome) -> None:
    stored = open_run(outcome.directory)
    assert stored.run_id == outcome.run_id
    assert stored.provenance.result_hash == outcome.result_hash
    assert float(stored.metrics.data["vehicle_hours"]) == outcome.numbers["vehicle_hours"]
    assert stored.provenance.seeds["scenario"] == 42


def test_the_areas_totals_are_the_trips_own(outcome: Outcome) -> None:
    trips = open_run(outcome.directory).result.trips
    assert outcome.numbers["trip_hours"] == pytest.approx(trips["duration_s"].sum() / 3_600)
    # Junction interiors belong to no edge: the sum over edges is less, but not much.
    assert 0.8 < outcome.numbers["vehicle_hours"] / outcome.numbers["trip_hours"] < 1
    assert 0.8 < outcome.numbers["vehicle_kilometres"] / outcome.numbers["trip_kilometres"] < 1


def test_the_same_scenario_gives_the_same_hash_and_another_seed_another(
    outcome: Outcome, tmp_path: Path, grid_net: Path
) -> None:
    again = run_file(write_scenario(tmp_path, grid_net), directory=tmp_path / "again", picture=False)
    assert (again.run_id, again.result_hash) == (outcome.run_id, outcome.result_hash)
    other = run_file(write_scenario(tmp_path, grid_net, seed=43), directory=tmp_path / "other", picture=False)
    assert other.result_hash != outcome.result_hash
    assert other.run_id != outcome.run_id


@pytest.mark.slow
@pytest.mark.parametrize("control", ["libsumo", "traci"])
def test_the_same_hash_comes_over_every_control(outcome: Outcome, tmp_path: Path, grid_net: Path, control: str) -> None:
    path = write_scenario(tmp_path, grid_net, simulation={"period_s": 60, "control": control, "threads": 2})
    assert run_file(path, directory=tmp_path / "run", picture=False).result_hash == outcome.result_hash


def test_the_command_in_the_run_makes_the_numbers_again(outcome: Outcome, tmp_path: Path) -> None:
    import shutil

    from trafficdiff.process import run_program, sumo_program

    shutil.copytree(outcome.directory, tmp_path / "copy")
    (command,) = open_run(outcome.directory).provenance.commands
    again = run_program(
        [sumo_program(command[0]), *command[1:]],
        log=tmp_path / "log",
        deadline_s=60,
        directory=tmp_path / "copy" / "simulation",
    )
    assert again.returncode == 0, again.output
    statistics = (tmp_path / "copy" / "simulation" / "statistics.xml").read_text()
    assert 'loaded="60"' in statistics


@pytest.mark.slow
@pytest.mark.parametrize("synthetic", [True, False])
def test_a_run_of_a_trip_file_says_whether_its_trips_were_made_or_given(
    outcome: Outcome, tmp_path: Path, grid_net: Path, synthetic: bool
) -> None:
    trips = read_trips(open_run(outcome.directory).trips_path, read_net(grid_net))
    write_trips(trips if synthetic else replace(trips, provenance={}), tmp_path / "counted.parquet")
    path = write_scenario(tmp_path, grid_net, demand={"kind": "file", "path": "counted.parquet"})
    run_file(path, directory=tmp_path / "run")
    stored = open_run(tmp_path / "run")
    notice = (tmp_path / "run" / "NOTICE.txt").read_text(encoding="utf-8")
    assert stored.provenance.synthetic is synthetic
    assert stored.provenance.demand_data == "the file counted.parquet"
    assert stored.metrics.data.attrs["synthetic"] == str(synthetic).lower()
    assert ("No row describes a real person's trip." in notice) is synthetic
    with Image.open(tmp_path / "run" / "pictures" / "travel_time_index.png") as picture:
        said = (stored.provenance.statement, notice, *map(str, picture.text.values()), *map(str, _attributes(stored)))
    assert any("synthetic" in words.lower() for words in said) is synthetic
    assert any("given trips" in words.lower() for words in said) is not synthetic


@pytest.mark.slow
def test_other_vehicle_types_beside_the_same_trips_make_another_run(
    outcome: Outcome, tmp_path: Path, grid_net: Path
) -> None:
    trips = read_trips(open_run(outcome.directory).trips_path, read_net(grid_net))
    write_trips(trips, tmp_path / "trips.rou.xml")
    text = (tmp_path / "trips.rou.xml").read_text()
    start, end = text.index("<vType"), text.index("<vehicle")
    (tmp_path / "trips.rou.xml").write_text(text[:start] + text[end:])
    demand = {"kind": "file", "path": "trips.rou.xml", "type_files": ["types.add.xml"]}
    path = write_scenario(tmp_path, grid_net, demand=demand)
    found = {}
    for run, length_m in (("short", 4), ("long", 9), ("short again", 4)):
        (tmp_path / "types.add.xml").write_text(f'<additional><vType id="car" length="{length_m}"/></additional>')
        found[run] = run_file(path, directory=tmp_path / run, picture=False)
    assert found["short"].run_id == found["short again"].run_id != found["long"].run_id
    assert found["short"].result_hash == found["short again"].result_hash != found["long"].result_hash


def test_a_net_is_kept_by_its_content_and_thanked_for_by_its_roads(tmp_path: Path, grid_net: Path) -> None:
    packed = tmp_path / "packed.net.xml"  # compressed, whatever its name says
    text = grid_net.read_text()
    assert "highway." not in text
    packed.write_bytes(gzip.compress(text.replace(' from="', ' type="highway.residential" from="').encode()))
    run_file(write_scenario(tmp_path, packed), directory=tmp_path / "run", picture=False)
    stored = open_run(tmp_path / "run")
    assert (tmp_path / "run" / "network" / "net.net.xml.gz").read_bytes() == packed.read_bytes()
    assert "../network/net.net.xml.gz" in stored.provenance.commands[0]
    assert "OpenStreetMap" in (tmp_path / "run" / "NOTICE.txt").read_text(encoding="utf-8")


def test_a_folder_called_like_the_city_does_not_hide_it(
    tmp_path: Path, grid_net: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("trafficdiff.roads.load.load_network", lambda word: opened.append(word) or read_net(grid_net))
    (tmp_path / "helsinki").mkdir()
    path = write_scenario(tmp_path, grid_net, network="helsinki")
    run_file(path, directory=tmp_path / "run", picture=False)
    assert opened == ["helsinki"]


def _attributes(stored: StoredRun) -> list[object]:
    return [*stored.result.data.attrs.values(), *stored.metrics.data.attrs.values()]


def test_a_run_is_never_overwritten(outcome: Outcome) -> None:
    before = sorted(outcome.directory.rglob("*"))
    with pytest.raises(OutputError, match="complete"):
        run_file(outcome.directory / "scenario_as_given.yaml", directory=outcome.directory)
    assert sorted(outcome.directory.rglob("*")) == before


@pytest.mark.slow
def test_a_run_that_fails_its_gates_is_kept_and_exits_with_4(tmp_path: Path, grid_net: Path) -> None:
    window = {"begin_s": 0, "end_s": 300, "clear_s": 0}
    path = write_scenario(tmp_path, grid_net, window=window, gates={"completion_share_min": 0.999})
    said = trafficdiff("run", path, "-o", tmp_path / "run", "--json")
    assert said.returncode == 4
    assert "completion_share" in said.stderr
    assert not open_run(tmp_path / "run").validation.passed
    told = json.loads(said.stdout)
    assert told["run_id"] == open_run(tmp_path / "run").run_id
    assert (told["error"], told["exit_code"]) == ("GateError", 4)


@pytest.mark.parametrize(
    ("control", "words"), [("cli", "signal 9"), ("traci", "code 75")], ids=["killed", "killed behind traci"]
)
def test_a_run_whose_sumo_dies_keeps_its_log_beside_it(
    tmp_path: Path, grid_net: Path, control: str, words: str
) -> None:
    path = write_scenario(tmp_path, grid_net, simulation={"step_s": 0.01, "period_s": 60, "control": control})
    with signalling("sumo", signal.SIGKILL, times=2), pytest.raises(SimulationError, match=words) as caught:
        run_file(path, directory=tmp_path / "run")
    assert_log_is_kept(caught.value, tmp_path)


def test_a_run_that_misses_its_deadline_keeps_its_log_beside_it(tmp_path: Path, grid_net: Path) -> None:
    path = write_scenario(tmp_path, grid_net, simulation={"step_s": 0.01, "period_s": 60, "deadline_s": 1})
    with pytest.raises(DeadlineError, match="within") as caught:
        run_file(path, directory=tmp_path / "run")
    assert_log_is_kept(caught.value, tmp_path)


def test_a_run_whose_input_sumo_refuses_keeps_its_log_until_one_goes_well(
    tmp_path: Path, grid_net: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_scenario(tmp_path, grid_net)
    with monkeypatch.context() as patched:
        patched.setattr("trafficdiff.simulation.run.write_inputs", with_unknown_edge)
        with pytest.raises(SimulationError, match="nowhere") as caught:
            run_file(path, directory=tmp_path / "run")
    assert "nowhere" in assert_log_is_kept(caught.value, tmp_path)
    run_file(path, directory=tmp_path / "run", picture=False)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["run", "run.status.json", "scenario.yaml"]


def with_unknown_edge(trips: TripSet, *, options: SimulationOptions, directory: Path, **more: Any) -> SumoFiles:
    """Write inputs with a route over an edge that is not in the net."""
    files = write_inputs(trips, options=options, directory=directory, **more)
    text = gzip.decompress(files.routes.read_bytes()).decode()
    files.routes.write_bytes(gzip.compress(text.replace("<route edges=", '<route edges="nowhere" x=', 1).encode()))
    return files


def assert_log_is_kept(error: SimulationError, folder: Path) -> str:
    kept = folder / "run.failed.log"
    assert error.log == kept
    assert str(kept) in str(error)
    assert sorted(entry.name for entry in folder.iterdir()) == ["run.failed.log", "run.status.json", "scenario.yaml"]
    return kept.read_text()


@pytest.mark.slow
def test_a_map_that_cannot_be_drawn_costs_a_warning_and_not_the_run(
    tmp_path: Path, grid_net: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def draw_nothing(*words: object, **options: object) -> None:
        raise ValueError("no such colour map")

    monkeypatch.setattr("trafficdiff.export.picture.draw_map", draw_nothing)
    found = run_file(write_scenario(tmp_path, grid_net), directory=tmp_path / "run")
    assert found.pictures == ()
    (warning,) = open_run(tmp_path / "run").validation.warnings
    assert "map could not be drawn (ValueError: no such colour map)" in warning
    assert found.summary()["warnings"] == [warning]


def test_what_readers_warn_of_stands_in_the_run(outcome: Outcome, tmp_path: Path, grid_net: Path) -> None:
    trips = read_trips(open_run(outcome.directory).trips_path, read_net(grid_net))
    write_trips(trips, tmp_path / "trips.rou.xml")
    text = (tmp_path / "trips.rou.xml").read_text()
    head, *vehicles = text.split("    <vehicle ")
    tail = vehicles[-1].partition("</routes>")[1:]
    vehicles[-1] = vehicles[-1].partition("</routes>")[0]
    (tmp_path / "trips.rou.xml").write_text("    <vehicle ".join([head, *reversed(vehicles)]) + "".join(tail))
    path = write_scenario(tmp_path, grid_net, demand={"kind": "file", "path": "trips.rou.xml"})
    run_file(str(path), directory=str(tmp_path / "run"), picture=False)
    (warning,) = open_run(tmp_path / "run").validation.warnings
    assert "out of order; the trips were sorted" in warning


def test_a_mesoscopic_run_says_once_that_it_is_biased(tmp_path: Path, grid_net: Path) -> None:
    path = write_scenario(tmp_path, grid_net, simulation={"period_s": 60, "resolution": "meso"})
    run_file(path, directory=tmp_path / "run", picture=False)
    assert open_run(tmp_path / "run").validation.warnings == (MESO_BIAS,)


@pytest.mark.slow
def test_an_electric_share_shows_in_the_energy(tmp_path: Path, grid_net: Path) -> None:
    demand = {"kind": "uniform", "trips": 40, "electric_share": 0.5}
    path = write_scenario(tmp_path, grid_net, demand=demand)
    numbers = run_file(path, directory=tmp_path / "run", picture=False).numbers
    assert numbers["total_electricity_energy"] > 0
    assert np.isfinite(numbers["total_co2_mass"])


@pytest.mark.slow
def test_neither_the_machines_clock_zone_nor_a_day_of_changing_clocks_changes_the_numbers(
    outcome: Outcome, tmp_path: Path, grid_net: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    path = write_scenario(tmp_path, grid_net, date="2024-03-31", time_zone="Europe/Helsinki")
    assert run_file(path, directory=tmp_path / "run", picture=False).result_hash == outcome.result_hash


@pytest.mark.slow
def test_tracks_are_kept_when_asked_for(tmp_path: Path, grid_net: Path) -> None:
    path = write_scenario(
        tmp_path, grid_net, simulation={"tracks": True, "step_s": 0.5}, demand={"kind": "uniform", "trips": 10}
    )
    run_file(path, directory=tmp_path / "run", picture=False)
    tracks = read_tracks_table(tmp_path / "run" / "tracks.parquet", graph=read_net(grid_net))
    assert len(tracks.user_id) == 10
    assert np.diff(tracks.time_s[: tracks.offsets[1]]) == pytest.approx(0.5)
