"""Build a network: from OSM files or a SUMO net to one directory that holds all a study needs of its roads.

::

    OSM ─screen─extract─netconvert─▶ net ─read─▶ RoadGraph ─┬─ tags.parquet
    net.xml ──────────screen──────▶ net ─┘                  ├─ background.geojson, pois.parquet, buildings.parquet
                                                            └─ build.json, crop and log of netconvert

The directory is published whole or not at all, and equal inputs give equal bytes.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from trafficdiff.errors import NetworkError
from trafficdiff.process import keeping_log
from trafficdiff.publish import publishing, verify
from trafficdiff.roads.density import is_urban, street_density
from trafficdiff.roads.extract import Extract, extract
from trafficdiff.roads.locality import drives_on_left, time_zone_at
from trafficdiff.roads.naming import name_of
from trafficdiff.roads.netconvert import ConvertOptions, convert, pack_net
from trafficdiff.roads.netfile import read_net
from trafficdiff.roads.provenance import (
    bounds_of,
    conversion_record,
    graph_record,
    join_warnings,
    rights,
    source_record,
    versions,
)
from trafficdiff.roads.screen import Screened, screen_source
from trafficdiff.roads.source import BUILD_FILE, read_build_record
from trafficdiff.roads.tags import join_shares, join_tags, read_tags

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.roads.area import Area

__all__ = [
    "BACKGROUND_FILE",
    "BUILDINGS_FILE",
    "KIND",
    "LOG_FILE",
    "NET_FILE",
    "POIS_FILE",
    "TAGS_FILE",
    "Built",
    "build",
    "open_built",
]

KIND: Final = "built network"
"""What the manifest of a built directory says that it is."""

NET_FILE: Final = "net.net.xml.gz"
TAGS_FILE: Final = "tags.parquet"
BACKGROUND_FILE: Final = "background.geojson"
POIS_FILE: Final = "pois.parquet"
BUILDINGS_FILE: Final = "buildings.parquet"
LOG_FILE: Final = "netconvert.log"

_BESIDE_NET_DEG: Final = 0.002

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Built:
    """Hold a built directory, its graph, and its provenance (what ``build.json`` says)."""

    directory: Path
    graph: RoadGraph
    record: dict[str, Any]


def build(
    source: Path,
    *,
    directory: Path,
    osm: Sequence[Path] = (),
    area: Area | None = None,
    options: ConvertOptions | None = None,
    name: str = "",
    time_zone: str = "",
    origin: str = "",
    attribution: str = "",
    deadline_s: float = 1_800.0,
    on_step: Callable[[str], None] = _logger.info,
) -> Built:
    """Build a network and publish it as a directory.

    Parameters
    ----------
    source
        OSM file (``.osm``, ``.osm.gz``, ``.osm.pbf``) or SUMO net (``.net.xml``, ``.net.xml.gz``).
    directory
        Where to publish; it must not exist or be empty.
    osm
        Further OSM files: merged with an OSM source; beside a net they give tags and surroundings.
    area
        What to cut an OSM source to.
    options
        What kind of net is made of an OSM source.
    name, time_zone, origin, attribution
        Name for people, IANA time zone, where the files come from, and whom to name, for provenance.
    deadline_s
        Wall-clock limit of netconvert [s].
    on_step
        Told in words what is being done.

    Raises
    ------
    NetworkError
        If an input cannot be used; nothing is published.
    StoreError
        If the directory is taken or cannot be written.
    DeadlineError
        If netconvert does not finish in time.
    """
    with publishing(directory, kind=KIND) as folder, keeping_log(directory):
        on_step(f"checking {source.name}")
        screened = [screen_source(path) for path in (source, *osm)]
        _require_osm(screened[1:])
        if screened[0].kind == "net":
            made = _from_net(screened, folder, area=area, on_step=on_step)
        else:
            made = _from_osm(
                screened,
                folder,
                area=area,
                options=options or ConvertOptions(),
                deadline_s=deadline_s,
                on_step=on_step,
            )
        graph = dataclasses.replace(made.graph, name=name or name_of(source))
        record = _record(made.record, graph, screened, time_zone=time_zone, origin=origin, attribution=attribution)
        if made.extract is not None:
            on_step("joining OSM tags to the edges")
            record["warnings"] += made.extract.findings.sentences()
            graph, record["joined_share"] = _with_tags(graph, made.extract, folder)
            record["warnings"] += join_warnings(record["joined_share"])
            on_step("reading background, points of interest and buildings")
            _write_surroundings(made.osm_files, folder, made.box)
        _write_json(record, folder / BUILD_FILE)
    for warning in record["warnings"]:
        _logger.warning("%s", warning)
    graph = dataclasses.replace(graph, net_path=directory.resolve() / NET_FILE)
    return Built(directory, graph, record)


def _record(
    made: dict[str, Any],
    graph: RoadGraph,
    screened: Sequence[Screened],
    *,
    time_zone: str,
    origin: str,
    attribution: str,
) -> dict[str, Any]:
    return {
        "format": 1,
        "name": graph.name,
        "time_zone": time_zone or _time_zone(graph),
        "origin": origin,
        "sources": [source_record(part) for part in screened],
        "versions": versions(),
        **rights(screened, attribution),
        **made,
        **graph_record(graph),
    }


def _time_zone(graph: RoadGraph) -> str:
    lon, lat = np.median(graph.to_lonlat(graph.node_xy), axis=0)
    return time_zone_at(float(lon), float(lat))


def open_built(directory: Path) -> RoadGraph:
    """Open a built directory as a graph with its OSM tags, after checking that every file is what was published.

    Raises
    ------
    IntegrityError
        If a file is missing or changed.
    NetworkError
        If it is not a built directory.
    """
    verify(directory, kind=KIND)
    record = read_build_record(directory)
    tags_file = directory / TAGS_FILE
    tags = read_tags(tags_file) if tags_file.exists() else None
    return read_net(directory / NET_FILE, name=str(record["name"]), tags=tags)


@dataclass(frozen=True, eq=False)
class _Made:
    """Hold what making the net left behind: its graph, roads of OSM, their files, the box around, provenance."""

    graph: RoadGraph
    extract: Extract | None
    osm_files: list[Path]
    box: tuple[float, float, float, float] | None
    record: dict[str, Any]


def _from_osm(
    screened: list[Screened],
    folder: Path,
    *,
    area: Area | None,
    options: ConvertOptions,
    deadline_s: float,
    on_step: Callable[[str], None],
) -> _Made:
    on_step("cutting the roads out")
    crop, plain = folder / "crop.osm", folder / "plain.net.xml"
    roads = extract(screened, crop=crop, area=area, paths=options.needs_paths)
    options, decided = _decide(options, roads)
    on_step(f"running netconvert on {roads.counts['ways']} ways")
    converted = convert(crop, net=plain, log=folder / LOG_FILE, options=options, deadline_s=deadline_s)
    pack_net(plain, packed=folder / NET_FILE, origin_of=roads.origin_of)
    for leftover in (crop, plain):
        leftover.unlink()
    record = {
        "area": None if area is None else area.describe(),
        "options": dataclasses.asdict(options),
        "decided": decided,
        "data_date": roads.data_date,
        "extracted": roads.counts,
        "findings": roads.findings.as_dict(),
        "netconvert": conversion_record(converted, log=LOG_FILE),
    }
    on_step("reading the net")
    graph = read_net(folder / NET_FILE)
    return _Made(graph, roads, [part.path for part in screened], None if area is None else area.bounds, record)


def _from_net(screened: list[Screened], folder: Path, *, area: Area | None, on_step: Callable[[str], None]) -> _Made:
    if area is not None:
        raise NetworkError(
            f"{screened[0].path}: expected no box or polygon with a SUMO net, got one; a net is taken as it is: "
            "cut it with netconvert, or build from OSM"
        )
    on_step("reading the net")
    graph = read_net(screened[0].path)
    _pack(screened[0], folder / NET_FILE)
    record: dict[str, Any] = {"data_date": "", "findings": {}}
    if len(screened) == 1:
        return _Made(graph, None, [], None, record)
    west, south, east, north = bounds_of(graph)
    box = (west - _BESIDE_NET_DEG, south - _BESIDE_NET_DEG, east + _BESIDE_NET_DEG, north + _BESIDE_NET_DEG)
    on_step("reading the roads of the OSM files")
    roads = extract(screened[1:], crop=folder / "crop.osm", paths=True)
    (folder / "crop.osm").unlink()
    record = {"data_date": roads.data_date, "findings": roads.findings.as_dict()}
    return _Made(graph, roads, [part.path for part in screened[1:]], box, record)


def _pack(net: Screened, packed: Path) -> None:
    """Copy a net; a plain one is compressed."""
    if net.compressed:
        shutil.copyfile(net.path, packed)
    else:
        pack_net(net.path, packed=packed, origin_of={})


def _require_osm(screened: Sequence[Screened]) -> None:
    for part in screened:
        if part.kind == "net":
            raise NetworkError(
                f"{part.path}: expected an OSM file beside the source, got a SUMO net; give one net only"
            )


def _decide(options: ConvertOptions, roads: Extract) -> tuple[ConvertOptions, dict[str, str]]:
    """Settle what was left open, from where the roads lie and how dense they are, and say how."""
    lon, lat = np.median(roads.ways.lonlat, axis=0).tolist()
    density = street_density(roads.ways)
    left, urban = options.left_hand, options.urban_speeds
    decided = {
        "left_hand": "asked for" if left is not None else f"the country at {lon:.4f}, {lat:.4f}",
        "urban_speeds": "asked for" if urban is not None else f"{density:.1f} km of streets per km2",
    }
    settled = dataclasses.replace(
        options,
        left_hand=drives_on_left(lon, lat) if left is None else left,
        urban_speeds=is_urban(roads.ways) if urban is None else urban,
    )
    return settled, decided


def _with_tags(graph: RoadGraph, roads: Extract, folder: Path) -> tuple[RoadGraph, dict[str, float]]:
    """Return the graph with tags, and the join's shares; the table is written."""
    tags = join_tags(graph, roads.ways)
    tags.to_parquet(folder / TAGS_FILE)
    shares = {name: round(share, 4) for name, share in dataclasses.asdict(join_shares(tags)).items()}
    return dataclasses.replace(graph, tags=tags), shares


def _write_surroundings(osm_files: Sequence[Path], folder: Path, box: tuple[float, float, float, float] | None) -> None:
    from trafficdiff.roads.background import background
    from trafficdiff.roads.buildings import buildings
    from trafficdiff.roads.pois import points_of_interest

    features = json.dumps(background(osm_files, bounds=box), ensure_ascii=False, separators=(",", ":"))
    (folder / BACKGROUND_FILE).write_text(features, encoding="utf-8")
    points_of_interest(osm_files, bounds=box).to_parquet(folder / POIS_FILE)
    buildings(osm_files, bounds=box).to_parquet(folder / BUILDINGS_FILE)


def _write_json(record: dict[str, Any], path: Path) -> None:
    path.write_text(json.dumps(record, indent=2, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
