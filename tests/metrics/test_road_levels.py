"""Levels over the window are those of one long interval, means over samples plain means, and grades the middle one."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from trafficdiff.errors import InputError
from trafficdiff.metrics import congestion, fundamental_diagram, queue, reliability
from trafficdiff.metrics.intervals import resamples
from trafficdiff.metrics.kpi_levels import kpi_levels
from trafficdiff.metrics.level_of_service import street_level_of_service
from trafficdiff.metrics.profiles import area_profile, diagram, road_profile, road_samples
from trafficdiff.metrics.road_levels import GRADED, LEVELS, area_level, interval_level, mean_levels, window_level
from trafficdiff.metrics.whole_window import whole_window

EDGES, TIMES = 7, 4


def run_of(seed: int) -> xr.Dataset:
    """Return one run's measurements and metrics, one edge without vehicles."""
    generator = np.random.default_rng(seed)
    cars = generator.poisson(9, (TIMES, EDGES)).astype(float)
    cars[:, 3] = 0
    length_m, limit_ms = np.linspace(40, 300, EDGES), np.full(EDGES, 13.9)
    driven = cars * length_m
    spent = driven / (limit_ms * generator.uniform(0.2, 1.0, (TIMES, EDGES)))
    place = ("time", "edge")
    raw = xr.Dataset(
        {
            **dict.fromkeys(("entered", "left", "departed"), (place, cars)),
            **dict.fromkeys(("arrived", "teleported"), (place, cars * 0)),
            "travel_distance": (place, driven),
            "sampled_time": (place, spent),
            "time_loss": (place, spent * 0.2),
            "waiting_time": (place, spent * 0.1),
            "occupancy": (place, cars * 0.01),
            "co2_mass": (place, cars * 0.3),
        },
        coords={
            "time": 25_200 + 300.0 * np.arange(TIMES),
            "edge": np.array([f"e{k}" for k in range(EDGES)], object),
            "interval_length": ("time", np.full(TIMES, 300.0)),
            "edge_length": ("edge", length_m),
            "edge_speed_limit": ("edge", limit_ms),
            "edge_lanes": ("edge", np.ones(EDGES)),
            "edge_signalised": ("edge", np.zeros(EDGES)),
        },
    )
    metrics = [
        congestion.flow, congestion.density, congestion.speed, congestion.delay, congestion.delay_per_vehicle,
        queue.queue_length, street_level_of_service, fundamental_diagram.area_flow, fundamental_diagram.area_density,
        reliability.travel_time_index,
    ]  # fmt: skip
    return raw.assign({str(array.name): array for array in (metric(raw) for metric in metrics)})


@pytest.fixture(scope="module")
def runs() -> list[xr.Dataset]:
    return [run_of(seed) for seed in range(3)]


@pytest.fixture(scope="module")
def study(runs: list[xr.Dataset]) -> xr.Dataset:
    return xr.concat(runs, "sample").assign_coords(sample=range(3)).expand_dims(scenario=["base"])


@pytest.mark.parametrize("name", [name for name in LEVELS if name not in {"queue_length", "delay_per_vehicle"}])
def test_the_window_agrees_with_the_tables_of_the_export(runs: list[xr.Dataset], name: str) -> None:
    expected = whole_window(runs[0])[name].to_numpy()
    assert np.allclose(window_level(runs[0], name), expected, equal_nan=True, rtol=1e-9)


def test_delay_of_a_vehicle_is_delay_over_traversals(runs: list[xr.Dataset]) -> None:
    expected = whole_window(runs[0])["delay_per_vehicle"].to_numpy()
    assert np.allclose(window_level(runs[0], "delay_per_vehicle"), expected, equal_nan=True)


def test_nobody_on_a_road_is_no_speed_and_no_delay(runs: list[xr.Dataset]) -> None:
    assert np.isnan(window_level(runs[0], "speed")[3])
    assert window_level(runs[0], "delay")[3] == 0
    assert np.isnan(interval_level(runs[0], "travel_time_index")[:, 3]).all()


