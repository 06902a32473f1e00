"""Put together what a report says of one run, or of one scenario of a study."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from trafficdiff.export.report_content import Section, Table
from trafficdiff.export.shown_numbers import signed, with_unit
from trafficdiff.store import layout
from trafficdiff.workflows.report_charging import table_of_stations
from trafficdiff.workflows.report_maps import difference_figure, level_figure
from trafficdiff.workflows.report_measures import clock, effects_of, measures_in_words, table_of_trips
from trafficdiff.workflows.report_numbers import (
    change_cards,
    change_sentences,
    level_cards,
    numbers_of_runs,
    table_of_changes,
)
from trafficdiff.workflows.report_profiles import level_profile, profile_figure
from trafficdiff.workflows.report_trust import range_said, range_warning

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.export.catalogue import Catalogue
    from trafficdiff.store.reading import StoredRun
    from trafficdiff.store.stack import Study
    from trafficdiff.store.validation import GateOutcome
    from trafficdiff.workflows.comparison import Comparison

__all__ = ["numbers_of", "place_of", "run_section", "scenario_section", "window_text"]

_FEW: Final = 5
_SHOWN_ZONES: Final = 6
_FATES: Final = ("both", "missing", "unfinished", "finished_only_now", "new")
_TALLIED: Final = ("asked", "rerouted", "moved", "removed", "added")


def numbers_of(run: StoredRun) -> dict[str, float]:
    """Return the area's numbers of a run by name."""
    return {str(name): float(array) for name, array in run.metrics.data.data_vars.items() if array.ndim == 0}


def run_section(run: StoredRun, graph: RoadGraph, *, anchor: str, alone: bool, words: Catalogue) -> Section:
    """Return what a single run says; its table of all numbers is left out where it is not `alone` in the report."""
    from trafficdiff.metrics.streets import street_of_edges, streets
    from trafficdiff.metrics.whole_window import whole_window

    data = run.result.data.sel(edge=graph.edge_id)
    worst = streets(data, street=street_of_edges(graph.street_name, graph.edge_id), road_class=graph.road_class)
    effects, _ = effects_of([run.directory / layout.MEASURES])
    numbers = numbers_of(run)
    figures = (
        level_figure(run, graph, whole_window(data), worst, name=f"{anchor}-map", words=words),
        level_profile(run.metrics.data, scenario=run.scenario.name, name=f"{anchor}-day", words=words),
    )
    counts = {name: numbers.get(f"trips_{name}", 0.0) for name in _TALLIED} if run.scenario.measures else {}
    fates = table_of_trips(counts, words)
    stations = table_of_stations([run.directory], words)
    tables = (
        stations,
        fates,
        _gates(run, words),
        numbers_of_runs([(run.scenario.name, numbers)], words) if alone else None,
    )
    return Section(
        anchor=anchor,
        kicker=words.word("report.kicker_run", run=run.run_id),
        title=run.scenario.name,
        lead=(words.word("report.single_run"), *((run.scenario.description,) if run.scenario.description else ())),
        warnings=_run_warnings(run, words),
        measures=measures_in_words(run.scenario, effects, graph, words),
        cards=level_cards(numbers, words),
        cards_heading=words.word("report.cards_run"),
        figures=figures,
        tables=tuple(table for table in tables if table is not None),
    )


def _run_warnings(run: StoredRun, words: Catalogue) -> tuple[str, ...]:
    said = []
    for gate in run.validation.failed:
        label, value, limit = _gate_texts(gate, words)
        said.append(words.word("report.gate_said", label=label, value=value, limit=limit))
    failed = (words.word("report.warning_gates_run", gates="; ".join(said)),) if said else ()
    said_better = range_said(run)
    others = (warning for warning in run.validation.warnings if warning not in said_better)
    return (*failed, *range_warning(run, words), *others)


def _gates(run: StoredRun, words: Catalogue) -> Table | None:
    if not run.validation.gates:
        return None
    rows = [
        (*_gate_texts(gate, words), words.word("report.passed" if gate.passed else "report.not_passed"))
        for gate in run.validation.gates
    ]
    return Table(
        caption=words.word("report.gates"),
        headings=tuple(words.word(f"report.head_{key}") for key in ("number", "value", "asked", "verdict")),
        rows=tuple(rows),
        numeric=(False, True, True, False),
        note=words.word("report.gates_note"),
    )


def _gate_texts(gate: GateOutcome, words: Catalogue) -> tuple[str, str, str]:
    """Return what a gate looks at, its value, and what was asked for."""

    def shown(value: float) -> str:
        if gate.name.endswith("share"):
            return with_unit(words.number(100 * value, 2), "%")
        return words.number(value, 3)

    label = f"report.number_{gate.name}"
    return (
        words.word(label) if label in words else gate.name,
        shown(gate.value),
        words.word(f"report.{gate.direction}", limit=shown(gate.limit)),
    )


