"""Power is shared so that no limit is exceeded, nobody gets more than wanted, and nothing is left over in vain."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trafficdiff.simulation.charging_power import site_levels, water_level

WANTS = st.lists(st.floats(0.0, 300.0), min_size=1, max_size=12)


def test_who_wants_little_gets_it_and_the_rest_share_evenly():
    assert water_level(np.array([10.0, 50.0, 50.0]), 70.0) == 30.0
    assert water_level(np.array([10.0, 50.0]), 60.0) == np.inf
    assert water_level(np.array([10.0, 50.0]), 0.0) == 0.0


@pytest.mark.slow
@given(WANTS, st.floats(0.0, 2_000.0))
def test_the_level_uses_the_limit_and_never_more(wanted: list[float], limit: float):
    values = np.array(wanted)
    given_kw = np.minimum(values, water_level(values, limit)).sum()
    assert given_kw == pytest.approx(min(values.sum(), limit), abs=1e-6)


@given(
    st.lists(st.tuples(st.floats(0.0, 300.0), st.integers(0, 3)), min_size=1, max_size=15),
    st.lists(st.floats(0.0, 500.0), min_size=4, max_size=4),
    st.lists(st.floats(0.0, 500.0), min_size=2, max_size=2),
)
def test_neither_sites_nor_feeders_exceed_their_limits(
    cars: list[tuple[float, int]], sites: list[float], feeders: list[float]
):
    wanted, site = np.array([kw for kw, _ in cars]), np.array([place for _, place in cars])
    feeder = np.array([0, 0, 1, -1])
    levels = site_levels(wanted, site, site_limit=np.array(sites), feeder=feeder, feeder_limit=np.array(feeders))
    drawn = np.minimum(wanted, levels[site])
    by_site = np.bincount(site, weights=drawn, minlength=4)
    assert (by_site <= np.array(sites) + 1e-6).all()
    assert by_site[:2].sum() <= feeders[0] + 1e-6
    assert by_site[2] <= feeders[1] + 1e-6
