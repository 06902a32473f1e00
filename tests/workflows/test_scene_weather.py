"""Scenes say the weather that the run's drivers were given."""

from __future__ import annotations

import datetime as dt

import pytest

from trafficdiff.datatypes.scenario import Scenario
from trafficdiff.scenarios.weather_factors import PUBLISHED
from trafficdiff.workflows.scene_weather import environment_of


def under(*measures: dict[str, object]) -> Scenario:
    scenario = Scenario(name="plain", network="helsinki", date=dt.date(2024, 10, 8))
    return scenario.with_measures([{"kind": "weather", **measure} for measure in measures], name="under a sky")


def test_without_a_measure_it_is_dry_and_the_clock_is_the_runs() -> None:
    environment = environment_of(
        Scenario(name="plain", network="helsinki", date=dt.date(2024, 10, 8)), at_s=7.5 * 3_600
    )
    assert environment.date_time == dt.datetime(2024, 10, 8, 7, 30)
    assert (environment.precipitation, environment.friction, environment.fog_visual_range_m) == ("dry", 1.0, None)


@pytest.mark.parametrize("condition", PUBLISHED)
def test_every_condition_is_a_sky(condition: str) -> None:
    environment = environment_of(under({"condition": condition}), at_s=0)
    published = PUBLISHED[condition]
    falls = "rain" if published.rain_mm_h else "snow" if published.snow_mm_h else "dry"
    assert environment.precipitation == falls
    assert (environment.precipitation_mm_h > 0) == (falls != "dry")
    assert environment.friction == published.friction.value
    assert environment.fog_visual_range_m == (published.sight_m and published.sight_m.value)
    assert (environment.sun is not None) == (condition == "dark")


def test_own_numbers_stand_and_of_several_the_worst_holds() -> None:
    sky = environment_of(
        under({"condition": "rain", "friction": 0.6}, {"condition": "fog", "sight_m": 120.0}, {"condition": "snow"}),
        at_s=0,
    )
    assert (sky.friction, sky.fog_visual_range_m) == (0.35, 120.0)
    assert (sky.precipitation, sky.precipitation_mm_h) == ("rain", 4.5)
