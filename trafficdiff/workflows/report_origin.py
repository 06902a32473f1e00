"""Say where a report's numbers come from: what is learned and declared, hashes, seeds, versions, licences, commands."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from trafficdiff.export.credit import OSM_CREDIT, comes_from_openstreetmap
from trafficdiff.export.report_content import Table
from trafficdiff.export.shown_numbers import OF_CHARGING, OF_PEOPLE, OF_SAFETY, SHOWN_NUMBERS, with_unit
from trafficdiff.store.layout import SCENARIO
from trafficdiff.store.study import folder_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    from trafficdiff.datatypes.calibration_facts import CalibrationFacts
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.scenario import Scenario
    from trafficdiff.export.catalogue import Catalogue
    from trafficdiff.store.reading import StoredRun
    from trafficdiff.store.stack import Study

__all__ = [
    "calibration_text",
    "commands_of_run",
    "commands_of_study",
    "credits_of",
    "glossary",
    "limits",
    "provenance_of_run",
    "provenance_of_study",
    "table_of_knowledge",
]

_MOST_RUNS: Final = 60
_SHORT: Final = 12
_NAMED: Final = ("trafficdiff", "python", "eclipse-sumo")
_LEARNED: Final = frozenset({"model", "calibrated"})
_TERMS: Final = (
    "base", "scenario", "sample", "interval", "chance", "delay_of_roads", "zone",
)  # fmt: skip


def table_of_knowledge(run: StoredRun, words: Catalogue) -> Table:
    """Return what is learned from data, and what somebody declared."""
    scenario, demand = run.scenario, run.scenario.demand
    learned = demand.kind in _LEARNED
    rows: list[tuple[str, str, str]] = [
        ("trip_ends", "learned" if learned else "given" if demand.kind == "file" else "declared",
         words.word("report.from_data", model=run.provenance.demand_model, data=run.provenance.demand_data)),
    ]  # fmt: skip
    if run.provenance.calibration is not None:
        rows.append(("calibration", "given", calibration_text(run.provenance.calibration, words)))
    if demand.kind != "file":
        own = getattr(demand, "profile", "") == "learned"
        rows += [
            ("trip_count", "declared", words.number(demand.trips)),
            ("departures", "learned" if own else "declared", str(demand.profile).replace("_", " ")),
            ("vehicles", "declared", _mix(demand.vehicle_mix, demand.electric_share, words)),
            (
                "routes",
                "declared",
                words.word("report.routes_spread", spread=words.number(demand.route_choice.spread, 2)),
            ),
        ]
    share = with_unit(words.number(100 * scenario.simulation.rerouting_share), "%")
    rows += [
        ("rerouting", "declared", words.word("report.rerouting_share", share=share)),
        ("driving", "declared", f"Eclipse SUMO {run.provenance.versions.get('eclipse-sumo', '?')}"),
        ("roads", "given", _roads(run, words)),
        ("signals", "declared", words.word("report.signals_made")),
    ]
    return Table(
        caption=words.word("report.knowledge"),
        headings=tuple(words.word(f"report.head_{key}") for key in ("what", "how_known", "value")),
        rows=tuple(
            (words.word(f"report.known_{what}"), words.word(f"report.is_{how}"), value) for what, how, value in rows
        ),
        numeric=(False, False, False),
        note=words.word("report.knowledge_note"),
    )


def calibration_text(facts: CalibrationFacts, words: Catalogue) -> str:
    """Return in words what demand was calibrated to, and how well it fits."""
    parts = []
    if facts.counts is not None:
        share = with_unit(words.number(100 * (facts.share_geh5 or 0.0)), "%")
        name = "calibrated_count" if facts.counts == 1 else "calibrated_counts"
        parts.append(words.word(f"report.{name}", count=words.number(facts.counts), share=share))
    if facts.unmet:
        parts.append(words.word("report.calibrated_unmet", count=words.number(facts.unmet)))
    if facts.zones is not None:
        parts.append(words.word("report.calibrated_zones", count=words.number(facts.zones)))
    if facts.observed is not None:
        parts.append(words.word("report.calibrated_observed", count=words.number(facts.observed)))
    return "; ".join(parts)


def _mix(mix: dict[str, float], electric: float, words: Catalogue) -> str:
    parts = [
        f"{words.word(key) if (key := f'report.value_{kind}') in words else kind} "
        f"{with_unit(words.number(100 * share, 0 if share * 100 % 1 == 0 else 1), '%')}"
        for kind, share in mix.items()
    ]
    return words.word("report.mix", mix=", ".join(parts), electric=with_unit(words.number(100 * electric, 0), "%"))


def _roads(run: StoredRun, words: Catalogue) -> str:
    date = str(run.build.get("data_date") or "")[:10]
    origin = str(run.build.get("origin") or "")
    named = words.word("report.osm_of", date=date) if date else words.word("report.net_given")
    return f"{named}{f' ({origin})' if origin else ''}"


def limits(
    runs: Sequence[StoredRun], words: Catalogue, *, samples: int = 0, further: Iterable[str] = ()
) -> tuple[str, ...]:
    """Return what the report cannot say: what holds always, then what these runs are short of.

    Parameters
    ----------
    runs
        One of each kind in the report.
    words
        The language.
    samples
        Samples of each scenario; 0 for single runs.
    further
        Names of limits that the caller knows of.
    """
    names = ["models", "outside", "modes", "signals"]
    if any(run.provenance.synthetic for run in runs):
        calibrated = all(run.provenance.calibration is not None for run in runs if run.provenance.synthetic)
        names.insert(0, "calibrated" if calibrated else "synthetic")
    names.append("chance" if samples else "single")
    kinds = {measure.kind for run in runs for measure in run.scenario.measures}
    if kinds & {"speed_limit", "close_road", "change_lanes"}:
        names.append("delay")
    if any(run.scenario.simulation.resolution == "meso" for run in runs):
        names.append("meso")
    return tuple(words.word(f"report.limit_{name}") for name in (*names, *further))


def provenance_of_run(run: StoredRun, words: Catalogue) -> Table:
    """Return who, what, when of one run, with every hash in full."""
    return Table(
        caption=words.word("report.provenance_of_run", name=run.scenario.name, run=run.run_id),
        headings=(words.word("report.head_what"), words.word("report.head_value")),
        rows=(
            (words.word("report.run_id"), run.run_id),
            (words.word("report.result_hash"), run.provenance.result_hash),
            (words.word("report.scenario_hash"), run.provenance.scenario_hash),
            *_shared_facts(run, words),
            (words.word("report.seeds"), ", ".join(f"{name} {seed}" for name, seed in run.provenance.seeds.items())),
            (words.word("report.finished"), _moment(run)),
        ),
    )


def provenance_of_study(study: Study, run: StoredRun, words: Catalogue) -> tuple[Table, ...]:
    """Return who, what, when of a study: itself, its scenarios, its runs."""
    outcome = study.outcome
    runs = () if outcome is None else outcome.runs
    scenarios = [
        (name, value, words.number(sum(run.scenario == name and run.state == "done" for run in runs)),
         words.number(sum(run.scenario == name and run.state != "done" for run in runs)))
        for name, value in zip(study.plan.names, study.plan.scenario_hashes, strict=True)
    ]  # fmt: skip
    rows = [
        (
            one.scenario,
            str(one.sample),
            one.run_id,
            one.result_hash[:_SHORT],
            words.word(f"report.state_{one.state.replace(' ', '_')}"),
        )
        for one in runs
    ]
    left_out = len(rows) - _MOST_RUNS
    return (
        Table(
            caption=words.word("report.provenance_of_study"),
            headings=(words.word("report.head_what"), words.word("report.head_value")),
            rows=(
                (words.word("report.study_hash"), study.hash),
                (words.word("report.plan_hash"), study.plan.hash),
                (words.word("report.seed"), str(study.plan.seed)),
                *_shared_facts(run, words),
                (words.word("report.finished"), _moment(run)),
            ),
        ),
        Table(
            caption=words.word("report.scenarios"),
            headings=tuple(
                words.word(f"report.head_{key}") for key in ("scenario", "scenario_hash", "runs_done", "runs_marked")
            ),
            rows=tuple(scenarios),
            numeric=(False, False, True, True),
        ),
        Table(
            caption=words.word("report.runs"),
            headings=tuple(
                words.word(f"report.head_{key}") for key in ("scenario", "sample", "run_id", "result_hash", "state")
            ),
            rows=tuple(rows[:_MOST_RUNS]),
            numeric=(False, True, False, False, False),
            note=words.word("report.more_runs", count=left_out) if left_out > 0 else "",
        ),
    )


def _shared_facts(run: StoredRun, words: Catalogue) -> tuple[tuple[str, str], ...]:
    """Return what all runs of a study have in common."""
    provenance, build = run.provenance, run.build
    date, place = str(build.get("data_date") or ""), str(build.get("name") or "")
    facts = [
        ("network", f"{place}, {provenance.network_sha256}" if place else provenance.network_sha256),
        ("osm_date", date.replace("T", " ").replace("Z", " UTC")),
        ("licence", str(run.metrics.data.attrs.get("licence", "")) or str(build.get("attribution") or "")),
        ("demand", f"{provenance.demand_model}; {provenance.demand_data}"),
        ("model_hash", provenance.checkpoint_sha256 or _named_hash(provenance.trips_source)),
        ("versions", ", ".join(f"{name} {version}" for name, version in provenance.versions.items() if name in _NAMED)),
        ("day", f"{provenance.date.isoformat()}, {provenance.time_zone}"),
    ]  # fmt: skip
    return tuple((words.word(f"report.{name}"), value) for name, value in facts if value)


def _named_hash(source: str) -> str:
    """Return the checkpoint's SHA-256 that a source of trips names, or nothing."""
    import json

    try:
        named = json.loads(source)
    except ValueError:
        return ""
    return str(named.get("checkpoint_sha256") or "") if isinstance(named, dict) else ""


