import numpy as np

from tests.towns import make_town
from trafficdiff.datatypes.scenario import UniformDemand
from trafficdiff.demand.uniform import uniform_agents

WINDOW_S = (25_200.0, 28_800.0)


def test_every_origin_and_every_destination_counts_the_same(grid_graph, generator):
    demand = UniformDemand(trips=60_000, fringe_factor=1.0)
    agents = uniform_agents(grid_graph, demand=demand, window_s=WINDOW_S, generator=generator)
    counts = np.bincount(agents.origin, minlength=grid_graph.edge_count)
    used = counts[counts > 0]
    expected = 60_000 / len(used)
    assert np.abs(used - expected).max() < 6 * np.sqrt(expected)
    ends = np.bincount(agents.destination, minlength=grid_graph.edge_count)
    assert np.std(ends[ends > 0]) < 0.1 * ends[ends > 0].mean()


def test_the_same_generator_state_gives_the_same_agents(grid_graph):
    demand = UniformDemand(trips=300, electric_share=0.5, vehicle_mix={"car": 0.8, "truck": 0.2})
    first, second = (
        uniform_agents(grid_graph, demand=demand, window_s=WINDOW_S, generator=np.random.default_rng(11))
        for _ in range(2)
    )
    for name in ("origin", "destination", "depart_s", "vehicle_type", "state_of_charge", "battery_kwh"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def test_each_class_stays_on_its_roads(generator):
    from trafficdiff.datatypes.vehicles import ALL_CLASSES, class_mask

    nodes = {name: (100.0 * place, 0.0) for place, name in enumerate("ABCDE")}
    streets = [("A", "B"), ("B", "C"), ("C", "D"), ("D", "E")]
    town = make_town(nodes, streets, allowed={"D-E": ALL_CLASSES & ~class_mask(["truck"])})
    demand = UniformDemand(trips=2_000, vehicle_mix={"car": 0.5, "truck": 0.5}, fringe_factor=1.0)
    agents = uniform_agents(town, demand=demand, window_s=WINDOW_S, generator=generator)
    truck = np.array([kind.name == "truck" for kind in agents.vehicle_types])[agents.vehicle_type]
    last = town.edge_id[agents.destination]
    assert truck.sum() == 1_000
    assert not (last[truck] == "D-E").any()
    assert (last[~truck] == "D-E").any()
