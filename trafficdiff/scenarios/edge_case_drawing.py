"""From a user's wishes to drawn cases: ranges that were narrowed or moved, and the values of one point."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from trafficdiff.scenarios.edge_case_catalogue import CATALOGUE, EVERYTHING
from trafficdiff.scenarios.edge_case_conditions import CONDITIONS, NIGHT_H

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trafficdiff.datatypes.edge_case import EdgeCaseType, ParameterRange
    from trafficdiff.errors import Faults

__all__ = ["chosen_types", "parse_range", "ranges_of", "values_of"]

_LIMITS: Final = {
    "ttc_s": (0.3, 10.0), "ego_kmh": (5.0, 130.0), "other_kmh": (5.0, 130.0), "relative_kmh": (-100.0, -2.0),
    "impact": (0.05, 0.95), "overlap": (0.1, 1.0), "walker_kmh": (2.0, 14.0), "cyclist_kmh": (5.0, 40.0),
    "lateral_ms": (0.3, 3.0), "braking_ms2": (1.0, 9.5), "headway_s": (0.3, 4.0), "hour": (0.0, 30.0),
    "fog_visual_range_m": (5.0, 1_000.0), "precipitation_mm_h": (0.0, 100.0), "friction": (0.1, 1.0),
    "angle_deg": (40.0, 160.0),
}  # fmt: skip
"""How far a user may move a range; other parameters stay within the catalogue's."""
_CREEP_KMH: Final = 5.0


def chosen_types(word: str, faults: Faults) -> tuple[EdgeCaseType, ...]:
    """Return the types that a word names, ``all`` of them or one; an unknown word is a fault."""
    if word == EVERYTHING:
        return tuple(CATALOGUE.values())
    if word in CATALOGUE:
        return (CATALOGUE[word],)
    faults.add(f"expected a type among {', '.join([*CATALOGUE, EVERYTHING])}, got {word!r}")
    return ()


def parse_range(text: str, faults: Faults) -> tuple[str, float, float] | None:
    """Return name, low and high of ``name=low:high`` or ``name=value``; what is not that is a fault."""
    name, _, span = text.partition("=")
    low, _, high = span.partition(":")
    try:
        bounds = float(low), float(high or low)
    except ValueError:
        bounds = (math.nan, math.nan)
    if not name or not all(math.isfinite(bound) for bound in bounds) or bounds[0] > bounds[1]:
        faults.add(f"expected NAME=LOW:HIGH with finite numbers that rise, got {text!r}")
        return None
    return name.strip(), *bounds


def ranges_of(
    types: Sequence[EdgeCaseType], wishes: Mapping[str, tuple[float, float]], faults: Faults
) -> dict[str, dict[str, ParameterRange]]:
    """Return the ranges of each type's parameters and of the conditions, with a user's wishes in place.

    A wish that no type has, or that lies beyond what is possible, is a fault.
    """
    own = {kind.name: {one.name: one for one in (*kind.parameters, *CONDITIONS)} for kind in types}
    for name, (low, high) in wishes.items():
        having = [ranges for ranges in own.values() if name in ranges]
        known = sorted({known for ranges in own.values() for known in ranges})
        if not having:
            faults.add(f"{name}: expected a parameter among {', '.join(known)}, got {name!r}")
            continue
        least, most = _LIMITS.get(name, (having[0][name].low, having[0][name].high))
        if not least <= low <= high <= most:
            faults.add(
                f"{name}: expected {having[0][name].meaning} [{having[0][name].unit}] within {least:g} to {most:g}, "
                f"got {low:g} to {high:g}"
            )
            continue
        for ranges in having:
            ranges[name] = ranges[name].model_copy(update={"low": low, "high": high, "source": "asked for"})
    for kind in types:
        if kind.night and "hour" not in wishes:
            night = {"low": NIGHT_H[0], "high": NIGHT_H[1]}
            own[kind.name]["hour"] = own[kind.name]["hour"].model_copy(update=night)
    return own


def values_of(shares: Mapping[str, float], ranges: Mapping[str, ParameterRange]) -> dict[str, float]:
    """Return a point's values in their units.

    A car that comes in more slowly still moves: its relative speed is drawn from where it drives 5 km/h.
    """
    values = {name: ranges[name].at(share) for name, share in shares.items()}
    if "relative_kmh" in values:
        one = ranges["relative_kmh"]
        low = min(max(one.low, _CREEP_KMH - values["ego_kmh"]), one.high)
        values["relative_kmh"] = low + shares["relative_kmh"] * (one.high - low)
    return values
