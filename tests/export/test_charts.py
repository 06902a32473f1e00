"""Charts say what the tables say, in two ways each, with words for those who cannot see them, and draw offline."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from trafficdiff.errors import InputError
from trafficdiff.export.chart_style import SERIES, STATE_COLOURS, STATE_SHAPES
from trafficdiff.export.charts import (
    STATES,
    ChartLook,
    as_svg,
    clock_text,
    fundamental_diagram,
    kpi_differences,
    ranking,
    sample_values,
    time_profile,
)

if TYPE_CHECKING:
    import altair as alt

EVIL = "<script>alert(1)</script>"
GROUNDS = {"light": "#ffffff", "dark": "#10191d"}


def profile(*names: str, band: bool = True) -> pd.DataFrame:
    time_s = np.arange(25_200.0, 28_800.0, 300.0)
    parts = []
    for place, name in enumerate(names):
        mean = 10.0 + place + np.sin(time_s / 900)
        half = 1.0 if band else np.nan
        parts.append(
            pd.DataFrame({"series": name, "time_s": time_s, "mean": mean, "low": mean - half, "high": mean + half})
        )
    return pd.concat(parts, ignore_index=True)


def changes(**more: Any) -> pd.DataFrame:
    content = {
        "label": ["Delay", "Speed", "Wait", "Trips"],
        "difference": [5.0, -3.0, 40.0, 0.0],
        "low": [2.0, -4.0, -900.0, 0.0],
        "high": [8.0, -2.0, 980.0, 0.0],
        "state": ["more", "less", "unclear", "same"],
        "text": ["+5 %", "-3 %", "+40 %", "no change"],
    }
    return pd.DataFrame(content | more)


def drawn(name: str = "Kaivokatu closed", *, look: ChartLook | None = None) -> dict[str, alt.LayerChart]:
    look = look or ChartLook()
    words = {state: state for state in STATES}
    values = pd.DataFrame({"series": ["base"] * 3 + [name] * 3, "sample": [0, 1, 2] * 2, "value": [1.0, 2, 3, 2, 3, 5]})
    points = pd.DataFrame(
        {
            "series": ["base", "base", name, name],
            "density": [1.0, 2, 1, 3],
            "flow": [9.0, 8, 7, 6],
            "time_s": [0.0, 300] * 2,
        }
    )
    places = pd.DataFrame(
        {
            "scenario": ["base", name], "expected_place": [1.1, 1.9], "place_low": [1.0, 1.0], "place_high": [2.0, 2.0],
            "probability_best": [0.997, 0.003],
        }
    )  # fmt: skip
    about = {"description": "Seen by no eye", "look": look}
    return {
        "profile": time_profile(profile("base", name), x_title="time", y_title="delay [h]", marked_s=26_000, **about),
        "diagram": fundamental_diagram(points, x_title="density", y_title="flow", time_title="time", **about),
        "changes": kpi_differences(changes(), x_title="change [%]", states=words, **about),
        "ranking": ranking(places, x_title="place", best_title="best", **about),
        "samples": sample_values(values, x_title="day", y_title="delay", **about),
    }


def contrast(colour: str, ground: str) -> float:
    """Return the contrast of two colours after WCAG 2.2."""

    def luminance(text: str) -> float:
        parts = np.array([int(text[k : k + 2], 16) / 255 for k in (1, 3, 5)])
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ (0.2126, 0.7152, 0.0722))

    bright, dark = sorted([luminance(colour), luminance(ground)], reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_chart_draws_offline_as_svg_that_names_what_it_shows(theme: Any) -> None:
    for name, chart in drawn(look=ChartLook(theme=theme)).items():
        svg = as_svg(chart)
        root = ET.fromstring(svg)
        assert root.get("aria-label") == "Seen by no eye", name
        assert "<script" not in svg
        assert "href=" not in svg
        assert "Kaivokatu closed" in svg or name == "changes"


def test_a_hostile_name_stays_text() -> None:
    for chart in drawn(EVIL).values():
        assert "<script" not in as_svg(chart)


def test_the_base_is_dashed_and_the_scenario_drawn_through() -> None:
    spec = drawn()["profile"].to_dict()
    line = next(layer for layer in spec["layer"] if layer["mark"]["type"] == "line")
    scale = line["encoding"]["strokeDash"]["scale"]
    assert scale["domain"] == ["base", "Kaivokatu closed"]
    assert scale["range"][0] != [1, 0]
    assert scale["range"][1] == [1, 0]


def test_what_has_no_interval_has_no_band_and_no_whiskers() -> None:
    about = {"x_title": "time", "y_title": "delay", "description": "d"}
    with_band = time_profile(profile("base"), **about).to_dict()
    without = time_profile(profile("base", band=False), **about).to_dict()
    marks = [[layer["mark"]["type"] for layer in spec["layer"]] for spec in (with_band, without)]
    assert "area" in marks[0]
    assert "area" not in marks[1]
    one_day = changes(low=np.nan, high=np.nan, state="unknown")
    chart = kpi_differences(one_day, x_title="change", states={state: state for state in STATES}, description="d")
    assert "isValid" in str(chart.to_dict())
    assert "one day" not in as_svg(chart)


def test_each_state_has_a_shape_and_a_colour_of_its_own_sign() -> None:
    assert len({STATE_SHAPES[state] for state in STATES}) == len(STATES)
    for theme in ("light", "dark"):
        colours = STATE_COLOURS[theme]
        assert len({colours[state] for state in ("more", "less", "unclear")}) == 3


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_series_can_be_told_from_the_ground(theme: str) -> None:
    for colour in SERIES[theme]:
        assert contrast(colour, GROUNDS[theme]) >= 4.5


def test_one_row_that_reaches_far_does_not_flatten_the_others() -> None:
    spec = drawn()["changes"].to_dict()
    point = next(layer for layer in spec["layer"] if layer["mark"]["type"] == "point")
    low, high = point["encoding"]["x"]["scale"]["domain"]
    assert low == -high
    assert 8.0 <= high < 100.0


def test_numbers_follow_the_readers_language() -> None:
    values = pd.DataFrame({"series": ["base", "other"], "sample": [0, 0], "value": [0.1, 0.4]})
    for decimal, written, other in ((",", ">0,2<", ">0.2<"), (".", ">0.2<", ">0,2<")):
        look = ChartLook(decimal=decimal)
        svg = as_svg(sample_values(values, x_title="day", y_title="delay", description="d", look=look))
        assert written in svg
        assert other not in svg


def test_times_run_on_past_midnight() -> None:
    assert clock_text(25_500) == "07:05"
    assert clock_text(90_000) == "25:00"


def test_a_missing_column_is_named() -> None:
    with pytest.raises(InputError, match="add low, high"):
        time_profile(profile("base").drop(columns=["low", "high"]), x_title="", y_title="", description="")
    with pytest.raises(InputError, match="'odd'"):
        kpi_differences(changes(state="odd"), x_title="", states={}, description="")


def test_a_share_is_never_rounded_to_none_or_all() -> None:
    svg = as_svg(drawn()["ranking"])
    assert "&gt; 99 %" in svg or "> 99 %" in svg
    assert "&lt; 1 %" in svg
