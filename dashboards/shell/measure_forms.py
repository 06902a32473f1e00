"""Ask for the values of a measure: a widget a field, made from what `trafficdiff.workflows.form_fields` says of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from dashboards.shell.names import plain, printable
from dashboards.shell.words import catalogue, language, plain_word, word
from trafficdiff.workflows.form_fields import about, fields_of
from trafficdiff.workflows.road_choice import area_around, edges_of, middle_of, streets_of, with_opposite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dashboards.shell.scenario_roads import ScenarioRoads
    from trafficdiff.workflows.form_fields import FormField

__all__ = ["Picked", "about_kind", "kind_name", "measure_form", "option_name", "picked_text"]

_ONE_DIRECTION: Final = frozenset({"one_way", "ban_turn", "coordinate_signals"})
"""Kinds for which the other direction of a street is never meant as well."""
_CLASSES_FIRST: Final = ("bus", "bicycle", "emergency", "delivery", "taxi", "tram", "truck", "passenger")
_DAY_S: Final = 86_400
_STEPS: Final = {"km/h": 5.0, "s": 5.0, "m": 50.0, "kW": 10.0}
_SMALL_STEP: Final = 0.1


@dataclass(frozen=True, kw_only=True)
class Picked:
    """Say what is picked on the map.

    Parameters
    ----------
    roads
        The roads of the scenario.
    edges
        Ids of the selected edges.
    clicked
        Longitude and latitude of the last click, or None.
    window_s
        Of the scenario, begin and end [s of the simulated day].
    """

    roads: ScenarioRoads
    edges: tuple[str, ...] = ()
    clicked: tuple[float, float] | None = None
    window_s: tuple[float, float] = (25_200.0, 28_800.0)


def kind_name(kind: str) -> str:
    """Return what a kind of measure is called."""
    return _text(f"kind_{kind}", kind.replace("_", " ").capitalize())


def about_kind(kind: str) -> str:
    """Return what a kind of measure does, in a sentence or two."""
    return _text(f"about_{kind}", about(kind))


def option_name(value: str) -> str:
    """Return what an option of a list is called."""
    return _text(f"option_{value}", value.replace("_", " "))


def picked_text(picked: Picked) -> str:
    """Return which streets are picked, as Markdown."""
    named = streets_of(picked.roads.graph, picked.edges)
    shown = [
        f"{plain(name) if name else word('scenario.unnamed')}{f' ({count})' if count > 1 else ''}"
        for name, count in named[:6]
    ]
    more = [word("scenario.more_streets", count=len(named) - 6)] if len(named) > 6 else []
    return ", ".join([*shown, *more])


def measure_form(kind: str, value: Mapping[str, Any], *, key: str, picked: Picked) -> dict[str, Any]:
    """Draw the fields of a measure and return it as plain data, as far as it is filled in.

    Parameters
    ----------
    kind
        Of the measure.
    value
        What it says so far; empty for a new one.
    key
        Begins the keys of the widgets.
    picked
        What is picked on the map.
    """
    measure: dict[str, Any] = {"kind": kind}
    fields = fields_of(kind)
    main = [field for field in fields if not _is_fine(field)]
    fine = [field for field in fields if _is_fine(field)]
    _ask_all(main, kind, value, measure, key=key, picked=picked)
    if fine:
        with st.expander(word("scenario.more_settings"), expanded=any(field.name in value for field in fine)):
            _ask_all(fine, kind, value, measure, key=key, picked=picked)
    return measure


def _ask_all(
    fields: list[FormField], kind: str, value: Mapping[str, Any], measure: dict[str, Any], *, key: str, picked: Picked
) -> None:
    """Ask for fields: wide ones a line each, narrow ones two in a line."""
    narrow: list[FormField] = []
    for field in fields:
        if field.asks in {"number", "whole", "share", "one_of", "text"}:
            narrow.append(field)
            continue
        _in_columns(narrow, kind, value, measure, key=key, picked=picked)
        narrow = []
        _ask(field, kind, value, measure, key=f"{key}.{field.name}", picked=picked)
    _in_columns(narrow, kind, value, measure, key=key, picked=picked)


def _in_columns(
    fields: list[FormField], kind: str, value: Mapping[str, Any], measure: dict[str, Any], *, key: str, picked: Picked
) -> None:
    for start in range(0, len(fields), 2):
        for column, field in zip(st.columns(2), fields[start : start + 2], strict=False):
            with column:
                _ask(field, kind, value, measure, key=f"{key}.{field.name}", picked=picked)


def _ask(
    field: FormField, kind: str, value: Mapping[str, Any], measure: dict[str, Any], *, key: str, picked: Picked
) -> None:
    """Ask for one field and note the answer, if there is one."""
    given = value.get(field.name, field.default)
    label, tip = _label(kind, field), _help(kind, field)
    answer: Any
    if field.asks in {"roads", "area"}:
        answer = _ask_roads(field, kind, given, label=label, tip=tip, key=key, picked=picked)
    elif field.asks == "point":
        answer = _ask_point(given, label=label, tip=tip, key=key, picked=picked)
    elif field.asks == "points":
        answer = _ask_points(given, label=label, tip=tip, key=key)
    elif field.asks == "period":
        answer = _ask_period(field, given, label=label, tip=tip, key=key, picked=picked)
    elif field.asks == "truth":
        answer = st.toggle(label, bool(given), key=key, help=tip)
    elif field.asks == "one_of":
        at = field.choices.index(given) if given in field.choices else 0
        answer = st.selectbox(label, field.choices, at, key=key, help=tip, format_func=option_name)
    elif field.asks == "some_of":
        answer = _ask_some(field, given, label=label, tip=tip, key=key)
    elif field.asks == "text":
        answer = st.text_input(label, str(given or _first_text(field, picked)), key=key, help=tip).strip() or None
    else:
        answer = _ask_number(field, given, label=label, tip=tip, key=key)
    if answer is not None:
        measure[field.name] = answer


def _is_fine(field: FormField) -> bool:
    """Return whether a field is one that most people leave as it is."""
    return not field.required and field.asks not in {"roads", "area", "period", "truth"} and field.name not in _MAIN


_MAIN: Final = frozenset({"lanes", "for_class", "share", "to", "open_to", "cycle_s", "plugs", "power_kw", "speed_kmh"})


def _ask_number(field: FormField, given: Any, *, label: str, tip: str | None, key: str) -> float | int | None:
    """Ask for a number; one that may be left out is left out while its box is empty."""
    if field.asks == "share":
        start = None if given is None else float(given) * 100
        answer = st.number_input(
            f"{label} [%]", 0.0, 100.0, 50.0 if field.required and start is None else start, 5.0, format="%g", key=key,
            help=tip, placeholder=plain_word("scenario.left_out"),
        )  # fmt: skip
        return None if answer is None else round(answer / 100, 6)
    unit = _text(f"unit_{field.unit}", field.unit)
    shown = f"{label} [{unit}]" if unit else label
    if field.asks == "whole":
        low, high = (None if bound is None else int(bound) for bound in (field.lowest, field.highest))
        start = int(given) if given is not None else (_first_whole(field) if field.required else None)
        return st.number_input(
            shown, low, high, start, 1, key=key, help=tip, placeholder=plain_word("scenario.left_out")
        )  # fmt: skip
    low_f = field.lowest if field.lowest is not None else field.above
    high_f = field.highest if field.highest is not None else field.below
    start_f = float(given) if given is not None else (_first_number(field) if field.required else None)
    return st.number_input(
        shown, None if low_f is None else float(low_f), None if high_f is None else float(high_f), start_f,
        _STEPS.get(field.unit, _SMALL_STEP), format="%g", key=key, help=tip,
        placeholder=plain_word("scenario.left_out"),
    )  # fmt: skip


def _first_number(field: FormField) -> float:
    by_name = {"speed_kmh": 30.0, "factor": 0.9, "price": 5.0, "price_per_kwh": 0.4, "power_kw": 100.0}
    return by_name.get(field.name, float(field.lowest or 1.0))


def _first_whole(field: FormField) -> int:
    return {"attendance": 5_000}.get(field.name, max(1, int(field.lowest or 1)))


def _first_text(field: FormField, picked: Picked) -> str:
    """Return an id that is not an edge's."""
    if field.name != "id":
        return ""
    number = 1
    while f"new_{number}" in picked.roads.edges:
        number += 1
    return f"new_{number}"


