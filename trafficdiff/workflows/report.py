"""Write a report that a planner hands over: one HTML file that needs nothing else, and a PDF if it is asked for.

::

    study ─▶ compare every scenario with the base ─┐
    run ───▶ its own numbers ──────────────────────┴▶ Report (words, tables, drawings) ─▶ HTML ─▶ PDF
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from trafficdiff.errors import Faults, InputError
from trafficdiff.export.catalogue import ENGLISH, catalogue
from trafficdiff.publish import is_complete, publishing_file, read_manifest, refuse_unwritable
from trafficdiff.workflows.progress import quiet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.export.catalogue import Catalogue
    from trafficdiff.export.report_content import Report, Section, Table
    from trafficdiff.store.reading import StoredRun
    from trafficdiff.workflows.comparison import Comparison
    from trafficdiff.workflows.progress import Progress

__all__ = ["Reported", "report"]

_LONGEST_TITLE: Final = 60
"""Longer lists of names become a number."""


@dataclass(frozen=True)
class Reported:
    """Say what was written.

    Parameters
    ----------
    path, pdf
        The HTML file, and the PDF file or None.
    language
        Of the words.
    size_bytes
        Of the HTML file.
    sections
        Names of the scenarios and runs in it.
    """

    path: Path
    pdf: Path | None
    language: str
    size_bytes: int
    sections: tuple[str, ...]


@dataclass(eq=False)
class _Collected:
    """Gather the parts of a report, source by source."""

    words: Catalogue
    sections: list[Section] = field(default_factory=list)
    overview: list[Table] = field(default_factory=list)
    provenance: list[Table] = field(default_factory=list)
    declared: list[Table] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    runs: list[StoredRun] = field(default_factory=list)
    graphs: list[RoadGraph] = field(default_factory=list)
    effects: list[tuple[str, list[dict[str, Any]]]] = field(default_factory=list)
    single: list[StoredRun] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    samples: list[int] = field(default_factory=list)


def report(
    sources: Sequence[str | Path],
    *,
    output: str | Path,
    language: str = "en",
    pdf: str | Path | None = None,
    progress: Progress = quiet,
) -> Reported:
    """Write a report of runs and studies, whole or not at all; equal inputs give an equal file.

    Parameters
    ----------
    sources
        Run directories and studies, in the order in which they are shown.
    output
        The HTML file; one that is there is replaced.
    language
        Of the words; see `trafficdiff.export.catalogue.languages`.
    pdf
        A PDF file to write as well.
    progress
        Receives stages.

    Raises
    ------
    InputError
        If there is no source, one is neither a run nor a finished study, or the language is unknown.
    IntegrityError
        If something of a source was changed.
    OutputError
        If a file cannot be written; before any work.
    MissingDependencyError
        If a PDF is asked for and WeasyPrint is not there; before any work.
    """
    from trafficdiff.export.report_page import render

    words = catalogue(language)
    _refuse(sources, output=Path(output), pdf=None if pdf is None else Path(pdf))
    collected = _Collected(words)
    alone = sum(1 for source in sources if is_complete(Path(source))) == 1
    for source in map(Path, sources):
        collected.sources.append(source.resolve().name)
        if is_complete(source):
            _add_run(collected, source, alone=alone, progress=progress)
        else:
            _add_study(collected, source, progress=progress)
    progress("writing the page", None)
    content = _content(collected)
    page = render(content, words)
    with publishing_file(Path(output)) as temporary:
        temporary.write_text(page, encoding="utf-8")
    if pdf is not None:
        from trafficdiff.export.pdf import write_pdf

        progress("writing the PDF", None)
        with publishing_file(Path(pdf)) as temporary:
            write_pdf(page, temporary)
    return Reported(
        path=Path(output),
        pdf=None if pdf is None else Path(pdf),
        language=language,
        size_bytes=len(page.encode()),
        sections=tuple(section.title for section in collected.sections),
    )


def _refuse(sources: Sequence[str | Path], *, output: Path, pdf: Path | None) -> None:
    """Refuse what cannot be reported before anything is read: all faults of the sources at once."""
    from trafficdiff.store import layout
    from trafficdiff.store.study import PLAN

    refuse_unwritable(output)
    if pdf is not None:
        from trafficdiff.export.pdf import require_pdf

        require_pdf()
        refuse_unwritable(pdf)
    if not sources:
        raise InputError("expected at least one run or study, got none; name its directory")
    faults = Faults("sources")
    for source in map(Path, sources):
        if is_complete(source):
            if (kind := read_manifest(source).kind) != layout.KIND:
                faults.add(f"{source}: expected a run or a study, found a {kind}; name a run or a study")
        elif not (source / PLAN).is_file():
            faults.add(
                f"{source}: expected a run or a study, found neither; `trafficdiff run` and `trafficdiff ensemble` "
                "make them"
            )
    faults.raise_if_any(InputError)


def _add_run(collected: _Collected, source: Path, *, alone: bool, progress: Progress) -> None:
    from trafficdiff.roads.netfile import read_net
    from trafficdiff.store.reading import open_run
    from trafficdiff.workflows.report_measures import effects_of
    from trafficdiff.workflows.report_origin import commands_of_run, provenance_of_run
    from trafficdiff.workflows.report_sections import place_of, run_section

    progress(f"reading {source.name}", None)
    run = open_run(source)
    graph = read_net(run.net_path, name=place_of(run) or Path(run.scenario.network).name.partition(".")[0])
    anchor = f"s{len(collected.sections) + 1}"
    collected.sections.append(run_section(run, graph, anchor=anchor, alone=alone, words=collected.words))
    collected.provenance.append(provenance_of_run(run, collected.words))
    collected.commands += commands_of_run(run, source.resolve())
    collected.effects.append((run.scenario.name, effects_of([source / "measures.json"])[0]))
    collected.runs.append(run)
    collected.single.append(run)
    collected.graphs.append(graph)


def _add_study(collected: _Collected, source: Path, *, progress: Progress) -> None:
    from trafficdiff.store.reading import open_run
    from trafficdiff.store.stack import open_study
    from trafficdiff.workflows.compare import compare
    from trafficdiff.workflows.compare_edges import graphs_of
    from trafficdiff.workflows.report_origin import commands_of_study, provenance_of_study
    from trafficdiff.workflows.report_sections import scenario_section

    study = open_study(source)
    others = [name for name in study.scenarios if name != study.base]
    if study.outcome is None or not others:
        raise InputError(
            f"{source}: expected a finished study with at least two scenarios, got "
            f"{'one scenario' if study.outcome is not None else 'one that is not finished'}; report its runs one by "
            "one, or give its `trafficdiff ensemble` command again"
        )
    every: list[Comparison] = []
    for done, name in enumerate(others):
        progress(f"comparing {name}", done / len(others))
        found = compare(source, scenario=name)
        run = open_run(study.run_directory(study.base, found.samples[0]))
        graphs = graphs_of(study, study.base, name, sample=found.samples[0])
        anchor = f"s{len(collected.sections) + 1}"
        section, effects = scenario_section(study, found, graphs=graphs, run=run, anchor=anchor, words=collected.words)
        collected.sections.append(section)
        collected.effects.append((name, effects))
        collected.graphs.extend(graphs)
        collected.runs += [run, open_run(study.run_directory(name, found.samples[0]), check=False)]
        every.append(found)
    collected.samples.append(study.samples)
    collected.provenance += provenance_of_study(study, collected.runs[0], collected.words)
    collected.commands += commands_of_study(study, study.plan.scenarios)
    _add_overview(collected, every)


def _add_overview(collected: _Collected, every: Sequence[Comparison]) -> None:
    from trafficdiff.workflows.report_numbers import at_a_glance
    from trafficdiff.workflows.report_ranking import table_of_ranking

    if len(every) > 1:
        collected.overview.append(at_a_glance(every, collected.words))
        collected.overview.append(table_of_ranking(every[0], collected.words))


def _own_command(collected: _Collected) -> str:
    """Return the command that writes this report."""
    options = [] if collected.words.language == ENGLISH else ["--language", collected.words.language]
    return shlex.join(["trafficdiff", "report", *collected.sources, *options, "-o", "report.html"])


def _content(collected: _Collected) -> Report:
    from trafficdiff.export.report_content import Report
    from trafficdiff.workflows.report_measures import table_of_declared
    from trafficdiff.workflows.report_numbers import numbers_of_runs
    from trafficdiff.workflows.report_origin import credits_of, glossary, limits, table_of_knowledge
    from trafficdiff.workflows.report_sections import numbers_of, place_of, window_text
    from trafficdiff.workflows.report_trust import trust_lead, trust_tables, trust_warnings

    words, first = collected.words, collected.runs[0]
    overview = list(collected.overview)
    if len(collected.single) > 1:
        named = [(f"{run.scenario.name} ({run.run_id[:4]})", numbers_of(run)) for run in collected.single]
        overview.append(numbers_of_runs(named, words))
    titles = [section.title for section in collected.sections]
    title = ", ".join(titles)
    if len(title) > _LONGEST_TITLE:
        many = "report.title_mixed" if collected.single else "report.title_scenarios"
        title = words.word(many, count=len(titles))
    place = place_of(first, collected.graphs)
    facts = [
        ("place", place),
        ("day", f"{first.scenario.date.isoformat()}, {window_text(first, words)} ({first.scenario.time_zone})"),
        ("base", first.scenario.name if collected.samples else ""),
        ("compared", ", ".join(titles) if len(titles) > 1 else ""),
        ("samples", ", ".join(words.word("report.samples_of_each", count=count) for count in collected.samples)),
        ("trips", words.number(numbers_of(first).get("trips_asked", 0))),
        ("roads_count", words.number(collected.graphs[0].edge_count)),
    ]
    tables = [table_of_knowledge(first, words)]
    if declared := table_of_declared(collected.effects, words):
        tables.append(declared)
    return Report(
        language=words.language,
        title=title,
        subtitle=words.word("report.subtitle", place=place) if place else words.word("report.subtitle_nowhere"),
        facts=tuple((words.word(f"report.fact_{name}"), value) for name, value in facts if value),
        overview=tuple(overview),
        sections=tuple(collected.sections),
        declared=tuple(tables),
        limits=limits(collected.runs, words, samples=max(collected.samples, default=0)),
        glossary=glossary(words, having={str(name) for run in collected.runs for name in run.metrics.data}),
        provenance=tuple(collected.provenance),
        commands=(*collected.commands, _own_command(collected)),
        credits=credits_of(collected.graphs, collected.runs, words),
        trust_lead=trust_lead(collected.runs, words),
        trust_warnings=trust_warnings(collected.runs, words),
        trust=trust_tables(collected.runs, words),
    )
