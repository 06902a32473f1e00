import json

import numpy as np
import pytest

from trafficdiff.datatypes.scenario import FileDemand, GravityDemand, RouteChoice, UniformDemand
from trafficdiff.datatypes.trip_files import write_trips
from trafficdiff.demand.generate import generate
from trafficdiff.demand.gravity import DETERRENCE_PER_S
from trafficdiff.errors import TripError

WINDOW_S = (25_200.0, 28_800.0)
DEMANDS = [
    UniformDemand(trips=400, electric_share=0.3),
    GravityDemand(trips=400, vehicle_mix={"car": 0.9, "truck": 0.1}, profile="morning_peak"),
    GravityDemand(trips=400, route_choice=RouteChoice(spread=0.4)),
]


@pytest.mark.parametrize("demand", DEMANDS, ids=lambda demand: demand.kind)
def test_as_many_trips_as_asked_and_the_same_ones_again(grid_graph, demand):
    first, second = (
        generate(grid_graph, demand, window_s=WINDOW_S, generator=np.random.default_rng(4)) for _ in range(2)
    )
    other = generate(grid_graph, demand, window_s=WINDOW_S, generator=np.random.default_rng(5))
    assert len(first) == 400
    np.testing.assert_array_equal(first.edges, second.edges)
    np.testing.assert_array_equal(first.depart_s, second.depart_s)
    assert not np.array_equal(first.edges, other.edges)
    assert (first.route_lengths >= 2).all()


def test_the_trips_say_that_they_are_synthetic_and_from_what(grid_graph, generator):
    trips = generate(grid_graph, GravityDemand(trips=5), window_s=WINDOW_S, generator=generator, seed=42)
    assert trips.provenance["synthetic"].startswith("yes")
    assert trips.provenance["model"] == "gravity"
    assert trips.provenance["seed"] == "42"
    assert trips.provenance["network"] == "grid"
    assert json.loads(trips.provenance["parameters"])["deterrence_per_s"] == DETERRENCE_PER_S


def test_a_file_demand_gives_the_trips_of_the_file(grid_graph, generator, tmp_path):
    trips = generate(grid_graph, UniformDemand(trips=20), window_s=WINDOW_S, generator=generator)
    write_trips(trips, tmp_path / "trips.parquet")
    read = generate(
        grid_graph, FileDemand(path="trips.parquet"), window_s=WINDOW_S, generator=generator, folder=tmp_path
    )
    np.testing.assert_array_equal(read.edges, trips.edges)
    assert read.provenance == trips.provenance


def test_a_file_demand_takes_types_from_other_files_and_leaves_out_what_is_outside(
    grid_graph, generator, tmp_path, caplog
):
    trips = generate(grid_graph, UniformDemand(trips=20), window_s=WINDOW_S, generator=generator)
    write_trips(trips, tmp_path / "all.rou.xml")
    text = (tmp_path / "all.rou.xml").read_text()
    start = text.index("<vType")
    (tmp_path / "bare.rou.xml").write_text(text[:start] + text[text.index("/>", start) + 2 :])
    (tmp_path / "types.add.xml").write_text('<additional><vType id="car" vClass="taxi"/></additional>')
    middle_s = float(np.median(trips.depart_s))
    demand = FileDemand(path="bare.rou.xml", type_files=("types.add.xml",), only_inside_window=True)
    window_s = (WINDOW_S[0], middle_s)
    read = generate(grid_graph, demand, window_s=window_s, generator=generator, folder=tmp_path)
    assert len(read) == int((trips.depart_s < middle_s).sum()) < 20
    assert [kind.vehicle_class for kind in read.vehicle_types] == ["taxi"]
    assert "trips were left out" in caplog.text
    strict = FileDemand(path="bare.rou.xml", type_files=("types.add.xml",))
    with pytest.raises(TripError, match="only_inside_window"):
        generate(grid_graph, strict, window_s=window_s, generator=generator, folder=tmp_path)
