"""Charts of pages: built once for what they show, and with all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from dashboards.shell.looks import drawn
from trafficdiff.export.charts import ChartLook, sample_values

if TYPE_CHECKING:
    import altair as alt

TEXTS = {"x_title": "Day", "y_title": "Speed [km/h]", "description": "Speed of a road on every day"}
built: list[int] = []


def counted(table: pd.DataFrame, *, look: ChartLook, **words: str) -> alt.LayerChart:
    built.append(len(table))
    return sample_values(table, look=look, **words)


def days(count: int) -> pd.DataFrame:
    return pd.DataFrame(
        {"series": ["base"] * count, "sample": range(count), "value": [30.0 + 0.5 * day for day in range(count)]}
    )


def test_a_chart_is_built_once_for_equal_tables_texts_and_looks() -> None:
    built.clear()
    first = drawn(counted, days(3), look=ChartLook(), **TEXTS)
    first["layer"].clear()  # what one page does with it reaches no other page
    again = drawn(counted, days(3), look=ChartLook(), **TEXTS)
    assert again["layer"]
    assert built == [3]
    drawn(counted, days(4), look=ChartLook(), **TEXTS)
    drawn(counted, days(3), look=ChartLook(theme="dark"), **TEXTS)
    drawn(counted, days(3), look=ChartLook(), **{**TEXTS, "y_title": "Tempo [km/h]"})
    assert built == [3, 4, 3, 3]


def test_a_chart_holds_every_row_of_a_long_table() -> None:
    spec = drawn(sample_values, days(6_000), look=ChartLook(), **TEXTS)
    (table,) = spec["datasets"].values()
    assert table.column("value").to_pylist() == list(days(6_000)["value"])
