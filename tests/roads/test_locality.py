"""The side of the road follows the country, islands, borders and harbours included."""

from __future__ import annotations

import pytest

from trafficdiff.roads.locality import drives_on_left, time_zone_at

LEFT = {
    "Dublin": (-6.26, 53.35), "Kyoto": (135.76, 34.96), "London": (-0.13, 51.51), "Dover": (1.31, 51.13),
    "Valletta": (14.51, 35.90), "Nicosia": (33.36, 35.17), "Hong Kong": (114.17, 22.30), "Macau": (113.545, 22.20),
    "Singapore": (103.80, 1.30), "Lahore": (74.30, 31.55), "Nong Khai": (102.75, 17.87), "Kitwe": (28.20, -12.80),
    "Paramaribo": (-55.20, 5.85), "Charlotte Amalie": (-64.93, 18.34), "Apia": (-171.76, -13.83),
    "Perth": (115.86, -31.95), "Cape Town": (18.42, -33.93), "Male": (73.51, 4.175), "Suva": (178.44, -18.14),
}  # fmt: skip
RIGHT = {
    "Helsinki": (24.94, 60.17), "Calais": (1.85, 50.95), "Shenzhen": (114.06, 22.545), "Zhuhai": (113.55, 22.27),
    "Vientiane": (102.60, 17.97), "Lubumbashi": (27.47, -11.66), "Cayenne": (-52.30, 4.90), "San Juan": (-66.10, 18.45),
    "Gibraltar": (-5.35, 36.14), "Busan": (129.05, 35.17), "Taipei": (121.50, 25.04), "Kabul": (69.20, 34.50),
    "Goma": (29.23, -1.67), "Baltimore": (-76.60, 39.28), "Riyadh": (46.70, 24.60), "Vaduz": (9.52, 47.14),
}  # fmt: skip


@pytest.mark.parametrize("city", LEFT)
def test_left_hand_city(city: str) -> None:
    assert drives_on_left(*LEFT[city])


@pytest.mark.parametrize("city", RIGHT)
def test_right_hand_city(city: str) -> None:
    assert not drives_on_left(*RIGHT[city])


@pytest.mark.parametrize(
    ("lon", "lat", "zone"),
    [(24.94, 60.17, "Europe/Helsinki"), (135.76, 35.0, "Asia/Tokyo"), (-76.88, 40.27, "America/New_York")],
)
def test_the_time_zone_follows_from_the_coordinates(lon: float, lat: float, zone: str) -> None:
    assert time_zone_at(lon, lat) == zone
