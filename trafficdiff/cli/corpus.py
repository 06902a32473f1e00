"""``trafficdiff corpus``: the scenes that a demand model is trained on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trafficdiff.cli.output import JsonOption, print_grid, print_json, showing_progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["corpus"]

_HEADINGS = ("", "scenes", "zones", "edges", "trips", "days", "with POIs", "begin at the rim", "with via")


def corpus(
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to publish the scenes in.")],
    calibrated: Annotated[
        Path | None,
        typer.Option("--calibrated", help="Folder of cities: NAME/net.net.xml.gz, cars.rou.xml.gz, LICENSE."),
    ] = None,
    osm: Annotated[
        list[Path] | None, typer.Option("--osm", help="OSM file or built directory to randomise on (repeatable).")
    ] = None,
    net: Annotated[list[Path] | None, typer.Option("--net", help="SUMO net to randomise on (repeatable).")] = None,
    commuting: Annotated[Path | None, typer.Option("--commuting", help="Commuting flows between zones (.npz).")] = None,
    crops: Annotated[int, typer.Option("--crops", min=0, max=1000, help="Random crops of each city.")] = 18,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of everything random.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Build the training corpus of the demand model, and print its card; docs/data-card.md explains it."""
    from trafficdiff.workflows.corpus import corpus

    with showing_progress() as progress:
        card = corpus(
            output,
            calibrated=calibrated,
            osm=osm or (),
            nets=net or (),
            commuting=commuting,
            crops=crops,
            seed=seed,
            progress=progress,
        )
    if as_json:
        print_json(card)
    else:
        print_grid(f"Scenes in {output}", list(_rows(card)), headings=_HEADINGS)
        typer.echo("licences: " + "; ".join(card["all"]["licences"]))


def _rows(card: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for source, sums in card["sources"].items():
        yield _row(source, sums)
        for place, of_place in sums.get("by_place", {}).items():
            yield _row(f"  {place}", of_place)
    yield _row("all", card["all"])


def _row(name: str, sums: Mapping[str, Any]) -> tuple[str, ...]:
    counts = (f"{sums[column]:,}" for column in ("scenes", "zones", "edges", "trips", "days", "with_pois"))
    fringe = sums["fringe_origin_share"]
    median = f"{fringe[0]:.0%} - {fringe[-1]:.0%}" if fringe else "-"
    return (name, *counts, median, f"{sums['via_share']:.0%}")
