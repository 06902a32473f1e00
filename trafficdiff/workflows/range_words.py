"""Say in a reader's language where a place lies among those that the model learned from, and what makes it strange."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from trafficdiff.export.shown_numbers import with_unit
from trafficdiff.roads.scene_traits import TRAITS

if TYPE_CHECKING:
    from trafficdiff.datatypes.training_range import Standing, TraitStanding
    from trafficdiff.export.catalogue import Catalogue

__all__ = [
    "place_in_range",
    "place_name",
    "range_rows",
    "reasons",
    "remark",
    "trait_figure",
    "trait_range",
    "understood",
    "verdict",
]

_UNITS: Final = {
    "1": "", "km": "km", "m": "m", "s": "s", "km-1": "km/km²", "km-2": "/km²", "km2": "km²", "km h-1": "km/h",
    "rad km-1": "rad/km",
}  # fmt: skip
_KINDS: Final = {trait.name: trait for trait in TRAITS}
_NAMED: Final = 3
_WHOLE, _TENTHS = 100.0, 3.0
_LEAST: Final = 1e-9
_MANY_TIMES: Final = 1_000
_HARDLY: Final = 1.05
"""Below it, and above `_MANY_TIMES`, "so many times" says less than "beyond"."""
_ROUND_TIMES: Final = 10
_MOST_INSIDE: Final = 99


def understood(standing: Standing) -> Standing:
    """Return a standing without numbers that this version has no words for: another one may have written it."""
    return standing.model_copy(update={"traits": tuple(one for one in standing.traits if one.name in _KINDS)})


def verdict(standing: Standing, words: Catalogue) -> str:
    """Return in one sentence where a place lies."""
    percentile = words.number(min(standing.percentile, _MOST_INSIDE))
    return words.word(f"range.is_{standing.level}", places=standing.places, percentile=percentile)


def remark(standing: Standing, words: Catalogue) -> str:
    """Return the whole warning in one paragraph: where the place lies, why, what is most alike, what to do."""
    standing = understood(standing)
    why = "; ".join(reasons(standing, words))
    lead = "range.because" if any(one.outside for one in standing.traits) else "range.unusual_together"
    nearest = ", ".join(map(place_name, standing.nearest))
    return " ".join(
        (verdict(standing, words), words.word(lead, why=why), words.word("range.nearest", nearest=nearest),
         words.word("range.what_to_do"))
    )  # fmt: skip


def reasons(standing: Standing, words: Catalogue, *, count: int = _NAMED) -> tuple[str, ...]:
    """Return what makes a place strange, the strangest first."""
    return tuple(_reason(one, words) for one in understood(standing).strangest(count))


def _reason(one: TraitStanding, words: Catalogue) -> str:
    values = {
        "what": words.word(f"range.trait_{one.name}"),
        "value": trait_figure(one.name, one.value, words),
        "low": trait_figure(one.name, one.low, words),
        "high": trait_figure(one.name, one.high, words),
    }
    if not one.outside:
        return words.word("range.unusual", **values)
    direction = "high" if one.value > one.high else "low"
    end = one.high if direction == "high" else one.low
    large, small = max(one.value, end), min(one.value, end)
    if _KINDS[one.name].kind == "share" or small < _LEAST or not _HARDLY < large / small < _MANY_TIMES:
        return words.word(f"range.beyond_{direction}", **values)
    times = words.number(large / small, 0 if large / small >= _ROUND_TIMES else 1)
    return words.word(f"range.times_{direction}", times=times, **values)


def trait_figure(name: str, value: float, words: Catalogue) -> str:
    """Return a trait's value with its unit."""
    trait = _KINDS[name]
    if trait.kind == "share":
        return with_unit(words.number(100 * value, 0 if 100 * value >= 1 or value == 0 else 1), "%")
    digits = 0 if abs(value) >= _WHOLE or name == "streets" else 1 if abs(value) >= _TENTHS else 2
    return with_unit(words.number(value, digits), _UNITS[trait.unit])


def range_rows(standing: Standing, words: Catalogue) -> list[tuple[str, str, str, str]]:
    """Return a table: what is compared, here, at the training places, and where it lies among them."""
    return [
        (words.word(f"range.trait_{one.name}"), trait_figure(one.name, one.value, words), trait_range(one, words),
         words.word(f"range.mark_{_side(one)}"))
        for one in understood(standing).traits
    ]  # fmt: skip


def _side(one: TraitStanding) -> str:
    if not one.outside:
        return "inside"
    return "above" if one.value > one.high else "below"


def trait_range(one: TraitStanding, words: Catalogue) -> str:
    """Return the range of all training scenes."""
    return words.word(
        "range.from_to", low=trait_figure(one.name, one.low, words), high=trait_figure(one.name, one.high, words)
    )


def place_in_range(one: TraitStanding) -> float:
    """Return where a value lies between the least of all training scenes (0) and the largest (1), and beyond.

    Sizes are placed by their logarithms.
    """
    trait = _KINDS[one.name]

    def placed(value: float) -> float:
        return math.log(max(value, trait.floor)) if trait.kind == "size" else value

    low, high = placed(one.low), placed(one.high)
    return 0.5 if high - low < _LEAST else (placed(one.value) - low) / (high - low)


def place_name(place: str) -> str:
    """Return a place of the corpus as people write it."""
    return place.replace("_", " ").title()
