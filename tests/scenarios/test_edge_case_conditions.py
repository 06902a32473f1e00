"""Sun, sky and grip against almanac values and the ranges that are declared."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from trafficdiff.scenarios.edge_case_conditions import CONDITIONS, condition_tags, environment_of, sun_at
from trafficdiff.scenarios.edge_case_sampling import coverage_of, covering_points, random_coverage

HELSINKI = (24.94, 60.17)
RANGES = {one.name: one for one in CONDITIONS}


def environment(varied: frozenset[str] = frozenset(), **shares: float):
    drawn = dict.fromkeys(RANGES, 0.0) | shares
    return environment_of(drawn, RANGES, date=dt.date(2024, 6, 20), lonlat=HELSINKI, utc_offset_h=3.0, varied=varied)


@pytest.mark.parametrize(
    ("moment", "elevation_deg", "azimuth_deg"),
    [
        (dt.datetime(2024, 6, 20, 13, 22), 90 - 60.17 + 23.44, 180.0),  # noon by the sun at the solstice
        (dt.datetime(2024, 6, 21, 1, 22), -(90 - 60.17) + 23.44, 0.0),  # midnight by the sun
        (dt.datetime(2024, 3, 20, 6, 28), 0.0, 90.0),  # sunrise at the equinox is due east; winter time
    ],
)
def test_sun_stands_where_the_almanac_has_it(moment: dt.datetime, elevation_deg: float, azimuth_deg: float) -> None:
    sun = sun_at(moment, lonlat=HELSINKI, utc_offset_h=2.0 if moment.month == 3 else 3.0)
    assert np.degrees(sun.elevation_rad) == pytest.approx(elevation_deg, abs=1.0)
    assert np.degrees(sun.azimuth_rad - np.radians(azimuth_deg) + np.pi) % 360 == pytest.approx(180.0, abs=2.5)


def test_less_than_a_thousandth_of_a_millimetre_an_hour_is_dry() -> None:
    ranges = RANGES | {"precipitation_mm_h": RANGES["precipitation_mm_h"].model_copy(update={"low": 0.0, "high": 10.0})}
    shares = dict.fromkeys(RANGES, 0.0) | {"precipitation_mm_h": 0.00004}
    sky = environment_of(
        shares, ranges, date=dt.date(2024, 6, 20), lonlat=HELSINKI, utc_offset_h=3.0,
        varied=frozenset({"precipitation_mm_h"}),
    )  # fmt: skip
    assert (sky.precipitation, sky.precipitation_mm_h) == ("dry", 0.0)


def test_snow_fog_and_night_are_tagged_and_slippery() -> None:
    sky = environment(fog_visual_range_m=1.0, precipitation_mm_h=1.0, snow=1.0, friction=1.0)
    assert condition_tags(sky) == ("IlluminationLowLight", "ParticulatesWater", "WeatherSnow", "SurfaceConditionSnow")
    assert sky.friction == 0.5  # no more than a snow-covered road has
    assert sky.fog_visual_range_m == 800.0


def test_most_scenes_are_clear_unless_fog_is_asked_for() -> None:
    assert environment(fog_visual_range_m=0.7).fog_visual_range_m is None
    assert environment(frozenset({"fog_visual_range_m"}), fog_visual_range_m=0.0).fog_visual_range_m == 20.0


def test_sobol_points_cover_more_than_random_ones() -> None:
    generator = np.random.default_rng(5)
    points = covering_points(50, dimensions=10, generator=generator)[:50]
    drawn, random = coverage_of(points), random_coverage(50, dimensions=10, generator=generator)
    assert drawn.pairs > random.pairs + 0.02
    assert drawn.discrepancy < 0.8 * random.discrepancy
