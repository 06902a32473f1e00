"""A comparison finds what was changed, calls nothing changed that was not, and names roads that cannot be compared."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from PIL import Image

from tests.commands import trafficdiff
from tests.workflows.studies import make_study
from trafficdiff.datatypes.scenario import Scenario
from trafficdiff.datatypes.trip_files import write_trips
from trafficdiff.errors import InputError, OutputError
from trafficdiff.process import run_program, sumo_program
from trafficdiff.publish import verify
from trafficdiff.roads.netfile import read_net
from trafficdiff.store.stack import Study
from trafficdiff.workflows.compare import compare
from trafficdiff.workflows.comparison_files import KIND
from trafficdiff.workflows.sample import draw_trips

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.workflows.comparison import Comparison

pytestmark = [pytest.mark.sumo, pytest.mark.slow]

SLOWED = ("B1B2", "B2B1", "B2C2", "C2B2")
SAMPLES = 5


def changed_net(folder: Path, net: Path) -> Path:
    """Return the grid without its edge A1A2, and with 18 km/h on four edges in the middle."""
    target = folder / "changed.net.xml"
    command = [sumo_program("netconvert"), "-s", net, "--remove-edges.explicit", "A1A2", "-o", target]
    finished = run_program(list(map(str, command)), log=folder / "netconvert.log", deadline_s=60)
    assert finished.returncode == 0, finished.output
    text = target.read_text()
    for edge in SLOWED:
        text, count = re.subn(rf'(<edge id="{edge}".*?speed=")[0-9.]+', r"\g<1>5.00", text, count=1, flags=re.DOTALL)
        assert count == 1
    target.write_text(text)
    return target


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, grid_net: Path) -> Path:
    """Five samples of the grid, of the grid again under another name, and of the changed grid; the same trips."""
    folder = tmp_path_factory.mktemp("study")
    changed = changed_net(folder, grid_net)

    def scenario(name: str, net: Path) -> Scenario:
        return Scenario.model_validate(
            {
                "name": name,
                "network": str(net),
                "window": {"begin_s": 0, "end_s": 600, "clear_s": 900},
                "demand": {"kind": "file", "path": str(folder / "trips.parquet")},
                "simulation": {"period_s": 300},
            }
        )

    demand = Scenario.model_validate(
        {"name": "demand", "network": str(changed), "demand": {"kind": "uniform", "trips": 250}}
    ).demand
    trips = draw_trips(read_net(changed), demand, window_s=(0.0, 600.0), seed=3, folder=folder)
    write_trips(trips, folder / "trips.parquet")
    scenarios = [scenario("base", grid_net), scenario("again", grid_net), scenario("changed", changed)]
    return make_study(folder / "study", scenarios, samples=SAMPLES)


@pytest.fixture(scope="module")
def changed(study: Path, tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    return compare(study, scenario="changed", output=tmp_path_factory.mktemp("out") / "comparison")


def test_a_scenario_that_changes_nothing_differs_by_exactly_nothing_everywhere(study: Path) -> None:
    found = compare(study, scenario="again")
    assert found.identical
    assert found.paired
    assert set(found.kpis["verdict"]) == {"exactly no difference"}
    assert not found.kpis[["difference", "low", "high"]].to_numpy().any()
    for name in found.quantities:
        assert found.counts(name)["edges_tested"] > 50
        assert found.counts(name)["edges_distinguishable"] == 0
        differences = found.edges.filter(regex=f"{name}_(difference|low|high)").to_numpy(float)
        assert not differences[np.isfinite(differences)].any()
    for name, array in found.intervals.data_vars.items():
        if str(name).endswith(("_difference", "_low", "_high", "_distinguishable")):
            assert not np.nan_to_num(array.to_numpy().astype(float)).any()
    assert set(found.edges["status"]) == {"both"}
    assert not found.zones["mean_change_s"].any()
    assert not found.zones["distinguishable"].any()
    ranking = found.ranking.set_index("scenario")
    assert ranking.loc["base", "probability_best"] == ranking.loc["again", "probability_best"]


def test_slower_streets_are_found_and_so_is_what_they_cost(changed: Comparison) -> None:
    edges = changed.edges.set_index("edge_id")
    slower = edges.loc[list(SLOWED)]
    assert (slower["speed_difference_ms"] < -1).all()
    assert slower["speed_distinguishable"].all()
    assert (slower["speed_high_ms"] < 0).all()
    kpis = changed.kpis.set_index("name")
    assert kpis.loc["mean_trip_time", "difference"] > 0
    assert kpis.loc["mean_trip_time", "distinguishable"]
    assert kpis.loc["trips_asked", "verdict"] == "exactly no difference"
    assert changed.ranking["scenario"].tolist()[-1] == "changed"
    assert changed.ranking["apart_from_next"].tolist() == [False, True, False]


def test_a_road_that_is_gone_is_named_and_never_shown_as_no_change(study: Path, changed: Comparison) -> None:
    assert changed.roads("removed") == [{"edge_id": "A1A2", "street": "unnamed (edge A1A2)"}]
    gone = changed.edges.set_index("edge_id").loc["A1A2"]
    assert gone["traversals_base"] == 0  # nobody could: the trips were drawn without it
    assert np.isnan(gone[["traversals_difference", "traversals_p", "delay_difference_s"]].astype(float)).all()
    assert not gone["traversals_distinguishable"]
    assert np.isnan(changed.intervals["flow_difference"].sel(edge="A1A2")).all()
    back = compare(study, base="changed", scenario="base")
    assert back.roads("added") == [{"edge_id": "A1A2", "street": "unnamed (edge A1A2)"}]
    assert len(back.edges) == len(changed.edges)
    turned = back.kpis.set_index("name")["difference"]
    assert turned["delay_hours"] == pytest.approx(-changed.kpis.set_index("name")["difference"]["delay_hours"])


def test_trips_are_followed_and_zones_add_up_to_the_mean_of_all(changed: Comparison) -> None:
    assert changed.fates["both"] == 250
    kpis = changed.kpis.set_index("name")["difference"]
    whole = kpis["mean_trip_time"] + kpis["mean_depart_delay"]
    for end in ("origin", "destination"):
        zones = changed.zones.loc[changed.zones["trips_by"] == end]
        assert zones["trips"].sum() == 250
        assert np.average(zones["mean_change_s"], weights=zones["trips"]) == pytest.approx(whole)


def test_differences_of_edges_add_up_to_the_areas(changed: Comparison) -> None:
    kpis = changed.kpis.set_index("name")["difference"]
    assert changed.edges["delay_difference_s"].sum() / 3_600 == pytest.approx(kpis["delay_hours"], rel=1e-3)
    driven = changed.edges["traversals_difference"] * changed.edges["length_m"]
    assert driven.sum() / 1_000 == pytest.approx(kpis["vehicle_kilometres"], abs=0.02)
    by_time = changed.intervals["delay_difference"].sum("time")
    whole = changed.edges.set_index("edge_id")["delay_difference_s"].reindex(by_time["edge"].to_numpy().astype(str))
    np.testing.assert_allclose(by_time, whole.fillna(0), atol=0.01)


def test_the_folder_holds_the_same_in_every_form(changed: Comparison) -> None:
    folder = changed.directory
    assert folder is not None
    verify(folder, kind=KIND)
    table = pd.read_csv(folder / "edges.csv")
    assert table["edge_id"].tolist() == changed.edges["edge_id"].tolist()
    assert table["traversals_difference"].to_numpy() == pytest.approx(
        changed.edges["traversals_difference"], nan_ok=True
    )
    layers = gpd.list_layers(folder / "comparison.gpkg")["name"].tolist()
    assert layers == ["edges", "zones_by_origin", "zones_by_destination", "kpis", "ranking"]
    web = gpd.read_file(folder / "edges.geojson")
    assert web["speed_q"].to_numpy() == pytest.approx(changed.edges["speed_q"], nan_ok=True)
    assert -180 <= web.total_bounds[0] <= 180
    arrays = xr.open_zarr(folder / "intervals.zarr")
    assert arrays["flow_difference"].attrs["units"] == "h-1"
    assert arrays["flow_q"].shape == (arrays.sizes["time"], len(table))
    said = json.loads((folder / "comparison.json").read_text())
    assert said == changed.summary()
    assert said["edges"]["speed"]["less"][0]["edge_id"] in SLOWED
    for picture in changed.pictures:
        with Image.open(picture) as image:
            assert "means over 5 pairs of runs" in image.text["Description"]


def test_other_seeds_are_compared_without_pairs(study: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own = Study.scenario

    def with_a_seed_of_its_own(self: Study, name: str) -> Scenario:
        return own(self, name).model_copy(update={"seed": 43}) if name == "changed" else own(self, name)

    monkeypatch.setattr(Study, "scenario", with_a_seed_of_its_own)
    found = compare(study, scenario="changed", output=tmp_path / "out")
    assert not found.paired
    assert set(found.kpis["method"]) <= {"welch", "constant"}
    assert found.zones.empty
    assert "trips are not followed" in found.warnings[-1]
    assert json.loads((tmp_path / "out" / "comparison.json").read_text())["trips"]["both"] is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"scenario": "chnaged"}, r"expected a scenario of the study \(base, again, changed\), got 'chnaged'"),
        ({"scenario": "changed", "base": "x"}, "got 'x'"),
        ({"scenario": "base"}, "expected another scenario than the base, 'base', got itself; .* again, changed"),
        ({"scenario": "changed", "ranked_by": "joy"}, "expected a number of the area to rank by .*delay_hours.*'joy'"),
        ({"scenario": "changed", "confidence": 95.0}, "expected a confidence between 0.5 and 1"),
        ({"scenario": "changed", "rate": 0.0}, "expected a rate of false discoveries"),
    ],
)
def test_what_cannot_be_meant_is_refused(study: Path, options: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        compare(study, **options)  # type: ignore[arg-type]


def test_a_taken_place_is_refused_before_any_work(study: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    with pytest.raises(OutputError):
        compare(study, scenario="changed", output=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_command_gives_one_object_or_a_table(study: Path, changed: Comparison) -> None:
    told = json.loads(trafficdiff("compare", study, "--base", "base", "--scenario", "changed", "--json").stdout)
    assert told["kpis"] == changed.summary()["kpis"]
    assert told["roads"]["removed"][0]["edge_id"] == "A1A2"
    shown = trafficdiff("compare", study, "--scenario", "changed", "--confidence", "0.9").stdout
    assert "exactly no difference" in shown
    assert "90 % interval" in shown
    assert "roads removed or closed (1): unnamed (edge A1A2)\n" in shown
    assert "mean trip time [s]" in shown
