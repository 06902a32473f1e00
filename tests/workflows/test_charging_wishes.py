"""A model of charging draws sessions for the stations at hand; they are joined to the trips and the run says so."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from tests.charging_town import grid_stations
from trafficdiff.datatypes.chance import Chance
from trafficdiff.datatypes.charging_options import ChargingOptions, JoinOptions
from trafficdiff.datatypes.charging_sessions import ChargingSessions
from trafficdiff.datatypes.scenario import Scenario, SimulationOptions, UniformDemand, Window
from trafficdiff.datatypes.session_sites import SURROUNDINGS, SessionNetwork, SiteKind
from trafficdiff.demand.charging_joining import join_counts
from trafficdiff.diffusion.session_checkpoint import write_session_checkpoint
from trafficdiff.diffusion.session_rates import rates_of
from trafficdiff.diffusion.session_settings import SessionTraining
from trafficdiff.diffusion.session_training import SessionTrainer
from trafficdiff.errors import InputError, ScenarioError
from trafficdiff.store.reading import open_run
from trafficdiff.workflows.charging import wishes_of
from trafficdiff.workflows.charging_model import open_charging_model
from trafficdiff.workflows.charging_wishes import MODEL_KEY, drawn_sessions
from trafficdiff.workflows.ensemble_plan import Given, make_plan, refuse_changed
from trafficdiff.workflows.measures import apply_measures
from trafficdiff.workflows.run import run
from trafficdiff.workflows.supplies import Supplies

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.stations import ChargingStation
    from trafficdiff.diffusion.session_checkpoint import SessionCheckpoint

MODEL = "charging.safetensors"
OFTEN = JoinOptions(checkpoint=MODEL, sessions_a_plug_week=300.0)
CHANCE = Chance("test")


def rapid_network(*, count: int = 600) -> SessionNetwork:
    """Return a network of one rapid plug that is used at any hour, for about 20 minutes and 12 kWh."""
    generator = np.random.default_rng(0)
    start = np.sort(np.datetime64("2018-01-01", "s") + generator.integers(0, 12 * 7 * 86_400, count).astype("m8[s]"))
    text, nowhere = np.full(count, "a"), np.full(count, np.nan)
    sessions = ChargingSessions(
        time_zone="UTC", source=text, site=text, charger=text, plug=text, user=text, model=text, start=start,
        end=start + (1_200 * generator.lognormal(0, 0.3, count)).astype("m8[s]"),
        energy_kwh=12 * generator.lognormal(0, 0.3, count), longitude_deg=nowhere, latitude_deg=nowhere,
    )  # fmt: skip
    return SessionNetwork(
        name="rapid", sessions=sessions, place=np.zeros(count, np.int64), site=np.array(["a"]),
        kinds=(SiteKind(site_type="rapid", power_kw=50.0),), plugs=np.array([1]),
        surroundings=np.full((1, len(SURROUNDINGS)), np.nan),
    )  # fmt: skip


@pytest.fixture(scope="module")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that has seen next to nothing: what it draws comes from its prior."""
    network = rapid_network()
    trainer = SessionTrainer([network], SessionTraining(sets=2, sessions=8))
    trainer.step()
    path = tmp_path_factory.mktemp("model") / MODEL
    write_session_checkpoint(
        path, members=trainer.members, prior=trainer.prior, rates=rates_of([network]), card={"date": "today"}
    )
    return path


@pytest.fixture(scope="module")
def model(model_file: Path) -> SessionCheckpoint:
    return open_charging_model(model_file)


@pytest.fixture(scope="module")
def two(grid_graph: RoadGraph) -> tuple[ChargingStation, ...]:
    return grid_stations(grid_graph, ("B1B2", "C1C2"), site_type="rapid")


def scenario(net: Path, **changes: object) -> Scenario:
    base: dict[str, object] = {
        "network": str(net),
        "window": Window(begin_s=43_200, end_s=45_000, clear_s=1_800),
        "demand": UniformDemand(trips=120, electric_share=1.0),
        "simulation": SimulationOptions(emissions=False),
        "charging": ChargingOptions(stations="stations.csv", demand="model", joining=OFTEN, patience_s=36_000),
    }
    return Scenario(name="evs", **(base | changes))


