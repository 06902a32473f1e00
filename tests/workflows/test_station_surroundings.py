"""What the charging model is told of a station's surroundings are the places near it, where they are known."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest

from tests.towns import square_town
from trafficdiff.datatypes.session_sites import SURROUNDINGS
from trafficdiff.datatypes.stations import ChargingStation, Plugs
from trafficdiff.roads.pois import POI_CATEGORIES
from trafficdiff.workflows.station_surroundings import KINDS, MOST, station_surroundings


def station(**changes: object) -> ChargingStation:
    base = {"id": "s", "plugs": (Plugs(count=1, power_kw=22.0),), "edge": "A-B", "position_m": 50.0}
    return ChargingStation(**(base | changes))


def test_places_within_300_m_are_counted_by_kind_and_the_rest_is_unknown(monkeypatch: pytest.MonkeyPatch):
    graph = square_town()
    xy = np.array([[50.0, 10.0], [50.0, 290.0], [50.0, 310.0], [60.0, 0.0], *[[50.0, 5.0]] * 50])
    places = graph.to_lonlat(xy)
    found = gpd.GeoDataFrame(
        {"category": ["cafe", "pub", "cafe", "shop_clothes", *["government"] * 50]},
        geometry=gpd.points_from_xy(*places.T), crs="EPSG:4326",
    )  # fmt: skip
    monkeypatch.setattr("trafficdiff.workflows.model_trips.surroundings_in", lambda _: (found, None))
    around = station_surroundings([station(), station(site_type="work")], graph, directory=Path("x"))
    counts = dict(zip(SURROUNDINGS, np.expm1(around[0]), strict=True))
    assert counts["leisure"] == pytest.approx(2)
    assert counts["consumption"] == pytest.approx(1)
    assert counts["health"] == 0
    assert counts["administrative"] == pytest.approx(MOST["administrative"])  # no more than any site that was seen
    assert np.isnan([counts["other_sites"], counts["population"]]).all()
    assert np.isnan(around[1]).all()


def test_where_places_are_not_known_nothing_is_claimed():
    assert np.isnan(station_surroundings([station()], square_town(), directory=None)).all()


def test_every_category_belongs_to_one_kind_at_most_and_is_one():
    named = [category for categories in KINDS.values() for category in categories]
    assert len(set(named)) == len(named)
    assert set(named) <= set(POI_CATEGORIES)
    assert list(KINDS) == list(MOST) == list(SURROUNDINGS[:-2])
