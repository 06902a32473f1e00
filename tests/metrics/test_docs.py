"""The page on metrics lists what `compute` gives, with the same units."""

from __future__ import annotations

import re
from pathlib import Path

from tests.metrics.hand_town import hand_result
from trafficdiff.metrics import compute
from trafficdiff.metrics.emissions import EMISSIONS
from trafficdiff.units import QUANTITIES

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"


def listed() -> dict[str, str]:
    """Unit by metric, from the rows of the table."""
    rows = [line.strip("|").split("|") for line in PAGE.read_text(encoding="utf-8").splitlines() if line[:3] == "| `"]
    return {re.sub("[ `]", "", row[0]): row[2].strip() for row in rows}


def test_every_metric_is_on_the_page_and_nothing_else() -> None:
    not_recorded_here = {name for emission in EMISSIONS for name in (emission, f"total_{emission}")}
    of_runs = {"relative_gap", "trips_rerouted", "trips_moved", "trips_removed", "trips_added"}
    assert set(listed()) == set(map(str, compute(hand_result()).data.data_vars)) | not_recorded_here | of_runs


def test_the_page_gives_the_units_of_the_data() -> None:
    assert listed() == {name: QUANTITIES[name].units for name in listed()}
