"""Say which numbers of the whole area a reader is shown, in what unit, and which way is better.

Their words stand in the catalogue: ``report.number_<name>`` is what a number is called, ``report.about_<name>`` what it
means.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trafficdiff.export.catalogue import Catalogue

__all__ = [
    "CARDS",
    "CHARGING_CARDS",
    "NOTHING",
    "OF_CHARGING",
    "OF_MEASURES",
    "OF_PEOPLE",
    "OF_SAFETY",
    "SAFETY_CARDS",
    "SHOWN_NUMBERS",
    "ShownNumber",
    "decimals_for",
    "plain",
    "signed",
    "with_unit",
]

_DIGITS: Final = 3
"""Significant digits of a change and its interval."""
_DIGITS_APART: Final = 2
"""Significant digits of the interval's width."""
NOTHING: Final = "\N{EN DASH}"
"""What stands where there is no number."""
_THIN: Final = "\N{NARROW NO-BREAK SPACE}"


@dataclass(frozen=True)
class ShownNumber:
    """Say how one number is shown.

    Parameters
    ----------
    name
        As in `trafficdiff.units`.
    unit
        What stands behind it; empty for indices and counts.
    decimals
        Of its level.
    factor
        From the stored unit to the shown one.
    better
        Which way a planner wants it to go; empty where that depends on the aim.
    """

    name: str
    unit: str = ""
    decimals: int = 1
    factor: float = 1.0
    better: Literal["more", "less", ""] = ""


SHOWN_NUMBERS: Final[tuple[ShownNumber, ...]] = (
    ShownNumber("mean_trip_time", "s", better="less"),
    ShownNumber("mean_trip_time_loss", "s", better="less"),
    ShownNumber("delay_hours", "h", better="less"),
    ShownNumber("mean_speed", "km/h", factor=3.6, better="more"),
    ShownNumber("trip_kilometres", "km", 0),
    ShownNumber("trip_hours", "h"),
    ShownNumber("total_co2_mass", "kg", better="less"),
    ShownNumber("completion_share", "%", factor=100, better="more"),
    ShownNumber("mean_depart_delay", "s", better="less"),
    ShownNumber("waiting_to_enter", better="less"),
    ShownNumber("trip_travel_time_index", decimals=2, better="less"),
    ShownNumber("trip_planning_time_index", decimals=2, better="less"),
    ShownNumber("max_queue_length", "m", 0, better="less"),
    ShownNumber("teleport_share", "%", 3, 100, better="less"),
    ShownNumber("collisions", better="less"),
    ShownNumber("charging_wanted"),
    ShownNumber("charging_served", better="more"),
    ShownNumber("charging_waiting", better="less"),
    ShownNumber("charging_unmet", better="less"),
    ShownNumber("charging_stranded", better="less"),
    ShownNumber("unmet_energy", "kWh", 0, better="less"),
    ShownNumber("charged_energy", "kWh", 0),
    ShownNumber("mean_charging_wait", "min", factor=1 / 60, better="less"),
    ShownNumber("mean_charging_detour", "min", factor=1 / 60, better="less"),
    ShownNumber("peak_charging_power", "kW", 0),
    ShownNumber("charging_utilisation", "%", factor=100),
    ShownNumber("walks_asked", decimals=0),
    ShownNumber("walks_completed", decimals=0, better="more"),
    ShownNumber("mean_walk_time", "min", factor=1 / 60, better="less"),
    ShownNumber("mean_walk_time_loss", "s", better="less"),
    ShownNumber("near_misses", decimals=0, better="less"),
    ShownNumber("near_miss_rate", decimals=0, factor=1e6, better="less"),
    ShownNumber("box_collisions", better="less"),
    ShownNumber("short_headway_share", "%", 2, 100, better="less"),
    ShownNumber("hard_brakings", decimals=0, better="less"),
    ShownNumber("high_jerks", decimals=0, better="less"),
    ShownNumber("trips_asked", decimals=0),
    ShownNumber("trips_rerouted", decimals=0),
    ShownNumber("trips_moved", decimals=0),
    ShownNumber("trips_removed", decimals=0),
    ShownNumber("trips_added", decimals=0),
)
"""In the order in which they are shown."""

CARDS: Final = (
    "mean_trip_time", "delay_hours", "mean_speed", "trip_kilometres", "total_co2_mass", "completion_share",
)  # fmt: skip
"""The numbers that stand in front."""

CHARGING_CARDS: Final = (
    "charging_served", "charging_waiting", "charging_unmet", "charging_stranded", "unmet_energy",
    "mean_charging_wait", "peak_charging_power",
)  # fmt: skip
"""The numbers that stand in front where cars charge on the way."""

OF_CHARGING: Final = frozenset(
    {*CHARGING_CARDS, "charging_wanted", "charged_energy", "mean_charging_detour", "charging_utilisation"}
)
"""Numbers that only runs have in which cars charge."""

SAFETY_CARDS: Final = ("near_misses", "near_miss_rate", "box_collisions", "short_headway_share", "hard_brakings")
"""The numbers that stand in front where tracks are fine enough for safety."""

OF_SAFETY: Final = frozenset({*SAFETY_CARDS, "high_jerks"})
"""Numbers that only runs with fine tracks have."""

OF_PEOPLE: Final = frozenset({"walks_asked", "walks_completed", "mean_walk_time", "mean_walk_time_loss"})
"""Numbers that only runs have in which people walk."""

OF_MEASURES: Final = frozenset({"trips_rerouted", "trips_moved", "trips_removed", "trips_added"})
"""Numbers that are left out where no measure made them."""


def decimals_for(values: Sequence[float]) -> int:
    """Return with how many decimals a change and its bounds are written.

    Three digits of the largest of them, and no more than two of how far they lie apart: where the interval is wide,
    further digits say nothing.
    """
    known = [value for value in values if math.isfinite(value)]
    largest = max(map(abs, known), default=0.0)
    if not largest:
        return 0
    decimals = _decimals(largest, _DIGITS)
    apart = max(known) - min(known)
    return min(max(min(decimals, _decimals(apart, _DIGITS_APART)) if apart else decimals, 0), 6)


def _decimals(size: float, digits: int) -> int:
    return digits - 1 - math.floor(math.log10(size))


def signed(value: float, decimals: int, words: Catalogue) -> str:
    """Return a change with its sign; a dash where there is none to tell."""
    if not math.isfinite(value):
        return NOTHING
    written = words.number(value, decimals)
    rises = value > 0 and any(letter in "123456789" for letter in written)
    return f"+{written}" if rises else written


def plain(value: float, decimals: int, words: Catalogue) -> str:
    """Return a number; a dash where there is none."""
    return words.number(value, decimals) if math.isfinite(value) else NOTHING


def with_unit(written: str, unit: str) -> str:
    """Return a written number with its unit, held together."""
    return f"{written}{_THIN}{unit}" if unit and written != NOTHING else written
