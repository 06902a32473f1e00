import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from trafficdiff.datatypes.reach import Reach


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 6))
def test_a_pair_of_zones_is_open_where_some_edge_leads_to_another_one(seed, zones, parts):
    random = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(random.integers(1, 4, zones))]).astype(np.int64)
    count = int(offsets[-1])
    part = random.integers(0, parts, count).astype(np.int32)
    reaches = np.triu(random.random((parts, parts)) < 0.4) | np.eye(parts, dtype=bool)
    begin, end = random.random((2, count)) < 0.7
    reach = Reach(part=part, reaches=reaches, can_begin=begin, can_end=end, reverse=np.full(count, -1, np.int32))
    expected = np.zeros((zones, zones), bool)
    for (a, b), (first, last) in itertools.product(
        itertools.product(range(zones), repeat=2), itertools.product(range(count), repeat=2)
    ):
        inside = offsets[a] <= first < offsets[a + 1] and offsets[b] <= last < offsets[b + 1]
        if inside and first != last and begin[first] and end[last] and reaches[part[first], part[last]]:
            expected[a, b] = True
    np.testing.assert_array_equal(reach.zone_pairs(offsets), expected)
