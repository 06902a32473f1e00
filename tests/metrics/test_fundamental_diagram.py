"""The macroscopic fundamental diagram against Greenshields' closed form and the town worked out on paper."""

from __future__ import annotations

import numpy as np
import xarray as xr

from tests.metrics.hand_town import ensemble, hand_data
from trafficdiff.metrics import fundamental_diagram as diagram

FREE_MS, JAM_PER_KM = 15.0, 140.0


def greenshields(density_per_km: np.ndarray) -> xr.Dataset:
    """Three edges of several lanes, all at the same density a lane, in 60 s intervals: v = vf (1 - k / kj)."""
    length, lanes = np.array([100.0, 250.0, 400.0]), np.array([1, 2, 3])
    spent = density_per_km[:, None] / 1000 * length * lanes * 60.0
    driven = spent * FREE_MS * (1 - density_per_km[:, None] / JAM_PER_KM)
    return xr.Dataset(
        {"sampled_time": (("time", "edge"), spent), "travel_distance": (("time", "edge"), driven)},
        {
            "interval_length": ("time", np.full(len(density_per_km), 60.0)),
            "edge_length": ("edge", length),
            "edge_lanes": ("edge", lanes),
        },
    )


def test_homogeneous_traffic_lies_on_greenshields_parabola() -> None:
    density = np.linspace(0.0, JAM_PER_KM, 141)
    data = greenshields(density)
    np.testing.assert_allclose(diagram.area_density(data), density)
    expected = 3.6 * FREE_MS * density * (1 - density / JAM_PER_KM)
    np.testing.assert_allclose(diagram.area_flow(data), expected, atol=1e-9)


def test_capacity_is_a_quarter_of_free_speed_times_jam_density_at_half_of_it() -> None:
    data = greenshields(np.linspace(0.0, JAM_PER_KM, 141))
    flow = diagram.area_flow(data)
    np.testing.assert_allclose(diagram.area_density(data)[int(flow.argmax("time"))], JAM_PER_KM / 2)
    np.testing.assert_allclose(flow.max(), 3.6 * FREE_MS * JAM_PER_KM / 4)


def test_the_hand_made_town() -> None:
    # lane metres: 1000 + 2 x 500 + 200 = 2200; first interval: 16,000 m and 1600 s in 2200 m x 600 s
    data = hand_data()
    region = 2200 * 600
    np.testing.assert_allclose(diagram.area_flow(data), np.array([16_000, 23_000, 0]) / region * 3600)
    np.testing.assert_allclose(diagram.area_density(data), np.array([1600, 4120, 2400]) / region * 1000)
    np.testing.assert_allclose(diagram.area_speed(data), [10, 23_000 / 4120, 0])


def test_speed_of_an_empty_area_is_missing() -> None:
    assert np.isnan(diagram.area_speed(greenshields(np.array([0.0])))).all()


def test_leading_dimensions_are_kept() -> None:
    stacked = ensemble(hand_data())
    for metric in (diagram.area_flow, diagram.area_density, diagram.area_speed):
        together = metric(stacked)
        assert together.dims == ("scenario", "sample", "time")
        xr.testing.assert_allclose(together.isel(scenario=1, sample=1), metric(stacked.isel(scenario=1, sample=1)))