@pytest.fixture
def folder(tmp_path: Path, model_file: Path) -> Path:
    """A folder with a table of two stations and a model."""
    rows = "id,edge,plugs,power_kw,bays,site_type\ns1,B1B2,4,50,9,rapid\ns2,C1C2,4,50,9,rapid\n"
    (tmp_path / "stations.csv").write_text(rows, encoding="utf-8")
    shutil.copy(model_file, tmp_path / MODEL)
    return tmp_path


@pytest.mark.sumo
def test_sessions_lie_in_the_window_on_its_day_and_take_what_a_battery_holds(
    grid_net: Path, two: tuple[ChargingStation, ...], model: SessionCheckpoint
):
    asked = scenario(grid_net, window=Window(begin_s=80_000, end_s=90_000))  # over midnight
    found = drawn_sessions(asked, two, model=model, chance=CHANCE)
    assert 8 < len(found) < 120  # 8 plugs x 300 a week x 10,000 s is 40
    assert found.arrive_s.min() >= 80_000
    assert found.arrive_s.max() < 90_000
    assert (found.energy_kwh <= found.missing_kwh + 1e-9).all()
    assert found.dwell_s.min() > 0


@pytest.mark.sumo
def test_a_station_draws_the_same_whatever_else_stands_there(
    grid_net: Path, two: tuple[ChargingStation, ...], model: SessionCheckpoint
):
    asked = scenario(grid_net)
    both = drawn_sessions(asked, two, model=model, chance=CHANCE)
    alone = drawn_sessions(asked, two[1:], model=model, chance=CHANCE)
    again = drawn_sessions(asked, two, model=model, chance=CHANCE)
    other = drawn_sessions(asked, two, model=model, chance=Chance("other"))
    own = both.station == 1
    assert len(alone) > 0
    for name in ("name", "arrive_s", "dwell_s", "energy_kwh", "missing_kwh"):
        assert (getattr(both, name)[own] == getattr(alone, name)).all()
        assert (getattr(both, name) == getattr(again, name)).all()
    assert other.arrive_s.tolist() != both.arrive_s.tolist()


@pytest.mark.sumo
def test_plugs_that_are_used_more_draw_more(grid_net: Path, two: tuple[ChargingStation, ...], model: SessionCheckpoint):
    count = {}
    for often in (None, 5.0, 400.0):
        charging = ChargingOptions(demand="model", joining=JoinOptions(sessions_a_plug_week=often))
        asked = scenario(grid_net, charging=charging, window=Window(begin_s=36_000, end_s=64_800))
        count[often] = len(drawn_sessions(asked, two, model=model, chance=CHANCE))
    assert count[5.0] < count[None] < count[400.0]  # the network had 50 a week


@pytest.mark.slow
@pytest.mark.sumo
def test_a_run_joins_sessions_to_trips_and_counts_all_of_them(grid_net: Path, folder: Path):
    asked = scenario(grid_net)
    outcome = run(asked, directory=folder / "run", folder=folder, picture=False)
    numbers, table = outcome.numbers, pd.read_csv(folder / "run/charging/wishes.csv", keep_default_na=False)
    cars = pd.read_csv(folder / "run/charging/cars.csv").set_index("trip_id")
    counts = join_counts(table)
    assert counts["drawn"] == counts["held"] + counts["without_driver"]
    assert numbers["charging_wanted"] == counts["wishes"] == len(cars) > 3
    parts = ("served", "waiting", "unmet", "stranded")
    assert sum(numbers[f"charging_{part}"] for part in parts) == numbers["charging_wanted"]
    assert numbers["charging_balance_error"] < 0.005
    held = table[(table["origin"] == "session") & (table["trip_id"] != "")].set_index("trip_id")
    assert (cars.loc[held.index, "planned_station"] == held["station"]).all()
    # Who got a plug took what was drawn, up to what plans reckon too little or too much for the way, and stayed.
    sessions = pd.read_csv(folder / "run/charging/sessions.csv").set_index("trip_id")
    ended = sessions[sessions["unplugged_s"].notna()]
    wanted = held.loc[ended.index]
    assert len(ended) > 2
    assert (ended["energy_kwh"] - wanted["energy_kwh"].astype(float)).abs().max() < 0.6
    assert ((ended["unplugged_s"] - ended["plugged_s"]) >= wanted["dwell_s"].astype(float) - 2).all()
    assert open_run(folder / "run").run_id == outcome.run_id


