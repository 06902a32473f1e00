"""Of many sites those are kept that lie best, of every kind some."""

from __future__ import annotations

import numpy as np

from trafficdiff.demand.siting_screen import kept_sites


def test_few_sites_are_all_kept():
    assert kept_sites(np.zeros((3, 2)), ["a", "b"], most=5, longest_detour_s=900).tolist() == [0, 1]


def test_the_second_site_is_the_one_that_helps_those_who_are_left():
    """Site 0 suits cars 0 and 1, site 1 nearly as well, site 2 only car 2."""
    detour_s = np.array([[0.0, 10.0, np.inf], [0.0, 10.0, np.inf], [np.inf, np.inf, 0.0]])
    assert kept_sites(detour_s, ["a"] * 3, most=2, longest_detour_s=900).tolist() == [0, 2]


def test_every_kind_has_its_share_and_what_it_cannot_fill_goes_to_the_others():
    detour_s = np.tile(np.array([0.0, 1.0, 2.0, 500.0]), (4, 1))
    kept = kept_sites(detour_s, ["shop", "shop", "shop", "street"], most=3, longest_detour_s=900)
    assert kept.tolist() == [0, 1, 3]
