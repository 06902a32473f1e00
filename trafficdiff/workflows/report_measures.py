"""Say in plain words what a scenario changes: the measure, its roads, its numbers, and what became of trips."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.datatypes.part import Part, Period
from trafficdiff.export.report_content import Measure, Table
from trafficdiff.export.shown_numbers import with_unit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.scenario import Scenario
    from trafficdiff.export.catalogue import Catalogue

__all__ = ["clock", "effects_of", "measures_in_words", "table_of_declared", "table_of_trips"]

_SHOWN_STREETS: Final = 5
_PLACES: Final = frozenset(
    {"kind", "where", "zone", "cordon", "venue", "origin", "destination", "junctions", "out_of", "into", "at"}
    | {"start", "end", "through"}
)
"""Fields that say where; the roads that were touched are named instead."""
_UNITS: Final = {
    "_kmh": "km/h", "_s": "s", "_m": "m", "_kw": "kW", "_per_kwh": "/kWh", "_per_h": "/h", "_per_km": "/km",
}  # fmt: skip
_AS_PERCENT: Final = "share"
_NAMED: Final = frozenset({"open_to", "for_class", "to", "condition"})
"""Fields whose values are words of ours, which the catalogue knows by ``report.value_<value>``."""
_MOST_DECLARED: Final = 60


def effects_of(runs: Sequence[Path]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return what each measure did, counts and amounts as means over runs, and the whole of the first run's document.

    Parameters
    ----------
    runs
        Files ``measures.json`` of runs of one scenario; those that are not there are left out.
    """
    documents = [json.loads(path.read_bytes()) for path in runs if path.exists()]
    if not documents:
        return [], {}
    effects = []
    for place, first in enumerate(documents[0].get("measures", [])):
        same = [document["measures"][place] for document in documents if len(document["measures"]) > place]
        effects.append(
            first | {what: _means([effect.get(what, {}) for effect in same]) for what in ("trips", "amounts")}
        )
    planned = _means([document.get("planned_around_closures") or {} for document in documents])
    return effects, documents[0] | {"planned_around_closures": planned}


def _means(counts: Sequence[Mapping[str, float]]) -> dict[str, float]:
    names = dict.fromkeys(name for one in counts for name in one)
    return {name: float(np.mean([one.get(name, 0) for one in counts])) for name in names}


def measures_in_words(
    scenario: Scenario, effects: Sequence[Mapping[str, Any]], graph: RoadGraph, words: Catalogue
) -> tuple[Measure, ...]:
    """Return the scenario's measures in its order.

    Parameters
    ----------
    scenario
        As resolved.
    effects
        From `effects_of`; may be fewer where a run does not hold them.
    graph
        The roads after the measures.
    words
        The language.
    """
    said = []
    for place, measure in enumerate(scenario.measures):
        effect = effects[place] if place < len(effects) else {}
        said.append(
            Measure(
                title=words.word(f"report.measure_{measure.kind}"),
                where=_where(effect.get("edges", ()), graph, words),
                facts=_facts(measure, words),
                did=_did(effect, words),
            )
        )
    return tuple(said)


def _where(edges: Sequence[str], graph: RoadGraph, words: Catalogue) -> str:
    """Return streets, the one with most of the touched length first, and how much road that is."""
    places = [graph.edge_index[edge] for edge in edges if edge in graph.edge_index]
    if not places:
        return ""
    length_m: dict[str, float] = {}
    for place in places:
        name = str(graph.street_name[place]).strip()
        length_m[name] = length_m.get(name, 0.0) + float(graph.length_m[place])
    named = sorted((name for name in length_m if name), key=lambda name: -length_m[name])
    more = len(named) - _SHOWN_STREETS
    listed = ", ".join(named[:_SHOWN_STREETS]) or words.word("report.unnamed_roads")
    if more > 0:
        listed = words.word("report.and_more_streets", streets=listed, count=more)
    km = words.number(sum(length_m.values()) / 1_000, 2)
    return words.word("report.where", streets=listed, count=len(places), km=km)


