"""Rank the scenarios of a study in a table, and say how sure the order is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from trafficdiff.export.report_content import Table
from trafficdiff.export.shown_numbers import NOTHING, SHOWN_NUMBERS, decimals_for, signed, with_unit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trafficdiff.export.catalogue import Catalogue
    from trafficdiff.workflows.comparison import Comparison

__all__ = ["table_of_ranking"]


def table_of_ranking(found: Comparison, words: Catalogue) -> Table:
    """Return all scenarios of the study that a comparison is from, the best first."""
    number = next(one for one in SHOWN_NUMBERS if one.name == found.ranked_by)
    label = words.word(f"report.number_{number.name}")
    rows = [_row(row, words, unit=number.unit, factor=number.factor) for row in found.ranking.to_dict("records")]
    return Table(
        caption=words.word("report.ranking", number=label),
        headings=(
            *(words.word(f"report.head_{key}") for key in ("place", "scenario")),
            label,
            *(words.word(f"report.head_{key}") for key in ("best", "places", "to_next")),
        ),
        rows=tuple(rows),
        numeric=(False, False, True, True, True, True),
        note=words.word("report.ranking_note"),
    )


def _row(row: Mapping[Any, Any], words: Catalogue, *, unit: str, factor: float) -> tuple[str, ...]:
    best = row["probability_best"]
    known = math.isfinite(best)
    places = (row["place_low"], row["place_high"])
    return (
        str(row["place"]),
        str(row["scenario"]),
        with_unit(words.number(row["mean"] * factor, 1), unit),
        with_unit(words.number(100 * best), "%") if known else NOTHING,
        _places(places, words) if known else NOTHING,
        _step(row, words, unit=unit, factor=factor),
    )


def _places(places: tuple[float, float], words: Catalogue) -> str:
    low, high = (words.number(place) for place in places)
    return low if low == high else words.word("report.from_to", low=low, high=high)


def _step(row: Mapping[Any, Any], words: Catalogue, *, unit: str, factor: float) -> str:
    if not math.isfinite(row["to_next"]):
        return ""
    value = row["to_next"] * factor
    written = with_unit(signed(value, decimals_for([value]), words), unit)
    return written if row["apart_from_next"] else words.word("report.glance_chance", change=written)