def _ask_some(field: FormField, given: Any, *, label: str, tip: str | None, key: str) -> list[str] | None:
    there = [str(one) for one in given or ()]
    choices = [*(one for one in _CLASSES_FIRST if one in field.choices), *field.choices]
    empty = plain_word("scenario.left_out" if field.optional else "scenario.none")
    answer = st.multiselect(
        label, list(dict.fromkeys([*choices, *there])), there, key=key, help=tip, format_func=option_name,
        accept_new_options=not field.choices, placeholder=empty,
    )  # fmt: skip
    return answer if answer or not (field.optional or field.fewest) else None


def _ask_period(
    field: FormField, given: Any, *, label: str, tip: str | None, key: str, picked: Picked
) -> dict[str, float] | None:
    """Ask for a part of the day; one that may be left out is asked for only if it is wanted."""
    there = given if isinstance(given, dict) else None
    if not field.required and not st.toggle(label, there is not None, key=f"{key}.on", help=tip):
        return None
    begin_s, end_s = picked.window_s
    if there is not None and _is_period(there):
        begin_s, end_s = there["begin_s"], there["end_s"]
    left, right = st.columns(2)
    begin = left.time_input(
        word("scenario.from_time") if not field.required else f"{label}: {word('scenario.from_time')}",
        _clock(begin_s), key=f"{key}.begin", step=300,
    )  # fmt: skip
    end = right.time_input(word("scenario.to_time"), _clock(end_s), key=f"{key}.end", step=300)
    begin_answer = _seconds(begin) + _DAY_S * (begin_s >= _DAY_S)
    end_answer = _seconds(end) + _DAY_S * (end_s > _DAY_S)
    if end_answer <= begin_answer and end_answer == 0:
        end_answer = _DAY_S  # midnight
    return {"begin_s": float(begin_answer), "end_s": float(end_answer)}