def scenario_section(
    study: Study,
    found: Comparison,
    *,
    graphs: tuple[RoadGraph, RoadGraph],
    run: StoredRun,
    anchor: str,
    words: Catalogue,
) -> tuple[Section, list[dict[str, Any]]]:
    """Return what a scenario changes against its base, and what its measures did.

    Parameters
    ----------
    study, found
        The study, and the comparison of the scenario in it.
    graphs
        Roads of base and scenario.
    run
        A run of the base.
    anchor
        Id of the section.
    words
        The language.
    """
    before, after = graphs
    scenario = study.scenario(found.scenario)
    files = [study.run_directory(found.scenario, sample) / layout.MEASURES for sample in found.samples]
    effects, document = effects_of(files)
    figures = [
        difference_figure(found, before, quantity=quantity, run=run, name=f"{anchor}-{quantity}", words=words)
        for quantity in ("traversals", "delay")
    ]
    figures.append(profile_figure(study, found, name=f"{anchor}-day", words=words))
    fates = table_of_trips(_fates(found, document), words)
    runs = [study.run_directory(found.scenario, sample) for sample in found.samples]
    made = (table_of_stations(runs, words), *_zones(found, words), fates, table_of_changes(found, words))
    tables = [table for table in made if table is not None]
    section = Section(
        anchor=anchor,
        kicker=words.word("report.kicker_scenario", base=found.base),
        title=found.scenario,
        lead=_lead(found, words),
        warnings=(*_warnings(study, found, words), *range_warning(run, words)),
        measures=measures_in_words(scenario, effects, after, words),
        cards=change_cards(found, words),
        cards_heading=words.word("report.cards"),
        cards_note=_left_the_road(found, words),
        figures=tuple(figures),
        tables=tuple(tables),
    )
    return section, effects


def _lead(found: Comparison, words: Catalogue) -> tuple[str, ...]:
    if found.identical:
        return (words.word("report.identical", base=found.base),)
    counts = found.counts("traversals")
    roads = words.word("report.say_roads", shown=counts["edges_distinguishable"], count=counts["edges_tested"])
    closed = found.roads("removed")
    gone = [words.word("report.say_closed", count=len(closed))] if closed else []
    added = found.roads("added")
    new = [words.word("report.say_added", count=len(added))] if added else []
    return (*change_sentences(found, words), roads, *gone, *new)


def _warnings(study: Study, found: Comparison, words: Catalogue) -> tuple[str, ...]:
    said = []
    if found.left_out:
        said.append(words.word("report.warning_left_out", count=len(found.left_out)))
    for name in (found.base, found.scenario):
        state = study.results["run_state"].sel(scenario=name).to_numpy()
        if marked := int((state == "gates failed").sum()):
            said.append(words.word("report.warning_gates", count=marked, all=len(state), scenario=name))
    if len(found.samples) < _FEW:
        said.append(words.word("report.warning_few", count=len(found.samples)))
    if not found.paired:
        said.append(words.word("report.warning_unpaired"))
    return tuple(said)


def _left_the_road(found: Comparison, words: Catalogue) -> str:
    removed = _tallied(found).get("removed", 0.0)
    return (
        words.word("report.cards_removed", count=words.number(removed, 0 if removed % 1 == 0 else 1)) if removed else ""
    )


def _fates(found: Comparison, document: Mapping[str, Any]) -> dict[str, float]:
    planned = {f"planned_{name}": count for name, count in (document.get("planned_around_closures") or {}).items()}
    followed = {name: float(found.fates[name]) for name in _FATES if name in found.fates}
    return {**_tallied(found), **planned, **followed}


def _tallied(found: Comparison) -> dict[str, float]:
    """Return how many trips the scenario has, and how many its measures changed, as means a run."""
    means = dict(zip(found.kpis["name"], found.kpis["scenario"].to_numpy(float), strict=True))
    return {name: float(means[f"trips_{name}"]) for name in _TALLIED if f"trips_{name}" in means}


def _zones(found: Comparison, words: Catalogue) -> list[Table]:
    """Return who wins and who loses: the zones with the largest changes beyond chance, by either end of the trips."""
    if not found.paired or found.zones.empty:
        return []
    apart = found.zones.loc[found.zones["distinguishable"]].sort_values("mean_change_s", kind="stable")
    chosen = apart if len(apart) <= 2 * _SHOWN_ZONES else apart.iloc[[*range(_SHOWN_ZONES), *range(-_SHOWN_ZONES, 0)]]
    rows = [_zone_row(row, words) for row in chosen.to_dict("records")]
    count = int(found.zones["mean_change_s"].notna().sum())
    return [
        Table(
            caption=words.word("report.zones"),
            headings=tuple(
                words.word(f"report.head_{key}")
                for key in ("zone", "trips_by", "trips_in_zone", "zone_change", "interval_short", "faster", "slower")
            ),
            rows=tuple(rows),
            numeric=(False, False, True, True, True, True, True),
            note=words.word("report.zones_note" if rows else "report.zones_none", shown=len(apart), count=count),
        )
    ]  # fmt: skip


def _zone_row(row: Mapping[Any, Any], words: Catalogue) -> tuple[str, ...]:
    change, low, high = (signed(float(row[name]), 0, words) for name in ("mean_change_s", "low_s", "high_s"))
    mark = "✓ " if row["mean_change_s"] < 0 else "✗ "
    return (
        str(row["around"]) or words.word("report.zone_number", number=int(row["zone"]) + 1),
        words.word(f"report.by_{row['trips_by']}"),
        words.number(row["trips"], 0),
        f"{mark}{change}",
        words.word("report.from_to", low=low, high=high),
        words.number(row["faster"], 1),
        words.number(row["slower"], 1),
    )


def window_text(run: StoredRun, words: Catalogue) -> str:
    """Return when trips depart, in words."""
    window = run.scenario.window
    return words.word("report.period", begin=clock(window.begin_s), end=clock(window.end_s))


def place_of(run: StoredRun, graphs: Sequence[RoadGraph] = ()) -> str:
    """Return the name of the place, for people."""
    return str(run.build.get("name") or "") or next((graph.name for graph in graphs if graph.name), "")
