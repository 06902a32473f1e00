import numpy as np
import pytest

from tests.towns import make_town
from trafficdiff.datatypes.scenario import GravityDemand
from trafficdiff.demand.gravity import DETERRENCE_PER_S, fit_deterrence, gravity_agents, observe_trips
from trafficdiff.errors import TripError

WINDOW_S = (25_200.0, 28_800.0)


def agents_on(graph, beta, *, trips=4_000, seed=2):
    demand = GravityDemand(trips=trips, deterrence_per_s=beta)
    return gravity_agents(graph, demand=demand, window_s=WINDOW_S, generator=np.random.default_rng(seed))


def observe(graph, agents):
    return observe_trips(graph, origin=agents.origin, destination=agents.destination, fringe_factor=5.0)


@pytest.mark.parametrize("beta", [0.0, 0.01, 0.05])
def test_the_fit_recovers_the_deterrence_that_made_the_trips(grid_graph, beta):
    fit = fit_deterrence([observe(grid_graph, agents_on(grid_graph, beta))])
    assert abs(fit.per_s - beta) < 4 * fit.standard_error_per_s
    assert fit.standard_error_per_s < 0.002
    assert (fit.trips, fit.left_out) == (4_000, 0)


def test_the_slope_is_the_derivative_of_the_likelihood(grid_graph):
    observed = observe(grid_graph, agents_on(grid_graph, 0.01, trips=300))

    def log_likelihood(beta):
        mass = observed.weight * np.exp(-beta * observed.time_s.astype(float))  # exp(-infinity) is 0
        return -beta * observed.observed_s - observed.trips @ np.log(mass.sum(axis=1))

    step = 1e-5
    mean_s, variance_s2 = observed.moments(0.02)
    slope = (log_likelihood(0.02 + step) - log_likelihood(0.02 - step)) / (2 * step)
    assert mean_s - observed.observed_s == pytest.approx(slope, rel=1e-4)
    change = (observed.moments(0.02 + step)[0] - observed.moments(0.02 - step)[0]) / (2 * step)
    assert -variance_s2 == pytest.approx(change, rel=1e-4)


def test_two_nets_are_fitted_together_by_trip_or_each_the_same(grid_graph):
    few = observe(grid_graph, agents_on(grid_graph, 0.05, trips=300))
    many = observe(grid_graph, agents_on(grid_graph, 0.0, trips=6_000))
    by_trip = fit_deterrence([few, many]).per_s
    equal = fit_deterrence([few, many], equal_nets=True).per_s
    assert 0 < by_trip < 0.01 < equal < 0.05


def test_deterrence_shortens_trips(grid_graph):
    far, near = (observe(grid_graph, agents_on(grid_graph, beta)).observed_s for beta in (0.0, 0.05))
    assert near < 0.8 * far


def test_without_a_value_the_shipped_one_is_used(grid_graph):
    shipped, explicit = agents_on(grid_graph, None), agents_on(grid_graph, DETERRENCE_PER_S)
    np.testing.assert_array_equal(shipped.destination, explicit.destination)


def test_trips_that_the_model_cannot_make_are_counted_and_left_out(grid_graph):
    agents = agents_on(grid_graph, 0.01, trips=50)
    origin = np.concatenate([agents.origin, agents.origin[:3]])
    destination = np.concatenate([agents.destination, agents.origin[:3]])  # three round trips
    observed = observe_trips(grid_graph, origin=origin, destination=destination, fringe_factor=5.0)
    assert observed.left_out == 3
    assert observed.trips.sum() == 50
    with pytest.raises(TripError, match="connected"):
        observe_trips(grid_graph, origin=origin[-3:], destination=destination[-3:], fringe_factor=5.0)


def test_trips_that_all_go_to_the_nearest_edge_have_no_fit():
    nodes = {"A": (0.0, 0.0), "B": (100.0, 0.0), "C": (200.0, 0.0), "D": (800.0, 1.0)}
    town = make_town(nodes, [("A", "B"), ("B", "C"), ("B", "D")])
    near = np.full(20, town.edge_index["B-C"], np.int32)
    observed = observe_trips(
        town, origin=np.full(20, town.edge_index["A-B"], np.int32), destination=near, fringe_factor=1.0
    )
    with pytest.raises(TripError, match="nearest"):
        fit_deterrence([observed])


@pytest.mark.data
@pytest.mark.slow
def test_the_shipped_deterrence_is_what_the_script_prints(data_folder, capsys, monkeypatch):
    import runpy
    import sys
    from pathlib import Path

    script = Path(__file__).parents[2] / "scripts" / "fit_gravity.py"
    monkeypatch.setattr(sys, "argv", [str(script), str(data_folder / "cities")])
    runpy.run_path(str(script), run_name="__main__")
    pooled = capsys.readouterr().out.splitlines()[-1]
    assert pooled.startswith("pooled, cities equal")
    assert float(pooled.split()[-3]) / 1000 == pytest.approx(DETERRENCE_PER_S, abs=5e-5)
