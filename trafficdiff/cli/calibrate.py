"""``trafficdiff calibrate``: trips for a network, pulled to what is known of its demand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trafficdiff.cli.output import JsonOption, print_json, showing_progress
from trafficdiff.cli.sample import Profile, asked_demand

if TYPE_CHECKING:
    from trafficdiff.workflows.calibrate_files import CalibratedFile

__all__ = ["calibrate"]


def calibrate(
    network: Annotated[str, typer.Argument(help="A bundled city, a place folder, a built directory, OSM file or net.")],
    *,
    trips: Annotated[int, typer.Option("--trips", help="How many trips.")],
    begin_s: Annotated[float, typer.Option("--begin", help="First departure [s of the day].")],
    end_s: Annotated[float, typer.Option("--end", help="No departure from here on [s].")],
    seed: Annotated[int, typer.Option("--seed", help="The only source of randomness.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="A .parquet or .rou.xml[.gz] file.")],
    counts: Annotated[
        Path | None, typer.Option("--counts", help="Counted edges: SUMO edge data, or CSV (edge, begin, end, count).")
    ] = None,
    totals: Annotated[
        Path | None,
        typer.Option(
            "--totals", help="Zone totals (.csv, .geojson) or an OD matrix (.csv: origin, destination, trips)."
        ),
    ] = None,
    zones: Annotated[
        Path | None, typer.Option("--zones", help="Zones of the totals: .geojson, SUMO districts, CSV (zone, edge).")
    ] = None,
    observed: Annotated[
        Path | None, typer.Option("--observed", help="Some observed trips with routes (.rou.xml[.gz], .parquet).")
    ] = None,
    types: Annotated[
        list[Path] | None, typer.Option("--types", help="SUMO file with vehicle types of the observed trips.")
    ] = None,
    profile: Annotated[Profile, typer.Option("--profile", help="Departures where no count says more.")] = Profile.flat,
    electric_share: Annotated[float, typer.Option("--electric-share", help="Share of cars that are electric.")] = 0.0,
    spread: Annotated[float, typer.Option("--spread", help="Scatter of perceived link times, 0 to 1.")] = 0.0,
    checkpoint: Annotated[
        Path | None, typer.Option("--checkpoint", help="A trained model (.safetensors) instead of the shipped one.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Calibrate demand to counts, zone totals and observed trips; write trips and a card of the fit."""
    from trafficdiff.workflows.calibrate_files import DataFiles, calibrate_network

    asked = asked_demand(
        "calibrate",
        network,
        window_s=(begin_s, end_s),
        seed=seed,
        demand={
            "kind": "model",
            "trips": trips,
            "profile": profile.value,
            "electric_share": electric_share,
            "route_choice": {"spread": spread},
        },
    )
    with showing_progress() as progress:
        written = calibrate_network(
            network,
            trips=trips,
            window_s=(begin_s, end_s),
            files=DataFiles(
                counts=counts, totals=totals, zones=zones, observed=observed, type_files=tuple(types or ())
            ),
            seed=seed,
            output=output,
            demand=asked,
            checkpoint=checkpoint,
            progress=progress,
        )
    if as_json:
        print_json(written.summary())
    else:
        for line in _lines(written):
            typer.echo(line)


def _lines(written: CalibratedFile) -> list[str]:
    """Return what a person wants to know of a calibration."""
    fit, cost = written.fit, written.fit["cost"]
    lines = [f"wrote {written.trips} trips to {written.path}, and the fit to {written.card}"]
    for part, word in (("counts", "counts"), ("totals", "zone totals")):
        if fit[part] is not None:
            lines.append(
                f"{word}: {fit[part]['share_geh5']:.0%} of {len(fit[part]['rows'])} with GEH < 5, "
                f"mean error {fit[part]['mean_error']:.1f}"
            )
            lines += [f"  not met: {one['said']}" for one in fit[part]["contradictions"][:10]]
    if fit["observed"] is not None:
        lines.append(
            f"observed trips: {fit['observed']['trips']}, route shared by {fit['observed']['copied_routes']:.0%}"
        )
    lines += fit["notes"]
    lines.append(
        f"beside the model alone: lengths differ by {cost['jsd_length']:.3f} (JSD), "
        f"{cost['effective_share']:.0%} of the candidates in effect"
    )
    return lines