def _moment(run: StoredRun) -> str:
    return f"{run.provenance.finished_utc:%Y-%m-%d %H:%M} UTC"


def commands_of_run(run: StoredRun, directory: Path) -> tuple[str, ...]:
    """Return the command that makes a run again from the file that it keeps; a later draw is the last of a study."""
    given = run.scenario_path or directory / SCENARIO
    words = ["trafficdiff", "run", f"{directory.name}/{given.name}", "-o", f"{directory.name}_again"]
    if run.provenance.sample:
        words[1] = "ensemble"
        words[3:3] = ["--samples", str(run.provenance.sample + 1)]
    return (shlex.join(words),)


def commands_of_study(study: Study, scenarios: Sequence[Scenario]) -> tuple[str, ...]:
    """Return the command that makes a study again from the files that it keeps."""
    kept = sorted((study.directory / "given").glob("*")) if (study.directory / "given").is_dir() else []
    name = study.directory.name
    by_stem = {path.stem: path for path in kept}
    files = [by_stem[folder_name(one.name)] for one in scenarios if folder_name(one.name) in by_stem]
    named = [f"{name}/given/{path.name}" for path in (files if len(files) == len(scenarios) else kept)]
    if not named:
        named = [f"{folder_name(one.name)}.yaml" for one in scenarios]
    asked = ["--base", study.base, "--samples", str(study.samples), "-o", f"{name}_again"]
    return (shlex.join(["trafficdiff", "ensemble", *named, *asked]),)


def credits_of(graphs: Iterable[RoadGraph], runs: Iterable[StoredRun], words: Catalogue) -> tuple[str, ...]:
    """Return whom to thank, and that all of it is simulated."""
    osm = any(comes_from_openstreetmap(graph) for graph in graphs)
    said = {str(run.build.get("attribution") or "") for run in runs} - {""}
    thanked = sorted(said) if said else [OSM_CREDIT] if osm else []
    return (*thanked, words.word("report.simulated"))


def glossary(words: Catalogue, *, having: Collection[str]) -> tuple[tuple[str, str], ...]:
    """Return what the terms and the numbers of a report mean; those of charging and safety where runs have them."""
    special = OF_CHARGING | OF_PEOPLE | OF_SAFETY
    shown = [one.name for one in SHOWN_NUMBERS if one.name not in special or one.name in having]
    numbers = [(f"report.number_{name}", f"report.about_{name}") for name in shown]
    terms = [(f"report.term_{name}", f"report.about_{name}") for name in _TERMS]
    return tuple((words.word(term), words.word(meaning)) for term, meaning in (*terms, *numbers))
