"""Emission totals against the town worked out on paper."""

from __future__ import annotations

import numpy as np
import pytest

from tests.metrics.hand_town import ensemble, hand_data
from trafficdiff.metrics import emissions


def test_emissions_add_up_over_edges_and_intervals() -> None:
    totals = emissions.total_emissions(hand_data())
    assert list(totals) == ["total_co2_mass"]  # nothing else was recorded
    assert totals["total_co2_mass"].item() == pytest.approx(6.75)  # 1 + 2 + 3 + 0.5 + 0.25 kg
    assert totals["total_co2_mass"].attrs["units"] == "kg"


def test_leading_dimensions_are_kept() -> None:
    totals = emissions.total_emissions(ensemble(hand_data()))
    np.testing.assert_allclose(totals["total_co2_mass"], 6.75 * np.array([[1, 2], [0.5, 3]]))


def test_carbon_dioxide_per_kilometre_is_missing_without_traffic() -> None:
    assert emissions.co2_per_kilometre(hand_data()).item() == pytest.approx(6.75 / 39)
    assert np.isnan(emissions.co2_per_kilometre(hand_data().isel(edge=[2])).item())