@pytest.mark.sumo
def test_a_new_station_leaves_the_other_stations_sessions_as_they_are(
    grid_net: Path, grid_graph: RoadGraph, folder: Path
):
    asked = scenario(grid_net)
    trips = Supplies().trips(asked, grid_graph, sample=0, folder=folder)
    changed = apply_measures(asked, grid_graph, trips, sample=0, directory=folder)
    stations = grid_stations(grid_graph, ("B1B2", "C1C2", "B2C2"), site_type="rapid")
    tables = []
    for at_hand in (stations[:2], stations, stations[:2]):
        found, wishes, _ = wishes_of(asked, changed, sample=0, stations=at_hand, folder=folder)
        assert wishes.sessions is not None
        tables.append(wishes.sessions[wishes.sessions["station"].isin(["s0", "s1"])])
        assert re.search(r"sha256 [0-9a-f]{64}$", found.provenance[MODEL_KEY])
    drawn = ["session", "station", "session_s", "dwell_s", "energy_kwh", "missing_kwh"]
    pd.testing.assert_frame_equal(tables[0][drawn], tables[1][drawn])
    assert (tables[0]["trip_id"].to_numpy() == tables[1]["trip_id"].to_numpy()).mean() > 0.5
    pd.testing.assert_frame_equal(tables[0], tables[2])


@pytest.mark.sumo
def test_where_no_model_is_named_the_shipped_one_draws(
    grid_net: Path, grid_graph: RoadGraph, two: tuple[ChargingStation, ...], folder: Path
):
    often = OFTEN.model_copy(update={"checkpoint": None})
    asked = scenario(grid_net, charging=ChargingOptions(demand="model", joining=often))
    trips = Supplies().trips(asked, grid_graph, sample=0, folder=folder)
    changed = apply_measures(asked, grid_graph, trips, sample=0, directory=folder)
    found, wishes, _ = wishes_of(asked, changed, sample=0, stations=two)
    assert found.provenance[MODEL_KEY].endswith(open_charging_model().sha256)
    assert len(wishes) > 0


@pytest.mark.sumo
def test_sites_that_are_not_decided_are_no_stations_to_draw_sessions_for(
    grid_net: Path, grid_graph: RoadGraph, folder: Path
):
    asked = scenario(grid_net)
    trips = Supplies().trips(asked, grid_graph, sample=0, folder=folder)
    changed = apply_measures(asked, grid_graph, trips, sample=0, directory=folder)
    with pytest.raises(ScenarioError, match="cannot say who would charge before"):
        wishes_of(asked, changed, sample=0)


@pytest.mark.sumo
def test_a_model_that_is_missing_or_damaged_is_told_and_nothing_is_written(grid_net: Path, folder: Path):
    content = bytearray((folder / MODEL).read_bytes())
    content[-9] ^= 1
    (folder / MODEL).write_bytes(content)
    with pytest.raises(InputError, match="damaged"):
        run(scenario(grid_net), directory=folder / "run", folder=folder, picture=False)
    (folder / MODEL).unlink()
    with pytest.raises(InputError, match=re.escape(MODEL)):
        run(scenario(grid_net), directory=folder / "run", folder=folder, picture=False)
    assert not (folder / "run").exists()
    with pytest.raises(ScenarioError, match="charging model: expected the file"):
        make_plan([Given(scenario(grid_net), folder)], samples=1, base=None, stopping=None)


@pytest.mark.sumo
def test_a_study_notes_the_model_and_ends_if_it_changes(grid_net: Path, folder: Path):
    given = [Given(scenario(grid_net), folder)]
    plan = make_plan(given, samples=1, base=None, stopping=None)
    assert "evs: charging model" in plan.inputs
    (folder / MODEL).write_bytes(b"another")
    with pytest.raises(Exception, match="charging model"):
        refuse_changed(plan, given)
