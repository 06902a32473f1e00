"""How many digits a change is worth."""

from __future__ import annotations

import math

import pytest

from trafficdiff.export.shown_numbers import decimals_for


@pytest.mark.parametrize(
    ("values", "decimals"),
    [
        ([16.2], 1),  # alone: three digits
        ([0.0], 0),
        ([math.nan, math.inf], 0),
        ([-119.0, -151.0, -87.0], 0),
        ([0.171, 0.066, 0.527], 2),  # a wide interval: two digits of its width
        ([16.23, 11.2, 43.5], 0),
        ([16.23, 16.21, 16.25], 1),  # a narrow one: three digits of the change, and no more
        ([2.0, 2.0, 2.0], 2),
        ([1e-9, 0.0, 2e-9], 6),
    ],
)
def test_a_wide_interval_leaves_few_digits_to_a_change(values: list[float], decimals: int) -> None:
    assert decimals_for(values) == decimals
