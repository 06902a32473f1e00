from __future__ import annotations

import numpy as np
import pytest

from tests.roads.test_features import places
from tests.towns import make_town
from trafficdiff.roads.landuse import land_use_by_zone, land_use_near
from trafficdiff.roads.pois import POI_CATEGORIES
from trafficdiff.roads.zones import make_zones

CAFE = POI_CATEGORIES.index("cafe")
TOWN = make_town({"A": (0, 0), "B": (100, 0), "C": (1000, 0), "D": (1100, 0)}, [("A", "B"), ("C", "D")])


def test_what_lies_within_two_hundred_metres_counts() -> None:
    pois, buildings = places(TOWN, np.array([[50.0, 195.0], [50.0, 205.0], [1050.0, -120.0]]))
    counts, floor_m2 = land_use_near(TOWN, pois=pois, buildings=buildings)
    assert counts[:, CAFE].tolist() == [1, 1]
    assert counts.sum() == 2
    assert floor_m2 == pytest.approx([500, 500])


def test_everything_counts_for_the_zone_of_the_nearest_street() -> None:
    zones = make_zones(TOWN, target=2, generator=np.random.default_rng(0))
    pois, buildings = places(TOWN, np.array([[540.0, 900.0], [560.0, 900.0], [3000.0, 0.0]]))
    counts, floor_m2 = land_use_by_zone(TOWN, zones, pois=pois, buildings=buildings)
    assert counts[:, CAFE].tolist() == [1, 2]
    assert floor_m2 == pytest.approx([500, 1000])


def test_nothing_known_is_nothing_counted() -> None:
    counts, floor_m2 = land_use_near(TOWN, pois=None, buildings=None)
    assert counts.sum() == floor_m2.sum() == 0
