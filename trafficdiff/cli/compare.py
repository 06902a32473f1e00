"""``trafficdiff compare``: what a scenario changes against its base, and what of it is more than chance."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from trafficdiff.cli.output import JsonOption, print_grid, print_json, showing_progress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trafficdiff.workflows.comparison import Comparison

__all__ = ["compare"]

_KPIS: Final[tuple[tuple[str, str, str, float], ...]] = (
    ("trips_asked", "trips asked for", "{:,.1f}", 1),
    ("trips_rerouted", "trips that measures sent another way", "{:,.1f}", 1),
    ("trips_moved", "trips whose ends measures moved", "{:,.1f}", 1),
    ("trips_removed", "trips that measures took off the road", "{:,.1f}", 1),
    ("trips_added", "trips that measures put on the road", "{:,.1f}", 1),
    ("completion_share", "trips completed [%]", "{:.2f}", 100),
    ("waiting_to_enter", "trips still waiting to enter", "{:,.1f}", 1),
    ("teleport_share", "teleports per trip [%]", "{:.3f}", 100),
    ("collisions", "collisions", "{:,.1f}", 1),
    ("mean_depart_delay", "mean wait to enter [s]", "{:,.1f}", 1),
    ("trip_kilometres", "distance travelled (VKT) [km]", "{:,.1f}", 1),
    ("trip_hours", "time travelled (VHT) [h]", "{:,.2f}", 1),
    ("mean_trip_time", "mean trip time [s]", "{:,.1f}", 1),
    ("mean_trip_time_loss", "mean time loss of a trip [s]", "{:,.1f}", 1),
    ("trip_travel_time_index", "travel time index of a trip", "{:.3f}", 1),
    ("trip_planning_time_index", "planning time index of a trip", "{:.3f}", 1),
    ("delay_hours", "delay above free flow [h]", "{:,.2f}", 1),
    ("mean_speed", "mean speed [km/h]", "{:.2f}", 3.6),
    ("max_queue_length", "longest mean queue on an edge [m]", "{:,.0f}", 1),
    ("total_co2_mass", "carbon dioxide emitted [kg]", "{:,.1f}", 1),
)
"""What a person is shown: name, words with the unit, format, factor from the stored unit."""
_OF_MEASURES: Final = ("trips_rerouted", "trips_moved", "trips_removed", "trips_added")
"""Left out where no measure did it."""
_SHOWN_ZONES: Final = 5
_SHOWN_ROADS: Final = 5


def compare(
    study: Annotated[Path, typer.Argument(help="A study directory; `trafficdiff ensemble` makes one.")],
    *,
    scenario: Annotated[str, typer.Option("--scenario", help="Name of the scenario to judge.")],
    base: Annotated[str | None, typer.Option("--base", help="Name of the base; default the study's.")] = None,
    confidence: Annotated[float, typer.Option("--confidence", help="Of the intervals.")] = 0.95,
    rate: Annotated[float, typer.Option("--false-discovery-rate", help="Share of false ones put up with.")] = 0.05,
    ranked_by: Annotated[
        str, typer.Option("--rank-by", help="Number of the area that ranks all scenarios of the study.")
    ] = "mean_trip_time",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Also write tables and maps into this new directory.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what changed, how sure it is, who wins and who loses; docs/comparison.md says how to read it."""
    from trafficdiff.workflows.compare import compare

    with showing_progress() as progress:
        found = compare(
            study, scenario=scenario, base=base, confidence=confidence, rate=rate, ranked_by=ranked_by, output=output,
            progress=progress,
        )  # fmt: skip
    if as_json:
        print_json(found.summary())
    else:
        _show(found)


def _show(found: Comparison) -> None:
    title = f"{found.scenario} against {found.base}: {len(found.samples)} samples"
    interval = f"{100 * found.confidence:g} % interval"
    headings = ("", found.base, found.scenario, "change", interval, "%", "")
    print_grid(title, _kpi_rows(found), headings=headings)
    for warning in found.warnings:
        typer.echo(f"warning: {warning}")
    _show_roads(found)
    if found.paired:
        _show_zones(found)
    if len(found.ranking) > 2:
        print_grid(f"All scenarios by {found.ranked_by}", _ranking_rows(found), headings=_RANKING_HEADINGS)
    if found.directory is not None:
        typer.echo(f"wrote {found.directory}")


def _kpi_rows(found: Comparison) -> list[tuple[str, ...]]:
    table = found.kpis.set_index("name")
    rows = []
    for name, words, form, factor in _KPIS:
        if name not in table.index:
            continue
        row: dict[Any, Any] = table.loc[name].to_dict()
        values = [form.format(row[column] * factor) for column in ("base", "scenario")]
        if name in _OF_MEASURES and row["base"] == row["scenario"] == 0:
            continue
        if row["verdict"] == "exactly no difference":
            rows.append((words, *values, "0", "[0, 0]", "", str(row["verdict"])))
            continue
        change, low, high = _alike([float(row[column]) * factor for column in ("difference", "low", "high")])
        share = f"{row['relative']:+.1%}".removesuffix("%") if row["relative"] == row["relative"] else ""
        rows.append((words, *values, change, f"[{low}, {high}]", share, str(row["verdict"])))
    return rows


