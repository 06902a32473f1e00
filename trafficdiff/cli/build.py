"""``trafficdiff build``: OpenStreetMap or a net to a built directory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trafficdiff.cli.output import JsonOption, print_json, print_table, showing_progress
from trafficdiff.errors import InputError

if TYPE_CHECKING:
    from trafficdiff.roads.build import Built

__all__ = ["build"]


def build(
    source: Annotated[str, typer.Argument(help="An OSM file, a net.xml[.gz], a place folder, a city, a place's name.")],
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="The directory to make.")],
    osm: Annotated[
        list[Path] | None, typer.Option("--osm", help="A further OSM file; beside a net it gives tags (repeatable).")
    ] = None,
    box: Annotated[str | None, typer.Option("--bbox", help="Cut to W,S,E,N [degrees].")] = None,
    polygon: Annotated[Path | None, typer.Option("--polygon", help="Cut to the polygons of a GeoJSON file.")] = None,
    name: Annotated[str, typer.Option("--name", help="Name for people.")] = "",
    sidewalks: Annotated[bool, typer.Option("--sidewalks", help="Make sidewalks and crossings.")] = False,
    bicycles: Annotated[bool, typer.Option("--bicycles", help="Make cycle lanes, keep cycleways.")] = False,
    left_hand: Annotated[
        bool | None, typer.Option("--left-hand/--right-hand", help="Side of the road (default: by country).")
    ] = None,
    geopackage: Annotated[bool, typer.Option("--geopackage", help="Also write OUTPUT.gpkg.")] = False,
    graphml: Annotated[bool, typer.Option("--graphml", help="Also write OUTPUT.graphml (networkx, OSMnx).")] = False,
    as_json: JsonOption = False,
) -> None:
    """Build a network: roads, tags, map background, points of interest and buildings in one directory."""
    from trafficdiff.roads.netconvert import ConvertOptions
    from trafficdiff.workflows.build import build, summary, write_exports

    options = ConvertOptions(left_hand=left_hand, sidewalks=sidewalks, crossings=sidewalks, bicycles=bicycles)
    with showing_progress() as progress:
        built = build(
            source,
            directory=output,
            osm=osm or (),
            box=None if box is None else _numbers(box),
            polygon=polygon,
            options=options,
            name=name,
            on_step=lambda step: progress(step, None),
        )
        exported = write_exports(built, geopackage=geopackage, graphml=graphml)
    if as_json:
        print_json(summary(built) | {"exports": exported})
    else:
        _show(built, exported)


def _numbers(box: str) -> tuple[float, float, float, float]:
    try:
        west, south, east, north = (float(part) for part in box.split(","))
    except ValueError:
        raise InputError(f"--bbox: expected four numbers W,S,E,N in degrees, got {box!r}") from None
    return west, south, east, north


def _show(built: Built, exported: list[Path]) -> None:
    from trafficdiff.roads.area import box_in_words

    graph, record = built.graph, built.record
    rows = [
        ("edges", f"{graph.edge_count:,}"),
        ("nodes", f"{graph.node_count:,}"),
        ("junctions with signals", f"{int(graph.node_signalised.sum()):,}"),
        ("length of all edges", f"{graph.length_m.sum() / 1e3:,.1f} km"),
        ("edges that reach each other", f"{record['graph']['largest_strongly_connected_share']:.1%}"),
        ("traffic drives on the", "left" if graph.left_hand else "right"),
        ("bounds (W,S,E,N)", box_in_words(record["bounds"])),
        ("OSM data of", str(record["data_date"] or "unknown")),
    ]
    print_table(f"{graph.name}: network", rows)
    for path in (built.directory, *exported):
        typer.echo(f"wrote {path}")