@pytest.mark.parametrize("name", sorted(set(LEVELS) - GRADED))
def test_means_over_samples_are_plain_means(study: xr.Dataset, runs: list[xr.Dataset], name: str) -> None:
    found = mean_levels(study, name, scenario="base", samples=(0, 2))
    two = [runs[0], runs[2]]
    assert found.samples == 2
    assert np.allclose(found.window, np.mean([window_level(run, name) for run in two], axis=0), equal_nan=True)
    assert np.allclose(found.intervals, np.mean([interval_level(run, name) for run in two], axis=0), equal_nan=True)


def test_of_grades_the_middle_one_is_shown(study: xr.Dataset, runs: list[xr.Dataset]) -> None:
    found = mean_levels(study, "street_level_of_service", scenario="base", samples=(0, 1, 2))
    codes = np.stack([interval_level(run, "street_level_of_service") for run in runs])
    assert np.array_equal(found.intervals, np.median(codes, axis=0), equal_nan=True)


def test_a_run_that_ended_early_goes_on_without_vehicles(runs: list[xr.Dataset]) -> None:
    longer = runs[0].copy()
    quiet = longer["interval_length"].to_numpy().copy()
    quiet[-1] = 0.0  # as in a study whose other runs go on
    longer = longer.assign_coords(interval_length=("time", quiet))
    assert np.allclose(window_level(longer, "flow"), window_level(runs[0], "flow"), equal_nan=True)


def test_the_area_agrees_with_sums_over_roads(runs: list[xr.Dataset]) -> None:
    run = runs[0]
    assert np.allclose(area_level(run, "delay"), run["delay"].sum("edge"))
    assert np.allclose(area_level(run, "speed"), run["travel_distance"].sum("edge") / run["sampled_time"].sum("edge"))
    needed = (run["travel_distance"] / run["edge_speed_limit"]).sum("edge")
    assert np.allclose(area_level(run, "travel_time_index"), run["sampled_time"].sum("edge") / needed)
    with pytest.raises(InputError, match="choose speed"):
        area_level(run, "street_level_of_service")
    with pytest.raises(InputError, match="beauty"):
        window_level(run, "beauty")


def test_bands_are_students_and_one_sample_has_none(study: xr.Dataset, runs: list[xr.Dataset]) -> None:
    from scipy.stats import t

    found = area_profile(study, "delay", scenarios={"base": (0, 1, 2)}, confidence=0.9)
    values = np.stack([area_level(run, "delay") for run in runs])
    half = t.ppf(0.95, 2) * values.std(axis=0, ddof=1) / np.sqrt(3)
    assert np.allclose(found["mean"], values.mean(axis=0))
    assert np.allclose(found["high"] - found["mean"], half)
    assert list(found["time_s"]) == [25_350, 25_650, 25_950, 26_250]
    one = area_profile(study, "delay", scenarios={"base": (1,)}, confidence=0.9)
    assert one["low"].isna().all()


def test_a_road_alone_says_what_the_map_says(study: xr.Dataset) -> None:
    levels = mean_levels(study, "delay", scenario="base", samples=(0, 1, 2))
    found = road_profile(study, "delay", edge="e5", scenarios={"base": (0, 1, 2)}, confidence=0.95)
    assert np.allclose(found["mean"], levels.intervals[:, 5])
    samples = road_samples(study, "delay", edge="e5", scenarios={"base": (0, 1, 2)})
    assert samples["value"].mean() == pytest.approx(levels.window[5])


def test_the_diagram_is_flow_over_density_of_the_area(study: xr.Dataset, runs: list[xr.Dataset]) -> None:
    found = diagram(study, scenarios={"base": (1,)})
    assert np.allclose(found["flow"], runs[1]["area_flow"])
    assert np.allclose(found["density"], runs[1]["area_density"])


def test_levels_of_numbers_have_bounds_from_two_samples_on() -> None:
    dice = resamples(3, generator=np.random.default_rng(0))
    values = {"delay_hours": np.array([1.0, 2.0, 3.0]), "mean_speed": np.array([5.0, np.nan, np.nan])}
    found = kpi_levels(values, confidence=0.95, dice=dice).set_index("name")
    assert found.loc["delay_hours", "low"] < 2 < found.loc["delay_hours", "high"]
    assert found.loc["mean_speed", "mean"] == 5
    assert np.isnan(found.loc["mean_speed", "low"])