def _alike(values: list[float]) -> list[str]:
    """Return a change and its bounds with as many decimals as the largest of them needs for three digits."""
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    decimals = min(max(2 - math.floor(math.log10(largest)), 0), 6) if largest else 0
    return [f"{value:+,.{decimals}f}" for value in values]


def _show_roads(found: Comparison) -> None:
    for status, words in (
        ("removed", "removed or closed"), ("added", "added"), ("unmatched", "not comparable (another road)"),
    ):  # fmt: skip
        roads = found.roads(status)
        if roads:
            typer.echo(f"roads {words} ({len(roads)}): {_by_street(roads)}")
    counts = found.counts("traversals")
    typer.echo(
        f"vehicles changed beyond chance on {counts['edges_distinguishable']:,} of {counts['edges_tested']:,} roads "
        f"with traffic (at most {found.rate:.0%} of these expected to be false)"
    )
    largest = found.largest("traversals", count=_SHOWN_ROADS)
    rows = [
        (
            str(road["street"]),
            str(road["edge_id"]),
            f"{road['traversals_difference']:+,.1f}",
            f"{road['traversals_q']:.2g}",
        )
        for road in (*largest["more"], *reversed(largest["less"]))
    ]
    if rows:
        print_grid("Where vehicles come and go", rows, headings=("street", "edge", "vehicles", "q"))


def _by_street(roads: Sequence[Mapping[str, Any]]) -> str:
    """Return roads in words: the edges of each street, the one with most of them first."""
    streets: dict[str, list[str]] = {}
    for road in roads:
        streets.setdefault(str(road["street"]), []).append(str(road["edge_id"]))
    ordered = sorted(streets.items(), key=lambda item: -len(item[1]))
    named = [
        street if edges[0] in street else f"{street} ({edges[0] if len(edges) == 1 else f'{len(edges)} edges'})"
        for street, edges in ordered[: 2 * _SHOWN_ROADS]
    ]
    more = f" and {len(ordered) - len(named)} more streets" if len(ordered) > len(named) else ""
    return f"{', '.join(named)}{more}"


def _show_zones(found: Comparison) -> None:
    fates = found.fates
    lost = {"missing": "not in the scenario", "unfinished": "no longer arrive", "finished_only_now": "arrive only now"}
    said = [f"{fates[name]:,.1f} {words}" for name, words in lost.items() if fates[name]]
    also = f"; not averaged: {', '.join(said)}" if said else ""
    typer.echo(f"trips a sample: {fates['both']:,.1f} arrive in both{also}")
    zones = found.zones.loc[found.zones["distinguishable"]].sort_values("mean_change_s", kind="stable")
    chosen = zones if len(zones) <= 2 * _SHOWN_ZONES else zones.iloc[[*range(_SHOWN_ZONES), *range(-_SHOWN_ZONES, 0)]]
    rows = [_zone_row(row) for row in chosen.to_dict("records")]
    if rows:
        headings = ("trips by", "zone", "around", "trips", "mean change [s]", "interval")
        print_grid(f"Who wins and who loses ({len(zones)} zones beyond chance)", rows, headings=headings)
    else:
        typer.echo(f"who wins and who loses: no zone of {len(found.zones) // 2} beyond chance")


def _zone_row(row: dict[Any, Any]) -> tuple[str, ...]:
    change, low, high = (f"{row[name]:+,.1f}" for name in ("mean_change_s", "low_s", "high_s"))
    return (
        str(row["trips_by"]),
        str(row["zone"]),
        str(row["around"]),
        f"{row['trips']:,.1f}",
        change,
        f"[{low}, {high}]",
    )


_RANKING_HEADINGS: Final = ("place", "scenario", "mean", "P(best)", "places", "to the next")


def _ranking_rows(found: Comparison) -> list[tuple[str, ...]]:
    return [
        (
            str(row["place"]),
            str(row["scenario"]),
            f"{row['mean']:,.4g}",
            f"{row['probability_best']:.2f}",
            f"{row['place_low']:.0f} to {row['place_high']:.0f}",
            _step(row),
        )
        for row in found.ranking.to_dict("records")
    ]


def _step(row: dict[Any, Any]) -> str:
    if row["to_next"] != row["to_next"]:
        return ""
    words = "" if row["apart_from_next"] else " cannot be told apart"
    return f"{row['to_next']:+,.3g} [{row['to_next_low']:+,.3g}, {row['to_next_high']:+,.3g}]{words}"
