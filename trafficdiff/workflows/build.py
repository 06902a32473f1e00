"""Build a network from whatever names one: a file, a place that travels with the package, a place in the world."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from trafficdiff.errors import NetworkError
from trafficdiff.publish import scratch
from trafficdiff.store.claim import claiming

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trafficdiff.roads.area import Area
    from trafficdiff.roads.build import Built
    from trafficdiff.roads.netconvert import ConvertOptions

__all__ = ["Card", "build", "summary", "write_exports"]


class Card(TypedDict, total=False):
    """What is known of a place beside its data; passed on to the build's record."""

    name: str
    time_zone: str
    origin: str
    attribution: str


class _Input(NamedTuple):
    """What is built from: a file, the area to cut to, and what a place's card says."""

    file: Path
    area: Area | None
    card: Card


def build(
    source: str,
    *,
    directory: Path,
    osm: Sequence[Path] = (),
    box: tuple[float, float, float, float] | None = None,
    polygon: Path | None = None,
    options: ConvertOptions | None = None,
    name: str = "",
    on_step: Callable[[str], None],
) -> Built:
    """Build a directory from an OSM file, a net, a place folder, a bundled city or a place name.

    Parameters
    ----------
    source
        Path or name; a name that is no file and no bundled city is looked up online.
    directory
        Where to publish.
    osm
        Further OSM files.
    box, polygon
        What to cut to: west, south, east, north [degrees], or a GeoJSON file.
    options
        What kind of net is made.
    name
        Name for people.
    on_step
        Told in words what is being done.

    Raises
    ------
    NetworkError
        If the source cannot be used, or both a box and a polygon are given.
    """
    from trafficdiff.roads.build import build as build_network

    if box is not None and polygon is not None:
        raise NetworkError("expected a box or a polygon, got both; give one")
    with claiming(directory), scratch("build") as folder:
        found = _find(source, _area(box, polygon), folder, on_step)
        if name:
            found.card["name"] = name
        return build_network(
            found.file, directory=directory, osm=osm, area=found.area, options=options, on_step=on_step, **found.card
        )


def _area(box: tuple[float, float, float, float] | None, polygon: Path | None) -> Area | None:
    from trafficdiff.roads.area import area_of_box, read_area

    if box is not None:
        return area_of_box(box)
    return None if polygon is None else read_area(polygon)


def _find(source: str, area: Area | None, folder: Path, on_step: Callable[[str], None]) -> _Input:
    from trafficdiff.resources import bundled_places
    from trafficdiff.roads.online import fetch_place
    from trafficdiff.roads.source import find_source

    if not Path(source).exists() and source not in bundled_places():
        if Path(source).suffix or "/" in source:
            raise NetworkError(f"{source}: expected a file, a folder or a place's name, found nothing there")
        on_step(f"fetching {source} from OpenStreetMap")
        file = folder / "place.osm"
        return _Input(file, fetch_place(source, file=file) if area is None else area, {"name": source})
    found = find_source(source)
    if found.kind == "built":
        raise NetworkError(f"{source}: expected OSM or a net, got a built directory; it is ready to be used as it is")
    if (place := found.place) is None:
        return _Input(found.path, area, {})
    card = Card(name=place.name, time_zone=place.time_zone, origin=place.source, attribution=place.attribution)
    return _Input(place.checked_path(), area, card)


def summary(built: Built) -> dict[str, Any]:
    """Return what was built as plain data."""
    record = built.record
    kept = ("name", "sources", "data_date", "bounds", "crs", "left_hand", "graph", "tags", "findings", "decided")
    return {"directory": built.directory, **{key: record[key] for key in kept if key in record}}


def write_exports(built: Built, *, geopackage: bool, graphml: bool) -> list[Path]:
    """Write the wanted files beside the built directory and return their paths.

    The directory itself is sealed by its manifest, so they stand next to it and bear its name.
    """
    from trafficdiff.roads.export import write_geopackage, write_graphml

    wanted = ((geopackage, ".gpkg", write_geopackage), (graphml, ".graphml", write_graphml))
    written = []
    for asked, ending, write in wanted:
        if asked:
            path = built.directory.with_name(built.directory.name + ending)
            write(built.graph, path)
            written.append(path)
    return written