def _is_period(there: Mapping[str, Any]) -> bool:
    return all(isinstance(there.get(name), int | float) for name in ("begin_s", "end_s"))


def _clock(seconds: float) -> dt.time:
    minutes = int(seconds // 60) % 1_440
    return dt.time(minutes // 60, minutes % 60)


def _seconds(clock: dt.time) -> int:
    return clock.hour * 3_600 + clock.minute * 60


def _ask_point(given: Any, *, label: str, tip: str | None, key: str, picked: Picked) -> Any:
    """Ask for a place: typed, or taken from the last click or the selected road."""
    there = ", ".join(f"{part:g}" if isinstance(part, float) else str(part) for part in given) if isinstance(
        given, list | tuple
    ) else ("" if given is None or isinstance(given, dict) else str(given))  # fmt: skip
    if key not in st.session_state:
        st.session_state[key] = there
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    right.button(
        word("scenario.take_click"), key=f"{key}.take", icon=":material/my_location:", on_click=_take,
        args=(key, picked.clicked or middle_of(picked.roads.graph, picked.edges)),
        disabled=picked.clicked is None and not picked.edges, help=word("scenario.take_click_help"), width="stretch",
    )  # fmt: skip
    text = left.text_input(label, key=key, help=tip, placeholder="24.9414, 60.1710").strip()
    if not text:
        return given if isinstance(given, dict) else None
    parts = text.split(",")
    try:
        return [float(part) for part in parts] if len(parts) == 2 else text
    except ValueError:
        return text


def _take(key: str, point: tuple[float, float] | None) -> None:
    if point is not None:
        st.session_state[key] = f"{point[0]:.6f}, {point[1]:.6f}"


def _ask_points(given: Any, *, label: str, tip: str | None, key: str) -> list[list[float]] | None:
    there = "\n".join(", ".join(f"{part:g}" for part in point) for point in given or ())
    text = st.text_area(label, there, key=key, help=tip, height=96, placeholder="24.9414, 60.1710")
    points: list[Any] = []
    for line in text.splitlines():
        if line.strip():
            try:
                points.append([float(part) for part in line.split(",")])
            except ValueError:
                points.append(line.strip())
    return points or None


def _ask_roads(
    field: FormField, kind: str, given: Any, *, label: str, tip: str | None, key: str, picked: Picked
) -> dict[str, Any] | None:
    """Ask which roads, or which part of the map, is meant."""
    there = given if isinstance(given, dict) and given else None
    ways = ["map", "area"] if field.asks == "roads" else ["area"]
    ways += ["streets", "classes"] if field.asks == "roads" else []
    ways += ["kept"] if there is not None else []
    if not field.required:
        ways.append("everywhere")
    default = "kept" if there is not None else "everywhere" if not field.required and not picked.edges else ways[0]
    way = st.segmented_control(
        label, ways, default=default, key=f"{key}.way", help=tip, required=True, format_func=_way_name
    )  # fmt: skip
    graph = picked.roads.graph
    if way == "kept":
        st.caption(word("scenario.kept_roads", count=len(edges_of(graph, there or {})), what=_choice_text(there or {})))
        return there
    if way == "everywhere":
        return None
    return (
        _ask_names(way, there or {}, key, picked)
        if way in {"streets", "classes"}
        else _from_map(way, kind, key, picked)
    )


def _ask_names(way: str, there: Mapping[str, Any], key: str, picked: Picked) -> dict[str, Any] | None:
    """Ask for names of streets or classes of roads."""
    names = picked.roads.streets if way == "streets" else picked.roads.classes
    known = [name for name in there.get(way, []) if name in names]
    chosen = st.multiselect(
        word(f"scenario.names_{way}"), names, known, key=f"{key}.{way}", placeholder=plain_word("scenario.choose"),
        format_func=str if way == "streets" else option_name,
    )  # fmt: skip
    return {way: chosen} if chosen else None


def _from_map(way: str | None, kind: str, key: str, picked: Picked) -> dict[str, Any] | None:
    """Return the picked roads, or the area around them."""
    graph = picked.roads.graph
    if not picked.edges:
        st.info(word("scenario.pick_roads"), icon=":material/ads_click:")
        return None
    if way == "area":
        found = area_around(graph, picked.edges)
        st.caption(word("scenario.area_roads", count=len(edges_of(graph, found or {}))))
        return found
    return {"edges": list(_both_ways(kind, key, picked))}


def _both_ways(kind: str, key: str, picked: Picked) -> tuple[str, ...]:
    """Return the picked edges, with those of the other direction if that is wanted."""
    both = with_opposite(picked.roads.graph, picked.edges)
    more = len(both) - len(picked.edges)
    wanted = False
    if kind not in _ONE_DIRECTION and more:
        wanted = st.toggle(word("scenario.both_ways"), True, key=f"{key}.both", help=word("scenario.both_ways_help"))
    chosen = both if wanted else picked.edges
    told = word("scenario.picked_road" if len(chosen) == 1 else "scenario.picked_roads", count=len(chosen))
    st.caption(f"{told} {picked_text(picked)}")
    return chosen


def _way_name(way: str) -> str:
    return plain_word(f"scenario.way_{way}")


def _choice_text(choice: Mapping[str, Any]) -> str:
    """Return what a choice of roads says, short."""
    parts = []
    for name, what in choice.items():
        if name in {"streets", "classes"} and isinstance(what, list | tuple):
            parts.append(", ".join(map(str, what)))
        elif name == "edges" and isinstance(what, list | tuple):
            parts.append(plain_word("scenario.edge_one" if len(what) == 1 else "scenario.edge_count", count=len(what)))
        else:
            parts.append(_text(f"choice_{name}", str(name)))
    return printable("; ".join(parts), longest=160)


def _label(kind: str, field: FormField) -> str:
    name = field.name.removesuffix("_kmh").removesuffix("_kw").removesuffix("_s").removesuffix("_m").replace("_", " ")
    return _text(f"field_{kind}_{field.name}", _text(f"field_{field.name}", name.capitalize()))


def _help(kind: str, field: FormField) -> str | None:
    return _text(f"help_{kind}_{field.name}", _text(f"help_{field.name}", field.description)) or None


def _text(name: str, otherwise: str) -> str:
    """Return a text of the catalogue if it is there: a new measure has a form before anybody has found words for it."""
    key = f"scenario.{name}"
    return plain_word(key) if key in _known(language()) else otherwise


@st.cache_data(show_spinner=False, ttl=60)
def _known(code: str) -> frozenset[str]:
    return frozenset({*catalogue(code), *catalogue("en")})
