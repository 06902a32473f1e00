"""The sun stands where almanacs have it."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest

from trafficdiff.datatypes.scene_environment import Environment
from trafficdiff.export.sunlight import sun_at, sun_position


@pytest.mark.parametrize(
    ("moment", "lon", "lat", "elevation"),
    [
        (datetime(2026, 6, 21, 12, 2, tzinfo=UTC), 0.0, 45.0, 90 - 45 + 23.44),  # solstice, noon (2 min late)
        (datetime(2026, 12, 21, 11, 58, tzinfo=UTC), 0.0, 45.0, 90 - 45 - 23.44),
        (datetime(2026, 3, 20, 12, 7, tzinfo=UTC), 0.0, 0.0, 90.0),  # equinox on the equator
    ],
)
def test_noon_is_as_high_as_latitude_and_declination_say(
    moment: datetime, lon: float, lat: float, elevation: float
) -> None:
    assert math.degrees(sun_position(moment, lon=lon, lat=lat)[1]) == pytest.approx(elevation, abs=0.3)


def test_the_morning_sun_stands_in_the_east_and_local_time_is_the_places() -> None:
    moment, sun = sun_at(Environment(date_time=datetime(2026, 6, 16, 8, 0)), lonlat=(24.94, 60.17))
    assert moment.utcoffset().total_seconds() == 3 * 3600
    assert 75 < math.degrees(sun.azimuth_rad) < 100
    assert 20 < math.degrees(sun.elevation_rad) < 32


def test_at_night_it_is_dark() -> None:
    _, sun = sun_at(Environment(date_time=datetime(2026, 1, 16, 23, 0)), lonlat=(24.94, 60.17))
    assert sun.elevation_rad < 0
    assert sun.illuminance_lx < 1
