"""The maps of a report grey what may be chance, and look right in the dark."""

from __future__ import annotations

import numpy as np

from trafficdiff.resources import bundled
from trafficdiff.workflows.report_maps import _CHANGE_STYLES, _LEVEL_STYLES, _kinds

NAMES = [style.name for style in _CHANGE_STYLES]


def test_colour_is_for_what_is_more_than_chance_and_by_its_size() -> None:
    changes = np.array([10.0, 3.0, -1.0, -10.0, 10.0, 0.0, np.nan, np.nan, np.nan, 5.0])
    shown = np.array([True, True, True, True, False, False, False, False, False, True])
    tested = np.isfinite(changes)
    status = np.array(["both"] * 7 + ["removed", "added", "absent"], object)
    kinds = _kinds(changes, tested=tested, shown=shown, status=status, limit=10.0)
    found = [NAMES[kind] if kind >= 0 else None for kind in kinds]
    assert found == ["more2", "more1", "less0", "less2", "chance", "chance", "unused", "removed", "added", None]


def test_the_largest_changes_lie_on_top_and_are_widest() -> None:
    widths = {style.name: style.width for style in _CHANGE_STYLES}
    for sign in ("less", "more"):
        assert NAMES.index("chance") < NAMES.index(f"{sign}0") < NAMES.index(f"{sign}2")
        assert widths["chance"] < widths[f"{sign}0"] < widths[f"{sign}1"] < widths[f"{sign}2"]


def test_every_class_of_road_has_a_colour_in_the_dark() -> None:
    style = bundled("trafficdiff/export/report.css").read_text("utf-8")
    dark = style.split("prefers-color-scheme: dark")[1].split("@page", maxsplit=1)[0]
    assert not [one.name for one in (*_CHANGE_STYLES, *_LEVEL_STYLES) if f".road.{one.name}" not in dark]