def _facts(measure: Part, words: Catalogue) -> tuple[tuple[str, str], ...]:
    facts = []
    for name, field in type(measure).model_fields.items():
        value = getattr(measure, name)
        if name in _PLACES or value is None or value in ((), "") or (value is False and field.default is False):
            continue
        label = f"report.field_{measure.kind}_{name}"  # type: ignore[attr-defined]
        facts.append((words.word(label if label in words else f"report.field_{name}"), _fact(name, value, words)))
    return tuple(facts)


def _fact(name: str, value: object, words: Catalogue) -> str:
    match value:
        case Period():
            return words.word("report.period", begin=clock(value.begin_s), end=clock(value.end_s))
        case bool():
            return words.word("report.yes" if value else "report.no")
        case tuple():
            return ", ".join(_named(name, part, words) for part in value)
        case float() | int():
            if name.endswith(_AS_PERCENT):
                return with_unit(words.number(100 * value, _decimals(100 * value)), "%")
            unit = next((unit for ending, unit in reversed(_UNITS.items()) if name.endswith(ending)), "")
            return with_unit(words.number(value, _decimals(value)), unit)
        case _:
            return _named(name, value, words)


def _named(name: str, value: object, words: Catalogue) -> str:
    key = f"report.value_{value}"
    return words.word(key) if (name in _NAMED or name.endswith("_types")) and key in words else str(value)


def _decimals(value: float) -> int:
    return next((digits for digits in range(4) if abs(round(value, digits) - value) < 1e-9), 4)


def _did(effect: Mapping[str, Any], words: Catalogue) -> tuple[str, ...]:
    counted = {**effect.get("trips", {}), **effect.get("amounts", {})}
    said = []
    for name, count in counted.items():
        label = f"report.count_{name}"
        text = words.word(label) if label in words else str(name).replace("_", " ")
        said.append(words.word("report.counted", label=text, count=words.number(count, 0 if count % 1 == 0 else 1)))
    return tuple(said)


def table_of_trips(counts: Mapping[str, float], words: Catalogue) -> Table | None:
    """Return what became of the trips, as means a run; None where nothing is known.

    Parameters
    ----------
    counts
        By a name that the catalogue knows as ``report.fate_<name>``; those that are 0 or NaN are left out.
    """
    rows = tuple(
        (words.word(f"report.fate_{name}"), words.number(count, 0 if count % 1 == 0 else 1))
        for name, count in counts.items()
        if math.isfinite(count) and (count or name in {"asked", "both"})
    )
    if not rows:
        return None
    return Table(
        caption=words.word("report.fates"),
        headings=(words.word("report.head_trips"), words.word("report.head_per_run")),
        rows=rows,
        numeric=(False, True),
        note=words.word("report.fates_note"),
    )


def table_of_declared(effects: Sequence[tuple[str, Sequence[Mapping[str, Any]]]], words: Catalogue) -> Table | None:
    """Return every number that a measure declared, with its source; None if there is none.

    Parameters
    ----------
    effects
        Names of scenarios, and what their measures did.
    """
    rows = [
        (
            scenario,
            words.word(f"report.measure_{effect['kind']}"),
            str(name).replace("_", " "),
            with_unit(words.number(one["value"], _decimals(one["value"])), "" if one["unit"] == "1" else one["unit"]),
            str(one["source"]),
        )
        for scenario, done in effects
        for effect in done
        for name, one in effect.get("declared", {}).items()
    ]
    if not rows:
        return None
    left_out = len(rows) - _MOST_DECLARED
    return Table(
        caption=words.word("report.declared_by_measures"),
        headings=tuple(
            words.word(f"report.head_{name}") for name in ("scenario", "measure", "what", "value", "source")
        ),
        rows=tuple(rows[:_MOST_DECLARED]),
        numeric=(False, False, False, True, False),
        note=words.word("report.more_rows", count=left_out) if left_out > 0 else "",
    )


def clock(time_s: float) -> str:
    """Return a time of the day as ``07:05``; times after midnight count on."""
    minutes = round(time_s / 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
