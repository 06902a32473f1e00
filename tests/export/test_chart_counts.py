"""The chart of counts says which are met by colour and by shape, and its band is where GEH is below 5."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from trafficdiff.errors import InputError
from trafficdiff.export.chart_counts import count_fit, geh_band
from trafficdiff.metrics.geh import geh

WORDS: dict[str, Any] = {
    "x_title": "counted", "y_title": "modelled", "met": "met", "unmet": "not met", "band": "GEH < 5",
    "description": "<b>what</b>",
}  # fmt: skip


def test_the_ends_of_the_band_have_the_geh_that_is_asked_for() -> None:
    counted = np.array([0.0, 20.0, 300.0, 2_000.0])
    low, high = geh_band(counted)
    assert geh(high, counted) == pytest.approx(5.0)
    assert geh(low[2:], counted[2:]) == pytest.approx(5.0)
    assert (low[:2] >= 0).all()


def test_points_outside_the_band_have_a_shape_of_their_own() -> None:
    rows = pd.DataFrame({"road": ["a", "b"], "counted": [100, 100], "modelled": [102, 300], "geh": [0.2, 14.1]})
    spec = count_fit(rows, **WORDS).to_dict()
    states = next([row["state"] for row in data] for data in spec["datasets"].values() if data and "state" in data[0])
    assert states == ["met", "not met"]
    assert spec["description"] == "<b>what</b>"
    with pytest.raises(InputError, match="geh"):
        count_fit(rows.drop(columns="geh"), **WORDS)
